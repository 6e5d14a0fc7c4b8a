// Ridge regression of rows on rows, in closed form and float64:
//   W = (FᵀF + λ n s I)⁻¹ FᵀY  over centred F and Y, s the mean square of a feature.

/** From what something looks like to its row. */
export type RidgeMap = (looks: Float64Array) => Float64Array;

/** @param regularization λ, times the mean square of a feature and the number of rows. */
export function ridgeMap(looks: readonly Float64Array[], rows: readonly ArrayLike<number>[], regularization: number): RidgeMap {
  const n = looks.length;
  const d = looks[0].length;
  const k = rows[0].length;
  const meanLook = meanOf(looks, d);
  const meanRow = meanOf(rows, k);
  const A = new Float64Array(d * d);
  const B = new Float64Array(d * k);
  const f = new Float64Array(d);
  let squares = 0;
  for (let r = 0; r < n; r++) {
    for (let a = 0; a < d; a++) f[a] = looks[r][a] - meanLook[a];
    for (let a = 0; a < d; a++) {
      const fa = f[a];
      if (fa === 0) continue;
      squares += fa * fa;
      for (let b = 0, at = a * d; b <= a; b++) A[at + b] += fa * f[b];
      for (let c = 0, at = a * k; c < k; c++) B[at + c] += fa * (rows[r][c] - meanRow[c]);
    }
  }
  const penalty = squares > 0 ? (regularization * squares) / d : 1;
  for (let a = 0; a < d; a++) A[a * d + a] += penalty;
  solveAll(A, B, d, k);
  return (look) => {
    const row = meanRow.slice();
    for (let a = 0; a < d; a++) {
      const fa = look[a] - meanLook[a];
      if (fa !== 0) for (let c = 0, at = a * k; c < k; c++) row[c] += fa * B[at + c];
    }
    return row;
  };
}

/** Squared error of a map, over that of the mean row of what it is asked; 1 where all rows are alike. */
export function squaredError(map: RidgeMap, looks: readonly Float64Array[], rows: readonly ArrayLike<number>[]): number {
  const k = rows[0].length;
  const mean = meanOf(rows, k);
  let error = 0;
  let spread = 0;
  looks.forEach((look, r) => {
    const guess = map(look);
    for (let c = 0; c < k; c++) {
      error += (guess[c] - rows[r][c]) * (guess[c] - rows[r][c]);
      spread += (mean[c] - rows[r][c]) * (mean[c] - rows[r][c]);
    }
  });
  return spread > 0 ? error / spread : 1;
}

function meanOf(rows: readonly ArrayLike<number>[], width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const row of rows) for (let c = 0; c < width; c++) mean[c] += row[c] / rows.length;
  return mean;
}

/** B becomes A⁻¹ B: Cholesky of the lower triangle in place, row by row, and both substitutions. */
function solveAll(A: Float64Array, B: Float64Array, d: number, k: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = A[i * d + j];
      for (let p = 0; p < j; p++) sum -= A[i * d + p] * A[j * d + p];
      A[i * d + j] = i === j ? Math.sqrt(sum) : sum / A[j * d + j];
    }
  }
  for (let i = 0; i < d; i++) {
    for (let p = 0; p < i; p++) for (let c = 0; c < k; c++) B[i * k + c] -= A[i * d + p] * B[p * k + c];
    for (let c = 0; c < k; c++) B[i * k + c] /= A[i * d + i];
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let p = i + 1; p < d; p++) for (let c = 0; c < k; c++) B[i * k + c] -= A[p * d + i] * B[p * k + c];
    for (let c = 0; c < k; c++) B[i * k + c] /= A[i * d + i];
  }
}
