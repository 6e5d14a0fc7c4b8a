// NumPy's `.npy`: one array of numbers. Read from a stream straight into its final place, and written.
// Refuses Fortran order, big-endian numbers, and element types that are not plain numbers.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { isBytes } from '../base/host.ts';
import { type Chunks, concat } from './bytes.ts';

type NumberArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** An array of numbers in C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** float16 is widened to float32; 64-bit integers are bigints. */
  readonly data: NumberArray;
}

const TYPES = {
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
} as const;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const LONGEST_HEADER = 1 << 20;

/**
 * Reads one array.
 * @param accept is told the shape before memory is taken for it, and throws where it is not what was expected.
 * @throws DataError for another file type, an unsupported element type or order, and truncated or surplus data.
 * @example
 * const { shape } = await readNpy([npyBytes({ shape: [2], data: Float32Array.of(1, 2) })], 'vector.npy');
 */
export async function readNpy(
  chunks: Chunks | Iterable<Uint8Array>,
  source: string,
  accept?: (shape: readonly number[]) => void,
): Promise<NpyArray> {
  const iterable = typeof chunks === 'object' && chunks !== null && (Symbol.asyncIterator in chunks || Symbol.iterator in chunks);
  if (!iterable) throw new TypeError(`"chunks" expected an iterable of bytes, got ${check.describe(chunks)}`);
  check.string('source', source);
  const reader = new Pull(chunks);
  const fail = (message: string): never => {
    throw new DataError(message, { source });
  };
  const start = await reader.take(8);
  if (start.length < 8 || MAGIC.some((byte, i) => start[i] !== byte)) fail('expected a NumPy .npy array, found something else');
  if (start[6] < 1 || start[6] > 3) fail(`expected .npy version 1, 2 or 3, found ${start[6]}`);
  const lengthBytes = start[6] === 1 ? 2 : 4;
  let headerLength = 0;
  (await reader.take(lengthBytes)).forEach((byte, i) => (headerLength += byte * [1, 256, 65536, 16777216][i]));
  if (headerLength > LONGEST_HEADER) fail(`expected a header of at most ${LONGEST_HEADER} bytes, found one of ${headerLength}`);
  const headerBytes = await reader.take(headerLength);
  if (headerBytes.length < headerLength) fail('the header is truncated');
  const header = String.fromCharCode(...headerBytes);

  const descr = header.match(/'descr':\s*'([^']*)'/)?.[1];
  const order = header.match(/'fortran_order':\s*(True|False)/)?.[1];
  const shapeText = header.match(/'shape':\s*\(([^)]*)\)/)?.[1];
  if (order === undefined || shapeText === undefined) fail('the header does not say shape and order');
  if (descr === undefined) fail('expected an array of numbers, found records');
  const type = TYPES[descr!.slice(1) as keyof typeof TYPES];
  if (type === undefined || (descr![0] === '>' && type.BYTES_PER_ELEMENT > 1)) {
    fail(`expected little-endian numbers (${Object.keys(TYPES).join(', ')}), found type ${JSON.stringify(descr)}`);
  }
  const shape = shapeText!
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number);
  if (order === 'True' && shape.filter((n) => n > 1).length > 1) {
    fail('is stored in Fortran order, which is not read; save it with numpy.ascontiguousarray');
  }
  const count = elementsOf(shape);
  if (count === undefined) fail(`expected a shape of whole numbers >= 0, found (${shapeText})`);
  accept?.(shape);

  const bytes = allocate(count! * type.BYTES_PER_ELEMENT, source);
  const filled = await reader.fill(bytes);
  if (filled < bytes.length) fail(`expected ${bytes.length} bytes of data for shape (${shape.join(', ')}), found ${filled}: truncated`);
  if (await reader.more()) fail(`expected ${bytes.length} bytes of data for shape (${shape.join(', ')}), found more`);
  const data = new type(bytes.buffer, 0, count);
  return { shape, data: descr!.endsWith('f2') ? widenHalves(data as Uint16Array) : data };
}

/** Elements of an array of this shape; undefined where there is no such array. */
function elementsOf(shape: readonly number[]): number | undefined {
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return undefined;
  const count = shape.reduce((product, n) => product * n, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** The bytes of one array, header first: what numpy.load reads. */
export function npyChunks(array: NpyArray): Uint8Array[] {
  check.knownKeys('an array for .npy', array, ['shape', 'data']);
  const { shape, data } = array;
  check.array('shape', shape);
  const count = elementsOf(shape);
  if (count === undefined) throw new RangeError(`"shape" expected whole numbers >= 0, got (${shape.join(', ')})`);
  if (count !== data.length) throw new RangeError(`"shape" expected ${data.length} elements, got (${shape.join(', ')}) = ${count}`);
  const [code] = Object.entries(TYPES).find(([name, type]) => name !== 'f2' && check.isTyped(data, type.name)) ?? [];
  if (code === undefined) throw new TypeError(`"data" expected a typed array of numbers, got ${check.describe(data)}`);
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const descr = `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${code}`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shapeText}, }`;
  // Spaces and a line feed fill the header up, so that data begin at a multiple of 64.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = dictionary.padEnd(length - 1, ' ') + '\n';
  const start = new Uint8Array(10 + length);
  start.set([...MAGIC, 1, 0, length & 255, length >>> 8]);
  for (let i = 0; i < length; i++) start[10 + i] = header.charCodeAt(i);
  return [start, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

/** Bytes pulled from chunks in the amounts that are asked for. */
class Pull {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: Chunks | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }
  /** Fills a target as far as there is data. @returns the bytes written. */
  async fill(target: Uint8Array): Promise<number> {
    let at = 0;
    while (at < target.length && (await this.more())) {
      const piece = this.#rest.subarray(0, target.length - at);
      target.set(piece, at);
      at += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    return at;
  }
  async take(length: number): Promise<Uint8Array> {
    const target = new Uint8Array(length);
    return target.subarray(0, await this.fill(target));
  }
  /** Whether there is any more data. */
  async more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (!done && !isBytes(value)) throw new TypeError(`"chunks" expected pieces of bytes (Uint8Array), got ${check.describe(value)}`);
      if (done) return false;
      this.#rest = value;
    }
    return true;
  }
}

function allocate(bytes: number, source: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new DataError(`its header asks for ${bytes} bytes, more than can be allocated`, { source });
  }
}

/** float16 bits to float32: exact for every value, infinities and NaN included. */
function widenHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) bits[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else floats[i] = (sign < 0 ? -fraction : fraction) / 16777216; // subnormal: fraction · 2^-24
    if (exponent === 0 && fraction === 0) bits[i] = sign;
  }
  return floats;
}

/**
 * The bytes of one array in one piece.
 * @example
 * const bytes = npyBytes({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
 */
export function npyBytes(array: NpyArray): Uint8Array {
  return concat(npyChunks(array));
}
