// The objective of alternating least squares: its options, the weights and targets of entries, the rule of regularization.
//
//   L(X, Y) = base · Σ_{u,i} s² + Σ_{(u,i) observed} [ w·s² − 2·t·s + const ] + Σ_u reg_u |x_u|² + Σ_i reg_i |y_i|²
//   (base · YᵀY + Σ_{i ∈ N(u)} w y_i y_iᵀ + reg_u I) x_u = Σ_{i ∈ N(u)} t y_i          s = x_u · y_i
//
// implicit  Hu, Koren, Volinsky 2008: base = 1, w = alpha·|r|, t = 1 + alpha·r for r > 0, reg = λ;
//           with `confidence`: w = alpha·|r| − 1, t = alpha·r for r > 0
// ials      Rendle et al. 2021:       base = α₀, w = 1, t = 1, reg = λ (n + α₀·N)^ν, N = ids of the other side
// explicit  Zhou et al. 2008 (ALS-WR): base = 0, w = 1, t = r, reg = λ n

import { DataError } from '../base/errors.ts';
import * as option from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Csr } from '../wasm/tensor.ts';

/** Options of the objective and its solver, shared by training and unlearning. */
export const leastSquaresOptions = /* @__PURE__ */ option.declareOptions(() => ({
  objective: option.word(
    'implicit',
    ['implicit', 'ials', 'explicit'],
    'Loss: implicit (Hu-Koren-Volinsky), ials (Rendle: unobserved weight, frequency-scaled regularization) or explicit (ALS-WR, ratings).',
  ),
  factors: option.integer(64, { min: 1, max: 4096 }, "Length of a user's and an item's row."),
  regularization: option.number(0.01, { min: 0 }, 'λ: weight of the squared norms.'),
  alpha: option.number(1, { above: 0 }, 'implicit: confidence c = 1 + alpha * value; with `confidence`, c = alpha * value.'),
  confidence: option.boolean(
    false,
    'implicit: values (times alpha) already are confidences, as in the Python library implicit; negative ones are dislikes.',
  ),
  unobservedWeight: option.number(0.1, { above: 0 }, 'ials: weight of unobserved cells.'),
  frequencyExponent: option.number(1, { min: 0, max: 2 }, 'ials: exponent of the frequency in the regularization; 0 makes it uniform.'),
  solver: option.word(
    'cholesky',
    ['cholesky', 'cg'],
    'Row solver: exact (cholesky), or conjugate gradient steps from the present row (cg).',
  ),
  cgSteps: option.integer(3, { min: 1, max: 1000 }, 'Steps of the cg solver.'),
  initScale: option.number(
    0.1,
    { above: 0 },
    "Standard deviation of a random row's length: entries are N(0, (initScale / sqrt(factors))^2).",
  ),
  seed: option.seed,
}));

export type LeastSquaresOptions = option.OptionsOf<typeof leastSquaresOptions>;
export type Side = 'users' | 'items';

export const other = (side: Side): Side => (side === 'users' ? 'items' : 'users');

/** The objective's constants, see the head of this file: w = ws·|v| + w0, t = ts·v + t0. */
export function cellWeightsOf({ objective, alpha, confidence, unobservedWeight }: LeastSquaresOptions): {
  ws: number;
  w0: number;
  ts: number;
  t0: number;
  explicit: number;
  base: number;
} {
  if (objective === 'explicit') return { ws: 0, w0: 1, ts: 1, t0: 0, explicit: 1, base: 0 };
  if (objective === 'ials') return { ws: 0, w0: 1, ts: 0, t0: 1, explicit: 0, base: unobservedWeight };
  if (confidence) return { ws: alpha, w0: -1, ts: alpha, t0: 0, explicit: 0, base: 1 };
  return { ws: alpha, w0: 0, ts: alpha, t0: 1, explicit: 0, base: 1 };
}

/** The constants as kernels take them, in this order. */
export function weightArguments(options: LeastSquaresOptions): [ws: number, w0: number, ts: number, t0: number, explicit: number] {
  const { ws, w0, ts, t0, explicit } = cellWeightsOf(options);
  return [ws, w0, ts, t0, explicit];
}

/** Where the cells of rows lie, as kernels take it. */
export const cellArguments = ({ indptr, indices, data }: Csr): [indptr: number, indices: number, data: number] => [indptr, indices, data];

/** reg = λ (n + offset)^exponent for a row of n entries. @param opposite ids of the other side: whoever was deleted does not count. */
export function regularizationRule(
  { objective, unobservedWeight, frequencyExponent }: LeastSquaresOptions,
  opposite: number,
): { offset: number; exponent: number } {
  if (objective === 'explicit') return { offset: 0, exponent: 1 };
  return objective === 'ials' ? { offset: unobservedWeight * opposite, exponent: frequencyExponent } : { offset: 0, exponent: 0 };
}

/** @throws DataError when values make no sense for the objective. */
export function checkValues(data: Dataset, { objective, confidence }: LeastSquaresOptions): void {
  if (objective === 'explicit' || (objective === 'implicit' && confidence)) return;
  const { rows, indptr, indices, data: values } = data.userItems;
  for (let u = 0; u < rows; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      if (values[e] >= 0) continue;
      throw new DataError(
        `objective "${objective}" expected values >= 0, found ${values[e]} for user ` +
          `${JSON.stringify(data.users.at(u))} and item ${JSON.stringify(data.items.at(indices[e]))}; ` +
          'objective "explicit" takes ratings of either sign, "implicit" with confidence: true takes dislikes',
        { source: data.source },
      );
    }
  }
}
