// SLMRec (Tao et al., "Self-supervised Learning for Multimedia Recommendation", TMM 2022), in the form that MMRec compares
// with: one propagation for ids and one for each modality, joined by a layer; modalities predict each other (FAC).
// Departs from the published code: any number of modalities, scores computed anew rather than kept from the last step, and
// ranking by what the loss learns (`calibrated`).

import { boolean, declareOptions, integer, number } from '../base/options.ts';
import { gradientKind } from '../gradient/fit.ts';
import { type GradientKind, TRAINING } from '../gradient/gradient-model.ts';
import { byFanIn, frozenFeatures, openItems, openRows, ParameterSet, type Pass, xavierUniform } from '../gradient/network.ts';
import { distinct } from '../gradient/ops/distinct.ts';
import { infoNce } from '../gradient/ops/losses.ts';
import { shifted } from '../gradient/ops/pairwise.ts';
import { add, scale } from '../gradient/ops/pointwise.ts';
import { linear, matmul, propagateLayers } from '../gradient/ops/products.ts';
import { gather, rowDot, scaleRows, unitRows } from '../gradient/ops/rows.ts';
import { concatColumns, concatRows, sliceRows } from '../gradient/ops/shape.ts';
import { interactionGraphs } from '../gradient/propagation-graphs.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import type { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  weightDecay: number(1e-4, { min: 0 }, 'Coupled weight decay on all parameters.'),
  layers: integer(3, { min: 0, max: 8 }, 'Steps of propagation over the graph of users and items; their mean is used.'),
  temperature: number(0.2, { above: 0 }, 'Temperature of the loss of pairs within a batch.'),
  contrast: number(0.1, { min: 0 }, "Weight of the loss by which an item's modalities predict each other."),
  contrastTemperature: number(0.5, { above: 0 }, 'Temperature of that loss.'),
  calibrated: boolean(true, 'Rank by cosine / temperature + log(1 + interactions of the item), or by the plain product of the rows.'),
}));

/**
 * User and item are one layer over [ids | modality | …], each propagated by itself. Score = cos(user, item)/temperature +
 * log(1 + n_i): within a batch an item is a negative as often as it is liked, so that the loss draws the cosine to
 * log p(i | u)/p(i), whatever the rows' lengths. Ranking wants p(i | u), which the items' frequencies give back.
 */
export const slmrec: GradientKind<typeof options> = /* @__PURE__ */ gradientKind({
  name: 'slmrec',
  summary: 'Ids and modalities propagated side by side; within a batch, pairs and modalities tell each other apart.',
  options,
  network(arena, data, { factors, layers, temperature, contrast, contrastTemperature, calibrated }) {
    const set = new ParameterSet(arena, data);
    const users = data.users.size;
    const items = data.items.size;
    const { both } = interactionGraphs(arena, data);
    // Text comes last here: ids meet the other modalities first, and all of these meet the text.
    const [first, ...others] = frozenFeatures('slmrec', arena, data);
    const modalities = [...others, first];
    const nodes = set.nodes('nodes', factors, xavierUniform);
    const half = Math.max(1, factors >> 1);
    type Layer = readonly [Matrix, Matrix];
    const dense = (name: string, rows: number, cols = factors): Layer => [
      set.shared(`weight-${name}`, rows, cols, xavierUniform(rows, cols)),
      set.shared(`bias-${name}`, 1, cols, byFanIn(rows)),
    ];
    const views = modalities.map((modality) => ({
      ...modality,
      rows: openRows(modality, data),
      open: openItems(modality, data),
      projection: dense(`projection:${modality.name}`, modality.dims),
    }));
    // Features are scaled to length 1 once; they are never trained.
    for (const { matrix } of views)
      arena.scope(() => {
        const unit = arena.alloc(matrix.bytes);
        arena.kernels.unit_rows(matrix.rows, matrix.ld, matrix.pointer, unit, arena.alloc(matrix.rows * 4));
        matrix.view().set(arena.f32(unit, matrix.rows * matrix.ld));
      });
    const width = factors * (views.length + 1);
    const join = { users: dense('users', width), items: dense('items', width) };
    const heads =
      contrast === 0
        ? []
        : views.map(({ name }, m) => ({
            id: dense(m === 0 ? 'id' : `id:${name}`, factors),
            left: m === 0 ? undefined : dense(`left:${name}`, factors, half),
            // Without a bias: the same number added to all of a row's scores changes nothing.
            right: set.shared(`weight-right:${name}`, factors, m === 0 ? factors : half, xavierUniform(factors, m === 0 ? factors : half)),
          }));
    const frequency = Float32Array.from(data.itemCounts(), (n) => arena.kernels.log_f64(1 + n));
    const column = (tape: Tape, values: ArrayLike<number>): Variable => {
      const one = tape.matrix(values.length, 1);
      for (let r = 0; r < values.length; r++) one.row(r)[0] = values[r];
      return tape.constant(one);
    };
    const embed = (tape: Tape): { parts: Variable[]; users: Variable; items: Variable; layer: (x: Variable, to: Layer) => Variable } => {
      const layer = (x: Variable, [W, b]: Layer): Variable => linear(x, tape.parameter(W), tape.parameter(b));
      const rows = tape.parameter(nodes);
      const U = sliceRows(rows, 0, users);
      const starts = [
        rows,
        ...views.map(({ matrix, projection, rows: only }) =>
          concatRows(U, scaleRows(layer(tape.constant(matrix), projection), only(tape))),
        ),
      ];
      const parts = starts.map((x) => propagateLayers(both, x, layers, 1 / (layers + 1)));
      const joined = (from: number, count: number, to: Layer): Variable =>
        layer(concatColumns(...parts.map((x) => sliceRows(x, from, count))), to);
      return { parts, users: joined(0, users, join.users), items: joined(users, items, join.items), layer };
    };
    /** Rows whose products are the scores. */
    const ranked = (tape: Tape, E = embed(tape)): { users: Variable; items: Variable } =>
      !calibrated
        ? E
        : {
            users: concatColumns(scale(unitRows(E.users), 1 / temperature), column(tape, new Float32Array(users).fill(1))),
            items: concatColumns(unitRows(E.items), column(tape, frequency)),
          };
    return {
      parameters: set.parameters,
      modalities: modalities.map(({ name }) => name),
      pass(tape): Pass {
        const E = embed(tape);
        return {
          scores: (u, i) => {
            const { users: U, items: I } = ranked(tape, E);
            return rowDot(gather(U, u), gather(I, i));
          },
          loss({ users: u, positives }, weight) {
            const who = distinct(u);
            const what = distinct(positives);
            let loss = scale(
              infoNce(unitRows(gather(E.users, who.rows)), unitRows(gather(E.items, what.rows)), temperature, who.of, what.of),
              weight,
            );
            // An item takes part in the terms of the modalities that it has; each term is a mean over those that do.
            heads.forEach(({ right, left }, m) => {
              const { rows, of } = distinct(positives.filter((item) => views[m].open[item] === 1));
              const at = shifted(rows, users);
              if (at.length === 0) return;
              const id = heads.slice(0, m + 1).reduce((x, head) => E.layer(x, head.id), gather(E.parts[0], at));
              const term = infoNce(
                left ? E.layer(id, left) : id,
                matmul(gather(E.parts[m + 1], at), tape.parameter(right)),
                contrastTemperature,
                of,
                of,
              );
              loss = add(loss, scale(term, (weight * contrast * of.length) / positives.length));
            });
            return loss;
          },
        };
      },
      factors: (tape) => ranked(tape),
    };
  },
});
