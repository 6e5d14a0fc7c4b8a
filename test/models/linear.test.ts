// EASE and item neighbours: equal to their definitions, and what they forget is forgotten to the byte.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryError, ModelError } from '../../src/base/errors.ts';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { forget, gold } from '../../src/forget/forget.ts';
import type { ForgetRequest } from '../../src/forget/request.ts';
import { digest } from '../../src/model/digest.ts';
import type { Model, ModelKind } from '../../src/model/model.ts';
import { ease, easeBytes } from '../../src/models/ease.ts';
import { itemKnn } from '../../src/models/item-knn.ts';
import { downdate } from '../../src/unlearn/downdate.ts';
import { forgetInPlace } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';
import { near } from '../kernels/table.ts';
import { easeWeights, knnSimilarities } from '../reference/linear.ts';

const test = suite('linear models');

/** Users like items of their own kind, and popular ones. */
function sample(seed: number, users = 150, items = 45): Dataset {
  const next = draws(seed);
  const builder = new DatasetBuilder();
  for (let u = 0; u < users; u++) {
    for (let i = 0; i < items; i++) {
      if (next() < ((u + i) % 3 === 0 ? 0.35 : 0.06) + (i < 5 ? 0.25 : 0)) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(next() * 5));
    }
  }
  return builder.build();
}

const data = sample(1);
const KINDS: readonly (readonly [ModelKind, object])[] = [
  [ease, { regularization: 20 }],
  [ease, { regularization: 20, inverse: false }],
  [itemKnn, { neighbors: 8 }],
  [itemKnn, { neighbors: 100, shrinkage: 3 }],
  [itemKnn, { neighbors: 8, weighting: 'tfidf' }],
  [itemKnn, { neighbors: 8, weighting: 'bm25' }],
];
const cell = (user: number, n: number): readonly [string, string] => [data.users.at(user)!, data.items.at(data.itemsOf(user)[n])!];
const REQUESTS: Readonly<Record<string, ForgetRequest>> = {
  'a user': { users: ['u7'] },
  'ten users': { users: Array.from({ length: 10 }, (_, n) => `u${n * 11}`) },
  'an item': { items: ['i3'] },
  'items and users': { items: ['i3', 'i20', 'i44'], users: ['u1', 'u2'] },
  'a cell': { interactions: [cell(5, 1)] },
  'cells, items and users': { interactions: [cell(5, 1), cell(5, 2), cell(9, 0)], items: ['i10'], users: ['u30'] },
};

test('EASE equals its dense definition', async () => {
  const model = await ease.fit(data, { regularization: 20 });
  near('weights', model.parameters.get('weights')!.toArray(), easeWeights(data.userItems, 20), 1e-7);
});

for (const weighting of ['cosine', 'tfidf', 'bm25'] as const) {
  test(`item neighbours (${weighting}) equal their dense definition`, async () => {
    const settings = { neighbors: 44, weighting, shrinkage: 1, k1: 1.2, b: 0.75 };
    const model = await itemKnn.fit(data, settings);
    const dense = knnSimilarities(data.userItems, settings);
    const n = data.items.size;
    for (let i = 0; i < n; i++) {
      const { items, scores } = model.similarItems(i, 44);
      for (let r = 0; r < 44 && items[r] >= 0; r++)
        near(`${i}, ${items[r]}`, [scores[r]], [dense[i * n + items[r]]], 1e-6, dense[i * n + items[r]]);
      assert.is(items.filter((j) => j >= 0).length, dense.subarray(i * n, i * n + n).filter((s) => s > 0).length);
    }
  });
}

for (const [kind, options] of KINDS) {
  test(`${kind.name} ${JSON.stringify(options)} forgets to the byte; the original is not gold`, async () => {
    const model = await kind.fit(data, options);
    const before = await digest(model);
    for (const [what, request] of Object.entries(REQUESTS)) {
      const { model: unlearned, partition, report } = await forget(model, data, request, { method: downdate });
      assert.is(report.exactness, 'exact', what);
      const expected = await digest(await gold(model, partition, { positions: 'compacted' }));
      assert.is(await digest(unlearned), expected, what);
      assert.is.not(before, expected, `${what}: negative control`);
    }
    assert.is(await digest(model), before, 'the given model is as it was');
  });
}

test('a thousand single deletions in any order end in the bytes of a fresh fit', async () => {
  const cells: (readonly [string, string])[] = [];
  for (let u = 0; u < data.users.size; u++) for (const item of data.itemsOf(u)) cells.push([data.users.at(u)!, data.items.at(item)!]);
  const next = draws(3);
  for (let n = cells.length - 1; n > 0; n--) {
    const other = Math.floor(next() * (n + 1));
    [cells[n], cells[other]] = [cells[other], cells[n]];
  }
  let state: { model: Model; data: Dataset } = { model: await itemKnn.fit(data, { neighbors: 6 }), data };
  for (let n = 0; n < 1000; n++)
    state = await forget(state.model, state.data, { interactions: [cells[n]] }, { method: downdate, digests: false });
  const fresh = await itemKnn.fit(state.data, { neighbors: 6 });
  assert.is(await digest(state.model), await digest(fresh));
});

test('EASE by Woodbury stays within rounding of gold, says so, and does not drift over many deletions', async () => {
  const model = await ease.fit(data, { regularization: 20 });
  for (const [what, request] of Object.entries(REQUESTS)) {
    const {
      model: unlearned,
      partition,
      report,
    } = await forget(model, data, request, { method: downdate, options: { exact: false }, digests: false });
    const expected = (await gold(model, partition, { positions: 'compacted' })).parameters.get('weights')!.toArray();
    near(what, unlearned.parameters.get('weights')!.toArray(), expected, 1e-7);
    if (report.route === 'woodbury') assert.is(report.exactness, 'approximate');
    else assert.match(String(report.why), /rows change/);
    const kept = (await gold(model, partition)).parameters.get('weights')!.toArray();
    assert.throws(() => near('negative control', model.parameters.get('weights')!.toArray(), kept, 1e-7));
  }
  let state: { model: Model; data: Dataset } = { model, data };
  for (let u = 20; u < 80; u++)
    state = await forget(state.model, state.data, { users: [`u${u}`] }, { method: downdate, options: { exact: false }, digests: false });
  near('60 users, one by one', state.model.parameters.get('weights')!.toArray(), easeWeights(state.data.userItems, 20), 1e-7);
});

test('EASE answers from corrections what it answers once they are worked in, and what gold answers; the original does not', async () => {
  const options = { exact: false };
  const model = await ease.fit(data, { regularization: 20 });
  const users = Int32Array.from({ length: data.users.size }, (_, u) => u);
  const untouched = await digest(model);
  const scoresOf = (any: Model, history: Dataset): Float32Array =>
    any.scorePairs(
      Int32Array.from({ length: users.length * 45 }, (_, n) => Math.floor(n / 45)),
      Int32Array.from({ length: users.length * 45 }, (_, n) => n % 45),
      history.userItems,
    );
  const chain: readonly ForgetRequest[] = [{ users: ['u7'] }, { interactions: [cell(5, 1)] }, { items: ['i44'] }, { users: ['u30'] }];
  let state: { model: Model; data: Dataset } = { model, data };
  for (const request of chain) {
    const { report, ...next } = await forgetInPlace(state.model, state.data, request, { method: downdate, options, digests: false });
    assert.is(report.route, 'woodbury');
    const quick = scoresOf(next.model, next.data);
    const worked = await ease.restore({
      ...next.model,
      parameters: new Map(Array.from(next.model.parameters, ([name, M]) => [name, { rows: M.rows, cols: M.cols, values: M.toArray() }])),
    });
    near(`${JSON.stringify(request)}: worked in`, quick, scoresOf(worked, next.data), 2e-6);
    near(`${JSON.stringify(request)}: gold`, quick, scoresOf(await ease.fit(next.data, { regularization: 20 }), next.data), 2e-6);
    assert.throws(() => near('negative control', scoresOf(state.model, next.data), quick, 2e-6));
    state = next;
  }
  const exact = await forgetInPlace(state.model, state.data, { users: ['u31'] }, { method: downdate });
  assert.is(
    exact.report.digestAfter,
    await digest(await ease.fit(exact.data, { regularization: 20 })),
    'the exact route after corrections',
  );
  assert.is(await digest(model), untouched, 'the given model is as it was');
});

test('a deleted item is never ranked, and scores come from the history alone', async () => {
  for (const [kind, options] of KINDS) {
    const { model, data: left } = await forgetInPlace(await kind.fit(data, options), data, { items: ['i3'] }, { method: downdate });
    const users = Int32Array.of(0, 4);
    const history = left.userItems;
    const ranking = model.rank({ users, k: 60, history, exclude: history });
    assert.not.ok([...ranking.items].includes(data.items.indexOf('i3')));
    for (const u of [0, 1]) {
      const items = ranking.items.subarray(u * 60, u * 60 + 10);
      const scores = model.scorePairs(new Int32Array(10).fill(users[u]), items, history);
      assert.equal([...scores], [...ranking.scores.subarray(u * 60, u * 60 + 10)]);
    }
    assert.throws(
      () => model.rank({ users, k: 3 }),
      (error: unknown) => error instanceof ModelError && /give the data/.test(error.message),
    );
  }
});

test('too many items are refused before any work, with the bytes needed and available', async () => {
  const builder = new DatasetBuilder();
  for (let i = 0; i < 20000; i++) builder.add('u', `i${i}`);
  const error = await ease.fit(builder.build()).then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(error instanceof MemoryError);
  assert.is(error.needed, easeBytes(20000));
  assert.match(error.message, /item-knn/);
});

test('an aborted fit throws the reason; bad options are refused', async () => {
  for (const kind of [ease, itemKnn] as const) {
    const reason = new Error('enough');
    const control = new AbortController();
    const fitting = kind.fit(data, {}, { signal: control.signal });
    control.abort(reason);
    assert.is(
      await fitting.then(
        () => undefined,
        (e: unknown) => e,
      ),
      reason,
    );
  }
  const refusal = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (e: Error) => e.name,
    );
  assert.is(await refusal(ease.fit(data, { regularization: 0 })), 'RangeError');
  assert.is(await refusal(itemKnn.fit(data, { neighbors: 0 })), 'RangeError');
  assert.is(await refusal(itemKnn.fit(data, { weighting: 'euclid' as never })), 'RangeError');
  assert.is(await refusal(itemKnn.fit(data, { neighbours: 3 } as never)), 'TypeError');
});

test.run();
