// Σ over all cells of a score's square along a direction, from Gram matrices of factors and directions: no cell is visited.

import { type Field, type Float64Rows, SIDES, traceOfProduct, traceOfTransposed } from './float64-rows.ts';

/**
 * What Σ s(a)² has of powers 2 to 4 of the step a, s(a) = (x + a dx)·(y + a dy).
 * @param work f64[6 × ld × ld].
 */
export function squaresAlong(
  rows: Float64Rows,
  factors: Field,
  direction: Field,
  work: number,
): { quadratic: number; cubic: number; quartic: number } {
  const { arena, ld } = rows;
  const size = ld * ld;
  const grams = SIDES.map((side, s) => {
    const pairs = [
      [factors[side], factors[side]],
      [factors[side], direction[side]],
      [direction[side], direction[side]],
    ];
    return pairs.map(([a, b], g) => {
      const at = work + (3 * s + g) * size * 8;
      rows.gram(side, 1, a, b, at);
      return at;
    });
  });
  const [[xx, xd, dd], [yy, ye, ee]] = grams.map((list) => list.map((at) => arena.f64(at, size)));
  // s1 = dX Yᵀ + X dYᵀ, s2 = dX dYᵀ: ‖s1‖² + 2⟨s0, s2⟩, 2⟨s1, s2⟩, ‖s2‖²
  const s1s1 = traceOfProduct(dd, yy) + 2 * traceOfTransposed(xd, ye, ld) + traceOfProduct(xx, ee);
  return {
    quadratic: s1s1 + 2 * traceOfProduct(xd, ye),
    cubic: 2 * (traceOfProduct(dd, ye) + traceOfProduct(xd, ee)),
    quartic: traceOfProduct(dd, ee),
  };
}
