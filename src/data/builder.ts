// Collects interactions in any order and settles what a `Dataset` refuses to hold: disorder and duplicates.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { Dataset, type DatasetParts } from './dataset.ts';
import { DUPLICATES, type DuplicatePolicy, type Rows, settleDuplicates } from './duplicates.ts';
import { checkId, compareIds, IdTable } from './ids.ts';

/** Entries of the first block, and the most of any: they double, so that little data take little. */
const FIRST_BLOCK = 1 << 10;
const LARGEST_BLOCK = 1 << 20;
/** Most entries of a `Map` in any engine. */
const MOST_IDS = 1 << 24;

/** Some interactions as they came. Growing by blocks copies nothing, and a block that was settled can go. */
interface Block {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly times?: Float64Array;
  readonly parts?: Uint8Array;
}

/** Collects interactions in any order and makes a `Dataset` of them. */
export class DatasetBuilder {
  readonly #userIds: string[] = [];
  readonly #itemIds: string[] = [];
  readonly #userAt = new Map<string, number>();
  readonly #itemAt = new Map<string, number>();
  #blocks: Block[] = [];
  #last?: Block;
  /** Entries of the last block. */
  #filled = 0;
  #n = 0;
  #timed = false;
  #parted = false;

  /** Interactions added so far. */
  get length(): number {
    return this.#n;
  }

  /**
   * Position in order of appearance; ids may be added without interactions.
   * @throws TypeError for what is no string; RangeError for an id that no file would give back as it is.
   */
  addUser(id: string): number {
    return intern('user', id, this.#userIds, this.#userAt);
  }
  addItem(id: string): number {
    return intern('item', id, this.#itemIds, this.#itemAt);
  }

  /**
   * @param value finite in float32; default 1.
   * @param time any finite number that orders; it and `part` must be given for all interactions or for none.
   * @param part 0 train, 1 validation, 2 test, 3 unseen: one of `PART`.
   * @throws TypeError for ids that are no strings; RangeError for numbers that are out of range; DataError.
   */
  add(user: string, item: string, value = 1, time?: number, part?: number): void {
    if (this.#n > 0) this.#requireAlike(time, part, user, item);
    this.addAt(this.addUser(user), this.addItem(item), value, time, part);
  }

  /** The same by the positions that `addUser` and `addItem` gave. */
  addAt(user: number, item: number, value = 1, time?: number, part?: number): void {
    if (this.#n === 0) {
      this.#timed = time !== undefined;
      this.#parted = part !== undefined;
    } else if ((time === undefined) === this.#timed || (part === undefined) === this.#parted) {
      this.#requireAlike(time, part, this.#userIds[user], this.#itemIds[item]);
    }
    if (!(user >= 0 && user < this.#userIds.length && item >= 0 && item < this.#itemIds.length)) this.#refusePosition(user, item);
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) refuseNumber('value', 'within the range of float32', value);
    if (time !== undefined && !Number.isFinite(time)) refuseNumber('time', 'that is finite', time);
    if (part !== undefined && !(part >= 0 && part <= 3 && Number.isInteger(part))) refuseNumber('part', PARTS, part);
    let block = this.#last;
    let at = this.#filled;
    if (block === undefined || at === block.users.length) {
      block = this.#begin();
      at = 0;
    }
    block.users[at] = user;
    block.items[at] = item;
    block.values[at] = value;
    if (time !== undefined) block.times![at] = time;
    if (part !== undefined) block.parts![at] = part;
    this.#filled = at + 1;
    this.#n++;
  }

  /**
   * @param policy for pairs that occur more than once: see `DUPLICATES`.
   * @throws DataError when there is nothing, or for a duplicate under `error`.
   */
  build(policy: DuplicatePolicy = 'last', extra: Partial<DatasetParts> = {}): Dataset {
    check.oneOf('duplicates', policy, DUPLICATES);
    return this.#settle(this.#blocks.slice(), policy, extra);
  }

  /** `build`, after which the builder is empty: memory is given back on the way. */
  finish(policy: DuplicatePolicy = 'last', extra: Partial<DatasetParts> = {}): Dataset {
    check.oneOf('duplicates', policy, DUPLICATES);
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#last = undefined;
    try {
      return this.#settle(blocks, policy, extra);
    } finally {
      this.#n = this.#filled = 0;
      for (const ids of [this.#userIds, this.#itemIds]) ids.length = 0;
      for (const at of [this.#userAt, this.#itemAt]) at.clear();
    }
  }

  /** @param blocks is emptied. */
  #settle(blocks: Block[], policy: DuplicatePolicy, extra: Partial<DatasetParts>): Dataset {
    if (this.#n === 0) throw new DataError('no interactions found', { source: extra.source });
    const userRank = rankIds(this.#userIds);
    const itemRank = rankIds(this.#itemIds);
    const userItems = byUser(byItem(blocks, this.#n, userRank.of, itemRank.of, this.#timed, this.#parted), userRank.sorted.length);
    const { rows, cols, indices, data, times, parts } = userItems;
    const ids = { users: userRank.sorted, items: itemRank.sorted, source: extra.source };
    const { kept, duplicates, acrossParts, indptr } = settleDuplicates(userItems, policy, ids);
    return new Dataset({
      ...extra,
      users: new IdTable(userRank.sorted),
      items: new IdTable(itemRank.sorted),
      userItems: { rows, cols, indptr, indices: firstOf(indices, kept), data: firstOf(data, kept) },
      times: times && firstOf(times, kept),
      parts: parts && firstOf(parts, kept),
      duplicates,
      acrossParts,
    });
  }

  #begin(): Block {
    const size = Math.min(LARGEST_BLOCK, FIRST_BLOCK << Math.min(20, this.#blocks.length));
    const block: Block = {
      users: new Int32Array(size),
      items: new Int32Array(size),
      values: new Float32Array(size),
      ...(this.#timed && { times: new Float64Array(size) }),
      ...(this.#parted && { parts: new Uint8Array(size) }),
    };
    this.#blocks.push(block);
    return (this.#last = block);
  }

  #refusePosition(user: number, item: number): never {
    throw new RangeError(
      `expected positions that addUser and addItem gave (below ${this.#userIds.length} and ${this.#itemIds.length}), ` +
        `got user ${check.describe(user)} and item ${check.describe(item)}`,
    );
  }

  #requireAlike(time: number | undefined, part: number | undefined, user: string, item: string): void {
    if ((time !== undefined) === this.#timed && (part !== undefined) === this.#parted) return;
    throw new DataError(
      `expected a time, and a part of the split, for all interactions or for none; user ${JSON.stringify(user)}, item ` +
        `${JSON.stringify(item)} differs`,
    );
  }
}

const PARTS = '0 (train), 1 (validation), 2 (test) or 3 (unseen)';

function refuseNumber(what: string, expected: string, found: unknown): never {
  const message = `"${what}" expected a number ${expected}, got ${check.describe(found)}`;
  throw typeof found === 'number' ? new RangeError(message) : new TypeError(message);
}

function intern(what: string, id: string, ids: string[], at: Map<string, number>): number {
  let position = at.get(id);
  if (position === undefined) {
    checkId(what, id);
    position = ids.length;
    if (position === MOST_IDS)
      throw new DataError(
        `more than ${MOST_IDS} different users, or items, were found, which is more than a table holds; split the data and train ` +
          'several models',
      );
    // Engines keep a substring as a window on its whole text: adding to it makes a copy, so that the text can go.
    const own = id.length < 13 ? id : (' ' + id).slice(1);
    ids.push(own);
    at.set(own, position);
  }
  return position;
}

/** Ids in canonical order, and the rank of each by its order of appearance. */
function rankIds(ids: readonly string[]): { sorted: string[]; of: Int32Array } {
  const order = Array.from(ids, (_, i) => i).sort((a, b) => compareIds(ids[a], ids[b]));
  const of = new Int32Array(ids.length);
  for (let rank = 0; rank < order.length; rank++) of[order[rank]] = rank;
  return { sorted: order.map((i) => ids[i]), of };
}

const emptyRows = (rows: number, cols: number, n: number, timed: boolean, parted: boolean): Rows => ({
  rows,
  cols,
  indptr: new Int32Array(rows + 1),
  indices: new Int32Array(n),
  data: new Float32Array(n),
  ...(timed && { times: new Float64Array(n) }),
  ...(parted && { parts: new Uint8Array(n) }),
});

/** Counts of each row become the rows' starts. */
function startsOf(counts: Int32Array): Int32Array {
  for (let r = 1; r < counts.length; r++) counts[r] += counts[r - 1];
  return counts.slice(0, -1);
}

// Two stable counting passes, by item and then by user, give ascending items within users. No function is called per
// entry, and what a pass has read is let go before the next one asks for memory: there may be a hundred million.

/** Rows = items. @param blocks is emptied on the way. */
function byItem(blocks: Block[], n: number, userRank: Int32Array, itemRank: Int32Array, timed: boolean, parted: boolean): Rows {
  const found = emptyRows(itemRank.length, userRank.length, n, timed, parted);
  const { indptr, indices, data, times, parts } = found;
  let left = n;
  for (const { items } of blocks) {
    const count = Math.min(left, items.length);
    for (let e = 0; e < count; e++) indptr[itemRank[items[e]] + 1]++;
    left -= count;
  }
  const next = startsOf(indptr);
  blocks.reverse();
  for (left = n; blocks.length > 0; ) {
    const block = blocks.pop()!;
    const { users, items, values } = block;
    const count = Math.min(left, items.length);
    for (let e = 0; e < count; e++) {
      const to = next[itemRank[items[e]]]++;
      indices[to] = userRank[users[e]];
      data[to] = values[e];
      if (times) times[to] = block.times![e];
      if (parts) parts[to] = block.parts![e];
    }
    left -= count;
  }
  return found;
}

/** Rows = users, items ascending. */
function byUser(byItem: Rows, rows: number): Rows {
  const found = emptyRows(rows, byItem.rows, byItem.indices.length, byItem.times !== undefined, byItem.parts !== undefined);
  const { indptr, indices, data, times, parts } = found;
  const users = byItem.indices;
  for (let e = 0; e < users.length; e++) indptr[users[e] + 1]++;
  const next = startsOf(indptr);
  for (let item = 0; item < byItem.rows; item++) {
    for (let e = byItem.indptr[item]; e < byItem.indptr[item + 1]; e++) {
      const to = next[users[e]]++;
      indices[to] = item;
      data[to] = byItem.data[e];
      if (times) times[to] = byItem.times![e];
      if (parts) parts[to] = byItem.parts![e];
    }
  }
  return found;
}

/** The first `count` elements: the array itself where that is all. */
function firstOf<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(array: T, count: number): T {
  return (count === array.length ? array : array.slice(0, count)) as T;
}
