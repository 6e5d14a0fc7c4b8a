// DATA on the command line: which columns and which likes, said once and remembered by the model.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main, Workplace } from './cli-process.ts';

const test = suite('command line, data');
const place = new Workplace();
test.after(() => place.remove());

const pairs = Array.from({ length: 8 * 9 }, (_, n) => [n % 8, Math.floor(n / 8)] as const);
place.write(
  'odd.csv',
  `who;what;stars;minutes\n${pairs.map(([u, i]) => `u${u};i${i};${((u * i) % 6) - 1};${(u + 3 * i) % 50}\n`).join('')}`,
);
const COLUMNS = ['--columns', 'user=who,item=what,value=stars'];

const raw = (args: string[], input?: string) =>
  spawnSync(process.execPath, [main, ...args], { cwd: place.folder, encoding: 'utf8', input });

test('one line says which columns were taken for what, and none with --quiet', () => {
  const args = ['train', 'odd.csv', '--model', 'popularity', '--out', 'm', '--likes', 'value>=2', ...COLUMNS];
  assert.is(raw(args).stderr, 'odd.csv: read as csv, user = "who", item = "what", value = "stars", no time; left out: "minutes"\n');
  assert.is(raw([...args, '--quiet']).stderr, '');
});

test('what was said of the data is remembered: evaluate, forget and compare need no second word', () => {
  place.json('train', 'odd.csv', '--model', 'ease', '--out', 'm', '--likes', 'value>=2', ...COLUMNS, '--split', 'per-user:0.6,0,0.4');
  const reading = { columns: { user: 'who', item: 'what', value: 'stars' }, likes: 'value>=2' };
  assert.equal(place.json('inspect', 'm').provenance.reading, reading);
  assert.match(place.run('inspect', 'm').stdout, /data read +\{"columns":.*"likes":"value>=2"\}/);
  assert.ok(place.json('evaluate', 'm', 'odd.csv').users > 0);
  const report = place.json('forget', 'm', 'odd.csv', '--method', 'retrain', '--users', 'u3', '--out', 'm2', '--retain-out', 'left.inter');
  assert.is(report.forgotten.users, 1);
  assert.equal(place.json('inspect', 'm2').provenance.reading, reading);
  for (const data of ['odd.csv', 'left.inter']) assert.ok(place.json('evaluate', 'm2', data).users > 0, data);
  assert.is(place.json('compare', 'm', 'm2', 'odd.csv', '--users', 'u3').models.length, 2);
  const other = place.run('evaluate', 'm', 'odd.csv', '--likes', 'value>=4');
  assert.equal([other.status, other.stdout], [1, '']);
  assert.match(other.stderr, /not those that the model was trained on/);
});

test('likes by another column of the file', () => {
  const trained = place.json('train', 'odd.csv', '--model', 'popularity', '--out', 'm', '--likes', 'minutes>=20', ...COLUMNS);
  const expected = pairs.filter(([u, i]) => (u + 3 * i) % 50 >= 20).length;
  assert.is(trained.interactions, expected);
  const dislikes = place.run('train', 'odd.csv', '--model', 'popularity', '--out', 'x', ...COLUMNS);
  assert.equal([dislikes.status, dislikes.stdout], [1, '']);
  assert.match(
    dislikes.stderr,
    /^lethe: odd\.csv: model "popularity" takes every row for a like and expected values above 0, found (-1|0) for user/,
  );
});

test('columns by number, a delimiter, a header that is none', () => {
  place.write('bare.txt', 'a~x~5\nb~x~3\n');
  const trained = place.json(
    'train',
    'bare.txt',
    '--model',
    'popularity',
    '--out',
    'm',
    '--columns',
    'user=1,item=2,value=3',
    '--delimiter',
    '~',
    '--header',
    'no',
  );
  assert.equal([trained.users, trained.items, trained.interactions], [2, 1, 2]);
  assert.is(place.json('recommend', 'm', 'bare.txt', '--user', 'a', '--include-seen').items.length, 1);
  for (const [flags, message] of [
    [['--header', 'maybe'], /--header expected one of yes, no/],
    [['--likes', '4'], /--likes expected a column, > or >=, and a number, as in value>=4; got "4"/],
    [['--delimiter', 'xyz'], /--delimiter expected tab, comma/],
    [['--columns', 'users=1'], /--columns expected user=…/],
  ] as const) {
    const { status, stderr } = place.run('train', 'bare.txt', '--model', 'popularity', '--out', 'x', ...flags);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test('- is standard input', () => {
  const args = ['train', '-', '--model', 'popularity', '--out', 'm', '--json'];
  const piped = raw(args, 'user,item,rating\na,x,5\nb,x,3\n');
  assert.is(JSON.parse(piped.stdout).interactions, 2);
  assert.match(piped.stderr, /^standard input: read as csv, user = "user"/);
  const empty = raw(args, '');
  assert.equal([empty.status, empty.stdout], [1, '']);
  assert.match(empty.stderr, /^lethe: standard input: expected interactions, found an empty file\n$/);
});

test('what is no data is not trained on', () => {
  for (const [name, text] of [
    ['page.txt', '<!DOCTYPE html><html><body>Not Found</body></html>'],
    ['gone.txt', 'Not Found\n'],
    ['prose.txt', 'one two three four five\nsix seven eight\n'],
    ['triples.txt', '1 10 5\n2 11 3\n'],
    ['points.csv', 'user,item,Points\na,x,3\nb,y,4\n'],
    ['times.tsv.txt', '1\t10\t881250949\n2\t10\t891717742\n'],
  ]) {
    place.write(name, text);
    const { status, stderr } = place.run('train', name, '--model', 'als', '--out', 'x');
    assert.is(status, 1, `${name}: ${stderr}`);
    assert.match(stderr, new RegExp(`^lethe: ${name.replaceAll('.', '\\.')}`));
  }
  assert.not(place.files.includes('x'));
});

test('somebody without training rows is served what is popular, and metrics count them apart', () => {
  const rows = pairs.map(([u, i]) => `u${u},i${i},${u === 7 || (u + i) % 2 ? 2 : 0},1`);
  place.write('split.inter', `userID,itemID,x_label\n${rows.map((row) => row.replace(/,1$/, '')).join('\n')}\n`.replaceAll(',', '\t'));
  place.json('train', 'split.inter', '--model', 'als', '--factors', '4', '--out', 'm');
  const list = place.json('recommend', 'm', 'split.inter', '--user', 'u7', '-k', '3');
  assert.equal([list.cold, list.items.length, list.items[0].score], [true, 3, 4]);
  assert.is(place.json('recommend', 'm', 'split.inter', '--user', 'u1', '-k', '3').cold, undefined);
  assert.match(
    place.run('recommend', 'm', 'split.inter', '--user', 'u7').stderr,
    /^user "u7" has no training rows: the most popular items are served\n$/,
  );
  assert.equal(place.json('recommend', 'm', 'split.inter', '--user', 'u7', '--on-cold', 'empty'), { user: 'u7', cold: true, items: [] });
  const refused = place.run('recommend', 'm', 'split.inter', '--user', 'u7', '--on-cold', 'refuse');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /^lethe: split\.inter: user "u7" has no training rows/);
  assert.is(place.run('recommend', 'm', 'split.inter', '--user', 'u7', '--on-cold', 'guess').status, 2);
  const report = place.json('evaluate', 'm', 'split.inter', '-k', '3');
  assert.equal([report.users, report.coldUsers, report.rmse, report.mae], [7, 1, null, null]);
  assert.ok(report.cold['recall@3'] > 0);
  assert.match(place.run('evaluate', 'm', 'split.inter').stdout, /1 user without training rows, served the most popular items/);
  place.json(
    'train',
    'odd.csv',
    '--model',
    'als',
    '--objective',
    'explicit',
    '--factors',
    '2',
    '--out',
    'e',
    '--split',
    'per-user:0.7,0,0.3',
    ...COLUMNS,
  );
  const explicit = place.json('evaluate', 'e', 'odd.csv');
  assert.ok(explicit.rmse > 0 && explicit.mae > 0 && explicit.mae <= explicit.rmse);
});

test('thresholds are remembered; forgetting does not filter anew, and what remains is known again', () => {
  const rows = pairs.filter(([u, i]) => i < 3 + (u % 6)).map(([u, i]) => `u${u},i${i}\n`);
  place.write('core.csv', `user,item\n${rows.join('')}`);
  const trained = place.json('train', 'core.csv', '--model', 'ease', '--out', 'k', '--k-core', '4', '--split', 'per-user:0.8,0,0.2');
  assert.ok(trained.interactions > 0 && trained.items < 9, JSON.stringify(trained));
  assert.equal(place.json('inspect', 'k').provenance.reading, { kCore: 4 });
  assert.ok(place.json('evaluate', 'k', 'core.csv').users > 0);
  place.json('forget', 'k', 'core.csv', '--method', 'retrain', '--users', 'u5', '--out', 'k2', '--retain-out', 'core-left.inter');
  for (const data of ['core.csv', 'core-left.inter']) assert.ok(place.json('evaluate', 'k2', data).users > 0, data);
  assert.is(place.json('compare', 'k', 'k2', 'core.csv', '--users', 'u5', '--gold').models.length, 3);
  assert.match(place.fails(1, 'evaluate', 'k', 'core-left.inter'), /trained on/);
  assert.match(place.fails(1, 'train', 'core.csv', '--model', 'ease', '--out', 'x', '--k-core', '99'), /no row is left by kCore 99/);
  assert.match(place.fails(2, 'train', 'core.csv', '--model', 'ease', '--out', 'x', '--k-core', '0'), /k-core/);
});

test('train and test in two files; encodings, decimals, comments, NDJSON', () => {
  place.write('tr.csv', `# x\nuser;item;value\n${pairs.map(([u, i]) => (i < 6 ? `u${u};i${(u + i) % 9};1,5\n` : '')).join('')}`);
  place.write('te.csv', `user;item;value\n${pairs.map(([u, i]) => (i > 6 ? `u${u};i${(u + i) % 9};1,5\n` : '')).join('')}`);
  const trained = place.json('train', 'tr.csv', '--test', 'te.csv', '--model', 'ease', '--out', 't');
  assert.equal([trained.interactions, trained.split.rule], [48, 'given']);
  assert.ok(place.json('evaluate', 't', 'tr.csv').users > 0, 'the model knows where its test rows are');
  assert.ok(place.json('evaluate', 't', 'tr.csv', '--test', 'te.csv').users > 0);
  const swapped = place.run('evaluate', 't', 'te.csv', '--test', 'tr.csv');
  assert.match(swapped.stderr, /not those that the model was trained on/);
  place.write(
    'tr.ndjson',
    pairs.map(([u, i]) => (i < 6 ? `${JSON.stringify({ user: `u${u}`, item: `i${(u + i) % 9}`, value: 1.5 })}\n` : '')).join(''),
  );
  const same = place.json('train', 'tr.ndjson', '--test', 'te.csv', '--model', 'ease', '--out', 't2', '--quiet');
  assert.is(same.digest, trained.digest);
  assert.match(place.fails(2, 'train', 'tr.csv', '--model', 'ease', '--out', 'x', '--encoding', 'ebcdic'), /--encoding/);
  assert.match(place.fails(2, 'train', 'tr.csv', '--model', 'ease', '--out', 'x', '--comments', 'abc'), /--comments/);
  assert.match(place.fails(1, 'train', 'tr.csv', '--test', 'none.csv', '--model', 'ease', '--out', 'x'), /none\.csv: .*no such file/);
});

test.run();
