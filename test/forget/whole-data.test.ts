// What a model says of itself can refuse a certificate, and never make one: rows that the model does not know are not left out.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { splitDataset } from '../../src/data/split.ts';
import { partitionOf } from '../../src/forget/request.ts';
import { contendersOf } from '../../src/forget/trained-data.ts';
import { wholeRetain } from '../../src/forget/whole-data.ts';
import { certify } from '../../src/judge/certify.ts';
import type { Model } from '../../src/model/model.ts';
import { als } from '../../src/models/als.ts';
import { converge } from '../../src/unlearn/converge.ts';
import { forgetInPlace } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';

const test = suite('whole data');

function sample(): Dataset {
  const next = draws(9);
  const builder = new DatasetBuilder();
  for (let u = 0; u < 40; u++) {
    for (let i = 0; i < 25; i++) if (next() < ((u + i) % 3 === 0 ? 0.6 : 0.1)) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(next() * 5));
  }
  return builder.build();
}

const data = sample();
const SETTINGS = { regularization: 12, factors: 8, tolerance: 1e-9 } as const;

/** The model with another fingerprint in its header. */
const lying = (model: Model, of: Dataset): Model =>
  new Proxy(model, {
    get: (target, name) =>
      name === 'provenance' ? { ...target.provenance, fingerprint: of.fingerprint() } : Reflect.get(target, name, target),
  });

const forgotten = async (request: { users?: string[]; items?: string[] }): Promise<Model> =>
  (await forgetInPlace(await als.fit(data, SETTINGS), data, request, { method: converge, digests: false })).model;

test('a model that forgot u3 and u7 is not certified for u3 alone, whatever its header says', async () => {
  const both = await forgotten({ users: ['u3', 'u7'] });
  const whole = wholeRetain(both, data, { users: ['u3', 'u7'] });
  assert.is((await certify(both, whole, { ignoreFingerprint: true })).status, 'certified', 'the control');
  const lost = /the data hold interactions of user "u7", which the model does not know: name in the request all that it has forgotten/;
  const retain = partitionOf(data, { users: ['u3'] }).retain;
  for (const model of [both, lying(both, retain), lying(both, data)]) {
    assert.throws(() => wholeRetain(model, data, { users: ['u3'] }), lost);
    assert.throws(() => wholeRetain(model, data, undefined), /of user "u[37]", which the model does not know/);
  }
  // by the API: the positions are there, and the row of zeros that has interactions is seen
  assert.is((await certify(lying(both, retain), retain)).status, 'approximate');
});

test('nor one that forgot an item more', async () => {
  const both = await forgotten({ users: ['u3'], items: ['i5'] });
  const retain = partitionOf(data, { users: ['u3'] }).retain;
  for (const model of [both, lying(both, retain)])
    assert.throws(() => wholeRetain(model, data, { users: ['u3'] }), /interactions of item "i5", which the model does not know/);
  assert.is((await certify(lying(both, retain), retain)).status, 'approximate');
});

test('the original after a request is judged and not certified; other data are refused', async () => {
  const original = await als.fit(data, SETTINGS);
  const retain = wholeRetain(original, data, { users: ['u3'] });
  assert.is(retain.interactions, partitionOf(data, { users: ['u3'] }).retain.interactions);
  assert.is((await certify(original, retain, { ignoreFingerprint: true })).status, 'approximate');
  const fewer = data.without(Int32Array.of(4));
  assert.throws(() => wholeRetain(original, fewer, undefined), /DataError|not those that the model was trained on/);
});

test('held-out interactions are part of what a request may name', async () => {
  const { train, test: held } = splitDataset(data, 'per-user:0.7,0.1,0.2', 1);
  const original = await als.fit(train, SETTINGS);
  const user = [...held.users].find((id) => held.itemsOf(held.users.indexOf(id)).length > 0)!;
  const pair = [user, held.items.at(held.itemsOf(held.users.indexOf(user))[0])!] as const;
  const retain = wholeRetain(original, data, { interactions: [pair] });
  assert.is(retain.fingerprint(), train.fingerprint());
  assert.is((await certify(original, retain, { ignoreFingerprint: true })).status, 'certified');
  assert.throws(() => wholeRetain(original, data, { interactions: [[user, 'nothing']] }), /is in no part of the data/);
  const trained = [user, train.items.at(train.itemsOf(train.users.indexOf(user))[0])!] as const;
  const less = wholeRetain(original, data, { interactions: [trained, pair] });
  assert.is((await certify(original, less, { ignoreFingerprint: true })).status, 'approximate', 'negative control');
});

test('a model that says it was trained on everything, and does not know u7, is not the original', async () => {
  const model = lying(await forgotten({ users: ['u7'] }), data);
  const { original, partition } = contendersOf([{ name: 'm', model }], data, { users: ['u3'] });
  assert.is(original, -1);
  assert.is(partition.data.interactions, data.interactions);
  const honest = await als.fit(data, SETTINGS);
  assert.is(contendersOf([{ name: 'm', model: honest }], data, { users: ['u3'] }).original, 0, 'the control');
});

test.run();
