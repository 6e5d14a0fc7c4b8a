// Descent pair by pair (optimizer sgd-pairs): what it learns, its bytes, what it refuses.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { breathe } from '../../src/base/breathe.ts';
import type { Checkpoint } from '../../src/gradient/gradient-model.ts';
import { blocksOf } from '../../src/gradient/pair-descent.ts';
import { bpr, digest, evaluate, finetune, generate, ModelError, mmrecun, retrain, type Unlearner } from '../../src/index.ts';
import { clustered, forgetInPlace as forget } from '../fixtures.ts';

const test = suite('pairs');
const OPTIONS = { optimizer: 'sgd-pairs', factors: 8, epochs: 20, learningRate: 0.1, regularization: 0.01 } as const;
const data = clustered();
const train = data.filter((e) => e % 7 !== 0);
const validation = data.filter((e) => e % 7 === 0);
const recall = async (options: object): Promise<number> =>
  evaluate(await bpr.fit(train, { ...OPTIONS, ...options }), train, validation)['recall@20'];
const failure = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => {
      throw new Error('it was not refused');
    },
    (error) => error as Error,
  );

test('learns what users like; a rate of nearly nothing does not', async () => {
  const [learned, still] = [await recall({}), await recall({ learningRate: 1e-9 })];
  assert.ok(learned > still + 0.1, `${learned} and ${still}`);
});

test('its loss goes down; the size of batches changes no number', async () => {
  const losses: number[] = [];
  const [a, b] = await Promise.all(
    [1, 999].map((batchSize) => bpr.fit(train, { ...OPTIONS, batchSize }, { onProgress: (p) => losses.push(p.objective!) })),
  );
  assert.equal(a.userFactors.toArray(), b.userFactors.toArray());
  assert.ok(losses.at(-1)! < 0.8 * losses[0], `${losses[0]} to ${losses.at(-1)}`);
  // Control: the decay reaches the rows.
  const short = await bpr.fit(train, { ...OPTIONS, regularization: 1 });
  const length = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0);
  assert.ok(length(short.userFactors.toArray()) < 0.5 * length(a.userFactors.toArray()));
});

test('interrupted and resumed, the same bytes, with validation', async () => {
  const checkpoints: Checkpoint[] = [];
  const whole = await bpr.fit(train, OPTIONS, { validation, onCheckpoint: (c) => checkpoints.push(c), checkpointEvery: 2 });
  assert.ok(checkpoints.length > 1);
  const resumed = await bpr.fit(train, OPTIONS, { validation, checkpoint: structuredClone(checkpoints[0]) });
  assert.is(await digest(resumed), await digest(whole));
  assert.equal(resumed.record, whole.record);
  const [right, wrong] = await Promise.all(
    [0, 1].map((c) => bpr.fit(train, OPTIONS, { checkpoint: { ...checkpoints[0], matrices: checkpoints[c].matrices } })),
  );
  assert.is.not(await digest(wrong), await digest(right));
});

test('blocks: by the shape of the data alone, none where rows or pairs are few', () => {
  assert.equal(
    [
      [60, 40, 500],
      [900, 240, 15_000],
      [6040, 3706, 1_000_000],
      [69_878, 10_677, 10_000_000],
      [6040, 3706, 5_000],
      [1e6, 1e5, 1e8],
    ].map(([users, items, pairs]) => blocksOf(users, items, pairs, 64)),
    [1, 3, 16, 27, 8, 64],
  );
});

test('in blocks: learns, sees an abort within an epoch, goes on from a checkpoint, and the sampler by popularity is another', async () => {
  const many = await generate({ users: 1100, items: 1100, interactions: 40_000 });
  const held = many.filter((e) => e % 10 === 0);
  const kept = many.filter((e) => e % 10 !== 0);
  assert.is(blocksOf(1100, 1100, kept.interactions, 16), 16);
  const options = { ...OPTIONS, factors: 16, epochs: 12 };
  const checkpoints: Checkpoint[] = [];
  const model = await bpr.fit(kept, options, { onCheckpoint: (c) => checkpoints.push(c), checkpointEvery: 5 });
  const still = await bpr.fit(kept, { ...options, learningRate: 1e-9 });
  const [learned, not] = [model, still].map((m) => evaluate(m, kept, held)['recall@20']);
  assert.ok(learned > 2 * not, `${learned} and ${not}`);
  assert.is(await digest(await bpr.fit(kept, options, { checkpoint: structuredClone(checkpoints[0]) })), await digest(model));
  assert.is.not(await digest(await bpr.fit(kept, { ...options, sampler: 'popularity' })), await digest(model));
  const stop = new AbortController();
  const seen: number[] = [];
  const error = await failure(
    bpr.fit(
      kept,
      { ...options, epochs: 500 },
      {
        signal: stop.signal,
        onProgress: ({ done }) => {
          if (seen.push(done) === 1) void breathe().then(() => stop.abort(new Error('enough')));
        },
      },
    ),
  );
  assert.is(error.message, 'enough');
  assert.ok(seen.length < 100, `${seen.length} epochs`);
});

test('forgetting: retrain gives what never knew the user; other methods take their own steps', async () => {
  const user = train.users.at(4)!;
  const model = await bpr.fit(train, OPTIONS);
  const gone = await forget(model, train, { users: [user] }, { method: retrain });
  const never = await bpr.fit(gone.data, OPTIONS);
  assert.is(await digest(gone.model), await digest(never));
  assert.is.not(await digest(gone.model), await digest(model));
  for (const method of [finetune, mmrecun] as readonly Unlearner<any>[]) {
    const { model: after } = await forget(model, train, { users: [user] }, { method });
    assert.ok(
      after.parameters
        .get('userFactors')!
        .row(4)
        .every((v) => Object.is(v, 0)),
    );
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
