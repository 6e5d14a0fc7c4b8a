// The default kernels beside the fast ones (docs/fast.md): the same work in one process, turn by turn, least processor time.
// npm run bench:fast -- [words of a kernel or size …] [--rounds 7] [--node newest|PATH] [--json file]
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { fastKernels } from '../src/fast.ts';
import { defaultKernels, generate, loadKernels, MODELS, type ModelKind } from '../src/index.ts';
import { instantiateKernels } from '../src/wasm/kernels.ts';
import { Arena } from '../src/wasm/memory.ts';
import { FAMILIES } from '../test/kernels/index.ts';
import { nodeToUse } from './node.ts';
import { duration, factor, tableText } from './peers/table.ts';

/** Kernels whose time is multiply-adds or nearly so. */
const KERNELS = ['gemm_nn', 'gemm_tn', 'gram_accumulate', 'als_sweep_cholesky', 'als_sweep_cg', 'topk', 'spmm', 'bpr_sgd', 'ease'];
/** Whole epochs, on generated data in about the shape of a small shop's with features. */
const EPOCHS = ['lightgcn', 'bm3', 'freedom'] as const;
const SHAPE = { users: 6000, items: 2500, interactions: 60_000, modalities: { text: 384, image: 1024 } };
/** Seconds that a sample takes at least. */
const SAMPLE = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '7' }, node: { type: 'string' }, json: { type: 'string' } },
});
const node = await nodeToUse(values.node);
if (node !== process.execPath) {
  const at = process.argv.indexOf('--node');
  process.exit(
    spawnSync(node, [process.argv[1], ...process.argv.slice(2, at), ...process.argv.slice(at + 2)], { stdio: 'inherit' }).status ?? 1,
  );
}

const builds = { default: defaultKernels.module(), fast: fastKernels.module() };
type Build = keyof typeof builds;
interface Work {
  readonly name: string;
  readonly size: string;
  prepare(build: Build): () => Promise<void> | void;
}

const wanted = ({ name, size }: Work): boolean =>
  positionals.length === 0 ? !/ = (256|1024)$/.test(size) : positionals.some((word) => `${name} ${size}`.includes(word));
const kernels: Work[] = Object.values(FAMILIES)
  .flatMap((table) => Object.entries(table))
  .filter(([name]) => KERNELS.some((word) => name.startsWith(word)))
  .flatMap(([name, { bench = {} }]) =>
    Object.entries(bench).map(([size, prepare]) => ({
      name,
      size,
      prepare: (build) => prepare(new Arena(instantiateKernels(builds[build]))).run,
    })),
  );
const data = await generate(SHAPE);
const epochs: Work[] = EPOCHS.map((name) => ({
  name,
  size: 'one epoch, 64 wide, set-up included',
  prepare: (build) => async () => {
    await loadKernels(builds[build]);
    await (MODELS[name] as ModelKind).fit(data, { epochs: 1 });
  },
}));

/** Processor seconds of one run. */
async function timed(run: () => Promise<void> | void, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / times;
}

const rows = [];
console.log(`${cpus()[0]?.model.trim()}, ${process.arch}, Node ${process.versions.node}; ${values.rounds} rounds`);
for (const work of [...kernels, ...epochs].filter(wanted)) {
  const runs = { default: work.prepare('default'), fast: work.prepare('fast') };
  const least = { default: Infinity, fast: Infinity };
  // Warm: the engine's quick compiler has had its time, and says how often a run fits in a sample.
  let once = 0;
  for (const build of ['default', 'fast'] as const)
    for (let spent = 0; spent < 2 * SAMPLE; spent += Math.max(once, 1e-3)) once = await timed(runs[build], 1);
  const times = Math.max(1, Math.ceil(SAMPLE / Math.max(once, 1e-5)));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const build of ['default', 'fast'] as const) least[build] = Math.min(least[build], await timed(runs[build], times));
  }
  rows.push({ name: work.name, size: work.size, seconds: least, gain: least.default / least.fast });
  console.error(`${work.name} ${work.size}: ${factor(least.default / least.fast)}`);
}
console.log(
  tableText(
    ['work', 'size', 'default', 'fast', 'gain'],
    rows.map(({ name, size, seconds, gain }) => [name, size, duration(seconds.default), duration(seconds.fast), factor(gain)]),
  ),
);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ node: process.versions.node, rows }, null, 1)}\n`);
