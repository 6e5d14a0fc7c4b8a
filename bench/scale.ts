// How time and memory of ALS grow with interactions and factors. Each point runs in a process of its own, bounded in time;
// the memory plan is printed before it begins, and the exponents of growth are fitted at the end.
// npm run bench:scale -- [--interactions 1e6,3e6,…] [--factors 32,64,…] [--solver cg] [--threads 1] [--limit 900] [--json file]
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generate } from '../src/generate.ts';
import { LeastSquares, plannedBytes } from '../src/least-squares.ts';
import { leastSquaresOptions } from '../src/least-squares-objective.ts';
import { als } from '../src/models/als.ts';
import { resolveOptions } from '../src/options.ts';
import { serialize } from '../src/serialize.ts';
import { withTeam } from '../src/threads.ts';

const { values } = parseArgs({ options: {
  interactions: { type: 'string', default: '1e6,3e6,1e7,3e7,1e8' }, factors: { type: 'string', default: '32,64,128,256' },
  solver: { type: 'string', default: 'cg' }, threads: { type: 'string', default: '1' }, limit: { type: 'string', default: '900' },
  save: { type: 'boolean', default: false }, point: { type: 'boolean', default: false }, json: { type: 'string' },
} });

interface Point {
  readonly interactions: number;
  readonly factors: number;
  readonly planned: number;
  /** Bytes of linear memory at the end, and the most that the process ever held. */
  readonly used: number;
  readonly resident: number;
  readonly seconds: { readonly generate: number; readonly load: number; readonly sweep: number; readonly save?: number };
}

/** Long rows and a catalogue that grows with the data, as shops and film services have them. */
const shapeOf = (interactions: number): { users: number; items: number } =>
  ({ users: Math.ceil(interactions / 100), items: Math.min(100_000, Math.ceil(interactions / 250)) });

async function measure(interactions: number, factors: number): Promise<Point> {
  const seconds = async <T>(work: () => T | Promise<T>): Promise<[number, T]> => {
    const start = performance.now(), result = await work();
    return [(performance.now() - start) / 1000, result];
  };
  const options = resolveOptions('als', leastSquaresOptions, { factors, solver: values.solver, alpha: 4, regularization: 1 });
  const [generated, data] = await seconds(() => generate({ ...shapeOf(interactions), interactions }));
  const planned = plannedBytes(data, options);
  const timed = await withTeam(Number(values.threads), async (team) => {
    const [load, problem] = await seconds(() => new LeastSquares(data, options, undefined, team));
    problem.initialize();
    const [sweep] = await seconds(() => problem.sweep());
    return { load, sweep, used: team.arena.size, problem };
  });
  const { load, sweep, used, problem } = timed;
  let save: number | undefined;
  if (values.save) {
    [save] = await seconds(() => serialize(als.restore({
      options: { ...options, iterations: 1 }, users: data.users, items: data.items, provenance: { fingerprint: '', split: data.split }, record: {},
      parameters: new Map(([['userFactors', problem.userFactors], ['itemFactors', problem.itemFactors]] as const)
        .map(([name, matrix]) => [name, { rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() }])),
    })));
  }
  return { interactions, factors, planned, used, resident: process.resourceUsage().maxRSS * 1024, seconds: { generate: generated, load, sweep, save } };
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
const list = (text: string): number[] => text.split(',').map(Number);

/** Slope of log y over log x by least squares. */
function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (k: number): number => logs.reduce((sum, log) => sum + log[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  return logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) * (x - mx), 0);
}

if (values.point) {
  console.log(JSON.stringify(await measure(Number(values.interactions), Number(values.factors))));
} else {
  const points: Point[] = [];
  for (const interactions of list(values.interactions)) {
    for (const factors of list(values.factors)) {
      const { users, items } = shapeOf(interactions);
      const planned = plannedBytes({ interactions, userItems: { rows: users, cols: items } }, { factors });
      console.log(`${interactions.toLocaleString('en')} interactions, ${users} users, ${items} items, ${factors} factors: ` +
        `plan ${gigabytes(planned)} of WebAssembly memory`);
      if (planned > 2 ** 32) {
        console.log('  more than 4 GiB: not run');
        continue;
      }
      const { stdout, stderr, error } = spawnSync(process.execPath, [process.argv[1], '--point', '--interactions', String(interactions), '--factors', String(factors),
        '--solver', values.solver, '--threads', values.threads, ...(values.save ? ['--save'] : [])],
      { encoding: 'utf8', timeout: Number(values.limit) * 1000, maxBuffer: 1 << 24 });
      if (error || !stdout.trim()) {
        console.log(`  not measured: ${(error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT' ? `longer than ${values.limit} s` : stderr.slice(-500)}`);
        continue;
      }
      const point = JSON.parse(stdout) as Point, { seconds } = point;
      points.push(point);
      console.log(`  generate ${seconds.generate.toFixed(1)} s, load ${seconds.load.toFixed(2)} s, sweep ${seconds.sweep.toFixed(2)} s` +
        `${seconds.save === undefined ? '' : `, save ${seconds.save.toFixed(1)} s`}; linear memory ${gigabytes(point.used)}, process ${gigabytes(point.resident)}`);
    }
  }
  for (const factors of list(values.factors)) {
    const line = points.filter((point) => point.factors === factors);
    if (line.length < 2) continue;
    console.log(`${factors} factors: time of a sweep ~ interactions^${exponent(line.map((p) => [p.interactions, p.seconds.sweep])).toFixed(2)}, ` +
      `linear memory ~ interactions^${exponent(line.map((p) => [p.interactions, p.used])).toFixed(2)}`);
  }
  for (const interactions of list(values.interactions)) {
    const line = points.filter((point) => point.interactions === interactions);
    if (line.length >= 2) console.log(`${interactions.toLocaleString('en')} interactions: time of a sweep ~ factors^${exponent(line.map((p) => [p.factors, p.seconds.sweep])).toFixed(2)}`);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(points, null, 2)}\n`);
}
