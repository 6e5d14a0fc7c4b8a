// The duality gap of a least-squares problem at its present factors, from above (docs/certificate.md §3 and §4.5).

import { SIDES } from './float64-rows.ts';
import { cellWeightsOf, other, type Side } from './objective.ts';
import { dotDepth, gamma, gramDepth, roundedUp, UNDERFLOW, UNIT } from './rounding.ts';
import { rowNorms } from './scaled-residual.ts';
import type { Stationary } from './stationary.ts';

export interface GapBound {
  /** Not below the gap. */
  readonly upper: number;
  /** The same formula with nothing allowed for rounding. */
  readonly withoutAllowance: number;
}

/**
 * P − D ≥ 0 between the objective at the factors and the dual at τM, τ = min(1, 1/σ): with the slack
 * s = ⟨X, G_X⟩ + ⟨Y, G_Y⟩ = R − 2(T − Q) it is s + ε (R − s) + ε² (C − T − (R − s) / 2), ε = 1 − τ.
 * @param sigma not below the scaled residual's norm.
 */
export function dualityGap(problem: Stationary, sigma: number): GapBound {
  problem.measure();
  const { arena, ld, factors, gradient } = problem;
  const targets = problem.targetProducts();
  const dualConstant = dualConstantOf(problem);
  const errors = { users: slackError(problem, 'users'), items: slackError(problem, 'items') };
  let penalty = 0;
  let slack = 0;
  let error = 0;
  for (const side of SIDES) {
    const { rows, regularization } = problem.side(side);
    const length = (A: number): number => Math.sqrt(problem.innerSide(side, A, A));
    penalty += problem.innerSide(side, factors[side], factors[side], regularization) * (1 + gamma(rows + ld));
    slack += problem.innerSide(side, factors[side], gradient[side]);
    error += errors[side].slack + gamma(rows + ld) * length(factors[side]) * length(gradient[side]);
  }
  const exactly = (s: number, epsilon: number, spread: number, square: number): number =>
    Math.max(0, s) + epsilon * spread + epsilon * epsilon * Math.max(0, square);
  const epsilon = sigma > 1 ? 1 - 1 / sigma : 0;
  const square = dualConstant - targets - (penalty - slack) / 2;
  // zero factors are exact
  const anything = SIDES.some((side) => arena.f64(factors[side], problem.side(side).rows * ld).some((x) => x !== 0));
  error = roundedUp(error + (anything ? UNDERFLOW : 0));
  const spread = roundedUp(penalty + Math.abs(slack) + error);
  const cells = problem.side('users').cells.nnz;
  const squareError = gamma(8) * spread + error + gamma(cells + ld + 8) * (dualConstant + errors.users.targets);
  return {
    upper: roundedUp(exactly(slack, sigma > 1 ? epsilon + 4 * UNIT : 0, spread, square + squareError) + error),
    withoutAllowance: exactly(slack, epsilon, penalty - slack, square),
  };
}

/** Σ t² / q over the observed cells, q = w + base, from above. */
function dualConstantOf(problem: Stationary): number {
  const { arena, base } = problem;
  const { ws, w0, ts, t0, explicit } = cellWeightsOf(problem.options);
  const { cells } = problem.side('users');
  let sum = 0;
  for (const v of arena.f32(cells.data, cells.nnz)) {
    const t = v > 0 || explicit ? ts * v + t0 : 0;
    const weight = ws * Math.abs(v);
    const q = weight + w0 + base - 4 * UNIT * (weight + Math.abs(w0) + base);
    if (t !== 0) sum += q > 0 ? (t * t) / q : Infinity;
  }
  return sum;
}

/** What rounding can have done to ⟨X, G_X⟩ of one side, and Σ |t| ‖x‖ ‖y‖ over the entries, which bounds that to Σ t s. */
function slackError(problem: Stationary, side: Side): { slack: number; targets: number } {
  const { arena, ld, base } = problem;
  const { ws, w0, ts, t0 } = cellWeightsOf(problem.options);
  const { rows, cells, factors, regularization } = problem.side(side);
  const opposite = problem.side(other(side));
  const own = rowNorms(arena, rows, ld, factors);
  const others = rowNorms(arena, opposite.rows, ld, opposite.factors);
  const background = base * others.reduce((sum, length) => sum + length * length, 0);
  const reg = arena.f32(regularization, rows);
  const indptr = arena.i32(cells.indptr, rows + 1);
  const indices = arena.i32(cells.indices, cells.nnz);
  const data = arena.f32(cells.data, cells.nnz);
  // a Gram matrix in up to 16 parts, a pass over its rows, two products of rows
  const depth = gramDepth(opposite.rows) + 16 + ld + 2 * dotDepth(ld) + 16;
  let error = 0;
  let targets = 0;
  for (let r = 0; r < rows; r++) {
    let observed = 0;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const v = Math.abs(data[e]);
      const product = own[r] * others[indices[e]];
      const target = (ts * v + Math.abs(t0)) * product;
      observed += target + (ws * v + Math.abs(w0)) * product * product;
      targets += target;
    }
    const size = (reg[r] + background) * own[r] * own[r] + observed;
    error += gamma(depth + indptr[r + 1] - indptr[r]) * size;
  }
  return { slack: roundedUp(error * (1 + gamma(cells.nnz))), targets };
}
