// Items that nobody has, placed by their features: for every kind with rows of items.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, deserialize, digest, type Model, placeByFeatures, recommend, serialize } from '../../src/index.ts';
import { clustered, modelKinds, smallOptions } from '../fixtures.ts';

const test = suite('placeByFeatures');
/** The items of four tastes, two of each without interactions. */
const whole = clustered(60, 48);
const COLD = new Set(Array.from(whole.items).filter((id) => Number(id.slice(1)) >= 40));
const data = whole.filter((_, __, item) => !COLD.has(whole.items.at(item)!));

for (const kind of modelKinds) {
  test(`${kind.name}`, async () => {
    const model: Model = await kind.fit(data, smallOptions(kind.name));
    const before = await digest(model);
    if (!(kind.capabilities as readonly string[]).includes('factors')) {
      assert.throws(() => placeByFeatures(model, data), /has no rows of items to place/);
      return;
    }
    const { model: placed, report } = placeByFeatures(model, data);
    assert.is(report.placed, COLD.size);
    assert.ok(report.error < 1, `${report.error}: features say something`);
    assert.is(await digest(model), before, 'the model is as it was');
    const tasteOf = (id: string): number => Number(id.slice(1)) % 4;
    const candidates = [...COLD];
    const share = (serving: Model): number => {
      const users = [...data.users].filter((id) => data.itemsOf(data.users.indexOf(id)).length > 2);
      const lists = recommend(serving, users, { k: 2, candidates, data });
      const hits = lists.map((list, n) => list.filter(({ item }) => tasteOf(item) === Number(users[n].slice(1)) % 4).length / 2);
      return hits.reduce((sum, hit) => sum + hit, 0) / hits.length;
    };
    assert.ok(share(placed) > 0.5, `${share(placed)} of their own taste, a quarter by chance`);
    assert.is(await digest(await deserialize(await serialize(placed))), await digest(placed));
    if (kind.name === 'als') assert.ok(share(model) < 0.5, `the control: without rows it is chance (${share(model)})`);
    // Shuffled features say nothing: the map must see that on the items that it holds out.
    const shuffled = new Map(
      Array.from(data.features, ([name, { dims, present, values }]) => [
        name,
        { dims, present, values: values.map((_, at) => values[(((Math.floor(at / dims) * 31 + 7) % 48) >> 2) * 4 * dims + (at % dims)]) },
      ]),
    );
    const blind = new Dataset({ ...data, features: shuffled });
    assert.ok(placeByFeatures(model, blind).report.error > report.error, 'the control: features that say nothing');
  });
}

test('without features, with too few items or with other data it is refused', async () => {
  const als = modelKinds.find(({ name }) => name === 'als')!;
  const bare = new Dataset({ ...data, features: new Map() });
  const model: Model = await als.fit(bare, smallOptions('als'));
  assert.throws(() => placeByFeatures(model, bare), /takes their features, and the data have none/);
  assert.throws(() => placeByFeatures(model, whole), /not those that the model was trained on/);
  assert.throws(() => placeByFeatures(model, data, { seeds: 1 } as never), /no option "seeds"/);
  const few = data.filter((_, __, item) => item < 5);
  assert.throws(() => placeByFeatures(fewModel, few), /at least 10 items/);
});
const few = data.filter((_, __, item) => item < 5);
const fewModel: Model = await modelKinds.find(({ name }) => name === 'als')!.fit(few, smallOptions('als'));

test.run();
