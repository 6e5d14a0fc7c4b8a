// ids.wasm computes for other hosts what the library computes in TypeScript: keys, draws, fingerprints. LETHE_IDS=1000000 is the
// long form.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyOf, pairKey, STREAM, uniform } from '../../src/base/random.ts';
import { hashRow } from '../../src/data/fingerprint.ts';

const test = suite('ids.wasm');
const COUNT = Number(process.env.LETHE_IDS ?? 50_000);
const { instance } = await WebAssembly.instantiate(readFileSync('build/ids.wasm'), {});
const { memory, heap_base, ...kernels } = instance.exports as any;

/** Bytes of arrays one after the other, each at a multiple of 64; pointers and the memory's buffer. */
function upload(...arrays: ArrayBufferView[]): { pointers: number[]; buffer: ArrayBuffer } {
  let end = heap_base();
  const pointers = arrays.map(({ byteLength }) => {
    const pointer = (end + 63) & ~63;
    end = pointer + byteLength;
    return pointer;
  });
  const missing = Math.ceil((end - memory.buffer.byteLength) / 65536);
  if (missing > 0) memory.grow(missing);
  arrays.forEach((array, n) =>
    new Uint8Array(memory.buffer, pointers[n], array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)),
  );
  return { pointers, buffer: memory.buffer };
}

/** Ids of all kinds from a running hash: digits, ASCII, letters of several scripts, characters of two code units, empty. */
function someIds(count: number): string[] {
  const letters = ['a', 'Z', '0', '9', '-', ' ', 'é', 'ß', '日', '本', '\uffee', '😀', '𝄞', '"', '\n'];
  let state = 1;
  const next = (n: number): number => {
    state = (Math.imul(state, 0x41c64e6d) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  return Array.from({ length: count }, (_, n) => {
    if (n === 0) return '';
    if (n % 3 === 0) return String(next(1 << 24));
    return Array.from({ length: 1 + next(24) }, () => letters[next(letters.length)]).join('');
  });
}

const ids = someIds(COUNT);
const joined = ids.join('');
const text = Uint16Array.from({ length: joined.length }, (_, n) => joined.charCodeAt(n));
let total = 0;
const ends = Int32Array.from(ids, (id) => (total += id.length));
const keys = ids.map(keyOf);

test(`keys of ${COUNT} ids are those of keyOf`, () => {
  const { pointers, buffer } = upload(ends, text, new Uint32Array(2 * COUNT));
  kernels.id_keys(COUNT, pointers[0], pointers[1], pointers[2]);
  const found = new Uint32Array(buffer, pointers[2], 2 * COUNT);
  const wrong = keys.findIndex(({ lo, hi }, n) => found[2 * n] !== lo || found[2 * n + 1] !== hi);
  assert.is(wrong, -1, `the id ${JSON.stringify(ids[wrong])}`);
  assert.is.not(keys[1].lo, keys[2].lo, 'and they differ');
});

const words = Uint32Array.from(keys.flatMap(({ lo, hi }) => [lo, hi]));

test('draws of keys and of pairs of keys are those of uniform and pairKey', () => {
  const n = Math.min(COUNT, 20_000);
  const { pointers, buffer } = upload(words, words.slice().reverse(), new Float64Array(n), new Uint32Array(4));
  const [first, second, out, scratch] = pointers;
  const found = new Float64Array(buffer, out, n);
  for (const [seed, stream, index] of [
    [1, STREAM.split, 0],
    [0xffffffff, STREAM.split, 4],
  ]) {
    kernels.key_uniforms(n, seed, stream, index, first, out, scratch);
    assert.is(
      found.findIndex((u, k) => u !== uniform(seed, stream, keys[k], index)),
      -1,
    );
    kernels.pair_uniforms(n, seed, stream, index, first, second, out, scratch);
    const other = (k: number) => ({ lo: words[words.length - 1 - 2 * k], hi: words[words.length - 2 - 2 * k] });
    assert.is(
      found.findIndex((u, k) => u !== uniform(seed, stream, pairKey(keys[k], other(k)), index)),
      -1,
    );
    assert.is.not(found[0], uniform(seed, stream, keys[0], index), 'a pair is not its first');
  }
});

test('sums of hashes are those of hashRow', () => {
  const indptr = Int32Array.of(0, 0, 3, 1000);
  const indices = Int32Array.from({ length: 1000 }, (_, e) => (e * 7919) % COUNT);
  const data = Float32Array.from({ length: 1000 }, (_, e) => (e % 11) - 5.25);
  const bits = new Int32Array(data.buffer);
  const expected = new Int32Array(12);
  const hash = new Int32Array(4);
  for (let r = 0; r < 3; r++) {
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const { lo, hi } = keys[indices[e]];
      hashRow(keys[r].lo, keys[r].hi, lo, hi, bits[e], hash);
      for (let w = 0; w < 4; w++) expected[4 * r + w] += hash[w];
    }
  }
  const { pointers, buffer } = upload(words, words, indptr, indices, data, new Int32Array(12));
  kernels.row_hash_sums(3, ...pointers);
  assert.equal(new Int32Array(buffer, pointers[5], 12), expected);
  assert.equal(expected.subarray(0, 4), new Int32Array(4), 'an empty row has none');
  assert.is.not(expected[4], 0);
});

test.run();
