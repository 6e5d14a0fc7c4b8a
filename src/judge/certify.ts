// A bound of the distance between a least-squares model and every retrain on its data, without a retrain. The problem is
// convex in the products Z = XYᵀ; docs/certificate.md derives what is computed here. It trusts neither the model nor what
// the model says about itself: everything is computed from factors, options and data.

import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireTrainedOn } from '../forget/trained-on.ts';
import { accelerate } from '../least-squares/acceleration.ts';
import { cellWeightsOf, type LeastSquaresOptions } from '../least-squares/objective.ts';
import { normBound } from '../least-squares/spectral-norm.ts';
import { Stationary } from '../least-squares/stationary.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { requireTables } from '../model/evaluate.ts';
import type { Model } from '../model/model.ts';
import { type Team, withTeam } from '../threads/team.ts';

/** `certified`: bounded; `stationary`: where training ends, without a bound; `approximate`: not even that. */
export type CertificateStatus = 'certified' | 'stationary' | 'approximate';

export interface Certificate {
  readonly status: CertificateStatus;
  /** Upper bound of the scaled residual's spectral norm at the polished factors; null where there is none. */
  readonly sigma: number | null;
  /** The same from below, as the iteration found it. */
  readonly sigmaEstimate: number | null;
  /** How `sigma` was bounded, and the chance that it is too low. */
  readonly sigmaMethod: string | null;
  readonly failureProbability: number | null;
  /** Duality gap at the polished factors: the retrain objective lies at most this much lower. */
  readonly gap: number | null;
  /** ‖XYᵀ − Z*‖_F is at most this, and so is the difference of any one score. */
  readonly bound: number | null;
  /** The bound over ‖XYᵀ‖_F. */
  readonly relativeBound: number | null;
  /** Relative gradient of the model itself: ‖∇L‖ / (2‖D(X, Y)‖). */
  readonly residual: number;
  /** The same of the row that is furthest off. */
  readonly largestRowResidual: number;
  /** ‖XYᵀ − X̃Ỹᵀ‖_F / ‖XYᵀ‖_F between the model and the polished factors: rounding to float32, and what training left. */
  readonly polishDistance: number | null;
  readonly polishIterations: number;
  /** The status in words that say no more than was shown. */
  readonly statement: string;
}

export interface CertifyOptions extends RunControl {
  /** A row further off its equations than this makes the model `approximate`; default 1e-4. */
  readonly tolerance?: number;
  /** The largest relative bound that is called a certificate; default 1e-4. */
  readonly within?: number;
  /** Relative gradient to which the factors are polished in float64 before the gap is taken; default 1e-10. */
  readonly polish?: number;
  /** Compute for data that the model does not say it was trained on; default false: refuse. */
  readonly ignoreFingerprint?: boolean;
}

/**
 * Certifies a least-squares model against its retain set.
 * @param data the interactions that the model should stand for.
 * @throws ModelError for a model of another kind; DataError for data that are not the model's; RangeError for options.
 * @example
 * const { status, bound } = await certify(unlearned, retained);
 */
export async function certify(model: Model, data: Dataset, options: CertifyOptions = {}): Promise<Certificate> {
  if (!model.kind.capabilities.includes('leastSquares')) {
    throw new ModelError(`a model of kind "${model.kind.name}" has no certificate: models trained by least squares have one (als)`);
  }
  const tolerance = check.number('tolerance', options.tolerance ?? 1e-4, { above: 0, max: 1 });
  const within = check.number('within', options.within ?? 1e-4, { above: 0, max: 1 });
  const polish = check.number('polish', options.polish ?? 1e-10, { above: 0, max: 1e-3 });
  if (options.ignoreFingerprint) requireTables(model, data);
  else requireTrainedOn(model, data);
  return withTeam(options.threads, (team) => judge(model as BilinearModel, data, team, { ...options, tolerance, within, polish }));
}

async function judge(
  model: BilinearModel,
  data: Dataset,
  team: Team,
  { signal, onProgress, tolerance, within, polish }: CertifyOptions & { tolerance: number; within: number; polish: number },
): Promise<Certificate> {
  const { userFactors, itemFactors } = model;
  const problem = new Stationary(data, model.options as unknown as LeastSquaresOptions, team);
  problem.start(userFactors, itemFactors, { keepEmptyRows: true });
  const { residual, largestRow } = problem.measure();
  const nothing = {
    sigma: null,
    sigmaEstimate: null,
    sigmaMethod: null,
    failureProbability: null,
    gap: null,
    bound: null,
    relativeBound: null,
    polishDistance: null,
    polishIterations: 0,
  };
  if (!(largestRow <= tolerance)) {
    return {
      ...nothing,
      status: 'approximate',
      residual,
      largestRowResidual: largestRow,
      statement: `approximate: the row furthest off misses its equations by ${text(largestRow)} (at most ${text(tolerance)} for a stationary point)`,
    };
  }
  const curvature = curvatureOf(problem, data);
  if (!(curvature > 0)) {
    return {
      ...nothing,
      status: 'stationary',
      residual,
      largestRowResidual: largestRow,
      statement: `stationary: relative gradient ${text(residual)}; unobserved cells have no weight under this objective, so that no bound follows`,
    };
  }
  const mark = problem.arena.mark();
  const given = copyFactors(problem);
  const polished = await accelerate(problem, polish, { signal, onProgress, most: 1000 });
  const distance = Math.sqrt(Math.max(0, squaredDistance(problem, given)));
  const size = Math.sqrt(squaredNorm(problem));
  problem.arena.release(mark);
  const norm = normBound(problem);
  const gap = dualityGap(problem, norm.upper);
  const bound = distance + Math.sqrt(gap / curvature);
  const relativeBound = size > 0 ? bound / size : bound === 0 ? 0 : Infinity;
  const certified = relativeBound <= within;
  return {
    status: certified ? 'certified' : 'stationary',
    sigma: norm.upper,
    sigmaEstimate: norm.estimate,
    sigmaMethod: norm.method,
    failureProbability: norm.failureProbability,
    gap,
    bound,
    relativeBound,
    residual,
    largestRowResidual: largestRow,
    polishDistance: size > 0 ? distance / size : 0,
    polishIterations: polished.iterations,
    statement: certified
      ? `certified: the scores differ from those of every converged retrain on these data by at most ${text(relativeBound)} of their norm (σ ≤ ${norm.upper})`
      : `stationary: relative gradient ${text(residual)}; σ ≤ ${norm.upper} leaves a bound of ${text(relativeBound)}, beyond ${text(within)}: ` +
        'another retrain may end elsewhere; more factors or regularization may help (profile "certifiable")',
  };
}

/**
 * The smallest weight of a cell, the modulus of strong convexity in Z: base + min(0, w). Zero for `explicit`.
 */
function curvatureOf(problem: Stationary, data: Dataset): number {
  const { ws, w0, base } = cellWeightsOf(problem.options);
  let least = 0;
  for (const v of data.userItems.data) least = Math.min(least, ws * Math.abs(v) + w0);
  return base + least;
}

/**
 * P − D ≥ 0 between the objective at the factors and the dual at τM, τ = min(1, 1/σ):
 * ⟨X, G_X⟩ + ⟨Y, G_Y⟩ + 2ε(T − Q) + ε²(C − 2T + Q), ε = 1 − τ, and an allowance for rounding.
 */
function dualityGap(problem: Stationary, sigma: number): number {
  const { kernels } = problem.arena;
  const { ld } = problem;
  const { penalty, products, quadratic, targets, dualConstant } = problem.parts();
  let slack = 0;
  for (const name of ['users', 'items'] as const) {
    const side = problem.side(name);
    slack += kernels.inner64(side.rows, ld, 0, side.factors, side.gradient);
  }
  const epsilon = sigma > 1 ? 1 - 1 / sigma : 0;
  const rounding = 1e-15 * (penalty + Math.abs(products) + quadratic);
  return (
    Math.max(0, slack) +
    2 * epsilon * Math.max(0, targets - quadratic) +
    epsilon * epsilon * (dualConstant - 2 * targets + quadratic) +
    rounding
  );
}

interface Factors {
  readonly users: number;
  readonly items: number;
}

function copyFactors(problem: Stationary): Factors {
  const copy = (name: 'users' | 'items'): number => {
    const { rows, factors } = problem.side(name);
    const to = problem.arena.alloc(rows * problem.ld * 8);
    problem.arena.kernels.combine64(rows * problem.ld, 1, factors, 0, to);
    return to;
  };
  return { users: copy('users'), items: copy('items') };
}

/** ‖XYᵀ‖². */
function squaredNorm(problem: Stationary): number {
  const { users, items } = { users: problem.side('users').factors, items: problem.side('items').factors };
  return problem.arena.scope(() => crossProduct(problem, { users, items }, { users, items }));
}

/**
 * ‖XYᵀ − X₀Y₀ᵀ‖² through the differences, so that nothing cancels: with E = X − X₀ and F = Y − Y₀ it is
 * ‖E Yᵀ + X₀ Fᵀ‖².
 */
function squaredDistance(problem: Stationary, given: Factors): number {
  const { arena, ld } = problem;
  return arena.scope(() => {
    const difference = (name: 'users' | 'items'): number => {
      const { rows, factors } = problem.side(name);
      const to = arena.alloc(rows * ld * 8);
      arena.kernels.combine64(rows * ld, 1, factors, 0, to);
      arena.kernels.combine64(rows * ld, -1, given[name], 1, to);
      return to;
    };
    const E = { users: difference('users'), items: problem.side('items').factors };
    const F = { users: given.users, items: difference('items') };
    return crossProduct(problem, E, E) + 2 * crossProduct(problem, E, F) + crossProduct(problem, F, F);
  });
}

/** ⟨A_u A_iᵀ, B_u B_iᵀ⟩ = Σ (A_uᵀB_u) ∘ (A_iᵀB_i). */
function crossProduct(problem: Stationary, A: Factors, B: Factors): number {
  const { arena, ld } = problem;
  const users = arena.alloc(ld * ld * 8);
  const items = arena.alloc(ld * ld * 8);
  arena.kernels.gram64(problem.side('users').rows, ld, 1, A.users, B.users, users);
  arena.kernels.gram64(problem.side('items').rows, ld, 1, A.items, B.items, items);
  const a = arena.f64(users, ld * ld);
  const b = arena.f64(items, ld * ld);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Two digits, enough for words. */
const text = (value: number): string => value.toExponential(1);
