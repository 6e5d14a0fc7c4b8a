import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import { Dataset } from '../../src/data/dataset.ts';
import { generate } from '../../src/data/generate.ts';
import { readDataset } from '../../src/formats/read.ts';
import { datasetFiles } from '../../src/formats/write.ts';

const test = suite('generate and write');

const degrees = (data: Dataset) => Array.from({ length: data.users.size }, (_, u) => data.itemsOf(u).length).sort((a, b) => a - b);
const noun = (data: Dataset, item: number) => data.titles.get(item)!.split(' ')[2];

test('shapes are exact: every user and item occurs, rows ascend without repetition', async () => {
  for (const [users, items, interactions] of [
    [300, 200, 6000],
    [1, 1, 1],
    [1, 50, 50],
    [50, 1, 50],
    [10, 10, 100],
    [40, 30, 40],
    [30, 40, 40],
    [5, 1000, 1500],
  ]) {
    const data = await generate({ users, items, interactions, seed: 3 });
    assert.equal([data.users.live, data.items.live, data.interactions], [users, items, interactions]);
    assert.ok(degrees(data)[0] >= 1);
    assert.ok(
      data.itemCounts().every((count) => count >= 1),
      `${users}×${items}`,
    );
    for (let u = 0; u < users; u++) assert.ok(data.itemsOf(u).every((item, k, row) => k === 0 || row[k - 1] < item));
    assert.ok(data.userItems.data.every((value) => Number.isInteger(value) && value >= 1 && value <= 5));
  }
});

test('the same options give the same bytes, everywhere; another seed gives others', async () => {
  const options = { users: 200, items: 100, interactions: 4000, modalities: { text: 6, image: 5 } };
  const data = await generate(options);
  assert.is(data.fingerprint(), 'fc5aa330876242d84190659f6d7890eb52576d35f9dfa6a83eea9ec1195e56ce');
  const again = await generate(options);
  assert.equal(again.features.get('text')!.values, data.features.get('text')!.values);
  assert.is.not((await generate({ ...options, seed: 2 })).fingerprint(), data.fingerprint());
  const sum = data.features.get('image')!.values.reduce((total, value, i) => total + value * (i % 97), 0);
  assert.is(sum, -1534.978759765625);
});

test('few are very active and popular; tastes follow clusters', async () => {
  const data = await generate({ users: 1000, items: 600, interactions: 60000 });
  const active = degrees(data);
  const popular = data.itemCounts().sort();
  for (const counts of [active, [...popular]]) {
    const median = counts[counts.length >> 1];
    const most = counts.at(-1)!;
    assert.ok(most > 4 * median && counts[0] < 0.7 * median, `${counts[0]} ${median} ${most}`);
  }
  let own = 0;
  for (let u = 0; u < data.users.size; u++) {
    const counts = new Map<string, number>();
    for (const item of data.itemsOf(u)) counts.set(noun(data, item), (counts.get(noun(data, item)) ?? 0) + 1);
    own += [...counts.values()]
      .sort((a, b) => b - a)
      .slice(0, 3)
      .reduce((a, b) => a + b, 0);
  }
  assert.ok(own / data.interactions > 0.5, `three of 12 clusters hold ${own / data.interactions} of a row`);
});

test('features lie nearer within a cluster', async () => {
  const data = await generate({ users: 100, items: 80, interactions: 1000, clusters: 8, modalities: { text: 32 } });
  const { dims, values, present } = data.features.get('text')!;
  assert.ok(present.every((p) => p === 1));
  const sums = { same: 0, other: 0 };
  const counts = { same: 0, other: 0 };
  for (let a = 0; a < 80; a++) {
    for (let b = 0; b < a; b++) {
      let dot = 0;
      for (let d = 0; d < dims; d++) dot += values[a * dims + d] * values[b * dims + d];
      const kind = noun(data, a) === noun(data, b) ? 'same' : 'other';
      sums[kind] += dot;
      counts[kind]++;
    }
  }
  assert.ok(sums.same / counts.same > 2, String(sums.same / counts.same));
  assert.ok(Math.abs(sums.other / counts.other) < 1, String(sums.other / counts.other));
});

test('titles are distinct', async () => {
  const data = await generate({ users: 100, items: 6000, interactions: 6000, clusters: 70 });
  assert.is(new Set(data.titles.values()).size, 6000);
});

test('options that make no sense, and giving up', async () => {
  const fails = async (options: object, message: RegExp) => {
    try {
      await generate({ users: 10, items: 10, interactions: 20, ...options });
    } catch (error) {
      return assert.match((error as Error).message, message);
    }
    assert.unreachable(String(message));
  };
  await fails({ users: 0 }, /"users" expected an integer >= 1/);
  await fails({ interactions: 101 }, /"interactions" expected an integer >= 10 and <= 100, got 101/);
  await fails({ interactions: 9 }, /"interactions" expected an integer >= 10/);
  await fails({ clusters: 11 }, /"clusters" expected/);
  await fails({ modalities: { 'a/b': 3 } }, /"modalities" expected names of letters/);
  await fails({ modalities: { text: 0 } }, /"modalities.text" expected an integer >= 1/);
  await fails({ user: 1 }, /knows no option "user"/);
  const stop = new AbortController();
  const phases: string[] = [];
  try {
    await generate(
      { users: 3000, items: 500, interactions: 300000 },
      {
        signal: stop.signal,
        onProgress: ({ phase, done, total }) => {
          phases.push(`${phase} ${done < total}`);
          stop.abort(new Error('enough'));
        },
      },
    );
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
  assert.equal(phases, ['generate true']);
});

test('what is written is read again: interactions, titles, features', async () => {
  const data = await generate({ users: 90, items: 60, interactions: 700, modalities: { text: 5 } });
  const files = datasetFiles(data, 'made');
  assert.equal(
    files.map((file) => file.name),
    ['made.inter', 'titles.tsv', 'text_feat.npy'],
  );
  const again = await readDataset(files);
  assert.is(again.fingerprint(), data.fingerprint());
  assert.equal(
    [...again.titles].sort((a, b) => a[0] - b[0]),
    [...data.titles],
  );
  assert.equal(again.features.get('text'), data.features.get('text'));
});

test('odd ids, values, times and parts survive writing', async () => {
  const builder = new DatasetBuilder();
  const ids = ['tab\there', 'say "x"', 'line\nbreak', '007', '"', '__proto__', 'a\rb', 'Ü'];
  ids.forEach((id, i) => builder.add(id, ids[(i * 3 + 1) % ids.length], [0.1, 1e-40, -3.5, 3e38][i % 4], i * 1.5 + 1e9, i % 3));
  const data = builder.build();
  const again = await readDataset(datasetFiles(data)[0]);
  assert.equal([...again.users], [...data.users]);
  assert.is(again.fingerprint(), data.fingerprint());
  assert.equal([again.times, again.parts], [data.times, data.parts]);
});

test('features of items without row numbers are not written', async () => {
  const data = await readDataset('user,item\na,x\n');
  const odd = new Dataset({ ...data, features: new Map([['text', { dims: 1, values: new Float32Array(1), present: new Uint8Array(1) }]]) });
  assert.throws(() => datasetFiles(odd), /expected item ids 0, 1, 2, … to write features by, found "x" in place 0/);
});

test.run();
