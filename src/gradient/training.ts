// Models that are trained by gradients: the one fit loop, and the model that comes out of it. A model file of models/
// only says what its network is; how it is trained, stopped, resumed, evaluated and saved is here.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import { integer, number, type OptionSpecs, type OptionsOf, type OptionValue, resolveOptions, seed, word } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { BilinearModel, type BilinearParts, type DenseFactors } from '../model/bilinear.ts';
import { type FitControl, type Model, type ModelKind, provenanceOf, type SavedModel, savedParameter } from '../model/model.ts';
import { allowedWords } from '../model/ranking-inputs.ts';
import { overRange, shareWork, threadsOf } from '../threads/parallel-kernels.ts';
import { planEven, Team, withTeam } from '../threads/team.ts';
import { type KernelBuild, kernelBuild } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { Matrix, type SparseRows } from '../wasm/tensor.ts';
import { begin, type Moment, type Network, type Pass } from './network.ts';
import { OPTIMIZERS, Optimizer, type OptimizerName } from './optimizer.ts';
import { PairDescent } from './pair-descent.ts';
import { PairSampler, type SamplerOptions } from './sampling.ts';
import { scalar, Tape, type Variable } from './tape.ts';

/** Options of every gradient model. */
export const TRAINING = Object.freeze({
  factors: integer(64, { min: 1, max: 4096 }, 'Width of the embeddings.'),
  learningRate: number(1e-3, { above: 0 }, 'Step size of the optimiser.'),
  learningRateDecay: number(1, { above: 0, max: 1 }, 'Factor on the step size after each epoch.'),
  optimizer: word<OptimizerName>('adam', OPTIMIZERS, 'Rule of descent.'),
  weightDecay: number(0, { min: 0 }, 'Coupled weight decay on all parameters.'),
  epochs: integer(200, { min: 1 }, 'Most passes over the interactions.'),
  batchSize: integer(2048, { min: 1 }, 'Interactions in a step.'),
  patience: integer(10, { min: 1 }, 'Evaluations without a better validation Recall@20 before training stops; needs validation data.'),
  evaluateEvery: integer(1, { min: 1 }, 'Epochs between evaluations on the validation data.'),
  seed,
} as const) satisfies OptionSpecs;
export type TrainingOptions = OptionsOf<typeof TRAINING>;

/** What a gradient model's file declares. */
export interface GradientSpec<S extends typeof TRAINING> {
  readonly name: string;
  readonly summary: string;
  readonly options: S;
  /** Makes parameters (zero) and constants in the arena. */
  network(arena: Arena, data: Dataset, options: OptionsOf<S>): Network;
}

/** A model kind whose loss can be stepped on. */
export interface GradientKind<S extends typeof TRAINING = any> extends ModelKind<S> {
  readonly network: GradientSpec<S>['network'];
  fit(data: Dataset, options?: Partial<OptionsOf<S>>, control?: GradientControl): Promise<GradientModel>;
}

/** Everything that training needs to go on to the same bytes; structured-cloneable. */
export interface Checkpoint {
  readonly kind: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly fingerprint: string;
  /** The kernels that made it. */
  readonly kernels: KernelBuild;
  /** Epochs done. */
  readonly epoch: number;
  readonly steps: number;
  readonly bestEpoch: number;
  readonly bestRecall: number;
  readonly misses: number;
  /** Dense matrices by name: parameters, moments, best parameters. */
  readonly matrices: ReadonlyMap<string, Float32Array>;
}

export interface GradientControl extends FitControl {
  /** Goes on from here: same kind, options (but for `epochs`) and data. */
  readonly checkpoint?: Checkpoint;
  /** Called after every `checkpointEvery` epochs (default 10). */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
  readonly checkpointEvery?: number;
}

/** A bilinear model that also keeps what it was trained to: its network's parameters. */
export class GradientModel extends BilinearModel {
  declare readonly kind: GradientKind;
  readonly #trained = new Map<string, Matrix>();

  constructor(parts: BilinearParts, trained: Iterable<readonly [string, Matrix | DenseFactors]>) {
    super(parts);
    for (const [name, source] of trained) {
      // Some networks train the very rows that are served.
      if (name === 'userFactors' || name === 'itemFactors') continue;
      this.#trained.set(
        name,
        new Matrix(this.arena, source.rows, source.cols).load(source instanceof Matrix ? source.toArray() : source.values),
      );
    }
  }
  override get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([...super.parameters, ...this.#trained]);
  }
}

/** A network over a data set in an arena of its own: what training and unlearning do their steps on. */
export class Training {
  readonly arena: Arena;
  readonly network: Network;
  readonly matrices: ReadonlyMap<string, Matrix>;
  #breath = 0;

  /** @param team whose arena the network lives in and whose threads work on it; default one thread. */
  constructor(
    readonly kind: GradientKind,
    readonly data: Dataset,
    readonly options: TrainingOptions,
    readonly team = new Team(),
  ) {
    this.arena = team.arena;
    shareWork(team);
    if (data.interactions === 0)
      throw new DataError(`model "${kind.name}" needs interactions to train on, and the data have none`, { source: data.source });
    this.network = kind.network(this.arena, data, options);
    this.matrices = new Map(Array.from(this.network.parameters, ([name, { matrix }]) => [name, matrix]));
  }

  /** Gives all parameters their first values. */
  begin(): void {
    for (const [name, parameter] of this.network.parameters) {
      for (const block of parameter.blocks) begin(name, parameter, block, this.data, this.options.seed);
    }
  }

  /** Takes a model's parameters; rows of ids that the data no longer have become zero. */
  take(model: Model): void {
    for (const [name, { matrix, blocks }] of this.network.parameters) {
      const source = model.parameters.get(name);
      if (!source || source.rows !== matrix.rows || source.cols !== matrix.cols) {
        throw new ModelError(
          `parameter "${name}" of the model expected ${matrix.rows} x ${matrix.cols} values, found ` +
            `${source ? `${source.rows} x ${source.cols}` : 'none'}: the data do not belong to the model, or its features differ`,
        );
      }
      matrix.view().set(source.view());
      for (const { owner, from, rows } of blocks) {
        if (owner !== 'shared') for (let r = 0; r < rows; r++) if (this.data[owner].at(r) === null) matrix.row(from + r).fill(0);
      }
    }
  }

  /**
   * One step: forward, backward, descent, in one scope of the arena.
   * @param rows the only rows that move, by parameter; default all.
   * @param clip the longest that all gradients together may be; default any length.
   * @returns the loss. @throws ModelError when it is not finite; the parameters are those before the step then.
   */
  step(
    optimizer: Optimizer,
    rate: number,
    moment: Moment,
    lossOf: (pass: Pass, tape: Tape) => Variable,
    rows?: ReadonlyMap<string, Int32Array>,
    clip?: number,
  ): number {
    return this.arena.scope(() => {
      const tape = new Tape(this.arena);
      const loss = lossOf(this.network.pass(tape, moment), tape);
      const value = scalar(loss);
      if (!Number.isFinite(value)) throw this.#diverged(moment, `the loss is ${value}`);
      tape.backward(loss);
      if (clip !== undefined) this.#clip(tape, clip);
      optimizer.step(rate, (_, matrix) => tape.parameter(matrix).gradient, rows);
      return value;
    });
  }

  #clip(tape: Tape, longest: number): void {
    const { kernels } = this.arena;
    const gradients = Array.from(this.matrices.values(), (matrix) => tape.parameter(matrix).gradient).filter((g) => g !== undefined);
    const norm = Math.sqrt(gradients.reduce((sum, g) => sum + kernels.sum_squares(g.rows * g.ld, g.pointer), 0));
    if (norm > longest) for (const g of gradients) kernels.axpby(g.rows * g.ld, longest / norm, 0, g.pointer, g.pointer);
  }

  /** What an epoch's pairs come from, all of the data's: descent pair by pair where the options say so, else batches. */
  pairs(): PairSampler | PairDescent {
    const { data, options, network, team } = this;
    const sampler = options as SamplerOptions;
    return options.optimizer === 'sgd-pairs'
      ? new PairDescent(team, data, network.pairs!, options.seed, sampler)
      : new PairSampler(data, options.seed, [data], sampler);
  }

  /**
   * One pass over the pairs, in steps of batches or pair by pair.
   * @param rows those that may move, by parameter, in steps of batches; default all.
   * @returns the mean loss.
   */
  async epoch(
    number: number,
    pairs: PairSampler | PairDescent,
    optimizer: Optimizer,
    rate: number,
    control: FitControl,
    rows?: ReadonlyMap<string, Int32Array>,
  ): Promise<number> {
    const total =
      pairs instanceof PairDescent
        ? await pairs.epoch(number, rate, control.signal)
        : await this.#batches(number, pairs, optimizer, rate, control, rows);
    if (!Number.isFinite(total)) throw this.#diverged({ epoch: number, step: 0 }, `the loss is ${total}`);
    for (const [name, matrix] of this.matrices) {
      if (this.arena.kernels.first_not_finite(matrix.rows * matrix.ld, matrix.pointer) > 0)
        throw this.#diverged({ epoch: number, step: 0 }, `parameter "${name}" is not finite`);
    }
    return total / pairs.data.interactions;
  }

  async #batches(
    number: number,
    sampler: PairSampler,
    optimizer: Optimizer,
    rate: number,
    control: FitControl,
    rows?: ReadonlyMap<string, Int32Array>,
  ): Promise<number> {
    const { batchSize } = this.options;
    const order = sampler.order(number);
    for (const name of this.network.beginEpoch?.(number) ?? []) optimizer.restart(name);
    let total = 0;
    for (let start = 0, step = 0; start < order.length; start += batchSize, step++) {
      const batch = sampler.batch(order.subarray(start, start + batchSize), number);
      const entries = Math.min(batchSize, order.length - start);
      total += this.step(optimizer, rate, { epoch: number, step }, (pass) => pass.loss(batch, 1), rows) * entries;
      await this.breathe(control);
    }
    return total;
  }

  /** Mean Recall@k over the users who have positives, `seen` left out of the lists. NaN when there is no such user. */
  recall(positives: SparseRows, seen: SparseRows, k = 20): number {
    return this.arena.scope(() => {
      const { users, items } = this.network.factors(new Tape(this.arena));
      return recallOf(users.value, items.value, allowedWords(this.data.items), positives, seen, k);
    });
  }

  /** Lets other work run, at most every 20 ms. @throws the signal's reason. */
  async breathe(control: FitControl): Promise<void> {
    check.aborted(control.signal);
    const now = performance.now();
    if (now - this.#breath < 20) return;
    await breathe();
    this.#breath = performance.now();
    check.aborted(control.signal);
  }

  /** The model that the parameters now are. @param from the model that they were taken from. */
  model(record: Readonly<Record<string, unknown>>, from?: Model): GradientModel {
    const { kind, data, options } = this;
    return this.arena.scope(() => {
      const { users, items } = this.network.factors(new Tape(this.arena));
      return new GradientModel(
        {
          kind,
          options: options as unknown as Record<string, OptionValue>,
          users: data.users,
          items: data.items,
          provenance: provenanceOf(data, from),
          record,
          userFactors: users.value,
          itemFactors: items.value,
        },
        this.matrices,
      );
    });
  }

  #diverged({ epoch }: Moment, what: string): ModelError {
    return new ModelError(
      `training of "${this.kind.name}" diverged in epoch ${epoch}: ${what}; use a smaller learningRate ` +
        `(now ${this.options.learningRate}) or go on from an earlier checkpoint`,
    );
  }
}

const USERS_PER_CALL = 512;
const USERS_PER_PIECE = 32;

function recallOf(X: Matrix, Y: Matrix, allowed: Uint32Array, positives: SparseRows, seen: SparseRows, k: number): number {
  const { arena } = X;
  const { kernels } = arena;
  const { ld } = Y;
  const users = Int32Array.from({ length: positives.rows }, (_, u) => u).filter((u) => positives.indptr[u] < positives.indptr[u + 1]);
  const packed = arena.alloc(kernels.packed_items_bytes(Y.rows, ld));
  const words = arena.upload(allowed);
  kernels.pack_items(Y.rows, ld, Y.pointer, packed);
  let sum = 0;
  for (let start = 0; start < users.length; start += USERS_PER_CALL) {
    const block = users.subarray(start, start + USERS_PER_CALL);
    const n = block.length;
    arena.scope(() => {
      const indptr = new Int32Array(n + 1);
      for (let r = 0; r < n; r++) indptr[r + 1] = indptr[r] + seen.indptr[block[r] + 1] - seen.indptr[block[r]];
      const indices = new Int32Array(indptr[n]);
      for (let r = 0; r < n; r++) indices.set(seen.indices.subarray(seen.indptr[block[r]], seen.indptr[block[r] + 1]), indptr[r]);
      const rows = arena.alloc(n * ld * 4);
      const list = arena.upload(Int32Array.from(block, (_, r) => r));
      kernels.gather_rows(n, ld, arena.upload(block), X.pointer, rows);
      const ids = arena.alloc(n * k * 4);
      const scores = arena.alloc(n * k * 4);
      const bytes = Math.ceil(kernels.topk_scratch(k, Y.rows, ld) / 64) * 64;
      overRange(arena, 'topk', n, () => planEven(n, USERS_PER_PIECE), [
        k,
        Y.rows,
        ld,
        list,
        rows,
        packed,
        arena.upload(indptr),
        arena.upload(indices),
        words,
        { base: ids, row: k * 4 },
        { base: scores, row: k * 4 },
        { base: arena.alloc(bytes * threadsOf(arena)), thread: bytes },
      ]);
      const ranked = arena.i32(ids, n * k);
      for (let r = 0; r < n; r++) {
        const row = positives.indices.subarray(positives.indptr[block[r]], positives.indptr[block[r] + 1]);
        const wanted = new Set(row);
        let hits = 0;
        for (let j = r * k; j < (r + 1) * k; j++) if (wanted.has(ranked[j])) hits++;
        sum += hits / row.length;
      }
    });
  }
  return sum / users.length;
}

/** The registry's entry for a network. */
export function gradientKind<S extends typeof TRAINING>(spec: GradientSpec<S>): GradientKind<S> {
  const kind: GradientKind<S> = Object.freeze({
    name: spec.name,
    summary: spec.summary,
    capabilities: ['fit', 'factors', 'gradient'] as const,
    options: spec.options,
    network: spec.network,
    fit: async (data: Dataset, given: Partial<OptionsOf<S>> = {}, control: GradientControl = {}) =>
      fit(kind, data, resolveOptions(spec.name, spec.options, given) as unknown as TrainingOptions, control),
    restore(saved: SavedModel): Model {
      const width = saved.parameters.get('itemFactors')?.cols ?? 1;
      const userFactors = savedParameter(saved, 'userFactors', saved.users.size, width);
      const itemFactors = savedParameter(saved, 'itemFactors', saved.items.size, width);
      return new GradientModel({ ...saved, kind, userFactors, itemFactors }, saved.parameters);
    },
  });
  return kind;
}

/** The one fit loop: epochs, early stop on validation Recall@20, the best epoch kept, progress, abort, checkpoints. */
async function fit(kind: GradientKind, data: Dataset, options: TrainingOptions, control: GradientControl): Promise<GradientModel> {
  check.aborted(control.signal);
  return withTeam(control.threads, (team) => fitWith(team, kind, data, options, control));
}

async function fitWith(
  team: Team,
  kind: GradientKind,
  data: Dataset,
  options: TrainingOptions,
  control: GradientControl,
): Promise<GradientModel> {
  if (control.start)
    throw new TypeError(`"start" is not known to model "${kind.name}": it begins from its seed; use a checkpoint to go on`);
  const { checkpoint, onCheckpoint, checkpointEvery = 10 } = control;
  // Held-out rows of deleted users and items must not decide when training stops.
  const held = control.validation?.filter((_, user, item) => data.users.at(user) !== null && data.items.at(item) !== null);
  const validation = held?.interactions ? held : undefined;
  const training = new Training(kind, data, options, team);
  const { arena, matrices } = training;
  const optimizer = new Optimizer(arena, matrices, { name: options.optimizer, weightDecay: options.weightDecay });
  const best = new Map<string, Matrix>(
    validation ? Array.from(matrices, ([name, { rows, cols }]) => [name, new Matrix(arena, rows, cols)] as const) : [],
  );
  const pairs = training.pairs();
  const state = { epoch: 0, bestEpoch: 0, bestRecall: -1, misses: 0, objective: 0 };
  const everything = (): [string, Matrix][] => [
    ...matrices,
    ...optimizer.state(),
    ...Array.from(best, ([name, m]) => [`${name}/best`, m] as [string, Matrix]),
  ];
  const capture = (): Checkpoint => ({
    kind: kind.name,
    options: options as unknown as Record<string, OptionValue>,
    fingerprint: data.fingerprint(),
    kernels: kernelBuild(),
    epoch: state.epoch,
    steps: optimizer.steps,
    bestEpoch: state.bestEpoch,
    bestRecall: state.bestRecall,
    misses: state.misses,
    matrices: new Map(everything().map(([name, m]) => [name, m.toArray()])),
  });
  training.begin();
  if (checkpoint) {
    requireSame(checkpoint, kind, data, options);
    for (const [name, matrix] of everything()) matrix.load(checkpoint.matrices.get(name)!);
    optimizer.steps = checkpoint.steps;
    Object.assign(state, {
      epoch: checkpoint.epoch,
      bestEpoch: checkpoint.bestEpoch,
      bestRecall: checkpoint.bestRecall,
      misses: checkpoint.misses,
    });
  }
  let rate = options.learningRate;
  for (let e = 0; e < state.epoch; e++) rate *= options.learningRateDecay;
  while (state.epoch < options.epochs && state.misses <= options.patience) {
    const epoch = state.epoch + 1;
    state.objective = await training.epoch(epoch, pairs, optimizer, rate, control);
    state.epoch = epoch;
    rate *= options.learningRateDecay;
    let recall: number | undefined;
    if (validation && (epoch % options.evaluateEvery === 0 || epoch === options.epochs)) {
      recall = training.recall(validation.userItems, data.userItems);
      if (recall > state.bestRecall) {
        Object.assign(state, { bestEpoch: epoch, bestRecall: recall, misses: 0 });
        for (const [name, matrix] of best) matrix.view().set(matrices.get(name)!.view());
      } else state.misses++;
    }
    if (onCheckpoint && epoch % checkpointEvery === 0) onCheckpoint(capture());
    control.onProgress?.({ phase: 'train', done: epoch, total: options.epochs, objective: state.objective, validation: recall });
    await training.breathe(control);
  }
  if (state.bestEpoch > 0) for (const [name, matrix] of best) matrices.get(name)!.view().set(matrix.view());
  const { epoch, bestEpoch, bestRecall, objective } = state;
  return training.model({ epochs: epoch, objective, ...(validation && { bestEpoch, validationRecall: bestRecall }) });
}

function requireSame(checkpoint: Checkpoint, kind: GradientKind, data: Dataset, options: TrainingOptions): void {
  const differs = Object.entries(options).find(([name, value]) => name !== 'epochs' && checkpoint.options[name] !== value);
  if (checkpoint.kind !== kind.name) throw new ModelError(`the checkpoint expected model "${checkpoint.kind}", found "${kind.name}"`);
  if (differs) throw new ModelError(`the checkpoint expected ${differs[0]} ${checkpoint.options[differs[0]]}, found ${differs[1]}`);
  // Those of before there were two builds have no name.
  const made = checkpoint.kernels ?? 'default';
  if (made !== kernelBuild())
    throw new ModelError(
      `the checkpoint was made by the ${made} kernels, and the ${kernelBuild()} ones are in use: go on with those that began`,
    );
  if (checkpoint.fingerprint !== data.fingerprint()) throw new ModelError('the checkpoint was made with other training data');
}
