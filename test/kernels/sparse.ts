import { Csr } from '../../src/tensor.ts';
import { sparseRows } from './samples.ts';
import { same, type KernelTable } from './table.ts';

export const sparse: KernelTable = {
  csr_transpose: {
    claim: 'equals a sort by column, empty rows and columns included',
    check(arena) {
      const rows = sparseRows(1, [0, 3, 7, 0, 1, 12, 5, 0], 13, (draw) => draw());
      const entries = Array.from(rows.indices, (c, e) => ({ c, r: rows.indptr.findIndex((_, r) => rows.indptr[r + 1] > e), v: rows.data[e] }));
      entries.sort((a, b) => a.c - b.c || a.r - b.r);
      const turned = Csr.from(arena, rows).transpose();
      same('indptr', arena.i32(turned.indptr, 14), Array.from({ length: 14 }, (_, c) => entries.filter((e) => e.c < c).length));
      same('indices', arena.i32(turned.indices, turned.nnz), entries.map((e) => e.r));
      same('data', arena.f32(turned.data, turned.nnz), entries.map((e) => e.v));
    },
  },
};
