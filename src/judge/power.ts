// What a figure is worth: where the original, from which nothing was removed, does as well as gold, it is worth nothing.

/** Deviations that the originals must lie from the golds, so that one from which nothing was removed could not pass by chance. */
export const LEAST_DISTANCE = 3;
/** Golds that have a deviation worth the name. */
export const LEAST_GOLDS = 3;
/** What passes: this much left, or this many deviations from the golds. */
export const LEFT = 0.1;
export const DEVIATIONS = 2;

/** Where a model's figure lies between the golds' (0) and the originals' (1); both signs count. */
export interface Standing {
  /** Null without power. */
  readonly left: number | null;
  /** Deviations of the golds; null with fewer than three golds, or without power. */
  readonly z: number | null;
  /** Whether the figure tells originals from golds at all. */
  readonly power: boolean;
}

/**
 * Sets a figure between those of originals and golds.
 * @param error the figure's standard error, used where there are fewer than three golds to take a deviation from.
 */
export function standing(value: number, originals: readonly number[], golds: readonly number[], error: number): Standing {
  const floor = mean(golds);
  const gap = mean(originals) - floor;
  const several = golds.length >= LEAST_GOLDS;
  const deviation = several ? deviationOf(golds) : error;
  // Comparisons with NaN are false: nothing that could not be measured has power.
  if (!(gap > LEAST_DISTANCE * deviation) || !Number.isFinite(gap) || !Number.isFinite(value)) return { left: null, z: null, power: false };
  return { left: (value - floor) / gap, z: several && deviation > 0 ? (value - floor) / deviation : null, power: true };
}

/** Whether so little is left that golds could have it; null without power. */
export function isGone({ left, z, power }: Standing): boolean | null {
  if (!power || left === null) return null;
  return Math.abs(left) <= LEFT || (z !== null && Math.abs(z) <= DEVIATIONS);
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n];
  return sum / values.length;
};

/** Sample variance; NaN for fewer than two. */
export function variance(values: ArrayLike<number>): number {
  const middle = mean(values);
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += (values[n] - middle) * (values[n] - middle);
  return values.length > 1 ? sum / (values.length - 1) : NaN;
}

export const deviationOf = (values: ArrayLike<number>): number => Math.sqrt(variance(values));
