// Float64 twins of assembly/dense.ts, als.ts and als-objective.ts: dense matrices, row-major, one loop per formula.
import type { SparseRows } from '../../src/wasm/tensor.ts';

/** How an entry's value becomes its matrix weight and its right-hand-side coefficient. */
export interface Weights {
  readonly ws: number;
  readonly w0: number;
  readonly ts: number;
  readonly t0: number;
  readonly explicit: 0 | 1;
}
export const weightOf = (p: Weights, v: number): number => p.ws * Math.abs(v) + p.w0;
export const targetOf = (p: Weights, v: number): number => (v > 0 || p.explicit ? p.ts * v + p.t0 : 0);

/** Σ y yᵀ over the given rows of Y [· × ld]. */
export function gram(Y: ArrayLike<number>, ld: number, rows: Iterable<number>): Float64Array {
  const G = new Float64Array(ld * ld);
  for (const r of rows) for (let i = 0; i < ld; i++) for (let j = 0; j < ld; j++) G[i * ld + j] += Y[r * ld + i] * Y[r * ld + j];
  return G;
}

export const rowsUpTo = (n: number): number[] => Array.from({ length: n }, (_, r) => r);

/** Place of element (i, j) in group layout. */
export const groupIndex = (ld: number, i: number, j: number): number => (j >> 3) * 8 * ld + 8 * i + (j & 7);

/** A symmetric row-major matrix in group layout, what lies below the diagonal tiles zero. */
export function toGroups(ld: number, M: ArrayLike<number>): Float64Array {
  const out = new Float64Array(ld * ld);
  for (let j = 0; j < ld; j++) for (let i = 0; i < (j & ~7) + 8; i++) out[groupIndex(ld, i, j)] = M[i * ld + j];
  return out;
}

/** The equations of a row: A = G + Σ w y yᵀ + reg I (pads 1 on the diagonal) and b = Σ t y. */
export function rowSystem(
  row: number,
  factors: number,
  ld: number,
  p: Weights,
  entries: SparseRows,
  reg: number,
  G: ArrayLike<number> | null,
  Y: ArrayLike<number>,
): { A: Float64Array; b: Float64Array } {
  const A = G ? Float64Array.from(G) : new Float64Array(ld * ld);
  const b = new Float64Array(ld);
  for (let e = entries.indptr[row]; e < entries.indptr[row + 1]; e++) {
    const y = entries.indices[e] * ld;
    const w = weightOf(p, entries.data[e]);
    const t = targetOf(p, entries.data[e]);
    for (let i = 0; i < ld; i++) {
      b[i] += t * Y[y + i];
      for (let j = 0; j < ld; j++) A[i * ld + j] += w * Y[y + i] * Y[y + j];
    }
  }
  for (let i = 0; i < ld; i++) A[i * ld + i] = i < factors ? A[i * ld + i] + reg : 1;
  return { A, b };
}

/** x with A x = b, by Gaussian elimination with row pivots. */
export function solve(n: number, matrix: ArrayLike<number>, rhs: ArrayLike<number>): Float64Array {
  const A = Float64Array.from(matrix);
  const b = Float64Array.from(rhs);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i * n + k]) > Math.abs(A[pivot * n + k])) pivot = i;
    for (let j = 0; j < n; j++) [A[k * n + j], A[pivot * n + j]] = [A[pivot * n + j], A[k * n + j]];
    [b[k], b[pivot]] = [b[pivot], b[k]];
    for (let i = k + 1; i < n; i++) {
      const m = A[i * n + k] / A[k * n + k];
      if (m === 0) continue;
      for (let j = k; j < n; j++) A[i * n + j] -= m * A[k * n + j];
      b[i] -= m * b[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= A[k * n + j] * b[j];
    b[k] /= A[k * n + k];
  }
  return b;
}

/** `steps` steps of conjugate gradients from x; stops below r·r = 1e-20. */
export function conjugateGradients(
  n: number,
  A: ArrayLike<number>,
  b: ArrayLike<number>,
  start: ArrayLike<number>,
  steps: number,
): Float64Array {
  const x = Float64Array.from(start);
  const r = multiply(n, A, x).map((Ax, i) => b[i] - Ax);
  let p = r.slice();
  let rr = squares(r);
  for (let step = 0; step < steps && rr >= 1e-20; step++) {
    const q = multiply(n, A, p);
    const alpha = rr / p.reduce((sum, v, i) => sum + v * q[i], 0);
    for (let i = 0; i < n; i++) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
    const next = squares(r);
    p = p.map((v, i) => r[i] + (next / rr) * v);
    rr = next;
  }
  return x;
}

export function multiply(n: number, A: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += A[i * n + j] * x[j];
    return sum;
  });
}

export const squares = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, x) => sum + x * x, 0);

export function dotRows(X: ArrayLike<number>, r: number, Y: ArrayLike<number>, s: number, ld: number): number {
  let sum = 0;
  for (let c = 0; c < ld; c++) sum += X[r * ld + c] * Y[s * ld + c];
  return sum;
}

/** The objective cell by cell, over ALL cells: base·s² + the observed cells' terms + the penalties. */
export function objective(
  p: Weights,
  base: number,
  entries: SparseRows,
  X: ArrayLike<number>,
  Y: ArrayLike<number>,
  ld: number,
  regX: ArrayLike<number>,
  regY: ArrayLike<number>,
): number {
  let sum = 0;
  for (let r = 0; r < entries.rows; r++) {
    const observed = new Map<number, number>();
    for (let e = entries.indptr[r]; e < entries.indptr[r + 1]; e++) observed.set(entries.indices[e], entries.data[e]);
    for (let c = 0; c < entries.cols; c++) {
      const s = dotRows(X, r, Y, c, ld);
      const v = observed.get(c);
      sum += base * s * s;
      if (v === undefined) continue;
      const t = targetOf(p, v);
      sum += weightOf(p, v) * s * s - 2 * t * s + (p.explicit ? t * t : t);
    }
    sum += regX[r] * dotRows(X, r, X, r, ld);
  }
  for (let c = 0; c < entries.cols; c++) sum += regY[c] * dotRows(Y, c, Y, c, ld);
  return sum;
}
