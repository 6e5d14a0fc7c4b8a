// Reverse-mode differentiation over matrices in linear memory. A step records what it computes; `backward` walks the
// record in reverse and adds up gradients. Recording allocates upwards in the arena, and a step runs within one scope:
// steps of the same shapes use the same addresses, and memory grows in the first step of the largest shape only.
import type { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';

/** A value on the tape, and the gradient of the step's loss by it. */
export class Variable {
  #gradient?: Matrix;

  constructor(
    readonly tape: Tape,
    readonly value: Matrix,
    /** Whether a gradient is wanted: of parameters and of what is computed from them. */
    readonly tracked: boolean,
  ) {}

  get rows(): number {
    return this.value.rows;
  }
  get cols(): number {
    return this.value.cols;
  }
  /** Elements, pads included. */
  get length(): number {
    return this.value.rows * this.value.ld;
  }
  get pointer(): number {
    return this.value.pointer;
  }
  /** The gradient, or undefined where none has arrived. */
  get gradient(): Matrix | undefined {
    return this.#gradient;
  }
  /** The gradient to add to, zero at first. */
  intoGradient(): Matrix {
    return (this.#gradient ??= new Matrix(this.tape.arena, this.rows, this.cols));
  }
  /** The same for whoever writes every element, pads included: `accumulate` is 0 for the first, who need not find zeros there. */
  receive(add: (gradient: number, accumulate: 0 | 1) => void): void {
    const accumulate = this.#gradient ? 1 : 0;
    this.#gradient ??= new Matrix(this.tape.arena, this.rows, this.cols, false);
    add(this.#gradient.pointer, accumulate);
  }
}

interface Step {
  readonly output: Variable;
  /** Adds to the inputs' gradients, given the output's. */
  readonly backward: (gradient: Matrix) => void;
}

/** The record of one step. */
export class Tape {
  readonly #steps: Step[] = [];
  readonly #leaves = new Map<Matrix, Variable>();

  constructor(readonly arena: Arena) {}

  /** A trained matrix: the same variable whenever it is asked for, so that all its uses share one gradient. */
  parameter(matrix: Matrix): Variable {
    let leaf = this.#leaves.get(matrix);
    if (!leaf) this.#leaves.set(matrix, (leaf = new Variable(this, matrix, true)));
    return leaf;
  }

  /** A matrix that gets no gradient. */
  constant(matrix: Matrix): Variable {
    return new Variable(this, matrix, false);
  }

  /** Records a computed value. `backward` is dropped when no input is tracked. */
  record(value: Matrix, inputs: readonly Variable[], backward: (gradient: Matrix) => void): Variable {
    const output = new Variable(
      this,
      value,
      inputs.some((input) => input.tracked),
    );
    if (output.tracked) this.#steps.push({ output, backward });
    return output;
  }

  /** A new matrix for a result, zero; it lives as long as the step's scope. */
  matrix(rows: number, cols: number): Matrix {
    return new Matrix(this.arena, rows, cols);
  }

  /** The same with whatever was there: for results whose every element, pads included, is written. */
  blank(rows: number, cols: number): Matrix {
    return new Matrix(this.arena, rows, cols, false);
  }

  /** Adds the gradients of `loss`, a 1 × 1 variable, to everything that it depends on. */
  backward(loss: Variable): void {
    loss.intoGradient().row(0)[0] = 1;
    for (let s = this.#steps.length - 1; s >= 0; s--) {
      const { output, backward } = this.#steps[s];
      if (output.gradient) backward(output.gradient);
    }
  }
}

/** The number in a 1 × 1 variable. */
export function scalar(variable: Variable): number {
  return variable.value.row(0)[0];
}
