// Which baskets change when interactions leave, and the corrections of a Gram matrix's inverse that follow.
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

/** Baskets before and after of the users who lose something, and the corrections of the inverse that follow. */
export interface BasketChange extends Change {
  readonly before: readonly Int32Array[];
  readonly after: readonly Int32Array[];
  /** Items that lost something, the first few: the rows in which a corrected column is checked. */
  readonly rows: Int32Array;
}

export function changeOf({ data, retain, entries }: Removal): BasketChange {
  const { indptr, indices } = data.userItems;
  const counts = retain.itemCounts();
  const lost = new Int32Array(data.items.size);
  const before: Int32Array[] = [];
  const after: Int32Array[] = [];
  const corrections: { basket: Int32Array; sign: 1 | -1 }[] = [];
  for (const entry of entries) lost[indices[entry]]++;
  // Items that nobody is left with are eliminated first, whole; what then remains of the users' losses is corrected.
  const emptied = (item: number): boolean => counts[item] === 0 && lost[item] > 0;
  for (let e = 0, user = 0; e < entries.length; ) {
    while (entries[e] >= indptr[user + 1]) user++;
    while (e < entries.length && entries[e] < indptr[user + 1]) e++;
    const old = data.itemsOf(user);
    const now = retain.itemsOf(user);
    const kept = old.filter((item) => !emptied(item));
    before.push(old);
    after.push(now);
    if (kept.length === now.length) continue;
    corrections.push({ basket: kept, sign: -1 });
    if (now.length > 0) corrections.push({ basket: now, sign: 1 });
  }
  let witness = 0;
  for (let item = 0; item < lost.length; item++) if (lost[item] > lost[witness]) witness = item;
  return {
    before,
    after,
    corrections,
    items: Int32Array.from(lost.keys()).filter(emptied),
    witness,
    rows: Int32Array.from(lost.keys())
      .filter((item) => lost[item] > 0)
      .subarray(0, ROWS_CHECKED),
  };
}
