// Single vectors in float64, summed in ascending order.

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

export function scale(a: Float64Array, by: number): void {
  for (let i = 0; i < a.length; i++) a[i] *= by;
}

/** Takes the directions of an orthonormal basis out of a vector, one after the other. */
export function orthogonalise(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (const b of basis) {
    const along = dot(vector, b);
    for (let i = 0; i < vector.length; i++) vector[i] -= along * b[i];
  }
}
