// Losses over pairs: ranking, and contrast within a batch.

import { multiplyInto, multiplyTurned } from '../../threads/parallel-kernels.ts';
import { paddedWidth } from '../../wasm/tensor.ts';
import type { Variable } from '../tape.ts';
import { countsOf } from './distinct.ts';
import { add, pass } from './pointwise.ts';
import { sum } from './reduce.ts';
import { gather, rowDot } from './rows.ts';

/**
 * [1 × n]: softplus(−sign·(p − n)) of two [1 × n] score variables. Sign 1 asks that p rank above n, sign −1 the reverse.
 * Unlike −log(σ(x) + ε) it keeps its slope for badly ranked pairs.
 */
export function bprLoss(positive: Variable, negative: Variable, sign: 1 | -1 = 1): Variable {
  const { tape } = positive;
  const { kernels } = tape.arena;
  const y = tape.matrix(1, positive.cols);
  const width = y.ld;
  kernels.bpr_loss(y.cols, width, sign, positive.pointer, negative.pointer, y.pointer);
  return tape.record(y, [positive, negative], (dy) => {
    kernels.bpr_loss_backward(
      width,
      sign,
      positive.pointer,
      negative.pointer,
      dy.pointer,
      positive.intoGradient().pointer,
      negative.intoGradient().pointer,
    );
  });
}

const TILE = 64;

/**
 * 1 × 1: mean over pairs k of −log( e^{a_k·b_k/τ} / Σ_l e^{a_k·b_l/τ} ), the cross-entropy of the diagonal of A·Bᵀ/τ.
 * Pair k stands in row rows[k] of A and row columns[k] of B, by default in row k of both: rows that pairs share are
 * computed once and count as often. The square of scores is computed by tiles of rows, with its gradient, and never held.
 */
export function infoNce(a: Variable, b: Variable, temperature: number, rows?: Int32Array, columns?: Int32Array): Variable {
  const { tape } = a;
  const { arena } = tape;
  const { kernels } = arena;
  const n = rows?.length ?? a.rows;
  const agreed = rowDot(rows ? gather(a, rows) : a, columns ? gather(b, columns) : b);
  const da = a.tracked ? tape.blank(a.rows, a.cols) : undefined;
  const db = b.tracked ? tape.matrix(b.rows, b.cols) : undefined;
  const {
    cols: d,
    value: { ld },
  } = a;
  const count = b.rows;
  const width = paddedWidth(count);
  let total = 0;
  arena.scope(() => {
    const weights = countsOf(a.rows, rows);
    const weight = arena.upload(weights);
    const counts = arena.upload(countsOf(count, columns));
    const turned = arena.alloc(d * width * 4);
    const Z = arena.alloc(TILE * width * 4);
    const tops = arena.alloc(TILE * 4);
    const logs = arena.alloc(TILE * 4);
    kernels.transpose(count, d, ld, width, b.pointer, turned);
    for (let begin = 0; begin < a.rows; begin += TILE) {
      const some = Math.min(TILE, a.rows - begin);
      const at = begin * ld * 4;
      multiplyInto(arena, some, width, d, ld, width, width, 0, a.pointer + at, turned, Z);
      kernels.softmax_rows(some, count, width, 1 / temperature, counts, weight + begin * 4, Z, tops, logs);
      kernels.log_f32(some, logs, logs);
      const top = arena.f32(tops, some);
      const log = arena.f32(logs, some);
      for (let r = 0; r < some; r++) total += weights[begin + r] * (top[r] + log[r]);
      if (da) multiplyInto(arena, some, ld, count, width, ld, ld, 0, Z, b.pointer, da.pointer + at);
      if (db) multiplyTurned(arena, count, ld, some, width, ld, ld, 1, Z, a.pointer + at, db.pointer);
    }
  });
  const y = tape.matrix(1, 1);
  y.row(0)[0] = total / n;
  const logs = tape.record(y, [a, b], (dy) => {
    const factor = dy.row(0)[0] / (n * temperature);
    if (da) pass(a, da, factor);
    if (db) pass(b, db, factor);
  });
  return add(logs, sum(agreed, -1 / (n * temperature)));
}
