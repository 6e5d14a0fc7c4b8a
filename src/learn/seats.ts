// Room for new ids: where everybody stands before a revision. A position that somebody new will have is empty there, as that of
// somebody who left is afterwards, so that data before and data after have one shape.

import { Dataset } from '../data/dataset.ts';
import { type Features, movedFeatures } from '../data/features.ts';
import { compareIds, IdTable } from '../data/ids.ts';
import type { Positions } from '../forget/method.ts';
import { placed } from '../model/compact.ts';
import type { Model } from '../model/model.ts';

/** One side's positions. */
export interface Seats {
  /** The ids before, and empty positions for the new ones. */
  readonly before: IdTable;
  /** Where each position was; −1 for the new ones. */
  readonly from: Int32Array;
  /** Ascending positions of the new ids, and these. */
  readonly added: Int32Array;
  readonly ids: readonly string[];
  /** Whether those before stand in the order that they stood in. */
  readonly ordered: boolean;
  /** Whether nothing moves and nobody comes. */
  readonly same: boolean;
}

/**
 * @param added new ids in canonical order.
 * @param positions `compacted`: everybody in canonical order; `kept`: nobody moves, the new ones stand at the end.
 */
export function seatsOf(table: IdTable, added: readonly string[], positions: Positions): Seats {
  const all = Int32Array.from({ length: table.size }, (_, p) => p);
  if (added.length === 0 && (positions === 'kept' || table.canonical))
    return { before: table, from: all, added: new Int32Array(0), ids: added, ordered: true, same: true };
  const olds: readonly (readonly [id: string | null, from: number])[] = Array.from(all, (p) => [table.at(p), p] as const);
  const news = added.map((id) => [id, -1] as const);
  const seats =
    positions === 'kept'
      ? [...olds, ...news]
      : [...olds.filter(([id]) => id !== null), ...news].sort(([a], [b]) => compareIds(a as string, b as string));
  const from = Int32Array.from(seats, ([, p]) => p);
  const old = from.filter((p) => p >= 0);
  const taken = Int32Array.from(seats.keys()).filter((p) => from[p] < 0);
  return {
    before: IdTable.of(seats.map(([id, p]) => (p < 0 ? null : id))),
    from,
    added: taken,
    ids: Array.from(taken, (p) => seats[p][0] as string),
    ordered: old.every((p, n) => n === 0 || old[n - 1] < p),
    same: false,
  };
}

/** The same interactions over the seats, all new rows empty. */
export function seatedData(data: Dataset, users: Seats, items: Seats): Dataset {
  if (users.same && items.same) return data;
  const itemAt = new Int32Array(data.items.size).fill(-1);
  items.from.forEach((from, to) => from >= 0 && (itemAt[from] = to));
  const { indptr, indices, data: values } = data.userItems;
  const newIndptr = new Int32Array(users.from.length + 1);
  users.from.forEach((from, to) => (newIndptr[to + 1] = newIndptr[to] + (from < 0 ? 0 : indptr[from + 1] - indptr[from])));
  const moved = indices.map((item) => itemAt[item]);
  const order = users.ordered && items.ordered ? undefined : orderOf(users.from, indptr, moved);
  const picked = <T extends Int32Array | Float32Array | Float64Array | Uint8Array>(array: T): T =>
    order ? ((array as Int32Array).slice().map((_, e) => array[order[e]]) as T) : array;
  const titles = new Map<number, string>();
  for (const [item, title] of data.titles) if (itemAt[item] >= 0) titles.set(itemAt[item], title);
  const features = new Map<string, Features>();
  for (const [name, rows] of data.features) features.set(name, movedFeatures(rows, itemAt, items.from.length));
  const { source, split, reading, fingerprintKey, duplicates, acrossParts, times, parts } = data;
  return new Dataset(
    {
      ...{ source, split, reading, fingerprintKey, duplicates, acrossParts, titles, features },
      users: users.before,
      items: items.before,
      userItems: { rows: users.from.length, cols: items.from.length, indptr: newIndptr, indices: picked(moved), data: picked(values) },
      times: times && picked(times),
      parts: parts && picked(parts),
    },
    data.sums.moved(users.from),
  );
}

/** The entries row by row of the new order, each row by its items' new positions. */
function orderOf(from: Int32Array, indptr: Int32Array, items: Int32Array): Int32Array {
  const order = new Int32Array(items.length);
  let n = 0;
  for (const user of from) {
    if (user < 0) continue;
    const row = Int32Array.from({ length: indptr[user + 1] - indptr[user] }, (_, k) => indptr[user] + k);
    order.set(
      row.sort((a, b) => items[a] - items[b]),
      n,
    );
    n += row.length;
  }
  return order;
}

/** The model over the seats: a new position has the row of an id without interactions. */
export function seatedModel(model: Model, users: Seats, items: Seats): Model {
  if (users.same && items.same) return model;
  return placed(model, users.before, items.before, { users: users.from, items: items.from });
}

/** A table with the new ids in their places. */
export function filled(table: IdTable, { added, ids }: Seats): IdTable {
  if (added.length === 0) return table;
  const all = Array.from({ length: table.size }, (_, p) => table.at(p));
  added.forEach((p, n) => (all[p] = ids[n]));
  return IdTable.of(all);
}
