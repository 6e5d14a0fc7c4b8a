// Ours beside native and JavaScript libraries: same files, same factors, same threads, turn by turn. docs/peers.md says
// what is counted. npm run bench:peers -- [--quick] [--only NAME,…] [--threads 1] [--kernels fast] [--node newest|PATH]
// [--publish] | --list
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeToUse, nodeVersion } from '../node.ts';
import { argumentsOf } from './arguments.ts';
import { makeInputs } from './inputs.ts';
import { type Found, findJavaScript, findPython } from './install.ts';
import { ALS, BPR, type Job, onFastKernels, ROWS, type Row, type Side } from './jobs.ts';
import { publishPeers } from './publish.ts';
import { SideProcess } from './side.ts';
import { COLUMNS, cells, type Measured, measured, merged, missing, tableText } from './table.ts';

/** Seconds of rounds for a row, and how few and how many rounds are taken. */
const BUDGET = 12;
const FEWEST = 3;
const MOST = 15;
/** A run shorter than this is repeated within a round; both sides warm up for as long as this at least. */
const SHORTEST = 0.2;
const WARM_UP = 1;

const options = argumentsOf(process.argv.slice(2));
const say = (text: string): void => console.error(text);
if (options.list) {
  console.log(
    tableText(
      ['name', 'work', 'size', 'peer', 'aim'],
      ROWS.map(({ name, work, size, peer, aim }) => [name, work, size, peer.label, aim === null ? '–' : String(aim)]),
    ),
  );
  process.exit();
}
const home = options.folder ?? join(tmpdir(), 'lethe-peers');
const data = join(home, 'data');
const jsonFile = options.json ?? join('build', 'peers.json');
mkdirSync(data, { recursive: true });

const node = await nodeToUse(options.node);
const found: Partial<Record<Side, Found>> = { ours: { command: node, packages: [] } };
const needs = (side: Side): boolean => options.rows.some(({ peer }) => peer.side === side);
if (needs('python')) found.python = findPython(home, say);
if (needs('javascript')) found.javascript = findJavaScript(home, node, say);
if (found.python && 'missing' in found.python) say(`Python peers are missing: ${found.python.missing}; the rest runs.`);

const bench = dirname(process.argv[1]);
function start(side: Side, fast = false): SideProcess {
  const { command } = found[side] as { command: string };
  const { threads } = options;
  const one = String(threads);
  if (side === 'ours') return new SideProcess(command, [join(bench, 'ours.js'), data, one, fast ? 'fast' : 'default']);
  if (side === 'javascript') return new SideProcess(command, [join(bench, 'javascript.js'), home, data]);
  return new SideProcess(command, [join('bench', 'peers', 'server.py'), data, one], {
    OMP_NUM_THREADS: one,
    OPENBLAS_NUM_THREADS: one,
    MKL_NUM_THREADS: one,
    OMP_WAIT_POLICY: 'PASSIVE',
    PYTHONDONTWRITEBYTECODE: '1',
  });
}

/** What both sides need to know beside the job's own words. */
const SETTINGS: Partial<Record<Job['kind'], object>> = { als: ALS, bpr: BPR };
const told = (job: Job): Job => ({ ...job, ...SETTINGS[job.kind] });

/** A side that counts its steps. */
class Runner {
  readonly process: SideProcess;
  steps = 0;
  constructor(side: Side, fast = false) {
    this.process = start(side, fast);
  }
  /** Runs several times. @returns seconds of one. */
  async run(times: number): Promise<number> {
    this.steps += times;
    return Number((await this.process.ask({ do: 'run', times })).seconds);
  }
  /** Runs until it is warm. @returns seconds of the last run. */
  async warm(): Promise<number> {
    let last = 0;
    for (let spent = 0; spent < WARM_UP; spent += Math.max(last, 1e-3)) last = await this.run(1);
    return last;
  }
}

/** Work that goes on where the run before left off: outcomes can be compared after as many steps only. */
const TRAINS: readonly Job['kind'][] = ['als', 'bpr', 'epoch'];

async function measure(row: Row): Promise<Measured> {
  const side = found[row.peer.side]!;
  if ('missing' in side) return missing(row, options.threads, side.missing);
  const sides: Runner[] = [];
  try {
    await makeInputs(data, row.job);
    const ours = new Runner('ours', row.fast);
    const peer = new Runner(row.peer.side, row.fast);
    sides.push(ours, peer);
    // Ours first: it makes what a ranking ranks.
    await ours.process.ask({ do: 'prepare', job: told(row.job) });
    await peer.process.ask({ do: 'prepare', job: told(row.peer.job ?? row.job) });
    const once = { peer: await peer.warm(), ours: await ours.warm() };
    const trains = TRAINS.includes(row.job.kind);
    const timesOf = (seconds: number): number => (trains ? 1 : Math.ceil(SHORTEST / seconds));
    const times = { peer: timesOf(once.peer), ours: timesOf(once.ours) };
    const round = once.peer * times.peer + once.ours * times.ours;
    const rounds = options.rounds ?? Math.max(round > BUDGET ? FEWEST - 1 : FEWEST, Math.min(MOST, Math.floor(BUDGET / round)));
    const taken = { peer: [] as number[], ours: [] as number[] };
    for (let r = 0; r < rounds; r++) {
      taken.peer.push(await peer.run(times.peer));
      taken.ours.push(await ours.run(times.ours));
    }
    if (trains) for (const late of sides) while (late.steps < Math.max(ours.steps, peer.steps)) await late.run(1);
    const outcome = `outcome-${row.name}`;
    if (row.peer.side !== 'ours') await peer.process.ask({ do: 'result', peer: outcome });
    const { same } = await ours.process.ask({ do: 'result', peer: outcome });
    return measured(row, options.threads, taken.peer, taken.ours, same as string | undefined);
  } catch (error) {
    return missing(row, options.threads, (error as Error).message);
  } finally {
    await Promise.all(sides.map(({ process }) => process.close()));
  }
}

const began = performance.now();
const fresh: Measured[] = [];
const before = existsSync(jsonFile) ? (JSON.parse(readFileSync(jsonFile, 'utf8')) as { rows: Measured[] }).rows : [];
const machine = `${cpus()[0]?.model.trim()}, ${process.arch}`;
const versions = [`Node ${nodeVersion(node)}`, ...Object.values(found).flatMap((side) => ('packages' in side ? side.packages : []))];
say(`${machine}; ${versions.join(', ')}; threads: ${options.threads}`);
const order = ROWS.flatMap((row) => [row, onFastKernels(row)]);
for (const row of options.rows.flatMap((row) => (options.fast ? [row, onFastKernels(row)] : [row]))) {
  const result = await measure(row);
  fresh.push(result);
  say(cells(result).join(' · '));
  // After every row, so that a run that is cut short can be gone on with.
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(jsonFile, `${JSON.stringify({ machine, versions, rows: merged(before, fresh, order) }, null, 1)}\n`);
}
console.log(tableText(COLUMNS, fresh.map(cells)));
if (options.publish) publishPeers(merged(before, fresh, order), versions, (performance.now() - began) / 1000);
