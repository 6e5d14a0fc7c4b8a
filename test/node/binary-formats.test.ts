// Parquet and Arrow IPC, read by the packages that are installed beside: the same digest as text, and what is refused.
import { Table, Timestamp, TimeUnit, tableFromArrays, tableFromJSON, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DataSource, datasetFrom, type ReadOptions, readDataset } from '../../src/index.ts';

const test = suite('binary formats');

const rows = Array.from({ length: 40 }, (_, n) => ({
  user: n % 4 === 3 ? `ü${n % 7}` : String(n % 7),
  item: (n * 5) % 11,
  value: (n % 9) / 2,
  time: 1714557600 + n,
}));
const expected = await datasetFrom(rows);
const users = rows.map(({ user }) => user);
const items = Int32Array.from(rows, ({ item }) => item);
const values = Float64Array.from(rows, ({ value }) => value);
const times = BigInt64Array.from(rows, ({ time }) => BigInt(time));
const dates = rows.map(({ time }) => new Date(time * 1000));

const parquet = (options: object = {}, column = 'value'): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'user', data: users, type: 'STRING' },
        { name: 'item', data: items, type: 'INT32' },
        { name: column, data: values, type: 'DOUBLE' },
        { name: 'time', data: dates, type: 'TIMESTAMP' },
      ],
      ...options,
    }),
  );
const table = tableFromArrays({ user: users, item: items, value: values, time: times });
const arrow = (format: 'file' | 'stream'): Uint8Array => tableToIPC(table, format);
const timed = new Table({
  user: vectorFromArray(users),
  item: vectorFromArray(items),
  value: vectorFromArray(values),
  time: vectorFromArray(dates, new Timestamp(TimeUnit.MICROSECOND)),
});

const FORMS: Record<string, readonly [DataSource, ReadOptions?]> = {
  'Parquet, Snappy': [parquet()],
  'Parquet, uncompressed, in small row groups': [parquet({ rowGroupSize: 7, codec: 'UNCOMPRESSED' })],
  'Parquet in chunks of a byte': [{ name: 'x', chunks: Array.from(parquet(), (byte) => Uint8Array.of(byte)) }],
  'Parquet of other names': [parquet({}, 'stars'), { columns: { value: 'stars' } }],
  'Arrow file': [arrow('file')],
  'Arrow stream': [arrow('stream')],
  'Arrow with times of its own': [tableToIPC(timed, 'file')],
};

for (const [form, [source, options]] of Object.entries(FORMS)) {
  test(`${form}: the same digest`, async () => {
    const notes: string[] = [];
    const data = await readDataset(source, { ...options, onNote: (note) => notes.push(note) });
    assert.equal([...data.rows()], [...expected.rows()]);
    assert.is(data.fingerprint(), expected.fingerprint());
    assert.match(notes.join(), /read as (parquet|arrow), user = "user", item = "item", value = "\w+", time = "time"/);
  });
}

test('an Arrow table itself, in batches and with a column of times', async () => {
  for (const given of [table, timed]) assert.equal([...(await datasetFrom(given)).rows()], [...expected.rows()]);
  const half = tableFromArrays({ user: ['a', 'b'], item: [1, 2] });
  const both = half.concat(tableFromArrays({ user: ['c'], item: [3] }));
  assert.equal([...(await datasetFrom(both)).users], ['a', 'b', 'c']);
});

async function refused(source: DataSource, message: RegExp, options: ReadOptions = {}): Promise<void> {
  try {
    await readDataset(source, options);
  } catch (error) {
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`was read although ${message} was expected`);
}

test('nulls, columns that are missing or not clear, and what does not apply', async () => {
  const nulls = tableToIPC(
    tableFromJSON([
      { user: 'a', item: 'b' },
      { user: null, item: 'c' },
    ]),
    'file',
  );
  await refused({ name: 'x.arrow', chunks: nulls }, /^x\.arrow, row 2: expected an id.*as the user; found null/);
  await refused(tableToIPC(tableFromArrays({ who: ['a'], item: ['b'] })), /a column such as "user"/);
  await refused(parquet({}, 'points'), /values may be in "points", or nowhere/);
  await refused(parquet(), /"delimiter" applies to tables of delimited text/, { delimiter: ',' });
  await refused(parquet(), /"encoding" applies to text/, { encoding: 'latin-1' });
  await refused(parquet(), /expected arrow, found other bytes/, { format: 'arrow' });
  await refused(Uint8Array.from([...parquet().subarray(0, 60)]), /cannot be read as Parquet/);
});

test('likes by another column', async () => {
  const data = await readDataset(parquet({}, 'stars'), { columns: { value: '' }, likes: 'stars>=2' });
  assert.is(data.interactions, new Set(rows.filter(({ value }) => value >= 2).map(({ user, item }) => `${user} ${item}`)).size);
  assert.is(data.users.size, expected.users.size);
});

// Where bits are flipped, the packages may take very long before they refuse: docs/data.md says so.
test('files that are cut short, anywhere: one DataError', async () => {
  for (const [name, bytes] of [
    ['parquet', parquet({ codec: 'UNCOMPRESSED' })],
    ['arrow', arrow('file')],
  ] as const) {
    for (let length = bytes.length - 1; length > 8; length -= 1 + (length % 97)) {
      try {
        await readDataset(bytes.subarray(0, length), { format: name });
        assert.unreachable(`${name} of ${length} bytes was read`);
      } catch (error) {
        assert.is((error as Error).name, 'DataError', `${name}, ${length} bytes: ${error}`);
      }
    }
  }
});

test.run();
