// The way to a stationary point (stationary.ts): nonlinear conjugate gradients whose preconditioner is a sweep (De Sterck's
// ALS-NCG), or L-BFGS on one side with the other eliminated (variable-projection.ts), and Newton steps for the last digits. Each step
// goes to the exact minimum of the objective along its direction, a quartic there: every iteration lowers the objective.
import { breathe } from '../base/breathe.ts';
import type { RunControl } from '../base/run-control.ts';
import { type Field, SIDES } from './float64-rows.ts';
import type { Standing, Stationary } from './stationary.ts';
import { KEPT_ITERATIONS, LimitedMemory, Newton } from './variable-projection.ts';
import { settleWeak } from './weak-components.ts';

/** Tolerances by name: the relative gradient at which training ends. */
export const TOLERANCES = /* @__PURE__ */ Object.freeze({ fast: 1e-4, tight: 1e-6, limit: 1e-9 });

export const ACCELERATORS = ['ncg', 'lbfgs'] as const;
export type Accelerator = (typeof ACCELERATORS)[number];
/** `newton`: Newton steps below a relative gradient of 1e-6; `none`: never. */
export const POLISHES = ['newton', 'none'] as const;
export type Polish = (typeof POLISHES)[number];

/** Iterations after which training ends where it is, and says so. */
const MOST_ITERATIONS = 5000;

/** Iterations in which neither the objective nor the residual moves before float64 is taken to have nothing left to give. */
const MOST_STALLS = 20;

/** The relative gradient from which on weak components are told from those that are still to come. */
const SETTLE_FROM = 1e-3;

/** The relative gradient from which on Newton steps are worth their products. */
const NEWTON_FROM = 1e-6;

export interface Converged extends Standing {
  readonly iterations: number;
  /** Products with the second derivative that Newton steps took; each costs about an iteration. */
  readonly products: number;
  readonly converged: boolean;
}

export interface AccelerateControl extends RunControl {
  /** Sees every iteration's standing, the start included. */
  readonly onIteration?: (standing: Standing, iteration: number, products: number) => void;
  /** Most iterations; default 5,000. */
  readonly most?: number;
  /** Default ncg. */
  readonly accelerator?: Accelerator;
  readonly polish?: Polish;
}

/** One way of stepping. */
interface Method {
  /** Moves the factors, whose gradient is measured. @returns the change of the objective. */
  step(standing: Standing, tolerance: number, signal?: AbortSignal): Promise<number>;
  /** Forgets directions: the factors were moved by something else. */
  restart(): void;
  /** Free between steps. */
  readonly room: Field;
}

/**
 * Goes on until the residual is at most `tolerance`, or for `most` iterations, or until float64 gives no more.
 * @throws RangeError for L-BFGS where its preconditioner does not fit.
 */
export async function accelerate(problem: Stationary, tolerance: number, control: AccelerateControl = {}): Promise<Converged> {
  const { signal, onProgress, onIteration, most = MOST_ITERATIONS, accelerator = 'ncg', polish = 'none' } = control;
  const mark = problem.arena.mark();
  try {
    let method: Method = accelerator === 'lbfgs' ? new LimitedMemory(problem) : new ConjugateGradients(problem);
    let standing = problem.measure();
    let stalls = 0;
    let best = Infinity;
    let newton: Newton | undefined;
    for (let iteration = 0; ; iteration++) {
      // At the end, too: a component that would grow shows in no gradient as long as it is next to nothing.
      if (standing.residual <= SETTLE_FROM && iteration < most && (iteration % KEPT_ITERATIONS === 0 || standing.residual <= tolerance)) {
        const settled = settleWeak(problem, standing, method.room);
        if (settled !== standing) method.restart();
        standing = settled;
      }
      const products = newton?.products ?? 0;
      onIteration?.(standing, iteration, products);
      onProgress?.({ phase: 'converge', done: iteration, total: most, objective: standing.objective, residual: standing.residual });
      if (standing.residual <= tolerance || iteration >= most || stalls >= MOST_STALLS) {
        return { ...standing, iterations: iteration, products, converged: standing.residual <= tolerance };
      }
      if (polish === 'newton' && !newton && problem.keeps && standing.residual <= NEWTON_FROM) method = newton = new Newton(problem);
      const change = await method.step(standing, tolerance, signal);
      // The objective follows from its change; now and then it is computed anew.
      const next = problem.measure(iteration % KEPT_ITERATIONS === 0 ? undefined : standing.objective + change);
      best = Math.min(best, standing.residual);
      stalls = next.residual < best * 0.999 || next.objective < standing.objective - 1e-15 * Math.abs(standing.objective) ? 0 : stalls + 1;
      standing = next;
      await breathe();
      signal?.throwIfAborted();
    }
  } finally {
    problem.arena.release(mark);
  }
}

/** Polak and Ribière's directions, the preconditioned gradient being what a sweep takes off the factors. */
class ConjugateGradients implements Method {
  readonly #problem: Stationary;
  readonly #before: Field;
  readonly #direction: Field;
  readonly #swept: Field;
  #slopeBefore = 0;
  #iteration = 0;

  constructor(problem: Stationary) {
    this.#problem = problem;
    [this.#before, this.#direction, this.#swept] = [problem.field(), problem.field(), problem.field()];
  }

  get room(): Field {
    return this.#swept;
  }

  restart(): void {
    this.#slopeBefore = 0;
  }

  async step(_standing: Standing, _tolerance: number, signal?: AbortSignal): Promise<number> {
    const problem = this.#problem;
    const before = this.#before;
    const direction = this.#direction;
    const swept = this.#swept;
    const { factors, gradient } = problem;
    // swept = factors − sweep(factors). The factored normal equations of a sweep serve for some iterations more: two passes
    // over the cells at their rank instead of its square, and as many iterations.
    const iteration = this.#iteration++;
    if (iteration % KEPT_ITERATIONS === 0 || !problem.keeps) await problem.sweepInto(swept, 'users', signal);
    else problem.sweepKept(swept);
    problem.combine(1, factors, -1, swept);
    const slope = problem.inner(gradient, swept);
    const carried = this.#slopeBefore > 0 ? (slope - problem.inner(before, swept)) / this.#slopeBefore : 0;
    problem.combine(-1, swept, Math.max(0, carried), direction);
    let descent = problem.inner(gradient, direction);
    if (!(descent < 0)) {
      problem.combine(-1, swept, 0, direction);
      descent = -slope;
    }
    this.#slopeBefore = slope;
    const { step, change } = problem.line(direction, descent);
    problem.combine(step, direction, 1, factors);
    for (const side of SIDES) problem.combineSide(side, 1, gradient[side], 0, before[side]);
    return change;
  }
}
