// What a fingerprint is for, and what it must not tell.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyOf, philox } from '../../src/base/random.ts';
import { hashRow } from '../../src/data/fingerprint.ts';
import { type Dataset, DatasetBuilder, generate } from '../../src/index.ts';

const test = suite('fingerprint');
const data = await generate({ users: 60, items: 40, interactions: 900 });
const KEY = 'a secret that stays with the data';

type Row = readonly [user: string, item: string, value: number];
const rowsOf = (any: Dataset): Row[] => {
  const { indptr, indices, data: values } = any.userItems;
  const rows: Row[] = [];
  for (let u = 0; u < any.users.size; u++)
    for (let e = indptr[u]; e < indptr[u + 1]; e++) rows.push([any.users.at(u)!, any.items.at(indices[e])!, values[e]]);
  return rows;
};
const built = (rows: readonly Row[]): Dataset => {
  const builder = new DatasetBuilder();
  for (const row of rows) builder.add(...row);
  return builder.build();
};
/** The four words of a row's hash, by the functions of before and of now. */
type Hash = (row: Row) => number[];
const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
const wordsBefore: Hash = ([user, item, value]) => {
  const [u, i] = [keyOf(user), keyOf(item)];
  return [...philox(u.lo, u.hi, i.lo, i.hi, bitsOf(value), 0x66696e67)];
};
const wordsNow: Hash = ([user, item, value]) => {
  const [u, i] = [keyOf(user), keyOf(item)];
  const words = new Int32Array(4);
  hashRow(u.lo, u.hi, i.lo, i.hi, bitsOf(value), words);
  return [...new Uint32Array(words.buffer)];
};
/** The fingerprint of before: the sum of all rows' hashes. */
function plainSum(any: Dataset, wordsOf = wordsBefore): string {
  const sums = new Uint32Array(4);
  for (const row of rowsOf(any)) wordsOf(row).forEach((word, w) => (sums[w] += word));
  return [...sums].map((word) => word.toString(16).padStart(8, '0')).join('');
}
const u32s = (fingerprint: string): number[] =>
  fingerprint
    .replace('keyed:', '')
    .match(/.{8}/g)!
    .map((word) => Number.parseInt(word, 16));

/** Every (user, item, value) that could have left between two fingerprints, as far as their difference tells. */
function candidatesThatFit(before: string, after: string, wordsOf: Hash): Row[] {
  const [a, b] = [u32s(before), u32s(after)];
  const differences = new Set(a.flatMap((word, n) => [(word - b[n]) >>> 0, (b[n] - word) >>> 0, (word ^ b[n]) >>> 0]).concat(a, b));
  const found: Row[] = [];
  for (const user of data.users)
    for (const item of data.items)
      for (let value = 1; value <= 5; value++) {
        // One word is enough for suspicion: a stranger who reads the difference in any other way finds no less.
        if (wordsOf([user, item, value]).some((word) => differences.has(word))) found.push([user, item, value]);
      }
  return found;
}

test('the difference of two fingerprints does not tell which row left, as the plain sum did; nor which user', () => {
  const rows = rowsOf(data);
  const gone = rows[123];
  const after = built(rows.filter((row) => row !== gone));
  const keyed = [data, after].map((each) => each.withFingerprintKey(KEY).fingerprint());
  for (const hash of [wordsBefore, wordsNow]) {
    const sums = [plainSum(data, hash), plainSum(after, hash)];
    assert.equal(candidatesThatFit(sums[0], sums[1], hash), [gone], 'negative control: the attack finds the row in plain sums');
    assert.equal(candidatesThatFit(data.fingerprint(), after.fingerprint(), hash), []);
    assert.equal(candidatesThatFit(keyed[0], keyed[1], hash), []);
  }

  const user = gone[0];
  const whole = rows.filter(([id]) => id === user);
  const without = built(rows.filter(([id]) => id !== user));
  const sumOf = (list: readonly Row[]): string => plainSum(built(list));
  const minus = (a: string, b: string): string =>
    u32s(a)
      .map((word, n) => ((word - u32s(b)[n]) >>> 0).toString(16).padStart(8, '0'))
      .join('');
  assert.is(minus(plainSum(data), plainSum(without)), sumOf(whole), 'negative control: a whole user is confirmed by plain sums');
  assert.not.ok(minus(data.fingerprint(), without.fingerprint()).includes(sumOf(whole)));
});

test('who holds everything else can confirm a guess by computing the fingerprint anew; not without the key where there is one', () => {
  const rows = rowsOf(data);
  const published = data.fingerprint();
  const everythingElse = rows.slice(1);
  assert.is(built([rows[0], ...everythingElse]).fingerprint(), published, 'as the documentation says');
  const secret = data.withFingerprintKey(KEY).fingerprint();
  const guesses = [undefined, `${KEY}!`, 'another secret of sixteen'].map((key) => {
    const guess = built([rows[0], ...everythingElse]);
    return (key === undefined ? guess : guess.withFingerprintKey(key)).fingerprint();
  });
  assert.not.ok(guesses.includes(secret));
  assert.is(
    built([...rows].reverse())
      .withFingerprintKey(KEY)
      .fingerprint(),
    secret,
    'equal for the owner',
  );
});

test('equal sets are equal, whatever the order, the positions and the way; another row, value, user or item is another', () => {
  const rows = rowsOf(data);
  const whole = data.fingerprint();
  assert.match(whole, /^[0-9a-f]{64}$/);
  assert.is(built([...rows].reverse()).fingerprint(), whole);
  const entries = Int32Array.of(0, 5, 6, 300);
  const left = built(rows.filter((_, n) => !entries.includes(n)));
  assert.is(data.without(entries).fingerprint(), left.fingerprint(), 'what leaves is taken out of the sums');
  const fresh = built(rows);
  assert.is(fresh.without(entries).fingerprint(), left.fingerprint(), 'and when no sums were there');
  const shorter = data.without(entries).without(Int32Array.of(1, 200));
  assert.is(shorter.fingerprint(), built(rowsOf(shorter)).fingerprint());
  const [user, item, value] = rows[7];
  const other = (row: Row): string => built(rows.map((each, n) => (n === 7 ? row : each))).fingerprint();
  const changes = [other([user, item, value + 1]), other([`${user}x`, item, value]), other([user, `${item}x`, value])];
  assert.is(new Set([whole, left.fingerprint(), ...changes]).size, 5);
});

test('a key travels with the data into every part, and is refused where it is short', () => {
  const keyed = data.withFingerprintKey(KEY);
  const half = (any: Dataset): string => any.filter((entry) => entry % 2 === 0).fingerprint();
  assert.match(half(keyed), /^keyed:[0-9a-f]{64}$/);
  assert.is.not(half(keyed), half(data));
  assert.is(keyed.alignTo(data.users, data.items).fingerprint(), keyed.fingerprint());
  assert.throws(() => data.withFingerprintKey('short'), /at least 16 characters, got 5/);
});

test.run();
