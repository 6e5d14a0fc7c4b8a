// Descent pair by pair (optimizer sgd-pairs): what it learns, its bytes, what it refuses.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bpr, type Dataset, digest, evaluate, finetune, forget, mmrecun, ModelError, retrain, type Unlearner } from '../src/index.ts';
import type { Checkpoint } from '../src/gradient.ts';
import { PairSampler, taken } from '../src/sampling.ts';
import { clustered } from './fixtures.ts';

const test = suite('pairs');
const OPTIONS = { optimizer: 'sgd-pairs', factors: 8, epochs: 20, learningRate: 0.1, regularization: 0.01 } as const;
const data = clustered(), train = data.filter((e) => e % 7 !== 0), validation = data.filter((e) => e % 7 === 0);
const recall = async (options: object): Promise<number> => evaluate(await bpr.fit(train, { ...OPTIONS, ...options }), train, validation)['recall@20'];
const failure = (run: Promise<unknown>): Promise<Error> => run.then(() => { throw new Error('it was not refused'); }, (error) => error as Error);

test('learns what users like; a rate of nearly nothing does not', async () => {
  const [learned, still] = [await recall({}), await recall({ learningRate: 1e-9 })];
  assert.ok(learned > still + 0.1, `${learned} and ${still}`);
});

test('its loss goes down; the size of batches changes no number', async () => {
  const losses: number[] = [];
  const [a, b] = await Promise.all([1, 999].map((batchSize) => bpr.fit(train, { ...OPTIONS, batchSize }, { onProgress: (p) => losses.push(p.objective!) })));
  assert.equal(a.userFactors.toArray(), b.userFactors.toArray());
  assert.ok(losses.at(-1)! < 0.8 * losses[0], `${losses[0]} to ${losses.at(-1)}`);
  // Control: the decay reaches the rows.
  const short = await bpr.fit(train, { ...OPTIONS, regularization: 1 }), length = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0);
  assert.ok(length(short.userFactors.toArray()) < 0.5 * length(a.userFactors.toArray()));
});

test('interrupted and resumed, the same bytes, with validation', async () => {
  const checkpoints: Checkpoint[] = [];
  const whole = await bpr.fit(train, OPTIONS, { validation, onCheckpoint: (c) => checkpoints.push(c), checkpointEvery: 2 });
  assert.ok(checkpoints.length > 1);
  const resumed = await bpr.fit(train, OPTIONS, { validation, checkpoint: structuredClone(checkpoints[0]) });
  assert.is(await digest(resumed), await digest(whole));
  assert.equal(resumed.record, whole.record);
  const [right, wrong] = await Promise.all([0, 1].map((c) => bpr.fit(train, OPTIONS, { checkpoint: { ...checkpoints[0], matrices: checkpoints[c].matrices } })));
  assert.is.not(await digest(wrong), await digest(right));
});

test('an epoch\'s triples are the batches, in the order of entries', () => {
  const both = (of: Dataset, epoch: number): void => {
    const sampler = new PairSampler(of, 3), order = sampler.order(epoch);
    assert.equal(taken(order, sampler.triples(epoch)), sampler.batch(order, epoch));
  };
  both(train, 1);
  both(train, 2);
  // A user who has every item: what the draws do not find is sought.
  both(train.filter((_, __, item) => item === train.itemsOf(0)[0]), 1);
  const sampler = new PairSampler(train, 3);
  assert.is.not(sampler.triples(1).join(), sampler.triples(2).join());
});

test('forgetting: retrain gives what never knew the user; other methods take their own steps', async () => {
  const user = train.users.at(4)!, model = await bpr.fit(train, OPTIONS);
  const gone = await forget(model, train, { users: [user] }, { method: retrain });
  const never = await bpr.fit(gone.data, OPTIONS);
  assert.is(await digest(gone.model), await digest(never));
  assert.is.not(await digest(gone.model), await digest(model));
  for (const method of [finetune, mmrecun] as readonly Unlearner<any>[]) {
    const { model: after } = await forget(model, train, { users: [user] }, { method });
    assert.ok(after.parameters.get('userFactors')!.row(4).every((v) => Object.is(v, 0)));
    assert.ok(after.parameters.get('itemFactors')!.toArray().every(Number.isFinite));
  }
});

test('says what it cannot do, and when it diverges', async () => {
  const refused = async (options: object): Promise<Error> => failure(bpr.fit(train, { ...OPTIONS, ...options }));
  for (const [options, message] of [
    [{ loss: 'bpo' }, /"loss" expected bpr with optimizer sgd-pairs; got bpo/],
    [{ negatives: 3 }, /"negatives" expected 1 with optimizer sgd-pairs, whose epochs draw anew; got 3/],
    [{ weightDecay: 0.1 }, /"weightDecay" expected 0 with optimizer sgd-pairs, whose decay is "regularization"; got 0.1/],
  ] as const) {
    const error = await refused(options);
    assert.instance(error, RangeError);
    assert.match(error.message, message);
  }
  const diverged = await refused({ learningRate: 1e30 });
  assert.instance(diverged, ModelError);
  assert.match(diverged.message, /diverged in epoch \d+: .* use a smaller learningRate/);
});

test.run();
