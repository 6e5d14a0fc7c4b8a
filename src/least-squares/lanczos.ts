// The largest eigenvalue of N = BᵀB on the complement of the model's own space, as Lanczos' method finds it: an estimate from
// below, to choose by where a bound is looked for. It proves nothing.

import type { OwnSpace } from './own-space.ts';
import { randomNormals } from './random-normals.ts';
import type { ScaledResidual } from './scaled-residual.ts';
import { dot, norm, orthogonalise, scale } from './vectors.ts';

const MOST_STEPS = 300;
/** Steps between two looks at the estimate. */
const LOOK = 20;
/** Below 1, an estimate is good enough that has moved since by less than this share of what is left to 1. */
const STILL = 0.01;
/** A vector of less than this length is nothing: the space is exhausted. */
const NOTHING = 1e-13;

/** Lanczos from a random start, orthogonalised in full. */
export function largestRitzValue(residual: ScaledResidual, { basis }: OwnSpace): number {
  const { arena, inner, outer } = residual;
  const n = inner.rows;
  const dimension = n - basis.length;
  if (dimension <= 0) return 0;
  const v = arena.alloc(n * 8);
  const between = arena.alloc(outer.rows * 8);
  const out = arena.alloc(n * 8);
  const most = Math.min(MOST_STEPS, dimension);
  const vectors: Float64Array[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let current = randomNormals(n, 0);
  orthogonalise(current, basis);
  orthogonalise(current, basis);
  scale(current, 1 / norm(current));
  for (let k = 1, ritz = 0; ; k++) {
    vectors.push(current);
    arena.f64(v, n).set(current);
    residual.applyVector(outer, inner, v, between);
    residual.applyVector(inner, outer, between, out);
    const next = arena.f64(out, n).slice();
    diagonal.push(dot(next, current));
    for (let pass = 0; pass < 2; pass++) {
      orthogonalise(next, basis);
      orthogonalise(next, vectors);
    }
    const length = norm(next);
    const last = k === most || !(length >= NOTHING);
    if (k % LOOK === 0 || last) {
      const before = ritz;
      ritz = largestTridiagonal(diagonal, beside);
      if (last || ritz - before < STILL * (1 - ritz)) return ritz;
    }
    beside.push(length);
    scale(next, 1 / length);
    current = next;
  }
}

/** Largest eigenvalue of a symmetric tridiagonal matrix, from above to within 1e-15 of its size, by Sturm counts. */
function largestTridiagonal(diagonal: readonly number[], beside: readonly number[]): number {
  let low = 0;
  let high = 0;
  diagonal.forEach((d, i) => (high = Math.max(high, d + Math.abs(beside[i - 1] ?? 0) + Math.abs(i < diagonal.length - 1 ? beside[i] : 0))));
  const allBelow = (x: number): boolean => {
    let pivot = x - diagonal[0];
    for (let i = 1; i < diagonal.length; i++) {
      if (!(pivot > 0)) return false;
      pivot = x - diagonal[i] - (beside[i - 1] * beside[i - 1]) / pivot;
    }
    return pivot > 0;
  };
  for (let step = 0; step < 100 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (allBelow(middle)) high = middle;
    else low = middle;
  }
  return high;
}
