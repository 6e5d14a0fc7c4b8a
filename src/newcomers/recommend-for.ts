// Lists for people who are not in a model: from what they have interacted with, one call for every kind.

import * as check from '../base/check.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { requireTables } from '../model/evaluate.ts';
import { FactorModel } from '../model/factor-model.ts';
import { expectModel, type Model, type Ranking } from '../model/model.ts';
import { allowedItems } from '../model/positions.ts';
import { coldList, listLength, named, ON_COLD, type OnCold, type Recommended } from '../model/recommend.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { type History, historyRows } from './history.ts';
import { rowsFor } from './history-rows.ts';

/** How long a list for somebody new is, and what may be on it. */
export interface RecommendForOptions {
  /** List length; default 10. A list is shorter where items run out. */
  readonly k?: number;
  /** The interactions that the model was trained on, over its tables: for titles, and for the most popular items. */
  readonly data?: Dataset;
  /** What somebody with an empty history is served; default `popular`, which takes `data`. */
  readonly onCold?: OnCold;
  /** Leave out items of the history that the model does not know, instead of refusing; default false. */
  readonly ignoreUnknown?: boolean;
  /** Rank items of the history too; default false. */
  readonly includeSeen?: boolean;
  /** Item ids that must not be ranked. */
  readonly exclude?: readonly string[];
  /** Rank only these item ids. */
  readonly candidates?: readonly string[];
  /** Of the negatives that pairwise losses draw; default 1. */
  readonly seed?: number;
}

/** Histories ranked in one go: the scores of a list need memory. */
const AT_ONCE = 1024;

/**
 * The best items for somebody who is not in the model. `als` solves their row exactly; `ease` and `item-knn` score from the history,
 * as for anybody; networks are given the best row for their pairwise loss, their items as they stand (values count for nothing
 * there). The model stays as it is, and nothing of the history is kept.
 * @param history what they have interacted with: ids, or `{ item, value }`; empty for somebody of whom nothing is known.
 * @throws DataError for items that the model does not know, and for an empty history where `onCold` or the lack of data says so;
 *   RangeError for values that the model's kind takes for no likes.
 * @example
 * recommendFor(model, ['50', '172'], { k: 5, data: train }) // [{ item: '181', score: 0.87, title: 'Return of the Jedi (1983)' }, …]
 */
export function recommendFor(model: Model, history: History, options?: RecommendForOptions): Recommended[];
/** The best items for each of many histories. */
export function recommendFor(model: Model, histories: readonly History[], options?: RecommendForOptions): Recommended[][];
export function recommendFor(
  model: Model,
  given: History | readonly History[],
  options: RecommendForOptions = {},
): Recommended[] | Recommended[][] {
  expectModel('model', model);
  check.knownKeys('recommendFor', options, [...['k', 'data', 'onCold', 'ignoreUnknown', 'includeSeen', 'exclude', 'candidates', 'seed']]);
  const { data } = options;
  if (data !== undefined) {
    expectDataset('data', data);
    requireTables(model, data);
  }
  const includeSeen = check.boolean('includeSeen', options.includeSeen ?? false);
  const ignoreUnknown = check.boolean('ignoreUnknown', options.ignoreUnknown ?? false);
  const onCold = check.oneOf('onCold', options.onCold ?? 'popular', ON_COLD);
  const seed = check.integer('seed', options.seed ?? 1, { min: 0, max: 0xffffffff });
  const k = listLength(options.k, model.items);
  const allowed = allowedItems(model.items, options);
  const many = Array.isArray(check.array<unknown>('history', given)[0]);
  const histories = (many ? given : [given]) as readonly History[];
  const rows = historyRows(model, histories, ignoreUnknown);
  const lists: Recommended[][] = [];
  for (let start = 0; start < histories.length; start += AT_ONCE) {
    const block = blockOf(rows, start, Math.min(histories.length, start + AT_ONCE));
    const ranking = rankHistories(model, block, { k, allowed, exclude: !includeSeen, seed });
    for (let r = 0; r < block.rows; r++) {
      const cold = block.indptr[r] === block.indptr[r + 1];
      lists.push(
        cold
          ? coldList(model, 'somebody without a history', { data, k, allowed, onCold })
          : named(ranking, r, k, model.items, data?.titles),
      );
    }
  }
  return many ? lists : lists[0];
}

interface HistoryRequest {
  readonly k: number;
  readonly allowed?: Uint8Array;
  /** Whether to leave out what a history holds. */
  readonly exclude: boolean;
  readonly seed: number;
}

/** Top-k lists for histories, row by row. */
export function rankHistories(model: Model, histories: SparseRows, { k, allowed, exclude, seed }: HistoryRequest): Ranking {
  if (model instanceof FactorModel)
    return model.rankRows(rowsFor(model, histories, seed), { k, allowed, exclude: exclude ? histories : undefined });
  // Such a model holds no rows of users: who stands at a position is a matter of the history that it is given there.
  const all: Ranking = { items: new Int32Array(histories.rows * k), scores: new Float32Array(histories.rows * k) };
  for (let start = 0; start < histories.rows; start += model.users.size) {
    const block = blockOf(histories, start, Math.min(histories.rows, start + model.users.size));
    const history = { ...block, rows: model.users.size, indptr: paddedIndptr(block.indptr, model.users.size) };
    const users = Int32Array.from({ length: block.rows }, (_, r) => r);
    const ranking = model.rank({ users, k, allowed, history, exclude: exclude ? history : undefined });
    all.items.set(ranking.items, start * k);
    all.scores.set(ranking.scores, start * k);
  }
  return all;
}

function blockOf({ cols, indptr, indices, data }: SparseRows, begin: number, end: number): SparseRows {
  const from = indptr[begin];
  return {
    rows: end - begin,
    cols,
    indptr: indptr.slice(begin, end + 1).map((at) => at - from),
    indices: indices.subarray(from, indptr[end]),
    data: data.subarray(from, indptr[end]),
  };
}

function paddedIndptr(indptr: Int32Array, rows: number): Int32Array {
  const padded = new Int32Array(rows + 1).fill(indptr[indptr.length - 1]);
  padded.set(indptr);
  return padded;
}
