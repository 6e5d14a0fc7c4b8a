// A revision: data before, data after, and what lies between them. Normal equations, counts and graphs do not care about the sign:
// forgetting is the case where interactions only leave, learning that where they only come.

import { DataError } from '../base/errors.ts';
import { Dataset, type SplitRecord } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import type { Positions } from '../forget/method.ts';
import { type ForgetRequest, findEntry, keptPositions, type Partition, partitionOf, untouched } from '../forget/request.ts';
import type { Model } from '../model/model.ts';
import { type Additions, type Settled, settledAdditions } from './additions.ts';
import { type Cell, merged } from './merge.ts';
import { filled, type Seats, seatedData, seatedModel, seatsOf } from './seats.ts';

/** What to learn and what to forget in one go; each may be absent. */
export interface RevisionRequest {
  readonly learn?: Additions;
  readonly forget?: ForgetRequest;
}

/** A revision of data, and the model before it over the same positions. */
export interface Revision {
  readonly model: Model;
  readonly partition: Partition;
  /** What came: interactions that are new, that changed, and that were there as they are. */
  readonly learned: { readonly users: number; readonly items: number; readonly interactions: number; readonly changed: number };
  readonly unchanged: number;
  readonly titles: number;
  readonly features: number;
}

export interface RevisionOptions {
  readonly positions: Positions;
  readonly ignoreUnknown: boolean;
  readonly heldOut?: readonly Dataset[];
}

/**
 * @throws RangeError for a request that is nothing; DataError for what contradicts the data or itself.
 */
export function revisionOf(model: Model, data: Dataset, request: RevisionRequest, options: RevisionOptions): Revision {
  const { positions, ignoreUnknown, heldOut } = options;
  const additions = settledAdditions(model, data, request.learn ?? {});
  if (request.forget) refuseBoth(additions, request.forget);
  const users = seatsOf(data.users, additions.users, positions);
  const items = seatsOf(data.items, additions.items, positions);
  const before = seatedData(data, users, items);
  const others = heldOut?.map((part) => seatedData(part, users, items));
  const left = request.forget
    ? partitionOf(before, request.forget, { ignoreUnknown, ...(others && { heldOut: others }) })
    : untouched(before, others);
  const { cells, unchanged } = cellsOf(additions, left.retain, users, items);
  const features = additions.features.reduce((sum, [, rows]) => sum + rows.length, 0);
  if (!request.forget && cells.length + additions.users.length + additions.items.length + additions.titles.length + features === 0)
    throw new RangeError(
      unchanged > 0 ? `the ${unchanged} interactions to learn are in the data as they are` : 'there is nothing to learn in the request',
    );
  const described = withDescriptions(left.retain, additions, items);
  const changedAt = cells.map(({ user, item }) => findEntry(described, user, item)).filter((entry) => entry >= 0);
  const remaining = changedAt.length > 0 ? described.without(Int32Array.from(changedAt)) : described;
  const tables = [filled(remaining.users, users), filled(remaining.items, items)] as const;
  const after = merged(remaining, cells, ...tables);
  const retain = after.data.withSplit(splitAfter(after.data.split, cells.length - changedAt.length, additions));
  const changedBefore = cells.map(({ user, item }) => findEntry(before, user, item)).filter((entry) => entry >= 0);
  const stillHeldOut = left.heldOut.map((part) => withoutCells(part, cells).withTables(...tables));
  const partition: Partition = {
    ...left,
    retain,
    entries: Int32Array.from([...left.entries, ...changedBefore]).sort(),
    heldOut: stillHeldOut,
    kept: keptPositions([before, ...(others ?? [])], [retain, ...stillHeldOut], false),
    arrivals: {
      entries: after.entries,
      users: users.added,
      items: items.added,
      changed: changedAt.length,
      reordered: !users.ordered || !items.ordered,
    },
  };
  return {
    model: seatedModel(model, users, items),
    partition,
    learned: {
      users: additions.users.length,
      items: additions.items.length,
      interactions: cells.length - changedAt.length,
      changed: changedAt.length,
    },
    unchanged,
    titles: additions.titles.length,
    features,
  };
}

/** Whoever is to be forgotten is not learned in the same breath. */
function refuseBoth(
  { interactions, titles, features }: Settled,
  { users = [], items = [], interactions: pairs = [] }: ForgetRequest,
): void {
  const [goneUsers, goneItems] = [new Set(users), new Set(items)];
  const gonePairs = new Set(pairs.map((pair) => JSON.stringify(pair)));
  const both = (what: string): DataError => new DataError(`the request learns ${what} and forgets it; ask for one after the other`);
  for (const { user, item } of interactions) {
    const named = goneUsers.has(user) ? `user ${JSON.stringify(user)}` : `item ${JSON.stringify(item)}`;
    if (goneUsers.has(user) || goneItems.has(item)) throw both(`an interaction of ${named}`);
    if (gonePairs.has(JSON.stringify([user, item])))
      throw both(`the interaction of user ${JSON.stringify(user)} with item ${JSON.stringify(item)}`);
  }
  for (const item of [...titles.map(([id]) => id), ...features.flatMap(([, rows]) => rows.map(([id]) => id))])
    if (goneItems.has(item)) throw both(`something of item ${JSON.stringify(item)}`);
}

/** The interactions by position, in order, without those that are in the data as they are. */
function cellsOf(additions: Settled, data: Dataset, users: Seats, items: Seats): { cells: Cell[]; unchanged: number } {
  const newUsers = new Map(users.ids.map((id, n) => [id, users.added[n]]));
  const newItems = new Map(items.ids.map((id, n) => [id, items.added[n]]));
  const all = additions.interactions.map(
    ({ user, item, value = 1, time }): Cell => ({
      user: newUsers.get(user) ?? data.users.indexOf(user),
      item: newItems.get(item) ?? data.items.indexOf(item),
      value: Math.fround(value),
      time,
    }),
  );
  const cells = all.filter(({ user, item, value, time }) => {
    const entry = findEntry(data, user, item);
    return entry < 0 || data.userItems.data[entry] !== value || (time !== undefined && data.times![entry] !== time);
  });
  cells.sort((a, b) => a.user - b.user || a.item - b.item);
  return { cells, unchanged: all.length - cells.length };
}

/** The data with new titles and rows of features. */
function withDescriptions(data: Dataset, { titles, features }: Settled, items: Seats): Dataset {
  if (titles.length + features.length === 0) return data;
  const added = new Map(items.ids.map((id, n) => [id, items.added[n]]));
  const at = (id: string): number => added.get(id) ?? data.items.indexOf(id);
  const named = new Map(data.titles);
  for (const [id, title] of titles) named.set(at(id), title);
  const described = new Map<string, Features>(data.features);
  for (const [name, rows] of features) {
    const { dims, values, present } = data.features.get(name)!;
    const own: Features = { dims, values: values.slice(), present: present.slice() };
    for (const [id, row] of rows) {
      for (let c = 0; c < dims; c++) own.values[at(id) * dims + c] = row[c];
      own.present[at(id)] = 1;
    }
    described.set(name, own);
  }
  return new Dataset({ ...data, titles: named, features: described }, data.sums);
}

/** A pair that is learned is held out no more. */
function withoutCells(part: Dataset, cells: readonly Cell[]): Dataset {
  const entries = cells.map(({ user, item }) => findEntry(part, user, item)).filter((entry) => entry >= 0);
  return entries.length > 0 ? part.without(Int32Array.from(entries)) : part;
}

/** What tells data that still hold forgotten rows counts the new rows too; features that are learned are revoked no more. */
function splitAfter(split: SplitRecord, added: number, { features }: Settled): SplitRecord {
  const { forgotten, revoked, ...record } = split;
  if (!forgotten && !revoked) return split;
  const learned = new Map(features.map(([name, rows]) => [name, new Set(rows.map(([id]) => id))]));
  const still = Object.entries(revoked ?? {})
    .map(([name, ids]) => [name, ids.filter((id) => !learned.get(name)?.has(id))] as const)
    .filter(([, ids]) => ids.length > 0);
  return {
    ...record,
    ...(forgotten && { forgotten: { ...forgotten, before: forgotten.before + added } }),
    ...(still.length > 0 && { revoked: Object.fromEntries(still) }),
  };
}
