// The judge of a forgetting: gold passes, the original fails, what was overdone fails too, and where the original does as
// well as gold nothing passes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { splitDataset } from '../../src/data/split.ts';
import { type Partition, partitionOf } from '../../src/forget/request.ts';
import { sigmoid } from '../../src/gradient/pairwise-row.ts';
import { ScoreSpace } from '../../src/judge/influence.ts';
import { Judge, type Judgement } from '../../src/judge/judge.ts';
import { setTest, truePositives, userTest } from '../../src/judge/membership.ts';
import { isGone, standing } from '../../src/judge/power.ts';
import type { Signals } from '../../src/judge/reconstruction.ts';
import { ridgeRow } from '../../src/judge/ridge.ts';
import { itemsOf, subjectsOf, transposed } from '../../src/judge/subjects.ts';
import type { Model, ModelKind } from '../../src/model/model.ts';
import { als } from '../../src/models/als.ts';
import { bpr } from '../../src/models/bpr.ts';
import { ease } from '../../src/models/ease.ts';
import { itemKnn } from '../../src/models/item-knn.ts';
import { popularity } from '../../src/models/popularity.ts';
import type { mmrecun } from '../../src/unlearn/mmrecun.ts';
import { retrain } from '../../src/unlearn/retrain.ts';
import { forgetInPlace as forget } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';

const test = suite('judge');

/** Histories that follow no taste: a model can find one half by the other only if it has seen the two together. */
function memorable(users = 160, items = 90, share = 0.16): Dataset {
  const next = draws(3);
  const builder = new DatasetBuilder();
  for (let u = 0; u < users; u++) for (let i = 0; i < items; i++) if (next() < share) builder.add(`u${u}`, `i${i}`);
  return builder.build();
}

const split = splitDataset(memorable(), 'per-user:0.8,0.1,0.1', 1, { unseenUsers: 0.2, unseenItems: 0.1 });
const { train, validation, test: held, unseen } = split;
const heldOut = [validation, held];
const seenOf = (side: 'users' | 'items'): string[] => {
  const counts = side === 'items' ? train.itemCounts() : Int32Array.from({ length: train.users.size }, (_, u) => train.itemsOf(u).length);
  return [...train[side]].filter((id) => counts[train[side].indexOf(id)] > 0);
};
const REQUESTS = { users: { users: seenOf('users').slice(5, 25) }, items: { items: seenOf('items').slice(5, 17) } };

interface Trained {
  readonly partition: Partition;
  readonly originals: readonly Model[];
  readonly golds: readonly Model[];
}
async function trained(
  kind: ModelKind,
  options: object,
  side: 'users' | 'items',
  seeds: readonly (number | undefined)[],
): Promise<Trained> {
  const partition = partitionOf(train, REQUESTS[side]);
  const all = (data: Dataset): Promise<Model[]> =>
    Promise.all(seeds.map((seed) => kind.fit(data, { ...options, ...(seed !== undefined && { seed }) })));
  return { partition, originals: await all(train), golds: await all(partition.retain) };
}
const judgeOf = ({ partition, ...models }: Trained): Judge => new Judge(partition, { ...models, unseen, heldOut });
const ALS = { factors: 12, iterations: 8, regularization: 0.1, alpha: 4 };
const BPR = { optimizer: 'sgd-pairs', learningRate: 0.05, regularization: 0.01, factors: 16, epochs: 60 };

test('als: gold passes and the original fails every figure, for users and for items', async () => {
  for (const side of ['users', 'items'] as const) {
    const models = await trained(als, ALS, side, [1]);
    const judge = judgeOf(models);
    const original = judge.of(models.originals[0]);
    const [was] = original.membership;
    assert.is(was.of, side);
    assert.equal([original.influence.left, original.influence.met], [1, false], 'the negative control');
    assert.equal([was.set.left, was.set.met, was.auc.met], [1, false, false], side);
    const gold = judge.of(models.golds[0]);
    const [is] = gold.membership;
    assert.equal([gold.influence.left, gold.influence.met], [0, true]);
    assert.equal([is.set.left, is.set.met, is.auc.met], [0, true, true], side);
  }
});

test('models that score from histories are asked by half of them; items of theirs cannot be', async () => {
  for (const kind of [ease, itemKnn] as readonly ModelKind[]) {
    const models = await trained(kind, kind === ease ? { regularization: 5 } : {}, 'users', [undefined]);
    const [was] = judgeOf(models).of(models.originals[0]).membership;
    assert.equal([was.set.left, was.set.met], [1, false], kind.name);
    const ofItems = await trained(kind, {}, 'items', [undefined]);
    assert.equal(judgeOf(ofItems).of(ofItems.originals[0]).membership, [], kind.name);
  }
});

test('popularity counts nobody singly: an item that is deleted leaves no trace, and nothing is said to be met', async () => {
  const models = await trained(popularity, {}, 'items', [undefined]);
  const { influence } = judgeOf(models).of(models.originals[0]);
  assert.equal(influence, { left: null, z: null, power: false, met: null, measured: true });
});

test('bpr: several seeds give both figures their deviation; what moved nothing fails, a retrain passes', async () => {
  const models = await trained(bpr, BPR, 'users', [1, 2, 3, 4]);
  const judge = judgeOf(models);
  const found = async (method: typeof mmrecun | typeof retrain): Promise<Judgement> => {
    const { model } = await forget(models.originals[0], train, REQUESTS.users, { method: method as typeof retrain, digests: false });
    return judge.of(model);
  };
  const original = judge.of(models.originals[0]);
  assert.ok(original.influence.power && original.influence.left! > 0.6 && original.influence.met === false);
  assert.ok(original.membership[0].set.left! > 0.6 && original.membership[0].set.met === false && original.membership[0].set.z! > 3);
  const fresh = await found(retrain);
  assert.ok(fresh.influence.met && fresh.membership[0].set.met, 'gold of the first seed');
  assert.ok(judge.of(models.golds[2]).membership[0].set.met, 'gold of another seed');
});

test('without strangers or with one gold of a gradient model, what cannot be measured is null and never met', async () => {
  const models = await trained(bpr, { ...BPR, epochs: 5 }, 'users', [1]);
  const judge = new Judge(models.partition, { originals: models.originals, golds: models.golds });
  const { influence, membership } = judge.of(models.originals[0]);
  assert.equal(influence, { left: null, z: null, power: false, met: null, measured: false });
  assert.equal(membership[0].set, { left: null, z: null, power: false, met: null });
  assert.equal(
    [membership[0].auc.value, membership[0].auc.met, membership[0]['tpr@0.01'], membership[0].support],
    [null, null, null, null],
  );
  assert.throws(() => new Judge(models.partition, { originals: [], golds: models.golds }), /"originals" expected at least one model/);
  assert.throws(() => new Judge(models.partition, { originals: models.originals, golds: [] }), /"golds" expected at least one model/);
});

test('single interactions stand against held-out ones of the same users', async () => {
  const interactions = seenOf('users')
    .slice(0, 80)
    .map((id) => [id, train.items.at(train.itemsOf(train.users.indexOf(id))[0])!] as const);
  const partition = partitionOf(train, { interactions });
  const judge = new Judge(partition, { originals: [await als.fit(train, ALS)], golds: [await als.fit(partition.retain, ALS)], heldOut });
  const [was] = judge.of(await als.fit(train, ALS)).membership;
  const [is] = judge.of(await als.fit(partition.retain, ALS)).membership;
  assert.equal([was.of, was.set.left, was.set.met], ['interactions', 1, false]);
  assert.equal([is.set.left, is.set.met], [0, true]);
});

test('a standing: both signs count, a gap within chance has no power, NaN never has', () => {
  const golds = [0, 0.01, -0.01, 0.005];
  const at = (value: number) => isGone(standing(value, [1, 1.02], golds, NaN));
  assert.equal([at(0), at(0.09), at(-0.09), at(0.5), at(-0.5), at(1)], [true, true, true, false, false, false]);
  assert.equal(standing(0, [0.02], golds, NaN), { left: null, z: null, power: false });
  assert.equal(standing(0, [-1], golds, NaN).power, false, 'an original that does worse than gold tells nothing');
  for (const [value, originals, floor, error] of [
    [NaN, [1], golds, 0.1],
    [0, [NaN], golds, 0.1],
    [0, [1], [NaN, 0, 0], 0.1],
    [0, [1], [0], NaN],
    [0, [Infinity], golds, 0.1],
  ] as const) {
    assert.equal(standing(value, originals, floor, error), { left: null, z: null, power: false });
  }
  assert.is(standing(0.5, [1], [0], 0.1).left, 0.5, 'one gold: the standard error decides');
  assert.is(standing(0.5, [1], [0], 0.5).power, false);
});

test('set test and user test by hand', () => {
  const signals = (members: number[], strangers: number[]): Signals => ({
    members: Float64Array.from(members),
    strangers: Float64Array.from(strangers),
  });
  const gold = signals([0.5, 0.6, 0.4], [0.5, 0.7, 0.3]);
  const original = signals([0.8, 0.9, 0.7], [0.5, 0.7, 0.3]);
  const half = signals([0.75, 0.85, 0.65], [0.6, 0.8, 0.4]);
  assert.ok(Math.abs(setTest(half, [original], [gold]).left! - 0.15 / 0.3) < 1e-12, 'what longer training does to all cancels');
  assert.equal(userTest(original, [gold]), { auc: 1, tpr: 1 });
  assert.equal(userTest(gold, [gold]), { auc: 0.5, tpr: 0 });
  const strangers = Float64Array.from({ length: 200 }, (_, n) => n);
  assert.is(truePositives(Float64Array.of(197, 198, 197.5, 3), strangers, 0.01), 0.5);
});

test('scores are compared without being written out, and as if they were', async () => {
  const { partition, originals, golds } = await trained(als, ALS, 'users', [1]);
  const space = new ScoreSpace(partition.retain);
  const counts = partition.retain.itemCounts();
  const items = Int32Array.from(counts.keys()).filter((i) => counts[i] > 0);
  let square = 0;
  let product = 0;
  for (let u = 0; u < train.users.size; u++) {
    if (partition.retain.itemsOf(u).length === 0) continue;
    const users = new Int32Array(items.length).fill(u);
    const [a, b] = [originals[0], golds[0]].map((model) => model.scorePairs(users, items));
    a.forEach((score, n) => {
      square += (score - b[n]) * (score - b[n]);
      product += score * b[n];
    });
  }
  assert.ok(Math.abs(space.distance(originals[0], golds[0]) / Math.sqrt(square) - 1) < 1e-5);
  assert.ok(Math.abs(space.product(originals[0], golds[0]) / product - 1) < 1e-5);
  assert.is(space.distance(golds[0], golds[0]), 0);
});

test('a ridge row solves its equations; the sigmoid is one', () => {
  const next = draws(9);
  const width = 5;
  const living = Int32Array.of(0, 1, 3, 4, 6);
  const values = Float64Array.from({ length: 7 * width }, () => next() - 0.5);
  const half = Int32Array.of(1, 4);
  const x = ridgeRow({ width, values, living })(half);
  const y = (p: number): Float64Array => values.subarray(p * width, (p + 1) * width);
  const scoreOf = (p: number): number => y(p).reduce((sum, value, c) => sum + value * x[c], 0);
  for (let c = 0; c < width; c++) {
    let residual = 0;
    for (const p of living) residual += 0.1 * scoreOf(p) * y(p)[c];
    for (const p of half) residual += (0.9 * scoreOf(p) - 1) * y(p)[c];
    assert.ok(Math.abs(residual) < 1e-5, `${residual}`);
  }
  for (const z of [-40, -3, -0.1, 0, 0.7, 5, 60]) assert.ok(Math.abs(sigmoid(z) - 1 / (1 + Math.exp(-z))) < 1e-11, `${z}`);
});

test('halves are of living entries, disjoint and by key; who lost all only with the other side is no member', () => {
  const partition = partitionOf(train, REQUESTS.users);
  const subjects = subjectsOf(partition, 'users', { unseen, heldOut });
  assert.is(subjects.members.length, 20);
  const [a, b] = subjects.halves;
  for (const u of [...subjects.members, ...subjects.strangers]) {
    const own = partition.data.itemsOf(u).length > 0 ? train : unseen;
    const living = own.itemsOf(u).filter((i) => subjects.alive[i] === 1);
    assert.equal(
      [...itemsOf(a, u), ...itemsOf(b, u)].sort((x, y) => x - y),
      [...living],
    );
    assert.ok(Math.abs(itemsOf(a, u).length - itemsOf(b, u).length) <= 1);
  }
  assert.is(subjectsOf(partition, 'items', { unseen, heldOut }).members.length, 0);
  const fewer = subjectsOf(partitionOf(train, { users: REQUESTS.users.users.slice(0, 3) }), 'users', { unseen, heldOut });
  for (const u of fewer.members) assert.equal([...itemsOf(fewer.halves[0], u)], [...itemsOf(a, u)], 'nobody else moves a half');
  assert.equal(transposed(transposed(train.userItems)), train.userItems);
});

test.run();
