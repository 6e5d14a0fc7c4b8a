// Seeded test data for kernels.
import { type Key, uniform } from '../../src/base/random.ts';
import { paddedWidth, type SparseRows } from '../../src/wasm/tensor.ts';

/** Draws in [0, 1), each call the next; a seed names the whole sequence. */
export function draws(seed: number): () => number {
  const key: Key = { lo: 0x5eed, hi: 0 };
  let index = 0;
  return () => uniform(seed, 0, key, index++);
}

/** Row-major [rows × ld] with values in [−1, 1) and zero pads. */
export function factorRows(seed: number, rows: number, factors: number): Float32Array<ArrayBuffer> {
  const next = draws(seed);
  const ld = paddedWidth(factors);
  const values = new Float32Array(rows * ld);
  for (let r = 0; r < rows; r++) for (let c = 0; c < factors; c++) values[r * ld + c] = next() * 2 - 1;
  return values;
}

/** Sparse rows of the given lengths over `cols` columns, values from `value`. */
export function sparseRows(seed: number, lengths: readonly number[], cols: number, value: (draw: () => number) => number): SparseRows {
  const next = draws(seed);
  const indptr = new Int32Array(lengths.length + 1);
  const indices: number[] = [];
  const data: number[] = [];
  lengths.forEach((length, r) => {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(length, cols)) chosen.add(Math.floor(next() * cols));
    for (const c of [...chosen].sort((a, b) => a - b)) {
      indices.push(c);
      data.push(value(next));
    }
    indptr[r + 1] = indices.length;
  });
  return { rows: lengths.length, cols, indptr, indices: Int32Array.from(indices), data: Float32Array.from(data) };
}

/**
 * Interactions of a given shape: users' activity and items' popularity follow power laws, values are 1 to 5.
 * For benches: seeded, and quick to make.
 */
export function powerLaw(users: number, items: number, nnz: number): SparseRows {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const activity = Array.from({ length: users }, () => (next() + 0.02) ** -0.7);
  const total = activity.reduce((a, b) => a + b);
  const indptr = new Int32Array(users + 1);
  const indices: number[] = [];
  for (let u = 0; u < users; u++) {
    const row = new Set<number>();
    const length = Math.min(items / 2, Math.max(1, Math.round((activity[u] / total) * nnz)));
    while (row.size < length) row.add(Math.floor(items * next() ** 2.2));
    for (const item of Int32Array.from(row).sort()) indices.push(item);
    indptr[u + 1] = indices.length;
  }
  return {
    rows: users,
    cols: items,
    indptr,
    indices: Int32Array.from(indices),
    data: Float32Array.from(indices, () => 1 + Math.floor(next() * 5)),
  };
}
