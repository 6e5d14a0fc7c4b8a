// |X Yᵀ − X' Y'ᵀ|_F / |X' Y'ᵀ|_F over all users and items, from products of f x f matrices: no score is computed.
// |X Yᵀ|² = ⟨XᵀX, YᵀY⟩, and the scores' inner product is ⟨XᵀX', YᵀY'⟩.
import type { Partition } from '../../src/index.ts';
import type { BilinearModel } from '../../src/model/bilinear.ts';

/** Dense rows of both sides. */
export interface Scores {
  readonly users: Float64Array;
  readonly items: Float64Array;
  readonly factors: number;
}

/** A model's scores over what remains: rows of deleted users and items count as zero, as they are in gold. */
export function scoresOver(model: Pick<BilinearModel, 'userFactors' | 'itemFactors'>, { users, items }: Partition): Scores {
  const { userFactors, itemFactors } = model;
  const factors = userFactors.cols;
  const scores = { users: Float64Array.from(userFactors.toArray()), items: Float64Array.from(itemFactors.toArray()), factors };
  for (const u of users) scores.users.fill(0, u * factors, (u + 1) * factors);
  for (const i of items) scores.items.fill(0, i * factors, (i + 1) * factors);
  return scores;
}

/** Relative Frobenius distance of all scores to gold's. */
export function scoreDistance(scores: Scores, gold: Scores): number {
  const norm = inner(gold, gold);
  const difference = Math.max(0, inner(scores, scores) + norm - 2 * inner(scores, gold));
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** Sum over all cells of the product of two models' scores. */
function inner(a: Scores, b: Scores): number {
  const users = product(a.users, b.users, a.factors);
  const items = product(a.items, b.items, a.factors);
  return users.reduce((sum, value, n) => sum + value * items[n], 0);
}

/** AᵀB of dense rows. */
function product(a: Float64Array, b: Float64Array, factors: number): Float64Array {
  const sum = new Float64Array(factors * factors);
  for (let start = 0; start < a.length; start += factors) {
    for (let i = 0; i < factors; i++) {
      const value = a[start + i];
      if (value === 0) continue;
      for (let j = 0; j < factors; j++) sum[i * factors + j] += value * b[start + j];
    }
  }
  return sum;
}
