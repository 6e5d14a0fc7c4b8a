// The least value of a quartic along a direction of descent.

/** The step of `lineMinimum`, and the value there: what the step changes. */
export function quarticMinimum(c1: number, c2: number, c3: number, c4: number): { step: number; change: number } {
  const step = lineMinimum(c1, c2, c3, c4);
  return { step, change: step * (c1 + step * (c2 + step * (c3 + step * c4))) };
}

/** The step a > 0 at which c1·a + c2·a² + c3·a³ + c4·a⁴ is least, c1 < 0, c4 ≥ 0 and the quartic bounded below. */
export function lineMinimum(c1: number, c2: number, c3: number, c4: number): number {
  const value = (a: number): number => a * (c1 + a * (c2 + a * (c3 + a * c4)));
  const slope = (a: number): number => c1 + a * (2 * c2 + a * (3 * c3 + a * 4 * c4));
  let end = 1;
  while (slope(end) < 0 && end < 1e12) end *= 2;
  // Between the points of inflection the slope is monotone: at most one minimum in each piece, and the last holds one.
  const bounds = [0, ...inflections(c2, c3, c4).filter((a) => a > 0), end].sort((a, b) => a - b);
  while (slope(bounds[bounds.length - 1]) < 0 && bounds[bounds.length - 1] < 1e12) bounds[bounds.length - 1] *= 2;
  let best = 0;
  for (let piece = 0; piece + 1 < bounds.length; piece++) {
    let [low, high] = [bounds[piece], bounds[piece + 1]];
    if (!(slope(low) < 0 && slope(high) >= 0)) continue;
    for (let step = 0; step < 200; step++) {
      const middle = (low + high) / 2;
      if (!(middle > low && middle < high)) break;
      if (slope(middle) < 0) low = middle;
      else high = middle;
    }
    if (best === 0 || value(high) < value(best)) best = high;
  }
  return best;
}

/** Real roots of 2c2 + 6c3·a + 12c4·a². */
function inflections(c2: number, c3: number, c4: number): number[] {
  if (c4 === 0) return c3 === 0 ? [] : [-c2 / (3 * c3)];
  const root = 9 * c3 * c3 - 24 * c4 * c2;
  if (!(root > 0)) return [];
  // the larger root first, the other from their product, so that nothing cancels
  const q = -(3 * c3 + (c3 < 0 ? -1 : 1) * Math.sqrt(root));
  return [q / (12 * c4), q === 0 ? 0 : (2 * c2) / q];
}
