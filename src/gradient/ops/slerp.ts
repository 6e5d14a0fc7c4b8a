// Great circles: a point between two unit rows, at an equal share of the angle rather than of the chord.
import { arc, cosine, sine } from '../../base/trigonometry.ts';
import type { Variable } from '../tape.ts';

/** Below this sine the limit for a vanishing angle is used. */
const SMALL_SINE = 1e-3;
/** Opposite points have no one great circle: cosines end here, and pass no gradient beyond. */
const LEAST_COSINE = -1 + 1e-4;

/** sin(share·θ)/sin θ and its slope by cos θ. */
function weightOf(share: number, c: number, s: number, angle: number): readonly [weight: number, slope: number] {
  if (s < SMALL_SINE) return [share, (-share * (1 - share * share)) / 3];
  const part = sine(share * angle);
  return [part / s, -(share * cosine(share * angle) * s - part * c) / (s * s * s)];
}

/**
 * Row r: sin(λ_r θ)/sin θ·a_r + sin((1−λ_r)θ)/sin θ·b_r, θ the angle between the unit rows a_r and b_r (Shoemake 1985).
 * λ 1 is a, λ 0 is b. Where one of the rows is zero (an item without that modality), the other is taken whole.
 */
export function slerp(a: Variable, b: Variable, shares: ArrayLike<number>): Variable {
  const { tape, rows } = a;
  const { arena } = tape;
  const { kernels } = arena;
  const { ld } = a.value;
  const y = tape.matrix(rows, a.cols);
  const width = (rows + 7) & ~7;
  const dots = arena.allocZeroed(width * 4);
  const byA = arena.allocZeroed(width * 4);
  const byB = arena.allocZeroed(width * 4);
  const bend = arena.allocZeroed(width * 4);
  const slopeA = new Float64Array(rows);
  const slopeB = new Float64Array(rows);
  arena.scope(() => {
    const squares = [a, b].map((x) => {
      const out = arena.alloc(width * 4);
      kernels.row_dot(rows, ld, 0, x.pointer, x.pointer, out, 1);
      return out;
    });
    kernels.row_dot(rows, ld, 0, a.pointer, b.pointer, dots, 1);
    const [aa, bb] = squares.map((at) => arena.f32(at, rows));
    const cosines = arena.f32(dots, rows);
    const A = arena.f32(byA, rows);
    const B = arena.f32(byB, rows);
    for (let r = 0; r < rows; r++) {
      if (aa[r] === 0 || bb[r] === 0) {
        A[r] = aa[r] === 0 ? 0 : 1;
        B[r] = 1 - A[r];
        continue;
      }
      const c = Math.min(1, Math.max(LEAST_COSINE, cosines[r]));
      const s = Math.sqrt(1 - c * c);
      const angle = arc(c);
      [A[r], slopeA[r]] = weightOf(shares[r], c, s, angle);
      [B[r], slopeB[r]] = weightOf(1 - shares[r], c, s, angle);
      if (cosines[r] <= LEAST_COSINE) slopeA[r] = slopeB[r] = 0;
    }
  });
  kernels.row_scale(rows, ld, 0, byA, 1, a.pointer, y.pointer);
  kernels.row_scale(rows, ld, 1, byB, 1, b.pointer, y.pointer);
  return tape.record(y, [a, b], (dy) => {
    arena.scope(() => {
      const [alongA, alongB] = [a, b].map((x) => {
        const out = arena.alloc(width * 4);
        kernels.row_dot(rows, ld, 0, dy.pointer, x.pointer, out, 1);
        return out;
      });
      const p = arena.f32(alongA, rows);
      const q = arena.f32(alongB, rows);
      const d = arena.f32(bend, rows);
      for (let r = 0; r < rows; r++) d[r] = p[r] * slopeA[r] + q[r] * slopeB[r];
    });
    for (const [x, own, other] of [
      [a, byA, b],
      [b, byB, a],
    ] as const) {
      if (!x.tracked) continue;
      const dx = x.intoGradient().pointer;
      kernels.row_scale(rows, ld, 1, own, 1, dy.pointer, dx);
      kernels.row_scale(rows, ld, 1, bend, 1, other.pointer, dx);
    }
  });
}

/**
 * A point between any number of unit rows: De Casteljau's construction with great circles for lines (spherical Bézier).
 * Of two it is `slerp`.
 */
export function sphericalBezier(points: readonly Variable[], shares: ArrayLike<number>): Variable {
  let level = points;
  while (level.length > 1) level = level.slice(1).map((next, i) => slerp(level[i], next, shares));
  return level[0];
}
