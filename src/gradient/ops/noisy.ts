// Pointwise losses of observed and unobserved pairs, plain and robust against wrong labels (Yu, Qin, "Sampler Design for
// Implicit Feedback Data by Noisy-label Robust Learning", SIGIR 2020).

import { Matrix } from '../../wasm/tensor.ts';
import type { Variable } from '../tape.ts';
import { scale, softplus } from './pointwise.ts';

/** BPO: [1 × n] softplus(−r) for pairs that were observed, softplus(r) for pairs that were not. */
export const pointwiseLoss = (scores: Variable, observed: boolean): Variable => softplus(observed ? scale(scores, -1) : scores);

/**
 * How the label's noise enters. With σ(g) the probability that a pair is liked and was not observed all the same, an
 * observed pair has likelihood σ(r)σ(−g), an unobserved one σ(−r) + σ(g)σ(r).
 * `nbpo-exact` descends on −log likelihood, `nbpo-unlogged` on 1 − likelihood; `nbpo` follows the surrogate direction that
 * the authors recommend, which is no gradient of any loss: its value is shown as −log likelihood.
 */
export type NoisyForm = 'nbpo' | 'nbpo-exact' | 'nbpo-unlogged';

/** Of the numbers of one pair: p = σ(r), q = σ(−r), a = σ(g), b = σ(−g), h and l = σ(±(r + log a)). */
type Slope = (p: number, q: number, a: number, b: number, h: number, l: number) => number;
type Slopes = readonly [byScore: Slope, byNoise: Slope];

/** Slopes of the loss, for observed and for unobserved pairs. Products only: no difference of near numbers, no quotient. */
const SLOPES: Readonly<Record<NoisyForm, { readonly observed: Slopes; readonly unobserved: Slopes }>> = {
  'nbpo-exact': {
    observed: [(_, q) => -q, (_, __, a) => a],
    unobserved: [(p, _, __, b, ___, l) => b * p * l, (_, __, ___, b, h) => -b * h],
  },
  'nbpo-unlogged': {
    observed: [(p, q, _, b) => -b * p * q, (p, _, a, b) => a * b * p],
    unobserved: [(p, q, _, b) => b * p * q, (p, _, a, b) => -a * b * p],
  },
  nbpo: { observed: [(_, q, __, b) => -b * q, (p, _, a) => a * p], unobserved: [(p, q, a) => p - a * q, (p, _, __, b) => -b * p] },
};

/** [1 × n]: the loss of pairs with scores r and noise g, both [1 × n]. */
export function noisyLoss(form: NoisyForm, scores: Variable, noise: Variable, observed: boolean): Variable {
  const { tape } = scores;
  const { arena } = tape;
  const { kernels } = arena;
  const n = scores.cols;
  const y = tape.matrix(1, n);
  const width = y.ld;
  const [slopeByScore, slopeByNoise] = observed ? SLOPES[form].observed : SLOPES[form].unobserved;
  const byScore = new Float32Array(n);
  const byNoise = new Float32Array(n);
  arena.scope(() => {
    const at = new Matrix(arena, 1, n);
    const out = new Matrix(arena, 1, n);
    const through = (f: 'sigmoid_f32' | 'softplus_f32', x: Float32Array, sign: 1 | -1): Float32Array => {
      at.row(0).set(x.map((v) => sign * v));
      kernels[f](width, at.pointer, out.pointer);
      return out.row(0).slice();
    };
    const r = scores.value.row(0).slice();
    const g = noise.value.row(0).slice();
    const soft = through('softplus_f32', g, -1);
    // log a = −softplus(−g), so that a·e^r = e^z even where a underflows.
    const z = r.map((v, k) => v - soft[k]);
    const [p, q, a, b, h, l] = (
      [
        [r, 1],
        [r, -1],
        [g, 1],
        [g, -1],
        [z, 1],
        [z, -1],
      ] as const
    ).map(([x, sign]) => through('sigmoid_f32', x, sign));
    for (let k = 0; k < n; k++) {
      byScore[k] = slopeByScore(p[k], q[k], a[k], b[k], h[k], l[k]);
      byNoise[k] = slopeByNoise(p[k], q[k], a[k], b[k], h[k], l[k]);
    }
    const value = y.row(0);
    if (form === 'nbpo-unlogged') value.set(p.map((v, k) => (observed ? 1 - v * b[k] : v * b[k])));
    else if (observed) {
      const [up, down] = [through('softplus_f32', r, -1), through('softplus_f32', g, 1)];
      value.set(up.map((v, k) => v + down[k]));
    } else {
      const [all, excused] = [through('softplus_f32', r, 1), through('softplus_f32', z, 1)];
      value.set(all.map((v, k) => v - excused[k]));
    }
  });
  return tape.record(y, [scores, noise], (dy) => {
    for (const [x, by] of [
      [scores, byScore],
      [noise, byNoise],
    ] as const) {
      if (!x.tracked) continue;
      const dx = x.intoGradient().row(0);
      const d = dy.row(0);
      for (let k = 0; k < n; k++) dx[k] += d[k] * by[k];
    }
  });
}
