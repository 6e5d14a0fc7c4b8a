// A store's life on the command line, where this host has SQLite; where it has none, what the commands say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plainRequest } from '../../src/cli/quick-list.ts';
import { sqliteStorage } from '../../src/store/index.ts';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('store on the command line');
const place = new Workplace();
test.after(() => place.remove());

place.write('ratings.csv', ratingsCsv());
const SPLIT = ['--split', 'per-user:0.8,0.1,0.1'];
const ALS = ['--model', 'als', '--factors', '4', '--iterations', '5', ...SPLIT];

const here = await sqliteStorage(place.path('probe'), { create: true }).then(
  (storage) => storage.close().then(() => true),
  () => false,
);
if (!here) console.log('cli-store: skipped, as this Node is older than 22.5 and better-sqlite3 is not installed');
const check = (name: string, run: () => void): void => {
  if (here) test(name, run);
};

const filesWith = (folder: string, text: string): string[] =>
  readdirSync(place.path(folder)).filter((name) => {
    const bytes = readFileSync(join(place.path(folder), name));
    return [Buffer.from(text), Buffer.from(text, 'utf16le')].some((wanted) => bytes.includes(wanted));
  });

test('without SQLite one sentence says what to do, before any work; what is no store is said to be none', () => {
  if (!here) {
    assert.match(place.fails(1, 'init', 'none', 'ratings.csv', ...ALS), /^lethe: a store needs SQLite, .*npm install better-sqlite3\n$/);
    assert.not(existsSync(place.path('none')));
  }
  for (const command of [
    ['learn', 'none', 'ratings.csv'],
    ['status', 'none'],
    ['compact', 'none'],
    ['converge', 'none'],
    ['forget', 'none', '--users', '1'],
  ])
    assert.match(place.fails(1, ...command), /^lethe: none: there is no store; `lethe init` makes one\n$/);
  place.json('train', 'ratings.csv', ...ALS, '--out', 'alone.lethe');
  assert.match(place.fails(2, 'evaluate', 'alone.lethe'), /expected MODEL DATA, or a STORE/);
});

check('init, recommend, evaluate, explain, inspect, certify, compare, similar: as for MODEL DATA', () => {
  const made = place.json('init', 'store', 'ratings.csv', ...ALS);
  assert.is(made.event, 0);
  place.json('train', 'ratings.csv', ...ALS, '--out', 'model.lethe');
  const pair = ['model.lethe', 'ratings.csv'];
  assert.is(made.digest, place.json('inspect', 'model.lethe').digest);
  for (const command of [
    ['recommend', '--user', 'u3'],
    ['recommend', '--user', 'u3', '-k', '4', '--include-seen'],
    ['recommend', '--user', 'u3', '--exclude', '5,9', '-k', '4'],
    ['recommend', '--users', 'u1,u2', '-k', '3'],
    ['evaluate'],
    ['explain', '--user', 'u3', '--item', '7'],
    ['similar', '--item', '7'],
    ['certify'],
  ]) {
    const [name, ...flags] = command;
    assert.equal(place.json(name, 'store', ...flags), place.json(name, ...pair, ...flags), command.join(' '));
  }
  assert.is(place.json('inspect', 'store').digest, made.digest);
  const forgetting = ['--users', 'u1', '--method', 'retrain', '--gold'];
  const strip = ({ models }: any) => models.map(({ seconds: _, ...row }: any) => row);
  assert.equal(strip(place.json('compare', 'store', ...forgetting)), strip(place.json('compare', ...pair, ...forgetting)));
  assert.match(place.fails(1, 'init', 'store', 'ratings.csv', ...ALS), /there is a store already/);
});

check('learn takes NDJSON and tables, and refuses whole files by line', () => {
  const good =
    '{"user":"u3","item":"5","value":5,"time":9}\n{"user":7,"item":"new","value":4,"time":10}\n' +
    '{"item":"new","title":"A new one"}\n{"user":"idle"}\n';
  place.write('more.ndjson', good);
  const learnt = place.json('learn', 'store', 'more.ndjson');
  assert.is(learnt.event, 1);
  assert.is(learnt.learnt.items, 1);
  assert.is(learnt.learnt.users, 2);
  assert.match(place.run('recommend', 'store', '--user', 'u4', '-k', '40').stdout, /A new one/);
  place.write('more.csv', 'user,item,rating,timestamp\nu5,7,3,11\nu5,8,3,12\nanother,8,2,13\n');
  assert.is(place.json('learn', 'store', 'more.csv', '--stage', 'b').event, 3);
  const { digest } = place.json('status', 'store');
  for (const [text, said] of [
    [
      '{"user":"u3","item":"6","value":5,"time":9}\n{"user":"u3","item":"7","value":-5,"time":9}\n',
      /^lethe: bad\.ndjson:2: .*above 0, got -5/,
    ],
    ['{"user":"u3","item":"6","value":5,"time":9}\n\nnonsense\n', /^lethe: bad\.ndjson:3: expected a JSON object/],
    ['{"user":"u3","itm":"6"}\n', /^lethe: bad\.ndjson:1: expected the keys .*found "itm"/],
    ['{"title":"x","user":"u3"}\n', /^lethe: bad\.ndjson:1: a title and features belong to an "item"/],
    ['{"user":"u3","item":"6"}\n', /^lethe: bad\.ndjson:1: .*expected a time/],
    ['{"item":"6","features":{"text":[1,2]}}\n', /modality "text" is not in the data/],
    ['', /nothing to learn/],
  ] as const) {
    place.write('bad.ndjson', text);
    assert.match(place.fails(1, 'learn', 'store', 'bad.ndjson'), said);
  }
  assert.match(place.fails(2, 'learn', 'store', 'more.csv', '--method', 'magic'), /--method expected one of/);
  assert.is(place.json('status', 'store').digest, digest);
});

check('forget suppresses at once; converge carries it out; no byte names the forgotten; export and compact go on', () => {
  place.write('marked.ndjson', '{"user":"Quuxman","item":"5","value":5,"time":9}\n{"user":"Quuxman","item":"7","value":5,"time":9}\n');
  place.json('learn', 'store', 'marked.ndjson');
  assert.equal(filesWith('store', 'Quuxman'), ['store.sqlite']);
  const [best] = place.json('recommend', 'store', '--user', 'u9', '-k', '1').items;
  const later = place.json('forget', 'store', '--users', 'Quuxman', '--items', best.item, '--later');
  assert.is(later.forgotten, null);
  assert.equal(place.json('recommend', 'store', '--user', 'Quuxman'), { user: 'Quuxman', suppressed: true, items: [] });
  for (const flags of [
    ['-k', '50'],
    ['-k', '50', '--exclude', '1'],
  ]) {
    const { items } = place.json('recommend', 'store', '--user', 'u9', ...flags);
    assert.not(
      items.some(({ item }: any) => item === best.item),
      flags.join(' '),
    );
  }
  assert.not(place.json('recommend', 'store', '--users', 'all', '-k', '3').lists.some(({ user }: any) => user === 'Quuxman'));
  assert.match(place.fails(1, 'similar', 'store', '--item', best.item), /is not in the model/);
  const { pending } = place.json('status', 'store');
  assert.is(pending.forget, 1);
  const done = place.json('converge', 'store');
  assert.equal(
    done.steps.map(({ kind, stage }: any) => [kind, stage].filter(Boolean).join(' ')),
    ['forgotten', 'converge b', 'converge c'],
  );
  assert.equal(filesWith('store', 'Quuxman'), []);
  assert.match(place.fails(1, 'recommend', 'store', '--user', 'Quuxman'), /user "Quuxman" is not in the model/);
  const forgotten = place.json('forget', 'store', '--users', 'u11', '--stage', 'a');
  assert.is(forgotten.method, 'converge');
  assert.is(forgotten.exactness, 'approximate');
  assert.is(forgotten.forgotten.users, 1);
  assert.equal(place.json('status', 'store').pending.stages, ['b', 'c']);
  assert.match(place.fails(2, 'forget', 'store', '--users', 'u1', '--out', 'x'), /--out is for MODEL DATA/);
  const { event, digest } = place.json('compact', 'store');
  assert.equal([event, digest], [place.json('status', 'store').event, place.json('status', 'store').digest]);
  place.json('export', 'store', '--out', 'exported');
  assert.is(place.json('inspect', 'exported/model.lethe').digest, digest);
  const lists = ['--user', 'u9', '-k', '5'];
  const plain = ({ items }: any) => items.map(({ item, score }: any) => [item, score]);
  assert.equal(
    plain(place.json('recommend', 'exported/model.lethe', 'exported/data.inter', ...lists)),
    plain(place.json('recommend', 'store', ...lists)),
  );
});

check('where training cannot begin no store is left behind', () => {
  place.fails(1, 'init', 'unborn', 'no-such-file.csv', ...ALS);
  place.fails(2, 'init', 'unborn', 'ratings.csv', '--model', 'magic');
  assert.not(existsSync(place.path('unborn/store.sqlite')));
});

test('only the plainest command line takes the quick way to a list', () => {
  const flagsOf = (...words: string[]): string | undefined => {
    const request = plainRequest(words);
    return request && `${request.store} ${[...request.flags].join(' ')}`;
  };
  assert.is(flagsOf('recommend', 's', '--user', 'u1'), 's --user,u1');
  assert.is(flagsOf('recommend', '--user', '-7', 's', '-k', '5', '--json'), 's --user,-7 -k,5 --json,true');
  for (const other of [
    ['evaluate', 's', '--user', 'u1'],
    ['recommend', 's'],
    ['recommend', 's', '--user'],
    ['recommend', 's', '--user', '--json'],
    ['recommend', 's', 'data', '--user', 'u1'],
    ['recommend', 's', '--user', 'u1', '--user', 'u2'],
    ['recommend', 's', '--user', 'u1', '-k', '0'],
    ['recommend', 's', '--user', 'u1', '--exclude', '1'],
    ['recommend', 's', '--user=u1'],
  ])
    assert.is(plainRequest(other), undefined, other.join(' '));
});

test.run();
