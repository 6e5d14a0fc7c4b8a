// BM3 (Zhou et al., WWW 2023): users, items and their modalities are drawn towards each other's noisy copies, without
// negatives. Features are projected, and the predictor applied, for a batch's users and items only, once for each.

import { declareOptions, integer, number } from '../base/options.ts';
import { STREAM } from '../base/random.ts';
import { gradientKind } from '../gradient/fit.ts';
import { type GradientKind, TRAINING } from '../gradient/gradient-model.ts';
import { bipartiteGraph } from '../gradient/graph.ts';
import { frozenFeatures, ParameterSet, type Pass, presence, xavierNormal, xavierUniform } from '../gradient/network.ts';
import { countsOf, distinct } from '../gradient/ops/distinct.ts';
import { add, multiply, stopGradient } from '../gradient/ops/pointwise.ts';
import { linear, propagateLayers } from '../gradient/ops/products.ts';
import { frobenius, sum } from '../gradient/ops/reduce.ts';
import { dropout, gather, type MaskKey, rowDot, unitRows } from '../gradient/ops/rows.ts';
import { sliceRows } from '../gradient/ops/shape.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import { Csr } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  layers: integer(1, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items.'),
  dropout: number(0.5, { min: 0, max: 0.95 }, 'Share of elements that the noisy copies lack.'),
  contrast: number(2, { min: 0 }, 'Weight of the terms between and within modalities.'),
  regularization: number(0.1, { min: 0 }, 'Weight of the penalty on the lengths of all rows.'),
}));

/** Score = f(H_u) · f(H_i), H_u = E_u, H_i = E_i + Q_i, E the mean of layers, f one linear predictor. */
export const bm3: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'bm3',
  summary: 'Users, items and modalities drawn towards noisy copies of each other, without negatives.',
  options,
  network(arena, data, { factors, layers, dropout: rate, contrast, regularization, seed }) {
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('bm3', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const userKeys = data.users.keys();
    const itemKeys = data.items.keys();
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const W = set.shared('predictor', factors, factors, xavierNormal(factors, factors));
    const b = set.shared('predictorBias', 1, factors, { law: 'uniform', scale: 0 });
    const projections = modalities.map((modality) => ({
      modality,
      weight: set.shared(`weight:${modality.name}`, modality.dims, factors, xavierNormal(modality.dims, factors)),
      bias: set.shared(`bias:${modality.name}`, 1, factors, { law: 'uniform', scale: 0 }),
    }));
    const matrix = Csr.from(arena, bipartiteGraph(data));
    const graph = { matrix, transpose: matrix };
    const embed = (tape: Tape): { users: Variable; items: Variable } => {
      const all = tape.parameter(nodes);
      const E = propagateLayers(graph, all, layers, 1 / (layers + 1));
      return { users: sliceRows(E, 0, users), items: add(sliceRows(E, users, items), sliceRows(all, users, items)) };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      pass(tape, { epoch, step }): Pass {
        const H = embed(tape);
        const predict = (x: Variable): Variable => linear(x, tape.parameter(W), tape.parameter(b));
        /** A copy that gets no gradient, with elements missing; `tensor` tells the masks of a step apart. */
        const noisy = (x: Variable, all: Uint32Array, index: Int32Array, tensor: number): Variable => {
          const keys = new Uint32Array(index.length * 2);
          index.forEach((p, r) => keys.set(all.subarray(2 * p, 2 * p + 2), 2 * r));
          const key: MaskKey = {
            seed,
            stream: STREAM.dropout,
            step: (((epoch << 12) + step) * (modalities.length + 2) + tensor) >>> 0,
            keys,
          };
          return dropout(stopGradient(x), rate, key);
        };
        return {
          scores: (u, i) => rowDot(predict(gather(H.users, u)), predict(gather(H.items, i))),
          loss({ users: u, positives }, weight) {
            // What depends on a user or an item alone, masks included, is computed once for each that the batch names.
            const n = u.length;
            const who = distinct(u);
            const what = distinct(positives);
            const times = countsOf(what.rows.length, what.of);
            const user = gather(H.users, who.rows);
            const item = gather(H.items, what.rows);
            const userCopy = unitRows(noisy(user, userKeys, who.rows, 0));
            const itemCopy = unitRows(noisy(item, itemKeys, what.rows, 1));
            const forth = rowDot(gather(unitRows(predict(user)), who.of), gather(itemCopy, what.of));
            const back = rowDot(gather(unitRows(predict(item)), what.of), gather(userCopy, who.of));
            // Each term is 1 − cosine; the ones are added as a constant.
            let constant = 2 * weight;
            let loss = sum(add(forth, back), -weight / n);
            projections.forEach(({ modality, weight: M, bias }, m) => {
              const has = presence(tape, modality, what.rows, times);
              const rows = linear(gather(tape.constant(modality.matrix), what.rows), tape.parameter(M), tape.parameter(bias));
              const predicted = unitRows(predict(rows));
              const copy = unitRows(noisy(rows, itemKeys, what.rows, m + 2));
              loss = add(loss, sum(multiply(has, add(rowDot(predicted, itemCopy), rowDot(predicted, copy))), (-weight * contrast) / n));
              constant += (2 * weight * contrast * has.value.row(0).reduce((total, one) => total + one, 0)) / n;
            });
            if (regularization > 0) for (const x of [H.users, H.items]) loss = add(loss, frobenius(x, (weight * regularization) / items));
            const ones = tape.matrix(1, 1);
            ones.row(0)[0] = constant;
            return add(loss, tape.constant(ones));
          },
        };
      },
      factors(tape) {
        const H = embed(tape);
        const f = (x: Variable): Variable => linear(x, tape.parameter(W), tape.parameter(b));
        return { users: f(H.users), items: f(H.items) };
      },
    };
  },
});
