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
/** Digits whose number is exact in float64, and in an integer of 32 bits, which is quicker. */
const INTEGER_DIGITS = 9;
const MOST_DIGITS = 15;
const powersOfTen = (): Float64Array => Float64Array.from({ length: MOST_DIGITS + 1 }, (_, k) => Number(`1e${k}`));
const POWERS_OF_TEN = /* @__PURE__ */ powersOfTen();

/** Whole numbers as ids that are looked up by themselves: a table of 16 MB at most. */
const MOST_DIRECT = 1 << 22;

/** What a byte is to the scan of a field. */
const TEXT = 0;
const DELIMITER = 1;
const END = 2;
const CARRIAGE = 3;
const REFUSED = 4;

/** What is taken from a column. */
const SKIP = 0;
const USER = 1;
const ITEM = 2;
const VALUE = 3;
const TIME = 4;
const LIKE = 5;
const LABEL = 6;
const ROLES = { user: USER, item: ITEM, value: VALUE, time: TIME, like: LIKE, part: LABEL } as const;

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
  readonly #builder: DatasetBuilder;
  readonly #users: IdBytes;
  readonly #items: IdBytes;
  readonly #part?: number;
  readonly #likes?: LikeRule;
  /** What is taken from each field. */
  readonly #roles: Uint8Array;
  /** What each byte is. */
  readonly #kinds: Uint8Array;
  readonly #twice: boolean;
  readonly #blanks: boolean;
  readonly #point: number;
  readonly #has: Readonly<Record<'value' | 'time' | 'like' | 'label', boolean>>;

  constructor({ builder, columns, width, delimiter, blanks = false, quotes, part, likes, decimal }: PlainRowsOptions) {
    this.#builder = builder;
    this.#users = new IdBytes((id) => builder.addUser(id));
    this.#items = new IdBytes((id) => builder.addItem(id));
    this.#part = part;
    this.#likes = likes;
    this.#twice = delimiter.length === 2 && !blanks;
    this.#blanks = blanks;
    this.#point = decimal === 'comma' ? COMMA : POINT;
    this.#has = {
      value: columns.value >= 0,
      time: columns.time >= 0,
      like: columns.like >= 0,
      label: columns.part >= 0 && part === undefined,
    };
    this.#roles = new Uint8Array(width);
    for (const [role, column] of Object.entries(columns) as [keyof ColumnPositions, number][]) {
      if (column >= 0 && !(role === 'part' && part !== undefined)) this.#roles[column] = ROLES[role];
    }
    this.#kinds = new Uint8Array(256);
    this.#kinds[LINE_FEED] = END;
    this.#kinds[RETURN] = CARRIAGE;
    if (quotes) this.#kinds[QUOTE] = REFUSED;
    for (const byte of blanks ? [BLANK, TAB] : [delimiter.charCodeAt(0)]) this.#kinds[byte] = DELIMITER;
  }

  /**
   * Takes the row that begins at `begin` and ends before a line feed or with the bytes. Each byte is looked at once, and no
   * function is called for what is plain: this is where the time of reading goes.
   * @returns where the next line begins, or −1 where nothing was taken.
   */
  take(bytes: Uint8Array, begin: number): number {
    const roles = this.#roles;
    const kinds = this.#kinds;
    const twice = this.#twice;
    const blanks = this.#blanks;
    const point = this.#point;
    const width = roles.length;
    const length = bytes.length;
    let userStart = 0;
    let userEnd = 0;
    let userWhole = 0;
    let itemStart = 0;
    let itemEnd = 0;
    let itemWhole = 0;
    let value = 0;
    let time = 0;
    let like = 0;
    let label = 0;
    let at = begin;
    if (blanks) while (at < length && kinds[bytes[at]] === DELIMITER) at++;
    for (let field = 0; field < width; field++) {
      const role = roles[field];
      const start = at;
      if (role >= VALUE) {
        const negative = bytes[at] === MINUS;
        if (negative) at++;
        let small = 0;
        let digits = 0;
        let decimals = -1;
        for (; digits < INTEGER_DIGITS && at < length; at++) {
          const digit = bytes[at] - ZERO;
          if (digit >= 0 && digit <= 9) {
            small = (small * 10 + digit) | 0;
            digits++;
          } else if (digit === point - ZERO && decimals < 0) decimals = digits;
          else break;
        }
        let whole = small;
        for (; digits >= INTEGER_DIGITS && at < length; at++) {
          const digit = bytes[at] - ZERO;
          if (digit >= 0 && digit <= 9) {
            whole = whole * 10 + digit;
            digits++;
          } else if (digit === point - ZERO && decimals < 0) decimals = digits;
          else break;
        }
        if (digits === 0 || digits > MOST_DIGITS) return -1;
        // Both are exact, so that the quotient is the number nearest to the text.
        let number = decimals < 0 || decimals === digits ? whole : whole / POWERS_OF_TEN[digits - decimals];
        if (negative) number = -number;
        if (role === VALUE) value = number;
        else if (role === TIME) time = number;
        else if (role === LIKE) like = number;
        else if (at - start !== 1 || number > 3) return -1;
        else label = number;
      } else if (role === SKIP) {
        while (at < length && kinds[bytes[at]] === TEXT) at++;
      } else {
        // Whole numbers below the table's end are looked up by themselves, all else by a hash of the bytes.
        let whole = 0;
        for (; at < length; at++) {
          const digit = bytes[at] - ZERO;
          if (digit < 0 || digit > 9) break;
          whole = (whole * 10 + digit) | 0; // may wrap: `position` looks at no more than seven digits
        }
        while (at < length && kinds[bytes[at]] === TEXT) at++;
        if (role === USER) {
          userStart = start;
          userEnd = at;
          userWhole = whole;
        } else {
          itemStart = start;
          itemEnd = at;
          itemWhole = whole;
        }
      }
      let kind = at < length ? kinds[bytes[at]] : END;
      if (kind === CARRIAGE && (at + 1 >= length || bytes[at + 1] === LINE_FEED)) {
        at++;
        kind = END;
      }
      if (field === width - 1) {
        if (blanks) {
          while (at < length && kinds[bytes[at]] === DELIMITER) at++;
          kind = at < length ? kinds[bytes[at]] : END;
          if (kind === CARRIAGE && (at + 1 >= length || bytes[at + 1] === LINE_FEED)) {
            at++;
            kind = END;
          }
        }
        if (kind !== END) return -1;
      } else {
        if (kind !== DELIMITER || (twice && bytes[at + 1] !== bytes[at])) return -1;
        at += twice ? 2 : 1;
        if (blanks) while (at < length && kinds[bytes[at]] === DELIMITER) at++;
      }
    }
    // Not before the whole row is known to be plain: an id that is added stays.
    const user = this.#users.position(bytes, userStart, userEnd, userWhole);
    const item = user < 0 ? -1 : this.#items.position(bytes, itemStart, itemEnd, itemWhole);
    if (item < 0) return -1;
    const has = this.#has;
    if (has.like && !passes(this.#likes!, like)) return at + 1;
    const part = has.label ? label : this.#part;
    this.#builder.addAt(user, item, has.value ? value : undefined, has.time ? time : undefined, part);
    return at + 1;
  }
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
  /** Positions of whole numbers, from 1, by the numbers; 0 is free. */
  #direct = new Int32Array(1 << 10);

  constructor(add: (id: string) => number) {
    this.#add = add;
  }

  /**
   * @param whole the digits that the id begins with, as a number, where they are all of it; else anything.
   * @returns −1 for an empty id, for bytes that are not UTF-8 and for an id that holds a zero.
   */
  position(bytes: Uint8Array, begin: number, end: number, whole: number): number {
    const length = end - begin;
    if (length === 0) return -1;
    // As many digits as the number has: no leading zero, and nothing after them.
    if (whole < MOST_DIRECT && length === digitsOf(whole) && isDigit(bytes[end - 1]) && isDigit(bytes[begin])) {
      const known = whole < this.#direct.length ? this.#direct[whole] : 0;
      return known > 0 ? known - 1 : this.#keepWhole(whole);
    }
    const ends = this.#ends;
    const known = this.#bytes;
    const slots = this.#slots;
    const mask = slots.length - 1;
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

  #keepWhole(whole: number): number {
    if (whole >= this.#direct.length) {
      this.#direct = grown(this.#direct, Math.min(MOST_DIRECT, Math.max(whole + 1, this.#direct.length * 2)));
    }
    const position = this.#add(String(whole));
    this.#direct[whole] = position + 1;
    return position;
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

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

function digitsOf(whole: number): number {
  if (whole < 1000) {
    if (whole < 10) return 1;
    return whole < 100 ? 2 : 3;
  }
  if (whole < 100000) return whole < 10000 ? 4 : 5;
  return whole < 1000000 ? 6 : 7;
}

function grown<T extends Int32Array | Uint8Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (n: number) => T)(length);
  larger.set(array);
  return larger;
}
