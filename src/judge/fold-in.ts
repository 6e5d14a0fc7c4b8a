// What a model scores for somebody of whom half a history is known: a row is fitted by the model's own loss with the other
// side frozen, and models that score from histories are given the half. Nothing of the row that the model may hold is used.

import type { Key } from '../base/random.ts';
import { Dataset } from '../data/dataset.ts';
import { pairwiseRow } from '../gradient/pairwise-row.ts';
import type { LeastSquaresOptions, Side } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import { BilinearModel } from '../model/bilinear.ts';
import type { Model } from '../model/model.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { type Frozen, frozenSide } from './frozen.ts';
import { ridgeRow } from './ridge.ts';
import { itemsOf, type Subjects, transposed } from './subjects.ts';

/** For the `n`th of the given positions: scores of everything on the other side, of which only what is alive means anything. */
export type FoldIn = (half: SparseRows, of: Int32Array) => (n: number) => ArrayLike<number>;

/**
 * How a model scores from half a history.
 * @param seed of the negatives that a pairwise fit draws.
 * @returns null where it cannot: a model that scores from users' histories holds nothing that an item's history could ask.
 */
export function foldInOf(model: Model, subjects: Subjects, seed = 1): FoldIn | null {
  const { side, keys } = subjects;
  if (!(model instanceof BilinearModel)) return side === 'users' ? (half, of) => fromHistory(model, half, of) : null;
  const frozen = frozenSide(model, subjects);
  const { capabilities } = model.kind;
  if (capabilities.includes('leastSquares')) return (half, of) => scoring(frozen, leastSquaresRows(model, subjects, half, of));
  if (!capabilities.includes('gradient')) return ridgeFoldIn(frozen);
  const standing = { ...frozen, stride: frozen.width };
  const key = (r: number): Key => ({ lo: keys[2 * r], hi: keys[2 * r + 1] });
  return (half, of) => scoring(frozen, (n) => pairwiseRow(standing, itemsOf(half, of[n]), key(of[n]), seed));
}

/** Folding in by ridge, whatever the model's loss. */
export function ridgeFoldIn(frozen: Frozen): FoldIn {
  const row = ridgeRow(frozen);
  return (half, of) => scoring(frozen, (n) => row(itemsOf(half, of[n])));
}

function scoring({ width, values, living }: Frozen, row: (n: number) => ArrayLike<number>): (n: number) => Float64Array {
  const scores = new Float64Array(values.length / width);
  const x = new Float64Array(width);
  return (n) => {
    x.set(row(n));
    for (const p of living) scores[p] = dot(x, values, p * width, width);
    return scores;
  };
}

/** In four sums: one would wait for itself. */
function dot(x: Float64Array, values: Float64Array, at: number, width: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let n = 0;
  for (; n + 3 < width; n += 4) {
    a += x[n] * values[at + n];
    b += x[n + 1] * values[at + n + 1];
    c += x[n + 2] * values[at + n + 2];
    d += x[n + 3] * values[at + n + 3];
  }
  for (; n < width; n++) a += x[n] * values[at + n];
  return a + b + (c + d);
}

function fromHistory(model: Model, half: SparseRows, of: Int32Array): (n: number) => Float32Array {
  const items = Int32Array.from({ length: model.items.size }, (_, i) => i);
  return (n) => model.scorePairs(new Int32Array(items.length).fill(of[n]), items, half);
}

/** The exact rows of the model's own normal equations. */
function leastSquaresRows(
  model: BilinearModel,
  { side, alive }: Subjects,
  half: SparseRows,
  of: Int32Array,
): (n: number) => ArrayLike<number> {
  const data = new Dataset({ users: model.users, items: model.items, userItems: side === 'users' ? half : transposed(half) });
  const problem = new LeastSquares(data, { ...(model.options as unknown as LeastSquaresOptions), solver: 'cholesky' });
  problem.start(model.userFactors, model.itemFactors);
  const frozen: Record<Side, typeof model.userFactors> = { users: problem.itemFactors, items: problem.userFactors };
  for (let p = 0; p < alive.length; p++) if (alive[p] === 0) frozen[side].row(p).fill(0);
  problem.touch();
  problem.solveRows(side, of, true);
  const solved = side === 'users' ? problem.userFactors : problem.itemFactors;
  return (n) => solved.row(of[n]).slice();
}
