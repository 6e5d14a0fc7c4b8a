// A bound of the distance between a least-squares model and every retrain on its data, without a retrain. The problem is
// convex in the products Z = XYᵀ; docs/certificate.md derives what is computed here. It trusts neither the model nor what
// the model says about itself: everything is computed from factors, options and data. What may be said stands in verdict.ts.

import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import { resolveOptions } from '../base/options.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { requireTrainedOn } from '../forget/trained-on.ts';
import { accelerate } from '../least-squares/acceleration.ts';
import { dualityGap } from '../least-squares/duality-gap.ts';
import { SIDES } from '../least-squares/float64-rows.ts';
import { cellWeightsOf, type LeastSquaresOptions } from '../least-squares/objective.ts';
import { copyFactors, productDistance, productNorm } from '../least-squares/product-distance.ts';
import { UNIT } from '../least-squares/rounding.ts';
import { normBound } from '../least-squares/spectral-norm.ts';
import { Stationary } from '../least-squares/stationary.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { requireTables } from '../model/evaluate.ts';
import { expectModel, type Model } from '../model/model.ts';
import { type Team, withTeam } from '../threads/team.ts';
import { type CertificateStatus, type Limits, verdict } from './verdict.ts';

/** What a certificate says: a status, and the figures that it follows from. */
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

/** How near a certificate must come, and how the work is watched. */
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
 * @throws ModelError for a model of another kind; DataError for data that are not the model's, that hold nothing, or a value
 *   that is no finite number; RangeError for options, the model's own among them.
 * @example
 * const { status, bound } = await certify(unlearned, retained);
 */
export async function certify(model: Model, data: Dataset, options: CertifyOptions = {}): Promise<Certificate> {
  expectModel('model', model);
  expectDataset('data', data);
  checkControl('certify', options, ['tolerance', 'within', 'polish', 'ignoreFingerprint']);
  if (options.ignoreFingerprint !== undefined) check.boolean('ignoreFingerprint', options.ignoreFingerprint);
  if (!model.kind.capabilities.includes('leastSquares')) {
    throw new ModelError(`a model of kind "${model.kind.name}" has no certificate: models trained by least squares have one (als)`);
  }
  const tolerance = check.number('tolerance', options.tolerance ?? 1e-4, { above: 0, max: 1 });
  const within = check.number('within', options.within ?? 1e-4, { above: 0, max: 1 });
  const polish = check.number('polish', options.polish ?? 1e-10, { above: 0, max: 1e-3 });
  if (options.ignoreFingerprint) requireTables(model, data);
  else requireTrainedOn(model, data);
  requireFinite(data);
  return withTeam(options.threads, (team) => judge(model as BilinearModel, data, team, { ...options, tolerance, within, polish }));
}

/** @throws DataError for data without interactions, or with one whose value is no finite number. */
function requireFinite(data: Dataset): void {
  const { indptr, indices, data: values } = data.userItems;
  if (data.interactions === 0)
    throw new DataError('the data hold no interactions: there is nothing to certify against', { source: data.source });
  const entry = values.findIndex((value) => !Number.isFinite(value));
  if (entry < 0) return;
  const user = indptr.findIndex((end, row) => row > 0 && entry < end) - 1;
  throw new DataError(
    `the value of user ${JSON.stringify(data.users.at(user))} and item ${JSON.stringify(data.items.at(indices[entry]))} ` +
      `expected a finite number, found ${values[entry]}`,
    { source: data.source },
  );
}

const NOTHING = {
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

async function judge(
  model: BilinearModel,
  data: Dataset,
  team: Team,
  { signal, onProgress, polish, ...limits }: CertifyOptions & Limits & { polish: number },
): Promise<Certificate> {
  const options = resolveOptions(model.kind.name, model.kind.options, model.options) as unknown as LeastSquaresOptions;
  const problem = new Stationary(data, options, team);
  problem.start(model.userFactors, model.itemFactors, { keepEmptyRows: true });
  const { residual, largestRow } = problem.measure();
  const own = { ...NOTHING, residual, largestRowResidual: largestRow };
  const unheld = options.objective !== 'explicit' && !allHeld(problem);
  if (unheld) return { ...own, status: 'approximate', statement: unheldStatement(options.regularization) };
  const curvature = curvatureOf(problem, data);
  const figures = { residual, largestRow, curvature };
  const first = verdict(figures, limits);
  if (first.status === 'approximate' || !(curvature > 0)) return { ...own, ...first };
  const mark = problem.arena.mark();
  const given = copyFactors(problem);
  const polished = await accelerate(problem, polish, { signal, onProgress, most: 1000 });
  const distance = productDistance(problem, given);
  const size = productNorm(problem);
  problem.arena.release(mark);
  const norm = normBound(problem);
  const gap = dualityGap(problem, norm.upper).upper;
  return {
    ...own,
    sigma: norm.upper,
    sigmaEstimate: norm.estimate,
    sigmaMethod: norm.method,
    failureProbability: norm.failureProbability,
    gap,
    polishDistance: size > 0 ? distance / size : 0,
    polishIterations: polished.iterations,
    ...verdict({ ...figures, polished: { sigma: norm.upper, gap, size, distance } }, limits),
  };
}

/** Whether every row has a weight that is positive and finite in float32, as it is used: without, nothing bounds the norm. */
function allHeld(problem: Stationary): boolean {
  return SIDES.every((side) => {
    const { rows, regularization } = problem.side(side);
    return problem.arena.f32(regularization, rows).every((weight) => weight > 0 && weight < Infinity);
  });
}

const unheldStatement = (regularization: number): string =>
  `approximate: the regularization of a row, from λ = ${regularization}, is no positive finite number in float32, so that nothing bounds ` +
  'how far retrains can be apart; train with a "regularization" that is';

/**
 * The smallest weight of a cell, the modulus of strong convexity in Z: base + min(0, w), from below. Zero for `explicit`.
 */
function curvatureOf(problem: Stationary, data: Dataset): number {
  const { ws, w0, base } = cellWeightsOf(problem.options);
  let least = 0;
  let most = 0;
  for (const v of data.userItems.data) {
    least = Math.min(least, ws * Math.abs(v) + w0);
    most = Math.max(most, -least);
  }
  return base + least - 4 * UNIT * most;
}
