// lethe.config.json, completion, defaults that are said aloud, colours and the time to the end.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { completionScript } from '../../src/cli/completion.ts';
import { styled, TimeToEnd } from '../../src/cli/terminal.ts';
import { compatible, defaultMethod, MODELS, type ModelKind, UNLEARNERS, type Unlearner } from '../../src/index.ts';
import { main, ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line, settings');
const place = new Workplace();
test.after(() => place.remove());
place.write('who.csv', ratingsCsv().replace('user,item,rating', 'who,what,stars'));
const settings = (value: unknown): string => place.write('lethe.config.json', JSON.stringify(value));
const train = ['train', 'who.csv', '--out', 'm'] as const;

test('what the file says need not be said; the command line goes before it, and below it the section before the rest', () => {
  assert.match(place.fails(1, ...train, '--model', 'als'), /who\.csv:1/, 'the control: without the file the columns are not known');
  settings({
    columns: { user: 'who', item: 'what', value: 'stars' },
    seed: 3,
    commands: { train: { model: 'als', factors: 5, seed: 4 }, recommend: { k: 7 } },
  });
  const trained = place.json(...train);
  assert.equal([trained.model, trained.options.factors, trained.options.seed], ['als', 5, 4]);
  const said = place.json(...train, '--factors', '6', '--seed', '9');
  assert.equal([said.options.factors, said.options.seed], [6, 9]);
  assert.match(place.run(...train).stderr, /lethe\.config\.json says .*--model.*--columns/s);
  assert.is(place.json('recommend', 'm', 'who.csv', '--user', 'u1').items.length, 7);
  assert.is(place.json('recommend', 'm', 'who.csv', '--user', 'u1', '-k', '3').items.length, 3);
});

test('it is found upward, or named; files are named from where it lies; a model remembers better', () => {
  mkdirSync(place.path('below/deeper'), { recursive: true });
  place.write('titles.csv', 'item,title\n1,First\n');
  settings({ columns: 'user=who,item=what', titles: 'titles.csv' });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'train', '../../who.csv', '--model', 'popularity', '--out', '../../pop', '--json'],
    { cwd: place.path('below/deeper'), encoding: 'utf8' },
  );
  assert.is(status, 0, stderr);
  assert.is(JSON.parse(stdout).model, 'popularity');
  assert.is(
    place.json('similar', 'pop', 'who.csv', '--items', '1,2', '-k', '40').lists[1].items.find(({ item }: any) => item === '1').title,
    'First',
  );
  place.write('other.json', JSON.stringify({ commands: { train: { model: 'ease' } }, columns: 'user=who,item=what' }));
  assert.is(place.json(...train, '--config', 'other.json').model, 'ease');
  settings({ columns: 'user=nobody,item=nothing' });
  assert.is(place.json('recommend', 'm', 'who.csv', '--user', 'u1').items.length, 10, 'the model knows its columns');
  assert.match(place.fails(1, 'train', 'who.csv', '--model', 'als', '--out', 'n'), /nobody/);
});

test('what it cannot say is refused', () => {
  const refused = (value: unknown, message: RegExp): void => {
    settings(value);
    assert.match(place.fails(2, ...train, '--model', 'als'), message);
  };
  refused({ colums: 'user=who' }, /knows no key "colums" \(did you mean "columns"\?\)/);
  refused({ commands: { trian: {} } }, /knows no command "trian" \(did you mean "train"\?\)/);
  refused({ commands: { train: { factros: 3 } } }, /"train" knows no key "factros"/);
  refused({ users: 'u1' }, /"users" is about one run/);
  refused({ commands: { forget: { users: ['u1'] }, train: { out: 'm' } } }, /"out" is about one run/);
  refused({ threads: {} }, /"threads" expected N/);
  refused({ quiet: 'yes' }, /"quiet" expected true or false, got "yes"/);
  refused([1], /expected settings by name, got an array/);
  place.write('lethe.config.json', '{"columns":');
  assert.match(place.fails(2, ...train), /lethe\.config\.json: expected JSON/);
  assert.match(place.fails(2, ...train, '--config', 'nowhere.json'), /--config nowhere\.json: no such file/);
  settings({});
});

test('forget without --method takes the one for the kind, and says so', () => {
  place.write('ok.csv', ratingsCsv());
  for (const [model, method] of [
    ['popularity', 'downdate'],
    ['item-knn', 'downdate'],
    ['als', 'unlearn-als'],
  ]) {
    place.json('train', 'ok.csv', '--model', model, '--out', 'whole');
    const request = ['forget', 'whole', 'ok.csv', '--users', 'u1', '--out', 'less'];
    const report = place.json(...request);
    assert.equal([report.method, report.methodByDefault], [method, true]);
    assert.match(place.run(...request).stderr, new RegExp(`--method is not given: ${method} `));
    const named = place.json(...request, '--method', 'retrain');
    assert.equal([named.method, named.methodByDefault], ['retrain', undefined], 'the control');
  }
  for (const kind of Object.values(MODELS) as ModelKind[])
    assert.ok(compatible(kind, UNLEARNERS[defaultMethod(kind)] as Unlearner), kind.name);
  assert.throws(() => defaultMethod({ ...MODELS.als, capabilities: [] } as unknown as ModelKind), /no method makes/);
});

test('bash completes commands, flags and what they take', () => {
  const script = completionScript('bash', COMMANDS);
  const completed = (...words: string[]): string[] => {
    const typed = words.map((word) => `'${word}'`).join(' ');
    const run = `${script}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _lethe; echo "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', run], { encoding: 'utf8' });
    assert.is(status, 0, stderr);
    return stdout.trim().split(' ').filter(Boolean);
  };
  assert.equal(completed('lethe', 'rec'), ['recommend']);
  assert.equal(completed('lethe', 'train', '--mod'), ['--model']);
  assert.equal(completed('lethe', 'train', '--model', 'ea'), ['ease']);
  assert.equal(completed('lethe', 'forget', '--method', 'retr'), ['retrain']);
  assert.equal(completed('lethe', 'zzz'), [], 'the control');
  for (const shell of ['zsh', 'fish'] as const) {
    const text = completionScript(shell, COMMANDS);
    for (const name of Object.keys(COMMANDS)) assert.match(text, new RegExp(`\\b${name}\\b`), `${shell}: ${name}`);
    assert.match(text, /lightgcn/);
  }
  assert.is(place.run('completion', 'bash').stdout, script);
  assert.match(place.fails(2, 'completion', 'bsh'), /expected one of bash, zsh, fish; got "bsh" \(did you mean "bash"\?\)/);
});

test('colours are for terminals', () => {
  const { NO_COLOR: before } = process.env;
  delete process.env.NO_COLOR;
  assert.is(styled({ isTTY: true, hasColors: () => true }, 'red', 'x'), '\u001b[31mx\u001b[39m');
  assert.is(styled({ isTTY: false }, 'red', 'x'), 'x');
  assert.is(styled({ isTTY: true, hasColors: () => false }, 'red', 'x'), 'x');
  process.env.NO_COLOR = '1';
  assert.is(styled({ isTTY: true, hasColors: () => true }, 'red', 'x'), 'x');
  if (before === undefined) delete process.env.NO_COLOR;
  else process.env.NO_COLOR = before;
  assert.not(place.run('generate').stderr.includes('\u001b'));
});

test('the time to the end follows from what has been done of a phase', () => {
  const end = new TimeToEnd();
  assert.is(end.at(0, 'train', 0, 10), undefined, 'nothing is done');
  assert.is(end.at(500, 'train', 1, 10), undefined, 'too early to tell');
  assert.is(end.at(4000, 'train', 2, 10), 16);
  assert.is(end.at(5000, 'other', 3, 10), undefined, 'another phase');
  assert.is(end.at(7000, 'other', 4, 0), undefined, 'nobody knows the end');
});

test.run();
