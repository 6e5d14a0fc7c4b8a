// What ALS learns: where it ends is where a retrain ends, and the certificate says so.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AddedInteraction, type AlsModel, als, certify, converge, type Dataset, learn, revise, unlearnAls } from '../../src/index.ts';
import { clustered } from '../fixtures.ts';

const test = suite('ALS learns');
/** At this setting the objective has one stationary point. */
const OPTIONS = { factors: 12, iterations: 10, regularization: 30, alpha: 2, tolerance: 1e-9 };
const data = clustered();
const model: AlsModel = await als.fit(data, OPTIONS);
const NEW: readonly AddedInteraction[] = [
  ...['i0', 'i4', 'i8', 'new1'].map((item) => ({ user: 'u1', item, value: 4 })),
  ...['i1', 'i5', 'i9', 'new1'].map((item) => ({ user: 'fresh1', item, value: 3 })),
  ...['new1', 'new2'].map((item) => ({ user: 'fresh2', item, value: 5 })),
  { user: 'u2', item: data.items.at(data.itemsOf(data.users.indexOf('u2'))[0])!, value: 1.5 },
];

/** ‖XYᵀ − X′Y′ᵀ‖ / ‖X′Y′ᵀ‖. */
function distance(a: AlsModel, b: AlsModel): number {
  let difference = 0;
  let norm = 0;
  for (let u = 0; u < a.users.size; u++) {
    for (let i = 0; i < a.items.size; i++) {
      const score = (m: AlsModel): number => m.userFactors.row(u).reduce((sum, x, c) => sum + x * m.itemFactors.row(i)[c], 0);
      difference += (score(a) - score(b)) ** 2;
      norm += score(b) ** 2;
    }
  }
  return Math.sqrt(difference / norm);
}

test('converge ends where a fresh fit on the union ends, and can be certified; the original cannot', async () => {
  const { model: grown, data: all, report } = await learn(model, data, { interactions: NEW }, { method: converge });
  assert.equal(report.learned, { users: 2, items: 2, interactions: NEW.length - report.learned.changed, changed: report.learned.changed });
  assert.ok(report.learned.changed >= 1);
  const fresh = await als.fit(all, OPTIONS);
  assert.ok(distance(grown as AlsModel, fresh) < 1e-4, `${distance(grown as AlsModel, fresh)}`);
  const certificate = await certify(grown, all);
  assert.is(certificate.status, 'certified', JSON.stringify(certificate));
  const request = { forget: { users: ['fresh1', 'fresh2'] } };
  const early = await revise(grown, all, request, { method: converge, options: { stage: 'a' } });
  assert.is.not((await certify(early.model, early.data)).status, 'certified', 'the control: stage a alone is not there yet');
});

test('stage a and the local pass solve the touched rows and no others; newcomers have rows of their own', async () => {
  for (const [method, options] of [
    [converge, { stage: 'a' }],
    [unlearnAls, { local: true }],
  ] as const) {
    const { model: grown, data: all } = await learn(model, data, { interactions: NEW }, { method, options } as never);
    const touched = new Set(NEW.map(({ user }) => user));
    for (const id of data.users) {
      const before = [...model.userFactors.row(model.users.indexOf(id))];
      const after = [...(grown as AlsModel).userFactors.row(grown.users.indexOf(id))];
      if (touched.has(id)) assert.not.equal(after, before, `${id} by ${method.name}`);
      else assert.equal(after, before, `${id} by ${method.name}`);
    }
    const lengthOf = (m: AlsModel, side: 'users' | 'items', id: string): number =>
      (side === 'users' ? m.userFactors : m.itemFactors).row(m[side].indexOf(id)).reduce((sum, x) => sum + x * x, 0);
    for (const id of ['fresh1', 'fresh2']) assert.ok(lengthOf(grown as AlsModel, 'users', id) > 1e-4, id);
    for (const id of ['new1', 'new2']) assert.ok(lengthOf(grown as AlsModel, 'items', id) > 1e-4, id);
    assert.is(all.users.size, data.users.size + 2);
  }
});

test('a user and an item who have nothing but each other are learned too', async () => {
  const apart = { interactions: [{ user: 'lone', item: 'alone', value: 50 }] };
  const options = { ...OPTIONS, regularization: 0.5 };
  const started: AlsModel = await als.fit(data, options);
  const { model: grown } = await learn(started, data, apart, { method: converge });
  const row = (grown as AlsModel).userFactors.row(grown.users.indexOf('lone'));
  assert.ok(
    row.some((x) => Math.abs(x) > 1e-3),
    `${[...row]}`,
  );
});

test('thirty batches in a row end where one retrain ends', async () => {
  let [now, on]: [AlsModel, Dataset] = [model, data];
  for (let n = 0; n < 30; n++) {
    const learned = { interactions: [{ user: `fresh${n % 7}`, item: `i${(n * 11) % 40}`, value: 1 + (n % 5) }] };
    const forgotten = { interactions: [[on.users.at(n)!, on.items.at(on.itemsOf(n)[0])!] as const] };
    const next = await revise(now, on, { learn: learned, forget: forgotten }, { method: converge });
    [now, on] = [next.model as AlsModel, next.data];
  }
  const fresh = await als.fit(on, OPTIONS);
  assert.ok(distance(now, fresh) < 1e-4, `${distance(now, fresh)}`);
  assert.ok(distance(await als.fit(on, { ...OPTIONS, regularization: 33 }), fresh) > 1e-3, 'the control: another model is farther');
  assert.is((await certify(now, on)).status, 'certified');
});

test.run();
