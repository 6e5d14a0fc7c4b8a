// A store over the memory driver: what it holds, what events do to it, what it refuses, and that replicas agree.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  als,
  bpr,
  Dataset,
  DatasetBuilder,
  digest,
  ease,
  evaluate,
  itemKnn,
  MODELS,
  type ModelKind,
  popularity,
  recommend,
  splitDataset,
} from '../../src/index.ts';
import { createStore, memoryStorage, openStore, type Storage, type Store } from '../../src/store/index.ts';
import { clustered, smallOptions } from '../fixtures.ts';

const test = suite('store');

const whole = clustered();
const split = splitDataset(whole, 'per-user:0.8,0.1,0.1', 3);
const { train, validation, test: heldOut, unseen } = split;
const titled = new Dataset({
  ...train,
  titles: new Map([
    [0, 'Ä first'],
    [5, 'Sixth'],
  ]),
});

async function made(kind: ModelKind = als, storage: Storage = memoryStorage()): Promise<{ storage: Storage; store: Store }> {
  const model = await kind.fit(titled, smallOptions(kind.name));
  return { storage, store: await createStore(storage, { model, train: titled, validation, test: heldOut, unseen }) };
}

async function refused(work: () => Promise<unknown>, text: RegExp): Promise<void> {
  const error: Error | undefined = await work().then(
    () => undefined,
    (thrown) => thrown,
  );
  assert.ok(error, `not refused: ${text}`);
  assert.match(error!.message, text);
}

/** All bytes, and whether a text is in them, in UTF-8 or UTF-16. */
async function holds(storage: Storage, text: string): Promise<boolean> {
  const latin = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const wanted = [text, [...text].map((letter) => `${letter}\0`).join(''), [...text].map((letter) => `\0${letter}`).join('')];
  for (const key of await storage.keys('')) {
    const found = latin((await storage.read(key))!);
    if (wanted.some((each) => found.includes(each))) return true;
  }
  return false;
}

for (const kind of Object.values(MODELS)) {
  test(`${kind.name}: what is opened is what was made, and one list needs not all of it`, async () => {
    const { storage, store } = await made(kind);
    const reads: string[] = [];
    const opened = await openStore({
      ...storage,
      read: (key) => {
        reads.push(key);
        return storage.read(key);
      },
    });
    const { model, parts } = await store.state();
    for (const user of ['u3', 'u59']) {
      assert.equal(await opened.recommend(user, { k: 6 }), recommend(model, user, { k: 6, data: parts.train }));
    }
    assert.ok(!reads.some((key) => /^(validation|test|unseen|features)\//.test(key)), reads.join(' '));
    const again = await opened.state();
    assert.is(await digest(again.model), await digest(model));
    assert.is(again.model.provenance.fingerprint, again.parts.train.fingerprint());
    assert.equal(again.model.record, JSON.parse(JSON.stringify(model.record)));
    assert.equal(again.parts.train.titles, titled.titles);
    assert.equal(again.parts.test.userItems, heldOut.userItems);
    assert.equal([...again.parts.train.features.keys()], [...titled.features.keys()]);
    assert.equal(again.parts.train.features.get('text')!.values, titled.features.get('text')!.values);
    assert.equal(evaluate(again.model, again.parts.train, again.parts.test), evaluate(model, titled, heldOut));
  });
}

test('values, times and long rows come back as they were', async () => {
  const builder = new DatasetBuilder();
  for (let u = 0; u < 600; u++)
    for (let i = 0; i < 30; i++) builder.add(`u${u}`, `item ${(u * 7 + i * i) % 900}`, 1 + ((u + i) % 7) / 3, 1e12 + u * 1000.5 + i);
  const data = builder.build();
  const model = await popularity.fit(data);
  const storage = memoryStorage();
  await createStore(storage, { model, train: data });
  const { parts } = await (await openStore(storage)).state();
  assert.equal(parts.train.userItems, data.userItems);
  assert.equal(parts.train.times, data.times);
});

test('learning rewrites few blocks, and is there when the store is opened anew', async () => {
  const { storage, store } = await made();
  const written: string[] = [];
  const own = await openStore({
    ...storage,
    write: (changes) => {
      written.push(...changes.keys());
      return storage.write(changes);
    },
  });
  const { event, report } = await own.learn({
    interactions: [
      { user: 'u3', item: 'i2', value: 4 },
      { user: 'new', item: 'i2' },
    ],
  });
  assert.is(event.number, 1);
  assert.equal(event.counts, { users: 1, items: 0, interactions: 2, changed: 0 });
  assert.is(report.stage, 'a');
  assert.ok(written.includes('head') && written.includes('journal/000000000001') && !written.some((key) => key.startsWith('items/')));
  const opened = await openStore(storage);
  assert.is(opened.event, 1);
  assert.is(opened.digest, event.digest);
  assert.not.equal(opened.digest, store.digest);
  assert.ok((await opened.recommend('new', { k: 3 })).length === 3);
  assert.equal((await opened.status()).pending, { forget: 0, stages: ['b', 'c'] });
  const done = await opened.converge();
  assert.equal(
    done.map(({ event: { kind, stage } }) => `${kind} ${stage}`),
    ['converge b', 'converge c'],
  );
  assert.equal((await opened.status()).pending.stages, []);
  assert.equal(await opened.converge(), []);
});

test('a promise is kept in every list at once, before any number moves, and after opening anew', async () => {
  const { storage, store } = await made();
  const before = store.digest;
  const [best] = await store.recommend('u3', { k: 1 });
  const { event } = await store.suppress({ users: ['u7'], items: [best.item] });
  assert.is(event.digest, before);
  for (const each of [store, await openStore(storage)]) {
    assert.equal(await each.recommend('u7'), []);
    assert.ok(!(await each.recommend('u3', { k: 100 })).some(({ item }) => item === best.item));
    await refused(() => each.similar(best.item), /is not in the model/);
    assert.is((await each.status()).pending.forget, 1);
  }
  await refused(
    () => store.learn({ interactions: [{ user: 'u7', item: 'i1' }] }),
    /interactions\[0\] names user "u7", who is being forgotten/,
  );
  await store.work();
  await refused(() => store.recommend('u7'), /user "u7" is not in the model/);
  assert.is((await store.status()).pending.forget, 0);
  assert.not.equal(store.digest, before);
});

test('after a forgetting no byte of the storage names who was forgotten, nor does any event', async () => {
  const { storage, store } = await made();
  await store.learn({
    interactions: [
      { user: 'Zoë Quux', item: 'i2' },
      { user: 'u1', item: 'Item Quux' },
    ],
    titles: { 'Item Quux': 'A Quux title' },
  });
  await store.learn({ interactions: [{ user: 'u1', item: 'i3' }] });
  for (const text of ['Quux', 'u1"']) assert.ok(await holds(storage, text), `${text} was never there: the search has no power`);
  await store.forget({ users: ['Zoë Quux'], items: ['Item Quux'] });
  assert.not(await holds(storage, 'Quux'));
  const events = [];
  for await (const event of store.events()) events.push(event);
  assert.equal(
    events.map(({ kind, blanked, learn, forget }) => [kind, blanked ?? false, learn !== undefined, forget !== undefined]),
    [
      ['learn', true, false, false],
      ['learn', false, true, false],
      ['forget', true, false, false],
      ['forgotten', false, false, false],
    ],
  );
  assert.ok(events.every(({ digest: each, time }) => each.length === 64 && time > 0));
});

test('two promises that name the same person: the second does not keep what the first has taken away', async () => {
  const { storage, store } = await made();
  await store.learn({ interactions: [{ user: 'Zoë Quux', item: 'i2' }] });
  await store.suppress({ users: ['Zoë Quux'] });
  await store.suppress({ users: ['Zoë Quux', 'u4'] });
  await store.suppress({ interactions: [['Zoë Quux', 'i2']] });
  await store.work();
  assert.not(await holds(storage, 'Quux'));
  assert.is((await store.converge()).filter(({ event }) => event.kind === 'forgotten').length, 2);
  assert.ok((await store.state()).parts.train.users.indexOf('u4') < 0);
});

for (const kind of [ease, itemKnn, popularity] as ModelKind[]) {
  test(`${kind.name}: compacted, the digest is that of a fresh fit on the same data`, async () => {
    const { store } = await made(kind);
    await store.learn({
      interactions: [
        { user: 'a new one', item: 'i10' },
        { user: 'u2', item: 'another', value: 2 },
      ],
    });
    await store.forget({ users: ['u5'], items: ['i7'] });
    const { event } = await store.compact();
    const { parts, model } = await store.state();
    assert.ok(parts.train.users.canonical && parts.train.items.canonical);
    const fresh = new DatasetBuilder();
    const { indptr, indices, data } = parts.train.userItems;
    for (let u = 0; u < parts.train.users.size; u++)
      for (let e = indptr[u]; e < indptr[u + 1]; e++) fresh.add(parts.train.users.at(u)!, parts.train.items.at(indices[e])!, data[e]);
    // Ids that have rows in the held-out parts only keep their places.
    const gold = await kind.fit(fresh.build().alignTo(parts.train.users, parts.train.items), model.options);
    assert.is(event.digest, await digest(gold));
    assert.is((await store.status()).retrainDue, false);
  });
}

test('what contradicts the store is refused by name, and nothing has changed', async () => {
  const { storage, store } = await made();
  const before = await Promise.all((await storage.keys('')).map((key) => storage.read(key)));
  await refused(() => store.forget({ users: ['nobody'] }), /user "nobody" is unknown/);
  await refused(() => store.forget({ interactions: [['u1', 'i39']] }), /interaction of user "u1" with item "i39"/);
  await refused(() => store.forget({}), /names nothing/);
  await refused(() => store.learn({ interactions: [{ user: 'u1', item: 'i1', value: -1 }] }), /interactions\[0\].*above 0, got -1/);
  await refused(() => store.learn({ features: { text: { i1: [1] } } }), /expected 6 numbers, got 1/);
  await refused(() => store.learn({ users: ['u1'] }), /"u1", is in the data already/);
  await refused(() => store.learn({ users: ['x'] }, { method: 'magic' }), /"method" expected one of/);
  await refused(() => store.learn({ users: ['x'] }, { method: 'downdate' }), /learns by converge/);
  await refused(() => createStore(storage, { model: null as never, train }), /model/);
  assert.equal(await Promise.all((await storage.keys('')).map((key) => storage.read(key))), before);
  assert.is(store.event, 0);
});

test('a write that fails leaves the store as it was, in memory too, and it goes on', async () => {
  const { storage } = await made();
  let full = true;
  const store = await openStore({
    ...storage,
    write: async (changes) => {
      if (full) throw new Error('no space left on the device');
      await storage.write(changes);
    },
  });
  const before = store.digest;
  await refused(() => store.learn({ interactions: [{ user: 'u3', item: 'i2' }] }), /no space left/);
  assert.is(store.digest, before);
  assert.is(store.event, 0);
  full = false;
  assert.is((await store.learn({ interactions: [{ user: 'u3', item: 'i2' }] })).event.number, 1);
});

test('a damaged, missing or misplaced block is named, and so is a newer format', async () => {
  const { storage } = await made();
  for (const key of ['users/000000', 'items/000000', 'train/000000', 'model/0/000000', 'head']) {
    const good = (await storage.read(key))!;
    const bad = good.slice();
    bad[bad.length >> 1] ^= 1;
    for (const [content, text] of [
      [bad, /is damaged: its checksum/],
      [null, key === 'head' ? /no store in it/ : /is missing/],
      [good.slice(0, 3), /is damaged: it is cut short/],
    ] as const) {
      await storage.write(new Map([[key, content]]));
      await refused(
        async () => (await openStore(storage)).state(),
        key === 'head' && content === null ? text : new RegExp(`"${key}" ${text.source}`),
      );
    }
    await storage.write(new Map([[key, good]]));
  }
  const [one, other] = [(await storage.read('train/000000'))!, (await storage.read('test/000000'))!];
  await storage.write(new Map([['train/000000', other]]));
  await refused(async () => (await openStore(storage)).state(), /"train\/000000" is damaged/);
  await storage.write(new Map([['train/000000', one]]));
  assert.is((await (await openStore(storage)).state()).parts.train.interactions, train.interactions);
});

test('replicas that apply the same events have the same digest after each, and one begins from a copy', async () => {
  const { store } = await made();
  const replica = await store.copyTo(memoryStorage());
  const mixed = async (own: Store, n: number): Promise<void> => {
    if (n % 4 === 3) await own.forget({ users: [`u${20 + n}`] });
    else if (n % 4 === 2) await own.converge({ stage: 'b' });
    else
      await own.learn({
        interactions: [
          { user: `u${n}`, item: `i${(n * 11) % 40}`, value: 5 },
          { user: `n${n}`, item: `i${n}` },
        ],
      });
  };
  let seen = 0;
  const follow = async (): Promise<void> => {
    for await (const event of store.events(seen + 1)) {
      if (event.blanked && event.number > replica.event) throw new Error('too late');
      await replica.apply(event);
      seen = event.number;
      assert.is(replica.digest, event.digest);
    }
  };
  for (let n = 0; n < 8; n++) {
    if (n % 4 === 3) {
      // A promise travels before it is carried out: afterwards it names nobody.
      await store.suppress({ users: [`u${20 + n}`] });
      await follow();
      await store.work();
    } else await mixed(store, n);
    await follow();
  }
  assert.is(replica.digest, store.digest);
  assert.is((await replica.state()).parts.train.fingerprint(), (await store.state()).parts.train.fingerprint());
  await refused(() => replica.apply({ kind: 'compact', number: 1, time: 0, digest: '' }), /expected event \d+, got 1/);
  const next = replica.event + 1;
  await refused(() => replica.apply({ kind: 'retrain', number: next, time: 0, digest: 'f00' }), /expected the digest f00, led to/);
  await refused(() => replica.apply({ kind: 'learn', number: next, time: 0, digest: 'f00', blanked: true }), /has lost its content/);
  assert.is(replica.digest, store.digest);
});

test('a network learns and forgets by what suits it, and says when a retrain is due', async () => {
  const { store } = await made(bpr);
  assert.is((await store.status()).retrainDue, false);
  await store.configure({ retrainAfter: 0.001, forget: { method: 'finetune', options: { epochs: 1 } } });
  const { report } = await store.forget({ users: ['u8'] });
  assert.is(report.method, 'finetune');
  const status = await store.status();
  assert.is(status.retrainDue, true);
  assert.match(status.why, /% of the interactions came or left since it was trained, at event 0/);
  await store.retrain();
  assert.is((await store.status()).retrainDue, false);
});

test.run();
