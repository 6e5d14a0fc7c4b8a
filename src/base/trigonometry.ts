// Angles and their sines in float64 by series, for the host's side: the host's own functions differ between engines.

export const PI = Math.PI;

/** sin x for x in [−π, π]. */
export function sine(x: number): number {
  const half = PI / 2;
  let y = x;
  if (x > half) y = PI - x;
  else if (x < -half) y = -PI - x;
  const z = y * y;
  let term = y;
  let sum = y;
  for (let k = 2; k < 24; k += 2) sum += term *= -z / (k * (k + 1));
  return sum;
}

/** cos x for x in [−π/2, π]: a sine a quarter turn on. */
export const cosine = (x: number): number => sine(PI / 2 - x);

/** The angle in [0, π] whose cosine is c, c in [−1, 1]: 2·atan √((1−c)/(1+c)), the argument halved twice. */
export function arc(c: number): number {
  if (c < 0) return PI - arc(-c);
  let t = Math.sqrt((1 - c) / (1 + c));
  for (let i = 0; i < 2; i++) t /= 1 + Math.sqrt(1 + t * t);
  const z = t * t;
  let power = t;
  let sum = t;
  for (let k = 3; k < 27; k += 2) sum += (power *= -z) / k;
  return 8 * sum;
}
