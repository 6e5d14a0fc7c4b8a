// The linear memory that a least-squares problem takes in training, before anything is allocated.

import type { CellShape } from '../model/model.ts';
import { instantiateKernels } from '../wasm/kernels.ts';
import { type MemoryPlan, memoryPlan, totalOf } from '../wasm/memory.ts';
import { paddedWidth } from '../wasm/tensor.ts';
import type { LeastSquaresOptions } from './objective.ts';

/** Bytes between what is allocated, since everything begins with a cache line. */
const BETWEEN = 2048;

/** Whole cache lines, so that threads do not write to the same one. */
const wholeLines = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/**
 * The linear memory that the problem of a data set takes: both copies of the cells, the factors with their regularization,
 * Gram matrices, and each thread's scratch, which the cg solver makes room in for the longest row.
 */
export function planLeastSquares(
  shape: CellShape,
  options: Pick<LeastSquaresOptions, 'factors' | 'solver'>,
  threads = 1,
  kernels = instantiateKernels(),
): MemoryPlan {
  const longest = options.solver === 'cg' ? longestRow(shape) : 0;
  const {
    interactions,
    userItems: { rows, cols },
  } = shape;
  const partsAt = (factors: number, n: number): Record<string, number> => {
    const ld = paddedWidth(factors);
    const parts = Math.max(kernels.gram_parts(rows, ld), kernels.gram_parts(cols, ld));
    // The kernel's own figure has 32 bits.
    const solver =
      options.solver === 'cg'
        ? Math.max(kernels.als_sweep_cg_scratch(ld, longest) >>> 0, longest * (ld + 1) * 4)
        : kernels.als_sweep_cholesky_scratch(ld);
    return {
      interactions: n * 16 + (rows + cols + 2) * 4,
      factors: (rows + cols) * (ld + 1) * 4 + Math.max(rows, cols) * 8, // and the keys that they are drawn by
      gram: ld * ld * (20 + 8 * (parts > 1 ? parts : 0)) + BETWEEN,
      scratch: threads * wholeLines(Math.max(solver, kernels.gram_accumulate_scratch(ld), kernels.als_residual_rows_scratch(ld))),
    };
  };
  return memoryPlan(partsAt(options.factors, interactions), (available) => {
    const most = Math.floor((available - totalOf(partsAt(options.factors, 0))) / 16);
    let factors = paddedWidth(options.factors) - 8;
    while (factors > 0 && totalOf(partsAt(factors, interactions)) > available) factors -= 8;
    return [
      ...(factors > 0 ? [`use at most ${factors} factors`] : []),
      ...(most > 0 && most < interactions ? [`train on at most ${most} of the ${interactions} interactions`] : []),
      'or train several models, each on a part of the users',
    ].join(', ');
  });
}

/** Entries of the longest row of either side; as far as it can be told. */
function longestRow({ userItems: { indptr, indices, cols }, itemUsers }: CellShape): number {
  let longest = 0;
  for (const starts of [indptr, itemUsers?.indptr])
    if (starts) for (let r = 1; r < starts.length; r++) longest = Math.max(longest, starts[r] - starts[r - 1]);
  if (itemUsers || !indices) return longest;
  const counts = new Int32Array(cols);
  for (const item of indices) longest = Math.max(longest, ++counts[item]);
  return longest;
}
