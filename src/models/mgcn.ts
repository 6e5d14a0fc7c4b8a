// MGCN (Yu et al., "Multi-View Graph Convolutional Network for Multimedia Recommendation", MM 2023): features pass a gate
// that the item's behaviour opens, spread over items that look alike and on to users, and are fused by attention.
// Departs from the published code: features are never trained, any number of modalities, and the penalty of a short last
// batch is divided by that batch's own size.

import { declareOptions, integer, number } from '../base/options.ts';
import { gradientKind } from '../gradient/fit.ts';
import type { GradientKind } from '../gradient/gradient-model.ts';
import { byFanIn, frozenFeatures, openItems, ParameterSet, type Pass, xavierUniform } from '../gradient/network.ts';
import { distinct } from '../gradient/ops/distinct.ts';
import { infoNce } from '../gradient/ops/losses.ts';
import { shifted } from '../gradient/ops/pairwise.ts';
import { add, multiply, sigmoid, subtract, tanh, weightedSum } from '../gradient/ops/pointwise.ts';
import { linear, matmul, propagate, propagateLayers } from '../gradient/ops/products.ts';
import { sumSquares } from '../gradient/ops/reduce.ts';
import { gather, rowDot, rowSoftmax, scaleRows, unitRows } from '../gradient/ops/rows.ts';
import { concatColumns, concatRows, sliceRows } from '../gradient/ops/shape.ts';
import { pairLoss, RANKING } from '../gradient/pair-loss.ts';
import { interactionGraphs, weightedItems } from '../gradient/propagation-graphs.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import type { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...RANKING,
  learningRateDecay: number(0.9992, { above: 0, max: 1 }, 'Factor on the step size after each epoch.'),
  layers: integer(2, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items.'),
  neighbors: integer(10, { min: 1 }, 'Nearest items, itself included, that an item takes from in each modality.'),
  regularization: number(1e-4, { min: 0 }, "Weight of the penalty on the squares of a batch's rows."),
  contrast: number(0.01, { min: 0 }, 'Weight of the contrast between features and behaviour.'),
  temperature: number(0.2, { above: 0 }, 'Temperature of that contrast.'),
}));

/** Score = E_u · E_i with E = C + side: C from interactions alone (LightGCN), side from features. */
export const mgcn: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'mgcn',
  summary: 'Features gated by behaviour, spread over similar items and fused by attention.',
  options,
  network(arena, data, options) {
    const { factors, layers, neighbors, regularization, contrast, temperature } = options;
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('mgcn', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const lossOf = pairLoss(set, options);
    const { both, byUser } = interactionGraphs(arena, data);
    const dense = (name: string, rows: number): readonly [Matrix, Matrix] => [
      set.shared(`weight-${name}`, rows, factors, byFanIn(rows)),
      set.shared(`bias-${name}`, 1, factors, byFanIn(rows)),
    ];
    const views = modalities.map((modality) => ({
      features: modality.matrix,
      similar: weightedItems(arena, data, modality, neighbors),
      projection: dense(`projection:${modality.name}`, modality.dims),
      gate: dense(`gate:${modality.name}`, factors),
      preference: dense(`preference:${modality.name}`, factors),
    }));
    const query = dense('query', factors);
    const attention = set.shared('attention', factors, 1, byFanIn(factors));
    // A user takes part in every view; an item in those that it has features of.
    const open = modalities.map((modality) => openItems(modality, data));
    const mask = open.every((list) => list.every((has) => has)) ? undefined : new Uint8Array((users + items) * open.length).fill(1);
    if (mask)
      open.forEach((list, m) =>
        list.forEach((has, i) => {
          mask[(users + i) * open.length + m] = has;
        }),
      );

    const embed = (tape: Tape): { all: Variable; central: Variable; side: Variable } => {
      const layer = (x: Variable, [W, b]: readonly [Matrix, Matrix]): Variable => linear(x, tape.parameter(W), tape.parameter(b));
      const rows = tape.parameter(nodes);
      const Q = sliceRows(rows, users, items);
      const central = propagateLayers(both, rows, layers, 1 / (layers + 1));
      const Z = views.map(({ features, similar, projection, gate }) => {
        const H = propagate(similar, multiply(Q, sigmoid(layer(layer(tape.constant(features), projection), gate))));
        return concatRows(propagate(byUser, H), H);
      });
      const scores = Z.map((z) => matmul(tanh(layer(z, query)), tape.parameter(attention)));
      const share = rowSoftmax(concatColumns(...scores), mask);
      const common = Z.map((z, m) => scaleRows(z, share, m)).reduce(add);
      const special = Z.map((z, m) => {
        const own = multiply(sigmoid(layer(central, views[m].preference)), subtract(z, common));
        if (!mask) return own;
        const takesPart = tape.matrix(users + items, 1);
        for (let r = 0; r < users + items; r++) takesPart.row(r)[0] = mask[r * Z.length + m];
        return scaleRows(own, tape.constant(takesPart));
      });
      const side = weightedSum([...special, common].map((x) => [1 / (Z.length + 1), x] as const));
      return { all: add(central, side), central, side };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      pass(tape): Pass {
        const { all, central, side } = embed(tape);
        return {
          scores: (u, i) => rowDot(gather(all, u), gather(all, shifted(i, users))),
          loss(batch, weight) {
            const { users: u, positives, negatives, times } = batch;
            const p = shifted(positives, users);
            const [user, plus, minus] = [u, p, shifted(negatives, users)].map((index) => gather(all, index));
            let loss = lossOf(tape, batch, rowDot(user, plus), rowDot(user, minus), weight);
            if (regularization > 0)
              for (const x of [user, plus, minus]) loss = add(loss, sumSquares(x, (weight * regularization) / (2 * u.length)));
            if (contrast === 0) return loss;
            const agree = (index: Int32Array): Variable => {
              const { rows, of } = distinct(index);
              return infoNce(unitRows(gather(side, rows)), unitRows(gather(central, rows)), temperature, of, of);
            };
            // With several negatives a batch repeats its pairs: each is contrasted once.
            const once = u.length / times;
            return weightedSum([
              [1, loss],
              [weight * contrast, agree(p.subarray(0, once))],
              [weight * contrast, agree(u.subarray(0, once))],
            ]);
          },
        };
      },
      factors(tape) {
        const { all } = embed(tape);
        return { users: sliceRows(all, 0, users), items: sliceRows(all, users, items) };
      },
    };
  },
});
