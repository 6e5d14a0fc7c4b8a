// Float64 twins of the linear item-item models, written from their definitions: dense, slow, no shortcuts.
import type { SparseRows } from '../../src/wasm/tensor.ts';

/** Row-major dense n × n inverse by Gauss-Jordan elimination with row pivoting. */
export function inverse(n: number, given: ArrayLike<number>): Float64Array {
  const A = Float64Array.from(given);
  const X = new Float64Array(n * n);
  for (let i = 0; i < n; i++) X[i * n + i] = 1;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c; i < n; i++) if (Math.abs(A[i * n + c]) > Math.abs(A[best * n + c])) best = i;
    for (const M of [A, X]) {
      const upper = M.slice(c * n, c * n + n);
      M.copyWithin(c * n, best * n, best * n + n);
      M.set(upper, best * n);
    }
    const pivot = A[c * n + c];
    for (let j = 0; j < n; j++) {
      A[c * n + j] /= pivot;
      X[c * n + j] /= pivot;
    }
    for (let i = 0; i < n; i++) {
      const factor = A[i * n + c];
      if (i === c || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        A[i * n + j] -= factor * A[c * n + j];
        X[i * n + j] -= factor * X[c * n + j];
      }
    }
  }
  return X;
}

/** XᵀX of binary baskets, dense [cols × cols]. */
export function pairCounts({ rows, cols, indptr, indices }: SparseRows): Float64Array {
  const counts = new Float64Array(cols * cols);
  for (let u = 0; u < rows; u++) {
    for (let a = indptr[u]; a < indptr[u + 1]; a++)
      for (let b = indptr[u]; b < indptr[u + 1]; b++) counts[indices[a] * cols + indices[b]]++;
  }
  return counts;
}

/** EASE's weights B, dense [cols × cols]. */
export function easeWeights(userItems: SparseRows, regularization: number): Float64Array {
  const n = userItems.cols;
  const system = pairCounts(userItems);
  for (let i = 0; i < n; i++) system[i * n + i] += regularization;
  const P = inverse(n, system);
  return Float64Array.from(P, (p, at) => (Math.floor(at / n) === at % n ? 0 : -p / P[(at % n) * n + (at % n)]));
}

export interface KnnSettings {
  readonly neighbors: number;
  readonly weighting: 'cosine' | 'tfidf' | 'bm25';
  readonly shrinkage: number;
  readonly k1: number;
  readonly b: number;
}

/** All similarities, dense [cols × cols], float64; the diagonal is zero. */
export function knnSimilarities({ rows, cols, indptr, indices }: SparseRows, { weighting, shrinkage, k1, b }: KnnSettings): Float64Array {
  const frequency = new Float64Array(cols);
  for (const item of indices) frequency[item]++;
  const present = frequency.filter((n) => n > 0).length;
  const mean = indices.length / present;
  const weight = Array.from({ length: rows }, (_, u) =>
    weighting === 'cosine' ? 1 : (Math.log(present) - Math.log(1 + indptr[u + 1] - indptr[u])) ** 2,
  );
  const W = new Float64Array(cols * cols);
  for (let u = 0; u < rows; u++) {
    for (let a = indptr[u]; a < indptr[u + 1]; a++)
      for (let c = indptr[u]; c < indptr[u + 1]; c++) W[indices[a] * cols + indices[c]] += weight[u];
  }
  const saturated = Array.from(frequency, (n) => (k1 + 1) / (k1 * (1 - b + (b * n) / mean) + 1));
  return W.map((w, at) => {
    const i = Math.floor(at / cols);
    const j = at % cols;
    if (i === j || w === 0) return 0;
    return weighting === 'bm25' ? w * saturated[i] * saturated[j] : w / (Math.sqrt(W[i * cols + i] * W[j * cols + j]) + shrinkage);
  });
}
