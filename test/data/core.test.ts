// Thresholds of reading: the largest set of rows in which everybody has enough, decided once; what forgetting makes of it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { philox } from '../../src/base/random.ts';
import {
  coreOf,
  type Dataset,
  datasetFrom,
  digest,
  ease,
  forget,
  gold,
  partitionOf,
  readDataset,
  retrain,
  splitDataset,
  trainedData,
} from '../../src/index.ts';

const test = suite('thresholds of reading');

/** Users and items of very different lengths. */
const draws = Array.from({ length: 900 }, (_, n) => philox(n, 0, 0, 0, 3, 3));
const rows = draws.map(([a, b, c]) => ({
  user: `u${Math.floor(Math.sqrt(a % 1600))}`,
  item: Math.floor(Math.sqrt(b % 900)),
  value: 1 + (c % 5),
}));
const pairsOf = (data: Dataset): string[] => [...data.rows()].map(({ user, item }) => `${user} ${item}`);

/** By hand: one after the other leaves, whoever comes first. */
function peeled(pairs: readonly string[], least: number, ofItems = least): string[] {
  for (let left = pairs.map((pair) => pair.split(' ')); ; ) {
    const counts = new Map<string, number>();
    for (const ids of left) ids.forEach((id, place) => counts.set(place + id, (counts.get(place + id) ?? 0) + 1));
    const tooFew = (id: string, place: number): boolean => counts.get(place + id)! < (place === 0 ? least : ofItems);
    const next = left.find((ids) => ids.some(tooFew));
    if (next === undefined) return left.map((ids) => ids.join(' '));
    const place = next.findIndex(tooFew);
    left = left.filter((ids) => ids[place] !== next[place]);
  }
}

const whole = await datasetFrom(rows);

for (const [rule, users, items] of [
  [{ kCore: 8 }, 8, 8],
  [{ minUserCount: 20 }, 20, 0],
  [{ minItemCount: 25 }, 0, 25],
  [{ minUserCount: 5, minItemCount: 14 }, 5, 14],
  [{ kCore: 6, minItemCount: 12 }, 6, 12],
] as const) {
  test(`${JSON.stringify(rule)}: what is left when nobody has too few, whoever leaves first`, async () => {
    const dense = coreOf(whole, rule);
    assert.equal(pairsOf(dense), peeled(pairsOf(whole), users, items));
    assert.ok(dense.interactions > 0 && dense.interactions < whole.interactions, `${dense.interactions} of ${whole.interactions}`);
    assert.equal(dense.reading, rule);
    assert.ok(dense.userItems.indptr.every((end, u) => u === 0 || end - dense.userItems.indptr[u - 1] >= Math.max(users, 1)));
    assert.ok(dense.itemCounts().every((count) => count >= Math.max(items, 1)));
    assert.is((await datasetFrom(rows, rule)).fingerprint(), dense.fingerprint());
    assert.is(coreOf(dense, rule).fingerprint(), dense.fingerprint(), 'once is enough');
  });
}

test('values first, then likes, then counts; and what is no rule', async () => {
  const high = coreOf(whole, { minValue: 3 });
  assert.is(high.interactions, [...whole.rows()].filter(({ value }) => value >= 3).length);
  assert.is(high.users.size, whole.users.size, 'people stay known');
  const liked = await datasetFrom(rows, { likes: 'value>=3', kCore: 6 });
  assert.equal(pairsOf(liked), peeled(pairsOf(high), 6));
  assert.equal(liked.reading, { likes: 'value>=3', kCore: 6 });
  const text = `user,item,value\n${[...whole.rows()].map(({ user, item, value }) => `${user},${item},${value}\n`).join('')}`;
  assert.is((await readDataset(text, { likes: 'value>=3', kCore: 6 })).fingerprint(), liked.fingerprint());
  assert.throws(() => coreOf(whole, { kCore: 0 }), /"kCore" expected an integer >= 1, got 0/);
  assert.throws(() => coreOf(whole, { kCore: 2.5 }), /"kCore" expected an integer/);
  assert.throws(() => coreOf(whole, { core: 2 } as never), /knows no option "core"/);
  assert.throws(() => coreOf(whole, { kCore: 500 }), /no row is left by kCore 500/);
  assert.is(coreOf(whole, {}), whole);
});

test('forgetting takes nobody else out: gold has the same rows, and the same bytes; filtering anew would be another set', async () => {
  const rule = { kCore: 9 };
  const dense = coreOf(whole, rule);
  const { train } = splitDataset(dense, 'per-user:0.8,0,0.2', 5);
  const model = await ease.fit(train, { regularization: 5 });
  // Somebody without whom an item, or somebody else, has too few.
  const user = [...dense.users].find((id) => {
    const retain = partitionOf(dense, { users: [id] }).retain;
    return coreOf(retain, rule).interactions < retain.interactions;
  })!;
  assert.ok(user, 'without such a user the test says nothing');
  const request = { users: [user] };
  const forgotten = await forget(model, train, request, { method: retrain });
  const partition = partitionOf(train, request);
  assert.is(await digest(forgotten.model), await digest(await gold(model, partition, { positions: 'compacted' })));
  assert.is(forgotten.model.provenance.fingerprint, partition.retain.fingerprint());
  assert.is.not(coreOf(partition.retain, rule).fingerprint(), partition.retain.fingerprint());
  assert.equal(forgotten.model.provenance.reading, rule);

  // Data that are read anew, with the rule or without it; and what remains, as it was written.
  const retained = partitionOf(dense, request).retain;
  for (const data of [whole, dense, retained.withReading(undefined)]) {
    assert.is(trainedData(forgotten.model, data).train.fingerprint(), partition.retain.fingerprint());
  }
  for (const data of [whole, dense]) assert.is(trainedData(model, data).train.fingerprint(), train.fingerprint());
  assert.throws(() => trainedData(model, retained.withReading(undefined)), /trained on/);
});

test.run();
