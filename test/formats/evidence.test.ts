// What speaks for a format and for a column, and what is refused because it could be meant in two ways.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, type ReadOptions, readDataset } from '../../src/index.ts';

const test = suite('evidence');

const rows = (data: Dataset): string[] => {
  const { indptr, indices, data: values } = data.userItems;
  return [...data.users].flatMap((user, u) =>
    Array.from({ length: indptr[u + 1] - indptr[u] }, (_, n) => {
      const entry = indptr[u] + n;
      return [user, data.items.at(indices[entry]), values[entry], ...(data.times ? [data.times[entry]] : [])].join(' ');
    }),
  );
};
const named = (name: string, chunks: string) => ({ name, chunks });

async function refused(source: Parameters<typeof readDataset>[0], message: RegExp, options: ReadOptions = {}): Promise<void> {
  let error: Error | undefined;
  await readDataset(source, options).catch((thrown) => (error = thrown));
  if (error) assert.match(error.message, message);
  else assert.unreachable(`was read although ${message} was expected`);
}

const NO_FORMAT = /its format is none that is recognised; name one of movielens, inter, csv, ndjson, adjacency, parquet, arrow/;

test('pages, prose and triples are no adjacency lists', async () => {
  await refused('Not Found', NO_FORMAT);
  await refused('Not Found\n', NO_FORMAT);
  await refused(named('data.txt', '404 Not Found\nnginx\n'), NO_FORMAT);
  await refused('<!DOCTYPE html>\n<html><body>no data</body></html>\n', /found a web page/);
  await refused('\n <html>\n', /found a web page/);
  await refused('It was the best of times\nit was the worst of times it was\nthe age of wisdom\n', NO_FORMAT);
  await refused('1 10 5\n1 11 3\n2 10 4\n', NO_FORMAT);
  await refused(named('train.txt', '1 10 5\n2 11 3\n3 12 4\n'), NO_FORMAT);
  await refused('ann tea 5\nbob tea 3\n', NO_FORMAT);
  await refused('12 40\n13 41\n', NO_FORMAT);
  await refused('1 10 11\n1 12\n', NO_FORMAT); // a user twice
  assert.equal(rows(await readDataset('1 10 11 12\n2 10\n')), ['1 10 1', '1 11 1', '1 12 1', '2 10 1']);
  assert.equal(rows(await readDataset('ann tea milk\n', { format: 'adjacency' })), ['ann milk 1', 'ann tea 1'], 'named, it is believed');
  const triples = { delimiter: 'blank', header: false } as const;
  assert.equal(rows(await readDataset('1 10 5\n1 11 3\n', triples)), ['1 10 5', '1 11 3']);
});

test('parts of a split have the format of their first', async () => {
  const files = [named('test.txt', '1 7 8\n2 9 7\n'), named('train.txt', '1 10 11 12\n2 10\n')];
  assert.is((await readDataset(files)).interactions, 8);
});

test('a value column under another name is not dropped in silence', async () => {
  await refused(
    'user,item,Points\na,x,3\nb,x,-1\n',
    /values may be in "Points", or nowhere; say it in columns: value=Points, or value= where there are none/,
  );
  await refused('user_id,item_id,label\na,x,1\nb,x,0\n', /values may be in "label"/);
  await refused('user,item,rating,weight\na,x,3,1\n', /values may be in "rating", "weight"; say which/);
  assert.equal(rows(await readDataset('user,item,Points\na,x,3\n', { columns: { value: 'Points' } })), ['a x 3']);
  assert.equal(rows(await readDataset('user,item,Points\na,x,3\n', { columns: { value: '' } })), ['a x 1']);
  assert.equal(rows(await readDataset('user,item,title\na,x,Tea\n')), ['a x 1'], 'text is no value');
});

test('a time is not taken for a value', async () => {
  await refused(
    '1\t10\t881250949\n2\t10\t891717742\n',
    /data:1: column 3 may be a time or a value; say columns user=1,item=2,time=3 or …,value=3/,
  );
  const text = '1\t10\t881250949\n2\t10\t891717742\n';
  assert.equal(rows(await readDataset(text, { columns: { user: 1, item: 2, time: 3 } })), ['1 10 1 881250949', '2 10 1 891717742']);
  assert.is((await readDataset(text, { columns: { user: 1, item: 2, value: 3 } })).times, undefined);
});

test('columns by number, a header that is said, a delimiter that is said', async () => {
  assert.equal(rows(await readDataset('5,a,x\n3,b,x\n', { columns: { value: 1, user: 2, item: 3 } })), ['a x 5', 'b x 3']);
  assert.equal(rows(await readDataset('a,x,5\nb,x,3\n', { format: 'csv', header: false })), ['a x 5', 'b x 3']);
  assert.equal(rows(await readDataset('p,q,r\na,x,5\n', { header: true, columns: { user: 1, item: 2, value: 3 } })), ['a x 5']);
  const both = { columns: { user: 1, item: 2 } };
  await refused(
    'user,item\na,x\n',
    /columns are given by number, and the first line looks like their names \("user", "item"\); say header yes or no/,
    both,
  );
  assert.equal(rows(await readDataset('user,item\na,x\n', { ...both, header: false })), ['a x 1', 'user item 1']);
  await refused('a,x\n', /expected a number from 1 to 2 as the item column/, { columns: { user: 1, item: 3 } });
  await refused('a,x\n', /column 1 is given as user and as item/, { columns: { user: 1, item: 1 } });
  await refused(named('x.csv', 'a,x,5\n'), /or number the columns where the first line is a row/);
  assert.equal(rows(await readDataset('user~item~rating\na~x,y~5\n', { delimiter: '~' })), ['a x,y 5']);
  for (const delimiter of ['', '""', 'abc', '5', '\n']) await refused('user,item\na,x\n', /"delimiter" expected tab, comma/, { delimiter });
  assert.equal(
    rows(await readDataset('"a,b,c,d";item;rating\nu;x;5\n', { columns: { user: 'a,b,c,d' } })),
    ['u x 5'],
    'quoted ones do not count',
  );
  assert.equal(rows(await readDataset(named('x.csv', 'sep=;\nuser;item;rating\na,b;x;5\n'))), ['a,b x 5']);
  assert.equal(rows(await readDataset(named('x.csv', '\ufeffsep=;\r\nuser;item;rating\r\na,b;x;5\r\n'))), ['a,b x 5']);
});

test('it is said which columns were taken for what', async () => {
  const said = async (text: string, options: ReadOptions = {}): Promise<string[]> => {
    const notes: string[] = [];
    await readDataset(text, { ...options, onNote: (note) => notes.push(note) });
    return notes;
  };
  assert.equal(await said('userId,movieId,rating,timestamp,genre\na,x,5,7,Drama\n'), [
    'data: read as csv, user = "userId", item = "movieId", value = "rating", time = "timestamp"; left out: "genre"',
  ]);
  assert.equal(await said('1\t2\t3\n4\t5\t6\n'), ['data: read as movielens, user = column 1, item = column 2, value = column 3, no time']);
  assert.equal(await said('user,item\na,x\n'), ['data: read as csv, user = "user", item = "item", no value (all 1), no time']);
});

test('rows that are no likes are left out, by the value or by another column', async () => {
  const text = 'user,item,rating,minutes\na,x,5,1\na,y,3,90\nb,x,4,60\nc,x,1,2\n';
  const read = (likes: string, name = 'data') => readDataset(named(name, text), { likes });
  assert.equal(rows(await read('value>=4')), ['a x 5', 'b x 4']);
  assert.equal(rows(await read('rating>4')), ['a x 5'], 'the value column by its own name');
  assert.equal(rows(await read('minutes>=60')), ['a y 3', 'b x 4']);
  const data = await read('rating>=4');
  assert.equal([data.reading?.likes, data.users.size], ['value>=4', 3], 'people who like nothing stay known');
  assert.is((await read('minutes>=60')).users.size, 3);
  assert.is((await read('minutes>=60')).reading?.likes, 'minutes>=60');
  await refused(text, /no row is a like by the rule value>=9/, { likes: 'value>=9' });
  await refused(text, /expected a column "hours" to tell likes by, found "user", "item", "rating", "minutes"/, { likes: 'hours>1' });
  for (const likes of ['4', 'value', 'value<4', 'value>=', 'value>=x', '>=4'])
    await refused(text, /"likes" expected a column, > or >=, and a number/, { likes });
});

test.run();
