// Operations by rows: picking, dot products, lengths, weights, dropout. A number per row is a [1 × n] variable.
import type { Variable } from '../tape.ts';

/** Y = X[index]: rows may be named more than once; their gradients add up in the order of `index`. */
export function gather(x: Variable, index: Int32Array): Variable {
  const { tape } = x;
  const { kernels } = tape.arena;
  const { ld } = x.value;
  const n = index.length;
  const at = tape.arena.upload(index);
  const y = tape.blank(n, x.cols);
  kernels.gather_rows(n, ld, at, x.pointer, y.pointer);
  return tape.record(y, [x], (dy) => kernels.scatter_add_rows(n, ld, at, dy.pointer, x.intoGradient().pointer));
}

/** [1 × n]: a_r · b_r. */
export function rowDot(a: Variable, b: Variable): Variable {
  const { tape, rows } = a;
  const { kernels } = tape.arena;
  const { ld } = a.value;
  const y = tape.matrix(1, rows);
  kernels.row_dot(rows, ld, 0, a.pointer, b.pointer, y.pointer, 1);
  return tape.record(y, [a, b], (dy) => {
    if (a.tracked) a.receive((da, accumulate) => kernels.row_scale(rows, ld, accumulate, dy.pointer, 1, b.pointer, da));
    if (b.tracked) b.receive((db, accumulate) => kernels.row_scale(rows, ld, accumulate, dy.pointer, 1, a.pointer, db));
  });
}

/**
 * Row r times a weight: element r of a [1 × n] variable, column `column` of an [n × k] one, or the one number of a [1 × 1].
 */
export function scaleRows(x: Variable, weights: Variable, column = 0): Variable {
  const { tape, rows } = x;
  const { kernels } = tape.arena;
  const { ld } = x.value;
  const step = strideOf(weights, rows);
  const y = tape.blank(rows, x.cols);
  kernels.row_scale(rows, ld, 0, weights.pointer + column * 4, step, x.pointer, y.pointer);
  return tape.record(y, [x, weights], (dy) => {
    if (x.tracked)
      x.receive((dx, accumulate) => kernels.row_scale(rows, ld, accumulate, weights.pointer + column * 4, step, dy.pointer, dx));
    if (weights.tracked) kernels.row_dot(rows, ld, 1, dy.pointer, x.pointer, weights.intoGradient().pointer + column * 4, step);
  });
}

/** Elements from one row's weight to the next: a column's, a row's, or none where there is one for all. */
function strideOf(weights: Variable, rows: number): number {
  if (weights.rows === rows && rows > 1) return weights.value.ld;
  return weights.cols === rows ? 1 : 0;
}

/** x_r / ‖x_r‖; a row of length 0 stays 0 and gets no gradient. */
export function unitRows(x: Variable): Variable {
  const { tape, rows } = x;
  const { kernels } = tape.arena;
  const { ld } = x.value;
  const y = tape.blank(rows, x.cols);
  const norms = tape.arena.alloc(rows * 4);
  kernels.unit_rows(rows, ld, x.pointer, y.pointer, norms);
  return tape.record(y, [x], (dy) => kernels.unit_rows_backward(rows, ld, y.pointer, norms, dy.pointer, x.intoGradient().pointer));
}

/** Softmax over the columns; where `mask` (u8 [rows × cols]) is 0 the weight is 0. */
export function rowSoftmax(x: Variable, mask?: Uint8Array): Variable {
  const { tape, rows, cols } = x;
  const { kernels } = tape.arena;
  const { ld } = x.value;
  const open = mask ? tape.arena.upload(mask) : 0;
  const y = tape.matrix(rows, cols);
  kernels.row_softmax(rows, cols, ld, open, x.pointer, y.pointer);
  return tape.record(y, [x], (dy) => kernels.row_softmax_backward(rows, ld, y.pointer, dy.pointer, x.intoGradient().pointer));
}

/** What names a dropout mask: the same names give the same mask. */
export interface MaskKey {
  readonly seed: number;
  readonly stream: number;
  /** Number of the mask: one per step and tensor. */
  readonly step: number;
  /** Keys [lo, hi] by row, u32[2·rows]: equal rows of a batch are masked alike. */
  readonly keys: Uint32Array;
}

/** x·mask/(1 − p): each element is dropped with probability p. The mask is drawn again for the gradient, not kept. */
export function dropout(x: Variable, p: number, key: MaskKey): Variable {
  const { tape, rows } = x;
  const { arena } = tape;
  const { ld } = x.value;
  const keys = arena.upload(key.keys);
  const scratch = arena.alloc(16);
  const masked = (accumulate: number, from: number, to: number): void =>
    arena.kernels.dropout_rows(rows, ld, p, accumulate, key.seed, key.stream, key.step, keys, from, to, scratch);
  const y = tape.blank(rows, x.cols);
  masked(0, x.pointer, y.pointer);
  return tape.record(y, [x], (dy) => x.receive((dx, accumulate) => masked(accumulate, dy.pointer, dx)));
}
