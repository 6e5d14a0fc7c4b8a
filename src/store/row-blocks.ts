// Interactions in blocks of users, so that a change of some rows rewrites few bytes, and one user's list reads one block.
// A block: users, then for each the number of entries and the steps from item to item; the values and times of all, each in the
// narrowest form that holds them exactly.
import type { Dataset } from '../data/dataset.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** Users in a block. */
export const BLOCK_USERS = 256;

/** How numbers lie in a block. */
const FORM = { none: 0, ones: 1, bytes: 2, words: 3, floats32: 4, floats64: 5 } as const;

export interface Rows extends Pick<Dataset, 'userItems' | 'times'> {}

export const blocksOf = (users: number): number => Math.ceil(users / BLOCK_USERS);

export function rowBlock({ userItems: { rows, indptr, indices, data }, times }: Rows, block: number): Uint8Array {
  const writer = new ByteWriter();
  const begin = block * BLOCK_USERS;
  const end = Math.min(rows, begin + BLOCK_USERS);
  writer.number(end - begin);
  for (let user = begin; user < end; user++) writer.number(indptr[user + 1] - indptr[user]);
  for (let user = begin; user < end; user++) {
    for (let e = indptr[user], last = -1; e < indptr[user + 1]; last = indices[e++]) writer.number(indices[e] - last - 1);
  }
  numbers(writer, data.subarray(indptr[begin], indptr[end]));
  if (times) numbers(writer, times.subarray(indptr[begin], indptr[end]));
  else writer.number(FORM.none);
  return writer.finish();
}

function numbers(writer: ByteWriter, values: Float32Array | Float64Array): void {
  const narrow = (most: number): boolean =>
    values.every((value) => value >= 0 && value <= most && Number.isInteger(value) && !Object.is(value, -0));
  if (values.every((value) => value === 1)) {
    writer.number(FORM.ones);
  } else if (narrow(0xff)) {
    writer.number(FORM.bytes);
    writer.array(Uint8Array.from(values));
  } else if (narrow(0xffffffff)) {
    writer.number(FORM.words);
    writer.array(Uint32Array.from(values));
  } else {
    writer.number(values instanceof Float32Array ? FORM.floats32 : FORM.floats64);
    writer.array(values);
  }
}

/** The rows of a block by themselves. @param items of the whole. @throws RangeError for a block that makes no sense. */
export function readRowBlock(bytes: Uint8Array, items: number): Rows {
  const reader = new ByteReader(bytes);
  const rows = reader.number();
  if (rows > BLOCK_USERS) throw new RangeError(`the block expected ${BLOCK_USERS} users at most, found ${rows}`);
  const indptr = new Int32Array(rows + 1);
  for (let user = 0; user < rows; user++) indptr[user + 1] = indptr[user] + reader.number();
  const entries = indptr[rows];
  const indices = new Int32Array(entries);
  for (let user = 0; user < rows; user++) {
    for (let e = indptr[user], last = -1; e < indptr[user + 1]; e++) last = indices[e] = last + 1 + reader.number();
  }
  if (indices.some((item) => item < 0 || item >= items)) throw new RangeError(`the block expected items below ${items}`);
  const data = Float32Array.from(readNumbers(reader, entries)!);
  const times = readNumbers(reader, entries);
  reader.end();
  return { userItems: { rows, cols: items, indptr, indices, data }, ...(times && { times: Float64Array.from(times) }) };
}

function readNumbers(reader: ByteReader, length: number): ArrayLike<number> | undefined {
  const form = reader.number();
  if (form === FORM.none) return undefined;
  if (form === FORM.ones) return new Uint8Array(length).fill(1);
  if (form === FORM.bytes) return reader.bytes(length);
  if (form === FORM.words) return reader.words(length);
  if (form === FORM.floats32) return reader.floats32(length);
  if (form === FORM.floats64) return reader.floats64(length);
  throw new RangeError(`the block expected numbers in a known form, found ${form}`);
}

/** All rows of one table, filled block by block. */
export class RowFiller {
  readonly userItems: SparseRows;
  readonly times?: Float64Array;
  #user = 0;

  constructor(users: number, items: number, interactions: number, timed: boolean) {
    this.userItems = {
      rows: users,
      cols: items,
      indptr: new Int32Array(users + 1),
      indices: new Int32Array(interactions),
      data: new Float32Array(interactions),
    };
    if (timed) this.times = new Float64Array(interactions);
  }

  /** @throws RangeError for more than was announced. */
  add(bytes: Uint8Array): void {
    const { rows, cols, indptr, indices, data } = this.userItems;
    const block = readRowBlock(bytes, cols);
    const from = indptr[this.#user];
    const own = block.userItems;
    if (this.#user + own.rows > rows || from + own.indices.length > indices.length)
      throw new RangeError('the block holds more rows than the store says');
    if ((this.times === undefined) !== (block.times === undefined) && own.indices.length > 0)
      throw new RangeError('the block and the store disagree on times');
    for (let user = 0; user < own.rows; user++) indptr[this.#user + user + 1] = from + own.indptr[user + 1];
    indices.set(own.indices, from);
    data.set(own.data, from);
    if (this.times && block.times) this.times.set(block.times, from);
    this.#user += own.rows;
  }
}
