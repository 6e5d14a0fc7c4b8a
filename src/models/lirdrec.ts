// LIRDRec (Zhou et al., "Learning Item Representations Directly from Multimodal Features for Effective Recommendation",
// arXiv 2505.04960): items have no free rows; beside each modality they are read from all modalities' cosine transforms.
// A user's attention to these blocks is copied from what is computed into what is learned, more so with every epoch.
// Departs from the published code: moments of the copied weights begin anew, scores are computed anew for ranking, and the
// shares of the two attentions are saved with the model.

import { declareOptions, integer, number } from '../base/options.ts';
import { cosineTransform } from '../gradient/cosine-transform.ts';
import { gradientKind } from '../gradient/fit.ts';
import { type GradientKind, TRAINING } from '../gradient/gradient-model.ts';
import {
  byFanIn,
  centreFeatures,
  frozenFeatures,
  openItems,
  openRows,
  ParameterSet,
  type Pass,
  xavierNormal,
} from '../gradient/network.ts';
import { pairwise } from '../gradient/ops/pairwise.ts';
import { add, combine, leakyRelu } from '../gradient/ops/pointwise.ts';
import { addBias, linear, matmul, propagate, propagateLayers } from '../gradient/ops/products.ts';
import { sumSquares } from '../gradient/ops/reduce.ts';
import { gather, rowDot, rowSoftmax, scaleRows, unitRows } from '../gradient/ops/rows.ts';
import { concatColumns, concatRows, sliceColumns, sliceRows } from '../gradient/ops/shape.ts';
import { interactionGraphs, similarItems } from '../gradient/propagation-graphs.ts';
import { Tape, type Variable } from '../gradient/tape.ts';
import { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  learningRate: number(1e-4, { above: 0 }, 'Step size of the optimiser.'),
  hidden: integer(256, { min: 1, max: 4096 }, 'Width of the hidden layer that reads a modality.'),
  layers: integer(3, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items; their sum is used.'),
  neighbors: integer(10, { min: 1 }, 'Nearest items, itself included, that an item takes from in each modality.'),
  sideWeight: number(0.1, { min: 0, max: 0.5 }, 'Weight of each modality but the first (text, where there is one) in the graph of items.'),
  copying: number(0.95, { min: 0, max: 0.999 }, 'Share of the computed attention before the first epoch; it falls ever faster.'),
  regularization: number(1e-3, { min: 0 }, 'Weight of the penalty on the mean square of all final rows.'),
}));

const ATTENTION_WIDTH = 16;
/** The share falls by this to the power of the epoch's number. */
const FADE = 0.9;
/** Copying ends when the computed attention has no more than this to say: going on would only level the learned one. */
const LEAST_COPIED = 1e-3;

/** Score = user · item; both are blocks, one for each modality and one for their transforms. */
export const lirdrec: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'lirdrec',
  summary: "Items read directly from their features and these features' cosine transforms; attention copied progressively.",
  options,
  userTables: ['attention'],
  network(arena, data, { factors, hidden, layers, neighbors, sideWeight, copying, regularization }) {
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('lirdrec', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const blocks = modalities.length + 1;
    const { both } = interactionGraphs(arena, data);
    const similar = similarItems(arena, data, modalities, neighbors, sideWeight);
    for (const modality of modalities) centreFeatures(modality, openItems(modality, data));
    const zero = { law: 'uniform', scale: 0 } as const;
    const names = [...modalities.map(({ name }) => name), 'transforms'];
    const tables = names.map((name) => set.users(`userRows-${name}`, factors, xavierNormal));
    const attention = set.users('attention', blocks, xavierNormal);
    // Share of the computed attention: kept with the parameters, since scores depend on it.
    const computedShare = set.state('computedShare', 1, 1);
    const output = (name: string): { bias: Matrix; second: Matrix } => ({
      bias: set.shared(`hiddenBias:${name}`, 1, hidden, zero),
      second: set.shared(`output:${name}`, hidden, factors, xavierNormal(hidden, factors)),
    });
    const total = modalities.reduce((sum, { dims }) => sum + dims, 0);
    const readers = modalities.map((modality) => ({
      features: modality.matrix,
      open: openRows(modality, data),
      ...output(modality.name),
      first: set.shared(`hidden:${modality.name}`, modality.dims, hidden, xavierNormal(modality.dims, hidden)),
    }));
    const transforms = modalities.map(({ name, dims, matrix }) => {
      const turned = new Matrix(arena, items, dims);
      turned.view().set(matrix.view());
      cosineTransform(turned);
      return { turned, first: set.shared(`transform:${name}`, dims, hidden, xavierNormal(total, hidden)) };
    });
    const last = output('transforms');
    const anyOpen = openRows(modalities, data);
    // The last layer needs no bias: the same number added to all blocks changes no share.
    const query = {
      first: set.shared('firstQuery', factors, ATTENTION_WIDTH, byFanIn(factors)),
      bias: set.shared('firstQueryBias', 1, ATTENTION_WIDTH, byFanIn(factors)),
      second: set.shared('secondQuery', ATTENTION_WIDTH, 1, byFanIn(ATTENTION_WIDTH)),
    };

    const embed = (tape: Tape): { users: Variable; items: Variable; share: Variable } => {
      const p = (matrix: Matrix): Variable => tape.parameter(matrix);
      const read = readers.map(({ features, open, first, bias, second }) =>
        scaleRows(matmul(leakyRelu(linear(tape.constant(features), p(first), p(bias))), p(second)), open(tape)),
      );
      const turned = transforms.map(({ turned, first }) => matmul(tape.constant(turned), p(first))).reduce(add);
      read.push(scaleRows(matmul(leakyRelu(addBias(turned, p(last.bias))), p(last.second)), anyOpen(tape)));
      const Z = propagateLayers(both, concatColumns(...read.map((own, b) => unitRows(concatRows(p(tables[b]), own)))), layers, 1);
      const user = sliceRows(Z, 0, users);
      const item = sliceRows(Z, users, items);
      const own = read.map((_, b) => sliceColumns(user, b * factors, factors));
      const computed = concatColumns(...own.map((z) => matmul(leakyRelu(linear(z, p(query.first), p(query.bias))), p(query.second))));
      const part = computedShare.row(0)[0];
      const share = rowSoftmax(combine(part, computed, 1 - part, p(attention)));
      return { users: concatColumns(...own.map((z, b) => scaleRows(z, share, b))), items: add(item, propagate(similar, item)), share };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      beginEpoch(epoch) {
        const copy = epoch > 1 && computedShare.row(0)[0] > LEAST_COPIED;
        if (copy)
          arena.scope(() => {
            const { share } = embed(new Tape(arena));
            attention.view().set(share.value.view());
          });
        computedShare.row(0)[0] = faded(copying, epoch);
        return copy ? ['attention'] : [];
      },
      pass(tape): Pass {
        const E = embed(tape);
        return {
          scores: (u, i) => rowDot(gather(E.users, u), gather(E.items, i)),
          loss({ users: u, positives, negatives }, weight) {
            const user = gather(E.users, u);
            let loss = pairwise(rowDot(user, gather(E.items, positives)), rowDot(user, gather(E.items, negatives)), weight);
            if (regularization > 0)
              for (const x of [E.users, E.items]) loss = add(loss, sumSquares(x, (weight * regularization) / (x.rows * x.cols)));
            return loss;
          },
        };
      },
      factors: embed,
    };
  },
});

/** The computed attention's share in an epoch: times FADE^t at the start of epoch t + 1, the two shares then made to sum to 1. */
function faded(start: number, epoch: number): number {
  let share = start;
  let power = 1;
  for (let t = 1; t < epoch && share > 0; t++) {
    power *= FADE;
    share = (share * power) / (share * power + 1 - share);
    if (share < LEAST_COPIED * LEAST_COPIED) share = 0;
  }
  return share;
}
