// The local pass: only the rows that a request touches are solved anew, within milliseconds.

import type { LeastSquaresOptions } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import type { Partition } from './request.ts';
import { flags, placeNewcomers, startingFactors, touchedRows } from './touched-rows.ts';

/**
 * Rows that the request touches, each solved once: newcomers, then the users, then the items, with Gram matrices that lose what the
 * old rows added. Where only whole users (or only whole items) are deleted, one side suffices.
 */
export function localPass(
  model: BilinearModel,
  partition: Partition,
  problemOptions: LeastSquaresOptions,
): { readonly problem: LeastSquares; readonly rows: { readonly users: number; readonly items: number } } {
  const { retain, users, items } = partition;
  const touched = touchedRows(partition);
  const problem = new LeastSquares(retain, problemOptions, cellsOf(retain.userItems, touched.users, touched.items));
  const { userFactors, itemFactors } = startingFactors(model, partition, problemOptions);
  problem.start(userFactors, itemFactors);
  problem.clearRows('users', users);
  problem.clearRows('items', items);
  placeNewcomers(partition, (side, rows) => problem.solveRows(side, rows));
  problem.solveRows('users', touched.users);
  problem.solveRows('items', touched.items, true);
  return { problem, rows: { users: touched.users.length, items: touched.items.length } };
}

/** The cells of the listed rows of either side; all other rows are empty. */
function cellsOf(userItems: SparseRows, users: Int32Array, items: Int32Array): { userItems: SparseRows; itemUsers: SparseRows } {
  return { userItems: rowsOf(userItems, users), itemUsers: columnsOf(userItems, items) };
}

function rowsOf({ rows, cols, indptr, indices, data }: SparseRows, listed: Int32Array): SparseRows {
  const wanted = flags(rows, listed);
  const kept = new Int32Array(rows + 1);
  for (let r = 0; r < rows; r++) kept[r + 1] = kept[r] + (wanted[r] ? indptr[r + 1] - indptr[r] : 0);
  const keptIndices = new Int32Array(kept[rows]);
  const keptData = new Float32Array(kept[rows]);
  for (const r of listed) {
    keptIndices.set(indices.subarray(indptr[r], indptr[r + 1]), kept[r]);
    keptData.set(data.subarray(indptr[r], indptr[r + 1]), kept[r]);
  }
  return { rows, cols, indptr: kept, indices: keptIndices, data: keptData };
}

/** The listed columns, as rows of the transpose. */
function columnsOf({ rows, cols, indptr, indices, data }: SparseRows, listed: Int32Array): SparseRows {
  const found = listed.length > 0 ? entriesIn(indices, flags(cols, listed)) : new Int32Array(0);
  const columnStart = new Int32Array(cols + 1);
  for (const e of found) columnStart[indices[e] + 1]++;
  for (let c = 0; c < cols; c++) columnStart[c + 1] += columnStart[c];
  const next = columnStart.slice();
  const rowIndices = new Int32Array(found.length);
  const rowData = new Float32Array(found.length);
  let row = 0;
  for (const e of found) {
    while (e >= indptr[row + 1]) row++;
    const at = next[indices[e]]++;
    rowIndices[at] = row;
    rowData[at] = data[e];
  }
  return { rows: cols, cols: rows, indptr: columnStart, indices: rowIndices, data: rowData };
}

const SCAN = 4096;

/** Ascending entries whose item is wanted. */
function entriesIn(indices: Int32Array, wanted: Uint8Array): Int32Array {
  let found = new Int32Array(16 * SCAN);
  let n = 0;
  for (let start = 0; start < indices.length; start += SCAN) {
    if (n + SCAN > found.length) {
      const longer = new Int32Array(found.length * 2);
      longer.set(found);
      found = longer;
    }
    n = scan(indices, wanted, start, Math.min(indices.length, start + SCAN), found, n);
  }
  return found.subarray(0, n);
}

/** The one loop over all interactions: it does not branch (5 times as fast), and is called often, so that engines optimise it. */
function scan(indices: Int32Array, wanted: Uint8Array, begin: number, end: number, found: Int32Array, n: number): number {
  for (let e = begin; e < end; e++) {
    found[n] = e;
    n += wanted[indices[e]];
  }
  return n;
}
