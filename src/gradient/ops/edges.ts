// Propagation over edges whose weights are variables themselves.
import type { Neighbors } from '../graph.ts';
import type { Variable } from '../tape.ts';

/** Where the edges run: row r has indptr[r] … indptr[r+1]−1, ascending; `from` names the row of each. */
export interface Edges {
  readonly rows: number;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly from: Int32Array;
}

/** The edges of lists of neighbours. */
export function edgesOf(rows: number, { k, indices: lists }: Neighbors): Edges {
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  const from: number[] = [];
  for (let r = 0; r < rows; r++) {
    for (const j of lists.slice(r * k, (r + 1) * k).sort()) {
      if (j < 0) continue;
      indices.push(j);
      from.push(r);
    }
    indptr[r + 1] = indices.length;
  }
  return { rows, indptr, indices: Int32Array.from(indices), from: Int32Array.from(from) };
}

/** Y_r = Σ w_e·X_j over the edges e = (r, j); w [1 × edges]. */
export function propagateEdges({ rows, indptr, indices, from }: Edges, weights: Variable, x: Variable): Variable {
  const { tape } = x;
  const { arena } = tape;
  const { kernels } = arena;
  const { ld } = x.value;
  const n = indices.length;
  const starts = arena.upload(indptr);
  const to = arena.upload(indices);
  const y = tape.matrix(rows, x.cols);
  kernels.spmm(0, rows, ld, starts, to, weights.pointer, x.pointer, 0, y.pointer);
  return tape.record(y, [weights, x], (dy) => {
    if (x.tracked) {
      const dx = x.intoGradient();
      arena.scope(() => {
        const turned = arena.alloc((x.rows + 1) * 4);
        const list = arena.alloc(n * 4);
        const data = arena.alloc(n * 4);
        kernels.csr_transpose(rows, x.rows, starts, to, weights.pointer, turned, list, data);
        kernels.spmm(0, x.rows, ld, turned, list, data, dy.pointer, dx.pointer, dx.pointer);
      });
    }
    if (weights.tracked) {
      const dw = weights.intoGradient();
      arena.scope(() => {
        const a = arena.alloc(n * ld * 4);
        const b = arena.alloc(n * ld * 4);
        kernels.gather_rows(n, ld, arena.upload(from), dy.pointer, a);
        kernels.gather_rows(n, ld, to, x.pointer, b);
        kernels.row_dot(n, ld, 1, a, b, dw.pointer, 1);
      });
    }
  });
}
