// Float64 twins of assembly/math.ts, and the distance in units of the last place of a float32.

export const reference = {
  exp: Math.exp,
  log: Math.log,
  sigmoid: (x: number): number => 1 / (1 + Math.exp(-x)),
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  tanh: Math.tanh,
};

/** |actual − expected| in float32 steps at `expected`; equal infinities and two NaN are 0 apart. */
export function ulps(actual: number, expected: number): number {
  if (Object.is(actual, Math.fround(expected))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(expected))));
  return Math.abs(actual - expected) / 2 ** (exponent - 23);
}
