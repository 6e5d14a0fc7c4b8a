// Bad input on the command line: one line that names place, expectation and finding; the right status; nothing written.

import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ratingsCsv, Workplace, withoutColumnNotes } from './cli-process.ts';

const test = suite('command line, bad input');
const place = new Workplace();
test.after(() => place.remove());
place.write('ok.csv', ratingsCsv());
place.json('train', 'ok.csv', '--model', 'popularity', '--out', 'm', '--split', 'per-user:0.8,0.1,0.1');

/** Runs a command that must fail: the status, one line, and no new or changed file. */
function fails(status: number, message: RegExp, ...args: string[]): void {
  const before = place.files;
  const outcome = place.run(...args);
  assert.equal([outcome.status, outcome.stdout], [status, ''], `${args.join(' ')}: ${outcome.stderr}`);
  assert.match(outcome.stderr, /^lethe: [^\n]+\n$/);
  assert.match(outcome.stderr, message);
  assert.equal(place.files, before);
}
const trainFails = (message: RegExp, ...args: string[]): void =>
  fails(1, message, 'train', ...args, '--model', 'popularity', '--out', 'new');

const BAD_DATA: Readonly<Record<string, readonly [content: string | Uint8Array, message: RegExp]>> = {
  'empty.csv': ['', /empty\.csv: .*empty/],
  'header-only.csv': ['user,item,rating\n', /header-only\.csv: .*interactions/],
  'no-user.csv': ['item,rating\n3,4\n', /no-user\.csv:1: .*user.*"item", "rating"/],
  'fields.csv': ['user,item,rating\na,b,1\na,c\n', /fields\.csv:3: expected 3 fields, found 2/],
  'nan.csv': ['user,item,rating\na,b,NaN\n', /nan\.csv:2: .*finite.*"NaN"/],
  'infinite.csv': ['user,item,rating\na,b,1e999\n', /infinite\.csv:2: .*finite/],
  'cut.csv.gz': [gzipSync(ratingsCsv()).subarray(0, 900), /cut\.csv\.gz: .*truncated/],
  'binary.dat': [new Uint8Array(300).fill(0), /binary\.dat: .*binary/],
  'latin.csv': [Uint8Array.from([...Buffer.from('user,item\n'), 0xe9, 0x2c, 0x31, 10]), /latin\.csv:2: .*UTF-8/],
  'open.csv': ['user,item\n"a,b\n', /open\.csv:2: .*quote/],
};
for (const [name, [content, message]] of Object.entries(BAD_DATA)) {
  test(`data: ${name}`, () => {
    place.write(name, content);
    trainFails(message, name);
  });
}

test('data: a file that is not there, a folder without data', () => {
  trainFails(/nowhere\.csv: .*no such file/, 'nowhere.csv');
  mkdirSync(place.path('hollow'));
  trainFails(/hollow: .*empty folder/, 'hollow');
});

test('data: duplicates under `error`, naming the pair', () => {
  place.write('twice.csv', 'user,item,rating\na,b,1\na,b,2\nc,b,2\n');
  trainFails(/twice\.csv: user "a" and item "b" occur together more than once/, 'twice.csv', '--duplicates', 'error');
  const summed = place.json('train', 'twice.csv', '--model', 'popularity', '--out', 'sum', '--duplicates', 'sum');
  assert.equal([summed.duplicates, summed.interactions], [1, 2]);
});

test('data that a model has no use for, and more than memory holds', () => {
  place.write('negative.csv', 'user,item,rating\na,x,3\nb,y,-1\n');
  fails(
    1,
    /negative\.csv: .*expected values above 0, found -1 for user "b" and item "y"/,
    'train',
    'negative.csv',
    '--model',
    'als',
    '--out',
    'new',
    '--quiet',
  );
  place.write('wide.csv', `user,item\n${Array.from({ length: 40000 }, (_, i) => `${i % 100},${i}`).join('\n')}\n`);
  fails(1, /needs \d+ bytes of WebAssembly memory, of which \d+ are available/, 'train', 'wide.csv', '--model', 'ease', '--out', 'new');
  fails(
    1,
    /needs \d+ bytes of WebAssembly memory, of which 4294967296 are available; use at most \d+ factors, or train several models/,
    'train',
    'wide.csv',
    '--model',
    'als',
    '--solver',
    'cg',
    '--factors',
    '4096',
    '--threads',
    '64',
    '--out',
    'new',
  );
});

test('what training will take of memory is said before it begins, unless quiet', () => {
  const parts = '\\(interactions [^)]*, factors [^)]*, gram [^)]*, scratch [^)]*\\)';
  const said = new RegExp(`^memory: [\\d.]+ MiB of the 4\\.00 GiB that WebAssembly has ${parts}; beside it [\\d.]+ MiB of data\\n`, 'm');
  assert.match(place.run('train', 'ok.csv', '--model', 'als', '--iterations', '1', '--out', 'new').stderr, said);
  assert.is(place.run('train', 'ok.csv', '--model', 'als', '--iterations', '1', '--out', 'new', '--quiet').stderr, '');
});

test('data: a column that is not there', () => {
  trainFails(/ok\.csv:1: .*"rater"/, 'ok.csv', '--columns', 'user=rater,item=item');
  fails(2, /--columns expected/, 'train', 'ok.csv', '--model', 'popularity', '--out', 'new', '--columns', 'who=user');
});

test('a model file that is truncated, foreign, bit-flipped, or no file at all', () => {
  const bytes = readFileSync(place.path('m'));
  place.write('short', bytes.subarray(0, bytes.length - 40));
  place.write('foreign', 'not a model, only text that is long enough to be looked at in earnest');
  const flipped = Uint8Array.from(bytes);
  flipped[flipped.length >> 1] ^= 4;
  place.write('flipped', flipped);
  fails(1, /^lethe: short: .*(damaged|incomplete)/, 'inspect', 'short');
  fails(1, /^lethe: foreign: .*model file/, 'inspect', 'foreign');
  fails(1, /^lethe: flipped: .*damaged/, 'evaluate', 'flipped', 'ok.csv');
  fails(1, /^lethe: missing: no such file/, 'recommend', 'missing', 'ok.csv', '--user', 'u1');
  fails(1, /^lethe: hollow: is a folder/, 'inspect', 'hollow');
});

test('a model and data that do not belong together', () => {
  place.write('other.csv', ratingsCsv({ users: 50 }));
  const message = /other\.csv: .*not those that the model was trained on.*expected [0-9a-f]{64}, found [0-9a-f]{64}/;
  fails(1, message, 'evaluate', 'm', 'other.csv');
  fails(1, message, 'recommend', 'm', 'other.csv', '--user', 'u1');
  fails(1, message, 'forget', 'm', 'other.csv', '--method', 'retrain', '--out', 'new', '--users', 'u1');
  fails(1, /neither on the data nor/, 'compare', 'm', 'other.csv', '--users', 'u1');
});

test('evaluating where nothing was held out says how to split', () => {
  place.json('train', 'ok.csv', '--model', 'popularity', '--out', 'all');
  fails(1, /trained on all rows.*--split per-user/, 'evaluate', 'all', 'ok.csv');
});

test('a forget request: unknown ids are named, and passed over when told so', () => {
  const forget = (...request: string[]): [string, ...string[]] => [
    'forget',
    'm',
    'ok.csv',
    '--method',
    'retrain',
    '--out',
    'new',
    ...request,
  ];
  fails(1, /user "nobody" is unknown/, ...forget('--users', 'u1,nobody'));
  fails(1, /item "none" is unknown/, ...forget('--items', 'none'));
  place.write('pairs.csv', 'u1,99\n');
  fails(1, /interaction of user "u1" with item "99"/, ...forget('--interactions', '@pairs.csv'));
  fails(1, /names nothing/, ...forget('--users', 'nobody', '--ignore-unknown'));
  fails(1, /everything/, ...forget('--users', Array.from({ length: 60 }, (_, u) => `u${u}`).join(',')));
  fails(1, /modality "image" is not in the data/, ...forget('--modality', 'image'));
  place.write('three.csv', 'u1,2\nu1,2,5\n');
  fails(1, /three\.csv:2: expected a user and an item/, ...forget('--interactions', '@three.csv'));
  fails(1, /nothing\.txt: .*no such file/, ...forget('--users', '@nothing.txt'));
  fails(2, /nothing to forget was named/, ...forget());
  fails(2, /--interactions expected @FILE/, ...forget('--interactions', 'u1,2'));
  fails(2, /--of-items needs --modality/, ...forget('--of-items', '3'));
  assert.is(
    place.json('forget', 'm', 'ok.csv', '--method', 'retrain', '--out', 'some', '--users', 'u1,nobody', '--ignore-unknown').forgotten.users,
    1,
  );
});

test('wrong usage ends with 2 and a word on help', () => {
  const train = ['train', 'ok.csv', '--model', 'popularity', '--out', 'new'];
  fails(2, /no command/);
  fails(2, /unknown command "trian"/, 'trian');
  fails(2, /unknown option --factor\b.*\(lethe train --help\)/, ...train, '--factor', '3');
  fails(2, /--model is missing: .*popularity/, 'train', 'ok.csv', '--out', 'new');
  fails(2, /--model expected one of .*"nonsense"/, 'train', 'ok.csv', '--model', 'nonsense', '--out', 'new');
  fails(2, /--out is missing/, 'train', 'ok.csv', '--model', 'popularity');
  fails(2, /--out expected a value/, 'train', 'ok.csv', '--model', 'popularity', '--out', '--json');
  fails(2, /--out is given twice/, ...train, '--out', 'b');
  fails(2, /--format expected one of/, ...train, '--format', 'xml');
  fails(2, /"split" expected/, ...train, '--split', 'per-user:0.8');
  fails(2, /--seed expected an integer >= 0.*got "x"/, ...train, '--seed', 'x');
  fails(2, /--threads expected an integer >= 1/, ...train, '--threads', '0');
  fails(2, /train expected DATA, got nothing/, 'train', '--model', 'popularity', '--out', 'new');
  fails(2, /expected MODEL DATA/, 'evaluate', 'm');
  fails(2, /-k expected an integer >= 1, got 0/, 'recommend', 'm', 'ok.csv', '--user', 'u1', '-k', '0');
  fails(2, /-k expected an integer >= 1/, 'evaluate', 'm', 'ok.csv', '-k', '5,0');
  fails(2, /--on expected one of/, 'evaluate', 'm', 'ok.csv', '--on', 'train');
  fails(
    2,
    /--weight-decay expected 0 with optimizer sgd-pairs.*; got 1 \(lethe train --help\)/,
    'train',
    'ok.csv',
    '--model',
    'bpr',
    '--out',
    'new',
    '--quiet',
    '--optimizer',
    'sgd-pairs',
    '--weight-decay',
    '1',
  );
  fails(
    2,
    /--polish is of use with a "tolerance" only/,
    'train',
    'ok.csv',
    '--model',
    'als',
    '--out',
    'new',
    '--quiet',
    '--polish',
    'newton',
  );
  fails(2, /--method expected one of/, 'forget', 'm', 'ok.csv', '--method', 'magic', '--out', 'new', '--users', 'u1');
});

test('an input is never overwritten, a place that cannot be written is found out at the start', () => {
  fails(
    2,
    /--out m would overwrite another file of this command, m/,
    'forget',
    'm',
    'ok.csv',
    '--method',
    'retrain',
    '--out',
    'm',
    '--users',
    'u1',
  );
  fails(2, /would overwrite another file/, 'train', 'ok.csv', '--model', 'popularity', '--out', './ok.csv');
  fails(2, /is a folder/, 'train', 'ok.csv', '--model', 'popularity', '--out', 'hollow');
  fails(
    2,
    /--retain-out .*new would overwrite another file/,
    'forget',
    'm',
    'ok.csv',
    '--method',
    'retrain',
    '--out',
    'new',
    '--users',
    'u1',
    '--retain-out',
    './new',
  );
  fails(
    2,
    /--out expected a folder, ok\.csv is a file/,
    'generate',
    '--users',
    '10',
    '--items',
    '5',
    '--interactions',
    '20',
    '--out',
    'ok.csv',
  );
  fails(2, /is a device or a pipe/, 'train', 'ok.csv', '--model', 'popularity', '--out', '/dev/null');
  fails(1, /cannot write absent\/new: no such file or folder/, 'train', 'ok.csv', '--model', 'popularity', '--out', 'absent/new');
  fails(
    2,
    /--out expected a folder, ok\.csv is a file/,
    'generate',
    '--users',
    '5',
    '--items',
    '5',
    '--interactions',
    '9',
    '--out',
    'ok.csv',
  );
  if (process.getuid?.() === 0) return console.log('skipped: a read-only folder does not stop root');
  mkdirSync(place.path('locked'));
  chmodSync(place.path('locked'), 0o500);
  fails(1, /cannot write locked\/new: permission denied/, 'train', 'ok.csv', '--model', 'popularity', '--out', 'locked/new');
});

test('a stack is shown with --debug only', () => {
  const outcome = place.run('inspect', 'missing', '--debug');
  assert.match(outcome.stderr, /^lethe: missing: no such file or folder\n.*\n?.*at /s);
});

const LONG_RUNS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'repeats.csv', '--model', 'als', '--iterations', '100000', '--out', 'new'],
  forget: [
    'forget',
    'a',
    'repeats.csv',
    '--method',
    'unlearn-als',
    '--passes',
    '100000',
    '--users',
    'u1',
    '--out',
    'new',
    '--retain-out',
    'rest',
  ],
};
for (const [name, args] of Object.entries(LONG_RUNS)) {
  test(`Ctrl-C in the middle of ${name}: one line, status 130, no file`, async () => {
    place.write('repeats.csv', `${ratingsCsv()}u1,3,5,9\nu1,3,4,10\n`);
    place.json('train', 'repeats.csv', '--model', 'als', '--factors', '32', '--out', 'a');
    const before = place.files;
    const child = place.start(...args);
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // The note on repeated pairs says that the data are read and the long part begins.
    await once(child.stderr!, 'data');
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number];
    assert.match(withoutColumnNotes(stderr), /^repeats\.csv: [^\n]*\n(memory: [^\n]*\n)?lethe: interrupted; nothing was written\n$/);
    assert.is(status, 130);
    assert.equal(place.files, before);
  });
}

test('a reader that stops early is no failure', async () => {
  writeFileSync(place.path('wide.csv'), ratingsCsv({ users: 20, items: 4000 }));
  place.json('train', 'wide.csv', '--model', 'popularity', '--out', 'wide');
  const child = place.start('recommend', 'wide', 'wide.csv', '--user', 'u1', '-k', '3000');
  child.stdout!.once('data', () => child.stdout!.destroy());
  const [status] = (await once(child, 'exit')) as [number];
  assert.is(status, 0);
});

test.run();
