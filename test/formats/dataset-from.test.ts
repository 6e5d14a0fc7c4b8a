// Rows that a program holds: every form gives the same data set, and what is none is refused with its row and field.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { breathe } from '../../src/base/breathe.ts';
import { isoSeconds } from '../../src/data/iso-time.ts';
import { type ArrowTable, type ArrowVector, type Dataset, DatasetBuilder, datasetFrom, readDataset } from '../../src/index.ts';

const test = suite('datasetFrom');

const rows = [
  { user: 'ann', item: '7', value: 5, time: 100 },
  { user: 'ann', item: '9', value: 2.5, time: 200 },
  { user: 'bob', item: '7', value: -1, time: 300 },
];
const expected = [...(await readDataset('user,item,value,time\nann,7,5,100\nann,9,2.5,200\nbob,7,-1,300\n')).rows()];
const print = (await readDataset('user,item,value,time\nann,7,5,100\nann,9,2.5,200\nbob,7,-1,300\n')).fingerprint();

/** An Arrow table's form: vectors that are asked one by one. */
function arrow(columns: Record<string, readonly unknown[]>, types: Record<string, string> = {}): ArrowTable {
  const names = Object.keys(columns);
  const vector = (name: string): ArrowVector => ({
    length: columns[name].length,
    get: (index) => columns[name][index],
    type: types[name] ?? 'Utf8',
  });
  return {
    numRows: columns[names[0]].length,
    getChild: (name: string) => (names.includes(name) ? vector(name) : null),
    schema: { fields: names.map((name) => ({ name })) },
  };
}

async function* slowly<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) {
    await breathe();
    yield value;
  }
}

const tuples = rows.map(({ user, item, value, time }) => [user, item, value, time] as const);
const renamed = rows.map(({ user, item, value, time }) => ({ who: user, what: BigInt(item), stars: value, when: new Date(time * 1000) }));
const columns = {
  user: rows.map(({ user }) => user),
  item: Int32Array.from(rows, ({ item }) => Number(item)),
  value: Float32Array.from(rows, ({ value }) => value),
  time: BigInt64Array.from(rows, ({ time }) => BigInt(time)),
};

const FORMS: Record<string, () => Promise<Dataset>> = {
  'objects whose properties have the usual names': () => datasetFrom(rows),
  'objects by names': () => datasetFrom(renamed, { user: 'who', item: 'what', value: 'stars', time: 'when' }),
  'objects by functions': () =>
    datasetFrom(renamed, {
      user: (row) => row.who,
      item: (row) => `${row.what}`,
      value: (_, index) => rows[index].value,
      time: ({ when }) => when,
    }),
  tuples: () => datasetFrom(tuples),
  'tuples by place': () =>
    datasetFrom(
      tuples.map(([user, item, value, time]) => [time, value, item, user] as const),
      { user: 3, item: 2, value: 1, time: 0 },
    ),
  'an iterable': () => datasetFrom(new Set(rows)),
  'an async iterable': () => datasetFrom(slowly(rows)),
  columns: () => datasetFrom(columns),
  'columns by name': () =>
    datasetFrom({ a: columns.user, b: columns.item, c: columns.value, d: columns.time }, { user: 'a', item: 'b', value: 'c', time: 'd' }),
  'an Arrow table': () => datasetFrom(arrow({ user: columns.user, item: [7n, 9n, 7n], value: [5, 2.5, -1], time: [100, 200, 300] })),
  'an Arrow table with a column of times': () =>
    datasetFrom(
      arrow({ user: columns.user, item: [7, 9, 7], value: [5, 2.5, -1], when: [100e3, 200e3, 300e3] }, { when: 'Timestamp<MICROSECOND>' }),
      { time: 'when' },
    ),
  'what it gives back': async () => datasetFrom((await datasetFrom(rows)).rows()),
};

for (const [form, make] of Object.entries(FORMS)) {
  test(`${form}: the same data as from a file`, async () => {
    const data = await make();
    assert.equal([...data.rows()], expected);
    assert.is(data.fingerprint(), print);
  });
}

test('rows are in canonical order, with the parts of a split; the way back keeps all of it, and another value is seen', async () => {
  const data = await readDataset('user_id:token\titem_id:token\trating:float\tx_label\nb\t10\t1\t2\nb\t9\t2\t0\na\t9\t3\t1\n');
  assert.equal(
    [...data.rows()],
    [
      { user: 'a', item: '9', value: 3, part: 'validation' },
      { user: 'b', item: '9', value: 2, part: 'train' },
      { user: 'b', item: '10', value: 1, part: 'test' },
    ],
  );
  const again = await datasetFrom(data.rows());
  assert.equal([...again.rows()], [...data.rows()]);
  assert.is(again.fingerprint(), data.fingerprint());
  const other = await datasetFrom([...data.rows()].map((row) => (row.user === 'a' ? { ...row, value: 4 } : row)));
  assert.not.equal(other.fingerprint(), data.fingerprint());
});

test('options: duplicates, likes, fields left out', async () => {
  const twice = [...rows, { user: 'ann', item: '7', value: 1, time: 50 }];
  assert.is([...(await datasetFrom(twice, { duplicates: 'sum' })).rows()][0].value, 6);
  assert.is((await datasetFrom(twice)).duplicates, 1);
  const liked = await datasetFrom(rows, { likes: 'value>=2.5' });
  assert.is(liked.interactions, 2);
  assert.is(liked.reading?.likes, 'value>=2.5');
  assert.equal([...(await datasetFrom(rows, { value: null, time: null })).rows()][2], { user: 'bob', item: '7', value: 1 });
});

async function refused(call: () => Promise<unknown>, kind: string, message: RegExp): Promise<void> {
  try {
    await call();
  } catch (error) {
    assert.match((error as Error).message, message);
    assert.is((error as Error).name, kind, (error as Error).message);
    return;
  }
  assert.unreachable(`was taken although ${message} was expected`);
}
const anyFrom = datasetFrom as (rows: unknown, options?: object) => Promise<Dataset>;

test('what is no row, no field and no value is refused by its row, its field and what was found', async () => {
  const bad = (row: object): unknown[] => [rows[0], row];
  const refusals: [unknown, object | undefined, string, RegExp][] = [
    [bad({ ...rows[1], user: null }), {}, 'DataError', /^rows\[1\]: expected an id: text .*, as the user; found null/],
    [bad({ ...rows[1], item: '' }), { name: 'orders' }, 'DataError', /^orders\[1\]: expected an id.* as the item; found ""/],
    [bad({ ...rows[1], item: 1.5 }), {}, 'DataError', /found 1\.5/],
    [bad({ ...rows[1], item: 2 ** 53 }), {}, 'DataError', /found 9007199254740992/],
    [bad({ ...rows[1], item: 'a\0b' }), {}, 'DataError', /^rows\[1\]: .*U\+0000/],
    [bad({ ...rows[1], user: '\ud83d' }), {}, 'DataError', /^rows\[1\]: .*whole characters/],
    [bad({ ...rows[1], value: '5' }), {}, 'DataError', /expected a number that is finite in float32, as the value; found "5"/],
    [bad({ ...rows[1], value: 1e39 }), {}, 'DataError', /found 1e\+39/],
    [bad({ ...rows[1], value: undefined }), {}, 'DataError', /as the value; found undefined/],
    [bad({ ...rows[1], time: 'yesterday' }), {}, 'DataError', /a Date or an ISO 8601 time, as the time; found "yesterday"/],
    [bad({ ...rows[1], time: new Date(NaN) }), {}, 'DataError', /as the time/],
    [[{ ...rows[0], part: 4 }], {}, 'DataError', /train, validation, test, unseen.*found 4/],
    [[rows[0], 7], {}, 'DataError', /^rows\[1\]: expected an object or a tuple as a row, found 7/],
    [[7], {}, 'DataError', /^rows\[0\]: expected an object or a tuple/],
    [[], {}, 'DataError', /^rows: expected interactions, found no row/],
    [[{ who: 'a', item: 'b' }], {}, 'DataError', /expected a property for the user, found "who", "item"; name the right one/],
    [rows, { user: 'who' }, 'DataError', /expected a property "who" for the user, found "user", "item"/],
    [[{ user: 'a', item: 'b', stars: 3 }], {}, 'DataError', /values may be in "stars", or nowhere; say value: "stars"/],
    [{ user: ['a'], item: ['b', 'c'] }, {}, 'DataError', /columns of one length, found 1 in "user" and 2 in "item"/],
    [{ user: ['a'], item: ['b'], n: [3] }, {}, 'DataError', /values may be in "n"/],
    [{ user: ['a'], item: 'b' }, {}, 'TypeError', /column "item" expected an array/],
    [{ user: ['a'] }, {}, 'DataError', /expected a column for the item, found "user"/],
    [arrow({ user: ['a', null], item: [1, 2] }), {}, 'DataError', /^rows\[1\]: .*as the user; found null/],
    [arrow({ who: ['a'], item: [1] }), {}, 'DataError', /expected a column for the user, found "who", "item"/],
    [rows, { usr: 'user' }, 'TypeError', /knows no option "usr"/],
    [rows, { user: true }, 'TypeError', /"user" expected a property by name, or a function, got true/],
    [columns, { user: () => 'a' }, 'TypeError', /"user" expected the name of a column, got a function/],
    ['user,item\na,b\n', {}, 'TypeError', /text is read by readDataset/],
    [new Uint8Array(3), {}, 'TypeError', /"rows" expected/],
    [null, {}, 'TypeError', /"rows" expected/],
    [new Map([['user', ['a']]]).keys, {}, 'TypeError', /"rows" expected/],
    [rows, { duplicates: 'first' }, 'RangeError', /"duplicates" expected/],
    [rows, { likes: 'playtime>3' }, 'RangeError', /a rule about value/],
  ];
  for (const [source, options, kind, message] of refusals) await refused(() => anyFrom(source, options), kind, message);
});

test('types: names and places that rows do not have are wrong', () => {
  const never = (): void => {
    // @ts-expect-error rows of no such property
    void datasetFrom(renamed, { user: 'whom', item: 'what' });
    // @ts-expect-error a date is no id
    void datasetFrom(renamed, { user: 'when', item: 'what' });
    // @ts-expect-error the user is not named
    void datasetFrom(renamed, { item: 'what' });
    // @ts-expect-error neither is
    void datasetFrom(renamed);
    // @ts-expect-error a tuple of four has no place 4
    void datasetFrom(tuples, { user: 4 });
    // @ts-expect-error columns of no such name
    void datasetFrom(columns, { user: 'whom' });
    // @ts-expect-error an option that there is not
    void datasetFrom(rows, { usr: 'user' });
    void datasetFrom([] as { user: string; item: number; value?: number }[], { value: 'value' });
    void datasetFrom([] as Record<string, unknown>[], { user: 'a', item: 'b' });
  };
  assert.type(never, 'function');
});

/** Many rows, made as they are asked for. */
function* many(count: number): Generator<{ user: number; item: string }> {
  for (let n = 0; n < count; n++) yield { user: (n * 7919) % 20011, item: `i${(n * 104729) % 5003}` };
}

test('other work runs between rows, and between the pieces of settling them; an abort comes through and closes the source', async () => {
  let others = 0;
  let running = true;
  const other = (async () => {
    for (; running; others++) await breathe();
  })();
  const data = await datasetFrom(many(40000));
  running = false;
  await other;
  assert.ok(others > 10, `${others}`);
  const builder = new DatasetBuilder();
  for (const { user, item } of many(40000)) builder.add(String(user), item);
  assert.is(data.fingerprint(), builder.build().fingerprint());

  let closed = false;
  const endless = (async function* () {
    try {
      for (let n = 0; ; n++) yield { user: n, item: n };
    } finally {
      closed = true;
    }
  })();
  const controller = new AbortController();
  const run = datasetFrom(endless, { signal: controller.signal, onProgress: ({ done }) => done > 10000 && controller.abort() });
  await refused(() => run, 'AbortError', /abort/);
  assert.ok(closed);
  const settling = new AbortController();
  const settled = builder.settle('last', {}, { signal: settling.signal });
  void breathe().then(() => settling.abort());
  await refused(() => settled, 'AbortError', /abort/);
});

test('settling in pieces gives what settling at once gives, for ids of every kind', async () => {
  const builder = new DatasetBuilder();
  const ids = [
    '0',
    '7',
    '007',
    '10',
    '9',
    '12345678901234567890',
    '12345678901234567889',
    '999999999999999',
    '1000000000000000',
    'b',
    'B',
    'é',
    '-1',
  ];
  for (let n = 0; n < 30000; n++) {
    const a = (n * 7919) % 20011;
    builder.add(a % 3 ? String(a) : `x${a}`, ids[n % ids.length] + (n % 5 ? '' : n % 11), n % 7);
  }
  const atOnce = builder.build();
  const inPieces = await builder.settle();
  assert.equal([...inPieces.rows()], [...atOnce.rows()]);
  assert.equal([...atOnce.items].slice(0, 4), ['0', '7', '9', '10']);
  assert.is(builder.length, 0);
});

test('ISO 8601 times are seconds since 1970, without the host', () => {
  const zone = [
    '2024-02-29T12:34:56Z',
    '1969-12-31',
    '2000-01-01 00:00',
    '2024-05-01T10:00:00.25+02:00',
    '0001-01-01',
    '1900-03-01',
    '9999-12-31T23:59:59Z',
  ];
  for (const text of zone) {
    const iso = /Z$|[+-]\d\d:\d\d$/.test(text) || text.length === 10 ? text : `${text.replace(' ', 'T')}:00Z`;
    assert.is(isoSeconds(text), Date.parse(iso) / 1000, text);
  }
  for (const text of [
    '',
    '2023-02-29',
    '1900-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-32',
    '2024-01-01T24:00',
    '2024-01-01T10:60',
    '2024-1-1',
    '01.02.2024',
    '2024-01-01+25:00',
    '20240101',
  ])
    assert.ok(Number.isNaN(isoSeconds(text)), text);
});

test.run();
