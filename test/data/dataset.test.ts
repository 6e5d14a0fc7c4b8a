import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import { compareIds } from '../../src/data/ids.ts';

const test = suite('Dataset');

function sample(order: number[] = [0, 1, 2, 3, 4, 5]) {
  const lines: [string, string, number][] = [
    ['b', '10', 1],
    ['a', '9', 2],
    ['a', '10', 3],
    ['__proto__', '09', 4],
    ['b', '9', 5],
    ['2', 'x,y', 6],
  ];
  const builder = new DatasetBuilder();
  for (const i of order) builder.add(...lines[i]);
  return builder.build();
}

test('ids stand in canonical order, whatever the order of lines', () => {
  const data = sample();
  assert.equal([...data.users], ['2', '__proto__', 'a', 'b']);
  assert.equal([...data.items], ['9', '10', '09', 'x,y']);
  const other = sample([5, 3, 1, 0, 4, 2]);
  assert.equal([...other.userItems.indices], [...data.userItems.indices]);
  assert.equal([...other.userItems.data], [...data.userItems.data]);
  assert.is(other.fingerprint(), data.fingerprint());
  assert.ok(compareIds('9', '10') < 0 && compareIds('10', '09') < 0 && compareIds('a', 'b') < 0);
});

test('a value, a pair or an id more changes the fingerprint', () => {
  const prints = new Set([sample(), sample([0, 1, 2, 3, 4]), sample([0, 1, 2, 3, 5])].map((d) => d.fingerprint()));
  assert.is(prints.size, 3);
});

test('without() equals filter(), also in its fingerprint', () => {
  const data = sample();
  data.fingerprint();
  for (const gone of [[0], [5], [1, 2], [0, 1, 2, 3, 4, 5], []]) {
    const cut = data.without(Int32Array.from(gone));
    const filtered = data.filter((e) => !gone.includes(e));
    assert.equal([...cut.userItems.indptr], [...filtered.userItems.indptr]);
    assert.equal([...cut.userItems.indices], [...filtered.userItems.indices]);
    assert.equal([...cut.userItems.data], [...filtered.userItems.data]);
    assert.is(cut.fingerprint(), filtered.fingerprint());
  }
});

test('duplicates follow the policy and are counted', () => {
  const build = (policy: 'last' | 'sum' | 'error') => {
    const builder = new DatasetBuilder();
    for (const [u, i, v] of [
      ['u', 'i', 1],
      ['v', 'i', 5],
      ['u', 'i', 2],
      ['u', 'j', 7],
      ['u', 'i', 4],
    ] as const)
      builder.add(u, i, v);
    return builder.build(policy);
  };
  assert.equal([...build('last').userItems.data], [4, 7, 5]);
  assert.equal([...build('sum').userItems.data], [7, 7, 5]);
  assert.is(build('last').duplicates, 2);
  assert.throws(() => build('error'), /user "u" and item "i" occur together more than once/);
});

test('a deleted id leaves its position empty and nothing else moves', () => {
  const table = sample().users.without([2]);
  assert.is(table.size, 4);
  assert.is(table.live, 3);
  assert.is(table.indexOf('a'), -1);
  assert.is(table.at(2), null);
  assert.is(table.indexOf('b'), 3);
  assert.equal([...table.keys().subarray(4, 6)], [0, 0]);
});

test('finish() gives what build() gives and leaves the builder empty, also when it refuses', () => {
  const filled = () => {
    const builder = new DatasetBuilder();
    // More than a block, so that blocks of several sizes are settled.
    for (let n = 0; n < 5000; n++) builder.add(`u${(n * 7919) % 97}`, String((n * 31) % 211), n % 5, n, n % 3);
    return builder;
  };
  const once = filled();
  const built = once.build();
  const finished = once.finish();
  assert.equal(
    [finished.fingerprint(), finished.duplicates, [...finished.times!], [...finished.parts!]],
    [built.fingerprint(), built.duplicates, [...built.times!], [...built.parts!]],
  );
  assert.is(once.length, 0);
  once.add('new', 'one');
  assert.equal([[...once.build().users], once.build().interactions, once.build().times], [['new'], 1, undefined]);
  const twice = filled();
  twice.add('u0', '0', 1, 1, 1);
  twice.add('u0', '0', 1, 1, 1);
  assert.throws(() => twice.build('error'), /occur together more than once/);
  assert.is(twice.length, 5002);
  assert.throws(() => twice.finish('error'), /occur together more than once/);
  assert.is(twice.length, 0);
  assert.throws(
    () => filled().add('u', 'i'),
    /a time, and a part of the split, for all interactions or for none; user "u", item "i" differs/,
  );
});

test('no interactions is an error', () => {
  assert.throws(() => new DatasetBuilder().build(), /no interactions found/);
});

test.run();
