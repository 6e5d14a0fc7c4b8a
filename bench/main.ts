// Times every kernel that has a bench in test/kernels/ or streams.ts, beside what this machine can do at most (bench/roofline.ts).
// npm run bench -- [words of a kernel or size …] [--json file] | --list
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Bench } from 'tinybench';
import { Arena } from '../src/wasm/memory.ts';
import { FAMILIES } from '../test/kernels/index.ts';
import type { Timed } from '../test/kernels/table.ts';
import { type Roofline, roofline } from './roofline.ts';
import { STREAMS } from './streams.ts';

interface Row {
  readonly kernel: string;
  readonly size: string;
  readonly milliseconds: { readonly min: number; readonly median: number };
  /** Median absolute deviation over the median. */
  readonly spread: number;
  readonly runs: number;
  /** GFLOP/s or GB/s at the median, and its part of the machine's best. */
  readonly rate: number;
  readonly unit: string;
  readonly ofPeak: number;
}

async function time(kernel: string, size: string, prepare: (arena: Arena) => Timed, peak: Roofline): Promise<Row> {
  const { run, work, unit } = prepare(new Arena());
  const bench = new Bench({ time: 600, iterations: 5, warmupTime: 200, warmupIterations: 2 });
  bench.add(size, run);
  const { result } = (await bench.run())[0];
  if (result.state !== 'completed') throw new Error(`${kernel}, ${size}: ${result.state}`);
  const { min, p50, mad, samplesCount } = result.latency;
  const rate = work / p50 / 1e6;
  return {
    kernel,
    size,
    milliseconds: { min, median: p50 },
    spread: mad / p50,
    runs: samplesCount,
    rate,
    unit: unit === 'byte' ? 'GB/s' : 'GFLOP/s',
    ofPeak: rate / { flop: peak.gflops, flop64: peak.gflops / 2, byte: peak.gbytes }[unit],
  };
}

const words = process.argv.slice(2);
const json = words.indexOf('--json');
const file = json < 0 ? undefined : words.splice(json, 2)[1];
const wanted = (name: string): boolean => words.length === 0 || words.some((word) => name.includes(word));
const number = (value: number, digits = 3): string =>
  value.toPrecision(digits).includes('e') ? value.toFixed(0) : value.toPrecision(digits);
const line = (...cells: string[]): void =>
  console.log([cells[0].padEnd(24), cells[1].padEnd(34), ...cells.slice(2).map((cell) => cell.padStart(9))].join(' '));

const kernels = Object.values(FAMILIES).flatMap((table) => Object.entries(table));
if (words.includes('--list')) {
  for (const [kernel, { claim }] of kernels) console.log(`${kernel.padEnd(24)} ${claim}`);
  process.exit();
}
const peak = await roofline();
const machine = `${cpus()[0]?.model.trim()}, ${process.arch}, Node ${process.versions.node}`;
console.log(`${machine}\nmost in one thread: ${number(peak.gflops)} GFLOP/s, ${number(peak.gbytes)} GB/s from memory\n`);
line('kernel', 'size', 'min ms', 'median', 'spread', 'rate', '', 'of peak');
const rows: Row[] = [];
for (const [kernel, { bench = {} }] of kernels) {
  for (const [size, prepare] of Object.entries({ ...bench, ...STREAMS[kernel] })) {
    if (!wanted(`${kernel} ${size}`)) continue;
    const row = await time(kernel, size, prepare, peak);
    rows.push(row);
    line(
      kernel,
      size,
      number(row.milliseconds.min),
      number(row.milliseconds.median),
      `±${(row.spread * 100).toFixed(1)}%`,
      number(row.rate),
      row.unit,
      `${(row.ofPeak * 100).toFixed(0)}%`,
    );
  }
}
if (rows.length === 0) console.log(`No bench matches ${words.join(' ')}.`);
if (file) writeFileSync(file, `${JSON.stringify({ machine, peak, rows }, null, 2)}\n`);
