// What every method that learns must do with every kind of model that it works on.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AddedInteraction,
  type Additions,
  compareIds,
  compatible,
  Dataset,
  DatasetBuilder,
  deserialize,
  digest,
  forget,
  gold,
  LEARNERS,
  learn,
  type Model,
  ModelError,
  type ModelKind,
  mmrecun,
  recommend,
  retrain,
  revise,
  serialize,
  type Unlearner,
} from '../../src/index.ts';
import { clustered, modelKinds, smallOptions, withFeatures } from '../fixtures.ts';

const learners = Object.values(LEARNERS) as Unlearner[];

/** The data are read in full, and what is to be learned is kept from the start: both sides of a contract have one source. */
const whole = clustered();
const pairsOf = (data: Dataset): AddedInteraction[] =>
  [...data.users].flatMap((user) => {
    const u = data.users.indexOf(user);
    return Array.from(data.itemsOf(u), (item, n) => ({
      user,
      item: data.items.at(item)!,
      value: data.userItems.data[data.userItems.indptr[u] + n],
    }));
  });
const all = pairsOf(whole);
const LATE_USERS = new Set(['u3', 'u11', 'u59']);
const LATE_ITEMS = new Set(['i5', 'i38']);
const late = all.filter(({ user, item }, n) => LATE_USERS.has(user) || LATE_ITEMS.has(item) || n % 23 === 0);
const early = all.filter((pair) => !late.includes(pair));

function dataOf(pairs: readonly AddedInteraction[]): Dataset {
  const builder = new DatasetBuilder();
  for (const { user, item, value } of pairs) builder.add(user, item, value);
  return withFeatures(builder.build(), 4);
}
const start = dataOf(early);
const end = dataOf(all);
const rowOf = (data: Dataset, name: string, item: string): Float32Array => {
  const { dims, values } = data.features.get(name)!;
  const at = data.items.indexOf(item);
  return values.slice(at * dims, (at + 1) * dims);
};
// The noise of made-up features goes by position: the rows of the whole are learned with the items.
const features = Object.fromEntries(
  ['text', 'audio'].map((name) => [name, Object.fromEntries(Array.from(end.items, (item) => [item, rowOf(end, name, item)]))]),
);
const additions: Additions = { interactions: late, features };

const trained = new Map<ModelKind, Promise<Model>>();
function modelOf(kind: ModelKind): Promise<Model> {
  if (!trained.has(kind)) trained.set(kind, kind.fit(start, smallOptions(kind.name)));
  return trained.get(kind)!;
}

for (const method of learners) {
  for (const kind of modelKinds) {
    const test = suite(`${kind.name} learns by ${method.name}`);
    if (!compatible(kind, method)) {
      test('is refused, and says by what it learns', async () => {
        const error = await learn(await modelOf(kind), start, additions, { method }).catch((e) => e);
        assert.instance(error, ModelError);
        assert.match(error.message, /works on models that .* learns by .*retrain/);
      });
      test.run();
      continue;
    }

    test('interactions of old and new users and items', async () => {
      const model = await modelOf(kind);
      const before = await serialize(model);
      const { model: grown, data, report } = await learn(model, start, additions, { method });
      assert.equal(await serialize(model), before, 'the given model has changed');
      assert.equal(report.learned, { users: 3, items: 2, interactions: late.length, changed: 0 });
      assert.is(report.digestBefore, await digest(model));
      assert.is(report.digestAfter, await digest(grown));
      assert.is(data.fingerprint(), end.fingerprint());
      assert.equal([...data.users], [...end.users]);
      assert.equal([...data.items], [...end.items].sort(compareIds));
      assert.equal(data.userItems, end.userItems);
      assert.equal(data.features, end.features);
      assert.is(grown.provenance.fingerprint, end.fingerprint());
      const fresh = await kind.fit(end, model.options);
      if (report.exactness === 'exact') {
        assert.is(report.digestAfter, await digest(fresh), 'a fresh fit on the union');
        assert.is.not(report.digestBefore, report.digestAfter, 'the original passes the same check');
      }
      const loaded = await deserialize(await serialize(grown));
      const users = [...LATE_USERS];
      const lists = recommend(grown, users, { k: 5, data });
      assert.equal(recommend(loaded, users, { k: 5, data }), lists);
      for (const list of lists) {
        assert.is(list.length, 5);
        assert.ok(list.every(({ score }) => Number.isFinite(score) && score !== 0));
      }
      assert.throws(() => recommend(model, 'u3'), /not in the model/, 'the original does not know the newcomer');
    });

    test('with positions kept, nobody moves and newcomers stand at the end; compacted later, it is the same', async () => {
      const model = await modelOf(kind);
      const kept = await learn(model, start, additions, { method, positions: 'kept' });
      for (const id of start.users) assert.is(kept.data.users.indexOf(id), start.users.indexOf(id));
      assert.equal(
        Array.from({ length: 3 }, (_, n) => kept.data.users.at(start.users.size + n)),
        ['u3', 'u11', 'u59'].sort(compareIds),
      );
      assert.is(kept.data.fingerprint(), end.fingerprint());
      if (kept.report.exactness !== 'exact') return;
      assert.is(kept.report.digestAfter, await digest(await gold(model, kept.partition)));
      if (kind.name === 'bpr') return;
      const settled = await learn(kept.model, kept.data, { interactions: [{ ...all[0], value: 2 }] }, { method });
      const changed = dataOf(all.map((pair, n) => (n === 0 ? { ...pair, value: 2 } : pair)));
      assert.equal([...settled.data.users], [...changed.users]);
      assert.is(settled.report.digestAfter, await digest(await kind.fit(changed, model.options)), 'in canonical order again');
    });

    test('what is learned and forgotten again leaves the start, where the method is exact', async () => {
      if (method.exactness !== 'exact') return;
      const model = await modelOf(kind);
      const grown = await learn(model, start, { interactions: late }, { method });
      const interactions = late.map(({ user, item }) => [user, item] as const);
      const back = await forget(grown.model, grown.data, { interactions }, { method });
      assert.is(back.data.fingerprint(), start.fingerprint());
      if ((await digest(back.model)) !== (await digest(model))) {
        const fresh = await digest(await kind.fit(new Dataset({ ...back.data }), model.options));
        assert.is(await digest(back.model), fresh, 'features of items that came stay: then as a fresh fit on these');
        assert.ok(back.data.items.size !== start.items.size);
      }
      assert.is.not(await digest(grown.model), await digest(model), 'the control: what was learned is in the bytes');
    });

    test('two batches are one, and order is nothing, where the method is exact; else order is nothing', async () => {
      const model = await modelOf(kind);
      const one = await learn(model, start, additions, { method });
      const turned = await learn(model, start, { ...additions, interactions: [...late].reverse() }, { method });
      assert.is(turned.report.digestAfter, one.report.digestAfter);
      if (one.report.exactness !== 'exact') return;
      const first = await learn(model, start, { interactions: late.slice(0, 20) }, { method });
      const second = await learn(first.model, first.data, { interactions: late.slice(20), features }, { method });
      assert.is(second.report.digestAfter, one.report.digestAfter);
      assert.is.not(first.report.digestAfter, one.report.digestAfter, 'the control: half of it is not all');
    });

    test('refuses what contradicts the data, by place and name, and changes nothing', async () => {
      const model = await modelOf(kind);
      const before = await digest(model);
      const user = 'u0';
      const known = start.items.at(start.itemsOf(start.users.indexOf(user))[0])!;
      const refused = async (what: Additions, message: RegExp, on = start): Promise<void> => {
        const error = await learn(model, on, what, { method }).catch((e) => e);
        assert.match(String(error?.message), message);
      };
      await refused({}, /nothing to learn/);
      await refused({ interactions: [{ user, item: known, value: Number.NaN }] }, /interactions\[0\].*"u0".*within the range of float32/);
      await refused({ interactions: [{ user: '', item: known }] }, /interactions\[0\]\.user.*empty/);
      await refused({ interactions: [{ user, item: known, time: 3 }] }, /interactions\[0\].*no time/);
      await refused(
        {
          interactions: [
            { user, item: 'i0' },
            { user, item: 'i0', value: 2 },
          ],
        },
        /interactions\[1\].*contradicts interactions\[0\]/,
      );
      await refused({ users: ['u1'] }, /users\[0\], "u1", is in the data already/);
      await refused({ features: { text: { i0: [1, 2] } } }, /item "i0" in modality "text" expected 6 numbers, got 2/);
      await refused({ features: { image: {} } }, /"image" is not in the data; they have text, audio/);
      await refused({ features: { text: { gone: new Float32Array(6) } } }, /"gone".*neither in the data nor added/);
      await refused({ titles: { gone: 'Title' } }, /"gone".*neither in the data nor added/);
      await refused({ interactions: [{ user, item: known, rating: 1 } as never] }, /no option "rating"/);
      await refused(additions, /do not belong together/, end);
      if (kind.name !== 'als') await refused({ interactions: [{ user, item: 'i0', value: -1 }] }, /interactions\[0\].*above 0, got -1/);
      const contradiction = { learn: { interactions: [{ user, item: known }] }, forget: { users: [user] } };
      const both = await revise(model, start, contradiction, {
        method,
        ...(method.forgets === false && { forgetBy: { method: mmrecun } }),
      }).catch((e) => e);
      assert.match(both.message, /learns an interaction of user "u0" and forgets it/);
      assert.is(await digest(model), before);
    });

    test('learns and forgets in one go', async () => {
      const model = await modelOf(kind);
      if (method.forgets === false) {
        const error = await revise(model, start, { learn: additions, forget: { users: ['u7'] } }, { method }).catch((e) => e);
        assert.match(error.message, /learns and cannot forget/);
      }
      const options = { method, ...(method.forgets === false && { forgetBy: { method: mmrecun, options: { epochs: 1 } } }) };
      const {
        model: revised,
        data,
        report,
      } = await revise(model, start, { learn: { interactions: late }, forget: { users: ['u7'] } }, options);
      assert.is(report.forgotten?.users, 1);
      assert.is(report.learned.interactions, late.length);
      assert.is(data.users.indexOf('u7'), -1);
      assert.is(revised.provenance.fingerprint, dataOf(all.filter(({ user: id }) => id !== 'u7')).fingerprint());
      assert.ok(revised.users.whole && revised.items.whole);
      if (report.exactness === 'exact') assert.is(report.digestAfter, await digest(await kind.fit(data, model.options)));
    });
    test.run();
  }
}

const test = suite('learning');
test('a method that only forgets is refused, and the message says what learns', async () => {
  for (const kind of modelKinds.filter(({ capabilities }) => (capabilities as readonly string[]).includes('gradient')).slice(0, 1)) {
    const error = await learn(await modelOf(kind), start, additions, { method: mmrecun }).catch((e) => e);
    assert.match(error.message, /"mmrecun" forgets and cannot learn; a model of kind ".*" learns by .*retrain/);
  }
});

test('a pair that was held out is held out no more once it is learned', async () => {
  const kind = modelKinds.find(({ name }) => name === 'popularity')!;
  const held = end.filter((entry) => entry % 9 === 0);
  const train = end.filter((entry) => entry % 9 !== 0);
  const model: Model = await kind.fit(train);
  const pair = pairsOf(held)[0];
  const { heldOut, data } = await learn(
    model,
    train,
    { interactions: [pair, { user: 'new', item: 'i0' }] },
    { method: retrain, heldOut: { test: held } },
  );
  assert.is(heldOut.test!.interactions, held.interactions - 1);
  assert.is(heldOut.test!.users.size, data.users.size);
  assert.is(data.interactions, train.interactions + 2);
});
test.run();
