// The rows of people who are not in a model of rows: by the model's own loss, with its items as they stand.

import { type Key, keyOf } from '../base/random.ts';
import { Dataset } from '../data/dataset.ts';
import { compareIds, IdTable } from '../data/ids.ts';
import { pairwiseRow } from '../gradient/pairwise-row.ts';
import type { LeastSquaresOptions } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import type { BilinearModel, DenseFactors } from '../model/bilinear.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/**
 * @param histories a row for each person, over the model's items.
 * @param seed of the negatives that a pairwise loss draws; they depend on the history besides, and on nothing else.
 */
export function rowsFor(model: BilinearModel, histories: SparseRows, seed: number): DenseFactors {
  const { capabilities } = model.kind;
  return capabilities.includes('leastSquares') ? leastSquaresRows(model, histories) : pairwiseRows(model, histories, seed);
}

/** The exact solutions of the model's normal equations. */
function leastSquaresRows({ options, items, itemFactors }: BilinearModel, histories: SparseRows): DenseFactors {
  const users = new IdTable(Array.from({ length: histories.rows }, (_, n) => `history ${n}`));
  const own = { ...(options as unknown as LeastSquaresOptions), solver: 'cholesky' } as const;
  const problem = new LeastSquares(new Dataset({ users, items, userItems: histories }), own);
  const values = new Float32Array(histories.rows * own.factors);
  problem.start(values, itemFactors.toArray());
  problem.solveRows(
    'users',
    Int32Array.from(users, (_, n) => n),
    true,
  );
  for (let n = 0; n < histories.rows; n++) values.set(problem.userFactors.row(n), n * own.factors);
  return { rows: histories.rows, cols: own.factors, values };
}

function pairwiseRows({ items, itemFactors }: BilinearModel, { rows, indptr, indices }: SparseRows, seed: number): DenseFactors {
  const { cols: width, ld: stride } = itemFactors;
  const living = Int32Array.from(items, (id) => items.indexOf(id));
  const standing = { width, stride, values: itemFactors.view().slice(), living };
  const values = new Float32Array(rows * width);
  for (let n = 0; n < rows; n++) {
    const history = indices.subarray(indptr[n], indptr[n + 1]);
    if (history.length > 0) values.set(pairwiseRow(standing, history, keyOfHistory(history, items), seed), n * width);
  }
  return { rows, cols: width, values };
}

/** Of the set of items, whatever their positions. */
function keyOfHistory(history: Int32Array, items: IdTable): Key {
  const ids = Array.from(history, (item) => items.at(item)!);
  return keyOf(ids.sort(compareIds).join('\0'));
}
