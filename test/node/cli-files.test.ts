// Nothing is lost on the command line: no input is written over, no output that fails costs the work, nothing is left behind.
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line, files');
const place = new Workplace();
test.after(() => place.remove());
place.write('ok.csv', ratingsCsv());

test('whatever was opened is an input, by what it is: files found in a folder or beside the data, lists, titles, ids, links', () => {
  const shop = new Workplace();
  const write = (name: string, text: string): string => shop.write(name, text);
  const refused = (pattern: RegExp, ...args: string[]): void => {
    const before = shop.files.map((name) => [name, statSync(shop.path(name)).isFile() && readFileSync(shop.path(name), 'utf8')]);
    const { status, stderr } = shop.run(...args, '--quiet');
    assert.match(stderr, pattern);
    assert.is(status, 2);
    assert.equal(
      shop.files.map((name) => [name, statSync(shop.path(name)).isFile() && readFileSync(shop.path(name), 'utf8')]),
      before,
      args.join(' '),
    );
  };
  mkdirSync(shop.path('folder'));
  write('folder/ratings.csv', ratingsCsv());
  write('folder/movies.csv', 'movieId,title\n1,One\n');
  write('lone.csv', ratingsCsv());
  write('names.tsv', 'item\ttitle\n1\tOne\n');
  write('list', 'u1\n');
  linkSync(shop.path('lone.csv'), shop.path('hard'));
  symlinkSync('lone.csv', shop.path('soft'));
  const train = ['--model', 'popularity', '--out'];
  refused(/--out folder\/ratings\.csv would overwrite another file of this command/, 'train', 'folder', ...train, 'folder/ratings.csv');
  refused(/would overwrite another file/, 'train', 'folder', ...train, 'folder/movies.csv');
  refused(/would overwrite another file/, 'train', 'folder/ratings.csv', ...train, 'folder/movies.csv');
  refused(/would overwrite another file/, 'train', 'lone.csv', '--titles', 'names.tsv', ...train, 'names.tsv');
  refused(/--out hard would overwrite another file of this command, lone\.csv/, 'train', 'lone.csv', ...train, 'hard');
  refused(/--out soft would overwrite/, 'train', 'lone.csv', ...train, 'soft');
  refused(/--out lone\.csv would overwrite/, 'train', 'soft', ...train, 'lone.csv');
  shop.json('train', 'lone.csv', '--model', 'als', '--factors', '4', '--iterations', '1', '--out', 'm');
  const forget = ['forget', 'm', 'lone.csv', '--method', 'retrain', '--users', '@list'];
  refused(/--out list would overwrite/, ...forget, '--out', 'list');
  refused(/--retain-out list would overwrite/, ...forget, '--out', 'new', '--retain-out', 'list');
  shop.json('export', 'm', '--npz', 'm.npz');
  write('users', Array.from({ length: 60 }, (_, u) => `u${u}`).join('\n'));
  refused(/--out users would overwrite/, 'import', 'm.npz', '--ids', 'lone.csv', '--user-ids', 'users', '--out', 'users');
  // The control: the same commands with places of their own are done.
  shop.json('train', 'folder', ...train, 'folder/new.csv');
  shop.json(...forget, '--out', 'new', '--retain-out', 'rest');
  shop.remove();
});

test('output that fails never costs the work: the model is there, the status says what failed', () => {
  if (!existsSync('/dev/full')) return console.log('skipped: this host has no /dev/full');
  const shell = (line: string): { status: number | null; stderr: string } => {
    rmSync(place.path('kept'), { force: true });
    const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
    const command = `"${process.execPath}" "${main}" train ok.csv --model als --factors 4 --out kept`;
    return spawnSync('sh', ['-c', line.replace('LETHE', command)], {
      cwd: place.folder,
      encoding: 'utf8',
    });
  };
  const there = (): boolean => existsSync(place.path('kept'));
  assert.is(shell('LETHE 2>/dev/full').status, 0);
  assert.ok(there(), 'notes that cannot be written do not end a training');
  shell('LETHE 2>&1 | true');
  assert.ok(there(), 'nor does a reader that is gone');
  const full = shell('LETHE >/dev/full');
  assert.is(full.status, 1);
  assert.match(full.stderr, /lethe: the result could not be written to standard output: no space left on the device\n$/);
  assert.ok(there());
  assert.is(shell('LETHE --iterations none 2>/dev/full').status, 2, 'the control: wrong usage is wrong usage still');
  assert.not(there());
});

test('a killed forgetting leaves no files, and the next run clears what it left', async () => {
  place.write('repeats.csv', `${ratingsCsv()}u1,3,5,9\nu1,3,4,10\n`);
  place.json('train', 'repeats.csv', '--model', 'als', '--factors', '8', '--out', 'a');
  const before = place.files;
  const left = '.lethe-00000000-1-0123456789abcdef.part';
  place.write(left, 'u1');
  utimesSync(place.path(left), new Date(0), new Date(0));
  place.json('forget', 'a', 'repeats.csv', '--method', 'unlearn-als', '--users', 'u1', '--out', 'b', '--retain-out', 'rest');
  assert.equal(place.files, [...before, 'b', 'rest'].sort());
});

test.run();
