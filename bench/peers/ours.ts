// Our side of the bench: the library's own ways, as a process that answers messages (side.ts).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resolveOptions } from '../../src/base/options.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { fastKernels } from '../../src/fast.ts';
import { forget } from '../../src/forget/forget.ts';
import type { GradientKind, TrainingOptions } from '../../src/gradient/gradient-model.ts';
import { matmul, propagate } from '../../src/gradient/ops/products.ts';
import { Optimizer } from '../../src/gradient/optimizer.ts';
import { Tape } from '../../src/gradient/tape.ts';
import { Training } from '../../src/gradient/training.ts';
import { leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { BilinearModel } from '../../src/model/bilinear.ts';
import { als } from '../../src/models/als.ts';
import { bm3 } from '../../src/models/bm3.ts';
import { bpr } from '../../src/models/bpr.ts';
import { lightgcn } from '../../src/models/lightgcn.ts';
import { shareWork } from '../../src/threads/parallel-kernels.ts';
import { openTeam, type Team } from '../../src/threads/team.ts';
import { unlearnAls } from '../../src/unlearn/unlearn-als.ts';
import { loadKernels } from '../../src/wasm/kernels.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Csr, Matrix } from '../../src/wasm/tensor.ts';
import { type Dense, encodeDense, readCsr, readDense, readInts, writeWhole } from './files.ts';
import { csrFile, datasetOf, denseFile, startFile, trainedFile, withFeatures } from './inputs.ts';
import { ALS, BPR, type Job, RETRAIN_ITERATIONS } from './jobs.ts';
import { type Answer, serve } from './side.ts';

/** A prepared job: what a round does, and how its outcome compares with the peer's. */
interface Work {
  run(): Promise<Answer | void> | Answer | void;
  /** @param peer the prefix of the files that the peer wrote. */
  result?(peer: string): Promise<Answer> | Answer;
}
interface Place {
  readonly folder: string;
  readonly team: Team;
}

function leastSquares(
  data: Dataset,
  job: { factors: number; solver?: 'cholesky' | 'cg'; data: string },
  { folder, team }: Place,
): LeastSquares {
  const options = resolveOptions('als', leastSquaresOptions, {
    factors: job.factors,
    solver: job.solver ?? 'cg',
    confidence: true,
    ...ALS,
  });
  const problem = new LeastSquares(data, options, undefined, team);
  problem.start(
    readDense(startFile(folder, job.data, job.factors, 'users')).values,
    readDense(startFile(folder, job.data, job.factors, 'items')).values,
  );
  return problem;
}

const WORKS: { [K in Job['kind']]: (job: Extract<Job, { kind: K }>, place: Place) => Work | Promise<Work> } = {
  als(job, place) {
    const data = datasetOf(readCsr(csrFile(place.folder, job.data)));
    const problem = leastSquares(data, job, place);
    return {
      run: () => problem.sweep(),
      result(peer) {
        const ours = problem.objective();
        problem.start(readDense(`${peer}-users.f32`).values, readDense(`${peer}-items.f32`).values);
        return { same: `objective ${relative(ours, problem.objective())} of the peer's` };
      },
    };
  },

  bpr(job, { folder, team }) {
    const data = datasetOf(readCsr(csrFile(folder, job.data)));
    const trained = trainer(bpr, data, { optimizer: 'sgd-pairs', factors: job.factors, ...BPR }, team);
    return {
      run: async () => void (await trained.epoch()),
      result(peer) {
        const model = trained.training.model({});
        const ours = ordered(data, dense(model.userFactors), dense(model.itemFactors));
        const theirs = ordered(data, readDense(`${peer}-users.f32`), readDense(`${peer}-items.f32`));
        return { same: `pairs in order: ours ${percent(ours)}, peer ${percent(theirs)}` };
      },
    };
  },

  async topk(job, place) {
    const { folder, team } = place;
    const data = datasetOf(readCsr(csrFile(folder, job.data)));
    const files = (['users', 'items'] as const).map((side) => trainedFile(folder, job.data, job.factors, side));
    if (!files.every(existsSync)) {
      const problem = leastSquares(data, job, place);
      for (let sweep = 0; sweep < 3; sweep++) await problem.sweep();
      [problem.userFactors, problem.itemFactors].forEach((matrix, n) => writeWhole(files[n], encodeDense(dense(matrix))));
    }
    const [userFactors, itemFactors] = files.map(readDense);
    const model = new BilinearModel({
      kind: als,
      options: {},
      users: data.users,
      items: data.items,
      provenance: { fingerprint: '', split: data.split },
      record: {},
      userFactors,
      itemFactors,
    });
    const users = Int32Array.from({ length: data.users.size }, (_, u) => u);
    const request = { users, k: job.k, exclude: data.userItems, team };
    return {
      run: () => void model.rank(request),
      result(peer) {
        const theirs = readInts(`${peer}-items.i32`);
        const { items } = model.rank(request);
        let common = 0;
        for (let u = 0; u < users.length; u++) {
          const list = new Set(items.subarray(u * job.k, (u + 1) * job.k));
          for (const item of theirs.subarray(u * job.k, (u + 1) * job.k)) if (list.has(item)) common++;
        }
        return { same: `lists agree in ${percent(common / items.length)}` };
      },
    };
  },

  spmm(job, { folder, team }) {
    shareWork(team);
    const { arena } = team;
    const matrix = Csr.from(arena, readCsr(csrFile(folder, job.data)));
    const graph = { matrix, transpose: matrix };
    const { rows, cols, values } = readDense(startFile(folder, job.data, job.factors, 'items'));
    const X = new Matrix(arena, rows, cols).load(values);
    const product = <T>(use: (y: Matrix) => T): T =>
      arena.scope(() => {
        const tape = new Tape(arena);
        return use(propagate(graph, tape.constant(X)).value);
      });
    return {
      run: () => product(() => {}),
      result: (peer) => ({ same: product((y) => nearness(y.toArray(), readDense(`${peer}-product.f32`).values)) }),
    };
  },

  gram(job, { folder }) {
    const arena = new Arena();
    const { kernels } = arena;
    const { rows, cols, values } = readDense(denseFile(folder, `left-${job.rows}-${job.factors}`));
    const X = new Matrix(arena, rows, cols).load(values);
    const { ld } = X;
    const G64 = arena.alloc(ld * ld * 8);
    const G = arena.alloc(ld * ld * 4);
    const out = arena.alloc(ld * ld * 4);
    const scratch = arena.alloc(kernels.gram_accumulate_scratch(ld));
    const run = (): void => {
      arena.f64(G64, ld * ld).fill(0);
      kernels.gram_accumulate(0, rows, ld, 1, 0, X.pointer, G64, scratch);
      kernels.gram_finish(ld, 1, G64, G);
      kernels.gram_unpack(ld, G, out);
    };
    return { run, result: (peer) => ({ same: nearness(arena.f32(out, ld * ld), readDense(`${peer}-product.f32`).values) }) };
  },

  gemm(job, { folder }) {
    const arena = new Arena();
    const of = ({ rows, cols, values }: Dense): Matrix => new Matrix(arena, rows, cols).load(values);
    const A = of(readDense(denseFile(folder, `left-${job.rows}-${job.inner}`)));
    const B = of(readDense(denseFile(folder, `right-${job.inner}-${job.factors}`)));
    const product = <T>(use: (y: Matrix) => T): T =>
      arena.scope(() => {
        const tape = new Tape(arena);
        return use(matmul(tape.constant(A), tape.constant(B)).value);
      });
    return {
      run: () => product(() => {}),
      result: (peer) => ({ same: product((y) => nearness(y.toArray(), readDense(`${peer}-product.f32`).values)) }),
    };
  },

  epoch({ model, data: name }, { folder, team }) {
    const trained = trainer(
      { lightgcn, bm3 }[model] as GradientKind,
      withFeatures(folder, datasetOf(readCsr(csrFile(folder, name)))),
      {},
      team,
    );
    let loss = NaN;
    return {
      run: async () => {
        loss = await trained.epoch();
      },
      result: (peer) => ({ same: `loss ${loss.toPrecision(4)}, peer ${readDense(`${peer}-loss.f32`).values[0].toPrecision(4)}` }),
    };
  },

  async forget(job, { folder }) {
    const data = datasetOf(readCsr(csrFile(folder, job.data)));
    const model = await als.fit(data, { factors: job.factors, alpha: ALS.alpha, regularization: ALS.regularization, iterations: 2 });
    const { indptr } = data.userItems;
    const degree = (u: string): number => indptr[Number(u) + 1] - indptr[Number(u)];
    const median = [...data.users].sort((a, b) => degree(a) - degree(b))[data.users.size >> 1];
    data.fingerprint(); // counted once when data are loaded
    return {
      run: async () =>
        void (await forget(model, data, { users: [median] }, { method: unlearnAls, options: { local: true }, digests: false })),
      result: () => ({ same: `a user of ${degree(median)} interactions` }),
    };
  },

  retrain(job, { folder }) {
    const data = datasetOf(readCsr(csrFile(folder, job.data)));
    return {
      run: async () =>
        void (await als.fit(data, {
          factors: job.factors,
          alpha: ALS.alpha,
          regularization: ALS.regularization,
          iterations: RETRAIN_ITERATIONS,
        })),
    };
  },
};

/** A gradient model's training, an epoch at a time. */
function trainer(
  kind: GradientKind,
  data: Dataset,
  given: Readonly<Record<string, unknown>>,
  team: Team,
): { training: Training; epoch(): Promise<number> } {
  const options = resolveOptions(kind.name, kind.options, given) as unknown as TrainingOptions;
  const training = new Training(kind, data, options, team);
  const optimizer = new Optimizer(training.arena, training.matrices, { name: options.optimizer, weightDecay: options.weightDecay });
  const pairs = training.pairs();
  training.begin();
  let done = 0;
  return { training, epoch: () => training.epoch(++done, pairs, optimizer, options.learningRate, {}) };
}

const dense = (matrix: Matrix): Dense => ({ rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const relative = (a: number, b: number): string => (a / b).toFixed(4);

/** Largest difference over the largest value. */
function nearness(ours: Float32Array, theirs: Float32Array): string {
  if (ours.length !== theirs.length) throw new RangeError(`the peer's result expected ${ours.length} values, found ${theirs.length}`);
  let off = 0;
  let largest = 0;
  for (let k = 0; k < ours.length; k++) {
    off = Math.max(off, Math.abs(ours[k] - theirs[k]));
    largest = Math.max(largest, Math.abs(theirs[k]));
  }
  return `within ${(off / largest).toExponential(1)}`;
}

/** Of evenly spaced interactions, how many score above an item that the user does not have. */
function ordered({ userItems: { rows, cols, indptr, indices } }: Dataset, X: Dense, Y: Dense): number {
  const score = (u: number, i: number): number => {
    let sum = 0;
    for (let c = 0; c < X.cols; c++) sum += X.values[u * X.cols + c] * Y.values[i * Y.cols + c];
    return sum;
  };
  let right = 0;
  let pairs = 0;
  for (let u = 0; u < rows; u++) {
    const seen = new Set(indices.subarray(indptr[u], indptr[u + 1]));
    for (let n = 0; n < 20 && indptr[u] < indptr[u + 1]; n++) {
      const positive = indices[indptr[u] + Math.floor(((indptr[u + 1] - indptr[u]) * n) / 20)];
      const negative = (u * 31 + n * 7919) % cols;
      if (seen.has(negative)) continue;
      pairs++;
      if (score(u, positive) > score(u, negative)) right++;
    }
  }
  return right / pairs;
}

const [folder, threads, build] = process.argv.slice(2);
if (build === 'fast') await loadKernels(fastKernels);
const team = await openTeam(Number(threads));
if (team.threads !== Number(threads)) throw new Error(`only ${team.threads} threads could be opened`);
let work: Work | undefined;
await serve(
  {
    async prepare({ job }: { job: Job }) {
      work = await (WORKS[job.kind] as (job: Job, place: Place) => Work | Promise<Work>)(job, { folder, team });
      return { version: `Node ${process.versions.node}` };
    },
    run: () => work!.run(),
    result: async ({ peer }: { peer: string }) => (await work!.result?.(join(folder, peer))) ?? {},
  },
  process.stdin,
  process.stdout,
);
await team.close();
