// The rows of people who are not in a model of rows: by the model's own loss, with its items as they stand.

import { type Key, keyOf } from '../base/random.ts';
import { compareIds, type IdTable } from '../data/ids.ts';
import { pairwiseRow } from '../gradient/pairwise-row.ts';
import { foldedRows } from '../least-squares/fold-in.ts';
import type { LeastSquaresOptions } from '../least-squares/objective.ts';
import type { DenseFactors, FactorModel } from '../model/factor-model.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/**
 * @param histories a row for each person, over the model's items.
 * @param seed of the negatives that a pairwise loss draws; they depend on the history besides, and on nothing else.
 */
export function rowsFor(model: FactorModel, histories: SparseRows, seed: number): DenseFactors {
  const { capabilities } = model.kind;
  return capabilities.includes('leastSquares') ? leastSquaresRows(model, histories) : pairwiseRows(model, histories, seed);
}

/** The exact solutions of the model's normal equations. */
function leastSquaresRows({ options, items, itemFactors }: FactorModel, histories: SparseRows): DenseFactors {
  const own = options as unknown as LeastSquaresOptions;
  return { rows: histories.rows, cols: own.factors, values: foldedRows(itemFactors, items.live, own, histories) };
}

function pairwiseRows({ items, itemFactors }: FactorModel, { rows, indptr, indices }: SparseRows, seed: number): DenseFactors {
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
