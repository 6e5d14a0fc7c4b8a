// A bound of the norm of P N P, P the projection off the model's own space, without chance: t I − P N P is written out and
// factored (docs/certificate.md §4.3).

import { planRows } from '../threads/team.ts';
import type { OwnSpace } from './own-space.ts';
import { dotDepth, gamma, gramDepth, roundedUp, UNIT } from './rounding.ts';
import type { ScaledResidual } from './scaled-residual.ts';

/** Up to so many rows of the smaller side. */
const MOST_ROWS = 4600;
/** Pivots that are eliminated together. */
const BLOCK = 128;
/** Where the matrix is not found definite below this, its bound would be of no use. */
const HIGHEST = 1.05;

/** @param ritz an estimate from below. @returns undefined where there are too many rows, no room, or no bound up to about 1. */
export function factoredBound(residual: ScaledResidual, own: OwnSpace, ritz: number): number | undefined {
  const { arena, ld, inner } = residual;
  const n = inner.rows;
  const m = (n + 7) & ~7;
  if (n > MOST_ROWS || !(ritz < HIGHEST)) return undefined;
  try {
    arena.reserve(m * m * 16 + arena.kernels.spd_sweep_scratch(m, BLOCK) + 3 * n * ld * 8 + ld * ld * 16);
  } catch {
    return undefined; // no room to write it out: the random start must do
  }
  const { minusN, error } = writtenOut(residual, own, m);
  const work = arena.alloc(m * m * 8);
  const scratch = arena.alloc(arena.kernels.spd_sweep_scratch(m, BLOCK));
  // a little above the Ritz value, but not past one: γ counts only by its distance from α
  let step = Math.min(0.001 * ritz, Math.max(0, 1 - ritz) / 4) + 1e-9;
  for (let t = ritz + step; t < HIGHEST; t += step) {
    const trace = factoredTrace(residual, m, minusN, t, work, scratch);
    if (trace !== undefined) {
      // Rump 2006: a factor that was found leaves the smallest eigenvalue above −γ times the trace.
      const left = gamma(BLOCK + 2 * Math.ceil(m / BLOCK) + 16) * trace;
      return roundedUp(t + error + left + 4 * UNIT * t);
    }
    step = Math.max(2 * step, 1e-4);
  }
  return undefined;
}

/**
 * −P N P, lower triangle f64[m × m], and how far it can be from a matrix that agrees with −N on the complement.
 * N = SᵀS − K Ŷᵀ − Ŷ Kᵀ with K = a Sᵀ X̂ − ½ a² Ŷ (X̂ᵀX̂), and P N P = N − J Qᵀ − Q Jᵀ with J = N Q − ½ Q (QᵀNQ), on the complement
 * of Q whatever J is.
 */
function writtenOut(residual: ScaledResidual, own: OwnSpace, m: number): { minusN: number; error: number } {
  const { arena, base: a, ld, inner, outer } = residual;
  const { kernels } = arena;
  const n = inner.rows;
  const minusN = arena.allocZeroed(m * m * 8);
  const K = arena.alloc(n * ld * 8);
  const small = arena.alloc(ld * ld * 8);
  const length = (A: number): number => Math.sqrt(kernels.inner64(n, ld, 0, A, A)) * (1 + gamma(n + ld));
  kernels.subtract_pairs64(0, outer.rows, outer.indptr, outer.indices, outer.values, m, minusN);
  kernels.spmm64(n, ld, inner.indptr, inner.indices, inner.values, outer.hat, K);
  const rows = arena.f64(K, n * ld);
  for (let k = 0; k < rows.length; k++) rows[k] *= a;
  kernels.gram64(outer.rows, ld, 1, outer.hat, outer.hat, small);
  kernels.rows_times64(n, ld, (-a * a) / 2, inner.hat, small, K);
  kernels.add_pairs64(n, ld, m, K, inner.hat, minusN);
  const lengthK = length(K);
  const J = arena.upload(arena.f64(own.NQ, n * ld).slice());
  kernels.rows_times64(n, ld, -0.5, own.Q, arena.upload(own.inside), J);
  kernels.add_pairs64(n, ld, m, J, own.Q, minusN);
  const errorOfK =
    a * inner.sparseError * outer.hatNorm +
    gamma(gramDepth(outer.rows) + ld + 8) * ((a * a) / 2) * inner.hatNorm * outer.hatNorm * outer.hatNorm;
  const pairs = gamma(dotDepth(ld) + 8) * 2 * (lengthK * inner.hatNorm + length(J) * own.size);
  return { minusN, error: roundedUp(inner.pairError * inner.sparseNorm + 2 * errorOfK * inner.hatNorm + pairs) };
}

/** The trace of t I + minusN where it has a Cholesky factor. */
function factoredTrace(
  { arena, problem }: ScaledResidual,
  m: number,
  minusN: number,
  t: number,
  work: number,
  scratch: number,
): number | undefined {
  const matrix = arena.f64(work, m * m);
  matrix.set(arena.f64(minusN, m * m));
  let trace = 0;
  for (let i = 0; i < m; i++) trace += matrix[i * m + i] += t;
  for (let begin = 0; begin < m; begin += BLOCK) {
    const width = Math.min(BLOCK, m - begin);
    const after = begin + width;
    if (arena.kernels.spd_pivot(m, begin, width, work, scratch) !== 0) return undefined;
    const groups = planRows((m - after) / 4, (group) => 16 * (group + 1) * width);
    problem.team.runNow('spd_update', groups, [m, after, width, work, scratch]);
  }
  return Number.isFinite(trace) ? trace : undefined;
}
