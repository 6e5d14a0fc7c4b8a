// What a stranger reads out of two fingerprints: every interaction that could have left between them is hashed, and held to
// their difference in all ways that sums and other mixtures by word would show.
import { keyOf, philox } from '../../src/base/random.ts';
import { hashRow } from '../../src/data/fingerprint.ts';
import type { Dataset } from '../../src/index.ts';

export type Row = readonly [user: string, item: string, value: number];
type Key = ReturnType<typeof keyOf>;
/** The four words of a row's hash, into `out`: by the functions of before and of now. */
export type Hash = (user: Key, item: Key, bits: number, out: Uint32Array) => void;

export const hashBefore: Hash = (u, i, bits, out) => out.set(philox(u.lo, u.hi, i.lo, i.hi, bits, 0x66696e67));
const signed = new Int32Array(4);
export const hashNow: Hash = (u, i, bits, out) => {
  hashRow(u.lo, u.hi, i.lo, i.hi, bits, signed);
  out.set(signed);
};

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** The fingerprint of before, which could be subtracted: the sum of all rows' hashes. */
export function plainSum({ users, items, userItems: { indptr, indices, data } }: Dataset, hash: Hash): string {
  const sums = new Uint32Array(4);
  const words = new Uint32Array(4);
  for (let u = 0; u < users.size; u++) {
    if (indptr[u] === indptr[u + 1]) continue;
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      hash(keyOf(users.at(u)!), keyOf(items.at(indices[e])!), bitsOf(data[e]), words);
      for (let w = 0; w < 4; w++) sums[w] += words[w];
    }
  }
  return [...sums].map((word) => word.toString(16).padStart(8, '0')).join('');
}

export const u32s = (fingerprint: string): number[] =>
  fingerprint
    .replace('keyed:', '')
    .match(/.{8}/g)!
    .map((word) => Number.parseInt(word, 16));

/**
 * Every (user, item, value) of the tables that could have left between two fingerprints, as far as their difference tells.
 * @param least words of a row's four that must fit: one raises suspicion among few rows, and by chance among millions.
 */
export function candidatesThatFit(
  { users, items }: Dataset,
  [before, after]: readonly [string, string],
  hash: Hash,
  { values = [1, 2, 3, 4, 5], least = 1 } = {},
): { readonly tried: number; readonly found: Row[] } {
  const [a, b] = [u32s(before), u32s(after)];
  const differences = new Set(a.flatMap((word, n) => [(word - b[n]) >>> 0, (b[n] - word) >>> 0, (word ^ b[n]) >>> 0]).concat(a, b));
  const itemKeys = Array.from(items, keyOf);
  const itemIds = [...items];
  const bits = values.map(bitsOf);
  const words = new Uint32Array(4);
  const found: Row[] = [];
  for (const user of users) {
    const key = keyOf(user);
    for (let i = 0; i < itemKeys.length; i++) {
      for (let v = 0; v < bits.length; v++) {
        hash(key, itemKeys[i], bits[v], words);
        let fit = 0;
        for (let w = 0; w < 4; w++) if (differences.has(words[w])) fit++;
        if (fit >= least) found.push([user, itemIds[i], values[v]]);
      }
    }
  }
  return { tried: [...users].length * itemKeys.length * bits.length, found };
}
