// The same rows in whatever form they come: one fingerprint. And what each form refuses.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from '../../src/formats/zip.ts';
import { type DataSource, datasetFrom, npyBytes, type ReadOptions, readDataset } from '../../src/index.ts';

const test = suite('readers');
const encode = (text: string) => new TextEncoder().encode(text);

/** Users, items, values and times that every form can hold. */
const rows = Array.from({ length: 40 }, (_, n) => ({
  user: n % 4 === 3 ? `ü${n % 7}` : String(n % 7),
  item: `i-${(n * 5) % 11}`,
  value: (n % 9) / 2,
  time: 1714557600 + n,
}));
const iso = (time: number): string => new Date(time * 1000).toISOString();
const lines = (row: (r: (typeof rows)[number]) => readonly (string | number)[], delimiter: string, end = '\n'): string =>
  rows.map((r) => row(r).join(delimiter) + end).join('');
const all = ({ user, item, value, time }: (typeof rows)[number]) => [user, item, value, time];
const csv = `user,item,value,time\n${lines(all, ',')}`;

async function packed(bytes: Uint8Array, format: 'gzip' | 'deflate-raw'): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A zip archive of deflated members. */
async function zipOf(members: Record<string, string | Uint8Array>): Promise<Uint8Array> {
  const pieces: number[] = [];
  const directory: number[] = [];
  const u16 = (...values: number[]) => values.flatMap((v) => [v & 255, v >> 8]);
  const u32 = (...values: number[]) => values.flatMap((v) => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24]);
  for (const [name, content] of Object.entries(members)) {
    const plain = typeof content === 'string' ? encode(content) : content;
    const bytes = await packed(plain, 'deflate-raw');
    const common = [...u16(20, 0x0800, 8, 0, 0x21), ...u32(crc32(plain), bytes.length, plain.length), ...u16(encode(name).length, 0)];
    directory.push(...u32(0x02014b50), ...u16(20), ...common, ...u16(0, 0, 0), ...u32(0, pieces.length), ...encode(name));
    pieces.push(...u32(0x04034b50), ...common, ...encode(name), ...bytes);
  }
  const count = Object.keys(members).length;
  const end = [...u32(0x06054b50), ...u16(0, 0, count, count), ...u32(directory.length, pieces.length), ...u16(0)];
  return Uint8Array.from([...pieces, ...directory, ...end]);
}

function utf16(text: string, bigEndian: boolean, mark = true): Uint8Array {
  const units = Array.from((mark ? '\ufeff' : '') + text, (character) => [...character].map((_, n) => character.charCodeAt(n))).flat();
  const whole = (mark ? '\ufeff' : '') + text;
  const bytes = new Uint8Array(whole.length * 2);
  for (let n = 0; n < whole.length; n++) new DataView(bytes.buffer).setUint16(2 * n, whole.charCodeAt(n), !bigEndian);
  assert.ok(units.length > 0);
  return bytes;
}
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const bare: ReadOptions = { columns: { user: 1, item: 2, value: 3, time: 4 } };

/** What has to be packed first is made within its test: some hosts do nothing of the kind while a file is loaded. */
const FORMS: Record<string, readonly [DataSource | (() => Promise<DataSource>), ReadOptions?]> = {
  'CSV with a header': [csv],
  'CSV without one': [lines(all, ','), bare],
  'CSV without one, whose name says it': [{ name: 'x.csv', chunks: lines(all, ',') }, { header: false }],
  'tabs without a header': [lines(all, '\t')],
  'separated by blanks': [lines(all, ' '), { ...bare, delimiter: 'blank' }],
  'separated by many blanks and tabs': [`  ${lines(all, '  \t ', '   \r\n ')}`, { ...bare, delimiter: 'blanks' }],
  'separated by many blanks, with a header': [`user   item   value  time\n${lines(all, '     ')}`, { delimiter: 'blanks' }],
  'comments before the table': [`# made by hand\n#\n# in 2024\n${csv}`],
  'comments before a table without a header': [`# user, item, value, time\n${lines(all, ',')}`, { header: false, delimiter: ',' }],
  'comments everywhere': [`% a\n${csv.replaceAll('\n', '\n%, %\n')}`, { comments: '%' }],
  'comments of two signs': [`//x\n${csv}//y`, { comments: '//' }],
  'decimal commas': [`user;item;value;time\n${lines((r) => [r.user, r.item, String(r.value).replace('.', ','), r.time], ';')}`],
  'decimal commas in tabs': [
    lines((r) => [r.user, r.item, String(r.value).replace('.', ','), r.time], '\t'),
    { ...bare, decimal: 'comma' },
  ],
  'decimal commas, quoted': [
    `user,item,value,time\n${lines((r) => [r.user, r.item, `"${r.value.toFixed(2).replace('.', ',')}"`, r.time], ',')}`,
    { decimal: 'comma' },
  ],
  'ISO times': [`user,item,value,time\n${lines((r) => [r.user, r.item, r.value, iso(r.time)], ',')}`],
  'ISO times with a blank, without an offset': [lines((r) => [r.user, r.item, r.value, iso(r.time).slice(0, 19).replace('T', ' ')], '\t')],
  'latin-1': [latin1(csv), { encoding: 'latin-1' }],
  'UTF-16, little-endian': [utf16(csv, false)],
  'UTF-16, big-endian': [utf16(csv, true)],
  'UTF-16 without a mark': [utf16(csv, false, false), { encoding: 'utf-16' }],
  'UTF-16 in chunks of a byte': [{ name: 'x', chunks: Array.from(utf16(csv, true), (byte) => Uint8Array.of(byte)) }],
  gzip: [() => packed(encode(csv), 'gzip')],
  NDJSON: [rows.map((row) => `${JSON.stringify(row)}\n`).join('')],
  'NDJSON, nested, with text for numbers': [
    rows
      .map((r) => `${JSON.stringify({ user: { id: r.user }, of: { item: r.item }, value: String(r.value), time: iso(r.time), x: [1] })}\n`)
      .join(''),
    { columns: { item: 'of.item' } },
  ],
  'a zip of one file': [() => zipOf({ 'x/ratings.csv': csv })],
  'a zip of a zipped file': [async () => zipOf({ 'ratings.csv.gz': await packed(encode(csv), 'gzip') })],
  'a zip of a folder': [
    () =>
      zipOf({ 'ml/README.md': '# x', 'ml/ratings.csv': csv, 'ml/movies.csv': 'item,title\ni-1,One\n', '__MACOSX/ml/._ratings.csv': 'x' }),
  ],
  'rows of a program': [{ name: 'x', chunks: [] }, {}],
};

const expected = await readDataset(csv);

for (const [form, [source, options]] of Object.entries(FORMS)) {
  test(`${form}: the same digest`, async () => {
    const data =
      form === 'rows of a program'
        ? await datasetFrom(rows)
        : await readDataset(typeof source === 'function' ? await source() : source, options);
    assert.equal([...data.rows()], [...expected.rows()]);
    assert.is(data.fingerprint(), expected.fingerprint());
  });
}

test('another value in any of the forms is another digest', async () => {
  assert.is(expected.interactions, 40);
  for (const other of [csv.replace(',2.5,', ',2.25,'), csv.replace('ü', 'ö'), csv.replace('i-5', 'i-12')]) {
    assert.not.equal(other, csv);
    assert.not.equal((await readDataset(other)).fingerprint(), expected.fingerprint());
    assert.not.equal((await readDataset(await zipOf({ 'a.csv': other }))).fingerprint(), expected.fingerprint());
    assert.not.equal((await readDataset(utf16(other, false))).fingerprint(), expected.fingerprint());
  }
  assert.not.equal((await readDataset(csv, { encoding: 'latin-1' })).fingerprint(), expected.fingerprint(), 'UTF-8 taken for latin-1');
});

test('titles come out of the zip that holds a folder', async () => {
  const data = await readDataset(await zipOf({ 'ml/ratings.csv': csv, 'ml/movies.csv': 'item,title\ni-1,One\n' }));
  assert.is(data.titles.get(data.items.indexOf('i-1')), 'One');
});

test('UTF-16 of characters beyond 16 bits, and of every width in UTF-8', async () => {
  const text = 'user,item\na😀,ß€\n😀😀,é\n';
  for (const bigEndian of [true, false]) assert.equal([...(await readDataset(utf16(text, bigEndian))).users], ['a😀', '😀😀']);
  await refused(utf16('user,item\na,b\n', false).subarray(0, 25), /half of a character/);
  await refused(utf16('user,item\n\ud83d,b\n', false), /half of a character/);
  await refused(utf16('user,item\n\ude00,b\n', false), /half of a character/);
});

async function refused(source: DataSource, message: RegExp, options: ReadOptions = {}, kind = 'DataError'): Promise<void> {
  try {
    await readDataset(source, options);
  } catch (error) {
    assert.match((error as Error).message, message);
    assert.is((error as Error).name, kind, (error as Error).message);
    return;
  }
  assert.unreachable(`was read although ${message} was expected`);
}

test('what is no such form is refused with its line', async () => {
  const text = (name: string, chunks: string | Uint8Array): DataSource => ({ name, chunks });
  await refused(text('x.ndjson', '{"user":1,"item":2}\n{"user":1\n'), /^x\.ndjson:2: expected a JSON object on the line/);
  await refused(text('x.ndjson', '{"user":1,"item":2}\n[1,2]\n'), /^x\.ndjson:2: expected a JSON object on the line, found an array/);
  await refused(
    text('x.ndjson', '{"user":1,"item":2}\n\n{"user":null,"item":2}\n'),
    /^x\.ndjson:3: expected an id.*as the user; found null/,
  );
  await refused(
    text('x.ndjson', '{"user":1,"item":12345678901234567890}\n'),
    /float64 holds exactly, as the item; found 12345678901234567000/,
  );
  await refused(text('x.ndjson', '{"who":1,"item":2}\n'), /expected a header with a column such as "user".*"who", "item"/);
  await refused(text('x.ndjson', '{"user":1,"item":2,"points":3}\n'), /values may be in "points", or nowhere/);
  await refused(text('x.ndjson', '{"user":1,"item":2,"value":"many"}\n'), /as the value; found "many"/, { columns: { value: 'value' } });
  await refused(
    text('x.ndjson', '{"user":1,"item":2}\n'),
    /"delimiter" applies to tables of delimited text/,
    { delimiter: ',', format: 'ndjson' },
    'TypeError',
  );
  await refused(text('x.json', '[{"user":1,"item":2}]'), /one JSON array; write an object a line/);
  await refused(text('x.csv', 'user;item;value\na;b;1,234\n'), /found "1,234"; say decimal comma/);
  await refused(text('x.csv', 'user,item,value\na,b,"4,5"\n'), /expected a finite number as the value, found "4,5"; say decimal comma/);
  await refused(text('x.csv', 'user;item;value\na;b;4,5\nc;d;4.5\n'), /found "4,5"; say decimal comma/);
  await refused(text('x.csv', 'user;item;value\na;b;4.5\n'), /finite number with a decimal comma as the value, found "4\.5"/, {
    decimal: 'comma',
  });
  await refused(text('x.csv', 'user,item,value,time\na,b,1,2024-02-30\n'), /expected a finite number as the time, found "2024-02-30"/);
  await refused(text('x.txt', '#user item\n'), /the first line begins with #: say comments #/);
  await refused(text('x.csv', 'user,item\na,b\n#x,y,z\n'), /^x\.csv:3: expected 2 fields, found 3/);
  await refused(text('x.csv', '# a\n# b\nuser,item,value\na,b,x\n'), /^x\.csv:4: /);
  await refused(text('x.csv', 'user,item\na,b\n'), /"comments" expected one to three signs/, { comments: 'no' }, 'RangeError');
  await refused(
    text('x.csv', 'user,item\na,b\n'),
    /"encoding" expected one of utf-8, latin-1, utf-16/,
    { encoding: 'cp1252' as never },
    'RangeError',
  );
  await refused(text('x.csv', latin1(csv)), /expected UTF-8 text/);
  await refused(text('x.zip', await zipOf({})), /^x\.zip: expected interactions, found an empty zip/);
  await refused(text('x.zip', await zipOf({ 'a.csv': csv, 'b.csv': csv })), /expected one file of interactions.*found a\.csv, b\.csv/);
  await refused(text('x.zip', (await zipOf({ 'a.csv': csv })).subarray(0, 99)), /^x\.zip: expected a whole zip archive/);
  await refused(text('x.zip', await zipOf({ 'a.zip': await zipOf({ 'a.csv': csv }) })), /a zip archive within others/);
  const broken = await zipOf({ 'a.csv': csv });
  broken[60] ^= 255;
  await refused(text('x.zip', broken), /^x\.zip\/a\.csv: (cannot be inflated|is damaged|expected)/);
  await refused(text('x.parquet', 'no'), /^x\.parquet: expected parquet, found other bytes/, { format: 'parquet' });
  await refused(npyBytes({ shape: [1], data: new Float32Array(1) }), /a NumPy array/);
});

test('numbers of thousands with decimal commas, and signs', async () => {
  const value = async (text: string): Promise<number> =>
    [...(await readDataset(`user;item;value\na;b;${text}\n`, { decimal: 'comma' })).rows()][0].value;
  const cases: [string, number][] = [
    ['1.234,5', 1234.5],
    ['1 234', 1234],
    ['-0,5', -0.5],
    ['+7', 7],
    [',5', 0.5],
    ['3,', 3],
    ['12\u00a0345\u00a0678,25', 12345678],
    ['1234', 1234],
  ];
  for (const [text, number] of cases) assert.is(await value(text), number, text);
  for (const text of ['1.23', '1,2,3', '1 23', ',', '', '1e5', 'x'])
    await refused(`user;item;value\na;b;${text}\n`, /decimal comma as the value/, { decimal: 'comma' });
});

test('train and test in files of their own', async () => {
  const train = { name: 'a.csv', chunks: 'user,item\nu,a\nu,b\n' };
  const held = (name: string, chunks: string) => ({ name, chunks });
  const data = await readDataset(train, { test: held('b.csv', 'user,item\nu,c\nv,a\n'), validation: held('c.csv', 'user,item\nu,d\n') });
  assert.equal(
    [...data.rows()].map(({ user, item, part }) => `${user}${item} ${part}`),
    ['ua train', 'ub train', 'uc test', 'ud validation', 'va test'],
  );
  assert.equal(data.reading, { test: 'b.csv', validation: 'c.csv' });
  await refused(train, /^b\.csv: expected interactions, found an empty file/, { test: held('b.csv', '') });
  await refused({ name: 'x.inter', chunks: 'user\titem\tx_label\nu\ta\t0\n' }, /which part of a split they belong to/, {
    test: held('b.csv', 'user,item\nu,c\n'),
  });
  await refused([held('train.csv', train.chunks), held('test.csv', train.chunks)], /brings a split by itself/, {
    test: held('b.csv', 'user,item\nu,c\n'),
  });
  await refused(train, /"test" expected a file/, { test: 'b.csv' as never }, 'TypeError');
});

test('packages are asked for by name, and their absence is one sentence', async () => {
  const parquet = Uint8Array.from([0x50, 0x41, 0x52, 0x31, 0, 0, 0, 0, 0x50, 0x41, 0x52, 0x31]);
  const broken = {
    parquetMetadata: () => {
      throw new Error('no footer');
    },
  };
  await refused({ name: 'x.parquet', chunks: parquet }, /^x\.parquet: cannot be read as Parquet \(no footer\)/, {
    packages: { hyparquet: broken },
  });
  await refused(parquet, /knows no option "parquet"/, { packages: { parquet: broken } as never }, 'TypeError');
});

test.run();
