// Lists for many at the command line: files of three kinds with the same rows, filters, histories, and what is refused.

import { parquetReadObjects } from 'hyparquet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nearest } from '../../src/cli/suggest.ts';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line, lists for many');
const place = new Workplace();
test.after(() => place.remove());
place.write('ok.csv', ratingsCsv());
place.write(
  'items.csv',
  `item,category,year\n${Array.from({ length: 40 }, (_, i) => `${i},${i % 4 ? 'rest' : 'fours'},${1990 + i}`).join('\n')}\n`,
);
place.json('train', 'ok.csv', '--model', 'als', '--factors', '4', '--iterations', '3', '--out', 'm');
place.json('train', 'ok.csv', '--model', 'ease', '--out', 'ease.m');
place.json('train', 'ok.csv', '--model', 'item-knn', '--out', 'knn.m');

const rowsOf = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

test('the same rows in CSV, NDJSON and Parquet, as one user at a time', async () => {
  for (const end of ['csv', 'ndjson', 'parquet']) {
    assert.equal(place.json('recommend', 'm', 'ok.csv', '--users', 'all', '-k', '3', '--out', `all.${end}`), {
      users: 60,
      skipped: 0,
      cold: 0,
      rows: 180,
      k: 3,
      out: `all.${end}`,
    });
  }
  const csv = rowsOf(place.read('all.csv').toString()).map(([user, rank, item, score]) => [user, Number(rank), item, Number(score)]);
  const lines = place.read('all.ndjson').toString().trimEnd().split('\n');
  const ndjson = lines.map((line) => JSON.parse(line)).map(({ user, rank, item, score }) => [user, rank, item, score]);
  const bytes = place.read('all.parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const parquet = (await parquetReadObjects({ file })).map(({ user, rank, item, score }) => [user, rank, item, score]);
  assert.is(csv.length, 180);
  assert.equal(ndjson, csv);
  assert.equal(parquet, csv);
  const one = place.json('recommend', 'm', 'ok.csv', '--user', 'u7', '-k', '3');
  assert.equal(
    csv.filter(([user]) => user === 'u7').map(([, , item, score]) => ({ item, score })),
    one.items,
  );
  const two = place.json('recommend', 'm', 'ok.csv', '--users', 'u7,u8', '-k', '3', '--threads', '2');
  assert.equal(two.lists[0], one);
  assert.is.not(JSON.stringify(two.lists[1].items), JSON.stringify(one.items), 'the control: others get other lists');
});

test('ids of a file: one a line, a column by name, a column by number; unknown ones are refused, skipped, or served', () => {
  place.write('plain', 'u1\nu2\n');
  place.write('table.csv', 'n,who\n1,u1\n2,u2\n');
  place.write('bare.tsv', '1\tu1\n2\tu2\n');
  const lists = (...more: string[]): any => place.json('recommend', 'm', 'ok.csv', '-k', '2', ...more).lists;
  const plain = lists('--users', '@plain');
  assert.equal(
    plain.map(({ user }: any) => user),
    ['u1', 'u2'],
  );
  assert.equal(lists('--users', '@table.csv', '--column', 'who'), plain);
  assert.equal(lists('--users', '@bare.tsv', '--column', '2'), plain);
  assert.match(place.fails(1, 'recommend', 'm', 'ok.csv', '--users', '@table.csv'), /user "n,who" is not in the model/);
  assert.match(
    place.fails(1, 'recommend', 'm', 'ok.csv', '--users', '@table.csv', '--column', 'whom'),
    /table\.csv:1: .*"whom".*"n", "who"/,
  );
  assert.match(place.fails(1, 'recommend', 'm', 'ok.csv', '--users', 'u1,nobody', '--out', 'no.csv'), /user "nobody" is not in the model/);
  assert.not(place.files.includes('no.csv'), 'nothing half-written is left');
  const skipped = place.json('recommend', 'm', 'ok.csv', '--users', 'u1,nobody', '--on-unknown', 'skip', '--out', 'some.csv');
  assert.equal([skipped.users, skipped.skipped, skipped.rows], [1, 1, 10]);
  const [, served] = lists('--users', 'u1,nobody', '--on-unknown', 'popular');
  assert.is(served.items[0].cold, true);
});

test('what may be in a list: --exclude, --candidates, --where; and who is not in the model: --history', () => {
  const ids = (...more: string[]): string[] =>
    place.json('recommend', 'm', 'ok.csv', '--user', 'u7', '-k', '40', '--include-seen', ...more).items.map(({ item }: any) => item);
  const all = ids();
  assert.is(all.length, 40);
  assert.equal(ids('--exclude', all[0]), all.slice(1));
  assert.equal(ids('--candidates', '3,5,7').sort(), ['3', '5', '7']);
  const fours = ids('--where', 'category=fours', '--items-table', 'items.csv');
  assert.equal(
    fours,
    all.filter((item) => Number(item) % 4 === 0),
  );
  assert.equal(
    ids('--where', 'category=fours', '--where', 'year>=2000', '--items-table', 'items.csv'),
    fours.filter((item) => Number(item) >= 10),
  );
  const fails = (status: number, ...more: string[]): string => place.fails(status, 'recommend', 'm', 'ok.csv', '--user', 'u7', ...more);
  assert.match(fails(2, '--where', 'category=fours'), /--where needs --items-table/);
  assert.match(fails(2, '--where', 'categry=x', '--items-table', 'items.csv'), /no column "categry" \(did you mean "category"\?\)/);
  assert.match(fails(1, '--where', 'category=none', '--items-table', 'items.csv'), /leaves nothing to rank/);
  assert.match(fails(2, '--where', 'year>old', '--items-table', 'items.csv'), /expected a number, got "old"/);
  assert.match(fails(1, '--candidates', 'nothing'), /item "nothing" is not in the model/);
  assert.match(fails(2, '--history', '1'), /expected one of --user, --users, --history, got several/);
  assert.match(fails(2, '--out', 'x.csv'), /--out is for the lists of --users/);
  for (const model of ['m', 'ease.m', 'knn.m']) {
    const found = place.json('recommend', model, '--history', '0,4,8', '-k', '4');
    assert.equal([found.history, found.items.length, 'user' in found], [['0', '4', '8'], 4, false]);
    assert.not(found.items.some(({ item }: any) => ['0', '4', '8'].includes(item)));
  }
  assert.match(place.fails(1, 'recommend', 'm', '--history', 'nothing'), /item "nothing" is not in the model/);
  assert.match(place.fails(2, 'recommend', 'm', '--user', 'u1'), /expected MODEL DATA/);
  assert.match(
    place.fails(2, 'recommend', 'm', 'ok.csv', '--users', 'all', '--out', 'x.xlsx'),
    /\.csv, \.ndjson or \.parquet, got "x\.xlsx"/,
  );
});

test('similar items of all', () => {
  assert.equal(place.json('similar', 'm', '--items', 'all', '-k', '2', '--out', 's.csv'), { items: 40, rows: 80, k: 2, out: 's.csv' });
  const rows = rowsOf(place.read('s.csv').toString());
  const one = place.json('similar', 'm', '--item', '5', '-k', '2').items;
  assert.equal(
    rows.filter(([item]) => item === '5').map(([, , item, score]) => ({ item, score: Number(score) })),
    one,
  );
  assert.match(place.fails(2, 'similar', 'm', '--item', '5', '--items', 'all'), /one of --item, --items/);
});

test('explain: what a user has adds up to the score, for ease and item-knn too', () => {
  for (const model of ['m', 'ease.m', 'knn.m']) {
    const { items } = place.json('recommend', model, 'ok.csv', '--user', 'u7', '-k', '1');
    const { score, contributions } = place.json('explain', model, 'ok.csv', '--user', 'u7', '--item', items[0].item, '-k', '99');
    const sum = contributions.reduce((all: number, { contribution }: any) => all + contribution, 0);
    assert.ok(Math.abs(sum - score) < 1e-5, `${model}: ${sum} is not ${score}`);
    // The row of als is solved by the items as they came to stand after its last half sweep.
    if (model !== 'm') assert.ok(Math.abs(score - items[0].score) < 1e-5, `${model}: ${score} explains ${items[0].score}`);
    assert.ok(contributions.length > 3, 'the control: there is something to add up');
  }
  place.json('train', 'ok.csv', '--model', 'popularity', '--out', 'pop.m');
  assert.match(place.fails(1, 'explain', 'pop.m', 'ok.csv', '--user', 'u7', '--item', '1'), /popularity.*cannot say/);
});

test('did you mean', () => {
  assert.match(place.fails(2, 'recomend', 'm', 'ok.csv'), /unknown command "recomend" \(did you mean "recommend"\?\)/);
  assert.match(place.fails(2, 'recommend', 'm', 'ok.csv', '--usr', 'u1'), /unknown option --usr \(did you mean --user\?\)/);
  assert.match(place.fails(2, 'train', 'ok.csv', '--model', 'light-gcn', '--out', 'x'), /did you mean "lightgcn"\?/);
  assert.match(place.fails(2, 'forget', 'm', 'ok.csv', '--method', 'retrian', '--users', 'u1', '--out', 'x'), /did you mean "retrain"\?/);
  assert.is(nearest('zzz', ['als', 'ease']), undefined, 'the control: what is like nothing is told nothing');
  assert.not(place.fails(2, 'xyzzy').includes('did you mean'));
});

test.run();
