// A checksum says that a model file is whole, not that it makes sense: whatever a header may say, the answer is a model that
// was saved so, or one ModelError.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import { deserialize, inspectFile, serialize } from '../../src/files/serialize.ts';
import { digest } from '../../src/model/digest.ts';
import { als } from '../../src/models/als.ts';
import { itemKnn } from '../../src/models/item-knn.ts';
import { modelFile, opened } from '../model-file.ts';

const test = suite('model files that make no sense');

const builder = new DatasetBuilder();
for (let u = 0; u < 6; u++) for (let i = 0; i < 5; i++) if ((u + i) % 2 === 0) builder.add(`u${u}`, `i${i}`);
const data = builder.build();
const model = await als.fit(data, { factors: 4, iterations: 1 });
const file = await serialize(model);
const { header, parameters } = opened(file);

const refused = async (bytes: Uint8Array, pattern: RegExp): Promise<void> => {
  for (const read of [deserialize, ...(pattern.source.startsWith('header') ? [inspectFile] : [])]) {
    const error = await read(bytes).then(
      () => 'accepted',
      (e: Error) => e,
    );
    assert.is((error as Error).name, 'ModelError', String(error));
    assert.match((error as Error).message, pattern);
  }
};

test('the control: what was saved is read, also as an ArrayBuffer and as a view of a larger memory', async () => {
  const larger = new Uint8Array(file.length + 7);
  larger.set(file, 3);
  for (const bytes of [await modelFile(file, header, parameters), file.buffer.slice(0), larger.subarray(3, 3 + file.length)]) {
    assert.is(await digest(await deserialize(bytes)), await digest(model));
    assert.is((await inspectFile(bytes)).users, 6);
  }
});

const NONSENSE: Readonly<Record<string, readonly [change: object | string, pattern: RegExp]>> = {
  'no JSON': ['{"model":', /header is no JSON/],
  'no object': ['[]', /header expected an object/],
  null: ['null', /header expected an object, found null/],
  'no model': [{ model: undefined }, /header expected the name of a kind of model as "model", found nothing/],
  'a model that nobody knows': [{ model: 'magic' }, /kind "magic"/],
  'a model of the prototype': [{ model: 'constructor' }, /kind "constructor"/],
  'options that are a list': [{ options: [] }, /header expected options by name/],
  'nested options': [{ options: { factors: { valueOf: 4 } } }, /header expected options by name/],
  'an option out of range': [{ options: { ...header.options, factors: -4 } }, /"factors" expected an integer >= 1/],
  'an unknown option': [{ options: { ...header.options, colour: 'red' } }, /knows no option "colour"/],
  'ids twice': [
    { users: ['u0', 'u1', 'u2', 'u3', 'u4', 'u4'] },
    /header expected distinct ids by position, null for an empty one as "users"/,
  ],
  nobody: [{ users: [] }, /header expected distinct ids/],
  'holes alone': [{ items: [null, null, null, null, null] }, /header expected distinct ids/],
  'an empty id': [{ users: ['', 'u1', 'u2', 'u3', 'u4', 'u5'] }, /header expected distinct ids/],
  'numbers as ids': [{ items: [0, 1, 2, 3, 4] }, /header expected distinct ids/],
  'more ids than rows': [{ users: [...header.users, 'u9'] }, /"userFactors" expected 7 x 4 values, found 6 x 4/],
  'parameters of negative size': [{ parameters: [{ name: 'userFactors', rows: -6, cols: 4 }] }, /header expected parameters/],
  'parameters of half a row': [{ parameters: [{ name: 'userFactors', rows: 4.5, cols: 4 }] }, /header expected parameters/],
  'parameters of infinite size': [{ parameters: [{ name: 'userFactors', rows: 1e308, cols: 1e308 }] }, /header expected parameters/],
  'parameters twice': [{ parameters: [header.parameters[0], header.parameters[0]] }, /header expected parameters of distinct names/],
  'parameters of another model': [
    { parameters: header.parameters.map((p: object, n: number) => ({ ...p, name: `p${n}` })) },
    /"userFactors" expected/,
  ],
  'fewer parameters than bytes': [{ parameters: [header.parameters[0]] }, /the model file expected \d+ bytes, found/],
  'no provenance': [{ provenance: null }, /header expected a fingerprint and a split as "provenance", found null/],
  'a split without a rule': [{ provenance: { fingerprint: 'x', split: {} } }, /header expected a fingerprint and a split/],
  'a record that is text': [{ record: 'none' }, /header expected what training noted/],
  'no version': [{ version: 7 }, /header expected a version as "version", found 7/],
};
for (const [name, [change, pattern]] of Object.entries(NONSENSE)) {
  test(`refused: ${name}`, async () =>
    refused(await modelFile(file, typeof change === 'string' ? change : { ...header, ...change }, parameters), pattern));
}

test('refused: a number that is not finite, a pad that is not zero, a header longer than the file', async () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const changed = parameters.slice();
    new DataView(changed.buffer).setFloat32(8, value, true);
    await refused(await modelFile(file, header, changed), /expected finite numbers as "userFactors"/);
  }
  const padded = parameters.slice();
  new DataView(padded.buffer).setFloat32(4 * 4, 1, true);
  await refused(await modelFile(file, header, padded), /"userFactors" to be padded with zeros, found 1/);
  const long = file.slice();
  new DataView(long.buffer).setUint32(12, 0xffffffff, true);
  const { signed } = await import('../model-file.ts');
  await refused(await signed(long), /header expected 4294967295 bytes/);
});

test('refused: neighbours that are no items', async () => {
  const whole = await serialize(await itemKnn.fit(data, { neighbors: 3 }));
  const parts = opened(whole);
  assert.is((await deserialize(await modelFile(whole, parts.header, parts.parameters))).kind.name, 'item-knn');
  for (const place of [6, -1, 2.5, 1e9]) {
    const changed = parts.parameters.slice();
    new DataView(changed.buffer).setFloat32(0, place, true);
    await refused(await modelFile(whole, parts.header, changed), /"neighbors" expected places of 5 items, counted from 1, found/);
  }
});

test('refused: what is no bytes, by name', async () => {
  for (const wrong of [undefined, null, 'text', 7, {}, [1, 2]]) {
    const error = await deserialize(wrong as unknown as Uint8Array).catch((e) => e);
    assert.is(error.name, 'TypeError');
    assert.match(error.message, /deserialize expected the bytes of a model file \(Uint8Array or ArrayBuffer\), got/);
  }
});

test.run();
