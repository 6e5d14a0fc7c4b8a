// What opening costs: processor time and memory of one list out of a store, beside the start of the process.
// Usage: npm run --silent build && node scripts/store/opening.mjs STORE USER, or --make FOLDER --interactions 10000000 for a store of
// made-up rows. Needs SQLite: Node >= 22.5.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    make: { type: 'string' },
    interactions: { type: 'string', default: '10000000' },
    each: { type: 'string', default: '100' },
    items: { type: 'string', default: '20000' },
    factors: { type: 'string', default: '64' },
    runs: { type: 'string', default: '5' },
  },
});
const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const at = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);

/** A store of a bilinear model with factors by chance: opening does not ask how they were trained. */
async function make(folder) {
  const { createStore, sqliteStorage } = await at('src/store/index.js');
  const { als, Dataset } = await at('src/index.js');
  const { IdTable } = await at('src/data/ids.js');
  const [interactions, each, items, factors] = ['interactions', 'each', 'items', 'factors'].map((name) => Number(values[name]));
  const rows = Math.floor(interactions / each);
  const ids = (count) => IdTable.of(Array.from({ length: count }, (_, n) => String(n)));
  const indices = new Int32Array(rows * each);
  for (let u = 0; u < rows; u++) {
    const first = (Math.imul(u, 2654435761) >>> 0) % (items - each * 3);
    for (let n = 0; n < each; n++) indices[u * each + n] = first + 3 * n;
  }
  const indptr = Int32Array.from({ length: rows + 1 }, (_, u) => u * each);
  const data = new Dataset({
    users: ids(rows),
    items: ids(items),
    userItems: { rows, cols: items, indptr, indices, data: new Float32Array(indices.length).fill(1) },
  });
  const noise = (count) => ({
    rows: count,
    cols: factors,
    values: new Float32Array(count * factors).map((_, n) => ((n * 7919) % 1009) / 1009),
  });
  const model = als.restore({
    options: { ...Object.fromEntries(Object.entries(als.options).map(([name, { default: value }]) => [name, value])), factors },
    users: data.users,
    items: data.items,
    provenance: { fingerprint: data.fingerprint(), split: { rule: 'all', seed: 0 } },
    record: {},
    parameters: new Map([
      ['userFactors', noise(rows)],
      ['itemFactors', noise(items)],
    ]),
  });
  const store = await createStore(await sqliteStorage(folder, { create: true }), { model, train: data });
  console.log(JSON.stringify({ folder, users: rows, items, interactions: indices.length, bytes: (await store.status()).bytes }));
  await store.close();
}

/** Least processor time, in milliseconds, of some runs; most memory, in MiB. */
function measured(args) {
  const runs = Array.from({ length: Number(values.runs) }, () => {
    const { stderr, status } = spawnSync(
      '/usr/bin/env',
      ['bash', '-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', process.execPath, ...args],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(stderr);
    const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
    return 1000 * (user + system);
  });
  return Math.min(...runs);
}

function report([store, user]) {
  const lethe = join(root, 'dist', 'src', 'cli', 'main.js');
  const start = measured(['-e', '0']);
  const figures = {
    start,
    version: measured([lethe, '--version']),
    recommend: measured([lethe, 'recommend', store, '--user', user, '--json']),
    status: measured([lethe, 'status', store, '--json']),
  };
  const memory = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', peak, new URL('../../dist/src/store/index.js', import.meta.url).href, store, user],
    { encoding: 'utf8' },
  );
  console.log(JSON.stringify({ ...figures, recommendToStart: figures.recommend / start, ...JSON.parse(memory.stdout) }));
}

const peak = `
  const [entry, folder, user] = process.argv.slice(1);
  const before = process.resourceUsage().maxRSS;
  const { openStore, sqliteStorage } = await import(entry);
  const loaded = process.resourceUsage().maxRSS;
  const started = process.cpuUsage();
  const store = await openStore(await sqliteStorage(folder, { readOnly: true }));
  const list = await store.recommend(user);
  const { user: a, system: b } = process.cpuUsage(started);
  const [startMiB, loadedMiB, peakMiB] = [before, loaded, process.resourceUsage().maxRSS].map((kib) => kib / 1024);
  console.log(JSON.stringify({ listCpuMs: (a + b) / 1000, items: list.length, startMiB, loadedMiB, peakMiB }));
`;

if (values.make) await make(values.make);
else report(positionals);
