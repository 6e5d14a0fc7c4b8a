// Recommendations in the user's own terms: ids in, ids, scores and titles out.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import { requireTables } from './evaluate.ts';
import type { Model, Ranking } from './model.ts';

/** One item of a list. */
export interface Recommended {
  readonly item: string;
  readonly score: number;
  /** Where the data have one. */
  readonly title?: string;
}

export interface RecommendOptions {
  /** List length; default 10. A list is shorter where items run out. */
  readonly k?: number;
  /** The user's interactions, over the model's tables: they are left out, and models that score from a history need them. */
  readonly data?: Dataset;
  /** Rank items of `data` too; default false. */
  readonly includeSeen?: boolean;
  /** Item ids that must not be ranked. */
  readonly exclude?: readonly string[];
  /** Rank only these item ids. */
  readonly candidates?: readonly string[];
}

/**
 * The best items for a user.
 * @throws DataError for an unknown user or item; RangeError for k < 1.
 * @example
 * recommend(model, '196', { k: 10, data: train }) // [{ item: '50', score: 1.02, title: 'Star Wars (1977)' }, …]
 */
export function recommend(model: Model, user: string, options?: RecommendOptions): Recommended[];
/** The best items for each of many users. */
export function recommend(model: Model, users: readonly string[], options?: RecommendOptions): Recommended[][];
export function recommend(
  model: Model,
  users: string | readonly string[],
  options: RecommendOptions = {},
): Recommended[] | Recommended[][] {
  const { data, includeSeen = false, exclude = [], candidates } = options;
  const k = listLength(options.k, model.items);
  if (data) requireTables(model, data);
  const wanted = check.array('candidates', candidates ?? []);
  const unwanted = check.array('exclude', exclude);
  const allowed = candidates || unwanted.length > 0 ? new Uint8Array(model.items.size).fill(candidates ? 0 : 1) : undefined;
  for (const id of wanted) allowed![positionOf('item', model.items, id)] = 1;
  for (const id of unwanted) allowed![positionOf('item', model.items, id)] = 0;
  const list = typeof users === 'string' ? [users] : check.array('users', users);
  const positions = Int32Array.from(list, (id) => positionOf('user', model.users, id));
  const ranking = model.rank({
    users: positions,
    k,
    allowed,
    history: data?.userItems,
    exclude: includeSeen ? undefined : data?.userItems,
  });
  const lists = list.map((_, r) => named(ranking, r, k, model.items, data?.titles));
  return typeof users === 'string' ? lists[0] : lists;
}

/**
 * The items that are closest to an item by the model's own measure (cosine of factors, or of co-occurrence).
 * @param options.k default 10.
 */
export function similarItems(
  model: Model,
  item: string,
  options: { readonly k?: number; readonly titles?: ReadonlyMap<number, string> } = {},
): Recommended[] {
  const k = listLength(options.k, model.items);
  return named(model.similarItems(positionOf('item', model.items, item), k), 0, k, model.items, options.titles);
}

/** Users nearest to a user. @throws DataError where the model has no rows for users. */
export function similarUsers(
  model: Model & { similarUsers?: (user: number, k: number) => Ranking },
  user: string,
  options: { readonly k?: number } = {},
): { user: string; score: number }[] {
  const k = listLength(options.k, model.users);
  if (!model.similarUsers) throw new DataError(`a model of kind "${model.kind.name}" has no user factors to compare`);
  return named(model.similarUsers(positionOf('user', model.users, user), k), 0, k, model.users).map(({ item, score }) => ({
    user: item,
    score,
  }));
}

/** As many as were asked for, 10 by default, but no more than there are: memory is taken for each place of a list. */
function listLength(k: number | undefined, ids: IdTable): number {
  return Math.min(check.integer('k', k ?? 10, { min: 1 }), ids.size);
}

function named({ items, scores }: Ranking, row: number, k: number, ids: IdTable, titles?: ReadonlyMap<number, string>): Recommended[] {
  const list: Recommended[] = [];
  for (let j = row * k; j < (row + 1) * k && items[j] >= 0; j++) {
    const title = titles?.get(items[j]);
    list.push({ item: ids.at(items[j])!, score: scores[j], ...(title !== undefined && { title }) });
  }
  return list;
}

/** @throws DataError that names an id which the model does not know. */
export function positionOf(what: 'user' | 'item', table: IdTable, id: string): number {
  const position = table.indexOf(check.string(what, id));
  if (position < 0) throw new DataError(`${what} ${JSON.stringify(id)} is not in the model`);
  return position;
}
