// The real data sets, where they are present beside the project: counts as their README states them.
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PART } from '../../src/data/dataset.ts';
import { readDatasetFile } from '../../src/files/node-files.ts';
import { openNpz } from '../../src/formats/npz.ts';

const folder = new URL('../../../../shared/data/', import.meta.url);
const at = (path: string) => new URL(path, folder).pathname;
const test = suite('real data');

function counts(data: { users: { live: number }; items: { live: number }; interactions: number }) {
  return [data.users.live, data.items.live, data.interactions];
}

if (!existsSync(folder)) {
  console.log('skipped: ../shared/data is absent');
} else {
  test('MovieLens 100K, by file and by folder, with times and titles', async () => {
    for (const path of ['ml-100k/u.data', 'ml-100k']) {
      const data = await readDatasetFile(at(path));
      assert.equal(counts(data), [943, 1682, 100000]);
      assert.is(data.duplicates, 0);
      assert.is(data.titles.get(data.items.indexOf('1')), 'Toy Story (1995)');
      assert.is(data.titles.size, 1682);
      const user = data.users.indexOf('196');
      const entry = data.userItems.indptr[user] + data.itemsOf(user).indexOf(data.items.indexOf('242'));
      assert.is(data.userItems.data[entry], 3);
      assert.is(data.times![entry], 881250949);
    }
  });

  test('MovieLens 1M has ids that are no numbers', async () => {
    const data = await readDatasetFile(at('ml-1m'));
    assert.equal(counts(data), [6040, 3449, 999714]);
    assert.is([...data.items].filter((id) => id.startsWith('unmapped-')).length, 23);
    assert.is(data.titles.get(data.items.indexOf('1')), 'Toy Story (1995)');
  });

  test('MovieLens latest small keeps half stars', async () => {
    const data = await readDatasetFile(at('ml-latest-small/ratings.csv'));
    assert.equal(counts(data), [671, 9066, 100004]);
    assert.ok(data.userItems.data.includes(2.5));
    assert.is(data.titles.size, 9066);
  });

  test('Gowalla, adjacency lists in two parts', async () => {
    const data = await readDatasetFile(at('gowalla'));
    assert.equal(counts(data), [29858, 40981, 1027370]);
    assert.is(data.part('train').interactions + data.part('test').interactions, 1027370);
    assert.is(data.part('validation').interactions, 0);
  });

  test('Electronics, adjacency lists in three parts', async () => {
    const data = await readDatasetFile(at('electronics'));
    assert.equal(counts(data), [1435, 1522, 39975]);
    assert.equal(
      (['train', 'validation', 'test'] as const).map((name) => data.part(name).interactions),
      [31887, 4044, 4044],
    );
  });

  test('Last.fm with two modalities in float32; titles of other ids are left alone', async () => {
    const data = await readDatasetFile(at('lfm2k'));
    assert.equal(counts(data), [1858, 1425, 56345]);
    assert.equal([...data.features.keys()].sort(), ['audio', 'text']);
    assert.is(data.features.get('text')!.dims, 384);
    assert.is(data.features.get('audio')!.values.length, 1425 * 512);
    assert.ok(data.parts!.includes(PART.validation));
    // artists.dat numbers artists otherwise than the renumbered .inter does
    assert.is(data.titles.size, 0);
    assert.is((await readDatasetFile(at('lfm2k'), { features: ['text'] })).features.size, 1);
    assert.is((await readDatasetFile(at('lfm2k'), { features: false })).features.size, 0);
  });

  test('TikTok, float16 features and CRLF lines', async () => {
    const data = await readDatasetFile(at('tiktok'));
    assert.equal(counts(data), [9308, 6710, 68722]);
    const { dims, values, present } = data.features.get('image')!;
    assert.is(dims, 128);
    assert.is(values.length, 6710 * 128);
    assert.ok(present.every((p) => p === 1));
    assert.ok(values.some((v) => v !== 0));
  });

  test('Baby brings its split', async () => {
    const data = await readDatasetFile(at('baby'));
    assert.equal(counts(data), [19445, 7050, 160792]);
    assert.equal(
      (['train', 'validation', 'test'] as const).map((name) => data.part(name).interactions),
      [119674, 20559, 20559],
    );
  });

  test('Baby brings its neighbours as .npz', async () => {
    const npz = openNpz(readFileSync(at('baby/image_knn10.npz')), 'image_knn10.npz');
    const [neighbours, cosines, weights] = await Promise.all(['nbr', 'cos', 'norm_val'].map((name) => npz.read(name)));
    for (const array of [neighbours, cosines, weights]) assert.equal(array.shape, [7050, 10]);
    assert.ok(neighbours.data instanceof Uint16Array && neighbours.data.every((item) => item < 7050));
    assert.ok(cosines.data instanceof Float32Array && cosines.data.every((cosine) => Number.isFinite(cosine) && cosine <= 1));
    assert.ok(weights.data instanceof Float32Array);
  });
}

test.run();
