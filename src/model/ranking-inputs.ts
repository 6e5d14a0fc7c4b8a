// What the ranking kernels are given beside scores or factors: which items may be ranked, and which each user has.
import type { IdTable } from '../data/ids.ts';
import type { Arena } from '../wasm/memory.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/** One bit per position: set where there is an id and, if asked, where `allowed` is not zero. */
export function allowedWords(ids: IdTable, allowed?: Uint8Array): Uint32Array {
  const words = new Uint32Array((ids.size + 31) >>> 5);
  // The usual case, without a look at each: a loop over ten thousand ids is a millisecond in code that has just been loaded.
  // Kernels leave out what lies beyond the last item by themselves.
  if (!allowed && ids.whole) return words.fill(0xffffffff);
  for (let i = 0; i < ids.size; i++) {
    if (ids.at(i) !== null && allowed?.[i] !== 0) words[i >>> 5] |= 1 << (i & 31);
  }
  return words;
}

/** The rows of the listed users, numbered as listed. */
export function uploadRows(arena: Arena, rows: SparseRows, users: Int32Array): { indptr: number; indices: number } {
  const indptr = new Int32Array(users.length + 1);
  for (let r = 0; r < users.length; r++) indptr[r + 1] = indptr[r] + rows.indptr[users[r] + 1] - rows.indptr[users[r]];
  const indices = new Int32Array(indptr[users.length]);
  for (let r = 0; r < users.length; r++) {
    indices.set(rows.indices.subarray(rows.indptr[users[r]], rows.indptr[users[r] + 1]), indptr[r]);
  }
  return { indptr: arena.upload(indptr), indices: arena.upload(indices) };
}
