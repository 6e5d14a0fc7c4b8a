import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type NpyArray, npyBytes, readNpy } from '../../src/formats/npy.ts';
import { npzBytes, openNpz } from '../../src/formats/npz.ts';

const test = suite('npy and npz');

/** numpy.savez(user_factors=f4[2,2], item_factors=f8[3,1], factors=int64, dtype='float32'), as the library `implicit` saves. */
const SAVED =
  'UEsDBC0AAAAAAAAAIQB7HHHl//////////8QABQAdXNlcl9mYWN0b3JzLm5weQEAEACQAAAAAAAAAJAAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPG' +
  'Y0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYW' +
  'xzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAg' +
  'QAAAQMDNzMw9UEsDBC0AAAAAAAAAIQB/' +
  'f2GE//////////8QABQAaXRlbV9mYWN0b3JzLm5weQEAEACYAAAAAAAAAJgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3' +
  'JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKD' +
  'MsIDEpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAFVVVVVVVdU/VVVVVVVV' +
  '5T9QSwMELQAAAAAAAAAhAEe2ECT/////' +
  '/////wsAFABmYWN0b3JzLm5weQEAEACIAAAAAAAAAIgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZS' +
  'wgJ3NoYXBlJzogKCksIH0gICAgICAgIC' +
  'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoCAAAAAAAAAFBLAwQtAAAAAAAAACEAKeU3c///////////' +
  'CQAUAGR0eXBlLm5weQEAEACcAAAAAAAA' +
  'AJwAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPFU3JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgIC' +
  'AgICAgICAgICAgICAgICAgICAgICAgIC' +
  'AgICAgICAgICAgICAgICAgICAgICAgIApmAAAAbAAAAG8AAABhAAAAdAAAADMAAAAyAAAAUEsBAi0DLQAAAAAAAAAhAHscceWQAAAAkAAAABAAAAAAAAAA' +
  'AAAAAIABAAAAAHVzZXJfZmFjdG9ycy5u' +
  'cHlQSwECLQMtAAAAAAAAACEAf39hhJgAAACYAAAAEAAAAAAAAAAAAAAAgAHSAAAAaXRlbV9mYWN0b3JzLm5weVBLAQItAy0AAAAAAAAAIQBHthAkiAAAAI' +
  'gAAAALAAAAAAAAAAAAAACAAawBAABmYW' +
  'N0b3JzLm5weVBLAQItAy0AAAAAAAAAIQAp5TdznAAAAJwAAAAJAAAAAAAAAAAAAACAAXECAABkdHlwZS5ucHlQSwUGAAAAAAQABADsAAAASAMAAAAA';
/** numpy.savez_compressed(nbr=u2[2,3], cos=f2[4]). */
const COMPRESSED =
  'UEsDBC0AAAAIAAAAIQAFlQ9u//////////8HABQAbmJyLm5weQEAEACMAAAAAAAAAFIAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgblNqpK6joJ6WX1' +
  'RSlJgXn1+UkgoSd0vMKU4FihdnJBakAv' +
  'kaRjoKxpo6CrUKZAMuBgZGBiYGZgYWBlYGAFBLAwQtAAAACAAAACEAl8xlVP//////////BwAUAGNvcy5ucHkBABAAiAAAAAAAAABMAAAAAAAAAJvsF+ob' +
  'EMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Ce' +
  'll9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6mjoKtQoUAC4GC4a9jAz/qwFQSwECLQMtAAAACAAAACEABZUPblIAAACMAAAABwAAAAAAAAAAAAAAgA' +
  'EAAAAAbmJyLm5weVBLAQItAy0AAAAIAA' +
  'AAIQCXzGVUTAAAAIgAAAAHAAAAAAAAAAAAAACAAYsAAABjb3MubnB5UEsFBgAAAAACAAIAagAAABABAAAAAA==';

const decode = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
async function* chunked(bytes: Uint8Array, size = 7) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const read = (bytes: Uint8Array) => readNpy(chunked(bytes), 'x.npy');

async function refused(work: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.is((error as Error).name, 'DataError', String(error));
    return assert.match((error as Error).message, message);
  }
  assert.unreachable(`${message} was expected`);
}

test('factors that numpy saved', async () => {
  const npz = openNpz(decode(SAVED), 'model.npz');
  assert.equal(npz.names, ['user_factors', 'item_factors', 'factors', 'dtype']);
  const users = await npz.read('user_factors');
  const items = await npz.read('item_factors');
  assert.equal(users.shape, [2, 2]);
  assert.ok(users.data instanceof Float32Array && items.data instanceof Float64Array);
  assert.equal([...users.data], [1, 2.5, -3, Math.fround(0.1)]);
  assert.equal([...items.data], [0, 1 / 3, 2 / 3]);
  assert.equal([(await npz.read('factors')).shape, (await npz.read('factors')).data], [[], BigInt64Array.of(2n)]);
  // a member that is not read here is in nobody's way until it is asked for
  await refused(() => npz.read('dtype'), /model\.npz, dtype: expected little-endian numbers .*found type "<U7"/);
  await refused(() => npz.read('biases'), /model\.npz: expected an array "biases", found user_factors, item_factors, factors, dtype/);
});

test('compressed members, float16 and uint16', async () => {
  const npz = openNpz(decode(COMPRESSED), 'knn.npz');
  const nbr = await npz.read('nbr');
  const cos = await npz.read('cos');
  assert.equal(
    [nbr.shape, [...nbr.data]],
    [
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
  );
  assert.ok(nbr.data instanceof Uint16Array);
  assert.equal([...cos.data], [0.5, -1.25, 1 / 16777216, 65504]);
});

test('what is written is read again, of every type', async () => {
  const arrays: Record<string, NpyArray> = {
    f4: { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) },
    f8: { shape: [2], data: Float64Array.of(Math.PI, 1e300) },
    i1: { shape: [1, 1, 2], data: Int8Array.of(-1, 5) },
    i2: { shape: [1], data: Int16Array.of(-300) },
    i4: { shape: [1], data: Int32Array.of(-70000) },
    i8: { shape: [], data: BigInt64Array.of(-5n) },
    u1: { shape: [2], data: Uint8Array.of(255, 0) },
    u2: { shape: [1], data: Uint16Array.of(65535) },
    u4: { shape: [1], data: Uint32Array.of(4294967295) },
    u8: { shape: [1], data: BigUint64Array.of(7n) },
    empty: { shape: [0, 4], data: new Float32Array(0) },
  };
  const bytes = npzBytes(arrays);
  assert.equal(npzBytes(arrays), bytes);
  const npz = openNpz(bytes, 'x.npz');
  assert.equal(npz.names, Object.keys(arrays));
  for (const [name, array] of Object.entries(arrays)) {
    const again = await npz.read(name);
    assert.equal([again.shape, again.data], [array.shape, array.data], name);
    const alone = await read(npyBytes(array));
    assert.equal([alone.shape, alone.data], [array.shape, array.data], name);
    assert.is((npyBytes(array).length - array.data.byteLength) % 64, 0, 'data begin at a multiple of 64');
  }
  // a window on a larger buffer is written as the window
  assert.equal([...(await read(npyBytes({ shape: [2], data: Float32Array.of(9, 1, 2, 9).subarray(1, 3) }))).data], [1, 2]);
  assert.throws(() => npyBytes({ shape: [2, 2], data: new Float32Array(3) }), /"shape" expected 3 elements, got \(2, 2\) = 4/);
});

test('every half is widened exactly', async () => {
  const halves = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xbc00, 0x0001, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x3555);
  const bytes = npyBytes({ shape: [halves.length], data: halves });
  bytes.set([0x66], bytes.indexOf(0x75)); // descr '<u2' -> '<f2'
  const { data } = await read(bytes);
  assert.ok(data instanceof Float32Array);
  const two = 1 / 16777216;
  const expected = [0, -0, 1, -1, two, -1023 * two, 1024 * two, 65504, Infinity, -Infinity, 0.333251953125];
  assert.ok(
    [...data].every((value, i) => Object.is(value, expected[i])),
    String([...data]),
  );
});

test('arrays that are not read, each with its reason', async () => {
  const good = npyBytes({ shape: [2, 3], data: new Float32Array(6) });
  const edit = (from: string, to: string) => {
    const text = String.fromCharCode(...good).replace(from, to);
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
  };
  await refused(() => read(edit("'fortran_order': False", "'fortran_order': True ")), /x\.npy: is stored in Fortran order/);
  await refused(() => read(edit('<f4', '>f4')), /expected little-endian numbers \(.*\), found type ">f4"/);
  await refused(() => read(edit('<f4', '|O8')), /found type "\|O8"/);
  await refused(() => read(edit("'<f4'", "[('')]")), /found records/);
  await refused(() => read(edit('(2, 3)', '(2, 4)')), /expected 32 bytes of data for shape \(2, 4\), found 24: truncated/);
  await refused(() => read(edit('(2, 3)', '(2, 2)')), /expected 16 bytes of data for shape \(2, 2\), found more/);
  await refused(() => read(edit('(2, 3)', '(x, 3)')), /expected a shape of whole numbers >= 0, found/);
  await refused(() => read(edit('NUMPY', 'NUMPI')), /expected a NumPy \.npy array, found something else/);
  for (const length of [0, 5, 9, 40]) await refused(() => read(good.subarray(0, length)), /x\.npy: /);
});

test('archives that are damaged, each with its reason', async () => {
  const good = npzBytes({ a: { shape: [4], data: Float32Array.of(1, 2, 3, 4) } });
  const all = async (bytes: Uint8Array) => {
    const npz = openNpz(bytes, 'x.npz');
    for (const name of npz.names) await npz.read(name);
  };
  await all(good);
  for (const length of [0, 10, good.length >> 1, good.length - 1]) {
    await refused(() => all(good.subarray(0, length)), /x\.npz: expected a whole \.npz \(zip\) file, found a truncated or foreign one/);
  }
  const flip = (bytes: Uint8Array, at: number) => Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 4 : byte));
  await refused(() => all(flip(good, 30 + 5 + 128 + 3)), /x\.npz, a: is damaged: its checksum does not match/);
  const compressed = decode(COMPRESSED);
  for (let at = 60; at < 120; at += 10) await refused(() => all(flip(compressed, at)), /cannot be inflated|is damaged|expected \d+ bytes/);
  await refused(() => all(new TextEncoder().encode('no archive '.repeat(20))), /truncated or foreign/);
});

test('a shape of what is no number of elements is refused, in and out', async () => {
  const bytes = npyBytes({ shape: [6], data: new Float32Array(6) });
  const shaped = (shape: string): Uint8Array => {
    const text = new TextDecoder('latin1').decode(bytes.subarray(0, 128));
    return Uint8Array.from([...new TextEncoder().encode(text.slice(10).replace('(6,)', shape).padEnd(118).slice(0, 118))]);
  };
  for (const shape of ['(-2, -3)', '(-6,)', '(1.5, 4)', '(4.5,)', '(1e400,)', '(x,)']) {
    const file = bytes.slice();
    file.set(shaped(shape), 10);
    await refused(() => read(file), /expected a shape of whole numbers >= 0, found \(/);
  }
  for (const shape of [[-2, -3], [1.5, 4], [NaN]]) {
    assert.throws(() => npyBytes({ shape, data: new Float32Array(6) }), /"shape" expected whole numbers >= 0/);
  }
});

test.run();
