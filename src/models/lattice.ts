// LATTICE (Zhang et al., "Mining Latent Structures for Multimedia Recommendation", MM 2021): items also take from items
// that look alike, by a graph of their features and a graph that is learned.
// Departs from the published code: which items are neighbours is chosen once an epoch (and again for ranking), and the
// edges' weights get their gradient in every step; nothing of n × n is held.

import { declareOptions, integer, number } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { gradientKind } from '../gradient/fit.ts';
import { type GradientKind, TRAINING } from '../gradient/gradient-model.ts';
import { bipartiteGraph, nearestRows } from '../gradient/graph.ts';
import { byFanIn, frozenFeatures, openItems, ParameterSet, type Pass, xavierUniform } from '../gradient/network.ts';
import { type Edges, edgesOf, propagateEdges } from '../gradient/ops/edges.ts';
import { pairwise } from '../gradient/ops/pairwise.ts';
import { add, clamp, exp, log, scale, weightedSum } from '../gradient/ops/pointwise.ts';
import { linear, propagate, propagateLayers } from '../gradient/ops/products.ts';
import { sumSquares } from '../gradient/ops/reduce.ts';
import { gather, rowDot, rowSoftmax, scaleRows, unitRows } from '../gradient/ops/rows.ts';
import { sliceColumns, sliceRows } from '../gradient/ops/shape.ts';
import { directed, weightedItems } from '../gradient/propagation-graphs.ts';
import { Tape, type Variable } from '../gradient/tape.ts';
import { Csr, type SparseRows } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  learningRateDecay: number(0.9992, { above: 0, max: 1 }, 'Factor on the step size after each epoch.'),
  layers: integer(2, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items.'),
  neighbors: integer(10, { min: 1 }, 'Nearest items, itself included, that an item takes from in each modality.'),
  learned: number(0.1, { min: 0, max: 1 }, 'Share of the learned graph of items; the rest is the graph of their features.'),
  regularization: number(1e-4, { min: 0 }, "Weight of the penalty on the squares of a batch's rows."),
}));

/** Score = E_u · (E_i + h_i/‖h_i‖), h one step over the graphs of items. */
export const lattice: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'lattice',
  summary: 'LightGCN whose items also take from alike items, by a graph that is learned from features.',
  options,
  network(arena, data, { factors, layers, neighbors, learned, regularization }) {
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('lattice', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const weights = set.shared('modalities', 1, modalities.length, { law: 'uniform', scale: 0 });
    const graph = directed(Csr.from(arena, meanGraph(data)));
    const views = modalities.map((modality) => ({
      features: modality.matrix,
      open: openItems(modality, data),
      original: weightedItems(arena, data, modality, neighbors),
      weight: set.shared(`weight:${modality.name}`, modality.dims, factors, byFanIn(modality.dims)),
      bias: set.shared(`bias:${modality.name}`, 1, factors, byFanIn(modality.dims)),
    }));
    type View = (typeof views)[number];
    const project = (tape: Tape, { features, weight, bias }: View): Variable =>
      linear(tape.constant(features), tape.parameter(weight), tape.parameter(bias));
    /** The nearest items by what the features are projected to now. */
    const select = (): Edges[] =>
      views.map((view) =>
        arena.scope(() => edgesOf(items, nearestRows(arena, project(new Tape(arena), view).value, view.open, neighbors))),
      );
    let selected: Edges[] | undefined;

    const embed = (tape: Tape, edges: readonly Edges[]): { users: Variable; items: Variable } => {
      const rows = tape.parameter(nodes);
      const E = propagateLayers(graph, rows, layers, 1 / (layers + 1));
      const Q = sliceRows(rows, users, items);
      const all = rowSoftmax(tape.parameter(weights));
      const share = views.map((_, m) => sliceColumns(all, m, 1));
      const mixed = (f: (view: View, m: number) => Variable): Variable =>
        views.map((view, m) => scaleRows(f(view, m), share[m])).reduce(add);
      const cosines = views.map((view, m) => {
        const unit = unitRows(project(tape, view));
        // Within an epoch a chosen pair may come to point apart: it drops out, so that sums of rows stay above 0.
        return clamp(rowDot(gather(unit, edges[m].from), gather(unit, edges[m].indices)), 0, 2);
      });
      const step = (x: Variable): Variable => mixed((_, m) => propagateEdges(edges[m], cosines[m], x));
      // Normalised as r_i^-½ · s_ij · r_j^-½, r the sums of rows; an item without neighbours has r = 1 instead of 0.
      const ones = tape.matrix(items, 1);
      const alone = tape.matrix(items, 1);
      for (let i = 0; i < items; i++) {
        ones.row(i)[0] = 1;
        alone.row(i)[0] = edges.some(({ indptr }) => indptr[i] < indptr[i + 1]) ? 0 : 1;
      }
      const inverse = exp(scale(log(add(step(tape.constant(ones)), tape.constant(alone))), -0.5));
      const h = weightedSum([
        [learned, scaleRows(step(scaleRows(Q, inverse)), inverse)],
        [1 - learned, mixed(({ original }) => propagate(original, Q))],
      ]);
      return { users: sliceRows(E, 0, users), items: add(sliceRows(E, users, items), unitRows(h)) };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      beginEpoch() {
        selected = select();
      },
      pass(tape): Pass {
        const E = embed(tape, (selected ??= select()));
        return {
          scores: (u, i) => rowDot(gather(E.users, u), gather(E.items, i)),
          loss({ users: u, positives, negatives }, weight) {
            const user = gather(E.users, u);
            const plus = gather(E.items, positives);
            const minus = gather(E.items, negatives);
            let loss = pairwise(rowDot(user, plus), rowDot(user, minus), weight);
            if (regularization > 0)
              for (const x of [user, plus, minus]) loss = add(loss, sumSquares(x, (weight * regularization) / (2 * u.length)));
            return loss;
          },
        };
      },
      factors: (tape) => embed(tape, select()),
    };
  },
});

/** Each row the mean of a node and its neighbours: Deg^-1 (A + I), which is not symmetric. */
function meanGraph(data: Dataset): SparseRows {
  const { rows, cols, indptr, indices } = bipartiteGraph(data);
  const starts = new Int32Array(rows + 1);
  const to: number[] = [];
  const weight: number[] = [];
  for (let v = 0; v < rows; v++) {
    const row = [...indices.subarray(indptr[v], indptr[v + 1]), v].sort((a, b) => a - b);
    for (const w of row) {
      to.push(w);
      weight.push(1 / row.length);
    }
    starts[v + 1] = to.length;
  }
  return { rows, cols, indptr: starts, indices: Int32Array.from(to), data: Float32Array.from(weight) };
}
