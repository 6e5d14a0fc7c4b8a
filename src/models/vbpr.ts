// VBPR (He, McAuley, AAAI 2016), in the form that MMRec compares with: half of an item's row is free, half is a
// projection of its features. Features are frozen, and projected for a batch's rows only.

import { declareOptions, number } from '../base/options.ts';
import { gradientKind } from '../gradient/fit.ts';
import type { GradientKind } from '../gradient/gradient-model.ts';
import { frozenFeatures, ParameterSet, type Pass, xavierNormal, xavierUniform } from '../gradient/network.ts';
import { add } from '../gradient/ops/pointwise.ts';
import { addBias, matmul } from '../gradient/ops/products.ts';
import { gather, rowDot } from '../gradient/ops/rows.ts';
import { concatColumns } from '../gradient/ops/shape.ts';
import { pairLoss, RANKING } from '../gradient/pair-loss.ts';
import type { Tape, Variable } from '../gradient/tape.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...RANKING,
  regularization: number(0.1, { min: 0 }, "Weight of the penalty on the lengths of a batch's rows."),
}));

/** Score = P_u · [Q_i | Σ_m F_m,i W_m + b]; users have twice `factors` columns. */
export const vbpr: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'vbpr',
  summary: 'Matrix factorisation whose items also have a projection of their features.',
  options,
  network(arena, data, options) {
    const { factors, regularization, batchSize, negatives } = options;
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('vbpr', arena, data);
    const P = set.users('userFactors', 2 * factors, xavierUniform);
    const Q = set.items('itemRows', factors, xavierUniform);
    const lossOf = pairLoss(set, options);
    // One matrix over all modalities side by side, begun as such, kept by modality.
    const width = modalities.reduce((sum, { dims }) => sum + dims, 0);
    const weights = modalities.map(({ name, dims }) => set.shared(`weight:${name}`, dims, factors, xavierNormal(width, factors)));
    const bias = set.shared('bias', 1, factors, { law: 'uniform', scale: 0 });
    /** Rows of the items in `index`, or of all. */
    const itemRows = (tape: Tape, index?: Int32Array): Variable => {
      const pick = (x: Variable): Variable => (index ? gather(x, index) : x);
      const projected = modalities.map(({ matrix }, m) => matmul(pick(tape.constant(matrix)), tape.parameter(weights[m]))).reduce(add);
      return concatColumns(pick(tape.parameter(Q)), addBias(projected, tape.parameter(bias)));
    };
    // Where a batch names more rows than there are items, all items are projected once instead.
    const few = data.items.size < 2 * batchSize * negatives;
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      pass(tape): Pass {
        const all = few ? itemRows(tape) : undefined;
        const rows = (index: Int32Array): Variable => (all ? gather(all, index) : itemRows(tape, index));
        return {
          scores: (u, i) => rowDot(gather(tape.parameter(P), u), rows(i)),
          loss(batch, weight) {
            const user = gather(tape.parameter(P), batch.users);
            const plus = rows(batch.positives);
            const minus = rows(batch.negatives);
            return lossOf(tape, batch, rowDot(user, plus), rowDot(user, minus), weight, [user, plus, minus], regularization);
          },
        };
      },
      factors: (tape) => ({ users: tape.parameter(P), items: itemRows(tape) }),
    };
  },
});
