// Interactions that come, merged into rows that are there: as much work as copying, and as they are few for the fingerprint.

import { Dataset, PART } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';

/** An interaction by positions. */
export interface Cell {
  readonly user: number;
  readonly item: number;
  readonly value: number;
  readonly time?: number;
}

/**
 * The data with further interactions, none of which they have.
 * @param cells by user, then by item.
 * @param users tables that hold the ids of all of them.
 * @returns the data, and the ascending entries of the cells in them.
 */
export function merged(data: Dataset, cells: readonly Cell[], users: IdTable, items: IdTable): { data: Dataset; entries: Int32Array } {
  const { indptr, indices } = data.userItems;
  const places = Int32Array.from(cells, ({ user, item }) => placeIn(indices, indptr[user], indptr[user + 1], item));
  const added = new Int32Array(data.users.size + 1);
  for (const { user } of cells) added[user + 1]++;
  for (let u = 0; u < data.users.size; u++) added[u + 1] += added[u];
  const spread = <T extends Int32Array | Float32Array | Float64Array | Uint8Array>(to: T, from: T, of: (cell: Cell) => number): T => {
    let start = 0;
    cells.forEach((cell, n) => {
      to.set(from.subarray(start, places[n]) as never, start + n);
      to[places[n] + n] = of(cell);
      start = places[n];
    });
    to.set(from.subarray(start) as never, start + cells.length);
    return to;
  };
  const { users: _, items: __, userItems, times, parts, sums } = data;
  const size = indices.length + cells.length;
  const rows = {
    ...userItems,
    indptr: indptr.map((at, u) => at + added[u]),
    indices: spread(new Int32Array(size), indices, ({ item }) => item),
    data: spread(new Float32Array(size), userItems.data, ({ value }) => value),
  };
  const entries = places.map((at, n) => at + n);
  const merged = new Dataset(
    {
      ...data,
      users,
      items,
      userItems: rows,
      times: times && spread(new Float64Array(size), times, ({ time }) => time!),
      parts: parts && spread(new Uint8Array(size), parts, () => PART.train),
    },
    sums.with({ users, items, userItems: rows }, entries),
  );
  return { data: merged, entries };
}

/** Where an item belongs in an ascending row. */
function placeIn(indices: Int32Array, low: number, high: number, item: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle] < item) low = middle + 1;
    else high = middle;
  }
  return low;
}
