// Keyed normal draws in float64, from arithmetic that is the same everywhere.

import { STREAM, uniform } from '../base/random.ts';

/** n draws of N(0, 1); `column` tells vectors apart that are independent of each other. */
export function randomNormals(n: number, column: number): Float64Array {
  const vector = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // Ratio of uniforms (Kinderman and Monahan): of square roots and series it needs the logarithm alone.
    for (let draw = 0; ; draw++) {
      const key = { lo: i, hi: draw };
      const u = uniform(1, STREAM.certificate, key, 2 * column) || 1e-300;
      const x = (1.7155277699214135 * (uniform(1, STREAM.certificate, key, 2 * column + 1) - 0.5)) / u;
      if (x * x <= -4 * logarithm(u)) {
        vector[i] = x;
        break;
      }
    }
  }
  return vector;
}

/** ln u for u in (0, 1], by halving into [½, 1) and the series of artanh. */
function logarithm(u: number): number {
  let halvings = 0;
  while (u < 0.5) {
    u *= 2;
    halvings++;
  }
  const z = (u - 1) / (u + 1);
  const square = z * z;
  let term = z;
  let sum = 0;
  for (let k = 1; k < 60; k += 2) {
    sum += term / k;
    term *= square;
  }
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: ln 2 written out has the same bits on every host; Math.LN2 need not.
  return 2 * sum - halvings * 0.6931471805599453;
}
