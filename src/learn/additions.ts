// What there is to learn, in the user's own ids, and what of it is refused: all of it is looked at before anything is done.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { checkId, compareIds, type IdTable } from '../data/ids.ts';
import { parseLikes, passes, VALUE_COLUMN } from '../data/likes.ts';
import type { Model } from '../model/model.ts';

/** An interaction to learn: of known or new users and items; a pair that is there already gets the new value. */
export interface AddedInteraction {
  readonly user: string;
  readonly item: string;
  /** Default 1. */
  readonly value?: number;
  /** For data that have times, and only for these. */
  readonly time?: number;
}

/** What to learn: any mix of interactions, users, items, titles and features of items, by the ids that users know. */
export interface Additions {
  readonly interactions?: readonly AddedInteraction[];
  /** New users and items; those of `interactions` need not be named. */
  readonly users?: readonly string[];
  readonly items?: readonly string[];
  /** Titles of items by id, new or in the place of old ones. */
  readonly titles?: Readonly<Record<string, string>>;
  /** Rows of features by modality and item id, new or in the place of old ones. */
  readonly features?: Readonly<Record<string, Readonly<Record<string, ArrayLike<number>>>>>;
}

/** Additions that make sense for the data. */
export interface Settled {
  readonly interactions: readonly AddedInteraction[];
  /** Ids that the data do not have, in canonical order. */
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly titles: readonly (readonly [item: string, title: string])[];
  readonly features: readonly (readonly [modality: string, rows: readonly (readonly [item: string, row: ArrayLike<number>])[]])[];
}

/**
 * @throws TypeError, RangeError, DataError that name the place and the ids of what cannot be learned.
 */
export function settledAdditions(model: Model, data: Dataset, additions: Additions): Settled {
  check.knownKeys('additions', additions, ['interactions', 'users', 'items', 'titles', 'features']);
  const { interactions = [], titles = {}, features = {} } = additions;
  const users = newIds('user', data.users, check.array('users', additions.users ?? []));
  const items = newIds('item', data.items, check.array('items', additions.items ?? []));
  check.array('interactions', interactions).forEach((each, n) => {
    checkInteraction(model, data, each, n);
    if (data.users.indexOf(each.user) < 0) users.add(each.user);
    if (data.items.indexOf(each.item) < 0) items.add(each.item);
  });
  const knows = (item: string): boolean => items.has(item) || data.items.indexOf(item) >= 0;
  check.record('titles', titles);
  for (const [item, title] of Object.entries(titles)) {
    if (!knows(item)) throw new DataError(`"titles" names item ${JSON.stringify(item)}, which is neither in the data nor added`);
    check.string(`the title of item ${JSON.stringify(item)}`, title);
  }
  check.record('features', features);
  for (const [name, rows] of Object.entries(features)) checkFeatures(data, name, rows, knows);
  return {
    interactions: withoutRepeats(interactions),
    users: [...users].sort(compareIds),
    items: [...items].sort(compareIds),
    titles: Object.entries(titles),
    features: Object.entries(features).map(([name, rows]) => [name, Object.entries(rows)]),
  };
}

function newIds(what: 'user' | 'item', table: IdTable, ids: readonly string[]): Set<string> {
  ids.forEach((id, n) => {
    checkId(`${what}s[${n}]`, id);
    if (table.indexOf(id) >= 0)
      throw new DataError(`${what}s[${n}], ${JSON.stringify(id)}, is in the data already: it cannot be another's; leave it out`);
  });
  return new Set(ids);
}

/** How an entry is called in messages. */
const entryName = (n: number, { user, item }: AddedInteraction): string =>
  `interactions[${n}] (user ${JSON.stringify(user)}, item ${JSON.stringify(item)})`;

function checkInteraction(model: Model, data: Dataset, each: AddedInteraction, n: number): void {
  check.knownKeys(`interactions[${n}]`, each, ['user', 'item', 'value', 'time']);
  checkId(`interactions[${n}].user`, each.user);
  checkId(`interactions[${n}].item`, each.item);
  const { value = 1, time } = each;
  const name = entryName(n, each);
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw new RangeError(`the value of ${name} expected a number within the range of float32, got ${check.describe(value)}`);
  if (time !== undefined && !Number.isFinite(time))
    throw new RangeError(`the time of ${name} expected a number that is finite, got ${check.describe(time)}`);
  if ((time === undefined) !== (data.times === undefined)) {
    const what = data.times ? 'expected a time, as all of the data have one, got none' : 'expected no time, as the data have none';
    throw new DataError(`${name} ${what}`);
  }
  const rule = data.reading?.likes;
  if (rule !== undefined) {
    const parsed = parseLikes(rule);
    if (parsed.column === VALUE_COLUMN && !passes(parsed, value))
      throw new DataError(`the value of ${name} expected a like by the rule of the data, ${rule}, got ${value}; leave it out`);
    return;
  }
  const dislikes = model.options.objective === 'explicit' || model.options.confidence === true;
  if (!dislikes && !(value > 0))
    throw new DataError(
      `the value of ${name} expected a number above 0, got ${value}: model "${model.kind.name}" takes every row for a like; leave it out`,
    );
}

/** The same row twice counts once; a pair with two values is a contradiction. */
function withoutRepeats(interactions: readonly AddedInteraction[]): AddedInteraction[] {
  const seen = new Map<string, number>();
  return interactions.filter((each, n) => {
    const key = JSON.stringify([each.user, each.item]);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, n);
      return true;
    }
    const before = interactions[first];
    if ((before.value ?? 1) === (each.value ?? 1) && before.time === each.time) return false;
    throw new DataError(
      `${entryName(n, each)} contradicts interactions[${first}], which gives the same pair another value or time; keep one of them`,
    );
  });
}

function checkFeatures(
  { features, source }: Dataset,
  name: string,
  rows: Readonly<Record<string, ArrayLike<number>>>,
  knows: (item: string) => boolean,
): void {
  const known = features.get(name);
  if (!known) {
    const names = [...features.keys()].join(', ') || 'none';
    throw new DataError(`modality ${JSON.stringify(name)} is not in the data; they have ${names}`, { source });
  }
  check.record(`features.${name}`, rows);
  for (const [item, row] of Object.entries(rows)) {
    const what = `the features of item ${JSON.stringify(item)} in modality ${JSON.stringify(name)}`;
    if (!knows(item)) throw new DataError(`${what}: the item is neither in the data nor added`);
    if (typeof row !== 'object' || row === null || row.length !== known.dims)
      throw new RangeError(`${what} expected ${known.dims} numbers, got ${check.describe(row?.length)}`);
    for (let c = 0; c < row.length; c++) {
      if (typeof row[c] !== 'number' || !Number.isFinite(Math.fround(row[c])))
        throw new RangeError(`${what} expected finite numbers, got ${check.describe(row[c])} in place ${c}`);
    }
  }
}
