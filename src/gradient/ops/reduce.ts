// Reductions to one number, a 1 × 1 variable. Sums are kept in float64 until the end.
import type { Variable } from '../tape.ts';
import { pass } from './pointwise.ts';

function reduced(x: Variable, value: number, backward: (upstream: number) => void): Variable {
  const y = x.tape.matrix(1, 1);
  y.row(0)[0] = value;
  return x.tape.record(y, [x], (dy) => backward(dy.row(0)[0]));
}

/** factor·Σ x. */
export function sum(x: Variable, factor = 1): Variable {
  const { kernels } = x.tape.arena;
  return reduced(x, factor * kernels.sum(x.length, x.pointer), (upstream) => {
    // d/dx is the same number everywhere but in the pads.
    const dx = x.intoGradient();
    const view = dx.view();
    const g = upstream * factor;
    for (let r = 0; r < x.rows; r++) for (let at = r * dx.ld, end = at + x.cols; at < end; at++) view[at] += g;
  });
}

/** The mean of all elements. */
export const mean = (x: Variable): Variable => sum(x, 1 / (x.rows * x.cols));

/** factor·Σ x². */
export function sumSquares(x: Variable, factor = 1): Variable {
  return reduced(x, factor * x.tape.arena.kernels.sum_squares(x.length, x.pointer), (upstream) => pass(x, x.value, 2 * factor * upstream));
}

/** factor·√Σ x²; no gradient where it is 0. */
export function frobenius(x: Variable, factor = 1): Variable {
  const norm = Math.sqrt(x.tape.arena.kernels.sum_squares(x.length, x.pointer));
  return reduced(x, factor * norm, (upstream) => {
    if (norm > 0) pass(x, x.value, (upstream * factor) / norm);
  });
}
