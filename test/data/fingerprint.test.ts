// What a fingerprint is for, and what it must not tell.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, DatasetBuilder, generate } from '../../src/index.ts';
import { candidatesThatFit, type Hash, hashBefore, hashNow, plainSum, type Row, u32s } from './fingerprint-attack.ts';

const test = suite('fingerprint');
const data = await generate({ users: 60, items: 40, interactions: 900 });
const KEY = 'a secret that stays with the data';

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
/** Every row that could have left, as far as the difference tells; one word of four is enough for suspicion. */
const suspects = (before: string, after: string, hash: Hash): Row[] => candidatesThatFit(data, [before, after], hash).found;

test('the difference of two fingerprints does not tell which row left, as the plain sum did; nor which user', () => {
  const rows = rowsOf(data);
  const gone = rows[123];
  const after = built(rows.filter((row) => row !== gone));
  const keyed = [data, after].map((each) => each.withFingerprintKey(KEY).fingerprint());
  for (const hash of [hashBefore, hashNow]) {
    const sums = [plainSum(data, hash), plainSum(after, hash)];
    assert.equal(suspects(sums[0], sums[1], hash), [gone], 'negative control: the attack finds the row in plain sums');
    assert.equal(suspects(data.fingerprint(), after.fingerprint(), hash), []);
    assert.equal(suspects(keyed[0], keyed[1], hash), []);
  }

  const user = gone[0];
  const whole = rows.filter(([id]) => id === user);
  const without = built(rows.filter(([id]) => id !== user));
  const sumOf = (list: readonly Row[]): string => plainSum(built(list), hashBefore);
  const minus = (a: string, b: string): string =>
    u32s(a)
      .map((word, n) => ((word - u32s(b)[n]) >>> 0).toString(16).padStart(8, '0'))
      .join('');
  assert.is(
    minus(plainSum(data, hashBefore), plainSum(without, hashBefore)),
    sumOf(whole),
    'negative control: a whole user is confirmed by plain sums',
  );
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
