// The size of the products XYᵀ of a problem's present factors, and how far they are from those of other factors: from Gram
// matrices, without writing the products out.

import { traceOfProduct } from './float64-rows.ts';
import type { Side } from './objective.ts';
import { gamma, roundedUp } from './rounding.ts';
import type { Stationary } from './stationary.ts';

/** Where rows of both sides lie. */
interface Factors {
  readonly users: number;
  readonly items: number;
}

/** A copy of the present factors, to be released by the caller's mark. */
export function copyFactors(problem: Stationary): Factors {
  const copy = (side: Side): number => {
    const { rows, factors } = problem.side(side);
    return problem.arena.upload(problem.arena.f64(factors, rows * problem.ld).slice());
  };
  return { users: copy('users'), items: copy('items') };
}

/** ‖XYᵀ‖_F, from below. */
export function productNorm(problem: Stationary): number {
  return problem.arena.scope(() => {
    const square = crossProduct(problem, problem.factors, problem.factors);
    return Math.sqrt(Math.max(0, square - roundingOf(problem, [problem.factors])));
  });
}

/**
 * ‖XYᵀ − X₀Y₀ᵀ‖_F, from above, through the differences, so that nothing cancels: with E = X − X₀ and F = Y − Y₀ it is
 * ‖E Yᵀ + X₀ Fᵀ‖.
 */
export function productDistance(problem: Stationary, given: Factors): number {
  const { arena, ld } = problem;
  return arena.scope(() => {
    const difference = (side: Side): number => {
      const { rows, factors } = problem.side(side);
      const to = arena.upload(arena.f64(factors, rows * ld).slice());
      arena.kernels.combine64(rows * ld, -1, given[side], 1, to);
      return to;
    };
    const E = { users: difference('users'), items: problem.factors.items };
    const F = { users: given.users, items: difference('items') };
    const square = crossProduct(problem, E, E) + 2 * crossProduct(problem, E, F) + crossProduct(problem, F, F);
    return roundedUp(Math.sqrt(Math.max(0, square) + roundingOf(problem, [E, F])));
  });
}

/** What rounding can have done to the square of a sum of products: γ (Σ ‖A_u‖ ‖A_i‖)². */
function roundingOf(problem: Stationary, terms: readonly Factors[]): number {
  const length = (side: Side, A: number): number => Math.sqrt(problem.innerSide(side, A, A));
  const size = terms.reduce((sum, { users, items }) => sum + length('users', users) * length('items', items), 0);
  return gamma(problem.side('users').rows + problem.side('items').rows + problem.ld * problem.ld) * size * size;
}

/** ⟨A_u A_iᵀ, B_u B_iᵀ⟩ = Σ (A_uᵀB_u) ∘ (A_iᵀB_i). */
function crossProduct(problem: Stationary, A: Factors, B: Factors): number {
  const { arena, ld } = problem;
  const users = arena.alloc(ld * ld * 8);
  const items = arena.alloc(ld * ld * 8);
  arena.kernels.gram64(problem.side('users').rows, ld, 1, A.users, B.users, users);
  arena.kernels.gram64(problem.side('items').rows, ld, 1, A.items, B.items, items);
  return traceOfProduct(arena.f64(users, ld * ld), arena.f64(items, ld * ld));
}
