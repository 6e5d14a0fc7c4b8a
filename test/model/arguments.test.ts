// Public functions check what they are given, all in the same words. The suite of test/hostile draws such arguments; these are
// the ones that were once taken in silence, or met by the engine's words.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asMemoryError } from '../../src/base/errors.ts';
import * as lethe from '../../src/index.ts';
import { topkScratch } from '../../src/model/ranking-inputs.ts';
import { clustered } from '../fixtures.ts';

const test = suite('arguments');
const data = clustered(14, 12);
const model = await lethe.als.fit(data, { factors: 4, iterations: 1 });
const request = { users: ['u1'] };
const partition = lethe.partitionOf(data, request);
const split = lethe.splitDataset(data, 'per-user:0.6,0.2,0.2');
const method = lethe.retrain;

async function refusal(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('was accepted');
}

/** Calls with an option that nobody knows; without it, each of them works. */
const UNKNOWN: Readonly<Record<string, (odd: any) => unknown>> = {
  fit: (odd) => lethe.als.fit(data, { factors: 2, iterations: 1 }, odd),
  'fit by gradients': (odd) => lethe.bpr.fit(data, { factors: 2, epochs: 1 }, odd),
  forget: (odd) => lethe.forget(model, data, request, { method, ...odd }),
  gold: (odd) => lethe.gold(model, partition, odd),
  partitionOf: (odd) => lethe.partitionOf(data, request, odd),
  trainedData: (odd) => lethe.trainedData(model, data, odd),
  certify: (odd) => lethe.certify(model, data, odd),
  compare: (odd) => lethe.compare([{ name: 'original', model }], partition, odd),
  evaluate: (odd) => lethe.evaluate(model, split.train, split.test, odd),
  recommend: (odd) => lethe.recommend(model, 'u1', odd),
  similarItems: (odd) => lethe.similarItems(model, 'i1', odd),
  similarUsers: (odd) => lethe.similarUsers(model, 'u1', odd),
  rank: (odd) => model.rank({ users: Int32Array.of(0), k: 2, ...odd }),
  rankFor: (odd) => model.rankFor([{ item: 'i1' }], { k: 2, ...odd }),
  generate: (odd) => lethe.generate({ users: 3, items: 3, interactions: 5 }, odd),
  Judge: (odd) => new lethe.Judge(partition, { originals: [model], golds: [model], ...odd }),
  'a modality of a request': (odd) => lethe.partitionOf(data, { modality: { name: 'text', ...odd } }),
};
for (const [name, call] of Object.entries(UNKNOWN)) {
  test(`${name}: an unknown option is refused by name`, async () => {
    await call({});
    const error = await refusal(() => call({ colour: 'red' }));
    assert.is(error.name, 'TypeError', String(error));
    assert.match(error.message, /knows no option "colour"; known: /);
  });
}

const SWAPPED: Readonly<Record<string, readonly [call: () => unknown, message: RegExp]>> = {
  'evaluate(data, model)': [() => lethe.evaluate(data as never, model as never, split.test), /"model" expected a model, as from fit/],
  'evaluate(model, test, model)': [() => lethe.evaluate(model, split.train, model as never), /"positives" expected a Dataset/],
  'forget(data, model)': [() => lethe.forget(data as never, model as never, request, { method }), /"model" expected a model/],
  'certify(data, model)': [() => lethe.certify(data as never, model as never), /"model" expected a model/],
  'compare(partition, models)': [() => lethe.compare(partition as never, [] as never), /"contenders" expected an array/],
  'fit(options)': [() => lethe.als.fit({ factors: 4 } as never), /"data" expected a Dataset, as from readDataset/],
  'gold(partition, model)': [() => lethe.gold(partition as never, model as never), /"model" expected a model/],
  'digest(data)': [() => lethe.digest(data as never), /"model" expected a model/],
  'importFactors(data, bytes)': [() => lethe.importFactors(data as never, new Uint8Array(3), data), /"kind" expected a kind of model/],
};
for (const [name, [call, message]] of Object.entries(SWAPPED)) {
  test(`arguments in each other's place: ${name}`, async () => {
    const error = await refusal(call);
    assert.is(error.name, 'TypeError', String(error));
    assert.match(error.message, message);
  });
}

test('null in a request is not nothing, and a pair is two ids', async () => {
  for (const odd of [{ users: null, items: ['i1'] }, { users: ['u1'], modality: null }, { interactions: [['u1', 'i1', 'i2']] }, null]) {
    const error = await refusal(() => lethe.partitionOf(data, odd as never));
    assert.is(error.name, 'TypeError', String(error));
    assert.match(error.message, /expected/);
  }
});

test('lists that no memory holds are refused in words, not by the engine', async () => {
  const users = Int32Array.from({ length: 14 }, (_, u) => u);
  assert.match((await refusal(() => model.rank({ users, k: 0x7fffffff }))).message, /"k" expected an integer >= 1 and <= 16777216/);
  const error = await refusal(() => model.rank({ users, k: 1 << 24 }));
  assert.is(error.name, 'MemoryError');
  assert.match(error.message, /shorter lists, or for fewer users/);
  assert.match((await refusal(() => model.similarItems(0, 0x7fffffff))).message, /"k" expected an integer/);
});

test('lists whose scratch the kernel cannot count are refused before it counts; those below are as it says', () => {
  const kernels = { topk_scratch: () => 100 };
  assert.is(topkScratch(kernels, 20, 1e9, 8), 128, 'short lists of any number of items');
  assert.is(topkScratch(kernels, 1 << 24, 1e6, 8), 128, 'no list is longer than there are items');
  assert.throws(() => topkScratch(kernels, 1 << 23, 1 << 24, 8), /ask for shorter lists/);
});

test('what engines say of memory becomes a MemoryError; other errors stay', () => {
  const engine = (): unknown => {
    try {
      return new Float64Array(2 ** 53 - 1);
    } catch (error) {
      return error;
    }
  };
  assert.is((asMemoryError(engine(), 8, 'ask for less') as Error).name, 'MemoryError');
  const own = new RangeError('"k" expected an integer >= 1, got 0');
  assert.is(asMemoryError(own, 8, 'ask for less'), own);
});

test('a method that cannot work on a model says what to do', async () => {
  const error = await refusal(() => lethe.forget(model, data, request, { method: lethe.downdate }));
  assert.is(error.name, 'ModelError');
  assert.match(
    error.message,
    /"downdate" works on models that forget by algebra \(ease, item-knn\), and this is "als"; choose another method/,
  );
});

test.run();
