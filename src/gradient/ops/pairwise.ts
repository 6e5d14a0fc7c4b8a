// The loss that most ranking models share.
import type { Variable } from '../tape.ts';
import { bprLoss } from './losses.ts';
import { add } from './pointwise.ts';
import { frobenius, sum } from './reduce.ts';

/** Positions of items in a table that holds all users first. */
export const shifted = (items: Int32Array, users: number): Int32Array => items.map((item) => item + users);

/**
 * weight·( mean softplus(−sign·(p − n)) + regularization·Σ_j ‖X_j‖ / rows ), with ‖·‖ the Frobenius norm (not squared)
 * of each given batch matrix X_j, as in MMRec.
 */
export function pairwise(
  positive: Variable,
  negative: Variable,
  weight: number,
  penalised: readonly Variable[] = [],
  regularization = 0,
  sign: 1 | -1 = 1,
): Variable {
  let loss = sum(bprLoss(positive, negative, sign), weight / positive.cols);
  if (regularization > 0) for (const x of penalised) loss = add(loss, frobenius(x, (weight * regularization) / x.rows));
  return loss;
}
