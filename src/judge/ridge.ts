// The support test's row: ridge regression of a half history on frozen rows, unobserved cells at a small weight. It needs no
// model's own loss and no gold: whose own held-out items it ranks no lower than the half that it was not given, was forgotten.

import type { Frozen } from './frozen.ts';

/** Weight of unobserved cells beside that of observed ones. */
const UNOBSERVED = 0.1;
/** Share of the mean diagonal that is added to it, so that directions which nobody uses have a solution. */
const JITTER = 1e-6;

/** x = (w YᵀY + (1 − w) Σ y yᵀ + ε I)⁻¹ Σ y over the half's y, in float64. */
export function ridgeRow({ width, values, living }: Frozen): (half: Int32Array) => Float64Array {
  const base = new Float64Array(width * width);
  for (const p of living) rankOne(base, values, p * width, width, UNOBSERVED);
  let trace = 0;
  for (let c = 0; c < width; c++) trace += base[c * width + c];
  for (let c = 0; c < width; c++) base[c * width + c] += trace > 0 ? (JITTER * trace) / width : 1;
  return (half) => {
    const A = base.slice();
    const b = new Float64Array(width);
    for (const p of half) {
      rankOne(A, values, p * width, width, 1 - UNOBSERVED);
      for (let c = 0; c < width; c++) b[c] += values[p * width + c];
    }
    return solve(A, b, width);
  };
}

/** Lower triangle of A += weight · y yᵀ. */
function rankOne(A: Float64Array, values: Float64Array, at: number, width: number, weight: number): void {
  for (let a = 0; a < width; a++) for (let b = 0; b <= a; b++) A[a * width + b] += weight * values[at + a] * values[at + b];
}

/** Cholesky in place of the lower triangle; both substitutions. */
function solve(A: Float64Array, b: Float64Array, n: number): Float64Array {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = A[i * n + j];
      for (let k = 0; k < j; k++) sum -= A[i * n + k] * A[j * n + k];
      A[i * n + j] = i === j ? Math.sqrt(sum) : sum / A[j * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] -= A[i * n + k] * b[k];
    b[i] /= A[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] -= A[k * n + i] * b[k];
    b[i] /= A[i * n + i];
  }
  return b;
}
