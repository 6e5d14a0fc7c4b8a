// Exports with ids: tables in three kinds, weights that explain scores, and files for indexes of vectors.

import { parquetReadObjects } from 'hyparquet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deserialize } from '../../src/index.ts';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line, exports');
const place = new Workplace();
test.after(() => place.remove());
place.write('ok.csv', ratingsCsv());
for (const model of ['als', 'ease', 'item-knn', 'popularity'])
  place.json('train', 'ok.csv', '--model', model, '--out', model, ...(model === 'als' ? ['--factors', '5'] : []));
const als = await deserialize(place.read('als'));
const itemRows = new Map([...als.items].map((id) => [id, Array.from(als.parameters.get('itemFactors')!.row(als.items.indexOf(id)))]));
const lines = (name: string): string[] => place.read(name).toString().trimEnd().split('\n');

test('factors with ids, in three kinds of table', async () => {
  for (const end of ['csv', 'ndjson', 'parquet'])
    assert.equal(place.json('export', 'als', '--out', `f.${end}`), { what: 'items', rows: 40, out: `f.${end}` });
  const csv = new Map(
    lines('f.csv')
      .slice(1)
      .map((line) => [line.slice(0, line.indexOf(',')), JSON.parse(line.slice(line.indexOf(',') + 2, -1))]),
  );
  const ndjson = new Map(
    lines('f.ndjson')
      .map((line) => JSON.parse(line))
      .map(({ item, vector }) => [item, vector]),
  );
  const bytes = place.read('f.parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const parquet = new Map((await parquetReadObjects({ file })).map(({ item, vector }) => [item, vector]));
  for (const found of [csv, ndjson, parquet]) {
    assert.equal([...found].sort(), [...itemRows].sort());
  }
  assert.is.not(
    JSON.stringify([...csv].sort()),
    JSON.stringify([...itemRows].map(([id, row]) => [id, row.map((x) => x + 1)]).sort()),
    'the control',
  );
  assert.is(place.json('export', 'als', '--what', 'users', '--out', 'u.csv').rows, 60);
});

test('weights of ease and neighbours of item-knn are what explains a score', () => {
  for (const [model, what] of [
    ['ease', 'weights'],
    ['item-knn', 'neighbors'],
  ]) {
    const { what: found, rows } = place.json('export', model, '--out', `${model}.ndjson`);
    assert.is(found, what);
    const cells = lines(`${model}.ndjson`).map((line) => JSON.parse(line));
    assert.is(cells.length, rows);
    const { contributions } = place.json('explain', model, 'ok.csv', '--user', 'u7', '--item', '3', '-k', '99');
    for (const { item, contribution } of contributions) {
      const cell = cells.find((each) => each.item === item && each.other === '3');
      assert.is(cell?.weight ?? cell?.similarity ?? 0, contribution, `${model}: ${item}`);
    }
    assert.ok(
      contributions.some(({ contribution }: any) => contribution !== 0),
      'the control: something explains it',
    );
  }
  assert.is(place.json('export', 'popularity', '--out', 'p.csv').what, 'counts');
  assert.match(lines('p.csv')[1], /^\d+,\d+$/);
});

test('files for indexes of vectors, with the measure to ask by', () => {
  const usearch = place.json('export', 'als', '--for', 'usearch', '--out', 'v.fbin');
  assert.equal(usearch, { what: 'items', rows: 40, dimensions: 5, for: 'usearch', metric: 'ip', out: 'v.fbin', ids: 'v.fbin.ids' });
  const bytes = place.read('v.fbin');
  assert.equal([bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.length], [40, 5, 8 + 40 * 5 * 4]);
  const ids = lines('v.fbin.ids');
  ids.forEach((id, r) => {
    assert.equal(
      Array.from({ length: 5 }, (_, c) => bytes.readFloatLE(8 + (r * 5 + c) * 4)),
      itemRows.get(id),
    );
  });
  assert.is(place.json('export', 'als', '--for', 'pgvector', '--out', 'v.csv').metric, 'vector_ip_ops');
  assert.equal(lines('v.csv')[0], 'id,embedding');
  assert.match(lines('v.csv')[1], /^"\d+","\[[-\d.e,]+\]"$/);
  assert.is(place.json('export', 'als', '--for', 'vectorize', '--out', 'v.ndjson').metric, 'dot-product');
  const { id, values } = JSON.parse(lines('v.ndjson')[0]);
  assert.equal(values, itemRows.get(id));
  assert.match(place.run('export', 'als', '--for', 'vectorize', '--out', 'v.ndjson').stderr, /ask by dot-product/);
});

test('what cannot be exported so is refused, and nothing is written', () => {
  const fails = (status: number, ...args: string[]): string => {
    const before = place.files;
    const message = place.fails(status, 'export', ...args);
    assert.equal(place.files, before);
    return message;
  };
  assert.match(fails(2, 'als'), /expected one of --npz, --out/);
  assert.match(fails(2, 'als', '--npz', 'x.npz', '--what', 'items'), /--what and --for go with --out/);
  assert.match(fails(2, 'als', '--out', 'x.txt'), /\.csv, \.ndjson or \.parquet/);
  assert.match(fails(2, 'als', '--what', 'weights', '--out', 'x.csv'), /has users, items; got weights/);
  assert.match(fails(2, 'als', '--for', 'usearch', '--out', 'x.csv'), /ends in \.fbin, got "x\.csv"/);
  assert.match(fails(2, 'ease', '--for', 'pgvector', '--out', 'x.csv'), /takes factors/);
  assert.match(fails(2, 'als', '--for', 'faiss', '--out', 'x.csv'), /expected one of usearch, pgvector, vectorize/);
  assert.match(fails(1, 'ease', '--npz', 'x.npz'), /no factors to export/);
});

test.run();
