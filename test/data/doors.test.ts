// What the builder of data sets and ranking are given is checked: each case was taken in silence once.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  als,
  type Dataset,
  DatasetBuilder,
  ease,
  IdTable,
  interChunks,
  itemKnn,
  type Model,
  popularity,
  readDataset,
} from '../../src/index.ts';

const test = suite('doors of data');

const refuses = (call: (builder: DatasetBuilder) => unknown, kind: new (...args: never[]) => Error, message: RegExp): void => {
  const builder = new DatasetBuilder();
  assert.throws(
    () => call(builder),
    (error: Error) => {
      assert.instance(error, kind);
      assert.match(error.message, message);
      return true;
    },
  );
};

test('numbers are no ids', () => {
  refuses((b) => b.add(1 as never, 2 as never), TypeError, /"user" expected an id as a string, got 1/);
  refuses((b) => b.addItem(null as never), TypeError, /"item" expected an id as a string, got null/);
  assert.throws(() => new IdTable([1, 1] as never), /"ids" expected strings, got 1 in place 0/);
});

test('ids that no file gives back as they are', async () => {
  refuses((b) => b.add('', 'i'), RangeError, /"user" expected an id, got an empty string/);
  refuses((b) => b.add('u', 'a\0b'), RangeError, /"item" expected an id without the character U\+0000/);
  refuses((b) => b.add('\ud83d', 'i'), RangeError, /"user" expected an id of whole characters/);
  const odd = [' ', 'a\tb', '"', 'a\nb', 'a\r\nb', '\u{1f600}', '\ufeff', '007', ','];
  const builder = new DatasetBuilder();
  for (const id of odd) builder.add(id, id);
  const data = builder.build();
  const again = await readDataset({ name: 'data.inter', chunks: interChunks(data) });
  assert.is(again.fingerprint(), data.fingerprint());
});

test('values, times and parts that are none', () => {
  for (const value of [NaN, Infinity, -Infinity, 1e39]) refuses((b) => b.add('u', 'i', value), RangeError, /"value" expected a number/);
  refuses((b) => b.add('u', 'i', '5' as never), TypeError, /"value" expected a number within the range of float32, got "5"/);
  refuses((b) => b.add('u', 'i', 1, NaN), RangeError, /"time" expected a number that is finite, got NaN/);
  refuses(
    (b) => b.add('u', 'i', 1, 1, 7),
    RangeError,
    /"part" expected a number 0 \(train\), 1 \(validation\), 2 \(test\) or 3 \(unseen\), got 7/,
  );
  refuses((b) => b.addAt(0, 0), RangeError, /expected positions that addUser and addItem gave/);
  refuses((b) => b.build('first' as never), RangeError, /"duplicates" expected one of last, sum, error/);
});

test('a sum that leaves float32 names the pair', () => {
  const builder = new DatasetBuilder();
  builder.add('u', 'i', 3e38);
  builder.add('u', 'i', 3e38);
  assert.throws(() => builder.build('sum'), /the values of user "u" and item "i" add up to more than float32 holds/);
});

/** Rows in every order of a few shuffles must give the same data. */
function orders<T>(rows: readonly T[]): T[][] {
  return [rows.slice(), rows.slice().reverse(), [...rows.slice(2), ...rows.slice(0, 2)], [...rows].sort(() => 0).reverse()];
}

test('of duplicates the last in time stands, whatever the order of lines', () => {
  const rows = [
    ['u', 'i', 1, 30],
    ['u', 'i', 5, 10],
    ['u', 'j', 2, 7],
    ['u', 'j', 4, 7],
    ['u', 'i', 3, 20],
  ] as const;
  const built = (order: readonly (typeof rows)[number][], policy: 'last' | 'sum', timed: boolean): Dataset => {
    const builder = new DatasetBuilder();
    for (const [user, item, value, time] of order) builder.add(user, item, value, timed ? time : undefined);
    return builder.build(policy);
  };
  assert.equal([...built(rows, 'last', true).userItems.data], [1, 4]);
  assert.equal([...built(rows, 'last', true).times!], [30, 7]);
  assert.equal([...built(rows, 'last', false).userItems.data], [5, 4], 'without times the largest value stands');
  for (const policy of ['last', 'sum'] as const) {
    for (const timed of [true, false]) {
      const found = orders(rows).map((order) => built(order, policy, timed));
      assert.is(new Set(found.map((data) => `${data.fingerprint()} ${data.times}`)).size, 1, `${policy} ${timed}`);
    }
  }
  const sums = orders([1e8, 1, 1, -1e8, 0.1]).map((values) => {
    const builder = new DatasetBuilder();
    for (const value of values) builder.add('u', 'i', value);
    return builder.build('sum').userItems.data[0];
  });
  assert.is(new Set(sums).size, 1, 'sums too');
});

test('a pair in several parts of a split stays in the first of them, and is counted', () => {
  for (const reversed of [false, true]) {
    const builder = new DatasetBuilder();
    const rows: [string, string, number, number][] = [
      ['u', 'i', 1, 0],
      ['u', 'i', 2, 2],
      ['u', 'j', 3, 2],
      ['u', 'j', 1, 2],
    ];
    for (const [user, item, value, part] of reversed ? rows.reverse() : rows) builder.add(user, item, value, undefined, part);
    const data = builder.build();
    assert.equal(
      [[...data.parts!], [...data.userItems.data]],
      [
        [0, 2],
        [1, 3],
      ],
    );
    assert.is(data.acrossParts, 1);
  }
});

test('positions beyond the tables are refused by every kind of model', async () => {
  const builder = new DatasetBuilder();
  for (const [u, i] of ['1a', '1b', '2a', '2c', '3b', '3c'].map((pair) => [...pair])) builder.add(u, i);
  const data = builder.build();
  const models: Model[] = [
    await als.fit(data, { factors: 4, iterations: 1 }),
    await ease.fit(data),
    await itemKnn.fit(data),
    await popularity.fit(data),
  ];
  const history = data.userItems;
  for (const model of models) {
    const { name } = model.kind;
    for (const user of [2 ** 30, -1, 99999, 3]) {
      const users = Int32Array.of(user);
      assert.throws(() => model.rank({ users, k: 2, history }), /"users" expected positions from 0 to 2, got/, `${name} ${user}`);
      assert.throws(() => model.scorePairs(users, Int32Array.of(0), history), /"users" expected positions/, name);
      assert.throws(() => model.scorePairs(Int32Array.of(0), users, history), /"items" expected positions/, name);
      assert.throws(() => model.similarItems(user, 2), /"item" expected positions from 0 to 2/, name);
    }
    const users = Int32Array.of(0);
    assert.throws(() => model.rank({ users: [0] as never, k: 2, history }), /"users" expected an Int32Array/, name);
    assert.throws(() => model.rank({ users, k: 0, history }), /"k" expected an integer >= 1/, name);
    assert.throws(
      () => model.rank({ users, k: 2, history, allowed: new Uint8Array(2) }),
      /"allowed" expected a byte for each of the 3/,
      name,
    );
    const short = { ...history, rows: 1, indptr: history.indptr.slice(0, 2) };
    assert.throws(() => model.rank({ users, k: 2, history, exclude: short }), /"exclude" expected rows of 3 users/, name);
    assert.is(model.rank({ users, k: 2, history }).items.length, 2, `${name}: what is right is served`);
  }
});

test.run();
