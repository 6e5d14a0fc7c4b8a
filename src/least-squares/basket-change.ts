// Which baskets change when interactions leave or come, and the corrections of a Gram matrix's inverse that follow.
import type { Dataset } from '../data/dataset.ts';
import type { Removal } from '../model/model.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Change } from './woodbury.ts';

/** Rows of a column that are looked at after corrections that are left beside: of items that lost something. */
const ROWS_CHECKED = 256;

/** Baskets that are counted with a sign. */
export interface Counted {
  readonly baskets: readonly Int32Array[];
  readonly sign: 1 | -1;
}

export const countedOf = ({ before, after }: BasketChange): Counted[] => [
  { baskets: before, sign: -1 },
  { baskets: after, sign: 1 },
];

export function uploadBaskets(arena: Arena, baskets: readonly Int32Array[]): { indptr: number; indices: number } {
  const indptr = new Int32Array(baskets.length + 1);
  baskets.forEach((basket, r) => (indptr[r + 1] = indptr[r] + basket.length));
  const indices = new Int32Array(indptr[baskets.length]);
  baskets.forEach((basket, r) => indices.set(basket, indptr[r]));
  return { indptr: arena.upload(indptr), indices: arena.upload(indices) };
}

/** Baskets before and after of the users whose rows change, and the corrections of the inverse that follow. */
export interface BasketChange extends Change {
  readonly before: readonly Int32Array[];
  readonly after: readonly Int32Array[];
  /** Items that lost or gained something, the first few: the rows in which a corrected column is checked. */
  readonly rows: Int32Array;
}

export function changeOf(removal: Removal): BasketChange {
  const { data, retain, entries, arrivals } = removal;
  const { indices } = data.userItems;
  const counts = retain.itemCounts();
  const lost = new Int32Array(data.items.size);
  const moved = new Int32Array(data.items.size);
  const before: Int32Array[] = [];
  const after: Int32Array[] = [];
  const corrections: { basket: Int32Array; sign: 1 | -1 }[] = [];
  for (const entry of entries) lost[indices[entry]]++;
  for (let item = 0; item < lost.length; item++) moved[item] = lost[item];
  for (const entry of arrivals?.entries ?? []) moved[retain.userItems.indices[entry]]++;
  // Items that nobody is left with are eliminated first, whole; what then remains of the users' losses is corrected.
  const emptied = (item: number): boolean => counts[item] === 0 && lost[item] > 0;
  for (const user of usersOf(removal)) {
    const old = data.itemsOf(user);
    const now = retain.itemsOf(user);
    const kept = old.filter((item) => !emptied(item));
    before.push(old);
    after.push(now);
    if (kept.length === now.length && kept.every((item, n) => item === now[n])) continue;
    if (kept.length > 0) corrections.push({ basket: kept, sign: -1 });
    if (now.length > 0) corrections.push({ basket: now, sign: 1 });
  }
  let witness = 0;
  for (let item = 0; item < moved.length; item++) if (moved[item] > moved[witness]) witness = item;
  return {
    before,
    after,
    corrections,
    items: Int32Array.from(lost.keys()).filter(emptied),
    witness,
    rows: Int32Array.from(moved.keys())
      .filter((item) => moved[item] > 0)
      .subarray(0, ROWS_CHECKED),
  };
}

/** Users whose rows lose or gain something, ascending. */
function usersOf({ data, retain, entries, arrivals }: Removal): Int32Array {
  const of = ({ userItems: { indptr } }: Dataset, listed: Int32Array): number[] => {
    const users: number[] = [];
    for (let e = 0, user = 0; e < listed.length; ) {
      while (listed[e] >= indptr[user + 1]) user++;
      while (e < listed.length && listed[e] < indptr[user + 1]) e++;
      users.push(user);
    }
    return users;
  };
  return Int32Array.from(new Set([...of(data, entries), ...(arrivals ? of(retain, arrivals.entries) : [])])).sort();
}
