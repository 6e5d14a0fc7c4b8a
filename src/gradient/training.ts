// A network over a data set: what training and unlearning do their steps on.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import type { OptionValue } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireLikes } from '../data/likes.ts';
import { type FitControl, type Model, provenanceOf } from '../model/model.ts';
import { allowedWords } from '../model/ranking-inputs.ts';
import { shareWork } from '../threads/parallel-kernels.ts';
import { Team } from '../threads/team.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Matrix, SparseRows } from '../wasm/tensor.ts';
import { type GradientKind, GradientModel, type TrainingOptions } from './gradient-model.ts';
import { begin, type Moment, type Network, type Pass } from './network.ts';
import type { Optimizer } from './optimizer.ts';
import { PairDescent } from './pair-descent.ts';
import { meanRecall } from './recall.ts';
import { PairSampler, type SamplerOptions } from './sampling.ts';
import { scalar, Tape, type Variable } from './tape.ts';

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
    requireLikes(kind.name, data);
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
      return meanRecall(users.value, items.value, allowedWords(this.data.items), positives, seen, k);
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
