// Recommendations in the user's own terms: ids in, ids, scores and titles out.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import type { Team } from '../threads/team.ts';
import { requireTables } from './evaluate.ts';
import { expectModel, type Model, type Ranking } from './model.ts';
import { isCold, popularFirst, rankInOrder } from './popular.ts';
import { allowedItems, positionOf } from './positions.ts';

/** One item of a list. */
export interface Recommended {
  readonly item: string;
  readonly score: number;
  /** Where the data have one. */
  readonly title?: string;
  /** There, and true, where the user has no training rows and is served the most popular items; the score is then how many have it. */
  readonly cold?: true;
}

/**
 * What somebody without training rows is served: the most popular items, an error, or an empty list. Of such people a model
 * knows nothing: its scores are those of its random start, or all zero.
 */
export const ON_COLD = ['popular', 'refuse', 'empty'] as const;
/** What somebody is served of whom a model knows nothing. */
export type OnCold = (typeof ON_COLD)[number];

/** What an id gets that the model does not know: an empty list, the most popular items, or an error for the whole request. */
export const ON_UNKNOWN = ['skip', 'popular', 'throw'] as const;
/** What an id gets that the model does not know. */
export type OnUnknown = (typeof ON_UNKNOWN)[number];

/** How long a list is, and what may be on it. */
export interface RecommendOptions {
  /** List length; default 10. A list is shorter where items run out. */
  readonly k?: number;
  /**
   * The interactions that the model was trained on, over its tables: the user's are left out, models that score from a history need
   * them, and who has none is told from them.
   */
  readonly data?: Dataset;
  /** What somebody without training rows is served; default `popular`. Without `data` that takes `refuse` or `empty`. */
  readonly onCold?: OnCold;
  /** What a user gets whom the model does not know; default `throw`. `popular` takes `data`, and says so in the list (`cold`). */
  readonly onUnknown?: OnUnknown;
  /** Rank items of `data` too; default false. */
  readonly includeSeen?: boolean;
  /** Item ids that must not be ranked. */
  readonly exclude?: readonly string[];
  /** Rank only these item ids. */
  readonly candidates?: readonly string[];
}

/**
 * The best items for a user.
 * @throws DataError for an unknown user or item, and for users without training rows where `onCold` or the lack of data says so;
 *   RangeError for k < 1.
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
  const list = typeof users === 'string' ? [users] : check.array('users', users);
  const lists = listsBy(model, options)(list);
  return typeof users === 'string' ? lists[0] : lists;
}

/** What `recommend` can be told. */
export const RECOMMEND_OPTIONS = ['k', 'data', 'onCold', 'onUnknown', 'includeSeen', 'exclude', 'candidates'] as const;

/** Lists for one block of users after the other: what holds for all of them is checked and found out once. */
export function listsBy(model: Model, options: RecommendOptions): (users: readonly string[], team?: Team) => Recommended[][] {
  expectModel('model', model);
  check.knownKeys('recommend', options, RECOMMEND_OPTIONS);
  const { data } = options;
  if (data !== undefined) expectDataset('data', data);
  const includeSeen = check.boolean('includeSeen', options.includeSeen ?? false);
  const onCold = check.oneOf('onCold', options.onCold ?? 'popular', ON_COLD);
  const onUnknown = check.oneOf('onUnknown', options.onUnknown ?? 'throw', ON_UNKNOWN);
  const k = listLength(options.k, model.items);
  if (data) requireTables(model, data);
  const allowed = allowedItems(model.items, options);
  const history = data?.userItems;
  let popular: Recommended[] | undefined;
  const servedPopular = (who: string, way: OnCold): Recommended[] => {
    if (way === 'popular' && data) return (popular ??= coldList(model, who, { data, k, allowed, onCold: way }));
    return coldList(model, who, { data, k, allowed, onCold: way });
  };
  return (users, team) => {
    const positions = users.map((id) =>
      onUnknown === 'throw' ? positionOf('user', model.users, id) : model.users.indexOf(check.string('user', id)),
    );
    const known = Int32Array.from(positions.filter((position) => position >= 0));
    const ranking = model.rank({ users: known, k, allowed, history, exclude: includeSeen ? undefined : history, ...(team && { team }) });
    let row = 0;
    return users.map((id, n) => {
      const who = `user ${JSON.stringify(id)}`;
      if (positions[n] < 0) return onUnknown === 'skip' ? [] : [...servedPopular(who, 'popular')];
      const r = row++;
      const cold = data ? isCold(data, positions[n]) : knowsNothing(ranking, r, k);
      return cold ? [...servedPopular(who, onCold)] : named(ranking, r, k, model.items, data?.titles);
    });
  };
}

/** Whether all scores of a list are zero, as those of a user with an empty row. */
function knowsNothing({ items, scores }: Ranking, row: number, k: number): boolean {
  const list = scores.subarray(row * k, (row + 1) * k).filter((_, j) => items[row * k + j] >= 0);
  return list.length > 0 && list.every((score) => score === 0);
}

interface ColdRequest {
  readonly data?: Dataset;
  readonly k: number;
  readonly allowed?: Uint8Array;
  readonly onCold: OnCold;
}

/** What somebody is served of whom the model knows nothing. @param who for the message. */
export function coldList(model: Model, who: string, { data, k, allowed, onCold }: ColdRequest): Recommended[] {
  if (onCold === 'empty') return [];
  if (onCold === 'refuse' || !data) {
    const remedy = data ? 'onCold "popular" serves the most popular items' : 'give the training data to serve the most popular items';
    throw new DataError(`${who} has no training rows, so that the model knows nothing of them; ${remedy}, "empty" none`, {
      source: data?.source,
    });
  }
  const counts = data.itemCounts();
  const ranking = rankInOrder(popularFirst(model.items, counts), counts, { users: Int32Array.of(0), k, allowed });
  return named(ranking, 0, k, model.items, data.titles).map((each) => ({ ...each, cold: true }));
}

/**
 * The items that are closest to an item by the model's own measure (cosine of factors, or of co-occurrence).
 * @param options.k default 10.
 * @example
 * similarItems(model, '50', { k: 3 }); // [{ item: '181', score: 0.93 }, …]
 */
export function similarItems(
  model: Model,
  item: string,
  options: { readonly k?: number; readonly titles?: ReadonlyMap<number, string> } = {},
): Recommended[] {
  expectModel('model', model);
  check.knownKeys('similarItems', options, ['k', 'titles']);
  const k = listLength(options.k, model.items);
  return named(model.similarItems(positionOf('item', model.items, item), k), 0, k, model.items, options.titles);
}

/**
 * Users nearest to a user.
 * @throws DataError where the model has no rows for users.
 * @example
 * similarUsers(model, '196', { k: 3 }); // [{ user: '12', score: 0.88 }, …]
 */
export function similarUsers(
  model: Model & { similarUsers?: (user: number, k: number) => Ranking },
  user: string,
  options: { readonly k?: number } = {},
): { user: string; score: number }[] {
  expectModel('model', model);
  check.knownKeys('similarUsers', options, ['k']);
  const k = listLength(options.k, model.users);
  if (!model.similarUsers) throw new DataError(`a model of kind "${model.kind.name}" has no user factors to compare`);
  return named(model.similarUsers(positionOf('user', model.users, user), k), 0, k, model.users).map(({ item, score }) => ({
    user: item,
    score,
  }));
}

/** As many as were asked for, 10 by default, but no more than there are: memory is taken for each place of a list. */
export function listLength(k: number | undefined, ids: IdTable): number {
  return Math.min(check.integer('k', k ?? 10, { min: 1 }), ids.size);
}

/** A row of a ranking, in ids. */
export function named(
  { items, scores }: Ranking,
  row: number,
  k: number,
  ids: IdTable,
  titles?: ReadonlyMap<number, string>,
): Recommended[] {
  const list: Recommended[] = [];
  for (let j = row * k; j < (row + 1) * k && items[j] >= 0; j++) {
    const title = titles?.get(items[j]);
    list.push({ item: ids.at(items[j])!, score: scores[j], ...(title !== undefined && { title }) });
  }
  return list;
}
