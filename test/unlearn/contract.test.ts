// What every unlearning method must do with every model that it is compatible with.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  compareIds,
  compatible,
  DataError,
  DatasetBuilder,
  deserialize,
  digest,
  type ForgetRequest,
  forget,
  gold,
  type Model,
  ModelError,
  type ModelKind,
  partitionOf,
  popularity,
  recommend,
  serialize,
  UNLEARNERS,
  type Unlearner,
} from '../../src/index.ts';
import { clustered, modelKinds, smallOptions } from '../fixtures.ts';

const REQUESTS: Record<string, ForgetRequest> = {
  'a user': { users: ['u3'] },
  'an item': { items: ['i5'] },
  interactions: {
    interactions: [
      ['u0', 'i0'],
      ['u7', 'i9'],
    ],
  },
  'a mix': { users: ['u1', 'u2'], items: ['i8'], interactions: [['u0', 'i0']] },
};

const requests = suite('forget requests');
requests('a text where a list belongs is refused, and not read letter by letter', () => {
  const builder = new DatasetBuilder();
  for (const user of ['1', '2', '12']) for (const item of ['a', 'b']) builder.add(user, item);
  const data = builder.build();
  const refused = (request: object, message: RegExp) => assert.throws(() => partitionOf(data, request as ForgetRequest), message);
  refused({ users: '12' }, /"users" expected an array, got "12"/);
  refused({ items: 'ab' }, /"items" expected an array, got "ab"/);
  refused({ interactions: ['1a'] }, /"an interaction" expected an array, got "1a"/);
  assert.equal([...partitionOf(data, { users: ['12'] }).retain.users], ['1', '2']);
});
requests('a missing method is named', async () => {
  const data = clustered();
  const model = await popularity.fit(data);
  const error = await forget(model, data, REQUESTS['a user'], {} as never).catch((e) => e);
  assert.instance(error, TypeError);
  assert.match(error.message, /"method" expected an unlearning method, such as retrain, got undefined/);
});
requests.run();

const data = clustered();
/** One model of each kind serves all methods: they leave it as it is, and every test below would see it if they did not. */
const trained = new Map<ModelKind, Promise<Model>>();
function modelOf(kind: ModelKind): Promise<Model> {
  if (!trained.has(kind)) trained.set(kind, kind.fit(data, smallOptions(kind.name)));
  return trained.get(kind)!;
}

for (const method of Object.values(UNLEARNERS) as Unlearner[]) {
  for (const kind of modelKinds) {
    const test = suite(`${method.name} on ${kind.name}`);

    if (!compatible(kind, method)) {
      test('is refused, and says what is missing', async () => {
        const model = await modelOf(kind);
        const error = await forget(model, data, REQUESTS['a user'], { method }).catch((e) => e);
        assert.instance(error, ModelError);
        assert.match(error.message, /works on models that .*; choose another method/);
      });
      test.run();
      continue;
    }

    for (const [name, request] of Object.entries(REQUESTS)) {
      test(`forgets ${name}`, async () => {
        const model = await modelOf(kind);
        const before = await serialize(model);
        const { model: unlearned, data: retained, partition, report } = await forget(model, data, request, { method });
        assert.equal(await serialize(model), before, 'the given model has changed');
        assert.is(report.digestBefore, await digest(model));
        assert.is(report.digestAfter, await digest(unlearned));
        assert.is(report.exactness, method.exactness);
        assert.is(report.forgotten.users, request.users?.length ?? 0);
        assert.is(report.forgotten.items, request.items?.length ?? 0);
        assert.is(retained.interactions, data.interactions - report.forgotten.interactions);
        assert.is(unlearned.provenance.fingerprint, retained.fingerprint());
        if (method.exactness === 'exact') {
          assert.is(report.digestAfter, await digest(await gold(model, partition, { positions: 'compacted' })));
          assert.is.not(report.digestAfter, report.digestBefore, 'the original passes the same check');
        }
        const bytes = await serialize(unlearned);
        const text = new TextDecoder('latin1').decode(bytes);
        const original = new TextDecoder('latin1').decode(before);
        for (const id of [...(request.users ?? []), ...(request.items ?? [])]) {
          assert.ok(original.includes(`"${id}"`), 'the check sees ids at all');
          assert.not(text.includes(`"${id}"`), `${id} is still in the saved bytes`);
        }
        assert.ok(unlearned.users.whole && unlearned.items.whole, 'a hole tells who left');
        assert.equal([...unlearned.users], [...retained.users].sort(compareIds));
        assert.equal([...unlearned.items], [...retained.items].sort(compareIds));
        const loaded = await deserialize(bytes);
        const users = [...retained.users];
        const lists = recommend(loaded, users, { k: 50, data: retained });
        assert.equal(lists, recommend(unlearned, users, { k: 50, data: retained }));
        for (const id of request.items ?? []) assert.not(lists.flat().some((r) => r.item === id));
        for (const id of request.users ?? []) assert.throws(() => recommend(unlearned, id), /is not in the model/);
      });
    }

    test('with positions kept, nobody else moves: rows of the deleted are empty, scores are those of the compacted model', async () => {
      const model = await modelOf(kind);
      const request = REQUESTS['a mix'];
      const run = (positions: 'kept' | 'compacted') => forget(model, data, request, { method, positions });
      const [kept, compact] = [await run('kept'), await run('compacted')];
      assert.is(kept.report.positions, 'kept');
      assert.equal([kept.model.users.size, kept.model.users.live], [data.users.size, data.users.size - 2]);
      for (const id of kept.data.users) assert.is(kept.model.users.indexOf(id), data.users.indexOf(id));
      assert.is(kept.data.fingerprint(), compact.data.fingerprint());
      for (const [matrix, positions] of [
        ['userFactors', kept.partition.users],
        ['itemFactors', kept.partition.items],
      ] as const) {
        const rows = kept.model.parameters.get(matrix);
        if (rows && kind.name === 'als') for (const p of positions) assert.ok(rows.row(p).every((v) => Object.is(v, 0)));
      }
      if (method.exactness === 'exact') assert.is(kept.report.digestAfter, await digest(await gold(model, kept.partition)));
      if (method.name === 'retrain') return; // draws of negatives go by positions: two trainings, both gold
      const users = [...compact.data.users];
      const lists = recommend(compact.model, users, { k: 5, data: compact.data });
      assert.equal(recommend(kept.model, users, { k: 5, data: kept.data }), lists);
    });

    test('the order of ids in a request changes nothing', async () => {
      const model = await modelOf(kind);
      const run = async (users: string[]) => (await forget(model, data, { users }, { method })).report.digestAfter;
      assert.is(await run(['u1', 'u2', 'u9']), await run(['u9', 'u1', 'u2', 'u1']));
    });

    test('refuses the unknown, nothing, everything and foreign data, and changes nothing', async () => {
      const model = await modelOf(kind);
      const before = await digest(model);
      const failure = (request: ForgetRequest, more: object = {}, on = data) =>
        forget(model, on, request, { method, ...more }).then(
          () => undefined,
          (e) => e,
        );
      assert.match((await failure({ users: ['nobody'] })).message, /user "nobody" is unknown/);
      assert.match((await failure({ items: ['__proto__'] })).message, /item "__proto__" is unknown/);
      assert.match((await failure({ interactions: [['u0', 'nothing']] })).message, /"u0" with item "nothing" is not in the training data/);
      assert.is(await failure({ users: ['nobody', 'u3'] }, { ignoreUnknown: true }), undefined);
      assert.instance(await failure({}), RangeError);
      assert.match((await failure({ users: ['nobody'] }, { ignoreUnknown: true })).message, /names nothing/);
      assert.match((await failure({ users: [...data.users] })).message, /is everything/);
      assert.match((await failure({ modality: { name: 'image' } })).message, /modality "image" is not in the data/);
      const other = data.filter((e) => e !== 11);
      const error = await failure({ users: ['u3'] }, {}, other);
      assert.instance(error, DataError);
      assert.match(error.message, /not those that the model was trained on/);
      assert.match((await failure({ users: ['u3'] }, { options: { nonsense: 1 } })).message, /knows no option "nonsense"/);
      assert.is(await digest(model), before);
    });

    test.run();
  }
}
