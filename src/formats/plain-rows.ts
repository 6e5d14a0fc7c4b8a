// Rows of delimited text straight out of bytes, without a string for every field: what makes files of a hundred million
// lines readable. Whatever is not plain (quotes, empty or missing fields, numbers of a rare form) is not taken: the
// readers of strings get the whole line then, and find the words for what is wrong with it.
import { utf8Decoder } from '../base/host.ts';
import type { DatasetBuilder } from '../data/builder.ts';
import { type LikeRule, passes } from '../data/likes.ts';
import type { Decimal } from './numbers.ts';

const LINE_FEED = 10;
const RETURN = 13;
const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const COMMA = 44;
const BLANK = 32;
const TAB = 9;
const ZERO = 48;
/** Fields of a row that is taken. */
const MOST_FIELDS = 64;
/** Digits whose number is exact in float64. */
const MOST_DIGITS = 15;
const powersOfTen = (): Float64Array => Float64Array.from({ length: MOST_DIGITS + 1 }, (_, k) => Number(`1e${k}`));
const POWERS_OF_TEN = /* @__PURE__ */ powersOfTen();

/**
 * Positions of the columns in a row; −1 where there is none. `like` is the column that says what is a like, where that is not
 * the value.
 */
export type ColumnPositions = Record<'user' | 'item' | 'value' | 'time' | 'part' | 'like', number>;

export interface PlainRowsOptions {
  readonly builder: DatasetBuilder;
  readonly columns: ColumnPositions;
  /** Fields of every row. */
  readonly width: number;
  /** One character of ASCII, once or twice. */
  readonly delimiter: string;
  /** Whether any number of blanks and tabs stands between fields instead. */
  readonly blanks?: boolean;
  /** Whether a double quote has a meaning. */
  readonly quotes: boolean;
  /** The PART of all rows; default: what the part column says, if there is one. */
  readonly part?: number;
  /** What the `like` column must be. */
  readonly likes?: LikeRule;
  /** The sign before decimals. */
  readonly decimal: Decimal;
}

/** Takes rows of one table into a builder. */
export class PlainRows {
  readonly #options: PlainRowsOptions;
  readonly #users: IdBytes;
  readonly #items: IdBytes;
  readonly #starts = new Int32Array(MOST_FIELDS);
  readonly #ends = new Int32Array(MOST_FIELDS);

  constructor(options: PlainRowsOptions) {
    this.#options = options;
    this.#users = new IdBytes((id) => options.builder.addUser(id));
    this.#items = new IdBytes((id) => options.builder.addItem(id));
  }

  /**
   * Takes the row that begins at `begin` and ends before a line feed or with the bytes.
   * @returns where the next line begins, or −1 where nothing was taken.
   */
  take(bytes: Uint8Array, begin: number): number {
    const { builder, columns, width, delimiter, blanks, quotes, part, likes, decimal } = this.#options;
    const next = blanks
      ? this.#cutAtBlanks(bytes, begin, width)
      : this.#cut(bytes, begin, width, delimiter.charCodeAt(0), delimiter.length - 1, quotes ? QUOTE : -1);
    if (next < 0) return -1;
    const starts = this.#starts;
    const ends = this.#ends;
    const point = decimal === 'comma' ? COMMA : POINT;
    const value = columns.value < 0 ? undefined : plainNumber(bytes, starts[columns.value], ends[columns.value], point);
    const time = columns.time < 0 ? undefined : plainNumber(bytes, starts[columns.time], ends[columns.time], point);
    let label = part;
    if (part === undefined && columns.part >= 0) {
      label = bytes[starts[columns.part]] - ZERO;
      if (ends[columns.part] - starts[columns.part] !== 1 || !(label >= 0 && label <= 3)) return -1;
    }
    const like = columns.like < 0 ? undefined : plainNumber(bytes, starts[columns.like], ends[columns.like], point);
    if (Number.isNaN(value) || Number.isNaN(time) || Number.isNaN(like)) return -1;
    const user = this.#users.position(bytes, starts[columns.user], ends[columns.user]);
    const item = user < 0 ? -1 : this.#items.position(bytes, starts[columns.item], ends[columns.item]);
    if (item < 0) return -1;
    if (like !== undefined && !passes(likes!, like)) return next;
    builder.addAt(user, item, value, time, label);
    return next;
  }

  /** Finds the fields. @param twice 1 where the delimiter is two of its byte, else 0. */
  #cut(bytes: Uint8Array, begin: number, width: number, delimiter: number, twice: number, quote: number): number {
    const starts = this.#starts;
    const ends = this.#ends;
    const length = bytes.length;
    if (width > MOST_FIELDS) return -1;
    let field = 0;
    let at = begin;
    starts[0] = begin;
    for (; at < length; at++) {
      const byte = bytes[at];
      if (byte === LINE_FEED) break;
      if (byte === quote) return -1;
      if (byte !== delimiter || (twice === 1 && bytes[at + 1] !== delimiter)) continue;
      ends[field++] = at;
      if (field === width) return -1;
      at += twice;
      starts[field] = at + 1;
    }
    if (field !== width - 1) return -1;
    ends[field] = at > starts[field] && bytes[at - 1] === RETURN ? at - 1 : at;
    return at + 1;
  }

  #cutAtBlanks(bytes: Uint8Array, begin: number, width: number): number {
    const starts = this.#starts;
    const ends = this.#ends;
    if (width > MOST_FIELDS) return -1;
    let field = 0;
    let at = begin;
    for (; at < bytes.length && bytes[at] !== LINE_FEED; ) {
      while (bytes[at] === BLANK || bytes[at] === TAB) at++;
      const start = at;
      while (at < bytes.length && bytes[at] > BLANK) at++;
      if (at === start) {
        if (bytes[at] === RETURN && (at + 1 >= bytes.length || bytes[at + 1] === LINE_FEED)) at++;
        if (at < bytes.length && bytes[at] !== LINE_FEED) return -1;
        continue;
      }
      if (field === width) return -1;
      starts[field] = start;
      ends[field++] = at;
    }
    return field === width ? at + 1 : -1;
  }
}

/** Digits with a minus and a decimal sign at most, rounded as `Number` rounds them; NaN for all other text. */
function plainNumber(bytes: Uint8Array, begin: number, end: number, sign: number): number {
  const negative = bytes[begin] === MINUS;
  let whole = 0;
  let digits = 0;
  let point = -1;
  for (let at = negative ? begin + 1 : begin; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      whole = whole * 10 + digit;
      digits++;
    } else if (bytes[at] === sign && point < 0) point = digits;
    else return NaN;
  }
  if (digits === 0 || digits > MOST_DIGITS) return NaN;
  // Both are exact, so that the quotient is the number nearest to the text.
  const value = point < 0 ? whole : whole / POWERS_OF_TEN[digits - point];
  return negative ? -value : value;
}

/** Positions of ids by their bytes: a hash table in front of the builder's, which goes by strings. */
class IdBytes {
  readonly #add: (id: string) => number;
  readonly #decoder = utf8Decoder(true);
  /** Number of an id, from 1, by hash; 0 is free. At most half are taken. */
  #slots = new Int32Array(1 << 8);
  #count = 0;
  /** Where the bytes of each id end; they begin where those of the one before end. */
  #ends = new Int32Array(1 << 7);
  #positions = new Int32Array(1 << 7);
  #bytes = new Uint8Array(1 << 10);

  constructor(add: (id: string) => number) {
    this.#add = add;
  }

  /** @returns −1 for an empty id, for bytes that are not UTF-8 and for an id that holds a zero. */
  position(bytes: Uint8Array, begin: number, end: number): number {
    const length = end - begin;
    const ends = this.#ends;
    const known = this.#bytes;
    const slots = this.#slots;
    const mask = slots.length - 1;
    if (length === 0) return -1;
    let hash = length;
    for (let at = begin; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & mask;
    search: for (; slots[slot] > 0; slot = (slot + 1) & mask) {
      const number = slots[slot];
      const start = number === 1 ? 0 : ends[number - 2];
      if (ends[number - 1] - start !== length) continue;
      for (let k = 0; k < length; k++) if (known[start + k] !== bytes[begin + k]) continue search;
      return this.#positions[number - 1];
    }
    return this.#keep(bytes.subarray(begin, end), slot);
  }

  #keep(id: Uint8Array, slot: number): number {
    let text: string;
    try {
      text = this.#decoder.decode(id);
    } catch {
      return -1;
    }
    if (text.includes('\0')) return -1;
    const number = this.#count++;
    const start = number === 0 ? 0 : this.#ends[number - 1];
    if (number === this.#ends.length) {
      this.#ends = grown(this.#ends, number * 2);
      this.#positions = grown(this.#positions, number * 2);
    }
    if (start + id.length > this.#bytes.length) this.#bytes = grown(this.#bytes, Math.max(this.#bytes.length * 2, start + id.length));
    this.#bytes.set(id, start);
    this.#ends[number] = start + id.length;
    this.#slots[slot] = number + 1;
    if (this.#count * 2 > this.#slots.length) this.#spread();
    return (this.#positions[number] = this.#add(text));
  }

  /** Twice as many slots. */
  #spread(): void {
    const slots = (this.#slots = new Int32Array(this.#slots.length * 2));
    const mask = slots.length - 1;
    for (let number = 0, begin = 0; number < this.#count; begin = this.#ends[number++]) {
      let hash = this.#ends[number] - begin;
      for (let at = begin; at < this.#ends[number]; at++) hash = Math.imul(hash ^ this.#bytes[at], 0x9e3779b1);
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] > 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
  }
}

function grown<T extends Int32Array | Uint8Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (n: number) => T)(length);
  larger.set(array);
  return larger;
}
