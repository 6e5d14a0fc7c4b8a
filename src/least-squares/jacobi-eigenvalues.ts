// Jacobi's eigenvalue method for small symmetric matrices, f64[n × n]: additions, multiplications, divisions and square roots
// only, so that its bytes are the same everywhere.

/** Largest eigenvalue of a symmetric matrix from above: what rotations leave off the diagonal is added. A is used up. */
export function largestEigenvalue(n: number, A: Float64Array): number {
  const left = rotate(n, A);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, A[i * n + i]);
  return largest + left;
}

/** Eigenvectors of a symmetric matrix, as columns; their eigenvalues are left on A's diagonal. */
export function eigenvectors(n: number, A: Float64Array): Float64Array {
  const V = new Float64Array(n * n);
  for (let i = 0; i < n; i++) V[i * n + i] = 1;
  rotate(n, A, V);
  return V;
}

/** Jacobi rotations of A, and of the columns of V, until A is diagonal but for rounding. @returns the norm of what is left off the diagonal. */
function rotate(n: number, A: Float64Array, V?: Float64Array): number {
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
  return offDiagonal();
}
