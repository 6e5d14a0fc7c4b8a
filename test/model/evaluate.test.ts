import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/index.ts';
import {
  als,
  compare,
  DatasetBuilder,
  evaluate,
  evaluateAsync,
  generate,
  METRICS,
  openTeam,
  partitionOf,
  popularity,
  recommend,
  similarItems,
  similarUsers,
  splitDataset,
} from '../../src/index.ts';

const test = suite('evaluate');

const list = (hits: number[], positives: number) => ({ hits: Uint8Array.from(hits), k: hits.length, positives });
const close = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found} is not ${expected}`);

test('metrics by hand', () => {
  const l = list([0, 1, 0, 1], 3);
  close(METRICS.recall(l), 2 / 3);
  close(METRICS.precision(l), 2 / 4);
  close(METRICS.f1(l), (2 * 0.5 * (2 / 3)) / (0.5 + 2 / 3));
  close(METRICS.map(l), (1 / 2 + 2 / 4) / 3);
  close(METRICS.mrr(l), 1 / 2);
  close(METRICS.hitRate(l), 1);
  const log2 = (x: number) => Math.log(x) / Math.log(2);
  close(METRICS.ndcg(l), (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4)));
  for (const metric of Object.values(METRICS)) close(metric(list([0, 0], 1)), 0);
  for (const name of ['recall', 'ndcg', 'map', 'mrr', 'hitRate'] as const) close(METRICS[name](list([1, 1], 2)), 1);
});

test('a full ranking leaves seen and masked items out', async () => {
  const builder = new DatasetBuilder();
  // Items by popularity: a 3, b 2, c 2, d 1.
  for (const [u, i] of ['1a', '1b', '2a', '2c', '3a', '3b', '3c', '3d'].map((s) => [...s])) builder.add(u, i);
  const all = builder.build();
  const pairs = (names: string[]): Dataset => all.filter((_, u, i) => names.includes(all.users.at(u)! + all.items.at(i)!));
  const train = pairs(['1a', '2a', '3a', '3b', '3c', '3d', '2c']);
  const model = await popularity.fit(train);
  // User 1 has seen a: the ranking is c (2), then b and d (1) in either order; b is at rank 2 or 3.
  const report = evaluate(model, train, pairs(['1b']), { k: [1, 2] });
  assert.is(report.users, 1);
  assert.is(report['recall@1'], 0);
  assert.is(report['recall@2'], 0.5);
  assert.is(report['mrr@2'], 0.25);
  assert.equal(
    evaluate(model, train, pairs(['1b']), { k: [2, 2], metrics: ['recall', 'recall'] }),
    { users: 1, 'recall@2': 0.5, coldUsers: 0, cold: null, rmse: null, mae: null },
    'named twice, counted once',
  );
  const masked = evaluate(model, train, pairs(['1b']), { k: 1, mask: [pairs(['2c', '3c'])] });
  assert.is(masked['recall@1'], 0, "another user's mask changes nothing");
  const cut = evaluate(model, train, pairs(['1b']), { k: 1, candidates: ['a', 'b', 'd'] });
  assert.is(cut['recall@1'], 0.5);
});

test('in breaths, on threads and by ids it is the same; watched and stopped', async () => {
  const { train, test: held } = splitDataset(await generate({ users: 1500, items: 1000, interactions: 30000 }), 'per-user:0.8,0,0.2');
  const model = await als.fit(train, { factors: 64, iterations: 1 });
  const expected = evaluate(model, train, held, { k: [5, 10] });
  const seen: number[] = [];
  const watched = await evaluateAsync(model, train, held, { k: [5, 10], onProgress: ({ done, total }) => seen.push(done / total) });
  assert.equal(watched, expected);
  assert.ok(seen.length > 1 && seen.at(-1) === 1);
  assert.equal(await evaluateAsync(model, train, held, { k: [5, 10], threads: 2 }), expected);
  const some = [...model.users].slice(0, 40);
  const few = await evaluateAsync(model, train, held, { k: [5, 10], users: some });
  assert.equal(few, evaluate(model, train, held, { k: [5, 10], users: some }));
  assert.ok(few.users < expected.users, 'the control: fewer users are others');
  const controller = new AbortController();
  const stopped = await evaluateAsync(model, train, held, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  assert.is(stopped, 'enough');
  const team = await openTeam(1);
  const both = await evaluateAsync(model, train, held, { team, threads: 2 }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  assert.match(both!, /"threads" and "team" say the same/);
  await team.close();
});

test('a cutoff beyond the items takes no memory for places that no item can fill', async () => {
  const far = Number.MAX_SAFE_INTEGER;
  const builder = new DatasetBuilder();
  for (const [u, i] of ['1a', '1b', '2a', '2c', '3a', '3b'].map((s) => [...s])) builder.add(u, i);
  const all = builder.build();
  const train = all.filter((entry) => entry % 2 === 0);
  const held = all.filter((entry) => entry % 2 === 1);
  const model = await als.fit(train, { factors: 4, iterations: 2 });
  assert.is(recommend(model, '1', { k: far, data: train }).length, 2);
  assert.is(similarItems(model, 'a', { k: far }).length, 2);
  assert.is(similarUsers(model, '1', { k: far }).length, 2);
  const report = evaluate(model, train, held, { k: [3, far] });
  for (const name of ['recall', 'ndcg', 'map', 'mrr', 'hitRate'] as const) assert.is(report[`${name}@${far}`], report[`${name}@3`], name);
  assert.ok(report[`precision@${far}`] > 0 && report[`precision@${far}`] < 1e-15);
  const partition = partitionOf(train, { users: ['1'] });
  const [compared] = compare([{ name: 'original', model }], partition, { k: far, gold: model });
  assert.is(compared[`overlap@${far}`], 1);
  assert.is(compared[`forgetRecall@${far}`], null, 'of a deleted user there is no recall');
  const single = partitionOf(train, { interactions: [['1', train.items.at(train.itemsOf(train.users.indexOf('1'))[0])!]] });
  assert.is(compare([{ name: 'original', model }], single, { k: far })[0][`forgetRecall@${far}`], 1);
  assert.throws(() => compare([{ name: 'original', model }], partition, { k: 0 }), /"k" expected an integer >= 1, got 0/);
});

test('no positives is an error, never a NaN', async () => {
  const builder = new DatasetBuilder();
  builder.add('u', 'i');
  const data = builder.build();
  const model = await popularity.fit(data);
  assert.throws(
    () =>
      evaluate(
        model,
        data,
        data.filter(() => false),
      ),
    /no user has held-out interactions/,
  );
  assert.throws(() => evaluate(model, data, data, { k: 0 }), /"k" expected an integer >= 1, got 0/);
});

test.run();
