// What figures of a certificate allow to be said, and no more. Comparisons are written so that what is no number fails them.

/** `certified`: bounded; `stationary`: where training ends, without a bound; `approximate`: not even that. */
export type CertificateStatus = 'certified' | 'stationary' | 'approximate';

/** Figures that a verdict rests on; null where a step had nothing to give. */
export interface Figures {
  /** Relative gradient of the model, and of the row that is furthest off. */
  readonly residual: number;
  readonly largestRow: number;
  /** The least weight of a cell, from below. */
  readonly curvature: number;
  /** At the polished factors. */
  readonly polished?: {
    readonly sigma: number;
    readonly gap: number;
    /** ‖XYᵀ‖_F there, from below, and how far the model's own products are from it. */
    readonly size: number;
    readonly distance: number;
  };
}

export interface Verdict {
  readonly status: CertificateStatus;
  readonly bound: number | null;
  readonly relativeBound: number | null;
  /** The status in words that say no more than was shown. */
  readonly statement: string;
}

/** Largest row residual of a stationary point, and largest relative bound of a certificate. */
export interface Limits {
  readonly tolerance: number;
  readonly within: number;
}

const UNBOUNDED = { bound: null, relativeBound: null };

const OUT_OF_RANGE: Verdict = {
  bound: null,
  relativeBound: null,
  status: 'approximate',
  statement:
    'approximate: the figures of these data and options leave the range of float64, so that nothing was shown; scale the values down',
};

export function verdict({ residual, largestRow, curvature, polished }: Figures, { tolerance, within }: Limits): Verdict {
  if (!(largestRow >= 0 && largestRow <= tolerance && residual >= 0 && residual < Infinity)) {
    return {
      ...UNBOUNDED,
      status: 'approximate',
      statement:
        `approximate: the row furthest off misses its equations by ${text(largestRow)} (at most ${text(tolerance)} ` +
        'for a stationary point): ' +
        'train the model to convergence (tolerance "tight", or a smaller one if it had that), or make it forget with method ' +
        '"converge", and certify that',
    };
  }
  if (Number.isNaN(curvature) || curvature === Infinity) return OUT_OF_RANGE;
  if (!(curvature > 0) || !polished) {
    return {
      ...UNBOUNDED,
      status: 'stationary',
      statement:
        `stationary: relative gradient ${text(residual)}; unobserved cells have no weight under this objective, so that no ` +
        'bound follows',
    };
  }
  const { sigma, gap, size, distance } = polished;
  const bound = distance + Math.sqrt(gap / curvature);
  if (!(sigma >= 0 && gap >= 0 && size >= 0 && distance >= 0 && bound < Infinity && size < Infinity)) return OUT_OF_RANGE;
  const relativeBound = relative(bound, size);
  if (relativeBound <= within && sigma < Infinity) {
    return {
      status: 'certified',
      bound,
      relativeBound,
      statement:
        `certified: the scores differ from those of every converged retrain on these data by at most ${text(relativeBound)} ` +
        `of their norm (σ ≤ ${sigma})`,
    };
  }
  return {
    status: 'stationary',
    bound,
    relativeBound,
    statement:
      `stationary: relative gradient ${text(residual)}; σ ≤ ${sigma} leaves a bound of ${text(relativeBound)}, beyond ${text(within)}: ` +
      'another retrain may end elsewhere; more factors or regularization may help (profile "certifiable")',
  };
}

/** Against nothing at all, only nothing at all is small: zero scores that are the optimum. */
function relative(bound: number, size: number): number {
  if (size > 0) return bound / size;
  return bound === 0 ? 0 : Infinity;
}

/** Two digits, enough for words. */
const text = (value: number): string => value.toExponential(1);
