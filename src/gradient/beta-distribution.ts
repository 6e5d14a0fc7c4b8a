// Keyed draws from a symmetric Beta distribution.

import { type Key, uniform } from '../base/random.ts';
import type { Kernels } from '../wasm/kernels.ts';

const TRIES = 32;

/**
 * A number in [0, 1] from Beta(α, α), α in (0, 1], by Jöhnk's method (1964) in logarithms, so that a small α does not
 * underflow: U^(1/α) / (U^(1/α) + V^(1/α)), drawn again while the two sum to more than 1.
 * @param draw numbers the draw; each has a place of its own among those of (seed, stream, key).
 */
export function symmetricBeta(kernels: Kernels, alpha: number, seed: number, stream: number, key: Key, draw: number): number {
  let share = 0.5;
  for (let t = 0; t < TRIES; t++) {
    const [x, y] = [0, 1].map((i) => kernels.log_f64(1 - uniform(seed, stream, key, (draw * 2 * TRIES + 2 * t + i) >>> 0)) / alpha);
    share = 1 / (1 + kernels.exp_f64(Math.max(-700, Math.min(700, y - x))));
    if (kernels.exp_f64(Math.max(-700, x)) + kernels.exp_f64(Math.max(-700, y)) <= 1) break;
  }
  return share;
}
