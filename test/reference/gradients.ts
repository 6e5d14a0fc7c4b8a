// Central differences in float64, and a check of the tape beside them.

import { multiply } from '../../src/gradient/ops/pointwise.ts';
import { sum } from '../../src/gradient/ops/reduce.ts';
import { Tape, type Variable } from '../../src/gradient/tape.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Matrix } from '../../src/wasm/tensor.ts';
import { draws } from '../kernels/samples.ts';
import { largest, near } from '../kernels/table.ts';
import { type Table, table } from './tables.ts';

/** d f / d t by central differences with h = 1e-6, element by element. */
export function centralDifferences(t: Table, f: () => number, h = 1e-6): Float64Array {
  return Float64Array.from(t.at, (value, i) => {
    t.at[i] = value + h;
    const above = f();
    t.at[i] = value - h;
    const below = f();
    t.at[i] = value;
    return (above - below) / (2 * h);
  });
}

export interface OpCase {
  /** Shapes of the inputs, all of which get gradients. */
  readonly inputs: readonly (readonly [rows: number, cols: number])[];
  readonly run: (...inputs: Variable[]) => Variable;
  /** The same in float64. */
  readonly twin: (...inputs: Table[]) => Table;
  /** Input values from a draw in [0, 1); default in [−1, 1). */
  readonly value?: (draw: number) => number;
  readonly threshold?: number;
}

/** Compares value and gradients of Σ w⊙op(inputs), w fixed and random, with the float64 twin. */
export function checkOp(name: string, { inputs, run, twin, value = (u) => u * 2 - 1, threshold = 3e-6 }: OpCase): void {
  const arena = new Arena();
  const next = draws(inputs.length + name.length);
  const matrices = inputs.map(([rows, cols]) =>
    new Matrix(arena, rows, cols).load(Float32Array.from({ length: rows * cols }, () => value(next()))),
  );
  const tables = matrices.map((m) => table(m.rows, m.cols, (r, c) => m.row(r)[c]));
  const tape = new Tape(arena);
  const leaves = matrices.map((m) => tape.parameter(m));
  const output = run(...leaves);
  const expected = twin(...tables);
  near(`${name}: value`, output.value.toArray(), expected.at, threshold, largest(expected.at));
  const weights = new Matrix(arena, output.rows, output.cols).load(
    Float32Array.from({ length: output.rows * output.cols }, () => next() * 2 - 1),
  );
  const w = weights.toArray();
  tape.backward(sum(multiply(output, tape.constant(weights))));
  const loss = (): number => twin(...tables).at.reduce((s, v, i) => s + v * w[i], 0);
  leaves.forEach((leaf, i) => {
    const actual = leaf.gradient?.toArray() ?? new Float32Array(tables[i].at.length);
    const exact = centralDifferences(tables[i], loss);
    near(`${name}: gradient of input ${i}`, actual, exact, threshold * 3, Math.max(1e-3, largest(exact)));
  });
}
