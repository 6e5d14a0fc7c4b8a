import { Csr } from '../../src/wasm/tensor.ts';
import { sparseRows } from './samples.ts';
import { type KernelTable, same } from './table.ts';

export const sparse: KernelTable = {
  csr_columns: {
    claim: 'equals a filter, empty rows and rows that become empty included',
    check(arena) {
      const rows = sparseRows(1, [0, 3, 7, 0, 1, 12, 5, 0], 13, (draw) => draw());
      for (const keep of [(c: number) => c % 3 === 1, () => false, () => true]) {
        const kept = Uint8Array.from({ length: 13 }, (_, c) => (keep(c) ? 1 : 0));
        const part = Csr.from(arena, rows).within(kept);
        const entries = Array.from(rows.indices, (c, e) => ({ c, e })).filter(({ c }) => keep(c));
        same(
          'indptr',
          arena.i32(part.indptr, 9),
          Array.from(rows.indptr, (start) => entries.filter(({ e }) => e < start).length),
        );
        same(
          'indices',
          arena.i32(part.indices, part.nnz),
          entries.map(({ c }) => c),
        );
        same(
          'data',
          arena.f32(part.data, part.nnz),
          entries.map(({ e }) => rows.data[e]),
        );
      }
    },
  },
  csr_transpose: {
    claim: 'equals a sort by column, empty rows and columns included',
    check(arena) {
      const rows = sparseRows(1, [0, 3, 7, 0, 1, 12, 5, 0], 13, (draw) => draw());
      const entries = Array.from(rows.indices, (c, e) => ({
        c,
        r: rows.indptr.findIndex((_, r) => rows.indptr[r + 1] > e),
        v: rows.data[e],
      }));
      entries.sort((a, b) => a.c - b.c || a.r - b.r);
      const turned = Csr.from(arena, rows).transpose();
      same(
        'indptr',
        arena.i32(turned.indptr, 14),
        Array.from({ length: 14 }, (_, c) => entries.filter((e) => e.c < c).length),
      );
      same(
        'indices',
        arena.i32(turned.indices, turned.nnz),
        entries.map((e) => e.r),
      );
      same(
        'data',
        arena.f32(turned.data, turned.nnz),
        entries.map((e) => e.v),
      );
    },
  },
};
