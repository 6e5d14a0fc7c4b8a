// Pairs of user and item that occur more than once. What stands does not depend on the order in which they came, so that
// the order of lines in a file changes no byte of a model.
import { DataError } from '../base/errors.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/**
 * What happens to pairs that occur more than once: `last` keeps the latest in time, and of equal times, or without times,
 * the largest value; `sum` adds the values up, at the latest time; `error` refuses them.
 */
export const DUPLICATES = ['last', 'sum', 'error'] as const;
/** What happens to a pair that occurs more than once: its last or first value, the largest, the sum, or an error. */
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
    let part = parts ? parts[begin] : 0;
    if (parts) for (let entry = begin + 1; entry < end; entry++) part = Math.min(part, parts[entry]);
    const counts = (entry: number): boolean => !parts || parts[entry] === part;
    let stands = -1;
    let counted = 0;
    for (let entry = begin; entry < end; entry++) {
      if (!counts(entry)) continue;
      counted++;
      if (stands < 0 || isLater(entry, stands, data, times)) stands = entry;
    }
    if (counted < end - begin) this.acrossParts++;
    this.duplicates += end - begin - 1;
    const value = this.#policy === 'sum' ? sumOf(begin, end, counts, data) : data[stands];
    if (!Number.isFinite(value)) throw new DataError(`the values of ${pair()} add up to more than float32 holds`, { source });
    return [stands, value];
  }
}

/** By time, then by value; of equal ones, the one that came later. */
function isLater(entry: number, than: number, data: Float32Array, times?: Float64Array): boolean {
  if (times && times[entry] !== times[than]) return times[entry] > times[than];
  return data[entry] >= data[than];
}

/** In float64, from the smallest on: one order, whatever the order of lines. */
function sumOf(begin: number, end: number, counts: (entry: number) => boolean, data: Float32Array): number {
  const values: number[] = [];
  for (let entry = begin; entry < end; entry++) if (counts(entry)) values.push(data[entry]);
  return Math.fround(values.sort((a, b) => a - b).reduce((sum, value) => sum + value, 0));
}
