// Many models in one memory: each is itself, what is given back is cleared and used again, and nobody is asked after they have gone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  deserialize,
  digest,
  MemoryError,
  type Model,
  ModelError,
  recommend,
  SharedArena,
  serialize,
  similarItems,
} from '../../src/index.ts';
import { clustered, modelKinds, smallOptions } from '../fixtures.ts';

const test = suite('shared arena');
const data = clustered();

for (const kind of modelKinds) {
  test(`${kind.name}: a model in a shared memory gives what it gives in one of its own`, async () => {
    const model: Model = await kind.fit(data, smallOptions(kind.name));
    const file = await serialize(model);
    const arena = new SharedArena();
    const first = await deserialize(file, { arena });
    const second = await deserialize(file, { arena });
    for (const each of [first, second, first]) {
      assert.equal(recommend(each, 'u3', { k: 5, data }), recommend(model, 'u3', { k: 5, data }));
      assert.equal(recommend(each, ['u4', 'u5'], { k: 5, data }), recommend(model, ['u4', 'u5'], { k: 5, data }));
      assert.equal(similarItems(each, 'i2', { k: 4 }), similarItems(model, 'i2', { k: 4 }));
      assert.is(await digest(each), await digest(model));
    }
    assert.is(arena.models, 2);
    first.dispose();
    first.dispose();
    assert.is(arena.models, 1);
    assert.throws(
      () => recommend(first, 'u3', { data }),
      (error: Error) => error instanceof ModelError && /disposed of/.test(error.message),
    );
    assert.equal(recommend(second, 'u3', { k: 5, data }), recommend(model, 'u3', { k: 5, data }), 'the other goes on');
    model.dispose();
    assert.throws(() => recommend(model, 'u3', { data }), /disposed of/);
    arena.dispose();
    assert.throws(() => recommend(second, 'u3', { data }), /disposed of/);
    assert.throws(() => arena.part(), /disposed of/);
  });
}

test('room that is given back is cleared, joined and used again', async () => {
  const als = modelKinds.find(({ name }) => name === 'als')!;
  const model: Model = await als.fit(data, smallOptions('als'));
  const file = await serialize(model);
  const arena = new SharedArena();
  const open = async (n: number): Promise<Model[]> => {
    const models: Model[] = [];
    for (let m = 0; m < n; m++) models.push(await deserialize(file, { arena }));
    for (const each of models) recommend(each, ['u1', 'u2'], { data });
    return models;
  };
  const models = await open(30);
  const full = arena.memoryBytes;
  // Every other one first: pieces that do not touch, which the rest then joins.
  for (let m = 0; m < 30; m += 2) models[m].dispose();
  const odd = models.filter((_, m) => m % 2 === 1);
  const expected = recommend(model, 'u7', { data });
  for (const each of odd) assert.equal(recommend(each, 'u7', { data }), expected);
  for (const each of odd) each.dispose();
  assert.is(arena.models, 0);
  const bytes = new Uint8Array(arena.kernels.memory.buffer);
  const values = model.parameters.get('userFactors')!.toArray();
  const needle = new Uint8Array(values.buffer, 0, 16);
  const holds = (haystack: Uint8Array): boolean =>
    haystack.some((_, at) => at % 4 === 0 && needle.every((byte, n) => haystack[at + n] === byte));
  assert.not(holds(bytes), 'no row of anybody stays');
  const again = await open(30);
  assert.is(arena.memoryBytes, full, 'the same room serves again');
  assert.ok(holds(new Uint8Array(arena.kernels.memory.buffer)), 'the control: rows of models that are there are found');
  for (const each of again) assert.equal(recommend(each, 'u7', { data }), expected);
  assert.ok(again[0].memoryBytes < full / 20 && again[0].memoryBytes > 0);
});

test('a memory that is full says so, and the models in it go on; a broken file takes nothing', async () => {
  const als = modelKinds.find(({ name }) => name === 'als')!;
  const file = await serialize(await als.fit(data, smallOptions('als')));
  const arena = new SharedArena(1 << 20);
  const models: Model[] = [];
  let refused: unknown;
  for (let m = 0; m < 500 && !refused; m++) {
    try {
      models.push(await deserialize(file, { arena }));
    } catch (error) {
      refused = error;
    }
  }
  assert.instance(refused, MemoryError);
  assert.match((refused as Error).message, /another SharedArena/);
  assert.ok(models.length > 2);
  assert.is(arena.models, models.length, 'who found no room takes none');
  for (const each of models) assert.is(recommend(each, 'u1', { data }).length, 10);
  const broken = file.slice();
  broken[broken.length >> 1] ^= 1;
  await deserialize(broken, { arena }).then(
    () => assert.unreachable('a broken file was opened'),
    (error) => assert.instance(error, ModelError),
  );
  assert.is(arena.models, models.length);
  await deserialize(file, { arena: {} as SharedArena }).then(
    () => assert.unreachable('it is no arena'),
    (error) => assert.match(error.message, /"arena" expected a SharedArena/),
  );
});

test('`using` ends a model where the host knows it', async () => {
  const { dispose } = Symbol as { dispose?: symbol };
  if (!dispose) return;
  const als = modelKinds.find(({ name }) => name === 'als')!;
  const model = await deserialize(await serialize(await als.fit(data, smallOptions('als'))));
  (model as unknown as Record<symbol, () => void>)[dispose]();
  assert.throws(() => recommend(model, 'u1', { data }), /disposed of/);
});

test.run();
