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

/** The numbers of one pair: liked = σ(r), disliked = σ(−r), noisy = σ(g), clean = σ(−g), high and low = σ(±(r + log σ(g))). */
interface Likelihoods {
  readonly liked: number;
  readonly disliked: number;
  readonly noisy: number;
  readonly clean: number;
  readonly high: number;
  readonly low: number;
}
/** Slopes of the loss by the score r and by the noise g. */
interface Slopes {
  readonly byScore: (of: Likelihoods) => number;
  readonly byNoise: (of: Likelihoods) => number;
}

/** For observed and for unobserved pairs. Products only: no difference of near numbers, no quotient. */
const SLOPES: Readonly<Record<NoisyForm, { readonly observed: Slopes; readonly unobserved: Slopes }>> = {
  'nbpo-exact': {
    observed: { byScore: ({ disliked }) => -disliked, byNoise: ({ noisy }) => noisy },
    unobserved: { byScore: ({ liked, clean, low }) => clean * liked * low, byNoise: ({ clean, high }) => -clean * high },
  },
  'nbpo-unlogged': {
    observed: {
      byScore: ({ liked, disliked, clean }) => -clean * liked * disliked,
      byNoise: ({ liked, noisy, clean }) => noisy * clean * liked,
    },
    unobserved: {
      byScore: ({ liked, disliked, clean }) => clean * liked * disliked,
      byNoise: ({ liked, noisy, clean }) => -noisy * clean * liked,
    },
  },
  nbpo: {
    observed: { byScore: ({ disliked, clean }) => -clean * disliked, byNoise: ({ liked, noisy }) => noisy * liked },
    unobserved: { byScore: ({ liked, disliked, noisy }) => liked - noisy * disliked, byNoise: ({ liked, clean }) => -clean * liked },
  },
};

/** [1 × n]: the loss of pairs with scores r and noise g, both [1 × n]. */
export function noisyLoss(form: NoisyForm, scores: Variable, noise: Variable, observed: boolean): Variable {
  const { tape } = scores;
  const { arena } = tape;
  const { kernels } = arena;
  const n = scores.cols;
  const y = tape.matrix(1, n);
  const width = y.ld;
  const slopes = observed ? SLOPES[form].observed : SLOPES[form].unobserved;
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
    const liked = through('sigmoid_f32', r, 1);
    const disliked = through('sigmoid_f32', r, -1);
    const noisy = through('sigmoid_f32', g, 1);
    const clean = through('sigmoid_f32', g, -1);
    const high = through('sigmoid_f32', z, 1);
    const low = through('sigmoid_f32', z, -1);
    for (let k = 0; k < n; k++) {
      const of = { liked: liked[k], disliked: disliked[k], noisy: noisy[k], clean: clean[k], high: high[k], low: low[k] };
      byScore[k] = slopes.byScore(of);
      byNoise[k] = slopes.byNoise(of);
    }
    const value = y.row(0);
    if (form === 'nbpo-unlogged') value.set(liked.map((v, k) => (observed ? 1 - v * clean[k] : v * clean[k])));
    else if (observed) {
      const up = through('softplus_f32', r, -1);
      const down = through('softplus_f32', g, 1);
      value.set(up.map((v, k) => v + down[k]));
    } else {
      const all = through('softplus_f32', r, 1);
      const excused = through('softplus_f32', z, 1);
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
