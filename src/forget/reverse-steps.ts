// Steps against what is forgotten beside steps for what remains, an epoch at a time.

import type { Dataset } from '../data/dataset.ts';
import type { Pass } from '../gradient/network.ts';
import { bprLoss } from '../gradient/ops/losses.ts';
import { add } from '../gradient/ops/pointwise.ts';
import { sum } from '../gradient/ops/reduce.ts';
import type { Optimizer } from '../gradient/optimizer.ts';
import type { Batch } from '../gradient/sampling.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import type { Training } from '../gradient/training.ts';
import type { UnlearningRun } from './gradient-run.ts';
import { negatedLoss } from './reverse-loss.ts';

/** How steps are taken. */
export interface ReverseOptions {
  /** Weight of the reverse loss; the retain set's has 1 − alpha. */
  readonly alpha: number;
  readonly form: 'negated' | 'bounded';
  /** Retained pairs seen for each forgotten one in an epoch. */
  readonly ratio: number;
  readonly schedule: 'joint' | 'alternating';
  readonly rows: 'users' | 'all' | 'touched';
  readonly fast: boolean;
  readonly learningRate?: number;
  readonly seed: number;
}

/** The longest that all gradients together may be. */
const CLIP = 1;
const LEAST_STEPS = 10;

/** Makes the epochs' steps. */
export class ReverseSteps {
  readonly #run: UnlearningRun;
  readonly #options: ReverseOptions;
  readonly #pairs: Dataset;
  readonly #only?: ReadonlyMap<string, Int32Array>;
  readonly #retained;
  readonly #forgotten;
  readonly #optimizers: readonly [Optimizer, Optimizer];
  #cursor = 0;

  /** @param only the rows that may move, by parameter; default all. */
  constructor(run: UnlearningRun, options: ReverseOptions, pairs: Dataset, only?: ReadonlyMap<string, Int32Array>) {
    this.#run = run;
    this.#options = options;
    this.#pairs = pairs;
    this.#only = only ?? (options.rows === 'users' ? run.userRows() : undefined);
    this.#retained = run.retained(options.seed);
    this.#forgotten = run.forgotten(options.seed, pairs);
    // Fresh moments: those of training carry gradients of what is forgotten.
    const first = run.optimizer();
    this.#optimizers = [first, options.schedule === 'alternating' ? run.optimizer() : first];
  }

  async epoch(number: number): Promise<void> {
    const { training, retain, control } = this.#run;
    const { batchSize } = training.options;
    training.network.beginEpoch?.(number);
    const wanted = Math.max(Math.ceil(this.#options.ratio * this.#pairs.interactions), LEAST_STEPS * batchSize);
    const keep = this.#retained.order(number).subarray(0, Math.min(retain.interactions, wanted));
    const reverse = this.#forgotten.order(number);
    const size = Math.min(batchSize, reverse.length);
    for (let start = 0, step = 0; start < keep.length; start += batchSize, step++) {
      const forward = this.#retained.batch(keep.subarray(start, start + batchSize), number);
      const entries = Int32Array.from({ length: size }, (_, k) => reverse[(this.#cursor + k) % reverse.length]);
      this.#cursor = (this.#cursor + size) % reverse.length;
      this.#step({ epoch: number, step }, forward, this.#forgotten.batch(entries, number, step));
      await training.breathe(control);
    }
  }

  #step(moment: { epoch: number; step: number }, forward: Batch, reverse: Batch): void {
    const { training } = this.#run;
    const { alpha, schedule, rows, fast, learningRate = fast ? 4e-3 : 2e-3 } = this.#options;
    const touched = (...batches: Batch[]): ReadonlyMap<string, Int32Array> | undefined =>
      rows === 'touched' && !this.#only ? touchedRows(training, batches) : this.#only;
    const [first, second] = this.#optimizers;
    if (schedule === 'joint') {
      training.step(
        first,
        learningRate,
        moment,
        (pass, tape) => add(pass.loss(forward, 1 - alpha), this.#reverse(pass, tape, reverse)),
        touched(forward, reverse),
        CLIP,
      );
    } else {
      training.step(first, learningRate, moment, (pass, tape) => this.#reverse(pass, tape, reverse), touched(reverse), CLIP);
      training.step(second, learningRate, moment, (pass) => pass.loss(forward, 1 - alpha), touched(forward), CLIP);
    }
  }

  /** alpha times the reverse loss: stepping on it lowers s(u,p) − s(u,n) of the forgotten pairs. */
  #reverse(pass: Pass, tape: Tape, { users, positives, negatives }: Batch): Variable {
    const { alpha, form } = this.#options;
    const plus = pass.scores(users, positives);
    const minus = pass.scores(users, negatives);
    return form === 'bounded' ? sum(bprLoss(plus, minus, -1), alpha / users.length) : negatedLoss(tape, plus, minus, alpha);
  }
}

/** The parts of a batch that a step touches, by parameter; shared weights keep still. */
function touchedRows(training: Training, batches: readonly Batch[]): Map<string, Int32Array> {
  const distinct = (lists: readonly Int32Array[]): number[] => [...new Set(lists.flatMap((list) => [...list]))].sort((a, b) => a - b);
  const rows = {
    users: distinct(batches.map((b) => b.users)),
    items: distinct(batches.flatMap((b) => [b.positives, b.negatives])),
    shared: [],
  };
  return new Map(
    Array.from(training.network.parameters, ([name, { blocks }]) => [
      name,
      Int32Array.from(blocks.flatMap(({ owner, from }) => rows[owner].map((r) => from + r))),
    ]),
  );
}
