// LightGCN (He et al., SIGIR 2020): free rows of users and items, smoothed by their graph, trained by pairwise ranking.

import { declareOptions, integer, number } from '../base/options.ts';
import { gradientKind } from '../gradient/fit.ts';
import type { GradientKind } from '../gradient/gradient-model.ts';
import { bipartiteGraph } from '../gradient/graph.ts';
import { ParameterSet, type Pass, xavierUniform } from '../gradient/network.ts';
import { shifted } from '../gradient/ops/pairwise.ts';
import { propagateLayers, propagateRows } from '../gradient/ops/products.ts';
import { gather, rowDot } from '../gradient/ops/rows.ts';
import { sliceRows } from '../gradient/ops/shape.ts';
import { pairLoss, RANKING } from '../gradient/pair-loss.ts';
import { Csr } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...RANKING,
  layers: integer(2, { min: 0, max: 8 }, 'Steps of propagation over the graph.'),
  regularization: number(1e-4, { min: 0 }, "Weight of the penalty on the lengths of a batch's rows."),
}));

/** Score = E_u · E_i with E = mean of Â^l E⁰ over l = 0 … layers. */
export const lightgcn: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'lightgcn',
  summary: 'Rows smoothed over the graph of users and items, trained by pairwise ranking.',
  options,
  network(arena, data, options) {
    const { factors, layers, regularization } = options;
    const set = new ParameterSet(arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const lossOf = pairLoss(set, options);
    const matrix = Csr.from(arena, bipartiteGraph(data));
    const graph = { matrix, transpose: matrix };
    const mean = 1 / (layers + 1);
    return {
      parameters: set.parameters,
      pass(tape): Pass {
        const E = propagateRows(graph, tape.parameter(nodes), layers, mean);
        return {
          scores: (u, i) => rowDot(E(u), E(shifted(i, users))),
          loss(batch, weight) {
            const { users: u, positives, negatives } = batch;
            const rows = [u, shifted(positives, users), shifted(negatives, users)];
            const [user, plus, minus] = rows.map(E);
            return lossOf(
              tape,
              batch,
              rowDot(user, plus),
              rowDot(user, minus),
              weight,
              regularization > 0 ? rows.map((index) => gather(tape.parameter(nodes), index)) : [],
              regularization,
            );
          },
        };
      },
      factors(tape) {
        const E = propagateLayers(graph, tape.parameter(nodes), layers, mean);
        return { users: sliceRows(E, 0, users), items: sliceRows(E, users, items) };
      },
    };
  },
});
