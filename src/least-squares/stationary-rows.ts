// One side's rows of a least-squares problem in float64: where they lie, how they are shared out, and the memory they take.

import type { Dataset } from '../data/dataset.ts';
import { type Plan, planRows } from '../threads/team.ts';
import type { Arena } from '../wasm/memory.ts';
import { type Csr, paddedWidth } from '../wasm/tensor.ts';
import { PARTS } from './float64-rows.ts';
import { type LeastSquaresOptions, regularizationRule } from './objective.ts';

/** Bytes of kept factors beyond which none are kept: memory would cost more than the time is worth. */
const MOST_KEPT_BYTES = 1 << 30;

export interface Rows {
  readonly rows: number;
  readonly cells: Csr;
  /** f32[rows] */
  readonly regularization: number;
  /** f64[rows × ld] */
  readonly factors: number;
  readonly gradient: number;
  /** f32[rows × (factors² + factors) / 2]: factors of the normal equations of the last sweep; 0 where they are not kept. */
  readonly kept: number;
  /** f64[ld × ld]: of the factors, scaled by the objective's base; of the factors and a direction. */
  readonly gram: number;
  readonly turned: number;
  /** How rows are shared out: to pass over their cells, to solve, to substitute. */
  readonly passes: Plan;
  readonly solves: Plan;
  readonly steps: Plan;
}

/**
 * Room for the rows of a side, zero.
 * @param opposite ids of the other side.
 * @param keeps whether there is room for factored normal equations.
 */
export function rowsOf(arena: Arena, ld: number, options: LeastSquaresOptions, cells: Csr, opposite: number, keeps: boolean): Rows {
  const { rows } = cells;
  const regularization = arena.alloc(rows * 4);
  const { offset, exponent } = regularizationRule(options, opposite);
  arena.kernels.als_regularization(rows, cells.indptr, options.regularization, offset, exponent, regularization);
  const factors = arena.allocZeroed(rows * ld * 8);
  const gradient = arena.allocZeroed(rows * ld * 8);
  const kept = keeps ? arena.allocZeroed(keptBytes(rows, options.factors)) : 0;
  const gram = arena.alloc(ld * ld * 8);
  const turned = arena.alloc(ld * ld * 8);
  const indptr = arena.i32(cells.indptr, rows + 1);
  const entriesOf = (r: number): number => indptr[r + 1] - indptr[r];
  return {
    rows,
    cells,
    regularization,
    factors,
    gradient,
    kept,
    gram,
    turned,
    passes: planRows(rows, (r) => 3 * entriesOf(r) * ld + ld * ld, ld * ld),
    solves: planRows(rows, (r) => solveCost(ld, entriesOf(r))),
    steps: planRows(rows, () => ld * ld),
  };
}

/** Multiplications and additions that a row of so many cells takes to solve. */
export function solveCost(ld: number, cells: number): number {
  return (cells * (ld * ld + 4 * ld)) / 2 + (ld * ld * ld) / 6;
}

/** Bytes of linear memory that the problem takes, and those of a run to convergence. */
export function stationaryBytes(data: Dataset, factors: number): number {
  const { rows, cols } = data.userItems;
  const ld = paddedWidth(factors);
  return (
    data.interactions * 16 +
    (rows + cols) * (5 * ld * 8 + 8) +
    (10 + PARTS) * ld * ld * 8 +
    4096 +
    (keepsFactors(data, factors) ? keptBytes(rows + cols, factors) : 0)
  );
}

const keptBytes = (rows: number, factors: number): number => rows * factors * (factors + 1) * 2;

/** Whether factored normal equations are kept: settled by sizes alone, so that results never depend on the machine. */
export const keepsFactors = ({ userItems: { rows, cols } }: Dataset, factors: number): boolean =>
  keptBytes(rows + cols, factors) <= MOST_KEPT_BYTES;
