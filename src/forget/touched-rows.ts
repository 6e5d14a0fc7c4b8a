// What methods that go on with least squares share: the rows that a request touches, where newcomers begin, and the side to
// solve first.

import { STREAM } from '../base/random.ts';
import type { LeastSquaresOptions, Side } from '../least-squares/objective.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import type { Partition } from './request.ts';

/**
 * Remaining rows that lose or gain a cell. A deleted user's cells touch items only: their users' rows are solved already for
 * item rows that have not moved yet; a deleted item's touch users only.
 */
export function touchedRows({ data, retain, users, items, entries, arrivals }: Partition): { users: Int32Array; items: Int32Array } {
  const { indptr, indices } = data.userItems;
  const userGone = flags(data.users.size, users);
  const itemGone = flags(data.items.size, items);
  const userTouched = new Uint8Array(data.users.size);
  const itemTouched = new Uint8Array(data.items.size);
  let user = 0;
  for (const e of entries) {
    while (e >= indptr[user + 1]) user++;
    if (!userGone[user]) userTouched[user] = 1;
    if (!itemGone[indices[e]]) itemTouched[indices[e]] = 1;
  }
  for (let a = 0, u = 0; arrivals && a < arrivals.entries.length; a++) {
    while (arrivals.entries[a] >= retain.userItems.indptr[u + 1]) u++;
    userTouched[u] = 1;
    itemTouched[retain.userItems.indices[arrivals.entries[a]]] = 1;
  }
  return { users: positions(userTouched), items: positions(itemTouched) };
}

/**
 * The rows of new users and items, solved beside all others as they stand, before anything else moves: users for the items that
 * there were, items for all users, and those users again.
 */
export function placeNewcomers(partition: Partition, solve: (side: Side, rows: Int32Array) => void): void {
  const { retain, arrivals } = partition;
  if (!arrivals) return;
  const apart = new Set(newcomersApart(partition));
  const users = arrivals.users.filter((u) => retain.itemsOf(u).length > 0);
  const counts = arrivals.items.length > 0 ? retain.itemCounts() : undefined;
  const items = arrivals.items.filter((i) => counts![i] > 0);
  const first = users.filter((u) => !apart.has(u));
  if (first.length > 0) solve('users', first);
  if (items.length > 0) solve('items', items);
  if (users.length > 0 && items.length > 0) solve('users', users);
}

/** New users who have nothing but new items. */
function newcomersApart({ retain, arrivals }: Partition): Int32Array {
  if (!arrivals || arrivals.items.length === 0) return new Int32Array(0);
  const newItems = flags(retain.items.size, arrivals.items);
  return arrivals.users.filter((u) => {
    const own = retain.itemsOf(u);
    return own.length > 0 && own.every((item) => newItems[item] === 1);
  });
}

/**
 * The factors to begin from. A user who is new and has nothing but new items begins at the keyed row that training would begin
 * with: from rows of zeros on both sides nothing would ever move.
 */
export function startingFactors(
  { userFactors, itemFactors }: BilinearModel,
  partition: Partition,
  { initScale, seed }: LeastSquaresOptions,
): { readonly userFactors: Matrix; readonly itemFactors: Matrix } {
  const apart = newcomersApart(partition);
  if (apart.length === 0) return { userFactors, itemFactors };
  const { users } = partition.retain;
  const arena = new Arena();
  const { rows, cols, ld } = userFactors;
  const matrix = new Matrix(arena, rows, cols);
  matrix.view().set(userFactors.view());
  arena.scope(() => {
    const keys = arena.upload(Uint32Array.from([...apart].flatMap((u) => [users.key(u).lo, users.key(u).hi])));
    const drawn = arena.alloc(apart.length * ld * 4);
    arena.kernels.random_normal_rows(apart.length, cols, ld, seed, STREAM.userFactors, keys, initScale / Math.sqrt(cols), drawn);
    apart.forEach((u, n) => matrix.row(u).set(arena.f32(drawn + n * ld * 4, cols)));
  });
  return { userFactors: matrix, itemFactors };
}

/**
 * The side to solve first, so that what is forgotten has no direct influence left after one pass: a deleted user lives
 * on in item rows only, so items go first; else users (an items-first half sweep would repeat what is already solved).
 */
export function firstSide({ users, items, data, entries, arrivals }: Partition): Side {
  const { indptr } = data.userItems;
  let ofUsers = 0;
  for (const user of users) ofUsers += indptr[user + 1] - indptr[user];
  return !arrivals && items.length === 0 && users.length > 0 && ofUsers === entries.length ? 'items' : 'users';
}

/** 1 at the listed positions. */
export function flags(size: number, listed: Int32Array): Uint8Array {
  const set = new Uint8Array(size);
  for (const position of listed) set[position] = 1;
  return set;
}

const positions = (set: Uint8Array): Int32Array => {
  const list: number[] = [];
  for (let p = 0; p < set.length; p++) if (set[p]) list.push(p);
  return Int32Array.from(list);
};
