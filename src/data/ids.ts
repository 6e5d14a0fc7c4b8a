// Ids that users know, and the positions that matrices go by. Positions follow the canonical order of ids, so that the
// order of lines in a file changes nothing.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Key, keyOf } from '../base/random.ts';

/**
 * Canonical order of ids: whole numbers first, by value; then all others by UTF-16 code units.
 * @example
 * ['10', '9', 'a'].sort(compareIds); // ['9', '10', 'a']
 */
export function compareIds(a: string, b: string): number {
  const aNumber = isCanonicalInteger(a);
  if (aNumber !== isCanonicalInteger(b)) return aNumber ? -1 : 1;
  if (aNumber && a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Digits without leading zeros, so that text and number name each other. */
export function isCanonicalInteger(id: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(id);
}

/**
 * An id that can be written to a file and read again as it is.
 * @param what `user` or `item`, for the message.
 * @throws TypeError for what is no string; RangeError for text that no file gives back.
 */
export function checkId(what: string, id: unknown): string {
  if (typeof id !== 'string') throw new TypeError(`"${what}" expected an id as a string, got ${check.describe(id)}`);
  if (id === '') throw new RangeError(`"${what}" expected an id, got an empty string`);
  if (id.includes('\0')) throw new RangeError(`"${what}" expected an id without the character U+0000, got ${check.describe(id)}`);
  // Half of a surrogate pair has no UTF-8.
  if (/[\ud800-\udfff]/u.test(id))
    throw new RangeError(`"${what}" expected an id of whole characters, got half of one in ${check.describe(id)}`);
  return id;
}

/** Ids and their positions. A deleted id leaves its position empty: shapes and everybody else's positions stay. */
export class IdTable {
  #ids: readonly (string | null)[];
  /** Made when it is asked for: a model that is opened to answer one user needs no map of its items. */
  #map?: ReadonlyMap<string, number>;
  #keys?: Uint32Array;
  #canonical?: boolean;

  /** @param ids distinct ids by position; null marks an empty position. */
  constructor(ids: readonly (string | null)[]) {
    this.#ids = ids;
    this.#map = this.#mapped();
  }

  /** A table of ids that are known to be distinct, because they were taken from another table. */
  static of(ids: readonly (string | null)[]): IdTable {
    const table = new IdTable([]);
    table.#ids = ids;
    table.#map = undefined;
    return table;
  }

  get #positions(): ReadonlyMap<string, number> {
    return (this.#map ??= this.#mapped());
  }

  #mapped(): Map<string, number> {
    const ids = this.#ids;
    const positions = new Map<string, number>();
    let live = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (id === null) continue;
      if (typeof id !== 'string') throw new TypeError(`"ids" expected strings, got ${check.describe(id)} in place ${i}`);
      positions.set(id, i);
      if (positions.size === ++live) continue;
      throw new DataError(`id ${JSON.stringify(id)} occurs twice`);
    }
    return positions;
  }

  /** Number of positions, empty ones included. */
  get size(): number {
    return this.#ids.length;
  }
  /** Number of ids. */
  get live(): number {
    return this.#positions.size;
  }
  /** Whether no position is empty. */
  get whole(): boolean {
    return !this.#ids.includes(null);
  }
  /** Whether every position has an id, and they stand in their canonical order, as after a fresh reading. */
  get canonical(): boolean {
    return (this.#canonical ??= this.#ids.every((id, p) => id !== null && (p === 0 || compareIds(this.#ids[p - 1]!, id) < 0)));
  }
  /** The position of an id, or −1. */
  indexOf(id: string): number {
    return this.#positions.get(id) ?? -1;
  }
  /** The id at a position, or null where it was deleted. */
  at(position: number): string | null {
    return this.#ids[position];
  }
  /** The ids that are there, in order of position. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.#positions.keys();
  }
  /** The same table with the given positions emptied; this very table where there are none. */
  without(positions: Iterable<number>): IdTable {
    const gone = [...positions];
    if (gone.length === 0) return this;
    const ids = this.#ids.slice();
    for (const position of gone) ids[position] = null;
    return IdTable.of(ids);
  }
  /** A table of the ids at the given positions, in their order. */
  only(positions: Int32Array): IdTable {
    return IdTable.of(Array.from(positions, (position) => this.#ids[position]));
  }
  /** Keys for keyed randomness [lo, hi] per position, u32[2·size]; zero where empty. */
  keys(): Uint32Array {
    if (this.#keys) return this.#keys.slice();
    const keys = (this.#keys = new Uint32Array(this.size * 2));
    const ids = this.#ids;
    for (let position = 0; position < ids.length; position++) {
      const id = ids[position];
      if (id === null) continue;
      const key = keyOf(id);
      keys[2 * position] = key.lo;
      keys[2 * position + 1] = key.hi;
    }
    return keys.slice();
  }
  key(position: number): Key {
    const id = this.#ids[position];
    return id === null ? { lo: 0, hi: 0 } : keyOf(id);
  }
}

/** Positions that stay where the others are left out of tables, ascending; −1, and any order, where tables grow (src/learn/seats.ts). */
export interface KeptPositions {
  readonly users: Int32Array;
  readonly items: Int32Array;
}
