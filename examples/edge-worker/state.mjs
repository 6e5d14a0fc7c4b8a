// A model together with the interactions it was trained on, as parts of bytes: a service that must forget needs both, and
// must never hold one without the other. Ids stand in the model only; positions are small integers. Users' rows lie in
// blocks, each with the narrowest numbers that hold it.
import { Dataset, deserialize, serialize } from 'lethe';

const MAGIC = 0x4c45_4454;
const VERSION = 2;
const BLOCK = 256; // users
const CUT_SHORT = 'the packed model is cut short or damaged';

/**
 * The parts by number: 0 the head (u32: magic, version, users, items, interactions), 1 the model's file, 2 … the blocks.
 * @returns {Promise<Map<number, Uint8Array>>}
 */
async function partsOf({ model, data }) {
  const { rows, cols, indices } = data.userItems;
  const parts = new Map([
    [0, bytesOf(Uint32Array.of(MAGIC, VERSION, rows, cols, indices.length))],
    [1, await serialize(model)],
  ]);
  for (let block = 0; block * BLOCK < rows; block++) parts.set(2 + block, blockOf(data.userItems, block));
  return parts;
}

/**
 * The state that all parts make, taken in order and one at a time.
 * @param {Iterable<Uint8Array>} parts
 * @throws {TypeError} for parts that `partsOf` did not make; ModelError for a damaged model in them.
 */
async function assemble(parts) {
  const iterator = parts[Symbol.iterator]();
  const next = () => {
    const { done, value } = iterator.next();
    if (done) throw new TypeError(CUT_SHORT);
    return value;
  };
  const [magic, version, rows, cols, nnz] = arraysIn(next())(Uint32Array, 5);
  if (magic !== MAGIC || version !== VERSION) throw new TypeError('this is no packed model, or one of another version');
  const file = next();
  const userItems = { rows, cols, indptr: new Int32Array(rows + 1), indices: new Int32Array(nnz), data: new Float32Array(nnz) };
  for (let block = 0; block * BLOCK < rows; block++) readBlock(next(), userItems, block);
  const model = await deserialize(file);
  const {
    users,
    items,
    provenance: { split },
  } = model;
  return { model, data: new Dataset({ users, items, userItems, split }) };
}

/** A block: u32 users, entries, bytes of an index, bytes of a value; interactions by user; indices; values. */
function blockOf({ rows, cols, indptr, indices, data }, block) {
  const begin = block * BLOCK;
  const end = Math.min(rows, begin + BLOCK);
  const from = indptr[begin];
  const to = indptr[end];
  const positions = cols <= 65536 ? new Uint16Array(indices.subarray(from, to)) : indices.subarray(from, to);
  const values = narrow(data.subarray(from, to));
  const counts = Uint32Array.from({ length: end - begin }, (_, u) => indptr[begin + u + 1] - indptr[begin + u]);
  return joined(Uint32Array.of(end - begin, to - from, positions.BYTES_PER_ELEMENT, values.BYTES_PER_ELEMENT), counts, positions, values);
}

function readBlock(bytes, { rows, indptr, indices, data }, block) {
  const take = arraysIn(bytes);
  const begin = block * BLOCK;
  const from = indptr[begin];
  const [users, entries, indexBytes, valueBytes] = take(Uint32Array, 4);
  if (begin + users > rows || from + entries > indices.length) throw new TypeError(CUT_SHORT);
  take(Uint32Array, users).forEach((count, u) => (indptr[begin + u + 1] = indptr[begin + u] + count));
  indices.set(take(indexBytes === 2 ? Uint16Array : Int32Array, entries), from);
  data.set(take(valueBytes === 1 ? Uint8Array : Float32Array, entries), from);
}

/** The values in a narrower array, where that holds them exactly. */
function narrow(values) {
  const packed = new Uint8Array(values);
  for (let n = 0; n < values.length; n++) if (packed[n] !== values[n]) return values;
  return packed;
}

/** All parts as one file: u32 how many, u32 the length of each, the parts. @returns {Promise<Uint8Array>} */
export async function pack(state) {
  const parts = [...(await partsOf(state)).values()];
  return joined(Uint32Array.of(parts.length, ...parts.map(({ length }) => length)), ...parts);
}

/** @throws {TypeError} for bytes that `pack` did not write; ModelError for a damaged model in them. */
export function unpack(bytes) {
  const take = arraysIn(bytes);
  return assemble(
    (function* () {
      const [count] = take(Uint32Array, 1);
      for (const length of take(Uint32Array, Math.min(count, bytes.length))) yield take(Uint8Array, length);
    })(),
  );
}

/** The arrays one after the other, each from a multiple of four bytes. */
function joined(...arrays) {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + align(byteLength), 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(bytesOf(array), at);
    at += align(array.byteLength);
  }
  return bytes;
}

/** The way back: take(Type, length) gives the next array, as a copy, which may lie where its type may not. */
function arraysIn(bytes) {
  let at = bytes.byteOffset;
  return (Type, length) => {
    const size = length * Type.BYTES_PER_ELEMENT;
    if (at + size > bytes.byteOffset + bytes.byteLength) throw new TypeError(CUT_SHORT);
    const part = new Type(bytes.buffer.slice(at, at + size));
    at += align(size);
    return part;
  };
}

const align = (bytes) => (bytes + 3) & ~3;
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
