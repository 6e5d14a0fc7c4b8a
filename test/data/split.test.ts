import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { holdOut, joinParts, redrawSplit, splitDataset } from '../../src/data/split.ts';

const test = suite('split');

/** 60 users with 1 to 60 items each, times that rise with the pair's number in a scrambled order. */
function sample(): Dataset {
  const builder = new DatasetBuilder();
  for (let u = 0, n = 0; u < 60; u++) for (let k = 0; k <= u; k++) builder.add(`u${u}`, `i${(k * 7 + u) % 97}`, 1, (n++ * 7919) % 1009);
  return builder.build();
}

/** user/item → part, by ids, so that it does not depend on positions. */
function partsOf(data: Dataset, rule: string, seed = 5): Map<string, string> {
  const split = splitDataset(data, rule, seed);
  const parts = new Map<string, string>();
  for (const name of ['train', 'validation', 'test'] as const) {
    const part = split[name];
    for (const user of part.users)
      for (const item of part.itemsOf(part.users.indexOf(user))) parts.set(`${user} ${part.items.at(item)}`, name);
  }
  return parts;
}

/** The data as they would be read again without what `gone` says: other tables, other positions. */
function forget(data: Dataset, gone: (user: string, item: string) => boolean): Dataset {
  const builder = new DatasetBuilder();
  data.filter((e, u, i) => {
    if (!gone(data.users.at(u)!, data.items.at(i)!)) builder.add(data.users.at(u)!, data.items.at(i)!, 1, data.times![e]);
    return false;
  });
  return builder.build();
}

const count = (parts: Map<string, string>, name: string) => [...parts.values()].filter((part) => part === name).length;

test('every entry is in exactly one part, over the same tables', () => {
  const data = sample();
  for (const rule of ['per-user:0.8,0.1,0.1', 'leave-one-out', 'by-time:0.8,0.1,0.1', 'all']) {
    const { train, validation, test } = splitDataset(data, rule, 3);
    assert.is(train.interactions + validation.interactions + test.interactions, data.interactions);
    assert.is(partsOf(data, rule, 3).size, data.interactions);
    assert.ok(train.users === data.users && test.items === data.items);
  }
});

test('a split by draws does not move when users, items or interactions are forgotten, nor with positions', () => {
  const data = sample();
  const forgets: ((user: string, item: string) => boolean)[] = [
    (user) => user === 'u59',
    (_, item) => item === 'i7',
    (user, item) => user === 'u40' && item === 'i40',
    (user) => user < 'u3',
  ];
  for (const gone of forgets) {
    const retained = forget(data, gone);
    assert.ok(retained.interactions < data.interactions);
    for (const rule of ['per-user:0.8,0.1,0.1', 'per-user:0.5,0.5,0', splitDataset(data, 'by-time:0.8,0.1,0.1').rule]) {
      const before = partsOf(data, rule);
      const after = partsOf(retained, rule);
      for (const [pair, part] of after) assert.is(part, before.get(pair), `${rule}: ${pair}`);
    }
    const before = holdOut(data, 0.2).validation;
    const after = holdOut(retained, 0.2).validation;
    const pairs = (held: Dataset) =>
      new Set([...held.users].flatMap((u) => Array.from(held.itemsOf(held.users.indexOf(u)), (i) => `${u} ${held.items.at(i)}`)));
    const known = pairs(before);
    for (const pair of pairs(after)) assert.ok(known.has(pair), pair);
  }
});

test('negative control: shares by time drawn anew do move', () => {
  const data = sample();
  const retained = forget(data, (user) => user === 'u59');
  assert.is.not(splitDataset(retained, 'by-time:0.8,0.1,0.1').rule, splitDataset(data, 'by-time:0.8,0.1,0.1').rule);
});

test('shares hold in expectation; seeds differ; the same seed agrees', () => {
  const data = sample();
  const parts = partsOf(data, 'per-user:0.8,0.1,0.1');
  assert.ok(Math.abs(count(parts, 'train') / data.interactions - 0.8) < 0.03);
  assert.ok(Math.abs(count(parts, 'test') / data.interactions - 0.1) < 0.03);
  assert.equal(partsOf(data, 'per-user:0.8,0.1,0.1'), parts);
  assert.not.equal(partsOf(data, 'per-user:0.8,0.1,0.1', 6), parts);
  assert.is(count(partsOf(data, 'per-user:0.7,0.3,0'), 'test'), 0);
  const { train, validation } = holdOut(data, 0.25);
  assert.is(train.interactions + validation.interactions, data.interactions);
  assert.ok(Math.abs(validation.interactions / data.interactions - 0.25) < 0.04);
});

test('leave-one-out takes the last by time and the one before; others stay when one user forgets', () => {
  const builder = new DatasetBuilder();
  for (const [u, i, t] of [
    ['a', 'x', 3],
    ['a', 'y', 9],
    ['a', 'z', 5],
    ['a', 'w', 1],
    ['b', 'x', 2],
    ['b', 'y', 1],
    ['c', 'x', 7],
  ] as const)
    builder.add(u, i, 1, t);
  const data = builder.build();
  assert.equal(Object.fromEntries(partsOf(data, 'leave-one-out')), {
    'a x': 'train',
    'a w': 'train',
    'a z': 'validation',
    'a y': 'test',
    'b y': 'train',
    'b x': 'test',
    'c x': 'train',
  });
  const trainForgotten = partsOf(
    forget(data, (user, item) => user === 'a' && item === 'w'),
    'leave-one-out',
  );
  assert.equal([trainForgotten.get('a y'), trainForgotten.get('a z'), trainForgotten.get('a x')], ['test', 'validation', 'train']);
  const testForgotten = partsOf(
    forget(data, (user, item) => user === 'a' && item === 'y'),
    'leave-one-out',
  );
  assert.equal(
    [testForgotten.get('a z'), testForgotten.get('a x'), testForgotten.get('b x'), testForgotten.get('c x')],
    ['test', 'validation', 'test', 'train'],
  );
});

test('leave-one-out without times draws, and other users stay', () => {
  const build = (users: number) => {
    const builder = new DatasetBuilder();
    for (let u = 0; u < users; u++) for (let i = 0; i < 12; i++) builder.add(`u${u}`, `i${i}`);
    return builder.build();
  };
  const all = partsOf(build(40), 'leave-one-out');
  const fewer = partsOf(build(30), 'leave-one-out');
  assert.equal([count(all, 'test'), count(all, 'validation')], [40, 40]);
  for (const [pair, part] of fewer) assert.is(part, all.get(pair));
  assert.ok(
    new Set([...all].filter(([, part]) => part === 'test').map(([pair]) => pair.split(' ')[1])).size > 5,
    'not always the same item',
  );
});

test('by-time keeps time in order and entries of one time together', () => {
  const data = sample();
  const { train, validation, test, rule } = splitDataset(data, 'by-time:0.8,0.1,0.1');
  const span = (part: Dataset) => [Math.min(...part.times!), Math.max(...part.times!)];
  assert.ok(span(train)[1] < span(validation)[0] && span(validation)[1] < span(test)[0]);
  assert.match(rule, /^by-time:@\d+,\d+$/);
  assert.is(Math.round((test.interactions / data.interactions) * 10), 1);
  assert.is(splitDataset(data, 'by-time:1,0,0').train.interactions, data.interactions);
  assert.equal(partsOf(data, splitDataset(data, 'by-time:1,0,0').rule), partsOf(data, 'all'));
});

test('given parts, and what is recorded', () => {
  const builder = new DatasetBuilder();
  builder.add('a', 'x', 1, undefined, 0);
  builder.add('a', 'y', 1, undefined, 2);
  const split = splitDataset(builder.build(), 'given', 9);
  assert.equal([split.train.interactions, split.validation.interactions, split.test.interactions], [1, 0, 1]);
  assert.equal(split.train.split, { rule: 'given', seed: 0 });
  const drawn = splitDataset(sample(), 'per-user:0.80,0.1,0.10', 9);
  assert.equal([drawn.rule, drawn.seed, drawn.train.split], ['per-user:0.8,0.1,0.1', 9, { rule: 'per-user:0.8,0.1,0.1', seed: 9 }]);
});

test('whole users and items are held out by id: in no other part, moved by nobody, drawn again from the record', () => {
  const data = sample();
  const shares = { unseenUsers: 0.2, unseenItems: 0.1 };
  for (const rule of ['per-user:0.8,0.1,0.1', 'leave-one-out', 'by-time:0.8,0.1,0.1', 'all']) {
    const split = splitDataset(data, rule, 7, shares);
    const { train, validation, test, unseen } = split;
    assert.is(train.interactions + validation.interactions + test.interactions + unseen.interactions, data.interactions, rule);
    const rows = Array.from({ length: data.users.size }, (_, u) => u).filter((u) => train.itemsOf(u).length === 0);
    assert.ok(rows.length > 4 && rows.length < 25 && unseen.interactions > 0, `${rule}: ${rows.length}`);
    const counts = unseen.itemCounts();
    for (const other of [train, validation, test]) {
      const gone = other.itemCounts();
      for (let i = 0; i < counts.length; i++)
        assert.ok(gone[i] === 0 || counts[i] < data.itemCounts()[i], 'an item is in one place or the other');
    }
    assert.equal(train.split.unseen, { users: 0.2, items: 0.1 });
    const again = redrawSplit(data, train.split);
    for (const name of ['train', 'validation', 'test', 'unseen'] as const) assert.is(again[name].fingerprint(), split[name].fingerprint());
    const given = redrawSplit(joinParts(split), train.split, 'given');
    assert.is(given.unseen.fingerprint(), unseen.fingerprint());
    const plain = splitDataset(data, rule, 7);
    assert.is(plain.unseen.interactions, 0);
    assert.ok(plain.train.interactions > train.interactions && plain.train.split.unseen === undefined, 'the control');
  }
  const less = forget(data, (user) => user === 'u40' || user === 'u7');
  const named = (of: Dataset): string[] => {
    const { unseen } = splitDataset(of, 'leave-one-out', 7, { unseenUsers: 0.2 });
    return [...unseen.users].filter((id) => unseen.itemsOf(unseen.users.indexOf(id)).length > 0);
  };
  const without = named(data).filter((id) => id !== 'u40' && id !== 'u7');
  assert.ok(without.length > 0);
  assert.equal(named(less).sort(), without.sort());
  for (const share of [-0.1, 0.6, NaN])
    assert.throws(() => splitDataset(data, 'all', 1, { unseenUsers: share }), /"unseenUsers" expected a number/);
  assert.throws(() => splitDataset(data, 'all', 1, { unseen: 0.1 } as never), /splitDataset knows no option "unseen"/);
});

test('rules that cannot be read, and data that cannot be split so', () => {
  const data = sample();
  for (const rule of [
    '',
    'random',
    'per-user',
    'per-user:',
    'leave-one-out:2',
    'all:1',
    'per-user:0.8,0.1,x',
    'by-time:@5',
    'by-time:@9,3',
    'per-user:@1,2',
    'per-user:1,0,0:1',
  ]) {
    assert.throws(() => splitDataset(data, rule), /"split" expected one of: per-user:0\.8,0\.1,0\.1; leave-one-out/, rule);
  }
  for (const rule of ['per-user:0.8,0.1,0.2', 'per-user:0.9,0.1', 'by-time:0,0.5,0.5', 'per-user:1.2,-0.1,-0.1']) {
    assert.throws(() => splitDataset(data, rule), /expected three shares, train above 0, that add up to 1/, rule);
  }
  const plain = new DatasetBuilder();
  plain.add('a', 'x');
  assert.throws(() => splitDataset(plain.build(), 'by-time:0.8,0.1,0.1'), /"by-time" expected data with a time column/);
  assert.throws(() => splitDataset(plain.build(), 'given'), /expected data that bring a split/);
  assert.throws(() => splitDataset(data, 'all', -1), /"seed" expected an integer/);
  for (const fraction of [0, 1, NaN]) assert.throws(() => holdOut(data, fraction), /"fraction" expected a number/);
});

test.run();
