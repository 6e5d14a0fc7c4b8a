// What only serves gives the numbers of what trains, for every kind of model.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als, deserialize, type Model, ModelError, recommend, recommendFor, serialize, similarItems } from '../../src/index.ts';
import * as serve from '../../src/serve.ts';
import { clustered, modelKinds, smallOptions } from '../fixtures.ts';

const test = suite('lethe/serve');
const kinds = (Object.values(serve) as unknown[]).filter(
  (value): value is serve.ServedKind => typeof value === 'object' && value !== null && 'restore' in value,
);

/** All that is asked of a served model. */
function answers(model: Model, from: Pick<typeof serve, 'recommend' | 'recommendFor' | 'similarItems'>) {
  const data = clustered();
  const users = [...data.users];
  const { history, exclude } = { history: data.userItems, exclude: data.userItems };
  const positions = Int32Array.from(users, (_, u) => u);
  return {
    lists: from.recommend(model, users, { k: 5, data }),
    ranking: model.rank({ users: positions, k: 4, history, exclude }),
    pairs: model.scorePairs(
      positions,
      positions.map((u) => u % data.items.size),
      history,
    ),
    new: from.recommendFor(model, [[...data.items].slice(0, 3), [...data.items].slice(2, 4)], { k: 3 }),
    similar: [...data.items].map((item) => from.similarItems(model, item, { k: 3 })),
  };
}

for (const kind of modelKinds) {
  test(`${kind.name}: the same answers`, async () => {
    const model = await kind.fit(clustered(), smallOptions(kind.name));
    const served = await serve.openModel(await serialize(model), { kinds });
    assert.equal(answers(served, serve), answers(model, { recommend, recommendFor, similarItems }));
    assert.equal([served.kind.name, served.provenance], [model.kind.name, model.provenance]);
  });
}

test('another model gives other answers: the check can fail', async () => {
  const [one, other] = [await als.fit(clustered(), { factors: 4 }), await als.fit(clustered(), { factors: 4, seed: 2 })];
  const served = await serve.openModel(await serialize(other), { kinds });
  assert.not.equal(answers(served, serve), answers(one, { recommend, recommendFor, similarItems }));
});

test('a model that is served says what it cannot do', async () => {
  const bytes = await serialize(await als.fit(clustered(), { factors: 4 }));
  const served = await serve.openModel(bytes, { kinds: [serve.als] });
  for (const call of [() => served.kind.fit(clustered()), () => served.kind.restore({} as never)]) {
    assert.throws(call, /lethe\/serve trains nothing .* by "lethe", which has "als" whole/);
  }
});

const refused = async (open: () => Promise<unknown>, message: RegExp, kind: new (...args: any[]) => Error): Promise<void> => {
  const error = await open().then(
    () => undefined,
    (caught) => caught,
  );
  assert.instance(error, kind);
  assert.match(error.message, message);
};

test('kinds that were not named, and what are no kinds, are refused; deserialize takes them too', async () => {
  const bytes = await serialize(await als.fit(clustered(), { factors: 4 }));
  const { ease } = serve;
  for (const open of [serve.openModel, deserialize] as const) {
    await refused(() => open(bytes, { kinds: [ease] }), /kind "als", which is none of ease .*give its kind among `kinds`/, ModelError);
    await refused(() => open(bytes, { kinds: [] }), /none of no kinds/, ModelError);
    await refused(() => open(bytes, { kinds: ['als'] as never }), /"kinds" expected kinds of models, such as als, got "als"/, TypeError);
    await refused(() => open(bytes, { kinds: ease as never }), /"kinds" expected an array/, TypeError);
    await refused(() => open(bytes, { kind: [ease] } as never), /knows no option "kind"/, TypeError);
    await refused(() => open(bytes.slice(0, 99), { kinds: [serve.als] }), /damaged or incomplete/, ModelError);
  }
  assert.is((await deserialize(bytes, { kinds: [als] })).userFactors.cols, 4);
});

test.run();
