// The row of somebody whom a network does not know: its pairwise loss, log σ(x·(y₊ − y₋)), with the other side as it stands.

import { type Key, STREAM, uniform } from '../base/random.ts';
import { has } from './sampling.ts';

/** Rows of the other side: row p begins at p · stride. */
export interface StandingRows {
  readonly width: number;
  readonly stride: number;
  readonly values: ArrayLike<number>;
  /** Positions that negatives are drawn from. */
  readonly living: Int32Array;
}

/** Descent on pairs: epochs over what is known, step, decay, tries to draw what is not known. */
const EPOCHS = 20;
const RATE = 0.05;
const DECAY = 0.01;
const TRIES = 16;

/** Descent from zero, entry by entry; negatives are living and not in the half. @param half ascending positions. */
export function pairwiseRow({ width, stride, values, living }: StandingRows, half: Int32Array, key: Key, seed: number): Float64Array {
  const x = new Float64Array(width);
  const draw = (step: number): number => {
    for (let t = 0; t < TRIES; t++) {
      const p = living[Math.floor(uniform(seed, STREAM.foldIn, key, step * TRIES + t) * living.length)];
      if (!has(half, 0, half.length, p)) return p;
    }
    return -1;
  };
  for (let step = 0; step < EPOCHS * half.length; step++) {
    const negative = draw(step) * stride;
    if (negative < 0) continue;
    const positive = half[step % half.length] * stride;
    let margin = 0;
    for (let c = 0; c < width; c++) margin += x[c] * (values[positive + c] - values[negative + c]);
    const slope = sigmoid(-margin);
    for (let c = 0; c < width; c++) x[c] += RATE * (slope * (values[positive + c] - values[negative + c]) - DECAY * x[c]);
  }
  return x;
}

/** 1 / (1 + e^−x) to about 1e-12, of operations that are the same on every host. */
export function sigmoid(x: number): number {
  const y = -Math.max(-40, Math.min(40, x)) / 1024;
  let e = 1 + y * (1 + (y / 2) * (1 + (y / 3) * (1 + (y / 4) * (1 + (y / 5) * (1 + y / 6)))));
  for (let n = 0; n < 10; n++) e *= e;
  return 1 / (1 + e);
}
