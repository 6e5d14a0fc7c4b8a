// Matrix factorisation by Bayesian personalised ranking (Rendle et al., UAI 2009).

import { boolean, declareOptions, number, type OptionsOf, word } from '../base/options.ts';
import { gradientKind } from '../gradient/fit.ts';
import type { GradientKind } from '../gradient/gradient-model.ts';
import { ParameterSet, type Pass, xavierNormal } from '../gradient/network.ts';
import { fusedBpr } from '../gradient/ops/fused.ts';
import { gather, rowDot } from '../gradient/ops/rows.ts';
import { PAIR_OPTIMIZERS } from '../gradient/optimizer.ts';
import { pairLoss, RANKING } from '../gradient/pair-loss.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...RANKING,
  optimizer: word(
    'adam',
    PAIR_OPTIMIZERS,
    'Rule of descent; sgd-pairs steps on one pair at a time, the fastest: batchSize does not matter then.',
  ),
  regularization: number(
    0.1,
    { min: 0 },
    "Weight of the penalty on the lengths of a batch's rows; with sgd-pairs, the decay of a pair's three rows.",
  ),
  fused: boolean(true, 'Computes a batch of loss bpr in one kernel instead of operation by operation: faster, the same up to rounding.'),
}));

/** Score = P_u · Q_i. */
export const bpr: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'bpr',
  summary: 'Matrix factorisation trained by pairwise ranking.',
  options,
  network(arena, data, options) {
    const { factors, regularization, loss: name, fused } = options;
    if (options.optimizer === 'sgd-pairs') requirePairs(options);
    const set = new ParameterSet(arena, data);
    const P = set.users('userFactors', factors, xavierNormal);
    const Q = set.items('itemFactors', factors, xavierNormal);
    const lossOf = pairLoss(set, options);
    return {
      parameters: set.parameters,
      pass(tape): Pass {
        const X = tape.parameter(P);
        const Y = tape.parameter(Q);
        return {
          scores: (u, i) => rowDot(gather(X, u), gather(Y, i)),
          loss(batch, weight) {
            if (fused && name === 'bpr') return fusedBpr(X, Y, batch, weight, regularization);
            const user = gather(X, batch.users);
            const plus = gather(Y, batch.positives);
            const minus = gather(Y, batch.negatives);
            return lossOf(tape, batch, rowDot(user, plus), rowDot(user, minus), weight, [user, plus, minus], regularization);
          },
        };
      },
      pairs: { users: P, items: Q, decay: regularization },
      factors: (tape) => ({ users: tape.parameter(P), items: tape.parameter(Q) }),
    };
  },
});

/** Steps on single pairs know one loss, one negative, and one decay. */
function requirePairs({ loss, negatives, weightDecay }: OptionsOf<typeof options>): void {
  if (loss !== 'bpr') throw new RangeError(`"loss" expected bpr with optimizer sgd-pairs; got ${loss}`);
  if (negatives !== 1) throw new RangeError(`"negatives" expected 1 with optimizer sgd-pairs, whose epochs draw anew; got ${negatives}`);
  if (weightDecay !== 0)
    throw new RangeError(`"weightDecay" expected 0 with optimizer sgd-pairs, whose decay is "regularization"; got ${weightDecay}`);
}
