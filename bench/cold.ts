// A cold start: a fresh process imports the library (the form that Node gets), compiles the kernels, opens a model of 10,000
// items × 64 factors, and recommends once.
// Every sample is a process of its own; the median of many counts. Reading the file is not counted.
// npm run bench:cold -- [--samples 40] [--items 10000] [--factors 64] [--node newest|PATH] [--json file]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeToUse, nodeVersion } from './node.ts';
import { duration, tableText, timing } from './peers/table.ts';

/** What a sample times, in order. */
const STAGES = ['import', 'compile', 'deserialize', 'recommend'] as const;
interface Taken {
  readonly wall: number;
  readonly processor: number;
}
type Sample = Readonly<Record<(typeof STAGES)[number], Taken>>;

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '40' },
    items: { type: 'string', default: '10000' },
    factors: { type: 'string', default: '64' },
    node: { type: 'string' },
    json: { type: 'string' },
    sample: { type: 'string' },
  },
});

/** In milliseconds, waited for and of the processor. Nothing of the library is imported before the clock starts. */
async function sample(file: string): Promise<Sample> {
  const bytes = readFileSync(file);
  const stages: Taken[] = [];
  let before = performance.now();
  let used = process.cpuUsage();
  const done = (): void => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    stages.push({ wall: now - before, processor: (user + system) / 1000 });
    before = performance.now();
    used = process.cpuUsage();
  };
  const { defaultKernels, deserialize, loadKernels, recommend } = (await import(
    new URL('../node/index.js', import.meta.url).href
  )) as typeof import('../src/index.ts');
  done();
  await loadKernels(defaultKernels);
  done();
  const model = await deserialize(bytes);
  done();
  const list = recommend(model, '7', { k: 10 });
  done();
  if (list.length !== 10) throw new Error(`a list of 10 was asked for, ${list.length} came`);
  return Object.fromEntries(STAGES.map((stage, n) => [stage, stages[n]])) as Sample;
}

/** A model file with random factors. */
async function modelFile(path: string): Promise<void> {
  const { als } = await import('../src/models/als.ts');
  const { IdTable } = await import('../src/data/ids.ts');
  const { serialize } = await import('../src/files/serialize.ts');
  const items = Number(values.items);
  const factors = Number(values.factors);
  const users = 1000;
  const table = (count: number): InstanceType<typeof IdTable> => new IdTable(Array.from({ length: count }, (_, n) => String(n)));
  const dense = (rows: number): { rows: number; cols: number; values: Float32Array } => ({
    rows,
    cols: factors,
    values: Float32Array.from({ length: rows * factors }, (_, n) => ((n * 2654435761) % 1000) / 1000 - 0.5),
  });
  writeFileSync(
    path,
    await serialize(
      als.restore({
        options: { factors, iterations: 1 },
        users: table(users),
        items: table(items),
        provenance: { fingerprint: '0', split: { rule: 'all', seed: 0 } },
        record: {},
        parameters: new Map([
          ['userFactors', dense(users)],
          ['itemFactors', dense(items)],
        ]),
      }),
    ),
  );
}

if (values.sample) console.log(JSON.stringify(await sample(values.sample)));
else {
  const node = await nodeToUse(values.node);
  const folder = mkdtempSync(join(tmpdir(), 'lethe-cold-'));
  try {
    const file = join(folder, 'model.lethe');
    await modelFile(file);
    const samples: Sample[] = [];
    // The first one brings the files into the system's cache.
    for (let n = 0; n <= Number(values.samples); n++) {
      const { status, stdout, stderr } = spawnSync(node, [process.argv[1], '--sample', file], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`a sample failed: ${stderr.slice(-500)}`);
      if (n > 0) samples.push(JSON.parse(stdout) as Sample);
    }
    const row = (name: string, stages: readonly (typeof STAGES)[number][]): string[] => [
      name,
      ...(['wall', 'processor'] as const).flatMap((clock) => {
        const { median, min } = timing(samples.map((one) => stages.reduce((sum, stage) => sum + one[stage][clock], 0) / 1000));
        return [duration(median), duration(min)];
      }),
    ];
    console.log(`Node ${nodeVersion(node)}, ${values.items} items x ${values.factors} factors, ${samples.length} processes`);
    console.log(
      tableText(
        ['stage', 'median', 'min', 'processor: median', 'min'],
        [
          ...STAGES.map((stage) => row(stage, [stage])),
          row('compile and recommend, model loaded', ['compile', 'recommend']),
          row('compile to recommend', ['compile', 'deserialize', 'recommend']),
          row('with imports', STAGES),
        ],
      ),
    );
    if (values.json) writeFileSync(values.json, `${JSON.stringify({ node: nodeVersion(node), samples }, null, 1)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
