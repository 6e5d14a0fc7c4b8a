// Scores that can be compared between users: each by its distance from the user's mean, in standard deviations.

import type { Matrix } from '../wasm/tensor.ts';

/**
 * Scores of a user's pairs as (s − mean)/deviation over all items, both from the items' mean row and second moments.
 */
export function standardised(X: Matrix, Y: Matrix): (user: number, items: Int32Array) => Float64Array {
  const d = Y.cols;
  const n = Y.rows;
  const mean = new Float64Array(d);
  const second = new Float64Array(d * d);
  const rows = new Float64Array(n * d);
  const x = new Float64Array(d);
  for (let i = 0; i < n; i++) rows.set(Y.row(i), i * d);
  for (let at = 0; at < n * d; at += d) {
    for (let a = 0; a < d; a++) {
      const y = rows[at + a];
      mean[a] += y / n;
      for (let b = 0; b <= a; b++) second[a * d + b] += (y * rows[at + b]) / n;
    }
  }
  return (user, items) => {
    x.set(X.row(user));
    let m = 0;
    let square = 0;
    for (let a = 0; a < d; a++) {
      m += x[a] * mean[a];
      for (let b = 0; b <= a; b++) square += (a === b ? 1 : 2) * x[a] * x[b] * second[a * d + b];
    }
    const deviation = Math.sqrt(Math.max(square - m * m, 1e-30));
    const scores = new Float64Array(items.length);
    for (let k = 0; k < items.length; k++) {
      let score = 0;
      for (let c = 0, at = items[k] * d; c < d; c++) score += x[c] * rows[at + c];
      scores[k] = (score - m) / deviation;
    }
    return scores;
  };
}
