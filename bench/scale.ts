// How time and memory of ALS grow with interactions and factors: made-up data of several sizes, or a file of your own,
// read as a stream. Each point runs in a process of its own, bounded in time; its memory plan is printed before it begins,
// and the exponents of growth are fitted at the end.
// npm run bench:scale -- [--interactions 1e6,3e6,…] [--factors 32,64,…] [--file DATA] [--solver cg] [--threads 1] [--rounds 3]
//   [--limit 900] [--json file]
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resolveOptions } from '../src/base/options.ts';
import { Dataset } from '../src/data/dataset.ts';
import { generate } from '../src/data/generate.ts';
import { IdTable } from '../src/data/ids.ts';
import { readDatasetFile } from '../src/files/node-files.ts';
import { deserialize, serialize } from '../src/files/serialize.ts';
import { LeastSquares } from '../src/least-squares/problem.ts';
import { provenanceOf } from '../src/model/model.ts';
import { recommend } from '../src/model/recommend.ts';
import { als } from '../src/models/als.ts';
import { withTeam } from '../src/threads/team.ts';

const { values } = parseArgs({
  options: {
    interactions: { type: 'string', default: '1e6,3e6,1e7,3e7,1e8' },
    factors: { type: 'string' },
    file: { type: 'string' },
    solver: { type: 'string', default: 'cg' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    limit: { type: 'string', default: '900' },
    json: { type: 'string' },
    // What the processes of the points are told.
    point: { type: 'boolean', default: false },
    make: { type: 'string' },
    cells: { type: 'string' },
  },
});
const limit = Number(values.limit) * 1000;

interface Point {
  readonly interactions: number;
  readonly users: number;
  readonly items: number;
  readonly factors: number;
  /** Bytes of linear memory: planned, and at the end. */
  readonly planned: number;
  readonly used: number;
  /** Most bytes that the process had held when each stage was done. */
  readonly resident: Readonly<Record<string, number>>;
  /** Each stage's seconds, and what of them the processor worked for it, on all threads. */
  readonly stages: Readonly<Record<string, Time>>;
  /** Of a sweep: the shortest and the middle one; the spread is the median absolute deviation over the median. */
  readonly sweep: { readonly min: Time; readonly median: number; readonly spread: number; readonly runs: number };
}

/** In seconds; a busy machine lengthens the first and hardly the second. */
interface Time {
  readonly seconds: number;
  readonly processor: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<{ time: Time; result: T }> {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { time: { seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6 }, result };
}

/** Long rows and a catalogue that grows with the data, as shops and film services have them. */
const shapeOf = (interactions: number): { users: number; items: number } => ({
  users: Math.ceil(interactions / 100),
  items: Math.min(100_000, Math.ceil(interactions / 250)),
});

/** Made-up cells go from the process that makes them to those that measure as three arrays in a file. */
const lengthsOf = (interactions: number): [number, number, number] => [shapeOf(interactions).users + 1, interactions, interactions];

async function makeCells(path: string, interactions: number): Promise<void> {
  const { indptr, indices, data } = (await generate({ ...shapeOf(interactions), interactions })).userItems;
  const file = openSync(path, 'w');
  for (const array of [indptr, indices, data]) writeWhole(file, array);
  closeSync(file);
}

const PIECE = 1 << 28;
const bytesOf = (array: Int32Array | Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function writeWhole(file: number, array: Int32Array | Float32Array): void {
  const bytes = bytesOf(array);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(PIECE, bytes.length - at));
}

function readCells(path: string, interactions: number): Dataset {
  const { users, items } = shapeOf(interactions);
  const file = openSync(path, 'r');
  const [rows, n] = lengthsOf(interactions);
  const [indptr, indices, data] = [new Int32Array(rows), new Int32Array(n), new Float32Array(n)];
  for (const array of [indptr, indices, data]) {
    const bytes = bytesOf(array);
    for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, Math.min(PIECE, bytes.length - at), null);
  }
  closeSync(file);
  const numbered = (count: number): IdTable => new IdTable(Array.from({ length: count }, (_, n) => String(n)));
  return new Dataset({ users: numbered(users), items: numbered(items), userItems: { rows: users, cols: items, indptr, indices, data } });
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const { length } = sorted;
  return (sorted[(length - 1) >> 1] + sorted[length >> 1]) / 2;
}

async function measure(read: () => Promise<Dataset>, factors: number): Promise<Point> {
  const stages: Record<string, Time> = {};
  const resident: Record<string, number> = {};
  const stage = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const { time, result } = await timed(work);
    stages[name] = time;
    resident[name] = process.resourceUsage().maxRSS * 1024;
    return result;
  };
  const options = resolveOptions('als', als.options, { factors, solver: values.solver, alpha: 4, regularization: 1, iterations: 1 });
  const data = await stage('read', read);
  const threads = Number(values.threads);
  // The identity of made-up cells is no news.
  const provenance =
    values.file === undefined ? { fingerprint: '', split: data.split } : await stage('fingerprint', () => provenanceOf(data));
  const plan = als.plan(data, options, { threads });
  const { sweeps, used, model } = await withTeam(threads, async (team) => {
    const problem = await stage('load', () => {
      const { iterations: _, tolerance: __, ...problemOptions } = options;
      return new LeastSquares(data, problemOptions, undefined, team);
    });
    problem.initialize();
    const sweeps: Time[] = [];
    const begin = performance.now();
    // A round more only while there is time for the rest.
    while (sweeps.length < Number(values.rounds) && performance.now() - begin < limit / 3) {
      await stage('sweep', () => problem.sweep());
      sweeps.push(stages.sweep);
    }
    delete stages.sweep;
    const parameters = new Map(
      (
        [
          ['userFactors', problem.userFactors],
          ['itemFactors', problem.itemFactors],
        ] as const
      ).map(([name, matrix]) => [name, { rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() }]),
    );
    const model = als.restore({ options, users: data.users, items: data.items, provenance, record: {}, parameters });
    return { sweeps, used: team.arena.size, model };
  });
  const folder = mkdtempSync(join(tmpdir(), 'lethe-scale-'));
  const path = join(folder, 'model.lethe');
  try {
    await stage('save', async () => writeFileSync(path, await serialize(model)));
    const opened = await stage('open', async () => deserialize(readFileSync(path)));
    const user = data.users.at(data.users.size >> 1)!;
    const list = await stage('recommend', () => recommend(opened, user, { data, k: 10 }));
    if (JSON.stringify(list) !== JSON.stringify(recommend(model, user, { data, k: 10 })))
      throw new Error('the opened model recommends otherwise');
  } finally {
    rmSync(folder, { recursive: true });
  }
  const seconds = sweeps.map((time) => time.seconds);
  const middle = median(seconds);
  return {
    interactions: data.interactions,
    users: data.users.size,
    items: data.items.size,
    factors,
    planned: plan.bytes,
    used,
    resident,
    stages,
    sweep: {
      min: { seconds: Math.min(...seconds), processor: Math.min(...sweeps.map(({ processor }) => processor)) },
      median: middle,
      spread: median(seconds.map((each) => Math.abs(each - middle))) / middle,
      runs: sweeps.length,
    },
  };
}

const gigabytes = (bytes: number): string =>
  bytes < 2 ** 29 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
const list = (text: string): number[] => text.split(',').map(Number);

/** Slope of log y over log x by least squares. */
function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (k: number): number => logs.reduce((sum, log) => sum + log[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  return logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) * (x - mx), 0);
}

/** Runs this file again with more arguments. @returns what it printed, or why there is nothing. */
function inProcess(...more: string[]): { printed: string; problem?: string } {
  const { stdout, stderr, error, status } = spawnSync(
    process.execPath,
    [process.argv[1], '--solver', values.solver, '--threads', values.threads, '--rounds', values.rounds, '--limit', values.limit, ...more],
    { encoding: 'utf8', timeout: limit, maxBuffer: 1 << 24 },
  );
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') return { printed: '', problem: `longer than ${values.limit} s` };
  return status === 0 ? { printed: stdout } : { printed: '', problem: (error?.message ?? stderr).slice(-500) || 'the process was ended' };
}

function makes(cells: string, interactions: number): boolean {
  const { problem } = inProcess('--make', cells, '--interactions', String(interactions));
  if (problem !== undefined) console.log(`  not made: ${problem}`);
  return problem === undefined;
}

function runPoint(points: Point[], ...more: string[]): void {
  const { printed, problem } = inProcess('--point', ...more);
  if (problem !== undefined) {
    console.log(`  not measured: ${problem}`);
    return;
  }
  const point = JSON.parse(printed) as Point;
  const { stages, sweep, resident } = point;
  points.push(point);
  console.log(
    `  ${point.users} users, ${point.items} items, ${point.factors} factors: plan ${gigabytes(point.planned)}, linear ` +
      `memory ${gigabytes(point.used)}`,
  );
  const text = ({ seconds, processor }: Time): string => `${seconds.toFixed(2)} s (${processor.toFixed(2)})`;
  console.log(
    `  sweep ${text(sweep.min)}, median ${sweep.median.toFixed(2)} s ±${(sweep.spread * 100).toFixed(1)}% of ${sweep.runs}; ` +
      Object.entries(stages)
        .map(([stage, time]) => `${stage} ${text(time)}`)
        .join(', '),
  );
  console.log(
    `  most of the process after ${Object.entries(resident)
      .map(([stage, bytes]) => `${stage} ${gigabytes(bytes)}`)
      .join(', ')}`,
  );
}

/** The exponents of growth that three points or more allow to be fitted. */
function exponents(points: readonly Point[]): { of: string; at: string; exponent: number }[] {
  const found: { of: string; at: string; exponent: number }[] = [];
  const fit = (of: string, at: string, line: readonly (readonly [number, number])[]): void => {
    if (line.length >= 3) found.push({ of, at, exponent: exponent(line) });
  };
  for (const factors of new Set(points.map((point) => point.factors))) {
    const line = points.filter((point) => point.factors === factors);
    const at = `${factors} factors`;
    fit(
      'processor time of a sweep ~ interactions',
      at,
      line.map((p) => [p.interactions, p.sweep.min.processor]),
    );
    fit(
      'linear memory ~ interactions',
      at,
      line.map((p) => [p.interactions, p.used]),
    );
    fit(
      'memory of the process ~ interactions',
      at,
      line.map((p) => [p.interactions, Math.max(...Object.values(p.resident))]),
    );
  }
  for (const interactions of new Set(points.map((point) => point.interactions))) {
    const line = points.filter((point) => point.interactions === interactions);
    const at = `${interactions.toLocaleString('en')} interactions`;
    fit(
      'processor time of a sweep ~ factors',
      at,
      line.map((p) => [p.factors, p.sweep.min.processor]),
    );
    fit(
      'linear memory ~ factors',
      at,
      line.map((p) => [p.factors, p.used]),
    );
  }
  return found;
}

if (values.make !== undefined) await makeCells(values.make, Number(values.interactions));
else if (values.point) {
  const { file, cells } = values;
  console.log(
    JSON.stringify(
      await measure(
        async () => (file === undefined ? readCells(cells!, Number(values.interactions)) : readDatasetFile(file, { titles: false })),
        Number(values.factors),
      ),
    ),
  );
} else {
  const points: Point[] = [];
  const machine = `${cpus()[0]?.model.trim()}, ${process.arch}, Node ${process.versions.node}`;
  console.log(
    `${machine}; solver ${values.solver}, ${values.threads} thread${values.threads === '1' ? '' : 's'}; seconds, and in ` +
      `brackets the processor's`,
  );
  if (values.file !== undefined) {
    for (const factors of list(values.factors ?? '64')) {
      console.log(`${values.file}, ${factors} factors`);
      runPoint(points, '--file', values.file, '--factors', String(factors));
    }
  } else {
    const folder = mkdtempSync(join(tmpdir(), 'lethe-scale-'));
    const cells = join(folder, 'cells');
    try {
      for (const interactions of list(values.interactions)) {
        const { users, items } = shapeOf(interactions);
        const shape = { interactions, userItems: { rows: users, cols: items } };
        let made = false;
        for (const factors of list(values.factors ?? '32,64,128,256')) {
          const options = { factors, solver: values.solver as 'cg' | 'cholesky' };
          const plan = als.plan(shape, options, { threads: Number(values.threads) });
          console.log(
            `${interactions.toLocaleString('en')} interactions, ${factors} factors: plan ${gigabytes(plan.bytes)} of WebAssembly ` +
              `memory${values.solver === 'cg' ? ', and the longest row' : ''}`,
          );
          if (plan.remedy !== '') {
            console.log(`  more than 4 GiB, not run: ${plan.remedy}`);
            continue;
          }
          made ||= makes(cells, interactions);
          if (made) runPoint(points, '--cells', cells, '--interactions', String(interactions), '--factors', String(factors));
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const fitted = exponents(points);
  for (const { of, at, exponent } of fitted) console.log(`${at}: ${of}^${exponent.toFixed(2)}`);
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ machine, solver: values.solver, threads: Number(values.threads), points, exponents: fitted }, null, 2)}\n`,
    );
}
