// Reading a large table, beside polars and DuckDB: a made-up file as CSV and as .inter, turn by turn, in processor seconds, which
// a busy machine hardly lengthens. Ours does what `order` is for the others: ids as positions, rows in order, repeats settled.
// npm run bench:reading -- [--interactions 1e7] [--threads 1] [--rounds 3] [--before DIST: an older build's src/index.js]
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { philox } from '../src/base/random.ts';
import { findPython } from './peers/install.ts';
import { tableText } from './peers/table.ts';

const PACKAGES = ['polars==2.1.0', 'duckdb==2.0.1'];

const { values } = parseArgs({
  options: {
    interactions: { type: 'string', default: '1e7' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    before: { type: 'string' },
    file: { type: 'string' },
  },
});

/** What a process of ours does, and says. */
if (values.file !== undefined) {
  const { readDatasetFile } = await import(values.before ?? '../src/index.js');
  const begun = process.cpuUsage();
  const data = await readDatasetFile(values.file);
  const { user, system } = process.cpuUsage(begun);
  console.log(JSON.stringify({ processor: (user + system) / 1e6, rows: data.interactions, fingerprint: data.fingerprint() }));
  process.exit();
}

interface Result {
  readonly processor: number;
  readonly rows: number;
  readonly fingerprint?: string;
}

const home = join(tmpdir(), 'lethe-reading');
mkdirSync(home, { recursive: true });
const count = Number(values.interactions);
const FILES = {
  csv: ['ratings.csv', ',', 'userId,movieId,rating,timestamp'],
  inter: ['data.inter', '\t', 'user_id:token\titem_id:token\trating:float\ttimestamp:float'],
} as const;

/** Users and items by a power law, values in halves, times in seconds. */
function make(path: string, delimiter: string, header: string): void {
  const file = openSync(path, 'w');
  writeSync(file, `${header}\n`);
  for (let begin = 0; begin < count; begin += 1 << 16) {
    let text = '';
    for (let n = begin; n < Math.min(count, begin + (1 << 16)); n++) {
      const [a, b, c, d] = philox(n, 0, 0, 0, 1, 1);
      const skewed = (word: number, size: number): number => Math.floor((word / 4294967296) * (word / 4294967296) * size);
      text += [skewed(a, 300_000), skewed(b, 40_000), 0.5 + (c % 10) / 2, 1_500_000_000 + (d % 100_000_000)].join(delimiter) + '\n';
    }
    writeSync(file, text);
  }
  closeSync(file);
}

const python = findPython(home, console.error, PACKAGES);
const run = (command: string, args: readonly string[]): Result => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Result;
};
const table: string[][] = [];
for (const [format, [name, delimiter, header]] of Object.entries(FILES)) {
  const path = join(home, `${count}-${name}`);
  if (!existsSync(path)) make(path, delimiter, header);
  const ours = (extra: readonly string[]) => run(process.execPath, [process.argv[1], '--file', path, ...extra]);
  const sides: Record<string, () => Result> = { lethe: () => ours([]) };
  if (values.before !== undefined) sides['lethe before'] = () => ours(['--before', pathToFileURL(values.before!).href]);
  if ('missing' in python) console.error(`polars and DuckDB are missing: ${python.missing}`);
  else
    for (const { command, peer, work } of ['polars', 'duckdb'].flatMap((peer) =>
      ['parse', 'order'].map((work) => ({ command: python.command, peer, work })),
    ))
      sides[`${peer} ${work}`] = () => run(command, [join('bench', 'peers', 'reading.py'), peer, work, path, delimiter, values.threads]);
  const seconds: Record<string, number[]> = {};
  const prints = new Set<string>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [side, read] of Object.entries(sides)) {
      const result = read();
      (seconds[side] ??= []).push(result.processor);
      if (result.fingerprint) prints.add(result.fingerprint);
    }
  }
  if (prints.size > 1) throw new Error('the data sets differ');
  const least = (side: string): number => Math.min(...seconds[side]);
  for (const side of Object.keys(sides)) table.push([format, side, least(side).toFixed(2), (least(side) / least('lethe')).toFixed(2)]);
}
console.log(tableText(['file', 'reader', 'processor seconds', 'of ours'], table));
