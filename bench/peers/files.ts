// The files that ours and the peers read: little-endian, a head of four i32, then the arrays one after the other.
//   .csr   [rows, cols, entries, 0], indptr i32[rows + 1], indices i32[entries], data f32[entries]
//   .f32   [rows, cols, 0, 0], f32[rows · cols], no padding      .i32   the same with whole numbers
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SparseRows } from '../../src/wasm/tensor.ts';

const HEAD = 4;

export interface Dense<A = Float32Array> {
  readonly rows: number;
  readonly cols: number;
  readonly values: A;
}

export function encodeCsr({ rows, cols, indptr, indices, data }: SparseRows): Uint8Array {
  return joined(Int32Array.of(rows, cols, indices.length, 0), indptr, indices, data);
}

/** @throws RangeError for bytes of another length than their head says. */
export function decodeCsr(bytes: Uint8Array): SparseRows {
  const [rows, cols, entries] = headOf(bytes, (r, _, n) => HEAD + r + 1 + 2 * n);
  const ints = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const at = HEAD + rows + 1;
  return {
    rows,
    cols,
    indptr: ints.slice(HEAD, at),
    indices: ints.slice(at, at + entries),
    data: new Float32Array(ints.slice(at + entries).buffer),
  };
}

export function encodeDense({ rows, cols, values }: Dense<Float32Array | Int32Array>): Uint8Array {
  return joined(Int32Array.of(rows, cols, 0, 0), values);
}

export function decodeDense(bytes: Uint8Array): Dense {
  const [rows, cols] = headOf(bytes, (r, c) => HEAD + r * c);
  return { rows, cols, values: new Float32Array(bytes.slice(HEAD * 4).buffer) };
}

export const readCsr = (path: string): SparseRows => decodeCsr(whole(path));
export const readDense = (path: string): Dense => decodeDense(whole(path));
export const readInts = (path: string): Int32Array => new Int32Array(readDense(path).values.buffer);

/** Writes whole or not at all: a file that is there can be relied on in a later run. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

/** Makes a file once. */
export async function once(path: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  if (!existsSync(path)) writeWhole(path, await make());
  return path;
}

/** A Buffer may lie anywhere in a pool: typed arrays want a start that is a multiple of four. */
const whole = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

function joined(...parts: readonly (Int32Array | Float32Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

function headOf(bytes: Uint8Array, wordsOf: (rows: number, cols: number, entries: number) => number): readonly number[] {
  if (bytes.byteLength < HEAD * 4)
    throw new RangeError(`a data file of a bench expected a head of ${HEAD * 4} bytes, found ${bytes.byteLength}`);
  const head = new Int32Array(bytes.slice(0, HEAD * 4).buffer);
  const words = wordsOf(head[0], head[1], head[2]);
  if (bytes.byteLength !== words * 4)
    throw new RangeError(`a data file of a bench expected ${words * 4} bytes by its head, found ${bytes.byteLength}`);
  return [...head];
}
