// From interactions as they came to rows in the one order there is: ids ranked, items ascending within users, repeated
// pairs settled. Generators, which give the floor between pieces of some milliseconds: whoever has to answer others
// pauses there, and whoever has not runs through.

import { type DuplicatePolicy, DuplicateSettler, type Names, type Rows, type Settled } from './duplicates.ts';
import { compareIds, isCanonicalInteger } from './ids.ts';

/** Some interactions as they came. Growing by blocks copies nothing, and a block that was settled can go. */
export interface Block {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly times?: Float64Array;
  readonly parts?: Uint8Array;
}

/** Work in pieces. */
export type Pieces<T> = Generator<void, T>;

/** Entries, and ids that are compared, in a piece. */
const PIECE = 1 << 16;
const SORTED_AT_ONCE = 1 << 13;

/** Runs through. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** Ids in canonical order, and the rank of each by its order of appearance. */
export interface RankedIds {
  readonly sorted: string[];
  readonly of: Int32Array;
}

export function* rankIds(ids: readonly string[]): Pieces<RankedIds> {
  const count = ids.length;
  // Whole numbers that float64 holds are compared as such; Infinity and LONG stand for text and for longer numbers.
  const keys = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    keys[n] = keyOfId(ids[n]);
    if (n % PIECE === PIECE - 1) yield;
  }
  const compare = (a: number, b: number): number => {
    if (keys[a] !== keys[b]) return keys[a] < keys[b] ? -1 : 1;
    if (keys[a] < Infinity) return compareIds(ids[a], ids[b]);
    return ids[a] < ids[b] ? -1 : 1;
  };
  const order = yield* sortedOrder(count, compare);
  const of = new Int32Array(count);
  for (let rank = 0; rank < count; rank++) of[order[rank]] = rank;
  yield;
  return { sorted: Array.from(order, (n) => ids[n]), of };
}

const LONG = Number.MAX_VALUE;
const keyOfId = (id: string): number => {
  if (!isCanonicalInteger(id)) return Infinity;
  return id.length <= 15 ? Number(id) : LONG;
};

/** 0 to count − 1 in the order of a comparison: short runs are sorted, then merged two by two. */
function* sortedOrder(count: number, compare: (a: number, b: number) => number): Pieces<Int32Array> {
  let from = Int32Array.from({ length: count }, (_, n) => n);
  for (let begin = 0; begin < count; begin += SORTED_AT_ONCE) {
    from.subarray(begin, begin + SORTED_AT_ONCE).sort(compare);
    yield;
  }
  let to = new Int32Array(count);
  for (let width = SORTED_AT_ONCE; width < count; width *= 2) {
    for (let begin = 0; begin < count; begin += 2 * width) {
      const middle = Math.min(begin + width, count);
      const end = Math.min(begin + 2 * width, count);
      for (let a = begin, b = middle, out = begin; out < end; out++) {
        to[out] = b === end || (a < middle && compare(from[a], from[b]) < 0) ? from[a++] : from[b++];
        if (out % SORTED_AT_ONCE === 0) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** @param blocks is emptied on the way: what a pass has read is let go before the next one asks for memory. */
export function* canonicalRows(
  blocks: Block[],
  n: number,
  users: RankedIds,
  items: RankedIds,
  policy: DuplicatePolicy,
  source: string | undefined,
): Pieces<{ rows: Rows; settled: Settled }> {
  const rows = yield* byUser(yield* byItem(blocks, n, users.of, items.of), users.sorted.length);
  const names: Names = { users: users.sorted, items: items.sorted, source };
  const settler = new DuplicateSettler(rows, policy, names);
  while (!settler.settle(PIECE)) yield;
  return { rows, settled: settler };
}

/** Asks for one array after the other: the host fills them with zeros, which is work. */
function* emptyRows(rows: number, cols: number, n: number, timed: boolean, parted: boolean): Pieces<Rows> {
  const indptr = new Int32Array(rows + 1);
  const indices = new Int32Array(n);
  yield;
  const data = new Float32Array(n);
  yield;
  const times = timed ? new Float64Array(n) : undefined;
  yield;
  const parts = parted ? new Uint8Array(n) : undefined;
  return { rows, cols, indptr, indices, data, ...(times && { times }), ...(parts && { parts }) };
}

/** Counts of each row become the rows' starts. */
function startsOf(counts: Int32Array): Int32Array {
  for (let r = 1; r < counts.length; r++) counts[r] += counts[r - 1];
  return counts.slice(0, -1);
}

// Two stable counting passes, by item and then by user, give ascending items within users. No function is called per
// entry: there may be a hundred million.

/** Rows = items. @param blocks is emptied on the way. */
function* byItem(blocks: Block[], n: number, userRank: Int32Array, itemRank: Int32Array): Pieces<Rows> {
  const { times: timed, parts: parted } = blocks[0];
  const found = yield* emptyRows(itemRank.length, userRank.length, n, timed !== undefined, parted !== undefined);
  let left = n;
  for (const { items } of blocks) {
    const count = Math.min(left, items.length);
    for (let begin = 0; begin < count; begin += PIECE) {
      countRanks(found.indptr, items.subarray(begin, Math.min(count, begin + PIECE)), itemRank);
      yield;
    }
    left -= count;
  }
  const next = startsOf(found.indptr);
  blocks.reverse();
  for (left = n; blocks.length > 0; ) {
    const block = blocks.pop()!;
    const count = Math.min(left, block.items.length);
    for (let begin = 0; begin < count; begin += PIECE) {
      dealBlock(block, begin, Math.min(count, begin + PIECE), next, userRank, itemRank, found);
      yield;
    }
    left -= count;
  }
  return found;
}

function countRanks(counts: Int32Array, items: Int32Array, rank: Int32Array): void {
  for (let e = 0; e < items.length; e++) counts[rank[items[e]] + 1]++;
}

function dealBlock(
  block: Block,
  begin: number,
  end: number,
  next: Int32Array,
  userRank: Int32Array,
  itemRank: Int32Array,
  { indices, data, times, parts }: Rows,
): void {
  const { users, items, values } = block;
  for (let e = begin; e < end; e++) {
    const to = next[itemRank[items[e]]]++;
    indices[to] = userRank[users[e]];
    data[to] = values[e];
    if (times) times[to] = block.times![e];
    if (parts) parts[to] = block.parts![e];
  }
}

/** Rows = users, items ascending. */
function* byUser(byItem: Rows, rows: number): Pieces<Rows> {
  const entries = byItem.indices.length;
  const found = yield* emptyRows(rows, byItem.rows, entries, byItem.times !== undefined, byItem.parts !== undefined);
  for (let begin = 0; begin < entries; begin += PIECE) {
    countUsers(found.indptr, byItem.indices.subarray(begin, begin + PIECE));
    yield;
  }
  const next = startsOf(found.indptr);
  for (let begin = 0, item = 0; begin < entries; begin += PIECE) {
    item = dealByUser(byItem, begin, Math.min(entries, begin + PIECE), item, next, found);
    yield;
  }
  return found;
}

function countUsers(counts: Int32Array, users: Int32Array): void {
  for (let e = 0; e < users.length; e++) counts[users[e] + 1]++;
}

/** @param item whose row entry `begin` is in, or one before. @returns the last item. */
function dealByUser(byItem: Rows, begin: number, end: number, item: number, next: Int32Array, found: Rows): number {
  const { indices: users, indptr } = byItem;
  const { indices, data, times, parts } = found;
  for (let e = begin; e < end; e++) {
    while (e >= indptr[item + 1]) item++;
    const to = next[users[e]]++;
    indices[to] = item;
    data[to] = byItem.data[e];
    if (times) times[to] = byItem.times![e];
    if (parts) parts[to] = byItem.parts![e];
  }
  return item;
}

/** The first `count` elements: the array itself where that is all. */
export function firstOf<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(array: T, count: number): T {
  return (count === array.length ? array : array.slice(0, count)) as T;
}
