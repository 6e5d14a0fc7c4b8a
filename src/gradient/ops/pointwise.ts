// Pointwise operations. Those with f(0) ≠ 0 clear the pad columns, which every kernel relies on.

import { overElements } from '../../threads/parallel-kernels.ts';
import type { Kernels } from '../../wasm/kernels.ts';
import type { Matrix } from '../../wasm/tensor.ts';
import type { Variable } from '../tape.ts';

type Forward = (kernels: Kernels, n: number, x: number, y: number) => void;
type Backward = (kernels: Kernels, n: number, x: number, y: number, dy: number, dx: number) => void;

function map(x: Variable, forward: Forward, backward: Backward, padsStay: boolean): Variable {
  const { tape, length, rows, cols } = x;
  const { kernels } = tape.arena;
  const y = tape.blank(rows, cols);
  forward(kernels, length, x.pointer, y.pointer);
  if (!padsStay) kernels.clear_pads(rows, cols, y.ld, y.pointer);
  return tape.record(y, [x], (dy) => backward(kernels, length, x.pointer, y.pointer, dy.pointer, x.intoGradient().pointer));
}

/** Adds a multiple of a gradient to a variable's, where one is wanted. */
export function pass(to: Variable, gradient: Matrix, factor = 1): void {
  if (to.tracked)
    to.receive((dx, accumulate) => overElements(to.tape.arena, 'axpby', to.length, [factor, accumulate], [gradient.pointer, dx]));
}

/** a·x + b·y, element by element; x and y have the same shape. */
export function combine(a: number, x: Variable, b: number, y: Variable): Variable {
  const { tape, length } = x;
  const { arena } = tape;
  const z = tape.blank(x.rows, x.cols);
  overElements(arena, 'combine', length, [a, b], [x.pointer, y.pointer, z.pointer]);
  return tape.record(z, [x, y], (dz) => {
    pass(x, dz, a);
    pass(y, dz, b);
  });
}
export const add = (x: Variable, y: Variable): Variable => combine(1, x, 1, y);
export const subtract = (x: Variable, y: Variable): Variable => combine(1, x, -1, y);

/** factor·x. */
export function scale(x: Variable, factor: number): Variable {
  const { tape, length } = x;
  const y = tape.blank(x.rows, x.cols);
  overElements(tape.arena, 'axpby', length, [factor, 0], [x.pointer, y.pointer]);
  return tape.record(y, [x], (dy) => pass(x, dy, factor));
}

/** Σ of several weighted variables of the same shape, in the order given. */
export function weightedSum(terms: readonly (readonly [weight: number, x: Variable])[]): Variable {
  const { tape, length, rows, cols } = terms[0][1];
  const y = tape.blank(rows, cols);
  terms.forEach(([weight, x], i) => overElements(tape.arena, 'axpby', length, [weight, i === 0 ? 0 : 1], [x.pointer, y.pointer]));
  return tape.record(
    y,
    terms.map(([, x]) => x),
    (dy) => terms.forEach(([weight, x]) => pass(x, dy, weight)),
  );
}

/** x·y, element by element. */
export function multiply(x: Variable, y: Variable): Variable {
  const { tape, length } = x;
  const { arena } = tape;
  const z = tape.blank(x.rows, x.cols);
  overElements(arena, 'multiply', length, [], [x.pointer, y.pointer, z.pointer]);
  return tape.record(z, [x, y], (dz) => {
    for (const [to, other] of [
      [x, y],
      [y, x],
    ]) {
      if (to.tracked)
        to.receive((dx, accumulate) =>
          overElements(arena, accumulate ? 'multiply_add' : 'multiply', length, [], [dz.pointer, other.pointer, dx]),
        );
    }
  });
}

export const sigmoid = (x: Variable): Variable =>
  map(
    x,
    (k, n, from, to) => k.sigmoid_f32(n, from, to),
    (k, n, from, _, dy, dx) => k.sigmoid_backward(n, from, dy, dx),
    false,
  );

export const tanh = (x: Variable): Variable =>
  map(
    x,
    (k, n, from, to) => k.tanh_f32(n, from, to),
    (k, n, _, y, dy, dx) => k.tanh_backward(n, y, dy, dx),
    true,
  );

export const softplus = (x: Variable): Variable =>
  map(
    x,
    (k, n, from, to) => k.softplus_f32(n, from, to),
    (k, n, from, _, dy, dx) => k.softplus_backward(n, from, dy, dx),
    false,
  );

export const leakyRelu = (x: Variable, slope = 0.01): Variable =>
  map(
    x,
    (k, n, from, to) => k.leaky_relu(n, slope, from, to),
    (k, n, from, _, dy, dx) => k.leaky_relu_backward(n, slope, from, dy, dx),
    true,
  );

/** e^min(x, 88). */
export const exp = (x: Variable): Variable =>
  map(
    x,
    (k, n, from, to) => k.exp_clamped(n, from, to),
    (k, n, _, y, dy, dx) => k.multiply_add(n, y, dy, dx),
    false,
  );

/** ln(x + shift). */
export const log = (x: Variable, shift = 0): Variable =>
  map(
    x,
    (k, n, from, to) => k.log_shifted(n, shift, from, to),
    (k, n, from, _, dy, dx) => {
      // The pads of x are zero: with shift 0 their quotient is not a number, but their gradient is never looked at.
      k.log_backward(n, shift, from, dy, dx);
      k.clear_pads(x.rows, x.cols, x.value.ld, dx);
    },
    false,
  );

export const sqrt = (x: Variable): Variable =>
  map(
    x,
    (k, n, from, to) => k.square_root(n, from, to),
    (k, n, _, y, dy, dx) => k.square_root_backward(n, y, dy, dx),
    true,
  );

/** x within [low, high]; the gradient passes inside the closed interval. */
export const clamp = (x: Variable, low: number, high: number): Variable =>
  map(
    x,
    (k, n, from, to) => k.clamp(n, low, high, from, to),
    (k, n, from, _, dy, dx) => k.clamp_backward(n, low, high, from, dy, dx),
    false,
  );

/** The same value, through which no gradient passes. */
export const stopGradient = (x: Variable): Variable => x.tape.constant(x.value);
