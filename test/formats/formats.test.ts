import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { philox } from '../../src/base/random.ts';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import type { Content } from '../../src/formats/bytes.ts';
import { npyBytes } from '../../src/formats/npy.ts';
import { type DataSource, readDataset } from '../../src/formats/read.ts';
import type { ReadOptions } from '../../src/formats/read-options.ts';
import type { FORMATS } from '../../src/formats/readers/index.ts';

const test = suite('formats');
const encode = (text: string) => new TextEncoder().encode(text);

/** Entries as `user item value time part`, in the order of positions. */
function rows(data: Dataset): string[] {
  const { indptr, indices, data: values } = data.userItems;
  return [...data.users].flatMap((user) => {
    const u = data.users.indexOf(user);
    return Array.from({ length: indptr[u + 1] - indptr[u] }, (_, k) => {
      const e = indptr[u] + k;
      return [user, data.items.at(indices[e]), values[e], data.times?.[e], data.parts?.[e]].filter((x) => x !== undefined).join(' ');
    });
  });
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function refused(source: DataSource, message: RegExp, options: ReadOptions = {}): Promise<void> {
  try {
    await readDataset(source, options);
  } catch (error) {
    assert.match((error as Error).message, message);
    assert.is((error as Error).name, 'DataError');
    return;
  }
  assert.unreachable(`was read although ${message} was expected`);
}

const expected = ['1 7 5 100', '1 9 3 200', '2 7 4 300'];

/** The same three interactions in every format that can hold them. */
const SAME: Record<keyof typeof FORMATS, [string, string][]> = {
  movielens: [
    ['u.data', '1\t7\t5\t100\n1\t9\t3\t200\n2\t7\t4\t300\n'],
    ['ratings.dat', '1::7::5::100\n1::9::3::200\n2::7::4::300\n'],
  ],
  csv: [
    ['ratings.csv', 'userId,movieId,rating,timestamp\n1,7,5.0,100\n1,9,3.0,200\n2,7,4.0,300\n'],
    ['x.tsv', 'Timestamp\tItem ID\tuser-id\tScore\n100\t7\t1\t5\n200\t9\t1\t3\n300\t7\t2\t4\n'],
    ['', 'user;item;value;time\n2;7;4;300\n1;7;5;100\n1;9;3;200\n'],
  ],
  inter: [
    ['x.inter', 'userID\titemID\trating\ttimestamp\n1\t7\t5\t100\n1\t9\t3\t200\n2\t7\t4\t300\n'],
    ['', 'user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t7\t5\t100\n1\t9\t3\t200\n2\t7\t4\t300\n'],
  ],
  ndjson: [
    [
      'x.ndjson',
      '{"user":1,"item":7,"value":5,"time":100}\n' +
        '{"item":"9","user":"1","time":"200","value":3.0}\n' +
        '{"user":2,"item":7,"value":4,"time":300}\n',
    ],
    [
      '',
      '{"user":{"id":1},"movie":{"id":7},"rating":5,"timestamp":100}\n' +
        '{"user":{"id":1},"movie":{"id":9},"rating":3,"timestamp":200}\n' +
        '{"user":{"id":2},"movie":{"id":7},"rating":4,"timestamp":300}\n',
    ],
  ],
  adjacency: [],
  // Their bytes, and the packages that read them: test/node/binary-formats.test.ts.
  parquet: [],
  arrow: [],
};

for (const [name, samples] of Object.entries(SAME)) {
  for (const [fileName, text] of samples) {
    test(`${name} ${fileName || 'without a name'}: found out and read, whatever its line ends, chunks and wrapping`, async () => {
      const variants: [string, DataSource][] = [
        ['as it is', { name: fileName, chunks: text }],
        ['without final newline', { name: fileName, chunks: text.trimEnd() }],
        ['CRLF', { name: fileName, chunks: text.replaceAll('\n', '\r\n') }],
        ['byte-order mark', { name: fileName, chunks: '\ufeff' + text }],
        ['blank lines', { name: fileName, chunks: text.replaceAll('\n', '\n\n') }],
        ['one byte a chunk', { name: fileName, chunks: Array.from(encode(text), (byte) => Uint8Array.of(byte)) }],
        ['gzip', { name: `${fileName}.gz`, chunks: await gzip(encode(text)) }],
        ['bytes, opened late', { name: fileName, chunks: () => encode(text) }],
        ['Blob', { name: fileName, chunks: new Blob([text]) }],
        ['stream', { name: fileName, chunks: new Blob([text]).stream() }],
      ];
      for (const [what, source] of variants) assert.equal(rows(await readDataset(source)), expected, what);
      assert.equal(rows(await readDataset(text, { format: name as keyof typeof FORMATS })), expected, 'named');
      if (fileName === '') assert.equal(rows(await readDataset(new Response(text))), expected, 'Response');
    });
  }
}

/** The bytes in chunks of random lengths, so that they end within lines, fields, line ends and UTF-8 sequences. */
function randomChunks(text: string, seed: number, longest: number): Uint8Array[] {
  const bytes = encode(text);
  const chunks: Uint8Array[] = [];
  for (let at = 0, draw = 0; at < bytes.length; ) {
    const length = 1 + (philox(draw++, 0, 0, 0, seed, 7)[0] % longest);
    chunks.push(bytes.subarray(at, (at += length)));
  }
  return chunks;
}

/** Rows with ids and numbers of every form, repeated pairs among them. */
function manyRows(count: number, seed: number): string[][] {
  const users = ['0', '7', '007', '12345678901234567890', 'ann', 'Ünï😀', ' b ', "o'x", 'x'.repeat(70), 'é', '-3', '1e3'];
  const plain = ['5', '4.5', '-2', '0', '-0', '.5', '3.', '0.1', '123456789.123456', '00012', '16777217', '0.000123'];
  // Left to the readers of strings, with some lines after them.
  const rare = ['1e2', '0.30000000000000004', '1234567890123456789', ' 2', '+3'];
  return Array.from({ length: count }, (_, row) => {
    const [a, b, c, d] = philox(row, 1, 0, 0, seed, 7);
    return [
      a % 3 === 0 ? users[(a % 7919) % users.length] : String(a % 97),
      b % 5 === 0 ? `item ${(b % 1013) % 31}é` : String(b % 61),
      row % 1500 === 1499 ? rare[c % rare.length] : plain[c % plain.length],
      String(1e9 + (d % 1e6)),
    ];
  });
}

/** All that a data set holds. */
const held = (data: Dataset) => [
  [...data.users],
  [...data.items],
  [...data.userItems.indptr],
  [...data.userItems.indices],
  [...data.userItems.data],
  [...(data.times ?? [])],
  [...(data.parts ?? [])],
  data.duplicates,
  data.fingerprint(),
];

test('streams give the very data set that quoted fields, read as strings, and a builder give, wherever their chunks end', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const table = manyRows(2500, seed);
    const builder = new DatasetBuilder();
    for (const [user, item, value, time] of table) builder.add(user, item, Number(value), Number(time), Number(time) % 3);
    const expected = held(builder.build());
    assert.equal(held(builder.build()), expected, 'building leaves the builder as it is');
    const end = seed % 2 ? '\n' : '\r\n';
    const last = seed % 3 ? end : '';
    const turned = (fields: string[]) => (seed % 2 ? fields : fields.reverse()); // an id stands last, too
    const text = (row: (fields: string[]) => string, delimiter: string) =>
      (delimiter === '::'
        ? ''
        : turned(['user_id:token', 'item_id:token', 'rating:float', 'timestamp:float', 'x_label']).join(delimiter) + end) +
      table
        .map(([user, item, value, time]) =>
          row(delimiter === '::' ? [user, item, value, time] : turned([user, item, value, time, String(Number(time) % 3)])),
        )
        .join(end) +
      last;
    const quoted = (fields: string[]) => fields.map((field) => `"${field}"`).join('\t');
    const mixed = (fields: string[]) => fields.map((field) => (field.length % 3 ? field : `"${field}"`)).join('\t');
    for (const [what, row] of [
      ['plain', (fields: string[]) => fields.join('\t')],
      ['quoted', quoted],
      ['mixed', mixed],
    ] as const) {
      const whole = text(row, '\t');
      const sources: [string, Content][] = [
        ['text', whole],
        ['bytes', encode(whole)],
        ['gzip', await gzip(encode(whole))],
        ['Blob', new Blob([whole])],
        ['Response', new Response(whole)],
        ['short chunks', randomChunks(whole, seed, 9)],
        ['long chunks', randomChunks(whole, seed, 5000)],
      ];
      for (const [wrapping, chunks] of sources)
        assert.equal(held(await readDataset({ name: 'x.inter', chunks })), expected, `seed ${seed}, ${what}, ${wrapping}`);
    }
    const dat = text((fields) => fields.join('::'), '::');
    const timed = new DatasetBuilder();
    for (const [user, item, value, time] of table) timed.add(user, item, Number(value), Number(time));
    for (const chunks of [dat, randomChunks(dat, seed, 40)])
      assert.equal(held(await readDataset({ name: 'ratings.dat', chunks })), held(timed.build()), `seed ${seed}, ratings.dat`);
  }
});

test('a mistake far into a stream is named with its line, wherever chunks end', async () => {
  const good = Array.from({ length: 5000 }, (_, row) => `${row % 50},${row % 43},${row % 5}\n`).join('');
  for (const [line, message] of [
    ['1,2', /^x\.csv:5002: expected 3 fields, found 2/],
    ['1,2,3,4', /^x\.csv:5002: expected 3 fields, found 4/],
    ['1,2,five', /^x\.csv:5002: expected a finite number as the value, found "five"/],
    [',2,3', /^x\.csv:5002: expected a user id/],
    ['1,,3', /^x\.csv:5002: expected an item id/],
    ['1,2,1e39', /^x\.csv:5002: expected a value within float32/],
    ['1,2,', /^x\.csv:5002: expected a finite number/],
    ['1,2,--1', /^x\.csv:5002: .*"--1"/],
    ['1,2,1.2.3', /^x\.csv:5002: .*"1\.2\.3"/],
    ['1,"2,3\n', /^x\.csv:5002: expected a closing double quote/],
  ] as const) {
    const text = `user,item,rating\n${good}${line}\n${line.includes('"') ? '' : good}`;
    for (const longest of [7, 3000]) await refused({ name: 'x.csv', chunks: randomChunks(text, 3, longest) }, message);
  }
  const broken = [encode(`user,item\n${'1,2\n'.repeat(4000)}1,`), Uint8Array.of(0xc3), encode('\n1,2\n')];
  await refused({ name: 'x.csv', chunks: broken }, /^x\.csv:4002: expected UTF-8 text/);
});

test('reading can be watched and ended in the middle; the source is let go', async () => {
  let closed = 0;
  let given = 0;
  const endless = async function* () {
    try {
      yield encode('user,item\n');
      for (const chunk = encode('1,2\n3,4\n'.repeat(1 << 17)); ; given++) yield chunk;
    } finally {
      closed++;
    }
  };
  const controller = new AbortController();
  const seen: number[] = [];
  try {
    await readDataset(
      { name: 'x.csv', chunks: endless },
      {
        signal: controller.signal,
        onProgress: ({ phase, done, total }) => {
          assert.equal([phase, total], ['read', 0]);
          if (seen.push(done) === 3) controller.abort(new Error('enough'));
        },
      },
    );
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
  assert.is(closed, 1);
  assert.ok(seen[0] < seen[1] && seen[1] < seen[2] && given < 20, 'nothing is read ahead of an abort');
  const bytes = encode('user,item\n' + '1,2\n'.repeat(1 << 21));
  const steps: [number, number][] = [];
  await readDataset(bytes, { onProgress: ({ done, total }) => void steps.push([done, total]) });
  assert.ok(steps.length >= 2 && steps.every(([done, total]) => total === bytes.length && done <= total));
  try {
    await readDataset('user,item\n1,2\n', { signal: AbortSignal.abort(new Error('before')) });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'before');
  }
});

test('adjacency lists: one line a user, users without items stay', async () => {
  const data = await readDataset('0 5 7 12 \n1\n2 7\n');
  assert.equal(rows(data), ['0 5 1', '0 7 1', '0 12 1', '2 7 1']);
  assert.equal([...data.users], ['0', '1', '2']);
});

test('x_label names the part; so do file names', async () => {
  assert.equal(rows(await readDataset('userID\titemID\tx_label\r\na\tx\t0\r\na\ty\t1\r\na\tz\t2\r\n')), ['a x 1 0', 'a y 1 1', 'a z 1 2']);
  const files = [
    { name: 'd/test.txt', chunks: '0 3\n1 9 8\n' },
    { name: 'd/train.txt', chunks: '0 1 2\n1 1\n' },
    { name: 'd/validation.txt', chunks: '0 4\n' },
    { name: 'd/README.txt', chunks: 'nothing' },
  ];
  const data = await readDataset(files);
  assert.equal(rows(data), ['0 1 1 0', '0 2 1 0', '0 3 1 2', '0 4 1 1', '1 1 1 0', '1 8 1 2', '1 9 1 2']);
  assert.is(data.source, 'd');
  assert.equal(rows(data.part('validation')), ['0 4 1 1']);
});

test('ids are kept exactly', async () => {
  const ids = [
    '007',
    '7',
    '__proto__',
    'a,b',
    'say "x"',
    'tab\there',
    'line\r\nbreak',
    ' spaces ',
    'Ünï😀',
    'constructor',
    'x'.repeat(500),
  ];
  const text = 'user,item\n' + ids.map((id) => `"${id.replaceAll('"', '""')}",i\n`).join('');
  for (const chunks of [text, Array.from(encode(text), (byte) => Uint8Array.of(byte))]) {
    const data = await readDataset({ name: 'x.csv', chunks });
    assert.equal([...data.users].sort(), [...ids].sort());
  }
});

test('named columns win over usual names; an empty name leaves one out', async () => {
  const text = 'user,who,item,stars,when\n1,a,x,4,9\n2,b,y,2,8\n';
  const named = await readDataset(text, { columns: { user: 'who', time: 'when' } });
  assert.equal(rows(named), ['a x 4 9', 'b y 2 8']);
  assert.equal(rows(await readDataset(text, { columns: { value: '' } })), ['1 x 1', '2 y 1']);
  assert.equal(rows(await readDataset('a,b\n1,2\n', { columns: { user: 'a', item: 'b' } })), ['1 2 1']);
});

test('duplicate pairs: last, sum, error', async () => {
  const text = 'user,item,rating\nu,i,1\nu,j,9\nu,i,4\n';
  const last = await readDataset(text);
  assert.equal([rows(last), last.duplicates], [['u i 4', 'u j 9'], 1]);
  assert.equal(rows(await readDataset(text, { duplicates: 'sum' })), ['u i 5', 'u j 9']);
  await refused(text, /user "u" and item "i" occur together more than once/, { duplicates: 'error' });
});

test('titles: from the file that belongs to the data, from a named one, or none', async () => {
  const ratings = { name: 'ratings.csv', chunks: 'userId,movieId,rating\n1,7,5\n1,8,5\n1,unmapped-1,3\n' };
  const movies = { name: 'movies.csv', chunks: 'movieId,title,genres\n7,"Seven, ""the"" film",x\n8,"two\nlines",y\nunmapped-1,,z\n' };
  const data = await readDataset([movies, ratings]);
  assert.equal(
    [...data.titles],
    [
      [0, 'Seven, "the" film'],
      [1, 'two\nlines'],
    ],
  );
  assert.is((await readDataset([movies, ratings], { titles: false })).titles.size, 0);
  assert.is((await readDataset(ratings, { titles: movies })).titles.size, 2);
  const other = await readDataset([{ name: 'x.inter', chunks: 'userID\titemID\n1\t7\n' }, movies]);
  assert.is(other.titles.size, 0, 'ids of another file are not taken for these');
  const own = await readDataset([
    { name: 'x.inter', chunks: 'userID\titemID\n1\t7\n' },
    { name: 'titles.tsv', chunks: 'item\ttitle\n7\tSeven\n' },
  ]);
  assert.is(own.titles.get(0), 'Seven');
  const old = await readDataset([
    { name: 'u.data', chunks: '1\t7\t5\t100\n' },
    { name: 'u.item', chunks: Uint8Array.of(0x37, 0x7c, 0xc9, 0x74, 0xe9, 0x7c, 0x0a) },
  ]);
  assert.is(old.titles.get(0), 'Été');
});

const features = (rows: number, dims: number, fill = (i: number) => i) =>
  npyBytes({ shape: [rows, dims], data: Float32Array.from({ length: rows * dims }, (_, i) => fill(i)) });

test('features: row r is the item with id r; items without interactions join', async () => {
  const inter = { name: 'x.inter', chunks: 'userID\titemID\n0\t2\n1\t0\n' };
  const data = await readDataset([
    inter,
    { name: 'text_feat.npy', chunks: features(12, 2) },
    { name: 'image_feat.npy', chunks: features(12, 1) },
  ]);
  assert.equal(
    [...data.items].map(Number),
    Array.from({ length: 12 }, (_, i) => i),
  );
  const text = data.features.get('text')!;
  assert.equal([text.dims, [...text.values.subarray(20, 24)], [...text.present]], [2, [20, 21, 22, 23], Array(12).fill(1)]);
  assert.is(data.features.get('image')!.dims, 1);
  assert.is(data.interactions, 2);
  const one = await readDataset(
    [inter, { name: 'text_feat.npy', chunks: features(12, 2) }, { name: 'image_feat.npy', chunks: 'never opened' }],
    { features: ['text'] },
  );
  assert.equal([...one.features.keys()], ['text']);
});

test('broken features are refused', async () => {
  const inter = { name: 'd/x.inter', chunks: 'userID\titemID\n0\t2\n1\t0\n' };
  const feat = (chunks: Uint8Array) => [inter, { name: 'd/text_feat.npy', chunks }];
  await refused(feat(features(2, 3)), /d\/text_feat\.npy: expected a row of features for every item, found 2 rows and item 2/);
  await refused(feat(features(3, 3, (i) => (i === 4 ? NaN : i))), /expected finite features, found NaN in row 1, column 1/);
  await refused(feat(features(3, 3).subarray(0, 140)), /truncated/);
  await refused(feat(npyBytes({ shape: [3], data: new Float32Array(3) })), /expected a matrix/);
  await refused(feat(npyBytes({ shape: [3, 1], data: new Int32Array(3) })), /expected a matrix/);
  await refused(feat(encode('no array at all')), /expected a NumPy .npy array/);
  await refused(
    [
      { name: 'x.inter', chunks: 'userID\titemID\n0\tb\n' },
      { name: 'text_feat.npy', chunks: features(3, 3) },
    ],
    /row numbers of the features, found item "b"/,
  );
  await refused([inter], /expected a file audio_feat.npy, found none/, { features: ['audio'] });
});

test('bad input: one error that names place, expectation and finding', async () => {
  const csv = (chunks: DataSource & (string | Uint8Array)) => ({ name: 'x.csv', chunks });
  await refused(csv(''), /^x\.csv: expected interactions, found an empty file/);
  await refused('', /^data: expected interactions, found an empty file/);
  await refused(csv('user,item\n'), /^x\.csv: expected interactions, found none/);
  await refused(
    csv('who,what\n1,2\n'),
    /^x\.csv:1: expected a header with a column such as "user" or "userId" for the user; the columns there are: "who", "what"/,
  );
  await refused(csv('user,what\n1,2\n'), /for the item; the columns there are: "user", "what"/);
  await refused('user,item\n1,2\n', /a column "uid" for the user; the columns there are: "user", "item"/, { columns: { user: 'uid' } });
  await refused(csv('user,item\n1,2\n1,2,3\n'), /^x\.csv:3: expected 2 fields, found 3/);
  await refused({ name: 'u.data', chunks: '1\t2\t3\t4\n1\t2\t3\n' }, /^u\.data:2: expected 4 fields, found 3/);
  await refused({ name: 'u.data', chunks: '1\t2\n' }, /^u\.data:1: expected user, item, value/);
  for (const bad of ['NaN', 'Infinity', '-Infinity', 'x', '', '1e39']) {
    await refused(
      csv(`user,item,rating\n1,2,3\n1,3,${bad}\n`),
      /^x\.csv:3: expected a (finite number as the value|value within float32's range), found "/,
    );
  }
  await refused(csv('user,item,time\n1,2,noon\n'), /^x\.csv:2: expected a finite number as the time, found "noon"/);
  await refused(csv('user,item\n,2\n'), /^x\.csv:2: expected a user id, found an empty field/);
  await refused(csv('user,item\n1,\n'), /^x\.csv:2: expected an item id, found an empty field/);
  await refused(csv('user,item\n1,"2\n3,4\n'), /^x\.csv:2: expected a closing double quote, found the end/);
  await refused(csv('user,item\n1,"2"x\n'), /^x\.csv:2: expected "," or the line's end after a closing double quote, found "x"/);
  await refused(
    'userID\titemID\tx_label\n1\t2\t4\n',
    /^data:2: expected 0 \(train\), 1 \(validation\), 2 \(test\) or 3 \(unseen\) as x_label, found "4"/,
  );
  await refused(csv(Uint8Array.of(...encode('user,item\nok,1\n'), 0xff, 0x2c, 0x31)), /^x\.csv:3: expected UTF-8 text/);
  await refused(csv('user,item\n' + 'x'.repeat(16 * 1024 * 1024 + 1)), /^x\.csv:2: expected a line of at most 16777216 bytes/);
  await refused(csv(Uint8Array.of(0x50, 0x4b, 3, 4)), /zip archive/);
  await refused(Uint8Array.of(1, 0, 2), /found binary data/);
  await refused('three word line\nthree word line\n', /name one of movielens, inter, csv, ndjson, adjacency, parquet, arrow/);
  await refused(new Response('nothing', { status: 404 }), /expected a response with data, got HTTP status 404/);
  await refused(
    [
      { name: 'a.csv', chunks: '' },
      { name: 'b.csv', chunks: '' },
    ],
    /expected one file of interactions.*found a\.csv, b\.csv/,
  );
  await refused(
    [
      { name: 'f/readme.md', chunks: '' },
      { name: 'f/x.npz', chunks: '' },
    ],
    /^f: expected a file of interactions, found readme\.md, x\.npz/,
  );
  await refused(
    [
      { name: 'train.csv', chunks: 'user,item,time\n1,2,3\n' },
      { name: 'test.csv', chunks: 'user,item\n1,3\n' },
    ],
    /a time, and a part of the split, for all interactions or for none/,
  );
});

test('negative values are read: models decide whether they make sense', async () => {
  assert.equal(rows(await readDataset('user,item,rating\n1,2,-3\n')), ['1 2 -3']);
});

test('truncated or damaged gzip, and a name that lies', async () => {
  const text = 'user,item\n' + Array.from({ length: 3000 }, (_, i) => `u${(i * 7919) % 3001},i${(i * 31) % 97}\n`).join('');
  const whole = await gzip(encode(text));
  assert.is((await readDataset(whole)).interactions, 3000);
  for (const cut of [whole.length - 1, whole.length - 9, whole.length >> 1, 12]) {
    await refused(
      { name: 'x.csv.gz', chunks: whole.slice(0, cut) },
      /^x\.csv\.gz: expected whole gzip data, found them truncated or damaged/,
    );
  }
  const flipped = whole.slice();
  flipped[whole.length >> 1] ^= 16;
  await refused({ name: 'x.csv.gz', chunks: flipped }, /truncated or damaged/);
  await refused({ name: 'x.csv.gz', chunks: text }, /is named \.gz but does not hold gzip data/);
});

test('options are checked', async () => {
  const fails = async (options: object, message: RegExp) => {
    try {
      await readDataset('user,item\n1,2\n', options);
    } catch (error) {
      return assert.match((error as Error).message, message);
    }
    assert.unreachable(`${JSON.stringify(options)} was accepted`);
  };
  await fails({ formatt: 'csv' }, /knows no option "formatt"/);
  await fails({ format: 'xml' }, /"format" expected one of movielens, inter, csv, ndjson, adjacency, parquet, arrow; got "xml"/);
  await fails({ duplicates: 'first' }, /"duplicates" expected one of last, sum, error/);
  await fails({ columns: { users: 'x' } }, /columns knows no option "users"/);
  await fails({ format: 'adjacency', columns: { user: 'x' } }, /"columns" applies to tables/);
});

test('an error while the source is read is passed on as it is', async () => {
  const broken = (async function* () {
    yield await gzip(encode('user,item\n')).then((bytes) => bytes.slice(0, 12));
    throw new Error('the line was cut');
  })();
  try {
    await readDataset(broken);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'the line was cut');
  }
});

test('a quoted field that never ends is given up in time', async () => {
  const started = Date.now();
  await refused({ name: 'x.csv', chunks: 'user,item\n1,"open\n' + 'a,"b"\n'.repeat(300000) }, /expected a closing double quote/);
  assert.ok(Date.now() - started < 5000);
});

test.run();
