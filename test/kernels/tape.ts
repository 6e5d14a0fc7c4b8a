// The tape's kernels beside float64: products, rows, reductions.

import { philox } from '../../src/base/random.ts';
import type { Arena } from '../../src/wasm/memory.ts';
import { Csr, Matrix } from '../../src/wasm/tensor.ts';
import { cell, dot, product, type Table, table, turned } from '../reference/tables.ts';
import { draws, sparseRows } from './samples.ts';
import { type KernelCheck, type KernelTable, largest, near, same } from './table.ts';

/** A seeded matrix in the arena and its float64 twin. */
export function pair(arena: Arena, seed: number, rows: number, cols: number, scale = 1): { m: Matrix; t: Table } {
  const next = draws(seed);
  const m = new Matrix(arena, rows, cols).load(Float32Array.from({ length: rows * cols }, () => (next() * 2 - 1) * scale));
  return { m, t: table(rows, cols, (r, c) => m.row(r)[c]) };
}

/** Fails unless the matrix is the table within the threshold, with zero pads. */
export function close(what: string, m: Matrix, t: Table, threshold: number): void {
  near(what, m.toArray(), t.at, threshold, largest(t.at));
  const view = m.view();
  for (let r = 0; r < m.rows; r++)
    for (let c = m.cols; c < m.ld; c++) if (view[r * m.ld + c] !== 0) throw new Error(`${what}: pad [${r}, ${c}] is ${view[r * m.ld + c]}`);
}

const SHAPES = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 3],
  [67, 20, 300],
  [130, 64, 64],
  [133, 300, 259],
  [7, 530, 8],
] as const;

/** C (+)= product of A and B in the given form, over shapes that leave tails everywhere. */
function gemm(form: 'nn' | 'tn'): KernelCheck {
  return {
    claim: 'within 1e-6 of float64 for shapes with and without tails, fresh and accumulated; pads stay zero',
    check(arena) {
      const { kernels } = arena;
      const scratch = arena.alloc(kernels.gemm_scratch());
      for (const [m, n, k] of SHAPES) {
        const a = form === 'tn' ? pair(arena, 1, k, m) : pair(arena, 1, m, k);
        const b = pair(arena, 2, k, n);
        const c = new Matrix(arena, m, n);
        let expected: Table | undefined;
        for (const accumulate of [0, 1]) {
          kernels[`gemm_${form}`](m, c.ld, k, a.m.ld, b.m.ld, c.ld, accumulate, a.m.pointer, b.m.pointer, c.pointer, scratch);
          expected = product(form === 'tn' ? turned(a.t) : a.t, b.t, expected);
          close(`${form} ${m}×${n}×${k}`, c, expected, 2e-6);
        }
      }
      const empty = pair(arena, 3, 2, 8).m;
      if (form === 'nn') {
        kernels.gemm_nn(2, 8, 0, 8, 8, 8, 0, empty.pointer, empty.pointer, empty.pointer, scratch);
        same('an empty sum is zero', empty.view(), new Float32Array(16));
      }
    },
    bench: Object.fromEntries(
      [
        [2048, 64, 64],
        [2048, 64, 4096],
        [2048, 2048, 64],
      ].map(([m, n, k]) => [
        `${m}×${n}×${k}`,
        (arena: Arena) => {
          const a = form === 'tn' ? pair(arena, 1, k, m).m : pair(arena, 1, m, k).m;
          const b = pair(arena, 2, k, n).m;
          const c = new Matrix(arena, m, n);
          const scratch = arena.alloc(arena.kernels.gemm_scratch());
          return {
            work: 2 * m * n * k,
            unit: 'flop' as const,
            run: () => arena.kernels[`gemm_${form}`](m, n, k, a.ld, b.ld, c.ld, 0, a.pointer, b.pointer, c.pointer, scratch),
          };
        },
      ]),
    ),
  };
}

const byRows = (claim: string, run: (arena: Arena, rows: number, cols: number) => void): KernelCheck => ({
  claim: `${claim}, for widths 1 to 100`,
  check(arena) {
    for (const [rows, cols] of [
      [1, 1],
      [5, 8],
      [33, 12],
      [17, 100],
    ])
      run(arena, rows, cols);
  },
});

export const gemmTable: KernelTable = {
  gemm_nn: gemm('nn'),
  gemm_tn: gemm('tn'),
  transpose: byRows('rows become columns, pads zero', (arena, rows, cols) => {
    const x = pair(arena, 4, rows, cols);
    const out = new Matrix(arena, cols, rows);
    out.view().fill(9);
    arena.kernels.transpose(rows, cols, x.m.ld, out.ld, x.m.pointer, out.pointer);
    close('transpose', out, turned(x.t), 0);
  }),
};

export const spmmTable: KernelTable = {
  spmm: {
    claim: 'within 1e-6 of float64, empty and long rows, row ranges and tails of the panels included; fresh and accumulated',
    check(arena) {
      const rows = sparseRows(5, [0, 3, 150, 0, 1, 64, 65, 0], 160, (draw) => draw() - 0.5);
      const csr = Csr.from(arena, rows);
      for (const cols of [3, 8, 24, 32, 40, 64, 100]) {
        const x = pair(arena, 6, 160, cols);
        const y = pair(arena, 7, 8, cols);
        const before = y.m.toArray();
        const dense = table(8, 160, () => 0);
        for (let r = 0; r < 8; r++)
          for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++) dense.at[r * 160 + rows.indices[e]] = rows.data[e];
        arena.kernels.spmm(0, 8, x.m.ld, csr.indptr, csr.indices, csr.data, x.m.pointer, y.m.pointer, y.m.pointer);
        close('accumulated', y.m, product(dense, x.t, y.t), 1e-6);
        y.m.load(before);
        arena.kernels.spmm(1, 3, x.m.ld, csr.indptr, csr.indices, csr.data, x.m.pointer, 0, y.m.pointer);
        const fresh = product(dense, x.t);
        close(
          'range',
          y.m,
          table(8, cols, (r, c) => cell(r === 1 || r === 2 ? fresh : y.t, r, c)),
          1e-6,
        );
      }
    },
    bench: {
      '20k nodes, 400k non-zeros, 64 wide': (arena) => {
        const csr = Csr.from(
          arena,
          sparseRows(8, new Array(20000).fill(20), 20000, () => 1),
        );
        const x = pair(arena, 9, 20000, 64).m;
        const y = new Matrix(arena, 20000, 64);
        return {
          work: 2 * csr.nnz * 64,
          unit: 'flop',
          run: () => arena.kernels.spmm(0, 20000, 64, csr.indptr, csr.indices, csr.data, x.pointer, 0, y.pointer),
        };
      },
      '80k nodes, 2M non-zeros, 64 wide': (arena) => {
        const csr = Csr.from(
          arena,
          sparseRows(8, new Array(80000).fill(25), 80000, () => 1),
        );
        const x = pair(arena, 9, 80000, 64).m;
        const y = new Matrix(arena, 80000, 64);
        return {
          work: 2 * csr.nnz * 64,
          unit: 'flop',
          run: () => arena.kernels.spmm(0, 80000, 64, csr.indptr, csr.indices, csr.data, x.pointer, 0, y.pointer),
        };
      },
    },
  },
  spmm_rows: {
    claim: 'the bits of spmm times a factor for the listed rows, and touches no others',
    check(arena) {
      const csr = Csr.from(
        arena,
        sparseRows(5, [0, 3, 150, 0, 1, 64, 65, 0], 160, (draw) => draw() - 0.5),
      );
      const list = arena.upload(Int32Array.of(6, 0, 2, 5));
      for (const cols of [3, 24, 64]) {
        const x = pair(arena, 6, 160, cols).m;
        const b = pair(arena, 7, 8, cols).m;
        const whole = new Matrix(arena, 8, cols);
        const y = new Matrix(arena, 8, cols);
        const { ld } = x;
        for (const start of [0, b.pointer]) {
          arena.kernels.spmm(0, 8, ld, csr.indptr, csr.indices, csr.data, x.pointer, start, whole.pointer);
          y.view().fill(9);
          arena.kernels.spmm_rows(1, 4, ld, 0.3, list, csr.indptr, csr.indices, csr.data, x.pointer, start, y.pointer);
          same(
            'rows',
            y.view(),
            whole.view().map((v, k) => ([0, 2, 5].includes(Math.floor(k / ld)) ? Math.fround(Math.fround(0.3) * v) : 9)),
          );
        }
      }
    },
  },
  gather_rows: byRows('copies the named rows', (arena, rows, cols) => {
    const x = pair(arena, 10, rows, cols);
    const index = Int32Array.from({ length: 9 }, (_, k) => (k * 7) % rows);
    const y = new Matrix(arena, 9, cols);
    arena.kernels.gather_rows(9, x.m.ld, arena.upload(index), x.m.pointer, y.pointer);
    close(
      'gather',
      y,
      table(9, cols, (r, c) => cell(x.t, index[r], c)),
      0,
    );
  }),
  scatter_add_rows: byRows('adds in ascending order: the bits of a float32 loop, duplicates included', (arena, rows, cols) => {
    const x = pair(arena, 11, 40, cols);
    const y = pair(arena, 12, rows, cols);
    const index = Int32Array.from({ length: 40 }, (_, k) => (k * k) % rows);
    const expected = y.m.view().slice();
    for (let k = 0; k < 40; k++) for (let c = 0; c < y.m.ld; c++) expected[index[k] * y.m.ld + c] += x.m.view()[k * y.m.ld + c];
    arena.kernels.scatter_add_rows(40, x.m.ld, arena.upload(index), x.m.pointer, y.m.pointer);
    same('scatter', y.m.view(), expected);
  }),
};

/** Row r of the gradient of f at x by central differences would be slow here: these are the closed forms, in float64. */
const unit = (t: Table): { y: Table; norms: number[] } => {
  const norms = Array.from({ length: t.rows }, (_, r) => Math.sqrt(dot(t, r, t, r)));
  return { y: table(t.rows, t.cols, (r, c) => (norms[r] > 1e-12 ? cell(t, r, c) / norms[r] : 0)), norms };
};
const softmax = (t: Table, open: (r: number, c: number) => boolean): Table => {
  const e = table(t.rows, t.cols, (r, c) => (open(r, c) ? Math.exp(cell(t, r, c)) : 0));
  const sums = Array.from({ length: t.rows }, (_, r) => e.at.subarray(r * t.cols, (r + 1) * t.cols).reduce((a, b) => a + b, 0));
  return table(t.rows, t.cols, (r, c) => (sums[r] > 0 ? cell(e, r, c) / sums[r] : 0));
};

export const rowsTable: KernelTable = {
  row_dot: byRows('within 1e-6 of float64, fresh, accumulated and with a step', (arena, rows, cols) => {
    const a = pair(arena, 1, rows, cols);
    const b = pair(arena, 2, rows, cols);
    const out = arena.allocZeroed(rows * 8);
    const expected = Float64Array.from({ length: rows * 2 }, (_, k) => (k % 2 ? 0 : 2 * dot(a.t, k / 2, b.t, k / 2)));
    for (const accumulate of [0, 1]) arena.kernels.row_dot(rows, a.m.ld, accumulate, a.m.pointer, b.m.pointer, out, 2);
    near('row_dot', arena.f32(out, rows * 2), expected, 1e-6, largest(expected));
  }),
  row_scale: byRows('within 1e-6 of float64, fresh and accumulated', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const w = pair(arena, 2, rows, 3);
    const y = pair(arena, 3, rows, cols);
    arena.kernels.row_scale(rows, x.m.ld, 1, w.m.pointer + 4, w.m.ld, x.m.pointer, y.m.pointer);
    close(
      'accumulated',
      y.m,
      table(rows, cols, (r, c) => cell(y.t, r, c) + cell(w.t, r, 1) * cell(x.t, r, c)),
      1e-6,
    );
    arena.kernels.row_scale(rows, x.m.ld, 0, w.m.pointer, w.m.ld, x.m.pointer, y.m.pointer);
    close(
      'fresh',
      y.m,
      table(rows, cols, (r, c) => cell(w.t, r, 0) * cell(x.t, r, c)),
      1e-6,
    );
  }),
  unit_rows: byRows('unit length within 1e-6; a zero row stays zero', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const y = new Matrix(arena, rows, cols);
    const norms = arena.alloc(rows * 4);
    x.m.row(0).fill(0);
    x.t.at.fill(0, 0, cols);
    arena.kernels.unit_rows(rows, x.m.ld, x.m.pointer, y.pointer, norms);
    const expected = unit(x.t);
    close('rows', y, expected.y, 1e-6);
    near('norms', arena.f32(norms, rows), expected.norms, 1e-6, largest(expected.norms));
  }),
  unit_rows_backward: byRows('within 1e-5 of (dy − y(y·dy))/‖x‖; nothing for a zero row', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const dy = pair(arena, 2, rows, cols);
    const dx = pair(arena, 3, rows, cols);
    const y = new Matrix(arena, rows, cols);
    const norms = arena.alloc(rows * 4);
    x.m.row(rows - 1).fill(0);
    x.t.at.fill(0, (rows - 1) * cols);
    const { y: u, norms: lengths } = unit(x.t);
    arena.kernels.unit_rows(rows, x.m.ld, x.m.pointer, y.pointer, norms);
    arena.kernels.unit_rows_backward(rows, x.m.ld, y.pointer, norms, dy.m.pointer, dx.m.pointer);
    close(
      'dx',
      dx.m,
      table(
        rows,
        cols,
        (r, c) => cell(dx.t, r, c) + (lengths[r] > 0 ? (cell(dy.t, r, c) - cell(u, r, c) * dot(u, r, dy.t, r)) / lengths[r] : 0),
      ),
      1e-5,
    );
  }),
  row_softmax: byRows('within 1e-6 of float64, with a mask; a row masked out everywhere becomes zeros', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols, 30);
    const y = new Matrix(arena, rows, cols);
    const mask = Uint8Array.from({ length: rows * cols }, (_, k) => (k < cols || k % 3 === 0 ? 0 : 1));
    for (const open of [null, mask]) {
      arena.kernels.row_softmax(rows, cols, x.m.ld, open ? arena.upload(open) : 0, x.m.pointer, y.pointer);
      close(
        'softmax',
        y,
        softmax(x.t, (r, c) => !open || open[r * cols + c] === 1),
        1e-6,
      );
    }
  }),
  row_softmax_backward: byRows('within 1e-6 of y(dy − y·dy)', (arena, rows, cols) => {
    const y = pair(arena, 1, rows, cols);
    const dy = pair(arena, 2, rows, cols);
    const dx = pair(arena, 3, rows, cols);
    arena.kernels.row_softmax_backward(rows, y.m.ld, y.m.pointer, dy.m.pointer, dx.m.pointer);
    close(
      'dx',
      dx.m,
      table(rows, cols, (r, c) => cell(dx.t, r, c) + cell(y.t, r, c) * (cell(dy.t, r, c) - dot(y.t, r, dy.t, r))),
      1e-6,
    );
  }),
  add_to_rows: byRows('adds the bias to each row', (arena, rows, cols) => {
    const bias = pair(arena, 1, 1, cols);
    const y = pair(arena, 2, rows, cols);
    arena.kernels.add_to_rows(rows, y.m.ld, bias.m.pointer, y.m.pointer);
    close(
      'y',
      y.m,
      table(rows, cols, (r, c) => cell(y.t, r, c) + bias.t.at[c]),
      1e-6,
    );
  }),
  column_sums: byRows('within 1e-6 of float64, added to what is there', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const out = pair(arena, 2, 1, cols);
    arena.kernels.column_sums(rows, x.m.ld, x.m.pointer, out.m.pointer);
    close(
      'sums',
      out.m,
      table(1, cols, (_, c) => out.t.at[c] + x.t.at.reduce((sum, v, k) => sum + (k % cols === c ? v : 0), 0)),
      1e-6,
    );
  }),
  sum: byRows('is the float64 sum within 1e-14', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const expected = x.t.at.reduce((a, b) => a + b, 0);
    near('sum', [arena.kernels.sum(rows * x.m.ld, x.m.pointer)], [expected], 1e-13);
  }),
  sum_squares: byRows('is the float64 sum within 1e-14', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const expected = x.t.at.reduce((a, b) => a + b * b, 0);
    near('sum', [arena.kernels.sum_squares(rows * x.m.ld, x.m.pointer)], [expected], 1e-13, expected);
  }),
  first_not_finite: {
    claim: 'names the first infinite or NaN element, else 0',
    check(arena) {
      const at = arena.upload(Float32Array.of(0, 1e38, -3e38, -0));
      same('finite', [arena.kernels.first_not_finite(4, at)], [0]);
      for (const bad of [NaN, Infinity, -Infinity]) {
        arena.f32(at, 4)[2] = bad;
        same(String(bad), [arena.kernels.first_not_finite(4, at)], [3]);
      }
    },
  },
  copy_columns: byRows('moves columns, or adds them, and touches no others', (arena, rows, cols) => {
    const x = pair(arena, 1, rows, cols);
    const out = pair(arena, 2, rows, cols + 3);
    const take = Math.ceil(cols / 2);
    const before = out.m.toArray();
    for (const accumulate of [0, 1]) {
      out.m.load(before);
      arena.kernels.copy_columns(rows, take, x.m.ld, cols - take, out.m.ld, 2, accumulate, x.m.pointer, out.m.pointer);
      close(
        'columns',
        out.m,
        table(rows, cols + 3, (r, c) =>
          c < 2 || c >= 2 + take ? cell(out.t, r, c) : cell(x.t, r, cols - take + c - 2) + accumulate * cell(out.t, r, c),
        ),
        1e-6,
      );
    }
  }),
  softmax_rows: {
    claim: 'within 1e-6 of float64 for weighted rows and columns, values to ±60 and all far below 0, counts that leave tails',
    check(arena) {
      for (const count of [1, 5, 16, 37]) {
        for (const shift of [0, -300]) {
          const rows = 6;
          const z = pair(arena, count, rows, count, 60);
          const tops = arena.alloc(rows * 4);
          const totals = arena.alloc(rows * 4);
          for (let r = 0; r < rows; r++)
            z.m.row(r).forEach((v, c, row) => {
              row[c] = z.t.at[r * count + c] = Math.fround(v + shift);
            });
          const weights = Float32Array.from({ length: rows }, (_, r) => r);
          const counts = Float32Array.from({ length: z.m.ld }, (_, c) => (c < count ? 1 + (c % 3) : 0));
          const summed = Array.from({ length: rows }, (_, r) => {
            const row = Array.from(z.t.at.subarray(r * count, (r + 1) * count), (v) => v / 2);
            const top = Math.max(...row);
            return { top, total: row.reduce((s, v, c) => s + counts[c] * Math.exp(v - top), 0) };
          });
          arena.kernels.softmax_rows(rows, count, z.m.ld, 0.5, arena.upload(counts), arena.upload(weights), z.m.pointer, tops, totals);
          close(
            'softmax',
            z.m,
            table(rows, count, (r, c) => (weights[r] * counts[c] * Math.exp(cell(z.t, r, c) / 2 - summed[r].top)) / summed[r].total),
            3e-6,
          );
          near(
            'tops',
            arena.f32(tops, rows),
            summed.map(({ top }) => top),
            1e-7,
            1,
          );
          near(
            'totals',
            arena.f32(totals, rows),
            summed.map(({ total }) => total),
            3e-6,
            largest(summed.map(({ total }) => total)),
          );
        }
      }
    },
  },
  spread_rows: {
    claim: 'within 2e-6 of float64, with and without excuses, a block of rows whose diagonal it begins with',
    check(arena) {
      for (const [rows, cols] of [
        [1, 8],
        [6, 8],
        [17, 24],
      ]) {
        const counts = Float32Array.from({ length: cols }, (_, c) => (c < rows + 3 ? 1 + (c % 3) : 0));
        const at = arena.upload(counts);
        const weight = (r: number, c: number): number => {
          if (c < r) return 0;
          return c === r ? (counts[r] * (counts[r] - 1)) / 2 : counts[r] * counts[c];
        };
        const z = pair(arena, rows, rows, cols);
        const s = pair(arena, rows + 1, rows, cols);
        const plain = pair(arena, rows, rows, cols);
        arena.kernels.spread_rows(rows, cols, 0.7, at, 0, plain.m.pointer);
        close(
          'plain',
          plain.m,
          table(rows, cols, (r, c) => weight(r, c) * Math.exp(4 * (cell(plain.t, r, c) - 1))),
          2e-6,
        );
        arena.kernels.spread_rows(rows, cols, 0.7, at, s.m.pointer, z.m.pointer);
        const held = (r: number, c: number): number => Math.min(Math.fround(0.7), Math.max(0, cell(s.t, r, c)));
        const expected = table(rows, cols, (r, c) => weight(r, c) * Math.exp(4 * (cell(z.t, r, c) - held(r, c))));
        close('excused', z.m, expected, 2e-6);
        close(
          'where the excuse moves',
          s.m,
          table(rows, cols, (r, c) => (held(r, c) === cell(s.t, r, c) ? cell(expected, r, c) : 0)),
          2e-6,
        );
      }
    },
  },
};

export const neighborsTable: KernelTable = {
  select_neighbors: {
    claim: 'equals a stable sort: best first, ties by lower index, floor and closed candidates left out, −1 fills',
    check(arena) {
      const next = draws(3);
      const n = 50;
      const z = new Matrix(arena, 6, n);
      z.load(Float32Array.from({ length: 6 * n }, () => Math.floor(next() * 12) / 12 - 0.25));
      const open = Uint8Array.from({ length: n }, (_, c) => (c % 5 === 0 ? 0 : 1));
      for (const k of [1, 10, 45]) {
        const index = arena.alloc(6 * k * 4);
        const value = arena.alloc(6 * k * 4);
        arena.kernels.select_neighbors(6, n, z.ld, k, 0, arena.upload(open), z.pointer, index, value);
        for (let r = 0; r < 6; r++) {
          const order = Array.from({ length: n }, (_, c) => c)
            .filter((c) => open[c] && z.row(r)[c] > 0)
            .sort((a, b) => z.row(r)[b] - z.row(r)[a] || a - b)
            .slice(0, k);
          same(
            'index',
            arena.i32(index + r * k * 4, k),
            Array.from({ length: k }, (_, j) => order[j] ?? -1),
          );
          same(
            'value',
            arena.f32(value + r * k * 4, k),
            Array.from({ length: k }, (_, j) => (j < order.length ? z.row(r)[order[j]] : 0)),
          );
        }
      }
    },
  },
};

/** The mask of `dropout_rows`, bit by bit. */
export function kept(
  seed: number,
  stream: number,
  key: readonly [number, number],
  step: number,
  ld: number,
  p: number,
): (c: number) => boolean {
  return (c) => philox(step * (ld / 4) + (c >> 2), 0, key[0], key[1], seed, stream)[c & 3] >>> 0 >= Math.floor(p * 4294967296);
}
