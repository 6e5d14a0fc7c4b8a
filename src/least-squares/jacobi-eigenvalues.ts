// Jacobi's eigenvalue method for small symmetric matrices, f64[n × n]: additions, multiplications, divisions and square roots
// only, so that its bytes are the same everywhere.

import { gamma, roundedUp, UNIT } from './rounding.ts';

/**
 * The largest eigenvalue of a symmetric matrix: as rotations find it, and a number that it does not exceed. That is a t
 * for which t I − A has a Cholesky factor, and what rounding can have added to its smallest eigenvalue (Rump 2006:
 * γ_{n+1} times the trace); Infinity where none is found. A is left as it is.
 */
export function eigenvalueBound(n: number, A: Float64Array): { computed: number; upper: number } {
  const rotated = A.slice();
  rotate(n, rotated);
  let computed = 0;
  for (let i = 0; i < n; i++) computed = Math.max(computed, rotated[i * n + i]);
  let excess = 8 * n * UNIT * computed + 1e-300;
  for (let attempt = 0; attempt < 40; attempt++, excess *= 8) {
    const t = computed + excess;
    const trace = factoredTrace(n, A, t);
    if (trace !== undefined) return { computed, upper: roundedUp(t + gamma(n + 4) * trace + 4 * UNIT * t) };
  }
  return { computed, upper: Infinity };
}

/** The trace of t I − A where it has a Cholesky factor. */
function factoredTrace(n: number, A: Float64Array, t: number): number | undefined {
  const L = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let left = (i === j ? t : 0) - A[i * n + j];
      if (i === j) trace += left;
      for (let k = 0; k < j; k++) left -= L[i * n + k] * L[j * n + k];
      if (i > j) L[i * n + j] = left / L[j * n + j];
      else if (left > 0) L[i * n + i] = Math.sqrt(left);
      else return undefined;
    }
  }
  return Number.isFinite(trace) ? trace : undefined;
}

/** Eigenvectors of a symmetric matrix, as columns; their eigenvalues are left on A's diagonal. */
export function eigenvectors(n: number, A: Float64Array): Float64Array {
  const V = new Float64Array(n * n);
  for (let i = 0; i < n; i++) V[i * n + i] = 1;
  rotate(n, A, V);
  return V;
}

/** Jacobi rotations of A, and of the columns of V, until A is diagonal but for rounding. */
function rotate(n: number, A: Float64Array, V?: Float64Array): void {
  const offDiagonal = (): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) sum += A[i * n + j] * A[i * n + j];
    return Math.sqrt(sum);
  };
  const size = Math.sqrt(A.reduce((sum, a) => sum + a * a, 0));
  for (let sweep = 0; sweep < 30 && offDiagonal() > 1e-15 * size; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = A[p * n + q];
        if (Math.abs(apq) <= 1e-300) continue;
        const theta = (A[q * n + q] - A[p * n + p]) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const kp = A[k * n + p];
          const kq = A[k * n + q];
          A[k * n + p] = c * kp - s * kq;
          A[k * n + q] = s * kp + c * kq;
        }
        for (let k = 0; k < n; k++) {
          const pk = A[p * n + k];
          const qk = A[q * n + k];
          A[p * n + k] = c * pk - s * qk;
          A[q * n + k] = s * pk + c * qk;
        }
        for (let k = 0; V && k < n; k++) {
          const kp = V[k * n + p];
          const kq = V[k * n + q];
          V[k * n + p] = c * kp - s * kq;
          V[k * n + q] = s * kp + c * kq;
        }
      }
    }
  }
}
