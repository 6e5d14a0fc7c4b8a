// Joining and cutting.
import type { Variable } from '../tape.ts';

/** [x₀ | x₁ | …], side by side. */
export function concatColumns(...parts: readonly Variable[]): Variable {
  const { tape, rows } = parts[0];
  const { kernels } = tape.arena;
  const y = tape.blank(
    rows,
    parts.reduce((sum, x) => sum + x.cols, 0),
  );
  const starts: number[] = [];
  let at = 0;
  for (const x of parts) {
    kernels.copy_columns(rows, x.cols, x.value.ld, 0, y.ld, at, 0, x.pointer, y.pointer);
    starts.push(at);
    at += x.cols;
  }
  kernels.clear_pads(rows, y.cols, y.ld, y.pointer);
  return tape.record(y, parts, (dy) =>
    parts.forEach((x, i) => {
      if (x.tracked)
        x.receive((dx, accumulate) => {
          kernels.copy_columns(rows, x.cols, y.ld, starts[i], x.value.ld, 0, accumulate, dy.pointer, dx);
          if (!accumulate) kernels.clear_pads(rows, x.cols, x.value.ld, dx);
        });
    }),
  );
}

/** Columns from … from + cols − 1. */
export function sliceColumns(x: Variable, from: number, cols: number): Variable {
  const { tape, rows } = x;
  const { kernels } = tape.arena;
  const y = tape.blank(rows, cols);
  kernels.copy_columns(rows, cols, x.value.ld, from, y.ld, 0, 0, x.pointer, y.pointer);
  kernels.clear_pads(rows, cols, y.ld, y.pointer);
  return tape.record(y, [x], (dy) => kernels.copy_columns(rows, cols, y.ld, 0, x.value.ld, from, 1, dy.pointer, x.intoGradient().pointer));
}

/** Rows of all parts, one below the other; all have the same number of columns. */
export function concatRows(...parts: readonly Variable[]): Variable {
  const { tape, cols } = parts[0];
  const { kernels } = tape.arena;
  const y = tape.blank(
    parts.reduce((sum, x) => sum + x.rows, 0),
    cols,
  );
  const starts: number[] = [];
  let at = 0;
  for (const x of parts) {
    kernels.axpby(x.length, 1, 0, x.pointer, y.pointer + at * 4);
    starts.push(at);
    at += x.length;
  }
  return tape.record(y, parts, (dy) =>
    parts.forEach((x, i) => {
      if (x.tracked) x.receive((dx, accumulate) => kernels.axpby(x.length, 1, accumulate, dy.pointer + starts[i] * 4, dx));
    }),
  );
}

/** Rows from … from + rows − 1. */
export function sliceRows(x: Variable, from: number, rows: number): Variable {
  const { tape } = x;
  const { kernels } = tape.arena;
  const offset = from * x.value.ld * 4;
  const y = tape.blank(rows, x.cols);
  const length = rows * y.ld;
  kernels.axpby(length, 1, 0, x.pointer + offset, y.pointer);
  return tape.record(y, [x], (dy) => kernels.axpby(length, 1, 1, dy.pointer, x.intoGradient().pointer + offset));
}
