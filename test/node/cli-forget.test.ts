// Forgetting from the command line, as somebody sees it who was not there: what can be checked, and what must not be told.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('forgetting from the command line');
const place = new Workplace();
place.write('ratings.csv', ratingsCsv());
test.after(() => place.remove());

test('a fingerprint key belongs to the data: nothing goes without it, and it stands in no file', () => {
  const secret = 'a secret that stays with its owner';
  place.write('key', `${secret}\n`);
  const KEY = ['--fingerprint-key', '@key'];
  place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'keyed', ...KEY);
  const { provenance } = place.json('inspect', 'keyed');
  assert.match(provenance.fingerprint, /^keyed:[0-9a-f]{64}$/);
  assert.not.ok(place.read('keyed').includes(secret));
  const forget = ['forget', 'keyed', 'ratings.csv', '--method', 'retrain', '--users', 'u3', '--out', 'gone'];
  assert.match(place.fails(1, ...forget), /its fingerprint was made with a key; give the same one/);
  place.write('other', 'another secret of the same kind');
  assert.match(place.fails(1, ...forget, '--fingerprint-key', '@other'), /data or key are others/);
  place.write('short', 'short');
  assert.match(place.fails(1, ...forget, '--fingerprint-key', '@short'), /at least 16 characters, got 5/);
  assert.match(place.fails(2, ...forget, '--fingerprint-key', secret), /expected @FILE/);
  place.json(...forget, ...KEY);
  assert.match(place.json('inspect', 'gone').provenance.fingerprint, /^keyed:/);
  assert.match(place.fails(1, 'evaluate', 'gone', 'ratings.csv'), /made with a key/);
});

const SPLIT = ['--split', 'per-user:0.8,0.1,0.1'];
const CHECKED: readonly (readonly [kind: string, method: string, options: readonly string[]])[] = [
  ['als', 'retrain', ['--factors', '8', '--iterations', '3']],
  ['als', 'retrain', ['--factors', '8', '--iterations', '3', '--objective', 'ials']],
  ['ease', 'downdate', []],
  ['item-knn', 'downdate', ['--neighbors', '7']],
  ['item-knn', 'downdate', ['--neighbors', '7', '--weighting', 'bm25']],
  ['popularity', 'downdate', []],
  ['bpr', 'retrain', ['--factors', '8', '--epochs', '4']],
];
// A user, an item, a single interaction, and all that one user has: no trace of any may stay, not even a hole.
place.write(
  'all-of-u9.csv',
  ratingsCsv()
    .split('\n')
    .filter((line) => line.startsWith('u9,'))
    .map((line) => line.split(',').slice(0, 2).join(','))
    .join('\n'),
);
const WHOM = ['--users', 'u3,u17', '--items', '5', '--interactions', '@all-of-u9.csv', '--interactions', '@one.csv'];
place.write('one.csv', ratingsCsv().split('\n')[1].split(',').slice(0, 2).join(','));

for (const split of [SPLIT, []]) {
  for (const [kind, method, options] of CHECKED) {
    test(`a stranger checks: ${kind} ${options.join(' ')} ${split.join(' ')}`, () => {
      const before = place.json('train', 'ratings.csv', '--model', kind, '--out', 'before', ...split, ...options);
      const forgotten = place.json(
        'forget',
        'before',
        'ratings.csv',
        '--method',
        method,
        ...WHOM,
        '--out',
        'after',
        '--retain-out',
        'retained.inter',
      );
      assert.is(forgotten.exactness, 'exact');
      // All that the stranger has: the retained file, and the options that the model's file says.
      const recorded = place.json('inspect', 'after').options as Record<string, unknown>;
      const flags = Object.entries(recorded).filter(([, value]) => value !== undefined && value !== false);
      const again = flags.flatMap(([name, value]) => [
        `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
        ...(value === true ? [] : [String(value)]),
      ]);
      const own = split.length > 0 ? ['--split', 'given'] : [];
      const fresh = place.json('train', 'retained.inter', '--model', kind, '--out', 'fresh', ...own, ...again);
      assert.is(fresh.digest, forgotten.digestAfter);
      assert.is.not(before.digest, forgotten.digestAfter, 'negative control: the original is another');
      const kept = place.json('forget', 'before', 'ratings.csv', '--method', method, ...WHOM, '--out', 'kept', '--positions', 'kept');
      assert.is.not(kept.digestAfter, fresh.digest, 'negative control: with holes it cannot be checked');
      const text = place.read('after').toString('latin1');
      const header = JSON.parse(text.slice(16, 16 + place.read('after').readUInt32LE(12)));
      for (const ids of [header.users, header.items]) assert.not.ok(ids.includes(null), 'a hole tells who left');
      for (const id of ['u3', 'u17', 'u9']) assert.not.ok(header.users.includes(id), id);
    });
  }
}

test('what is passed over is said, and held-out interactions are forgotten singly', () => {
  place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'm', ...SPLIT);
  place.write('asked.csv', `${place.read('all-of-u9.csv')}\nu9,none\nnobody,3\n`);
  const request = [
    'forget',
    'm',
    'ratings.csv',
    '--method',
    'retrain',
    '--interactions',
    '@asked.csv',
    '--users',
    'u3,nobody',
    '--out',
    'o',
  ];
  assert.match(place.fails(1, ...request), /user "nobody" is unknown/);
  const asked = place.read('all-of-u9.csv').toString().split('\n').length;
  const report = place.json(...request, '--ignore-unknown', '--retain-out', 'r.inter');
  assert.equal(report.unknown, { users: 1, items: 0, interactions: 2 });
  assert.is(report.forgotten.users, 1);
  assert.ok(report.heldOut > 0, 'some of them were held out');
  const { stderr, stdout } = place.run(...request, '--ignore-unknown');
  assert.match(
    stderr,
    new RegExp(`passed over 2 of ${asked + 2} interactions that are in no part of the data: user "u9" with item "none", …`),
  );
  assert.match(stderr, /passed over 1 of 2 users that are in no part of the data: "nobody"/);
  assert.match(stdout, /heldOut +\d+/);
  assert.not.match(place.read('r.inter').toString(), /^u(9|3)\t/m);
});

test.run();
