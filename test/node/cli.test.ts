// The command line as a process: every command's result, as JSON and as text, and what stands in the files it writes.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line');
const place = new Workplace();
const SPLIT = ['--split', 'per-user:0.8,0.1,0.1'];
place.write('ratings.csv', ratingsCsv());
place.write('movies.csv', `movieId,title\n${Array.from({ length: 40 }, (_, i) => `${i},"Film, the ${i}th"`).join('\n')}\n`);
test.after(() => place.remove());

const trained = place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'm', ...SPLIT);

test('train says what was trained, on how much, and the digest that the file has', () => {
  assert.equal([trained.model, trained.users, trained.items, trained.options], ['popularity', 60, 40, {}]);
  assert.ok(trained.interactions > 500 && trained.interactions < readFileSync(place.path('ratings.csv'), 'utf8').split('\n').length - 2);
  assert.equal(trained.split, { rule: 'per-user:0.8,0.1,0.1', seed: 1 });
  assert.type(trained.seconds, 'number');
  assert.is(place.json('inspect', 'm').digest, trained.digest);
  assert.match(trained.digest, /^[0-9a-f]{64}$/);
});

test('the same command gives the same bytes, another seed another split', () => {
  place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'again', ...SPLIT);
  assert.equal(readFileSync(place.path('again')), readFileSync(place.path('m')));
  const other = place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'other', ...SPLIT, '--seed', '2');
  assert.not.equal(other.digest, trained.digest);
});

test('a line order, a gzip and a folder change nothing', () => {
  const [header, ...rows] = ratingsCsv().trimEnd().split('\n');
  place.write('reversed.csv', [header, ...rows.reverse()].join('\n'));
  assert.is(place.json('train', 'reversed.csv', '--model', 'popularity', '--out', 'r', ...SPLIT).digest, trained.digest);
});

test('evaluate gives every metric at every cutoff', () => {
  const result = place.json('evaluate', 'm', 'ratings.csv', '-k', '5,20');
  for (const key of ['recall@5', 'recall@20', 'precision@20', 'ndcg@20', 'map@20']) assert.ok(result[key] > 0 && result[key] <= 1, key);
  assert.ok(result.users > 20 && result.users <= 60);
  assert.not.equal(place.json('evaluate', 'm', 'ratings.csv', '--on', 'validation')['recall@20'], result['recall@20']);
});

test('recommend leaves out what was seen, and names titles', () => {
  const { user, items } = place.json('recommend', 'm', 'ratings.csv', '--user', 'u7', '-k', '5');
  assert.is(user, 'u7');
  assert.is(items.length, 5);
  const rated = new Set(
    ratingsCsv()
      .split('\n')
      .filter((line) => line.startsWith('u7,'))
      .map((line) => line.split(',')[1]),
  );
  const held = place.json('recommend', 'm', 'ratings.csv', '--user', 'u7', '-k', '40');
  assert.ok(held.items.length >= 40 - rated.size && held.items.length < 40);
  assert.is(items[0].title, `Film, the ${items[0].item}th`);
  assert.ok(items.every(({ score }: { score: number }, i: number) => i === 0 || score <= items[i - 1].score));
  assert.is(place.json('recommend', 'm', 'ratings.csv', '--user', 'u7', '-k', '40', '--include-seen').items.length, 40);
});

test('similar needs no data', () => {
  const { item, items } = place.json('similar', 'm', '--item', '3', '-k', '4');
  assert.equal([item, items.length], ['3', 4]);
  assert.ok(items.every((each: { item: string }) => each.item !== '3'));
});

test("forget writes another model; exact is gold's digest; the old one stays", () => {
  const before = readFileSync(place.path('m'));
  const report = place.json(
    'forget',
    'm',
    'ratings.csv',
    '--method',
    'retrain',
    '--out',
    'n',
    '--users',
    'u1,u2',
    '--items',
    '3',
    '--retain-out',
    'retained.inter',
  );
  assert.equal(readFileSync(place.path('m')), before);
  assert.equal([report.method, report.exactness, report.forgotten.users, report.forgotten.items], ['retrain', 'exact', 2, 1]);
  assert.ok(report.forgotten.interactions > 20);
  assert.is(report.digestBefore, trained.digest);
  assert.is(report.digestAfter, place.json('inspect', 'n').digest);
  assert.is.not(report.digestAfter, trained.digest);
  assert.not.match(readFileSync(place.path('n'), 'latin1'), /"u1"|"u2"/);
  assert.is(place.run('recommend', 'n', 'ratings.csv', '--user', 'u1').stderr, 'lethe: user "u1" is not in the model\n');
});

test('a model that forgot works with the old data and with the retained, and tells the same', () => {
  const old = place.json('evaluate', 'n', 'ratings.csv');
  const retained = place.json('evaluate', 'n', 'retained.inter');
  assert.equal(old, retained);
  assert.not.match(readFileSync(place.path('retained.inter'), 'utf8'), /^u[12]\t|\t3\t[1-5]\t\d+\t/m);
});

test('retained data train a model that agrees with the one that forgot', () => {
  for (const file of ['retained.inter', 'retained.inter.gz']) {
    place.json(
      'forget',
      'm',
      'ratings.csv',
      '--method',
      'retrain',
      '--out',
      'n2',
      '--users',
      'u1,u2',
      '--items',
      '3',
      '--retain-out',
      file,
    );
    place.json('train', file, '--model', 'popularity', '--out', 'fresh');
    assert.is(place.json('inspect', 'fresh').provenance.fingerprint, place.json('inspect', 'n').provenance.fingerprint, file);
    assert.is(place.json('evaluate', 'n', file)['recall@20'], place.json('evaluate', 'n', 'ratings.csv')['recall@20'], file);
  }
  assert.match(gunzipSync(readFileSync(place.path('retained.inter.gz'))).toString(), /^userID\titemID\trating\ttimestamp\tx_label\n/);
});

test('single interactions: the old data still serve, with a note; further forgetting asks for the retained data', () => {
  const [, first, second] = place.run('recommend', 'm', 'ratings.csv', '--user', 'u7').stdout ? trainingPairs() : [];
  place.write('pairs.tsv', `${first}\r\n${second}`);
  const report = place.json(
    'forget',
    'm',
    'ratings.csv',
    '--method',
    'retrain',
    '--out',
    'single',
    '--interactions',
    '@pairs.tsv',
    '--retain-out',
    'rest.inter',
  );
  assert.equal(report.forgotten, { users: 0, items: 0, interactions: 2 });
  const served = place.run('recommend', 'single', 'ratings.csv', '--user', 'u7');
  assert.is(served.status, 0);
  assert.match(served.stderr, /^ratings\.csv still holds 2 interactions that the model has forgotten; they count as seen\n$/);
  assert.is(place.run('evaluate', 'single', 'rest.inter').stderr, '');
  const again = place.run('forget', 'single', 'ratings.csv', '--method', 'retrain', '--out', 'x', '--users', 'u9');
  assert.is(again.status, 1);
  assert.match(again.stderr, /forgotten single interactions.*retained data/);
  assert.is(place.json('forget', 'single', 'rest.inter', '--method', 'retrain', '--out', 'x', '--users', 'u9').forgotten.users, 1);
  assert.is(place.run('recommend', 'x', 'ratings.csv', '--user', 'u7').status, 0);
  // Negative control: data that lack other rows are not taken for the model's.
  place.write('fewer.csv', ratingsCsv().split('\n').slice(0, -30).join('\n'));
  assert.is(place.run('recommend', 'single', 'fewer.csv', '--user', 'u7').status, 1);
});

/** Pairs of the training part as forget files write them, found in the retained data of nothing but user u1. */
function trainingPairs(): string[] {
  place.json('forget', 'm', 'ratings.csv', '--method', 'retrain', '--out', 'tmp', '--users', 'u1', '--retain-out', 'tmp.inter');
  return readFileSync(place.path('tmp.inter'), 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('\t0'))
    .map((line) => line.split('\t').slice(0, 2).join('\t'));
}

test('compare stands the original, the unlearned and gold side by side', () => {
  const { models, forgotten } = place.json('compare', 'n', 'm', 'ratings.csv', '--users', 'u1,u2', '--items', '3', '--gold', '-k', '10');
  assert.equal(
    models.map(({ name }: { name: string }) => name),
    ['n', 'original', 'gold'],
  );
  const [unlearned, original, gold] = models;
  assert.equal([unlearned['overlap@10'], unlearned.scoreDistance, gold['overlap@10']], [1, 0, 1]);
  assert.ok(original.scoreDistance > 0, 'the negative control differs from gold');
  assert.equal([unlearned.seconds, original.seconds], [null, null]);
  assert.type(gold.seconds, 'number');
  assert.is(unlearned['recall@10'], gold['recall@10']);
  assert.is(forgotten.users, 2);
});

test('compare gives null for what cannot be measured', () => {
  place.json('train', 'ratings.csv', '--model', 'popularity', '--out', 'all');
  const { models } = place.json('compare', 'all', 'ratings.csv', '--users', 'u1');
  assert.equal([models[0]['recall@20'], models[0]['overlap@20'], models[0].scoreDistance], [null, null, null]);
  assert.equal([models[0]['forgetRecall@20'], models[0].influenceLeft, models[0].power], [null, null, null]);
});

test('whole users are judged beside people whom no model has seen; where the original does as well as gold it says so', () => {
  const options = ['--split', 'per-user:0.8,0.1,0.1', '--unseen-users', '0.2', '--unseen-items', '0.1'];
  const trained = place.json('train', 'ratings.csv', '--model', 'item-knn', ...options, '--out', 'held');
  assert.equal(trained.split.unseen, { users: 0.2, items: 0.1 });
  const request = ['--users', 'u4,u11,u23,u37', '--ignore-unknown'];
  const { models } = place.json('compare', 'held', 'ratings.csv', ...request, '--method', 'downdate', '--gold', '--golds', '3');
  const [original, unlearned, gold] = models;
  assert.equal([original.influenceLeft, unlearned.influenceLeft, gold.influenceLeft], [1, 0, 0]);
  assert.type(original.power, 'boolean');
  const text = place.run('compare', 'held', 'ratings.csv', ...request, '--gold').stdout;
  assert.match(text, /influenceLeft/);
  assert.is(/no power/.test(text), original.noPower.length > 0);
  place.json('forget', 'held', 'ratings.csv', ...request, '--method', 'downdate', '--out', 'less', '--retain-out', 'less.inter');
  const labels = readFileSync(place.path('less.inter'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(-1));
  assert.ok(labels.filter((label) => label === '3').length > 20, 'nobody is lost from what is written');
  assert.is(place.json('evaluate', 'less', 'less.inter')['recall@20'], place.json('evaluate', 'less', 'ratings.csv')['recall@20']);
  assert.is(place.run('train', 'ratings.csv', '--model', 'als', '--unseen-users', '0.7', '--out', 'x').status, 2);
  assert.match(
    place.run('train', 'ratings.csv', '--model', 'als', '--unseen-users', '0.7', '--out', 'x').stderr,
    /--unseen-users expected a number >= 0 and <= 0.5, got 0.7/,
  );
  assert.is(place.run('compare', 'held', 'ratings.csv', ...request, '--golds', '0').status, 2);
});

test('compare runs a method on the original, timed; and refuses models of other requests by name', () => {
  const { models } = place.json('compare', 'm', 'ratings.csv', '--users', 'u4', '--method', 'retrain', '--gold');
  assert.equal(
    models.map(({ name }: { name: string }) => name),
    ['original', 'retrain', 'gold'],
  );
  assert.type(models[1].seconds, 'number');
  const other = place.run('compare', 'm', 'n', 'ratings.csv', '--users', 'u4');
  assert.is(other.status, 1);
  assert.match(other.stderr, /^lethe: ratings\.csv: n was trained neither on the data nor on what remains/);
});

test('a split that the data bring is taken and recorded', () => {
  place.write('given.inter', 'userID\titemID\tx_label\na\tx\t0\na\ty\t0\nb\tx\t0\nb\tz\t1\na\tz\t2\nb\ty\t2\n');
  const result = place.json('train', 'given.inter', '--model', 'popularity', '--out', 'g');
  assert.equal([result.interactions, result.split.rule], [3, 'given']);
  assert.is(place.json('evaluate', 'g', 'given.inter').users, 2);
});

test('odd ids pass through every command unchanged', () => {
  const odd = ['a,b', 'tab\there', '"quoted"', '__proto__', '007', 'Ünïcode 漢字', ' blank ', 'constructor'];
  const quoted = (id: string): string => `"${id.replaceAll('"', '""')}"`;
  place.write(
    'odd.csv',
    `﻿user,item\r\n${odd
      .flatMap((user) => odd.map((item) => `${quoted(user)},${quoted(item)}`))
      .filter((_, i) => i % 3 !== 1)
      .join('\r\n')}`,
  );
  assert.equal(place.json('train', 'odd.csv', '--model', 'popularity', '--out', 'odd').users, odd.length);
  for (const id of odd) assert.is(place.json('recommend', 'odd', 'odd.csv', '--user', id, '--include-seen').user, id);
  place.write('ids.txt', `${odd.slice(1, 4).join('\n')}\n`);
  const report = place.json(
    'forget',
    'odd',
    'odd.csv',
    '--method',
    'retrain',
    '--out',
    'odd2',
    '--users',
    '"a,b",007',
    '--items',
    '@ids.txt',
    '--retain-out',
    'odd.inter',
  );
  assert.equal([report.forgotten.users, report.forgotten.items], [2, 3]);
  assert.is(place.run('recommend', 'odd2', 'odd.inter', '--user', 'tab\there').stderr, '');
  assert.is(place.run('recommend', 'odd2', 'odd.csv', '--user', 'a,b').status, 1);
});

test('results go to stdout, notes to stderr, and none with --quiet', () => {
  place.write('twice.csv', `${ratingsCsv()}u1,3,5,9\nu1,3,4,10\n`);
  const loud = place.run('train', 'twice.csv', '--model', 'popularity', '--out', 't');
  assert.match(loud.stdout, /^model +popularity\n/);
  assert.match(loud.stderr, /^twice\.csv: \d repeated \(user, item\) pairs?; the latest stands\n$/);
  const quiet = place.run('train', 'twice.csv', '--model', 'popularity', '--out', 't', '--quiet');
  assert.equal([quiet.stderr, quiet.status], ['', 0]);
});

test('inspect says what a model is', () => {
  const info = place.json('inspect', 'n');
  assert.equal([info.model, info.users, info.items], ['popularity', 58, 39]);
  assert.match(info.kernelsDigest, /^[0-9a-f]{64}$/);
  assert.match(info.version, /^\d+\.\d+\.\d+$/);
  assert.is(info.provenance.split.rule, 'per-user:0.8,0.1,0.1');
  assert.match(place.run('inspect', 'n').stdout, /^model +popularity\n/);
});

test('help and version are results', () => {
  assert.match(place.run('--version').stdout, /^\d+\.\d+\.\d+\n$/);
  for (const args of [['--help'], ['help'], ['train', '--help'], ['help', 'forget'], ['forget', '--method', 'retrain', '--help']]) {
    const { status, stdout, stderr } = place.run(...args);
    assert.equal([status, stderr], [0, '']);
    assert.ok(stdout.length > 300 && stdout.split('\n').every((line) => line.length <= 104), args.join(' '));
  }
});

test.run();
