// CM3 (Zhou et al., "Calibrating Multimodal Recommendation", arXiv 2508.01226): an item's modalities meet on the sphere, and
// unlike items are spread apart, alike ones less. No item has free rows: all that is known of one is its features.
// Departs from the published code: any number of modalities (spherical Bézier), small angles by their limit, scores
// computed anew with the middle of the mix rather than kept from the last step.

import { declareOptions, integer, number } from '../base/options.ts';
import { STREAM } from '../base/random.ts';
import { symmetricBeta } from '../gradient/beta-distribution.ts';
import { gradientKind } from '../gradient/fit.ts';
import { type GradientKind, TRAINING } from '../gradient/gradient-model.ts';
import {
  centreFeatures,
  frozenFeatures,
  type Moment,
  openItems,
  openRows,
  ParameterSet,
  type Pass,
  xavierNormal,
} from '../gradient/network.ts';
import { distinct } from '../gradient/ops/distinct.ts';
import { add, leakyRelu, weightedSum } from '../gradient/ops/pointwise.ts';
import { linear, matmul, propagate, propagateLayers } from '../gradient/ops/products.ts';
import { sum } from '../gradient/ops/reduce.ts';
import { gather, rowDot, rowSoftmax, scaleRows, unitRows } from '../gradient/ops/rows.ts';
import { concatColumns, concatRows, sliceColumns, sliceRows } from '../gradient/ops/shape.ts';
import { sphericalBezier } from '../gradient/ops/slerp.ts';
import { logMeanExpPairs } from '../gradient/ops/spread.ts';
import { interactionGraphs, similarItems } from '../gradient/propagation-graphs.ts';
import type { Tape, Variable } from '../gradient/tape.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  hidden: integer(256, { min: 1, max: 4096 }, 'Width of the hidden layer that reads a modality.'),
  layers: integer(3, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items; their sum is used.'),
  neighbors: integer(10, { min: 1 }, 'Nearest items, itself included, that an item takes from in each modality.'),
  sideWeight: number(0.1, { min: 0, max: 0.5 }, 'Weight of each modality but the first (text, where there is one) in the graph of items.'),
  uniformity: number(0.9, { min: 0 }, 'Weight of spreading users and items over the sphere, against drawing pairs together.'),
  ceiling: number(0.8, { min: 0, max: 1 }, 'Likeness of two items from which on it excuses no more nearness.'),
  concentration: number(
    0.5,
    { min: 0.01, max: 1 },
    'Parameter of the Beta distribution that a step mixes modalities by; small: one or the other.',
  ),
}));

/** Score = user · item; both are blocks, one for each modality and one for their mix. */
export const cm3: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'cm3',
  summary: 'Modalities mixed on the sphere; pairs aligned, unlike items spread apart, without negatives.',
  options,
  userTables: ['attention'],
  network(arena, data, { factors, hidden, layers, neighbors, sideWeight, uniformity, ceiling, concentration, seed }) {
    const set = new ParameterSet(arena, data);
    const modalities = frozenFeatures('cm3', arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const blocks = modalities.length + 1;
    const { both } = interactionGraphs(arena, data);
    const similar = similarItems(arena, data, modalities, neighbors, sideWeight);
    for (const modality of modalities) centreFeatures(modality, openItems(modality, data));
    const zero = { law: 'uniform', scale: 0 } as const;
    const tables = [...modalities.map(({ name }) => name), 'mix'].map((name) => set.users(`userRows-${name}`, factors, xavierNormal));
    const attention = set.users('attention', blocks, xavierNormal);
    const readers = modalities.map((modality) => ({
      features: modality.matrix,
      open: openRows(modality, data),
      direct: set.shared(`direct:${modality.name}`, modality.dims, factors, xavierNormal(modality.dims, factors)),
      directBias: set.shared(`directBias:${modality.name}`, 1, factors, zero),
      first: set.shared(`hidden:${modality.name}`, modality.dims, hidden, xavierNormal(modality.dims, hidden)),
      firstBias: set.shared(`hiddenBias:${modality.name}`, 1, hidden, zero),
      second: set.shared(`output:${modality.name}`, hidden, factors, xavierNormal(hidden, factors)),
    }));
    const itemKeys = Array.from({ length: items }, (_, i) => (data.items.at(i) === null ? { lo: 0, hi: 0 } : data.items.key(i)));
    const middle = new Float64Array(items).fill(0.5);
    const draw = ({ epoch, step }: Moment): Float64Array =>
      Float64Array.from(itemKeys, (key) =>
        symmetricBeta(arena.kernels, concentration, seed, STREAM.mix, key, ((epoch << 12) + step) >>> 0),
      );

    const embed = (tape: Tape, shares: Float64Array): { users: Variable; items: Variable; mix: Variable } => {
      const read = readers.map(({ features, open, direct, directBias, first, firstBias, second }) => {
        const F = tape.constant(features);
        const only = open(tape);
        const layer = leakyRelu(linear(F, tape.parameter(first), tape.parameter(firstBias)));
        return {
          own: scaleRows(matmul(layer, tape.parameter(second)), only),
          point: unitRows(scaleRows(linear(F, tape.parameter(direct), tape.parameter(directBias)), only)),
        };
      });
      const mix = sphericalBezier(
        read.map(({ point }) => point),
        shares,
      );
      const rows = [...read.map(({ own }) => own), mix].map((own, b) => unitRows(concatRows(tape.parameter(tables[b]), own)));
      const Z = propagateLayers(both, concatColumns(...rows), layers, 1);
      const user = sliceRows(Z, 0, users);
      const item = sliceRows(Z, users, items);
      const share = rowSoftmax(tape.parameter(attention));
      return {
        users: concatColumns(...rows.map((_, b) => scaleRows(sliceColumns(user, b * factors, factors), share, b))),
        items: add(item, propagate(similar, item)),
        mix,
      };
    };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      pass(tape, moment): Pass {
        const E = embed(tape, draw(moment));
        return {
          scores: (u, i) => rowDot(gather(E.users, u), gather(E.items, i)),
          loss({ users: u, positives, negatives }, weight) {
            const who = distinct(u);
            const other = distinct(negatives);
            const some = unitRows(gather(E.users, who.rows));
            const user = gather(some, who.of);
            const item = unitRows(gather(E.items, positives));
            // ‖û − î‖² = 2 − 2û·î for unit rows; the 2 is added as a constant.
            const two = tape.matrix(1, 1);
            const half = (weight * uniformity) / 2;
            two.row(0)[0] = 2 * weight;
            const align = add(tape.constant(two), sum(rowDot(user, item), (-2 * weight) / u.length));
            const apart = logMeanExpPairs(unitRows(gather(E.items, other.rows)), gather(E.mix, other.rows), ceiling, other.of);
            return weightedSum([
              [1, align],
              [half, logMeanExpPairs(some, undefined, 1, who.of)],
              [half, apart],
            ]);
          },
        };
      },
      factors: (tape) => embed(tape, middle),
    };
  },
});
