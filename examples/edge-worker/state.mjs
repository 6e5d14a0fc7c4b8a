// A model together with the interactions it was trained on, as one block of bytes: a service that must forget needs both,
// and must never hold one without the other. Ids stand in the model only; positions are small integers.
import { Dataset, deserialize, serialize } from 'lethe';

const MAGIC = 0x4c45_4454;
const HEAD = 8; // u32: magic, version, model bytes, users, items, interactions, index bytes, value bytes

/** The values in a narrower array, where that holds them exactly. */
function narrow(values, Type) {
  const packed = new Type(values);
  for (let n = 0; n < values.length; n++) if (packed[n] !== values[n]) return values;
  return packed;
}

/** @returns {Promise<Uint8Array>} */
export async function pack({ model, data }) {
  const { rows, cols, indptr, indices, data: values } = data.userItems;
  const file = await serialize(model);
  const parts = [file, indptr, cols <= 65536 ? new Uint16Array(indices) : indices, narrow(values, Uint8Array)];
  const starts = [HEAD * 4];
  for (const part of parts) starts.push(align(starts.at(-1) + part.byteLength));
  const bytes = new Uint8Array(starts.at(-1));
  bytes.set(bytesOf(Uint32Array.of(MAGIC, 1, file.length, rows, cols, indices.length, parts[2].BYTES_PER_ELEMENT, parts[3].BYTES_PER_ELEMENT)));
  parts.forEach((part, n) => bytes.set(bytesOf(part), starts[n]));
  return bytes;
}

/** @throws {TypeError} for bytes that `pack` did not write; ModelError for a damaged model in them. */
export async function unpack(bytes) {
  bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // a Buffer would slice without copying
  if (bytes.byteLength < HEAD * 4) throw new TypeError('this is no packed model');
  const head = new Uint32Array(bytes.slice(0, HEAD * 4).buffer);
  const [magic, version, modelBytes, rows, cols, nnz, indexBytes, valueBytes] = head;
  if (magic !== MAGIC || version !== 1) throw new TypeError('this is no packed model, or one of another version');
  let at = HEAD * 4;
  const take = (length) => {
    const part = bytes.slice(at, at + length);
    if (part.length !== length) throw new TypeError('the packed model is cut short');
    at = align(at + length);
    return part;
  };
  const file = take(modelBytes);
  const indptr = new Int32Array(take((rows + 1) * 4).buffer);
  const indices = Int32Array.from(new (indexBytes === 2 ? Uint16Array : Int32Array)(take(nnz * indexBytes).buffer));
  const values = Float32Array.from(new (valueBytes === 1 ? Uint8Array : Float32Array)(take(nnz * valueBytes).buffer));
  const model = await deserialize(file);
  const { users, items, provenance: { split } } = model;
  return { model, data: new Dataset({ users, items, userItems: { rows, cols, indptr, indices, data: values }, split }) };
}

const align = (bytes) => (bytes + 7) & ~7;
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
