// `npm run results:runtimes [-- --all] [-- --only NAME,…]`: the same training and forgetting on MovieLens 1M in every runtime,
// tabled in docs/results-runtimes.md. Needs the real data at ../shared/data.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { firstDifference } from '../../dist/test/golden/compare.js';
import { chosen, debianThere, HOSTS } from './hosts.mjs';
import { ENTRY, edgeForms, entryText, link } from './link.mjs';
import { install, root } from './tools.mjs';

const { values } = parseArgs({ options: { all: { type: 'boolean' }, only: { type: 'string' } } });
const dataFile = join(root, '..', 'shared', 'data', 'ml-1m', 'ratings.csv');
if (!existsSync(dataFile)) {
  console.error('results need the real data at ../shared/data, which is not there: nothing measured');
  process.exit(1);
}
const only = chosen(values.only);
const suite = 'scripts/runtimes/ml1m.mjs';
const ratings = readFileSync(dataFile);
const linked = (replaced) => link([ENTRY], { [ENTRY]: entryText([], suite), ...replaced });
const fetched = linked({ 'scripts/runtimes/ratings.mjs': "export const ratings = async () => (await fetch('/ratings.csv')).body;\n" });
const embedded = linked({
  'scripts/runtimes/ratings.mjs':
    "import ratingsBytes from './ratings.bin';\nexport const ratings = async () => new Uint8Array(ratingsBytes);\n",
  ...edgeForms,
});

const rows = [];
let reference;
let failed = 0;
for (const host of HOSTS.filter(({ name, extra }) => only?.(name) ?? (values.all || !extra))) {
  if (install(host.tools ?? []).length > 0 || !debianThere(host)) {
    rows.push([host.name, 'missing', '', '', '', '', '', '']);
    continue;
  }
  let run;
  try {
    run = await host.run({
      files: [],
      suite,
      data: new Map([[host.name === 'workerd' ? 'scripts/runtimes/ratings.bin' : 'ratings.csv', ratings]]),
      modules: host.name === 'workerd' ? embedded : fetched,
    });
    if (run.result.failed > 0) throw new Error(run.result.failures.join('\n'));
    if (run.result.notRun?.length > 0) throw new Error(`not run: ${run.result.notRun.join(', ')}`);
  } catch (error) {
    failed++;
    console.error(`${host.name}: ${error.message}`);
    rows.push([host.name, '', '–', '–', '–', 'not measured', '–', '–']);
    continue;
  }
  const { version, result } = run;
  const stages = result.golden;
  reference ??= stages;
  const difference = firstDifference(stages, reference);
  if (difference) failed++;
  const at = (name) => stages.find(({ stage }) => stage === name);
  // workerd's clock stands still while code runs.
  const seconds = (name) => (host.name === 'workerd' ? '–' : at(name).seconds.toFixed(2));
  rows.push([
    host.name,
    version,
    `\`${at('als').digest.slice(0, 16)}…\``,
    `\`${at('als+unlearn-als').digest.slice(0, 16)}…\``,
    at('als+unlearn-als/metrics').recall.toFixed(6),
    difference ? `differs: ${difference}` : 'equal',
    seconds('als'),
    seconds('als+unlearn-als'),
  ]);
  console.error(rows.at(-1).join(' | '));
}

const kernels = readFileSync(join(root, 'build', 'kernels.wasm'));
const table = (head, lines) => [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const columns = [
  'runtime',
  'version',
  'digest of als',
  'digest after forgetting',
  'recall@20 after',
  'digests, metrics',
  'train s',
  'forget s',
];
const digestOf = (name) => reference.find(({ stage }) => stage === name).digest;
const sizes = `Kernels: ${kernels.length} bytes, ${gzipSync(kernels, { level: 9 }).length} gzipped.`;
const about = [
  'ALS on MovieLens 1M (64 factors, 5 iterations, split `per-user:0.8,0.1,0.1`), then `unlearn-als` makes it forget 100 users',
  '(every 60th). "Equal" compares the whole digests of both models and every bit of every metric with the first row\'s; a difference',
  'would be named by its first stage. Seconds are rough: one run each, on a machine that did other things too. arm64 is emulated',
  '(qemu): its seconds say nothing of real hardware.',
];
writeFileSync(
  join(root, 'docs', 'results-runtimes.md'),
  `# Results: the same bytes everywhere

\`npm run results:runtimes -- --all\` · ${cpus()[0].model.replace(/\s+/g, ' ').trim()}, one thread

${about.join(' ')}

${table(columns, rows)}

Full digests: \`als\` \`${digestOf('als')}\`, after forgetting \`${digestOf('als+unlearn-als')}\`. ${sizes}
`,
);
process.exit(failed > 0 ? 1 : 0);
