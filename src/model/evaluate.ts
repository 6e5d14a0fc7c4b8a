// A model on held-out interactions: full ranking of all items for every user with positives, seen items left out.
import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import { likedRows } from '../data/likes.ts';
import type { Team } from '../threads/team.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { METRICS, type MetricName } from './metrics.ts';
import type { Model } from './model.ts';

export interface EvaluateOptions {
  /** Cutoffs; default [20]. */
  readonly k?: number | readonly number[];
  /** Interactions whose items are left out of the ranking beside those of `seen`, such as the validation part in a test. */
  readonly mask?: readonly Dataset[];
  /** Users to evaluate, as positions; default all that have positives. */
  readonly users?: ArrayLike<number>;
  /** 1 for items that are candidates, u8[items]; default all that exist. Positives that are no candidates do not count. */
  readonly candidates?: Uint8Array;
  /** Metrics to compute; default all of METRICS. */
  readonly metrics?: readonly MetricName[];
  /** Threads to rank with, from `openTeam`; any number gives the same figures. */
  readonly team?: Team;
}

/** Means over users, by `metric@k`; `users` says how many. */
export type Evaluation = Readonly<Record<`${MetricName}@${number}` | 'users', number>>;

/** Users ranked in one call; many for a team, which gets a copy of the items with each call. */
const USERS_PER_CALL = 512;
const USERS_PER_TEAM_CALL = 8192;

/**
 * Ranks all items for every user of `positives` and counts hits, in float64.
 * @param seen the interactions that the model was trained on: they are left out of the ranking, and are the user's history.
 * @param positives the held-out interactions, over the same tables; they must not be part of `seen`.
 * @returns means over users with at least one positive; NaN never: no such user is a DataError.
 */
export function evaluate(model: Model, seen: Dataset, positives: Dataset, options: EvaluateOptions = {}): Evaluation {
  const asked = typeof options.k === 'object' ? options.k : [options.k ?? 20];
  // Each once: a cutoff that is given twice would be counted twice.
  const cutoffs = [...new Set(asked.map((k) => check.integer('k', k, { min: 1 })))];
  // A list ends where items do; memory is taken for each place of it.
  const deepest = Math.min(Math.max(...cutoffs), model.items.size);
  const names = new Set(options.metrics ?? (Object.keys(METRICS) as MetricName[]));
  requireTables(model, seen);
  requireTables(model, positives);
  const exclude = options.mask?.length ? unionRows([seen, ...options.mask].map((d) => d.userItems)) : seen.userItems;
  const { indptr, indices } = likedRows(positives).userItems;
  const counts = (i: number): boolean => model.items.at(i) !== null && options.candidates?.[i] !== 0;
  const positivesOf = (u: number): number[] => {
    const items: number[] = [];
    for (let e = indptr[u]; e < indptr[u + 1]; e++) if (counts(indices[e])) items.push(indices[e]);
    return items;
  };
  const users: number[] = [];
  for (const u of Array.from(options.users ?? positives.userItems.indptr.subarray(1).keys())) {
    if (model.users.at(u) !== null && positivesOf(u).length > 0) users.push(u);
  }
  if (users.length === 0) throw new DataError('no user has held-out interactions to evaluate on', { source: positives.source });

  const sums = new Map<string, number>();
  const isPositive = new Uint8Array(model.items.size);
  const hits = new Uint8Array(deepest);
  const each = options.team ? USERS_PER_TEAM_CALL : USERS_PER_CALL;
  for (let start = 0; start < users.length; start += each) {
    const block = Int32Array.from(users.slice(start, start + each));
    const ranking = model.rank({
      users: block,
      k: deepest,
      exclude,
      history: seen.userItems,
      allowed: options.candidates,
      team: options.team,
    });
    for (let r = 0; r < block.length; r++) {
      const items = positivesOf(block[r]);
      for (const item of items) isPositive[item] = 1;
      for (let j = 0; j < deepest; j++) {
        const item = ranking.items[r * deepest + j];
        hits[j] = item >= 0 ? isPositive[item] : 0;
      }
      for (const item of items) isPositive[item] = 0;
      for (const name of names) {
        for (const k of cutoffs) {
          const key = `${name}@${k}`;
          sums.set(key, (sums.get(key) ?? 0) + METRICS[name]({ hits, k, positives: items.length }));
        }
      }
    }
  }
  const result: Record<string, number> = { users: users.length };
  for (const [key, sum] of sums) result[key] = sum / users.length;
  return result as Evaluation;
}

/** Data are positions to a model: both must mean the same ids by them. */
export function requireTables(model: Model, data: Dataset): void {
  const same = (a: IdTable, b: IdTable): boolean => {
    if (a === b) return true;
    if (a.size !== b.size) return false;
    // A deleted id may still stand in the data's table; it takes part in nothing.
    for (let p = 0; p < a.size; p++) if (a.at(p) !== b.at(p) && a.at(p) !== null && b.at(p) !== null) return false;
    return true;
  };
  if (!same(model.users, data.users) || !same(model.items, data.items)) {
    throw new ModelError(
      `the model and the data do not belong together: the model has ${model.users.live} users and ${model.items.live} items, ` +
        `the data ${data.users.live} and ${data.items.live}, or other ids; align the data with alignTo()`,
    );
  }
}

/** Rows that hold every index that one of the given matrices holds; data are 1. */
export function unionRows(matrices: readonly SparseRows[]): SparseRows {
  const { rows, cols } = matrices[0];
  const indptr = new Int32Array(rows + 1);
  const chunks: number[] = [];
  for (let r = 0; r < rows; r++) {
    const merged = new Set<number>();
    for (const m of matrices) for (let e = m.indptr[r]; e < m.indptr[r + 1]; e++) merged.add(m.indices[e]);
    for (const index of [...merged].sort((a, b) => a - b)) chunks.push(index);
    indptr[r + 1] = chunks.length;
  }
  return { rows, cols, indptr, indices: Int32Array.from(chunks), data: new Float32Array(chunks.length).fill(1) };
}
