// Lists for people who are not in a model, for every kind: what they are made of, and what they must not depend on.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlsModel, digest, type Model, recommend, recommendFor } from '../../src/index.ts';
import { checkerboard, clustered, IMPERSONAL, modelKinds, smallOptions } from '../fixtures.ts';

const test = suite('recommendFor');
const idsOf = (list: readonly { item: string }[]): string[] => list.map(({ item }) => item);

for (const kind of modelKinds) {
  test(`${kind.name}: a newcomer with even items is recommended even ones, and one with odd items odd ones`, async () => {
    const { data } = checkerboard();
    const model: Model = await kind.fit(data, smallOptions(kind.name));
    const before = await digest(model);
    const even = ['i00', 'i02', 'i04', 'i06'];
    const odd = ['i01', 'i03', 'i05', 'i07'];
    const [forEven, forOdd] = recommendFor(model, [even, odd], { k: 4 });
    assert.is(forEven.length, 4);
    assert.is(await digest(model), before, 'the model is as it was');
    const parity = (list: readonly { item: string }[], rest: number): number =>
      list.filter(({ item }) => Number(item.slice(1)) % 2 === rest).length;
    if (!IMPERSONAL.has(kind.name)) {
      assert.is(parity(forEven, 0), 4, `${idsOf(forEven)}`);
      assert.is(parity(forOdd, 1), 4, `${idsOf(forOdd)}`);
      assert.is.not(parity(forOdd, 0), 4, 'the control: the same list would not do for both');
    }
    assert.equal(
      idsOf(forEven).filter((id) => even.includes(id)),
      [],
      'what they have is left out',
    );
    assert.equal(recommendFor(model, even, { k: 4 }), forEven, 'one at a time as many at once');
    assert.equal(recommendFor(model, [...even].reverse(), { k: 4 }), forEven, 'in any order');
    assert.is(recommendFor(model, even, { k: 16, includeSeen: true }).length, 16);
    assert.equal(idsOf(recommendFor(model, even, { candidates: ['i08', 'i09'] })).sort(), ['i08', 'i09']);
  });
}

test('models of histories and exact rows give a newcomer the list of a user with the same history', async () => {
  const data = clustered();
  for (const name of ['ease', 'item-knn', 'als']) {
    const kind = modelKinds.find((each) => each.name === name)!;
    const model: Model = await kind.fit(data, { ...smallOptions(name), ...(name === 'als' && { iterations: 300 }) });
    const history = Array.from(data.itemsOf(5), (item, n) => ({
      item: data.items.at(item)!,
      value: data.userItems.data[data.userItems.indptr[5] + n],
    }));
    assert.equal(idsOf(recommendFor(model, history, { k: 8 })), idsOf(recommend(model, data.users.at(5)!, { k: 8, data })), name);
    if (model instanceof AlsModel) {
      const { items } = model.rankFor(history, { k: 8 });
      assert.equal(
        idsOf(recommendFor(model, history, { k: 8 })),
        Array.from(items, (i) => model.items.at(i)),
      );
    }
  }
});

test('more histories than the model has users', async () => {
  const { data } = checkerboard(4, 8);
  for (const name of ['ease', 'popularity', 'als']) {
    const kind = modelKinds.find((each) => each.name === name)!;
    const model: Model = await kind.fit(data, smallOptions(name));
    const lists = recommendFor(
      model,
      Array.from({ length: 11 }, (_, n) => [`i0${n % 8}`]),
    );
    assert.is(lists.length, 11);
    assert.equal(lists[9], recommendFor(model, ['i01']), name);
  }
});

test('whoever has nothing is served the most popular items, and the answer says so', async () => {
  const data = clustered();
  const kind = modelKinds.find((each) => each.name === 'bpr')!;
  const model: Model = await kind.fit(data, smallOptions('bpr'));
  const list = recommendFor(model, [], { data, k: 3 });
  assert.is(list.length, 3);
  assert.ok(list.every(({ cold }) => cold === true));
  assert.equal(recommendFor(model, ['gone'], { data, k: 3, ignoreUnknown: true }), list);
  assert.equal(recommendFor(model, [], { onCold: 'empty' }), []);
  assert.throws(() => recommendFor(model, []), /without a history has no training rows/);
  assert.throws(() => recommendFor(model, [], { data, onCold: 'refuse' }), /no training rows/);
});

test('what is no history is refused by name', async () => {
  const { data } = checkerboard();
  const model: Model = await modelKinds.find((each) => each.name === 'ease')!.fit(data);
  assert.throws(() => recommendFor(model, ['gone']), /item "gone" is not in the model/);
  assert.throws(() => recommendFor(model, [{ item: 'i00', value: 0 }]), /above 0, got 0/);
  assert.throws(() => recommendFor(model, [{ item: 'i00', value: Number.NaN }]), /"value"/);
  assert.throws(() => recommendFor(model, [{ item: 'i00', rating: 3 } as never]), /knows no option "rating"/);
  assert.throws(() => recommendFor(model, 'i00' as never), /"history" expected an array/);
  assert.throws(() => recommendFor(model, [['i00'], 'i01'] as never), /"history" expected an array/);
  assert.throws(() => recommendFor(model, ['i00'], { top: 3 } as never), /knows no option "top"/);
  assert.throws(() => recommendFor(model, ['i00'], { k: 0 }), /"k"/);
  assert.throws(() => recommendFor(data as never, ['i00']), /"model" expected a model/);
});

test.run();
