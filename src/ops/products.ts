// Products: dense with dense, sparse with dense, and layers of propagation over a graph.
import type { Csr } from '../tensor.ts';
import type { Variable } from '../tape.ts';
import { pass } from './pointwise.ts';

/** A[m×k]·B[k×n]. */
export function matmul(a: Variable, b: Variable): Variable {
  const { tape } = a, { arena } = tape, { kernels } = arena;
  const m = a.rows, k = a.cols, lda = a.value.ld, ldb = b.value.ld;
  const y = tape.matrix(m, b.cols);
  kernels.gemm_nn(m, y.ld, k, lda, ldb, y.ld, 0, a.pointer, b.pointer, y.pointer);
  return tape.record(y, [a, b], (dy) => {
    if (a.tracked) {
      const da = a.intoGradient();
      arena.scope(() => kernels.gemm_nt(m, k, b.cols, y.ld, ldb, lda, 1, dy.pointer, b.pointer, da.pointer,
        arena.alloc(kernels.gemm_nt_scratch(k, b.cols))));
    }
    if (b.tracked) kernels.gemm_tn(k, y.ld, m, lda, y.ld, ldb, 1, a.pointer, dy.pointer, b.intoGradient().pointer);
  });
}

/** A[m×k]·B[n×k]ᵀ. */
export function matmulTransposed(a: Variable, b: Variable): Variable {
  const { tape } = a, { arena } = tape, { kernels } = arena;
  const m = a.rows, n = b.rows, k = a.cols, ld = a.value.ld;
  const y = tape.matrix(m, n);
  arena.scope(() => kernels.gemm_nt(m, n, k, ld, ld, y.ld, 0, a.pointer, b.pointer, y.pointer, arena.alloc(kernels.gemm_nt_scratch(n, k))));
  return tape.record(y, [a, b], (dy) => {
    if (a.tracked) kernels.gemm_nn(m, ld, n, y.ld, ld, ld, 1, dy.pointer, b.pointer, a.intoGradient().pointer);
    if (b.tracked) kernels.gemm_tn(n, ld, m, y.ld, ld, ld, 1, dy.pointer, a.pointer, b.intoGradient().pointer);
  });
}

/** X + 1·bias, bias [1 × cols]. */
export function addBias(x: Variable, bias: Variable): Variable {
  const { tape, rows, length } = x, { kernels } = tape.arena;
  const y = tape.matrix(rows, x.cols);
  kernels.axpby(length, 1, 0, x.pointer, y.pointer);
  kernels.add_to_rows(rows, y.ld, bias.pointer, y.pointer);
  return tape.record(y, [x, bias], (dy) => {
    pass(x, dy);
    if (bias.tracked) kernels.column_sums(rows, y.ld, dy.pointer, bias.intoGradient().pointer);
  });
}

/** X·W + bias. */
export const linear = (x: Variable, weight: Variable, bias?: Variable): Variable =>
  bias ? addBias(matmul(x, weight), bias) : matmul(x, weight);

/** A sparse matrix with its transpose, which the backward pass multiplies by; a symmetric one is its own. */
export interface Graph {
  readonly matrix: Csr;
  readonly transpose: Csr;
}

/** S·X. */
export function propagate({ matrix: S, transpose: T }: Graph, x: Variable): Variable {
  const { tape } = x, { kernels } = tape.arena, ld = x.value.ld;
  const y = tape.matrix(S.rows, x.cols);
  kernels.spmm(0, S.rows, ld, S.indptr, S.indices, S.data, x.pointer, 0, y.pointer);
  return tape.record(y, [x], (dy) => {
    const dx = x.intoGradient().pointer;
    kernels.spmm(0, T.rows, ld, T.indptr, T.indices, T.data, dy.pointer, dx, dx);
  });
}

/**
 * weight·Σ_{l=0..layers} S^l·X for a square S: LightGCN's mean with weight 1/(layers+1), a sum of layers with 1.
 * Backward in Horner's form, so that no layer is kept.
 */
export function propagateLayers({ matrix: S, transpose: T }: Graph, x: Variable, layers: number, weight: number): Variable {
  const { tape, length } = x, { arena } = tape, { kernels } = arena, ld = x.value.ld;
  const horner = (M: Csr, start: number, out: number): void => arena.scope(() => {
    // out = start + M(start + M(start + …)), turn by turn between two buffers
    let last = start;
    const buffers = [arena.alloc(length * 4), layers > 1 ? arena.alloc(length * 4) : 0];
    for (let l = 0; l < layers; l++) {
      const next = buffers[l & 1];
      kernels.spmm(0, M.rows, ld, M.indptr, M.indices, M.data, last, start, next);
      last = next;
    }
    kernels.axpby(length, weight, 1, last, out);
  });
  const y = tape.matrix(x.rows, x.cols);
  horner(S, x.pointer, y.pointer);
  return tape.record(y, [x], (dy) => horner(T, dy.pointer, x.intoGradient().pointer));
}
