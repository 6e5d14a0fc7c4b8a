// A model on held-out interactions: full ranking of all items for every user with positives, seen items left out.
import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import { likedRows } from '../data/likes.ts';
import { requireDisjoint } from '../data/overlap.ts';
import { checkThreading, type Team, teamFor } from '../threads/team.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { usersPerBreath } from './breaths.ts';
import { METRICS, type MetricName } from './metrics.ts';
import { expectModel, type Model } from './model.ts';
import { isCold, popularFirst, rankInOrder } from './popular.ts';
import { allowedItems, positionOf } from './positions.ts';
import { judgedList, type Ranker, wholeLists } from './ranked-lists.ts';
import { checkPosition } from './ranking-inputs.ts';

/** Which lists to judge, by which metrics. */
export interface EvaluateOptions {
  /** Cutoffs; default [20]. */
  readonly k?: number | readonly number[];
  /** Interactions whose items are left out of the ranking beside those of `seen`, such as the validation part in a test. */
  readonly mask?: readonly Dataset[];
  /** Ids of the users to evaluate; default all that have positives. */
  readonly users?: readonly string[];
  /** Ids of the items that are candidates; default all that exist. Positives that are no candidates do not count. */
  readonly candidates?: readonly string[];
  /** Metrics to compute; default all of METRICS. */
  readonly metrics?: readonly MetricName[];
  /** Threads to rank with, from `openTeam`; any number gives the same figures. */
  readonly team?: Team;
}

/** Means over some users, by `metric@k`. */
export type MetricMeans = Readonly<Record<`${MetricName}@${number}`, number>>;

/** Means over users that have training rows; `users` says how many. */
export type Evaluation = MetricMeans & {
  readonly users: number;
  /** Users with held-out rows and without training rows: no part of the means, since a model knows nothing of them. */
  readonly coldUsers: number;
  /** What they get, who are served the most popular items; null where there are none. */
  readonly cold: MetricMeans | null;
  /** Root mean squared, and mean absolute, error of the held-out values, for models that predict values; else null. */
  readonly rmse: number | null;
  readonly mae: number | null;
};

/** Users ranked in one call; many for a team, which gets a copy of the items with each call. */
const USERS_PER_CALL = 512;
const USERS_PER_TEAM_CALL = 8192;

/**
 * Ranks all items for every user of `positives` and counts hits, in float64. Rows that are no likes are no hits; of items
 * that are tied no order is preferred.
 * @param seen the interactions that the model was trained on: they are left out of the ranking, and are the user's history.
 * @param positives the held-out interactions, over the same tables; none may be in `seen`.
 * @returns means over users with training rows and at least one positive; NaN never: no such user is a DataError.
 * @throws TypeError, RangeError for arguments that are none; DataError for rows that are in both, or arguments that are swapped.
 * @example
 * const { 'recall@20': recall, users } = evaluate(model, train, test, { k: 20 });
 */
export function evaluate(model: Model, seen: Dataset, positives: Dataset, options: EvaluateOptions = {}): Evaluation {
  check.knownKeys('evaluate', options, EVALUATE_OPTIONS);
  checkThreading({ team: options.team });
  return atOnce(evaluation(model, seen, positives, positionsIn(model, options)));
}

/**
 * The same for data that take long: watched, stopped, and other work comes between.
 * @throws as `evaluate`, and the signal's reason.
 * @example
 * const { 'ndcg@20': ndcg } = await evaluateAsync(model, train, test, { threads: 4, onProgress: console.log })
 */
export async function evaluateAsync(
  model: Model,
  seen: Dataset,
  positives: Dataset,
  options: EvaluateOptions & RunControl = {},
): Promise<Evaluation> {
  checkControl('evaluateAsync', options, EVALUATE_OPTIONS);
  const { signal, onProgress, threads, ...own } = options;
  check.aborted(signal);
  const opened = await teamFor({ threads, team: own.team });
  try {
    const each = usersPerBreath(expectedModel(model), opened.threads);
    const steps = evaluation(model, seen, positives, { ...positionsIn(model, own), team: opened.team, each });
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      onProgress?.({ phase: 'evaluate', ...value });
      await breathe();
      check.aborted(signal);
    }
  } finally {
    await opened.close();
  }
}

const EVALUATE_OPTIONS = ['k', 'mask', 'users', 'candidates', 'metrics', 'team'] as const;

/** What is evaluated, in positions. */
export interface EvaluateAt extends Omit<EvaluateOptions, 'users' | 'candidates'> {
  readonly users?: ArrayLike<number>;
  /** 1 for items that are candidates. */
  readonly candidates?: Uint8Array;
  /** Users who are ranked in one go. */
  readonly each?: number;
}

function expectedModel(model: Model): Model {
  expectModel('model', model);
  return model;
}

function positionsIn(model: Model, { users, candidates, ...rest }: EvaluateOptions): EvaluateAt {
  const { users: known, items } = expectedModel(model);
  return {
    ...rest,
    ...(users && { users: check.array('users', users).map((id) => positionOf('user', known, id)) }),
    ...(candidates && { candidates: allowedItems(items, { candidates }) }),
  };
}

function atOnce<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** As `evaluate`, by positions. */
export const evaluateAt = (model: Model, seen: Dataset, positives: Dataset, options: EvaluateAt): Evaluation =>
  atOnce(evaluation(model, seen, positives, options));

interface Step {
  readonly done: number;
  readonly total: number;
}

/** Evaluates in steps, each followed by how far it is. */
function* evaluation(model: Model, seen: Dataset, positives: Dataset, options: EvaluateAt): Generator<Step, Evaluation> {
  const asked: readonly number[] = Array.isArray(options.k) ? options.k : [options.k ?? 20];
  // Each once: a cutoff that is given twice would be counted twice.
  const cutoffs = [...new Set(asked.map((k) => check.integer('k', k, { min: 1 })))];
  if (cutoffs.length === 0) throw new RangeError('"k" expected a cutoff at least, got none');
  const names = [...new Set(check.array('metrics', options.metrics ?? (Object.keys(METRICS) as MetricName[])))];
  for (const name of names) check.oneOf('metrics', name, Object.keys(METRICS));
  checkArguments(model, seen, positives, options);
  const liked = likedRows(positives);
  const judged = { ...options, cutoffs, names, positivesOf: candidatesAmong(liked, model.items, options.candidates) };
  const everybody = Array.from(options.users ?? liked.userItems.indptr.subarray(1).keys()).filter((user) => model.users.at(user) !== null);
  const users = everybody.filter((user) => judged.positivesOf(user).length > 0);
  const warm = users.filter((user) => !isCold(seen, user));
  const cold = users.filter((user) => isCold(seen, user));
  if (warm.length === 0) {
    const found = cold.length === 0 ? 'no user has' : `${cold.length} users without training rows alone have`;
    throw new DataError(`${found} held-out interactions to evaluate on`, { source: positives.source });
  }
  const exclude = options.mask?.length ? unionRows([seen, ...options.mask].map((d) => d.userItems)) : seen.userItems;
  const { candidates: allowed, team } = options;
  const byModel: Ranker = (users, k) => model.rank({ users, k, exclude, history: seen.userItems, allowed, team });
  const means = yield* meansOver(warm, byModel, model.items.size, judged);
  const coldMeans =
    cold.length === 0 ? null : yield* meansOver(cold, popularRanker(model, seen, exclude, allowed), model.items.size, judged);
  return { users: warm.length, ...means, coldUsers: cold.length, cold: coldMeans, ...valueErrors(model, seen, positives, everybody) };
}

interface Judged {
  readonly cutoffs: readonly number[];
  readonly names: readonly MetricName[];
  readonly positivesOf: (user: number) => number[];
  readonly team?: Team;
  readonly each?: number;
}

function* meansOver(
  users: readonly number[],
  rank: Ranker,
  items: number,
  { cutoffs, names, positivesOf, team, each = team ? USERS_PER_TEAM_CALL : USERS_PER_CALL }: Judged,
): Generator<Step, MetricMeans> {
  // A list ends where items do; memory is taken for each place of it.
  const deepest = Math.min(Math.max(...cutoffs), items);
  const sums = new Map<string, number>();
  const isPositive = new Uint8Array(items);
  for (let start = 0; start < users.length; start += each) {
    const block = Int32Array.from(users.slice(start, start + each));
    wholeLists(rank, block, deepest, items).forEach((list, r) => {
      const positives = positivesOf(block[r]);
      for (const item of positives) isPositive[item] = 1;
      const ranked = judgedList(list, deepest, isPositive);
      for (const item of positives) isPositive[item] = 0;
      for (const name of names) {
        for (const k of cutoffs) {
          const key = `${name}@${k}`;
          sums.set(key, (sums.get(key) ?? 0) + METRICS[name]({ ...ranked, k, positives: positives.length }));
        }
      }
    });
    yield { done: start + block.length, total: users.length };
  }
  return Object.fromEntries(Array.from(sums, ([key, sum]) => [key, sum / users.length])) as MetricMeans;
}

function candidatesAmong({ userItems: { indptr, indices } }: Dataset, items: IdTable, candidates?: Uint8Array): (user: number) => number[] {
  return (user) => {
    const found: number[] = [];
    for (let e = indptr[user]; e < indptr[user + 1]; e++) {
      if (items.at(indices[e]) !== null && candidates?.[indices[e]] !== 0) found.push(indices[e]);
    }
    return found;
  };
}

function popularRanker({ items }: Model, seen: Dataset, exclude: SparseRows, allowed?: Uint8Array): Ranker {
  const counts = seen.itemCounts();
  const order = popularFirst(items, counts);
  return (users, k) => rankInOrder(order, counts, { users, k, exclude, allowed });
}

/** Errors of predicted values over held-out rows whose user and item have training rows, in the order of rows. */
function valueErrors(model: Model, seen: Dataset, held: Dataset, users: readonly number[]): Pick<Evaluation, 'rmse' | 'mae'> {
  if (model.options.objective !== 'explicit') return { rmse: null, mae: null };
  const counts = seen.itemCounts();
  const { indptr, indices, data: values } = held.userItems;
  let count = 0;
  let squares = 0;
  let sum = 0;
  for (const user of users) {
    if (isCold(seen, user)) continue;
    const entries = Int32Array.from({ length: indptr[user + 1] - indptr[user] }, (_, n) => indptr[user] + n).filter(
      (e) => counts[indices[e]] > 0,
    );
    const scores = model.scorePairs(
      new Int32Array(entries.length).fill(user),
      entries.map((e) => indices[e]),
      seen.userItems,
    );
    entries.forEach((entry, n) => {
      const error = scores[n] - values[entry];
      squares += error * error;
      sum += Math.abs(error);
    });
    count += entries.length;
  }
  return count === 0 ? { rmse: null, mae: null } : { rmse: Math.sqrt(squares / count), mae: sum / count };
}

function checkArguments(model: Model, seen: Dataset, positives: Dataset, options: EvaluateAt): void {
  expectModel('model', model);
  for (const [name, data] of Object.entries({ seen, positives })) expectDataset(name, data);
  for (const part of check.array('mask', options.mask ?? [])) expectDataset('mask', part);
  requireTables(model, seen);
  requireTables(model, positives);
  for (const mask of options.mask ?? []) requireTables(model, mask);
  for (const user of Array.from(options.users ?? [])) checkPosition('users', user, model.users);
  const { candidates } = options;
  if (candidates !== undefined && candidates?.length !== model.items.size) {
    const found = candidates?.length ?? check.describe(candidates);
    throw new RangeError(`"candidates" expected a byte for each of the ${model.items.size} items, got ${found}`);
  }
  // Whoever asks for training rows as positives has them in place of the others, or in both places.
  if (positives.interactions >= seen.interactions && positives.fingerprint() === model.provenance.fingerprint)
    throw new DataError('the positives are the rows that the model was trained on; give the trained-on data first, then the held-out', {
      source: positives.source,
    });
  requireDisjoint(seen, positives);
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
