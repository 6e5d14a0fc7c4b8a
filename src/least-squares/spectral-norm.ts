// An upper bound of the norm of the scaled residual matrix B of a least-squares model at given factors (docs/certificate.md
// §4). Near a stationary point B has singular value 1 on the factors' own space, and less elsewhere where the model is the
// global minimum: the space is treated exactly, its complement is bounded by a factorisation or by random starts. What
// rounding can have done is added at every step, from the sizes that occur.

import { factoredBound } from './factored-complement.ts';
import { largestRitzValue } from './lanczos.ts';
import { OwnSpace } from './own-space.ts';
import { FAILURE, randomBound } from './random-complement.ts';
import { roundedUp, UNDERFLOW_ROOT } from './rounding.ts';
import { ScaledResidual } from './scaled-residual.ts';
import type { Stationary } from './stationary.ts';

export interface NormBound {
  /** Not below the norm; Infinity where no bound was found. */
  readonly upper: number;
  /** The same formula of what was computed, with nothing allowed for rounding nor for what the iteration may have missed. */
  readonly withoutAllowance: number;
  /** What the iteration found; not above the norm but for rounding. */
  readonly estimate: number;
  /** How the complement was bounded. */
  readonly method: 'factorisation' | 'random start';
  /** Chance that `upper` is too low: 0, or that of unlucky random starts. */
  readonly failureProbability: number;
  /** Dimension of the factors' own space. */
  readonly rank: number;
}

/** ‖D_u^-½ M D_i^-½‖₂ of the problem's present factors. */
export function normBound(problem: Stationary): NormBound {
  return problem.arena.scope(() => {
    const residual = new ScaledResidual(problem);
    const own = new OwnSpace(residual);
    const ritz = largestRitzValue(residual, own);
    const factored = factoredBound(residual, own, ritz);
    const complement = factored === undefined ? randomBound(residual, own, ritz) : () => factored;
    // Allowances need a bound of ‖B‖: a crude one gives a first bound, that one a better one.
    let norm = residual.crudeNorm;
    for (let round = 0; round < 2; round++) norm = Math.min(norm, roundedUp(combined(own.alpha(), own.beta(norm), complement(norm))));
    const upper = roundedUp(norm + residual.storedError + UNDERFLOW_ROOT);
    return {
      upper: Number.isFinite(upper) ? upper : Infinity,
      withoutAllowance: combined(own.computed.alpha, own.computed.beta, ritz),
      estimate: Math.sqrt(Math.max(own.computed.alpha, ritz)),
      method: factored === undefined ? 'random start' : 'factorisation',
      failureProbability: factored === undefined ? FAILURE : 0,
      rank: own.basis.length,
    };
  });
}

/** √λ_max [[α, β], [β, γ]]. */
function combined(alpha: number, beta: number, gamma: number): number {
  const half = (alpha - gamma) / 2;
  return Math.sqrt((alpha + gamma) / 2 + Math.sqrt(half * half + beta * beta));
}
