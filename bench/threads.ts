// What more threads gain: ALS, a product with a sparse matrix, an epoch of BPR pair by pair and one of LightGCN, on one thread
// and on several, turn by
// turn: the best time of each and the ratio.
// npm run bench:threads -- [--threads 2] [--rounds 5] [--factors 64] [--interactions 1000000] [--only word] [--json file]
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { resolveOptions } from '../src/base/options.ts';
import { generate } from '../src/data/generate.ts';
import type { GradientKind, TrainingOptions } from '../src/gradient/gradient-model.ts';
import { bipartiteGraph } from '../src/gradient/graph.ts';
import { Optimizer } from '../src/gradient/optimizer.ts';
import { Training } from '../src/gradient/training.ts';
import { leastSquaresOptions } from '../src/least-squares/objective.ts';
import { LeastSquares } from '../src/least-squares/problem.ts';
import { bpr } from '../src/models/bpr.ts';
import { lightgcn } from '../src/models/lightgcn.ts';
import { multiplySparse, shareWork } from '../src/threads/parallel-kernels.ts';
import { type Team, withTeam } from '../src/threads/team.ts';
import { Csr, Matrix } from '../src/wasm/tensor.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    factors: { type: 'string', default: '64' },
    interactions: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const factors = Number(values.factors);
const interactions = Number(values.interactions);

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1];
const data = await generate({ users: Math.ceil(interactions / 165), items: Math.ceil(interactions / 270), interactions });

/** What is timed, made ready in a team's arena. */
type Prepare = (team: Team) => () => unknown;

const sweep =
  (solver: 'cholesky' | 'cg'): Prepare =>
  (team) => {
    const problem = new LeastSquares(
      data,
      resolveOptions('als', leastSquaresOptions, { solver, factors, alpha: 4, regularization: 1 }),
      undefined,
      team,
    );
    problem.initialize();
    return () => problem.sweep();
  };

const epochs =
  (kind: GradientKind, given: object): Prepare =>
  (team) => {
    const options = resolveOptions(kind.name, kind.options, { factors, ...given }) as unknown as TrainingOptions;
    const training = new Training(kind, data, options, team);
    const optimizer = new Optimizer(training.arena, training.matrices, { name: options.optimizer });
    const pairs = training.pairs();
    training.begin();
    let epoch = 0;
    return () => training.epoch(++epoch, pairs, optimizer, options.learningRate, {});
  };

const WORKS: Readonly<Record<string, Prepare>> = {
  cholesky: sweep('cholesky'),
  cg: sweep('cg'),
  spmm: (team) => {
    shareWork(team);
    const graph = Csr.from(team.arena, bipartiteGraph(data));
    const X = new Matrix(team.arena, graph.rows, factors);
    const Y = new Matrix(team.arena, graph.rows, factors);
    X.load(Float32Array.from({ length: X.rows * X.cols }, (_, i) => (i % 101) - 50));
    return () => multiplySparse(graph, X.ld, X.pointer, 0, Y.pointer);
  },
  bpr: epochs(bpr, { optimizer: 'sgd-pairs', learningRate: 0.01, regularization: 0.01 }),
  lightgcn: epochs(lightgcn, { batchSize: 8192 }),
};

console.log(
  `${data.users.size} x ${data.items.size}, ${interactions} interactions, ${factors} factors; ${availableParallelism()} ` +
    'processors; seconds per sweep, product, epoch',
);
console.log('work      threads 1: min median   ' + `threads ${threads}: min median   ratio of minima, of medians`);
const rows = [];
for (const [work, prepare] of Object.entries(WORKS)) {
  if (!work.includes(values.only)) continue;
  const row = await withTeam(1, (one) =>
    withTeam(threads, async (many) => {
      if (many.threads !== threads) throw new Error(`only ${many.threads} threads could be opened`);
      const sides = [one, many].map((team) => ({ run: prepare(team), times: [] as number[] }));
      for (let round = 0; round <= rounds; round++) {
        for (const { run, times } of sides) {
          const start = performance.now();
          await run();
          if (round > 0) times.push((performance.now() - start) / 1000); // the first one warms up
        }
      }
      const [a, b] = sides.map(({ times }) => ({ min: Math.min(...times), median: median(times) }));
      return { work, factors, interactions, one: a, many: b, ratio: { min: a.min / b.min, median: a.median / b.median } };
    }),
  );
  rows.push(row);
  console.log(
    [
      row.work.padEnd(9),
      row.one.min.toFixed(3).padStart(15),
      row.one.median.toFixed(3).padStart(6),
      row.many.min.toFixed(3).padStart(15),
      row.many.median.toFixed(3).padStart(6),
      row.ratio.min.toFixed(2).padStart(16),
      row.ratio.median.toFixed(2).padStart(11),
    ].join(' '),
  );
}
if (rows.length === 0) console.log(`Nothing to time matches ${values.only}.`);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ threads, rows }, null, 2)}\n`);
