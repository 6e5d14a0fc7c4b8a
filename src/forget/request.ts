// A request to forget, and what it means for a data set: which entries leave, and what remains.
// A deleted id leaves its position empty; nobody else's position or draws change.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { Dataset, type SplitRecord } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import { compareIds, type IdTable } from '../data/ids.ts';

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
}

/**
 * Divides a training set by a request.
 * @throws DataError for unknown ids; RangeError for nothing or everything; TypeError for what is no request.
 */
export function partitionOf(data: Dataset, request: ForgetRequest, { ignoreUnknown = false } = {}): Partition {
  check.knownKeys('a forget request', request, ['users', 'items', 'interactions', 'modality']);
  const users = positionsOf('user', data.users, check.array('users', request.users ?? []), ignoreUnknown);
  const items = positionsOf('item', data.items, check.array('items', request.items ?? []), ignoreUnknown);
  const whole = entriesOf(data, users, items);
  const entries = distinct([...whole, ...listedEntries(data, check.array('interactions', request.interactions ?? []), ignoreUnknown)]);
  const modality = request.modality && modalityOf(data, request.modality, ignoreUnknown);
  if (users.length === 0 && items.length === 0 && entries.length === 0 && !modality?.items.length) {
    throw new RangeError('the forget request names nothing that is in the data');
  }
  if (entries.length === data.interactions)
    throw new RangeError('the forget request is everything: no interaction would remain; delete the model instead');
  const remaining = data.without(entries).withTables(data.users.without(users), data.items.without(items));
  const retained = remaining.withSplit(splitAfter(remaining, entries.length - whole.length, modality));
  return { data, retain: modality ? withoutFeatures(retained, modality) : retained, users, items, entries, modality };
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

function listedEntries(data: Dataset, interactions: NonNullable<ForgetRequest['interactions']>, ignoreUnknown: boolean): number[] {
  const found: number[] = [];
  for (const [user, item] of interactions.map((pair) => check.array('an interaction', pair))) {
    const entry = findEntry(data, data.users.indexOf(user), data.items.indexOf(item));
    if (entry >= 0) found.push(entry);
    else if (!ignoreUnknown) {
      throw new DataError(
        `interaction of user ${JSON.stringify(user)} with item ${JSON.stringify(item)} is not in the training data; ` +
          'leave it out, or ignore unknown ones',
        { source: data.source },
      );
    }
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

function positionsOf(what: 'user' | 'item', table: IdTable, ids: readonly string[], ignoreUnknown: boolean): Int32Array {
  const positions = new Set<number>();
  for (const id of ids) {
    const position = table.indexOf(check.string(what, id));
    if (position >= 0) positions.add(position);
    else if (!ignoreUnknown) throw new DataError(`${what} ${JSON.stringify(id)} is unknown; leave it out, or ignore unknown ids`);
  }
  return Int32Array.from(positions).sort();
}

function findEntry(data: Dataset, user: number, item: number): number {
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

function modalityOf(
  data: Dataset,
  { name, items }: NonNullable<ForgetRequest['modality']>,
  ignoreUnknown: boolean,
): NonNullable<Partition['modality']> {
  const features = data.features.get(name);
  if (!features) {
    throw new DataError(
      `modality ${JSON.stringify(name)} is not in the data; they have ${[...data.features.keys()].join(', ') || 'none'}`,
      { source: data.source },
    );
  }
  const asked = items ? positionsOf('item', data.items, items, ignoreUnknown) : Int32Array.from(features.present.keys());
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
