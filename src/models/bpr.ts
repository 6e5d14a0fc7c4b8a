// Matrix factorisation by Bayesian personalised ranking (Rendle et al., UAI 2009).
import { boolean, gradientKind, number, type GradientKind } from '../gradient.ts';
import { ParameterSet, xavierNormal, type Pass } from '../network.ts';
import { fusedBpr } from '../ops/fused.ts';
import { gather, rowDot } from '../ops/rows.ts';
import { pairLoss, RANKING } from '../ranking.ts';

const options = Object.freeze({
  ...RANKING,
  regularization: number(0.1, { min: 0 }, 'Weight of the penalty on the lengths of a batch\'s rows.'),
  fused: boolean(true, 'Computes a batch of loss bpr in one kernel instead of operation by operation: faster, the same up to rounding.'),
} as const);

/** Score = P_u · Q_i. */
export const bpr: GradientKind<typeof options> = gradientKind({
  name: 'bpr',
  summary: 'Matrix factorisation trained by pairwise ranking.',
  options,
  network(arena, data, options) {
    const { factors, regularization, loss: name, fused } = options;
    const set = new ParameterSet(arena, data);
    const P = set.users('userFactors', factors, xavierNormal), Q = set.items('itemFactors', factors, xavierNormal), lossOf = pairLoss(set, options);
    return {
      parameters: set.parameters,
      pass(tape): Pass {
        const X = tape.parameter(P), Y = tape.parameter(Q);
        return {
          scores: (u, i) => rowDot(gather(X, u), gather(Y, i)),
          loss(batch, weight) {
            if (fused && name === 'bpr') return fusedBpr(X, Y, batch, weight, regularization);
            const user = gather(X, batch.users), plus = gather(Y, batch.positives), minus = gather(Y, batch.negatives);
            return lossOf(tape, batch, rowDot(user, plus), rowDot(user, minus), weight, [user, plus, minus], regularization);
          },
        };
      },
      factors: (tape) => ({ users: tape.parameter(P), items: tape.parameter(Q) }),
    };
  },
});
