// The fingerprint of a set of interactions: equal sets, equal fingerprints, whatever the order of lines and the positions.
// Each user's row is a sum of keyed hashes, so that what leaves is taken out without a look at the rest; the sums are hashed
// by SHA-256, so that nobody can subtract one fingerprint from another and read what left between them.

import { utf8 } from '../base/host.ts';
import { keyOf } from '../base/random.ts';
import { hex } from '../base/sha256.ts';
import { hmacAtOnce, sha256AtOnce } from '../base/sha256-at-once.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { compareIds, type IdTable } from './ids.ts';

/** Rows by position, and the ids of the positions. */
interface Rows {
  readonly users: IdTable;
  readonly items: IdTable;
  readonly userItems: SparseRows;
}

/** Users are dealt to so many parts by their keys: a user's change asks for the hash of one part, and of the parts' hashes. */
export const PARTS = 256;
const HASH_BYTES = 32;
/** u32 of a user's record: the two halves of the id's key, the four words of the row's sum. */
const RECORD = 6;
/** What is hashed before the parts' hashes. */
export const TAG = /* @__PURE__ */ utf8('lethe fingerprint 2');

export class RowSums {
  /** Sums of the hashes of each row's entries, modulo 2^32 by word, u32[4 · users]. */
  readonly #sums: Uint32Array;
  /** SHA-256 of each part; undefined where rows of it have changed. */
  readonly #parts: (Uint8Array | undefined)[];

  private constructor(sums: Uint32Array, parts: (Uint8Array | undefined)[]) {
    this.#sums = sums;
    this.#parts = parts;
  }

  static of(rows: Rows): RowSums {
    const { indptr } = rows.userItems;
    const sums = new Uint32Array(4 * rows.users.size);
    const add = adder(rows, sums, 1);
    for (let user = 0; user < rows.users.size; user++) add(user, indptr[user], indptr[user + 1]);
    return new RowSums(sums, new Array(PARTS));
  }

  /** The sums without some entries. @param rows those before. @param entries ascending positions in them. */
  without(rows: Rows, entries: Int32Array): RowSums {
    return new RowSums(...changed(this.#sums, this.#parts, rows, entries, -1));
  }

  /** The sums with further entries. @param rows those after. @param entries ascending positions in them. */
  with(rows: Rows, entries: Int32Array): RowSums {
    return new RowSums(...changed(this.#sums, this.#parts, rows, entries, 1));
  }

  /** The sums of the same rows at other positions. @param users the old position of each new one; −1 for a row that is empty. */
  moved(users: Int32Array): RowSums {
    const sums = new Uint32Array(4 * users.length);
    users.forEach((from, to) => from >= 0 && sums.set(this.#sums.subarray(4 * from, 4 * from + 4), 4 * to));
    return new RowSums(sums, this.#parts);
  }

  /** @param key a secret that the owner of the data keeps; without it anybody who has the data can compute the same. */
  fingerprint(rows: Rows, key?: string): string {
    this.#hashParts(rows);
    const root = new Uint8Array(TAG.length + PARTS * HASH_BYTES);
    root.set(TAG);
    this.#parts.forEach((part, n) => root.set(part!, TAG.length + n * HASH_BYTES));
    return key === undefined ? hex(sha256AtOnce(root)) : `keyed:${hex(hmacAtOnce(utf8(key), root))}`;
  }

  #hashParts({ users, userItems: { indptr } }: Rows): void {
    if (!this.#parts.includes(undefined)) return;
    const keys = users.keys();
    const members = Array.from({ length: PARTS }, (): number[] => []);
    for (let user = 0; user < users.size; user++) {
      if (indptr[user] < indptr[user + 1]) members[partOf(keys[2 * user])].push(user);
    }
    // By key and not by position: positions change when somebody else leaves.
    const byKey = (a: number, b: number): number =>
      keys[2 * a] - keys[2 * b] || keys[2 * a + 1] - keys[2 * b + 1] || compareIds(users.at(a)!, users.at(b)!);
    for (let part = 0; part < PARTS; part++) {
      if (this.#parts[part] !== undefined) continue;
      const records = new DataView(new ArrayBuffer(members[part].length * RECORD * 4));
      members[part].sort(byKey).forEach((user, n) => {
        const words = [keys[2 * user], keys[2 * user + 1], ...this.#sums.subarray(4 * user, 4 * user + 4)];
        words.forEach((word, w) => records.setUint32((n * RECORD + w) * 4, word, true));
      });
      this.#parts[part] = sha256AtOnce(new Uint8Array(records.buffer));
    }
  }
}

/** Copies of sums and parts after entries have come (1) or left (−1). */
function changed(
  before: Uint32Array,
  hashed: readonly (Uint8Array | undefined)[],
  rows: Rows,
  entries: Int32Array,
  sign: 1 | -1,
): [Uint32Array, (Uint8Array | undefined)[]] {
  const { indptr } = rows.userItems;
  const sums = before.slice();
  const parts = hashed.slice();
  const add = adder(rows, sums, sign);
  let user = 0;
  for (const entry of entries) {
    while (entry >= indptr[user + 1]) user++;
    add(user, entry, entry + 1);
    parts[partOf(rows.users.key(user).lo)] = undefined;
  }
  return [sums, parts];
}

const partOf = (keyLow: number): number => keyLow % PARTS;

/** Adds the hashes of entries `begin` to `end` of a user's row to the user's sum, or takes them away. */
function adder({ users, items, userItems: { indices, data } }: Rows, sums: Uint32Array, sign: 1 | -1) {
  const itemKeys = new Int32Array(items.keys().buffer);
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const words = new Int32Array(4);
  const sum = new Int32Array(4);
  return (user: number, begin: number, end: number): void => {
    const id = users.at(user);
    if (begin === end || id === null) return;
    const { lo, hi } = keyOf(id);
    sum.fill(0);
    for (let entry = begin; entry < end; entry++) {
      const item = indices[entry];
      hashRow(lo, hi, itemKeys[2 * item], itemKeys[2 * item + 1], bits[entry], words);
      for (let w = 0; w < 4; w++) sum[w] = (sum[w] + words[w]) | 0;
    }
    for (let w = 0; w < 4; w++) sums[4 * user + w] += sign * sum[w];
  };
}

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));
const finalize = (h: number): number => {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/**
 * 128 bits of an interaction: MurmurHash3 (x86, 128 bits; Appleby, public domain) of the item's key and the value's bits,
 * begun from the user's key. Quick, and no secret: what hides the sums is the SHA-256 over them.
 */
export function hashRow(userLow: number, userHigh: number, itemLow: number, itemHigh: number, bits: number, out: Int32Array): void {
  let h1 = userLow ^ Math.imul(rotl(Math.imul(itemLow, 0x239b961b), 15), 0xab0e9789);
  let h2 = userHigh ^ Math.imul(rotl(Math.imul(itemHigh, 0xab0e9789), 16), 0x38b34ae5);
  let h3 = userLow ^ Math.imul(rotl(Math.imul(bits, 0x38b34ae5), 17), 0xa1e38b93);
  let h4 = userHigh;
  h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
  h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
  h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
  h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  const sum = (h1 + h2 + h3 + h4) | 0;
  h1 = finalize((h1 + sum) | 0);
  h2 = finalize((h2 + sum) | 0);
  h3 = finalize((h3 + sum) | 0);
  h4 = finalize((h4 + sum) | 0);
  const last = (h1 + h2 + h3 + h4) | 0;
  out[0] = (h1 + last) | 0;
  out[1] = (h2 + last) | 0;
  out[2] = (h3 + last) | 0;
  out[3] = (h4 + last) | 0;
}
