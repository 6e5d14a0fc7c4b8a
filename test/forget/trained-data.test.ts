// A model's data found again in what was read anew, after every kind of forgetting; and what must not be taken for them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  als,
  bpr,
  compare,
  compatible,
  contendersOf,
  DataError,
  Dataset,
  deserialize,
  type ForgetRequest,
  forget,
  generate,
  gold,
  joinParts,
  type Model,
  type ModelKind,
  partitionOf,
  popularity,
  readDataset,
  retrain,
  serialize,
  splitDataset,
  trainedData,
  UNLEARNERS,
  type Unlearner,
} from '../../src/index.ts';

const test = suite('trained data');
const data = await generate({ users: 80, items: 40, interactions: 1600, modalities: { text: 4, image: 3 } });
const RULE = 'per-user:0.8,0.1,0.1';
const { train, validation, test: held } = splitDataset(data, RULE, 5);
const model = await popularity.fit(train);

async function forgotten(request: ForgetRequest, from: Model = model, rows: Dataset = train): Promise<{ model: Model; data: Dataset }> {
  const { model: unlearned, data: retained } = await forget(from, rows, request, { method: retrain, digests: false });
  return { model: await deserialize(await serialize(unlearned)), data: retained };
}
async function assertRejects(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: Error) => reason,
  );
  assert.match(error?.message ?? 'nothing was refused', message);
}
const refused = (error: unknown): boolean => error instanceof DataError && /not those that the model was trained on/.test(error.message);
const pairOf = (rows: Dataset, user: number): [string, string] => [rows.users.at(user)!, rows.items.at(rows.itemsOf(user)[0])!];

test('the recorded split is drawn again', () => {
  const found = trainedData(model, data);
  assert.equal(
    [found.train.fingerprint(), found.validation.fingerprint(), found.test.fingerprint()],
    [train, validation, held].map((part) => part.fingerprint()),
  );
  assert.is(found.staleInteractions, 0);
});

test('ids that were forgotten are left out of the data, wherever they stand', async () => {
  const { model: unlearned } = await forgotten({ users: ['3', '4'], items: ['7'] });
  const found = trainedData(unlearned, data);
  assert.is(found.train.fingerprint(), unlearned.provenance.fingerprint);
  assert.is(found.test.users.indexOf('3'), -1);
  assert.is(found.test.items.indexOf('7'), -1);
});

test('other data, another seed of the split and other values are refused', async () => {
  const other = await generate({ users: 80, items: 40, interactions: 1600, seed: 2 });
  assert.throws(() => trainedData(model, other), refused);
  const moved = await popularity.fit(splitDataset(data, RULE, 6).train);
  const lying = {
    ...moved,
    kind: moved.kind,
    users: moved.users,
    items: moved.items,
    provenance: { ...moved.provenance, split: { rule: RULE, seed: 5 } },
  } as Model;
  assert.throws(() => trainedData(lying, data), refused);
});

test('single interactions: told by their number, accepted only where asked for, refused where the number differs', async () => {
  const interactions = [pairOf(train, 1), pairOf(train, 2), pairOf(train, 3)];
  const { model: unlearned, data: retained } = await forgotten({ interactions });
  assert.equal(unlearned.provenance.split.forgotten, { interactions: 3, before: train.interactions });
  assert.throws(() => trainedData(unlearned, data), /forgotten single interactions/);
  assert.is(trainedData(unlearned, data, { allowStale: true }).staleInteractions, 3);
  const text = new TextDecoder().decode(await serialize(unlearned));
  for (const pair of interactions) assert.not.match(text, new RegExp(`"${pair[0]}"[^\\]]{0,20}"${pair[1]}"[^\\]]{0,9}\\]\\]`));
  // Data that lack a row which nobody forgot pass for the model's: numbers alone cannot tell. More missing than forgotten cannot.
  const [user, item] = pairOf(train, 40);
  const lacking = data.filter((_, u, i) => data.users.at(u) !== user || data.items.at(i) !== item);
  assert.is(trainedData(unlearned, lacking, { allowStale: true }).staleInteractions, 2);
  assert.throws(
    () =>
      trainedData(
        unlearned,
        data.filter((_, user) => user > 10),
        { allowStale: true },
      ),
    refused,
  );

  // Forgetting goes on from the retained rows, and the old data still serve.
  const { model: further } = await forgotten({ users: ['9'] }, unlearned, retained);
  assert.is(trainedData(further, data, { allowStale: true }).staleInteractions, 3);
});

test('retained rows that carry their parts are recognised, whatever the rule', async () => {
  for (const rule of [RULE, 'leave-one-out']) {
    const parts = splitDataset(data, rule, 5);
    const { model: unlearned, data: retained } = await forgotten(
      { items: ['7', '8', '9'] },
      await popularity.fit(parts.train),
      parts.train,
    );
    const joined = joinParts({ train: retained, validation: parts.validation, test: parts.test }).filter(
      (_, u, i) => retained.users.at(u) !== null && retained.items.at(i) !== null,
    );
    assert.is(trainedData(unlearned, joined).train.fingerprint(), unlearned.provenance.fingerprint, rule);
  }
});

test('joinParts is the inverse of splitDataset', () => {
  const joined = joinParts({ train, validation, test: held });
  assert.equal([joined.fingerprint(), joined.interactions], [data.fingerprint(), data.interactions]);
  const again = splitDataset(joined, 'given');
  assert.equal([again.train.fingerprint(), again.test.fingerprint()], [train.fingerprint(), held.fingerprint()]);
  const { indptr, indices } = joined.userItems;
  for (let u = 0; u < joined.users.size; u++) for (let e = indptr[u] + 1; e < indptr[u + 1]; e++) assert.ok(indices[e - 1] < indices[e]);
});

test('features that were revoked do not come back with the data, nor do ids of deleted items stay in the record', async () => {
  const { model: unlearned, data: retained } = await forgotten({ modality: { name: 'text', items: ['1', '2'] } });
  assert.equal(unlearned.provenance.split.revoked, { text: ['1', '2'] });
  const found = trainedData(unlearned, data).train.features;
  assert.equal([found.get('text')!.present[1], found.get('text')!.present[3], found.get('image')!.present[1]], [0, 1, 1]);
  assert.ok(
    found
      .get('text')!
      .values.subarray(4, 12)
      .every((value) => value === 0),
  );
  const { model: further } = await forgotten({ items: ['1'], modality: { name: 'image', items: ['2'] } }, unlearned, retained);
  assert.equal(further.provenance.split.revoked, { text: ['2'], image: ['2'] });
  const again = trainedData(further, data).train;
  assert.is(again.features.get('image')!.present[again.items.indexOf('2')], 0);
});

test('contenders: the original is told from models that have forgotten, and strangers are named', async () => {
  const request = { users: ['3'], items: ['7'] };
  const { model: unlearned } = await forgotten(request);
  const named = (...models: Model[]) => models.map((each, i) => ({ name: `model ${i}`, model: each }));
  assert.is(contendersOf(named(unlearned, model), data, request).original, 1);
  assert.is(contendersOf(named(unlearned), data, request).original, -1);
  assert.throws(() => contendersOf(named(model, unlearned), data, { users: ['4'] }), /model 1 was trained neither/);
  assert.is(contendersOf(named(model), data, undefined).partition.entries.length, 0);
  const modality = { modality: { name: 'text' } };
  const { model: without } = await forgotten(modality);
  assert.is(contendersOf(named(without, model), data, modality).original, 1);
});

test('a model at other positions compares as itself', async () => {
  const options = { factors: 4, iterations: 8, regularization: 2 };
  const request = { users: ['0', '5'], items: ['0'] };
  const original = await als.fit(train, options);
  const partition = partitionOf(train, request);
  // The same rows read from a text that knows nothing of the forgotten: fewer ids, other positions.
  const { userItems, users, items } = partition.retain;
  let text = 'user,item,rating\n';
  for (let u = 0; u < users.size; u++)
    for (let e = userItems.indptr[u]; e < userItems.indptr[u + 1]; e++)
      text += `${users.at(u)},${items.at(userItems.indices[e])},${userItems.data[e]}\n`;
  const fresh = await als.fit(await readDataset(text), options);
  assert.is.not(fresh.users.size, original.users.size);
  const goldModel = await gold(original, partition);
  const { models } = contendersOf(
    [
      { name: 'original', model: original },
      { name: 'fresh', model: fresh },
    ],
    data,
    request,
  );
  const [first, second] = compare(
    models.map((each, i) => ({ name: String(i), model: each })),
    partition,
    { test: held, mask: [validation], gold: goldModel },
  );
  assert.ok(second.scoreDistance! < 1e-4 && second['overlap@20']! > 0.999, JSON.stringify(second));
  assert.ok(
    Math.abs(
      second['recall@20']! - compare([{ name: 'gold', model: goldModel }], partition, { test: held, mask: [validation] })[0]['recall@20']!,
    ) < 1e-9,
  );
  assert.ok(first.scoreDistance! > 100 * second.scoreDistance!, 'negative control');
});

test('what is handed back holds nothing of a deleted item: no title, no features; the others keep theirs', async () => {
  const titled = new Dataset({ ...train, titles: new Map(Array.from({ length: train.items.size }, (_, i) => [i, `title of ${i}`])) });
  const from = await popularity.fit(titled);
  for (const positions of ['kept', 'compacted'] as const) {
    const { data: retained } = await forget(from, titled, { items: ['7'], users: ['3'] }, { method: retrain, positions });
    assert.not.ok([...retained.titles.values()].includes('title of 7'), positions);
    assert.is(retained.titles.get(retained.items.indexOf('8')), 'title of 8');
    const rowOf = (any: Dataset, item: number): string =>
      any.features
        .get('text')!
        .values.subarray(item * 4, item * 4 + 4)
        .join();
    const gone = rowOf(titled, 7);
    for (let item = 0; item < retained.items.size; item++) assert.is.not(rowOf(retained, item), gone, positions);
    assert.is(rowOf(retained, retained.items.indexOf('8')), rowOf(titled, 8));
    if (positions === 'kept') assert.is(retained.features.get('text')!.present[7], 0);
  }
});

test('held-out interactions are forgotten singly, and come back in no part; unknown ones are told', async () => {
  const [user, item] = pairOf(held, 2);
  const request = { interactions: [[user, item] as const] };
  const seenBy = (part: Dataset): boolean => {
    const [u, i] = [part.users.indexOf(user), part.items.indexOf(item)];
    return u >= 0 && part.itemsOf(u).includes(i);
  };
  assert.ok(seenBy(held), 'negative control');
  await assertRejects(forget(model, train, request, { method: retrain }), /is not in the training data/);
  const { heldOut, report, data: retained } = await forget(model, train, request, { method: retrain, heldOut: { validation, test: held } });
  assert.equal([report.heldOut, report.forgotten.interactions, seenBy(heldOut.test!)], [1, 0, false]);
  assert.is(retained.fingerprint(), train.fingerprint());
  const options = { method: retrain, heldOut: { validation, test: held }, ignoreUnknown: true };
  const asked = { interactions: [[user, item] as const, ['nobody', item] as const], users: ['none', '9'] };
  const passed = await forget(model, train, asked, options);
  assert.equal(passed.report.unknown, { users: 1, items: 0, interactions: 1 });
  assert.equal(passed.partition.unknown, { users: ['none'], items: [], interactions: [['nobody', item]] });
  await assertRejects(forget(model, train, asked, { ...options, ignoreUnknown: false }), /user "none" is unknown/);
});

test('held-out interactions alone leave the model its bytes, whatever the method', async () => {
  const parts = { heldOut: { validation, test: held } };
  const cases: [Model, Dataset][] = [
    [await als.fit(train, { factors: 4, iterations: 3 }), train],
    [await bpr.fit(train, { epochs: 2 }), train],
  ];
  const fits = (kind: ModelKind) =>
    (Object.values(UNLEARNERS) as Unlearner[]).filter((m) => m.name !== 'retrain' && m.forgets !== false && compatible(kind, m));
  for (const [from, on] of cases) {
    for (const method of fits(from.kind)) {
      for (const positions of ['kept', 'compacted'] as const) {
        const options = { ...parts, method, positions };
        const { report, heldOut } = await forget(from, on, { interactions: [pairOf(held, 2)] }, options);
        assert.equal([report.status, report.digestAfter, report.heldOut], ['unchanged', report.digestBefore, 1], method.name);
        assert.is(heldOut.test!.interactions, held.interactions - 1);
        const { report: trainedOn } = await forget(from, on, { interactions: [pairOf(train, 2)] }, options);
        assert.is.not(trainedOn.status, 'unchanged', 'negative control');
        if (trainedOn.status !== 'unmoved') assert.is.not(trainedOn.digestAfter, trainedOn.digestBefore, 'negative control');
      }
    }
  }
});

test('an id whose last interaction leaves is no more in the tables, unless it has others elsewhere', async () => {
  const own = Array.from(train.itemsOf(2), (i) => [train.users.at(2)!, train.items.at(i)!] as const);
  const whole = data.itemsOf(2).length;
  assert.ok(own.length < whole, 'some are held out');
  const parts = { heldOut: { validation, test: held } };
  const some = await forget(model, train, { interactions: own }, { method: retrain, ...parts });
  assert.ok(some.model.users.indexOf('2') >= 0, 'held-out interactions are left');
  const all = Array.from(data.itemsOf(2), (i) => [data.users.at(2)!, data.items.at(i)!] as const);
  const none = await forget(model, train, { interactions: all }, { method: retrain, ...parts });
  assert.is(none.model.users.indexOf('2'), -1);
  const kept = await forget(model, train, { interactions: all }, { method: retrain, ...parts, positions: 'kept' });
  assert.ok(kept.model.users.indexOf('2') >= 0);
});

test.run();
