// Joining and cutting.
import type { Variable } from '../tape.ts';

/** [x₀ | x₁ | …], side by side. */
export function concatColumns(...parts: readonly Variable[]): Variable {
  const { tape, rows } = parts[0], { kernels } = tape.arena;
  const y = tape.matrix(rows, parts.reduce((sum, x) => sum + x.cols, 0));
  const starts: number[] = [];
  let at = 0;
  for (const x of parts) {
    kernels.copy_columns(rows, x.cols, x.value.ld, 0, y.ld, at, 0, x.pointer, y.pointer);
    starts.push(at);
    at += x.cols;
  }
  return tape.record(y, parts, (dy) => parts.forEach((x, i) => {
    if (x.tracked) kernels.copy_columns(rows, x.cols, y.ld, starts[i], x.value.ld, 0, 1, dy.pointer, x.intoGradient().pointer);
  }));
}

/** Columns from … from + cols − 1. */
export function sliceColumns(x: Variable, from: number, cols: number): Variable {
  const { tape, rows } = x, { kernels } = tape.arena;
  const y = tape.matrix(rows, cols);
  kernels.copy_columns(rows, cols, x.value.ld, from, y.ld, 0, 0, x.pointer, y.pointer);
  return tape.record(y, [x], (dy) => kernels.copy_columns(rows, cols, y.ld, 0, x.value.ld, from, 1, dy.pointer, x.intoGradient().pointer));
}

/** Rows of all parts, one below the other; all have the same number of columns. */
export function concatRows(...parts: readonly Variable[]): Variable {
  const { tape, cols } = parts[0], { kernels } = tape.arena;
  const y = tape.matrix(parts.reduce((sum, x) => sum + x.rows, 0), cols);
  const starts: number[] = [];
  let at = 0;
  for (const x of parts) {
    kernels.axpby(x.length, 1, 0, x.pointer, y.pointer + at * 4);
    starts.push(at);
    at += x.length;
  }
  return tape.record(y, parts, (dy) => parts.forEach((x, i) => {
    if (x.tracked) kernels.axpby(x.length, 1, 1, dy.pointer + starts[i] * 4, x.intoGradient().pointer);
  }));
}

/** Rows from … from + rows − 1. */
export function sliceRows(x: Variable, from: number, rows: number): Variable {
  const { tape } = x, { kernels } = tape.arena, offset = from * x.value.ld * 4;
  const y = tape.matrix(rows, x.cols), length = rows * y.ld;
  kernels.axpby(length, 1, 0, x.pointer + offset, y.pointer);
  return tape.record(y, [x], (dy) => kernels.axpby(length, 1, 1, dy.pointer, x.intoGradient().pointer + offset));
}
