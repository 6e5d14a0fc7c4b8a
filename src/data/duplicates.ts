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
export interface Names {
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly source?: string;
}

/** What was settled: how many entries stand, repeats of pairs, and pairs that were in several parts. */
export interface Settled {
  readonly kept: number;
  readonly duplicates: number;
  readonly acrossParts: number;
}

/**
 * Moves the entries that stand to the front of the arrays. Where a pair is in several parts of a split, those of the first
 * part alone count: what was trained on proves nothing in a test.
 */
export class DuplicateSettler implements Settled {
  kept = 0;
  duplicates = 0;
  acrossParts = 0;
  readonly #rows: Rows;
  readonly #policy: DuplicatePolicy;
  readonly #names: Names;
  #user = 0;
  /** Where the user's row begins among all entries. */
  #entry = 0;

  /** @param rows items ascending within users; are changed. */
  constructor(rows: Rows, policy: DuplicatePolicy, names: Names) {
    this.#rows = rows;
    this.#policy = policy;
    this.#names = names;
  }

  /**
   * Settles whole rows, about so many entries.
   * @returns whether these were all.
   * @throws DataError that names the pair: under `error`, and where a sum leaves float32.
   */
  settle(entries: number): boolean {
    const { rows, indptr } = this.#rows;
    for (const stop = this.#entry + entries; this.#user < rows && this.#entry < stop; this.#user++) {
      const end = indptr[this.#user + 1];
      this.#settleRow(this.#user, this.#entry, end);
      indptr[this.#user + 1] = this.kept;
      this.#entry = end;
    }
    return this.#user === rows;
  }

  #settleRow(user: number, from: number, rowEnd: number): void {
    const { indices, data, times, parts } = this.#rows;
    let kept = this.kept;
    for (let e = from; e < rowEnd; ) {
      const item = indices[e];
      const begin = e++;
      while (e < rowEnd && indices[e] === item) e++;
      let stands = begin;
      let value = data[begin];
      if (e - begin > 1) [stands, value] = this.#settlePair(user, item, begin, e);
      indices[kept] = item;
      data[kept] = value;
      if (times) times[kept] = times[stands];
      if (parts) parts[kept] = parts[stands];
      kept++;
    }
    this.kept = kept;
  }

  /** @returns the entry that stands, and its value. */
  #settlePair(user: number, item: number, begin: number, end: number): [number, number] {
    const { data, times, parts } = this.#rows;
    const { users, items, source } = this.#names;
    const pair = (): string => `user ${JSON.stringify(users[user])} and item ${JSON.stringify(items[item])}`;
    if (this.#policy === 'error')
      throw new DataError(`${pair()} occur together more than once; choose duplicates "last" or "sum"`, { source });
    const part = parts ? parts.subarray(begin, end).reduce((a, b) => Math.min(a, b)) : 0;
    const entries = latestLast(begin, end, data, times).filter((entry) => !parts || parts[entry] === part);
    if (entries.length < end - begin) this.acrossParts++;
    this.duplicates += end - begin - 1;
    const stands = entries.at(-1)!;
    const value = this.#policy === 'sum' ? sumOf(entries, data) : data[stands];
    if (!Number.isFinite(value)) throw new DataError(`the values of ${pair()} add up to more than float32 holds`, { source });
    return [stands, value];
  }
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
