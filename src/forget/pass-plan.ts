// How ALS goes on after a request: which way, by what was asked and by what the model's record says, and when a retrain is due.

import { TOLERANCES } from '../least-squares/acceleration.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import type { Partition } from './request.ts';

export const WAYS = ['change', 'passes'] as const;

/** Share of the interactions after which, all requests together, a retrain is due. */
export const RETRAIN_SHARE = 0.05;
/** Training of at most so many sweeps is done anew: the least change takes two, and cannot be relied on there. */
export const SWEEPS_DONE_ANEW = 4;
/** A model whose last sweep still lowered the objective by more than this was stopped early. */
export const STOPPED_EARLY = 1e-3;
/** A second pass of models that had not converged is mostly nearer to gold, and now and then much farther. */
export const PASSES_UNCONVERGED = 1;
export const PASSES = 3;
/** Large requests on converged models, and only those, gain much by more passes. */
export const PASSES_OF_LARGE = 10;

/** What the caller asked for. */
export interface Asked {
  readonly way?: (typeof WAYS)[number];
  readonly passes?: number;
  readonly tolerance?: number;
  readonly local: boolean;
}

/** How a request is carried out, and why so. */
export interface Plan {
  readonly way: (typeof WAYS)[number] | 'local' | 'retrain';
  readonly why: string;
  /** Full passes; of `retrain`, the sweeps. */
  readonly passes: number;
  readonly tolerance?: number;
}

/** Whether much was forgotten since training. */
export type RetrainDue = {
  /** Share of the interactions forgotten since training from scratch. */
  readonly forgottenSinceTraining: number;
  readonly retrainDue: boolean;
  readonly retrainWhy?: string;
};

/** Interactions that left or came since the last training from scratch, all requests together; kept in the model's record. */
export interface Ledger {
  readonly interactions: number;
  /** Interactions that the model was trained on from scratch. */
  readonly of: number;
}

/**
 * What was asked for, or what the model's record says. Measured over data sets, objectives, states of training and sizes
 * of request (docs/results.md, "The default of unlearn-als"): no default ends farther from gold than the original was.
 */
export function planOf(model: BilinearModel, share: number, asked: Asked): Plan {
  const { way, passes, tolerance, local } = asked;
  if (local) {
    const beside = Object.entries({ way, passes, tolerance }).find(([, value]) => value !== undefined);
    if (beside) throw new RangeError(`"${beside[0]}" does not go together with "local", which makes no full pass; leave out one of them`);
    return { way: 'local', why: 'asked for', passes: 0 };
  }
  if (tolerance !== undefined) {
    if (way === 'change') throw new RangeError('"tolerance" ends plain passes only; give a number of "passes", or leave out "way"');
    return { way: 'passes', why: 'asked for', passes: passes ?? 100, tolerance };
  }
  const chosen = chosenBy(model, share);
  if (way === undefined) return passes === undefined ? chosen : { way: 'passes', why: 'asked for', passes };
  return { way, why: 'asked for', passes: passes ?? (way === chosen.way ? chosen.passes : PASSES) };
}

function chosenBy({ record }: BilinearModel, share: number): Plan {
  const { residual, decrease, iterations, start } = record;
  if (typeof residual === 'number' && residual <= TOLERANCES.fast) {
    const passes = share > RETRAIN_SHARE ? PASSES_OF_LARGE : PASSES;
    return {
      way: 'change',
      passes,
      why: `training converged (relative gradient ${residual.toExponential(1)}): more passes lead nearer to gold`,
    };
  }
  if (typeof iterations === 'number' && iterations <= SWEEPS_DONE_ANEW && residual === undefined && !start) {
    const why =
      `training took ${iterations} ${iterations === 1 ? 'sweep' : 'sweeps'}: done anew, it costs hardly more than passes, ` +
      'and is exact';
    return { way: 'retrain', passes: iterations, why };
  }
  if (record.imported === true)
    return { way: 'change', passes: PASSES_UNCONVERGED, why: 'how far these factors had converged is not known' };
  const state = typeof decrease === 'number' ? `its last sweep lowered the objective by ${percent(decrease)}` : 'it was one sweep';
  return {
    way: 'change',
    passes: PASSES_UNCONVERGED,
    why: `training ended before it had converged (${state}): passes alone would be further training, which gold has not had`,
  };
}

/** What to say of plain passes on a model that had not converged. */
export function furtherTraining({ decrease }: Readonly<Record<string, unknown>>): string[] {
  if (typeof decrease !== 'number' || decrease <= STOPPED_EARLY) return [];
  return [
    `training was stopped while a sweep still lowered the objective by ${decrease.toExponential(1)}: ` +
      'each further pass is further training, and leads away from a retrain of the same number of sweeps',
  ];
}

export function ledgerAfter({ record }: BilinearModel, { data, entries, arrivals }: Partition): Ledger {
  const { interactions = 0, of = data.interactions } = (record.unlearned ?? {}) as Partial<Ledger>;
  const came = arrivals ? arrivals.entries.length - arrivals.changed : 0;
  return { interactions: interactions + entries.length + came, of };
}

export const shareOf = ({ interactions, of }: Ledger): number => interactions / of;

/** Whether a retrain is due, and why. */
export function retrainOf(ledger: Ledger): RetrainDue {
  const share = shareOf(ledger);
  const retrainDue = share > RETRAIN_SHARE;
  const retrainWhy =
    `${percent(share)} of the interactions left or came since the model was trained from scratch; beyond ${percent(RETRAIN_SHARE)} ` +
    'much of the distance to a retrain remains, and it can exceed that between two retrains of different seeds';
  return { forgottenSinceTraining: share, retrainDue, ...(retrainDue && { retrainWhy }) };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
