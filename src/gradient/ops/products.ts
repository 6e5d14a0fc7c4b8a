// Products: dense with dense, sparse with dense, and layers of propagation over a graph.
import {
  multiplyInto,
  multiplySparse,
  multiplySparseRows,
  multiplyTurned,
  overElements,
  overRows,
  type ProductArguments,
} from '../../threads/parallel-kernels.ts';
import type { Arena } from '../../wasm/memory.ts';
import { type Csr, paddedWidth } from '../../wasm/tensor.ts';
import type { Variable } from '../tape.ts';
import { pass } from './pointwise.ts';
import { gather } from './rows.ts';

/** X·W + bias: X [m×k], W [k×n], bias [1×n]. */
export function linear(a: Variable, b: Variable, bias?: Variable): Variable {
  const { tape } = a;
  const { arena } = tape;
  const m = a.rows;
  const k = a.cols;
  const lda = a.value.ld;
  const ldb = b.value.ld;
  const y = tape.blank(m, b.cols);
  multiplyInto(arena, m, y.ld, k, lda, ldb, y.ld, 0, a.pointer, b.pointer, y.pointer);
  if (bias) overRows(arena, 'add_to_rows', m, y.ld, [y.ld, bias.pointer, { base: y.pointer, row: y.ld * 4 }]);
  return tape.record(y, bias ? [a, b, bias] : [a, b], (dy) => {
    if (bias?.tracked) arena.kernels.column_sums(m, y.ld, dy.pointer, bias.intoGradient().pointer);
    if (a.tracked) a.receive((da, more) => multiplyByTransposed(arena, m, k, b.cols, y.ld, ldb, lda, more, dy.pointer, b.pointer, da));
    if (b.tracked) b.receive((db, more) => multiplyTurned(arena, k, y.ld, m, lda, y.ld, ldb, more, a.pointer, dy.pointer, db));
  });
}

/** A[m×k]·B[k×n]. */
export const matmul = (a: Variable, b: Variable): Variable => linear(a, b);

/** C = A[m×k]·B[n×k]ᵀ, or C += …: B is turned first. */
function multiplyByTransposed(arena: Arena, ...[m, n, k, lda, ldb, ldc, accumulate, A, B, C]: ProductArguments): void {
  arena.scope(() => {
    const width = paddedWidth(n);
    const turned = arena.alloc(k * width * 4);
    arena.kernels.transpose(n, k, ldb, width, B, turned);
    multiplyInto(arena, m, width, k, lda, width, ldc, accumulate, A, turned, C);
  });
}

/** A[m×k]·B[n×k]ᵀ. */
export function matmulTransposed(a: Variable, b: Variable): Variable {
  const { tape } = a;
  const { arena } = tape;
  const m = a.rows;
  const n = b.rows;
  const k = a.cols;
  const ld = a.value.ld;
  const y = tape.blank(m, n);
  multiplyByTransposed(arena, m, n, k, ld, ld, y.ld, 0, a.pointer, b.pointer, y.pointer);
  return tape.record(y, [a, b], (dy) => {
    if (a.tracked) a.receive((da, more) => multiplyInto(arena, m, ld, n, y.ld, ld, ld, more, dy.pointer, b.pointer, da));
    if (b.tracked) b.receive((db, more) => multiplyTurned(arena, n, ld, m, y.ld, ld, ld, more, dy.pointer, a.pointer, db));
  });
}

/** X + 1·bias, bias [1 × cols]. */
export function addBias(x: Variable, bias: Variable): Variable {
  const { tape, rows, length } = x;
  const { arena } = tape;
  const { kernels } = arena;
  const y = tape.blank(rows, x.cols);
  overElements(arena, 'axpby', length, [1, 0], [x.pointer, y.pointer]);
  kernels.add_to_rows(rows, y.ld, bias.pointer, y.pointer);
  return tape.record(y, [x, bias], (dy) => {
    pass(x, dy);
    if (bias.tracked) kernels.column_sums(rows, y.ld, dy.pointer, bias.intoGradient().pointer);
  });
}

/** A sparse matrix with its transpose, which the backward pass multiplies by; a symmetric one is its own. */
export interface Graph {
  readonly matrix: Csr;
  readonly transpose: Csr;
}

/** S·X. */
export function propagate({ matrix: S, transpose: T }: Graph, x: Variable): Variable {
  const { tape } = x;
  const ld = x.value.ld;
  const y = tape.blank(S.rows, x.cols);
  multiplySparse(S, ld, x.pointer, 0, y.pointer);
  return tape.record(y, [x], (dy) => {
    x.receive((dx, more) => multiplySparse(T, ld, dy.pointer, more ? dx : 0, dx));
  });
}

/** out (+)= weight·(start + M(start + M(start + …))); of `start`, only rows that are known (1, else 0) differ from zero. */
function horner(
  M: Csr,
  ld: number,
  start: number,
  layers: number,
  weight: number,
  accumulate: number,
  out: number,
  known?: Uint8Array,
): void {
  const { arena, rows } = M;
  const length = rows * ld;
  arena.scope(() => {
    // Turn by turn between two buffers.
    const buffers = [arena.alloc(length * 4), layers > 1 ? arena.alloc(length * 4) : 0];
    let last = start;
    for (let l = 0; l < layers; l++) {
      const next = buffers[l & 1];
      const from = last;
      arena.scope(() => multiplySparse(known && l === 0 ? M.within(known) : M, ld, from, start, next));
      last = next;
    }
    overElements(arena, 'axpby', length, [weight, accumulate], [last, out]);
  });
}

/**
 * weight·Σ_{l=0..layers} S^l·X for a square S: LightGCN's mean with weight 1/(layers+1), a sum of layers with 1.
 * Backward in Horner's form, so that no layer is kept.
 */
export function propagateLayers({ matrix: S, transpose: T }: Graph, x: Variable, layers: number, weight: number): Variable {
  const {
    tape,
    value: { ld },
  } = x;
  const y = tape.blank(x.rows, x.cols);
  horner(S, ld, x.pointer, layers, weight, 0, y.pointer);
  return tape.record(y, [x], (dy) => x.receive((dx, more) => horner(T, ld, dy.pointer, layers, weight, more, dx)));
}

/**
 * The same for whoever looks at few rows, with the same bits: the last layer is made for the rows that are asked for, and
 * backward the first product reads only these, where alone a gradient arrives.
 * @returns what picks rows of the result, as `gather` does.
 */
export function propagateRows(graph: Graph, x: Variable, layers: number, weight: number): (index: Int32Array) => Variable {
  if (layers === 0) {
    const all = propagateLayers(graph, x, 0, weight);
    return (index) => gather(all, index);
  }
  const { matrix: S, transpose: T } = graph;
  const {
    tape,
    value: { ld },
  } = x;
  const known = new Uint8Array(x.rows);
  const y = tape.blank(x.rows, x.cols);
  let last = x.pointer;
  if (layers > 1) horner(S, ld, x.pointer, layers - 1, 1, 0, (last = tape.blank(x.rows, x.cols).pointer));
  const all = tape.record(y, [x], (dy) => x.receive((dx, more) => horner(T, ld, dy.pointer, layers, weight, more, dx, known)));
  return (index) => {
    const missing = new Set<number>();
    for (const r of index) if (!known[r]) missing.add(r);
    for (const r of missing) known[r] = 1;
    multiplySparseRows(S, Int32Array.from(missing), ld, weight, last, x.pointer, y.pointer);
    return gather(all, index);
  };
}
