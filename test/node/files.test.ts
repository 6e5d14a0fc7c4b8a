// Reading from and writing to files, and streaming what no string could hold.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from '../../src/data/generate.ts';
import { nodePlatform, readDatasetFile, writeDatasetFolder } from '../../src/files/node-files.ts';
import { readDataset } from '../../src/formats/read.ts';

const test = suite('files');
let folder = '';
test.before.each(() => void (folder = mkdtempSync(join(tmpdir(), 'lethe-'))));
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

async function refused(work: Promise<unknown>, message: RegExp, name = 'DataError'): Promise<void> {
  try {
    await work;
  } catch (error) {
    assert.is((error as Error).name, name, String(error));
    return assert.match((error as Error).message, message);
  }
  assert.unreachable(String(message));
}

test('a data set written as a folder is read again', async () => {
  const data = await generate({ users: 500, items: 300, interactions: 60000, modalities: { text: 7 } });
  const made = join(folder, 'a', 'b');
  assert.equal(await writeDatasetFolder(made, data, 'made'), ['made.inter', 'titles.tsv', 'text_feat.npy']);
  assert.equal(readdirSync(made).sort(), ['made.inter', 'text_feat.npy', 'titles.tsv']);
  const again = await readDatasetFile(made);
  assert.is(again.fingerprint(), data.fingerprint());
  assert.is(again.source, made);
  assert.equal(again.features.get('text'), data.features.get('text'));
  assert.is(again.titles.size, 300);
  // the file alone has its titles, not the features beside it
  const alone = await readDatasetFile(join(made, 'made.inter'));
  assert.equal([alone.titles.size, alone.features.size], [300, 0]);
});

test('one file: gzip, titles beside it or from a path or not at all', async () => {
  writeFileSync(join(folder, 'ratings.csv.gz'), gzipSync('userId,movieId,rating\n1,7,5\n2,8,3\n'));
  writeFileSync(join(folder, 'movies.csv'), 'movieId,title\n7,Seven\n');
  writeFileSync(join(folder, 'names.csv'), 'id,name\n8,Eight\n');
  const path = join(folder, 'ratings.csv.gz');
  assert.equal([...(await readDatasetFile(path)).titles.values()], ['Seven']);
  assert.equal([...(await readDatasetFile(path, { titles: join(folder, 'names.csv') })).titles.values()], ['Eight']);
  assert.is((await readDatasetFile(path, { titles: false })).titles.size, 0);
});

test('paths that cannot be read are named', async () => {
  await refused(readDatasetFile(join(folder, 'none.csv')), /none\.csv: cannot be opened: there is no such file or folder/);
  await refused(readDatasetFile(folder), /expected a file of interactions, found an empty folder/);
  writeFileSync(join(folder, 'readme.txt'), 'hello');
  writeFileSync(join(folder, 'notes.md'), 'hello');
  await refused(readDatasetFile(folder), /expected a file of interactions, found notes\.md, readme\.txt/);
  writeFileSync(join(folder, 'x.csv'), 'user,item\n1,2\n');
  await refused(readDatasetFile(join(folder, 'x.csv'), { titles: join(folder, 'gone.csv') }), /gone\.csv: cannot be opened/);
});

test('a source may fill the same buffer again', async () => {
  const bytes = Buffer.from('user,item\nann,tea\nbob,milk\ncleo,coffee\n');
  async function* reused() {
    const buffer = Buffer.alloc(7);
    for (let at = 0; at < bytes.length; at += 7) yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + 7));
  }
  const data = await readDataset({ name: 'x.csv', chunks: reused() });
  assert.equal(
    [[...data.users], [...data.items]],
    [
      ['ann', 'bob', 'cleo'],
      ['coffee', 'milk', 'tea'],
    ],
  );
});

test('a file is written whole or not at all', async () => {
  const path = join(folder, 'out.bin');
  await nodePlatform.writeFiles(new Map([[path, [Uint8Array.of(1, 2), Uint8Array.of(3)]]]));
  assert.equal([...readFileSync(path)], [1, 2, 3]);
  const broken = (function* () {
    yield Uint8Array.of(9);
    throw new Error('half way');
  })();
  await refused(nodePlatform.writeFiles(new Map([[path, broken]])), /half way/, 'Error');
  assert.equal([...readFileSync(path)], [1, 2, 3], 'what was there is still there');
  assert.equal(readdirSync(folder), ['out.bin'], 'nothing half-written is left');
  await refused(
    nodePlatform.writeFiles(new Map([[join(folder, 'no', 'out.bin'), []]])),
    /cannot be written: there is no such file or folder/,
  );
  mkdirSync(join(folder, 'taken'));
  await refused(nodePlatform.writeFiles(new Map([[join(folder, 'taken'), [Uint8Array.of(1)]]])), /cannot be written/);
  assert.equal(readdirSync(folder).sort(), ['out.bin', 'taken']);
});

test('200 MB with long ids are read within a heap of 32 MB', () => {
  // 200 bytes a line, so that the lines' text and not the interactions is what would fill the heap
  const script = `
    const { readDataset } = await import(${JSON.stringify(new URL('../../src/formats/read.js', import.meta.url).href)});
    async function* lines() {
      const encoder = new TextEncoder();
      yield encoder.encode('user,item\\n');
      for (let n = 0; n < 1000; n++) {
        let text = '';
        for (let k = 0; k < 1000; k++) text += String(k).padStart(98, 'u') + ',' + String(n).padStart(100, 'i') + '\\n';
        yield encoder.encode(text);
      }
    }
    const data = await readDataset({ name: 'x.csv', chunks: lines() });
    console.log([data.users.live, data.items.live, data.interactions].join(' '));`;
  const run = spawnSync(process.execPath, ['--max-old-space-size=32', '--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.is(run.stdout.trim(), '1000 1000 1000000', run.stderr.slice(-500));
});

test.run();
