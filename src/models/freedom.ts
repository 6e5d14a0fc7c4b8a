// FREEDOM (Zhou, Shen, MM 2023): LightGCN over a graph of users and items that is thinned anew in every epoch, plus one
// step over a frozen graph of items from their features.
// Departs from the published code in one thing: features are never trained, so that no revoked row lives on in them.

import { declareOptions, integer, number } from '../base/options.ts';
import { pairKey, STREAM, uniform } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import { gradientKind } from '../gradient/fit.ts';
import type { GradientKind } from '../gradient/gradient-model.ts';
import { bipartiteGraph, overwrite } from '../gradient/graph.ts';
import { byFanIn, frozenFeatures, ParameterSet, type Pass, presence, xavierUniform } from '../gradient/network.ts';
import { bprLoss } from '../gradient/ops/losses.ts';
import { add, multiply } from '../gradient/ops/pointwise.ts';
import { type Graph, linear, propagate, propagateLayers } from '../gradient/ops/products.ts';
import { sum } from '../gradient/ops/reduce.ts';
import { gather, rowDot } from '../gradient/ops/rows.ts';
import { sliceRows } from '../gradient/ops/shape.ts';
import { pairLoss, RANKING } from '../gradient/pair-loss.ts';
import { similarItems, symmetric } from '../gradient/propagation-graphs.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import type { Arena } from '../wasm/memory.ts';
import { Csr } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...RANKING,
  layers: integer(2, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items.'),
  pruning: number(0.8, { min: 0, max: 0.99 }, "Share of interactions that an epoch's graph leaves out."),
  neighbors: integer(10, { min: 1 }, 'Nearest items, itself included, that an item takes from in each modality.'),
  sideWeight: number(0.1, { min: 0, max: 0.5 }, 'Weight of each modality but the first (text, where there is one) in the graph of items.'),
  regularization: number(0, { min: 0 }, 'Weight of the ranking losses on the projected features alone.'),
}));

/** Score = E_u · (E_i + (S Q)_i), E the mean of layers over the graph, S the graph of items. */
export const freedom: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'freedom',
  summary: 'LightGCN on a thinned graph, with a frozen graph of items from their features.',
  options,
  network(arena, data, options) {
    const { factors, layers, pruning, neighbors, sideWeight, regularization, seed } = options;
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('freedom', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const lossOf = pairLoss(set, options);
    const projections =
      regularization === 0
        ? []
        : modalities.map((modality) => ({
            modality,
            weight: set.shared(`weight:${modality.name}`, modality.dims, factors, byFanIn(modality.dims)),
            bias: set.shared(`bias:${modality.name}`, 1, factors, byFanIn(modality.dims)),
          }));
    const full = symmetric(Csr.from(arena, bipartiteGraph(data)));
    const similar = similarItems(arena, data, modalities, neighbors, sideWeight);
    const thin = new EdgeSampler(arena, data, pruning, seed);
    const thinned = symmetric(Csr.from(arena, bipartiteGraph(data, thin.kept(0))));
    const embed = (tape: Tape, graph: Graph): { users: Variable; items: Variable } => {
      const all = tape.parameter(nodes);
      const E = propagateLayers(graph, all, layers, 1 / (layers + 1));
      return { users: sliceRows(E, 0, users), items: add(sliceRows(E, users, items), propagate(similar, sliceRows(all, users, items))) };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      beginEpoch: (epoch) => overwrite(thinned.matrix, bipartiteGraph(data, thin.kept(epoch))),
      pass(tape): Pass {
        const E = embed(tape, thinned);
        return {
          scores: (u, i) => rowDot(gather(E.users, u), gather(E.items, i)),
          loss(batch, weight) {
            const { users: u, positives, negatives } = batch;
            const user = gather(E.users, u);
            let loss = lossOf(tape, batch, rowDot(user, gather(E.items, positives)), rowDot(user, gather(E.items, negatives)), weight);
            for (const { modality, weight: W, bias } of projections) {
              const score = (index: Int32Array): Variable =>
                rowDot(user, linear(gather(tape.constant(modality.matrix), index), tape.parameter(W), tape.parameter(bias)));
              const both = multiply(presence(tape, modality, positives), presence(tape, modality, negatives));
              loss = add(loss, sum(multiply(both, bprLoss(score(positives), score(negatives))), (weight * regularization) / u.length));
            }
            return loss;
          },
        };
      },
      factors: (tape) => embed(tape, full),
    };
  },
});

/**
 * Draws the interactions of an epoch's graph without replacement, weighted by (deg_u deg_i)^-½: those with the largest
 * log(U)/w (Efraimidis, Spirakis 2006). U is keyed by (user, item, epoch): forgetting somebody changes nobody else's draw.
 */
class EdgeSampler {
  readonly #keys: { lo: number; hi: number }[] = [];
  readonly #scale: Float64Array;
  readonly #keep: number;

  constructor(
    readonly arena: Arena,
    data: Dataset,
    pruning: number,
    readonly seed: number,
  ) {
    const { rows, indptr, indices } = data.userItems;
    const counts = data.itemCounts();
    this.#scale = new Float64Array(indices.length);
    for (let u = 0; u < rows; u++) {
      for (let e = indptr[u]; e < indptr[u + 1]; e++) {
        this.#keys.push(pairKey(data.users.key(u), data.items.key(indices[e])));
        this.#scale[e] = Math.sqrt((indptr[u + 1] - indptr[u]) * counts[indices[e]]);
      }
    }
    this.#keep = Math.max(1, Math.floor((1 - pruning) * indices.length));
  }

  /** 1 for the entries that stay. */
  kept(epoch: number): Uint8Array {
    const n = this.#scale.length;
    const { kernels } = this.arena;
    const draws = Float64Array.from(
      { length: n },
      (_, e) => kernels.log_f64(uniform(this.seed, STREAM.edges, this.#keys[e], epoch) + 1e-17) * this.#scale[e],
    );
    const order = Int32Array.from({ length: n }, (_, e) => e).sort((a, b) => draws[b] - draws[a] || a - b);
    const kept = new Uint8Array(n);
    for (let r = 0; r < this.#keep; r++) kept[order[r]] = 1;
    return kept;
  }
}
