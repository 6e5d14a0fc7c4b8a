// Collects interactions in any order and settles what a `Dataset` refuses to hold: disorder and duplicates.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { RunControl } from '../base/run-control.ts';
import { atOnce, type Block, canonicalRows, firstOf, type Pieces, rankIds } from './canonical-rows.ts';
import { Dataset, type DatasetParts } from './dataset.ts';
import { DUPLICATES, type DuplicatePolicy } from './duplicates.ts';
import { checkId, IdTable } from './ids.ts';

/** Entries of the first block, and the most of any: they double, so that little data take little. */
const FIRST_BLOCK = 1 << 10;
const LARGEST_BLOCK = 1 << 20;
/** Most entries of a `Map` in any engine. */
const MOST_IDS = 1 << 24;

/** What a builder has collected; ids by order of appearance. */
interface Collected {
  readonly blocks: Block[];
  readonly length: number;
  readonly users: readonly string[];
  readonly items: readonly string[];
}

/** Collects interactions in any order and makes a `Dataset` of them. */
export class DatasetBuilder {
  #userIds: string[] = [];
  #itemIds: string[] = [];
  #userAt = new Map<string, number>();
  #itemAt = new Map<string, number>();
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
    return atOnce(settled({ ...this.#collected(), blocks: this.#blocks.slice() }, policy, extra));
  }

  /** `build`, after which the builder is empty: memory is given back on the way. */
  finish(policy: DuplicatePolicy = 'last', extra: Partial<DatasetParts> = {}): Dataset {
    check.oneOf('duplicates', policy, DUPLICATES);
    return atOnce(settled(this.#taken(), policy, extra));
  }

  /**
   * `finish` in pieces of some milliseconds, between which other work, and an abort, may come.
   * @example
   * const data = await builder.settle('last', {}, { signal });
   */
  async settle(
    policy: DuplicatePolicy = 'last',
    extra: Partial<DatasetParts> = {},
    control: Pick<RunControl, 'signal'> = {},
  ): Promise<Dataset> {
    check.oneOf('duplicates', policy, DUPLICATES);
    check.knownKeys('settle', control, ['signal']);
    const pieces = settled(this.#taken(), policy, extra);
    for (;;) {
      check.aborted(control.signal);
      const { done, value } = pieces.next();
      if (done) return value;
      await breathe();
    }
  }

  #collected(): Collected {
    return { blocks: this.#blocks, length: this.#n, users: this.#userIds, items: this.#itemIds };
  }

  /** What was collected; the builder begins anew. */
  #taken(): Collected {
    const collected = this.#collected();
    this.#blocks = [];
    this.#last = undefined;
    this.#n = this.#filled = 0;
    this.#userIds = [];
    this.#itemIds = [];
    this.#userAt = new Map();
    this.#itemAt = new Map();
    return collected;
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

/** @param collected its blocks are emptied. */
function* settled({ blocks, length, users, items }: Collected, policy: DuplicatePolicy, extra: Partial<DatasetParts>): Pieces<Dataset> {
  if (length === 0) throw new DataError('no interactions found', { source: extra.source });
  const rankedUsers = yield* rankIds(users);
  const rankedItems = yield* rankIds(items);
  const found = yield* canonicalRows(blocks, length, rankedUsers, rankedItems, policy, extra.source);
  const { rows, cols, indptr, indices, data, times, parts } = found.rows;
  const { kept, duplicates, acrossParts } = found.settled;
  return new Dataset({
    ...extra,
    users: IdTable.of(rankedUsers.sorted),
    items: IdTable.of(rankedItems.sorted),
    userItems: { rows, cols, indptr, indices: firstOf(indices, kept), data: firstOf(data, kept) },
    times: times && firstOf(times, kept),
    parts: parts && firstOf(parts, kept),
    duplicates,
    acrossParts,
  });
}
