// Rows of people who are not in a model of least squares: the exact solutions of its normal equations, its items as they stand. The
// same kernels over the same sums as a sweep of training (problem.ts), without a data set, in the model's own memory.

import { planEven } from '../threads/team.ts';
import { checkStatus } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { Matrix, type SparseRows } from '../wasm/tensor.ts';
import { cellWeightsOf, type LeastSquaresOptions, regularizationRule, weightArguments } from './objective.ts';

/**
 * @param items of the model; `live` says how many there are, without those deleted.
 * @param histories a row for each person, over the model's items.
 * @returns the rows, row-major [people × factors].
 * @throws ModelError where the equations of a row have no unique solution.
 */
export function foldedRows(items: Matrix, live: number, options: LeastSquaresOptions, histories: SparseRows): Float32Array {
  const { arena, ld } = items;
  const { kernels } = arena;
  const { rows } = histories;
  return arena.scope(() => {
    const [indptr, indices, values] = [histories.indptr, histories.indices, histories.data].map((array) => arena.upload(array));
    const regularization = arena.alloc(rows * 4);
    const { offset, exponent } = regularizationRule(options, live);
    kernels.als_regularization(rows, indptr, options.regularization, offset, exponent, regularization);
    const X = new Matrix(arena, rows, options.factors);
    const scratch = arena.alloc(Math.max(kernels.gram_accumulate_scratch(ld), kernels.als_sweep_cholesky_scratch(ld)));
    const { base } = cellWeightsOf(options);
    const gram = base === 0 ? 0 : scaledGram(arena, items, base, scratch);
    const weights = weightArguments(options);
    const cells = [indptr, indices, values] as const;
    const { factors } = options;
    const status = kernels.als_sweep_cholesky(
      0,
      rows,
      factors,
      ld,
      ...weights,
      0,
      ...cells,
      regularization,
      gram,
      items.pointer,
      X.pointer,
      scratch,
    );
    checkStatus(
      status,
      (row) =>
        `the normal equations of history ${row} have no unique solution in float32; raise "regularization" (now ${options.regularization})`,
    );
    return X.toArray();
  });
}

/** base · YᵀY in float32; each part of the rows has a sum of its own, and the sums are added in order, as in training. */
function scaledGram(arena: Arena, { rows, ld, pointer }: Matrix, base: number, scratch: number): number {
  const { kernels } = arena;
  const size = ld * ld;
  const { bounds } = planEven(rows, Math.max(1, Math.ceil(rows / kernels.gram_parts(rows, ld))));
  const total = arena.allocZeroed(size * 8);
  const gram = arena.alloc(size * 4);
  arena.scope(() => {
    for (let part = 0; part < bounds.length; part += 2) {
      const into = part === 0 ? total : arena.allocZeroed(size * 8);
      kernels.gram_accumulate(bounds[part], bounds[part + 1], ld, 1, 0, pointer, into, scratch);
      if (part === 0) continue;
      const sum = arena.f64(total, size);
      arena.f64(into, size).forEach((value, k) => {
        sum[k] += value;
      });
    }
  });
  kernels.gram_finish(ld, base, total, gram);
  return gram;
}
