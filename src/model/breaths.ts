// How much of a long piece of work is done before other work may run: counted in multiplications and additions, which every
// host does in about the same order of time, and not by a clock, whose readings no two runs share.
import type { Model } from './model.ts';

/** Multiplications and additions between two breaths: well below 20 ms on one thread. */
export const BREATH_UNITS = 1 << 25;
/** Numbers that a user's score for an item is made of, where the model does not say. */
const USUAL_WIDTH = 64;

/** About what ranking all items for one user takes. */
export function unitsPerUser(model: Model): number {
  const width = model.parameters.get('itemFactors')?.cols ?? USUAL_WIDTH;
  return Math.max(1, model.items.size * Math.max(width, 1));
}

/** Users who are ranked between two breaths. */
export function usersPerBreath(model: Model, threads = 1): number {
  return Math.max(1, Math.floor((BREATH_UNITS * threads) / unitsPerUser(model)));
}
