// Descent on a set of matrices: SGD, Adagrad, Adam, on whole matrices or on named rows only.

import { overElements } from '../threads/parallel-kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';

export const OPTIMIZERS = ['adam', 'adagrad', 'sgd'] as const;
/** The same, and descent pair by pair where a network has a way of its own to do it. */
export const PAIR_OPTIMIZERS = ['adam', 'adagrad', 'sgd', 'sgd-pairs'] as const;
export type OptimizerName = (typeof PAIR_OPTIMIZERS)[number];

export interface OptimizerOptions {
  readonly name?: OptimizerName;
  /** Coupled decay: w·x is added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
const MOMENTS: Readonly<Record<OptimizerName, number>> = { adam: 2, adagrad: 1, sgd: 0, 'sgd-pairs': 0 };

/** Moments live in the arena, from the moment the optimiser is made. */
export class Optimizer {
  readonly #decay: number;
  readonly #moments: ReadonlyMap<string, readonly Matrix[]>;
  #steps = 0;
  #power1 = 1;
  #power2 = 1;

  readonly name: OptimizerName;

  constructor(
    readonly arena: Arena,
    readonly parameters: ReadonlyMap<string, Matrix>,
    { name = 'adam', weightDecay = 0 }: OptimizerOptions = {},
  ) {
    this.name = name;
    this.#decay = weightDecay;
    this.#moments = new Map(
      Array.from(parameters, ([key, { rows, cols }]) => [key, Array.from({ length: MOMENTS[name] }, () => new Matrix(arena, rows, cols))]),
    );
  }

  /** Steps taken. Setting it restores Adam's corrections, as by so many steps. */
  get steps(): number {
    return this.#steps;
  }
  set steps(steps: number) {
    this.#power1 = this.#power2 = 1;
    for (let t = 0; t < steps; t++) this.#advance();
    this.#steps = steps;
  }

  /** The optimiser's matrices by name, for checkpoints. */
  state(): Map<string, Matrix> {
    return new Map(Array.from(this.#moments, ([key, list]) => list.map((m, i) => [`${key}/moment${i + 1}`, m] as const)).flat());
  }

  /** A parameter that was written over begins without the momentum of what it was. */
  restart(name: string): void {
    for (const moment of this.#moments.get(name)!) moment.view().fill(0);
  }

  /**
   * One step. A matrix without a gradient keeps its bytes.
   * @param rows ascending rows by parameter name: only these move; a parameter that is not named moves whole.
   */
  step(rate: number, gradientOf: (name: string, parameter: Matrix) => Matrix | undefined, rows?: ReadonlyMap<string, Int32Array>): void {
    this.#advance();
    this.#steps++;
    for (const [name, x] of this.parameters) {
      const gradient = gradientOf(name, x);
      if (!gradient) continue;
      const moments = this.#moments.get(name)!;
      const listed = rows?.get(name);
      if (listed) this.arena.scope(() => this.#stepRows(rate, listed, gradient, moments, x));
      else this.#stepAll(rate, gradient, moments, x);
    }
  }

  #advance(): void {
    this.#power1 *= BETA1;
    this.#power2 *= BETA2;
  }

  #stepAll(rate: number, g: Matrix, [m, v]: readonly Matrix[], x: Matrix): void {
    const { arena } = this;
    const n = x.rows * x.ld;
    const decay = this.#decay;
    if (this.name === 'sgd') overElements(arena, 'sgd', n, [rate, decay], [g.pointer, x.pointer]);
    else if (this.name === 'adagrad') overElements(arena, 'adagrad', n, [rate, decay], [g.pointer, m.pointer, x.pointer], 4);
    else {
      overElements(
        arena,
        'adam',
        n,
        [rate, BETA1, BETA2, EPSILON, 1 / (1 - this.#power1), 1 / (1 - this.#power2), decay],
        [g.pointer, m.pointer, v.pointer, x.pointer],
        6,
      );
    }
  }

  #stepRows(rate: number, rows: Int32Array, g: Matrix, [m, v]: readonly Matrix[], x: Matrix): void {
    const { kernels } = this.arena;
    const { ld } = x;
    const n = rows.length;
    const list = this.arena.upload(rows);
    const decay = this.#decay;
    if (this.name === 'sgd') kernels.sgd_rows(n, ld, list, rate, decay, g.pointer, x.pointer);
    else if (this.name === 'adagrad') kernels.adagrad_rows(n, ld, list, rate, decay, g.pointer, m.pointer, x.pointer);
    else {
      kernels.adam_rows(
        n,
        ld,
        list,
        rate,
        BETA1,
        BETA2,
        EPSILON,
        1 / (1 - this.#power1),
        1 / (1 - this.#power2),
        decay,
        g.pointer,
        m.pointer,
        v.pointer,
        x.pointer,
      );
    }
  }
}
