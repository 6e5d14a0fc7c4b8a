// One meaning of a like for every kind of model and for evaluation.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  als,
  Dataset,
  DatasetBuilder,
  deserialize,
  evaluate,
  generate,
  likesOf,
  MODELS,
  type ModelKind,
  serialize,
  splitDataset,
  trainedData,
} from '../../src/index.ts';

const test = suite('likes');

const rated = (rows: readonly (readonly [string, string, number])[]): Dataset => {
  const builder = new DatasetBuilder();
  for (const [user, item, value] of rows) builder.add(user, item, value);
  return builder.build();
};
const ROWS = ['u', 'v', 'w'].flatMap((user) =>
  [['x', 1] as const, ['y', 0] as const, ['z', -1] as const].map(([item, value]) => [user, item, value] as const),
);

async function failure(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    assert.is((error as Error).name, 'DataError', String(error));
    return (error as Error).message;
  }
  return assert.unreachable('was accepted') as never;
}

/** Small data with what every kind asks for. */
const featured = await generate({ users: 20, items: 12, interactions: 90, clusters: 2, modalities: { text: 8, image: 8 } });

test('every kind refuses dislikes by name, and says the remedy', async () => {
  for (const kind of Object.values(MODELS) as ModelKind[]) {
    for (const value of [0, -1]) {
      const values = featured.userItems.data.map((given, entry) => (entry === 5 ? value : given));
      const data = new Dataset({ ...featured, userItems: { ...featured.userItems, data: values } });
      const message = await failure(() => kind.fit(data, kind.name === 'als' ? { iterations: 1 } : {}));
      assert.match(
        message,
        new RegExp(
          `${kind.name}.*expected values above 0, found ${value} for user "\\d+" and item "\\d+"; ` +
            `say what counts as a like with likes: 'value>=…'`,
        ),
      );
    }
  }
  const data = rated(ROWS);
  await als.fit(data, { objective: 'explicit', iterations: 1, factors: 2 });
  await als.fit(data, { confidence: true, iterations: 1, factors: 2 });
});

test('nothing to train on is refused by every kind', async () => {
  for (const kind of Object.values(MODELS) as ModelKind[]) {
    for (const options of kind.name === 'als' ? [{}, { objective: 'explicit' }] : [{}]) {
      const message = await failure(() =>
        kind.fit(
          featured.filter(() => false),
          options,
        ),
      );
      assert.match(message, new RegExp(`"${kind.name}.*" needs interactions to train on, found none`));
    }
  }
  const { train } = splitDataset(rated([['u', 'x', 1]]), 'per-user:0.000001,0.5,0.499999', 1);
  assert.match(
    await failure(() => als.fit(train)),
    /found none: the split per-user:0\.000001,0\.5,0\.499999 leaves none in the train part/,
  );
});

test('likesOf keeps likes alone, in training and in test, and the model remembers it', async () => {
  const data = rated(ROWS);
  const liked = likesOf(data, 'value>=1');
  assert.equal([liked.interactions, liked.users.size, liked.items.size], [3, 3, 3]);
  assert.throws(() => likesOf(data, 'stars>3'), /"likes" expected a rule about value/);
  assert.throws(() => likesOf(data, 'value>7'), /no row is a like by the rule value>7/);
  for (const kind of [MODELS.popularity, MODELS['item-knn'], MODELS.ease]) {
    const model = await kind.fit(liked);
    assert.equal(model.provenance.reading, { likes: 'value>=1' });
    const again = await deserialize(await serialize(model));
    assert.equal(again.provenance.reading, { likes: 'value>=1' });
    assert.is(trainedData(again, data).train.interactions, 3, 'without being said');
    assert.throws(() => trainedData(again, likesOf(data, 'value>=0')), /not those that the model was trained on/);
  }
  const all = await MODELS.popularity.fit(likesOf(data, 'value>=-1'));
  assert.equal([...all.parameters.get('counts')!.toArray()], [3, 3, 3], 'who says so may call anything a like');
});

test('a held-out row that is no like is never a hit', async () => {
  const train = rated([
    ['u', 'x', 1],
    ['v', 'y', 2],
    ['v', 'z', 1],
    ['w', 'x', 1],
    ['w', 'y', 1],
    ['w', 'z', 1],
  ]);
  const model = await MODELS.popularity.fit(train);
  const held = (value: number): Dataset => {
    const builder = new DatasetBuilder();
    for (const item of ['x', 'y', 'z']) builder.addItem(item);
    for (const user of ['u', 'v', 'w']) builder.addUser(user);
    builder.add('u', 'y', 1);
    builder.add('u', 'z', value);
    return builder.build();
  };
  for (const value of [-1, 0]) {
    const report = evaluate(model, train, held(value), { k: 2 });
    assert.equal([report['recall@2'], report['precision@2']], [1, 0.5], `${value}`);
  }
  assert.is(evaluate(model, train, held(1), { k: 2 })['precision@2'], 1, 'the control is one');
});

test.run();
