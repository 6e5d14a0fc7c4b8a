// Pairs of user and item that occur more than once. What stands does not depend on the order in which they came, so that
// the order of lines in a file changes no byte of a model.
import { DataError } from '../base/errors.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/**
 * What happens to pairs that occur more than once: `last` keeps the latest in time, and of equal times, or without times,
 * the largest value; `sum` adds the values up, at the latest time; `error` refuses them.
 */
export const DUPLICATES = ['last', 'sum', 'error'] as const;
export type DuplicatePolicy = (typeof DUPLICATES)[number];

/** Sparse rows with what comes along with each entry. */
export interface Rows extends SparseRows {
  readonly times?: Float64Array;
  readonly parts?: Uint8Array;
}

/** The ids by position, and what the data are called, for messages. */
interface Names {
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly source?: string;
}

/** What was settled: how many entries stand, and where rows begin now. */
interface Settled {
  readonly kept: number;
  readonly indptr: Int32Array;
  readonly duplicates: number;
  readonly acrossParts: number;
}

/**
 * Moves the entries that stand to the front of the arrays. Where a pair is in several parts of a split, those of the first
 * part alone count: what was trained on proves nothing in a test.
 * @param rows items ascending within users; is changed.
 * @throws DataError that names the pair: under `error`, and where a sum leaves float32.
 */
export function settleDuplicates({ rows, indptr, indices, data, times, parts }: Rows, policy: DuplicatePolicy, names: Names): Settled {
  let kept = 0;
  let duplicates = 0;
  let acrossParts = 0;
  for (let u = 0, e = 0; u < rows; u++) {
    const rowEnd = indptr[u + 1];
    while (e < rowEnd) {
      const item = indices[e];
      const begin = e++;
      while (e < rowEnd && indices[e] === item) e++;
      let value = data[begin];
      let stands = begin;
      if (e - begin > 1) {
        const pair = `user ${JSON.stringify(names.users[u])} and item ${JSON.stringify(names.items[item])}`;
        const place = { source: names.source };
        if (policy === 'error') throw new DataError(`${pair} occur together more than once; choose duplicates "last" or "sum"`, place);
        const part = parts ? parts.subarray(begin, e).reduce((a, b) => Math.min(a, b)) : 0;
        const entries = latestLast(begin, e, data, times).filter((entry) => !parts || parts[entry] === part);
        if (entries.length < e - begin) acrossParts++;
        duplicates += e - begin - 1;
        stands = entries.at(-1)!;
        value = policy === 'sum' ? sumOf(entries, data) : data[stands];
        if (!Number.isFinite(value)) throw new DataError(`the values of ${pair} add up to more than float32 holds`, place);
      }
      indices[kept] = item;
      data[kept] = value;
      if (times) times[kept] = times[stands];
      if (parts) parts[kept] = parts[stands];
      kept++;
    }
    indptr[u + 1] = kept;
  }
  return { kept, indptr, duplicates, acrossParts };
}

/** Entries in the order of their times, then of their values. */
function latestLast(begin: number, end: number, data: Float32Array, times?: Float64Array): number[] {
  const entries = Array.from({ length: end - begin }, (_, n) => begin + n);
  return entries.sort((a, b) => (times ? times[a] - times[b] : 0) || data[a] - data[b]);
}

/** In float64, from the smallest on: one order, whatever the order of lines. */
function sumOf(entries: readonly number[], data: Float32Array): number {
  const values = entries.map((entry) => data[entry]).sort((a, b) => a - b);
  return Math.fround(values.reduce((sum, value) => sum + value, 0));
}
