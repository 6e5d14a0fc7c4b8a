// The profile `certifiable`: the regularization at which a model can be certified at the smallest loss of quality. Below
// some λ the optimum over all scores has more rank than the model has factors; the search finds it by halving intervals.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import * as option from '../base/options.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { normBound } from '../least-squares/spectral-norm.ts';
import { Stationary } from '../least-squares/stationary.ts';
import { evaluate } from '../model/evaluate.ts';
import { type AlsModel, type AlsOptions, als } from '../models/als.ts';
import { type Certificate, certify } from './certify.ts';

/** One regularization that was tried. */
export interface Trial {
  readonly regularization: number;
  readonly status: Certificate['status'];
  readonly sigma: number | null;
  readonly relativeBound: number | null;
  readonly ndcg: number;
}

/** A setting at which training ends in one point, its model, and what that costs. */
export interface Certifiable {
  /** Options to train with; their model is `model`. */
  readonly options: AlsOptions;
  readonly model: AlsModel;
  readonly chosen: Trial;
  /** The best validation NDCG of all that was tried, certified or not, and how much the certificate costs. */
  readonly best: Trial;
  readonly price: number;
  readonly trials: readonly Trial[];
}

/** How far to search, and how the search is watched. */
export interface CertifiableOptions extends RunControl {
  /** Cutoff of the validation NDCG; default 20. */
  readonly k?: number;
  /** Halvings of the interval of λ; default 5. */
  readonly steps?: number;
}

/**
 * Finds the regularization for which the model is certified and validation NDCG is highest.
 * @param given the other options; `factors` bounds the rank that can be certified. `tolerance` defaults to 1e-7.
 * @returns the options, the model trained with them, and the price against the best of all trials.
 * @throws DataError without validation data, or where nothing can be certified; RangeError for objective explicit.
 * @example
 * const { options, price } = await certifiable(train, validation, { objective: 'ials', factors: 64 });
 */
export async function certifiable(
  train: Dataset,
  validation: Dataset,
  given: option.GivenOptions<typeof als.options> = {},
  control: CertifiableOptions = {},
): Promise<Certifiable> {
  expectDataset('train', train);
  expectDataset('validation', validation);
  checkControl('certifiable', control, ['k', 'steps']);
  check.knownKeys('certifiable', given, Object.keys(als.options));
  const { k = 20, steps = 5, ...run } = control;
  check.integer('k', k, { min: 1 });
  check.integer('steps', steps, { min: 1, max: 50 });
  const base = option.resolveOptions('als', als.options, { tolerance: 1e-7, iterations: 5, ...given });
  if (base.objective === 'explicit') throw new RangeError('"objective" expected implicit or ials for a certificate, got "explicit"');
  if (validation.interactions === 0)
    throw new DataError('choosing needs validation interactions; hold some out, as with --split per-user:0.8,0.1,0.1');
  const nothing = largestUseful(train, base);
  const trials: Trial[] = [];
  const models: AlsModel[] = [];
  const attempt = async (regularization: number): Promise<boolean> => {
    const model = await als.fit(train, { ...base, regularization }, run);
    const { status, sigma, relativeBound } = await certify(model, train, run);
    const ndcg = evaluate(model, train, validation, { k, metrics: ['ndcg'] })[`ndcg@${k}`];
    trials.push({ regularization, status, sigma, relativeBound, ndcg });
    models.push(model);
    return status === 'certified';
  };
  // λ between a thousandth and half of the one at which nothing is learnt; ratios, not differences, are halved.
  let low = nothing / 1024;
  let high = nothing / 2;
  let certified = await attempt(nothing / 16);
  if (certified) high = nothing / 16;
  else low = nothing / 16;
  for (let step = 1; step < steps; step++) {
    const middle = Math.sqrt(low * high);
    certified = await attempt(middle);
    if (certified) high = middle;
    else low = middle;
  }
  const pick = (among: readonly Trial[]): Trial | undefined =>
    among.reduce<Trial | undefined>((best, trial) => (best && best.ndcg >= trial.ndcg ? best : trial), undefined);
  const chosen = pick(trials.filter(({ status }) => status === 'certified'));
  const best = pick(trials)!;
  if (!chosen) throw new DataError(`nothing was certified between a regularization of ${low} and ${high}; more factors or steps may help`);
  const model = models[trials.indexOf(chosen)];
  return { options: model.options, model, chosen, best, price: best.ndcg - chosen.ndcg, trials };
}

/** The λ from which on zero factors are the optimum: σ at zero, which is proportional to 1/λ, is one. */
function largestUseful(train: Dataset, options: AlsOptions): number {
  return normBound(new Stationary(train, { ...options, factors: 1, regularization: 1 })).estimate;
}
