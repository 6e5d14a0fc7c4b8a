// A request to forget, and what it means for a data set: which entries leave, and what remains.
// A deleted id leaves its position empty; nobody else's position or draws change.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { Dataset, expectDataset, type SplitRecord } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import { compareIds, type IdTable, type KeptPositions } from '../data/ids.ts';
import type { Arrivals } from '../model/model.ts';

/** What to forget: any mix of users, items, single interactions and a modality, by the ids that users know. */
export interface ForgetRequest {
  readonly users?: readonly string[];
  readonly items?: readonly string[];
  readonly interactions?: readonly (readonly [user: string, item: string])[];
  /** Features of one modality, of the given items or of all. */
  readonly modality?: { readonly name: string; readonly items?: readonly string[] };
}

/** A training set divided by a request. */
export interface Partition {
  /** The interactions that the model was trained on. */
  readonly data: Dataset;
  /** What remains; ids of deleted users and items have left its tables, positions stay. */
  readonly retain: Dataset;
  /** Ascending positions of deleted users and items. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** Ascending entries of `data` that are forgotten, those of deleted users and items included. */
  readonly entries: Int32Array;
  /** Ascending positions of items whose features of a modality are revoked. */
  readonly modality?: { readonly name: string; readonly items: Int32Array };
  /**
   * Positions that a fresh reading of what remains would have, those of `heldOut` included: not those of the deleted, nor of
   * ids whose last interaction left.
   */
  readonly kept: KeptPositions;
  /** What remains of the held-out parts that were given, over the tables of `retain`. */
  readonly heldOut: readonly Dataset[];
  /** Interactions that left the held-out parts, those of deleted users and items included. */
  readonly heldOutInteractions: number;
  /** What the request names and no part has; empty unless that was to be ignored. */
  readonly unknown: UnknownIds;
  /** What `retain` has beside the rest of `data`; absent where interactions only leave. */
  readonly arrivals?: Arrivals;
}

/** What was passed over. */
export interface UnknownIds {
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly interactions: readonly (readonly [user: string, item: string])[];
}

/** What a request may name beside the training rows. */
export interface PartitionOptions {
  /** Go on without what is unknown, instead of refusing; default false. */
  readonly ignoreUnknown?: boolean;
  /**
   * All other parts of the split, over the same tables: their interactions can be named too. Without them an id that has
   * no interaction in `data` is taken to have some elsewhere.
   */
  readonly heldOut?: readonly Dataset[];
}

/**
 * Divides a training set by a request.
 * @throws DataError for unknown ids; RangeError for nothing or everything; TypeError for what is no request.
 * @example
 * const { retain, entries } = partitionOf(train, { users: ['7'], interactions: [] });
 */
export function partitionOf(data: Dataset, request: ForgetRequest, options: PartitionOptions = {}): Partition {
  expectDataset('data', data);
  check.knownKeys('partitionOf', options, ['ignoreUnknown', 'heldOut']);
  const { heldOut } = options;
  const ignoreUnknown = check.boolean('ignoreUnknown', options.ignoreUnknown ?? false);
  for (const part of check.array('heldOut', heldOut ?? [])) expectDataset('heldOut', part);
  check.knownKeys('a forget request', request, ['users', 'items', 'interactions', 'modality']);
  const { users: askedUsers = [], items: askedItems = [], interactions: askedPairs = [], modality: askedModality } = request;
  const unknown = { users: [] as string[], items: [] as string[], interactions: [] as (readonly [string, string])[] };
  const users = positionsOf('user', data.users, check.array('users', askedUsers), unknown.users);
  const items = positionsOf('item', data.items, check.array('items', askedItems), unknown.items);
  const listed = listedEntries([data, ...(heldOut ?? [])], check.array('interactions', askedPairs), unknown.interactions);
  const modality = askedModality === undefined ? undefined : modalityOf(data, askedModality, unknown.items);
  if (!ignoreUnknown) refuseUnknown(unknown, data, heldOut ? 'in no part of the data' : 'not in the training data');
  const [whole, ...wholeHeldOut] = [data, ...(heldOut ?? [])].map((part) => entriesOf(part, users, items));
  const entries = distinct([...whole, ...listed[0]]);
  const heldOutEntries = wholeHeldOut.map((own, n) => distinct([...own, ...listed[n + 1]]));
  const heldOutInteractions = heldOutEntries.reduce((sum, { length }) => sum + length, 0);
  if (users.length + items.length + entries.length + heldOutInteractions === 0 && !modality?.items.length) {
    throw new RangeError('the forget request names nothing that is in the data');
  }
  if (entries.length === data.interactions)
    throw new RangeError('the forget request is everything: no interaction would remain; delete the model instead');
  const tables = [data.users.without(users), data.items.without(items)] as const;
  const remaining = withoutItems(data.without(entries).withTables(...tables), items);
  const retained = remaining.withSplit(splitAfter(remaining, entries.length - whole.length, modality));
  const retain = modality ? withoutFeatures(retained, modality) : retained;
  const stillHeldOut = (heldOut ?? []).map((part, n) => withoutItems(part.without(heldOutEntries[n]).withTables(...tables), items));
  let kept: KeptPositions | undefined;
  return {
    data,
    retain,
    users,
    items,
    entries,
    modality,
    // Counted where positions close up, and only then: it looks at every interaction.
    get kept() {
      return (kept ??= keptPositions([data, ...(heldOut ?? [])], [retain, ...stillHeldOut], heldOut !== undefined));
    },
    heldOut: stillHeldOut,
    heldOutInteractions,
    unknown,
  };
}

/** The partition of data from which nothing leaves. */
export function untouched(data: Dataset, heldOut: readonly Dataset[] = []): Partition {
  const none = new Int32Array(0);
  const all = (table: IdTable): Int32Array => Int32Array.from({ length: table.size }, (_, position) => position);
  return {
    data,
    retain: data,
    users: none,
    items: none,
    entries: none,
    kept: { users: all(data.users), items: all(data.items) },
    heldOut,
    heldOutInteractions: 0,
    unknown: { users: [], items: [], interactions: [] },
  };
}

/**
 * Positions that a fresh reading would have. Items with features come with these, whether anybody has them or not.
 * @param complete whether the parts are all that there is; else who had no interaction before stays.
 */
export function keptPositions(before: readonly Dataset[], after: readonly Dataset[], complete: boolean): KeptPositions {
  const { users, items, features } = after[0];
  const counts = (parts: readonly Dataset[], size: number, add: (part: Dataset, counts: Int32Array) => void): Int32Array => {
    const total = new Int32Array(size);
    for (const part of parts) add(part, total);
    return total;
  };
  const byUser = ({ userItems: { indptr } }: Dataset, total: Int32Array): void => {
    for (let u = 0; u < total.length; u++) total[u] += indptr[u + 1] - indptr[u];
  };
  const byItem = ({ userItems: { indices } }: Dataset, total: Int32Array): void => {
    for (let e = 0; e < indices.length; e++) total[indices[e]]++;
  };
  const kept = (table: IdTable, add: typeof byUser, always: boolean): Int32Array => {
    const then = counts(before, table.size, add);
    const now = counts(after, table.size, add);
    const stays = (p: number): boolean => table.at(p) !== null && (always || now[p] > 0 || (then[p] === 0 && !complete));
    return Int32Array.from({ length: table.size }, (_, p) => p).filter(stays);
  };
  return { users: kept(users, byUser, false), items: kept(items, byItem, features.size > 0) };
}

function refuseUnknown({ users, items, interactions }: UnknownIds, { source }: Dataset, where: string): void {
  for (const [what, ids] of [
    ['user', users],
    ['item', items],
  ] as const) {
    if (ids.length > 0) throw new DataError(`${what} ${JSON.stringify(ids[0])} is unknown; leave it out, or ignore unknown ids`);
  }
  if (interactions.length === 0) return;
  const [user, item] = interactions[0];
  throw new DataError(
    `interaction of user ${JSON.stringify(user)} with item ${JSON.stringify(item)} is ${where}; leave it out, or ignore unknown ones`,
    { source },
  );
}

/** Titles and features of deleted items leave with them. */
function withoutItems(data: Dataset, items: Int32Array): Dataset {
  if (items.length === 0 || (data.titles.size === 0 && data.features.size === 0)) return data;
  const titles = new Map(data.titles);
  for (const item of items) titles.delete(item);
  const named = new Dataset({ ...data, titles });
  return [...data.features.keys()].reduce((left, name) => withoutFeatures(left, { name, items }), named);
}

/** @throws TypeError for what is no partition. */
export function expectPartition(partition: Partition): void {
  check.like('partition', partition, 'a partition, as from partitionOf or forget', ['data', 'retain', 'users', 'items', 'entries']);
}

/** Entries of whole users and items, ascending; only a request that names items looks at all interactions. */
function entriesOf(data: Dataset, users: Int32Array, items: Int32Array): Int32Array {
  const { indptr, indices } = data.userItems;
  const found: number[] = [];
  for (const user of users) for (let e = indptr[user]; e < indptr[user + 1]; e++) found.push(e);
  if (items.length > 0) {
    const itemGone = new Uint8Array(data.items.size);
    for (const item of items) itemGone[item] = 1;
    for (let e = 0; e < indices.length; e++) if (itemGone[indices[e]]) found.push(e);
  }
  return distinct(found);
}

/** Entries of single interactions, by part. @param unknown takes those that no part has. */
function listedEntries(
  parts: readonly Dataset[],
  interactions: NonNullable<ForgetRequest['interactions']>,
  unknown: (readonly [string, string])[],
): number[][] {
  const found = parts.map((): number[] => []);
  for (const pair of interactions) {
    const [user, item] = check.array('an interaction', pair) as readonly [string, string];
    if (pair.length !== 2) throw new TypeError(`an interaction expected a user and an item, got ${check.describe(pair)}`);
    check.string('the user of an interaction', user);
    check.string('the item of an interaction', item);
    const entries = parts.map((part) => findEntry(part, part.users.indexOf(user), part.items.indexOf(item)));
    entries.forEach((entry, part) => entry >= 0 && found[part].push(entry));
    if (entries.every((entry) => entry < 0)) unknown.push([user, item]);
  }
  return found;
}

function distinct(entries: readonly number[]): Int32Array {
  const ascending = Int32Array.from(entries).sort();
  return ascending.filter((e, n) => n === 0 || e !== ascending[n - 1]);
}

/** The record of the split, of how many single interactions have left it, and of the features that were revoked. */
function splitAfter(
  { split: { forgotten, revoked, ...split }, interactions: before, items }: Dataset,
  single: number,
  modality: Partition['modality'],
): SplitRecord {
  const interactions = single + (forgotten?.interactions ?? 0);
  // Ids of items that have been deleted since must occur nowhere.
  const modalities = new Map(Object.entries(revoked ?? {}).map(([name, ids]) => [name, ids.filter((id) => items.indexOf(id) >= 0)]));
  if (modality) {
    const ids = Array.from(modality.items, (item) => items.at(item)).filter((id) => id !== null);
    modalities.set(modality.name, [...(modalities.get(modality.name) ?? []), ...ids].sort(compareIds));
  }
  return {
    ...split,
    ...(interactions > 0 && { forgotten: { interactions, before: before + interactions } }),
    ...(modalities.size > 0 && { revoked: Object.fromEntries(modalities) }),
  };
}

/** @param unknown takes the ids that the table does not have. */
function positionsOf(what: 'user' | 'item', table: IdTable, ids: readonly string[], unknown: string[]): Int32Array {
  const positions = new Set<number>();
  for (const id of ids) {
    const position = table.indexOf(check.string(what, id));
    if (position >= 0) positions.add(position);
    else unknown.push(id);
  }
  return Int32Array.from(positions).sort();
}

/** The entry of a pair of positions; −1 where there is none. */
export function findEntry(data: Dataset, user: number, item: number): number {
  if (user < 0 || item < 0) return -1;
  const { indptr, indices } = data.userItems;
  let low = indptr[user];
  let high = indptr[user + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle] < item) low = middle + 1;
    else high = middle;
  }
  return low < indptr[user + 1] && indices[low] === item ? low : -1;
}

function modalityOf(data: Dataset, request: NonNullable<ForgetRequest['modality']>, unknown: string[]): NonNullable<Partition['modality']> {
  check.knownKeys('the modality of a forget request', request, ['name', 'items']);
  const name = check.string('modality.name', request.name);
  const items = request.items === undefined ? undefined : check.array('modality.items', request.items);
  const features = data.features.get(name);
  if (!features) {
    throw new DataError(
      `modality ${JSON.stringify(name)} is not in the data; they have ${[...data.features.keys()].join(', ') || 'none'}`,
      { source: data.source },
    );
  }
  const asked = items ? positionsOf('item', data.items, items, unknown) : Int32Array.from(features.present.keys());
  return { name, items: asked.filter((item) => features.present[item] !== 0) };
}

/** The data with the rows of a modality zeroed and marked absent for the given item positions. */
export function withoutFeatures(data: Dataset, { name, items }: NonNullable<Partition['modality']>): Dataset {
  const { dims, values, present } = data.features.get(name)!;
  const kept: Features = { dims, values: values.slice(), present: present.slice() };
  for (const item of items) {
    kept.values.fill(0, item * dims, (item + 1) * dims);
    kept.present[item] = 0;
  }
  return new Dataset({ ...data, features: new Map(data.features).set(name, kept) });
}
