// The loss of ranking turned round: what a step on it takes is what training had given to a pair.
import { bprLoss } from '../gradient/ops/losses.ts';
import { multiply } from '../gradient/ops/pointwise.ts';
import { sum } from '../gradient/ops/reduce.ts';
import type { Tape, Variable } from '../gradient/tape.ts';

/** A pair ranked this far below its negative is forgotten: the negated loss would push it on without end. */
const FAR_BELOW = -10;

/**
 * −weight · mean softplus(−(p − n)) over the pairs that are not forgotten yet; a step on it lowers p − n.
 * @param plus scores of forgotten pairs, minus those of their negatives, both [1 × n].
 */
export function negatedLoss(tape: Tape, plus: Variable, minus: Variable, weight: number): Variable {
  const near = tape.matrix(1, plus.cols);
  const low = minus.value.row(0);
  near.row(0).set(plus.value.row(0).map((score, k) => (score - low[k] >= FAR_BELOW ? 1 : 0)));
  return sum(multiply(tape.constant(near), bprLoss(plus, minus, 1)), -weight / plus.cols);
}
