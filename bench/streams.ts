// Work for the bench of kernels that pass over rows: 80,000 rows of 64, the tables of a large model. Bytes are those that a
// pass reads and writes, each once; what is stored in a line that was not read costs another read, which is not counted.
import type { Kernels } from '../src/wasm/kernels.ts';
import type { Arena } from '../src/wasm/memory.ts';
import { Csr } from '../src/wasm/tensor.ts';
import { draws, sparseRows } from '../test/kernels/samples.ts';
import type { Timed } from '../test/kernels/table.ts';

const ROWS = 80_000;
const LD = 64;
const N = ROWS * LD;
/** Batch by batch: the matrix that a contrast or a spread looks at. */
const BATCH = 2048;

/** What a pass is given: the kernels, room for f32[N] (drawn from −1 to 1), and lists. */
interface Room {
  readonly k: Kernels;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly w: number;
  /** i32[ROWS], any order, rows as often as it comes. */
  readonly list: number;
  /** u32[2 ROWS] */
  readonly keys: number;
  /** f32[ROWS] and more: scratch. */
  readonly rest: number;
}

const room = (arena: Arena): Room => {
  const next = draws(5);
  const floats = (): number => arena.upload(Float32Array.from({ length: N }, () => next() * 2 - 1));
  return {
    k: arena.kernels,
    x: floats(),
    y: floats(),
    z: floats(),
    w: floats(),
    list: arena.upload(Int32Array.from({ length: ROWS }, () => Math.floor(next() * ROWS))),
    keys: arena.upload(Uint32Array.from({ length: 2 * ROWS }, () => next() * 4294967296)),
    rest: arena.alloc(ROWS * 16),
  };
};
const pass =
  (bytes: number, run: (room: Room) => void): ((arena: Arena) => Timed) =>
  (arena) => {
    const given = room(arena);
    return { work: bytes, unit: 'byte', run: () => run(given) };
  };
const float64 = (arena: Arena, rows: number): number =>
  arena.upload(Float64Array.from({ length: rows * LD }, (_, i) => Math.fround(((i * 7919) % 1000) / 1000)));

const rows = `${ROWS / 1000},000 × ${LD}`;
const drawn = `${rows}, rows in any order`;
const batch = `${BATCH} × ${BATCH}`;

/** By kernel, then by size. */
export const STREAMS: Readonly<Record<string, Readonly<Record<string, (arena: Arena) => Timed>>>> = {
  axpby: { [rows]: pass(12 * N, ({ k, x, y }) => k.axpby(N, 0.5, 0.5, x, y)) },
  combine: { [rows]: pass(12 * N, ({ k, x, y, z }) => k.combine(N, 0.5, 0.5, x, y, z)) },
  multiply: { [rows]: pass(12 * N, ({ k, x, y, z }) => k.multiply(N, x, y, z)) },
  sgd: { [rows]: pass(12 * N, ({ k, x, y }) => k.sgd(N, 1e-6, 0.01, x, y)) },
  adagrad: { [rows]: pass(20 * N, ({ k, x, y, z }) => k.adagrad(N, 1e-6, 0.01, x, y, z)) },
  adam: { [rows]: pass(28 * N, ({ k, x, y, z, w }) => k.adam(N, 1e-6, 0.9, 0.999, 1e-8, 1, 1, 0, x, y, z, w)) },
  gather_rows: { [drawn]: pass(8 * N, ({ k, x, y, list }) => k.gather_rows(ROWS, LD, list, x, y)) },
  scatter_add_rows: { [drawn]: pass(12 * N, ({ k, x, y, list }) => k.scatter_add_rows(ROWS, LD, list, x, y)) },
  copy_columns: { [`${rows}, half`]: pass(4 * N, ({ k, x, y }) => k.copy_columns(ROWS, LD / 2, LD, 0, LD, LD / 2, 0, x, y)) },
  transpose: { [rows]: pass(8 * N, ({ k, x, y }) => k.transpose(ROWS, LD, LD, ROWS, x, y)) },
  row_dot: { [rows]: pass(8 * N, ({ k, x, y, rest }) => k.row_dot(ROWS, LD, 0, x, y, rest, 1)) },
  row_scale: { [rows]: pass(8 * N, ({ k, x, y, w }) => k.row_scale(ROWS, LD, 0, w, 1, x, y)) },
  unit_rows: { [rows]: pass(8 * N, ({ k, x, y, rest }) => k.unit_rows(ROWS, LD, x, y, rest)) },
  unit_rows_backward: { [rows]: pass(16 * N, ({ k, x, y, z, w }) => k.unit_rows_backward(ROWS, LD, x, w, y, z)) },
  column_sums: { [rows]: pass(4 * N, ({ k, x, rest }) => k.column_sums(ROWS, LD, x, rest)) },
  sum_squares: { [rows]: pass(4 * N, ({ k, x }) => k.sum_squares(N, x)) },
  dropout_rows: { [rows]: pass(8 * N, ({ k, x, y, keys, rest }) => k.dropout_rows(ROWS, LD, 0.3, 0, 1, 2, 3, keys, x, y, rest)) },
  random_normal_rows: { [rows]: pass(4 * N, ({ k, x, keys }) => k.random_normal_rows(ROWS, LD, LD, 1, 2, keys, 0.1, x)) },
  exp_f32: { [rows]: pass(8 * N, ({ k, x, y }) => k.exp_f32(N, x, y)) },
  sigmoid_f32: { [rows]: pass(8 * N, ({ k, x, y }) => k.sigmoid_f32(N, x, y)) },
  softplus_f32: { [rows]: pass(8 * N, ({ k, x, y }) => k.softplus_f32(N, x, y)) },
  tanh_f32: { [rows]: pass(8 * N, ({ k, x, y }) => k.tanh_f32(N, x, y)) },
  bpr_loss: { [`${N / 1e6} M pairs`]: pass(12 * N, ({ k, x, y, z }) => k.bpr_loss(N, N, 1, x, y, z)) },
  bpr_loss_backward: { [`${N / 1e6} M pairs`]: pass(28 * N, ({ k, x, y, z, w }) => k.bpr_loss_backward(N, 1, x, y, z, w, w)) },
  row_softmax: { [rows]: pass(8 * N, ({ k, x, y }) => k.row_softmax(ROWS, LD, LD, 0, x, y)) },
  row_softmax_backward: { [rows]: pass(16 * N, ({ k, x, y, z }) => k.row_softmax_backward(ROWS, LD, x, y, z)) },
  softmax_rows: {
    [batch]: pass(8 * BATCH * BATCH, ({ k, x, y, rest }) => k.softmax_rows(BATCH, BATCH, BATCH, 0.5, y, y, x, rest, rest + BATCH * 4)),
  },
  spread_rows: { [batch]: pass(12 * BATCH * BATCH, ({ k, x, y, z }) => k.spread_rows(BATCH, BATCH, 1, z, x, y)) },
  select_neighbors: {
    '64 × 80,000, 10 neighbours': pass(4 * N, ({ k, x, keys, rest }) =>
      k.select_neighbors(LD, ROWS, ROWS, 10, 0, keys, x, rest, rest + LD * 40),
    ),
  },
  score_pairs: {
    [`${ROWS / 1000},000 pairs in any order, f = ${LD}`]: pass(8 * N, ({ k, x, y, list, rest }) =>
      k.score_pairs(ROWS, LD, list, list, x, y, rest),
    ),
  },
  csr_transpose: {
    '80k nodes, 2M non-zeros': (arena) => {
      const csr = Csr.from(
        arena,
        sparseRows(8, new Array(ROWS).fill(25), ROWS, () => 1),
      );
      const indptr = arena.alloc((ROWS + 1) * 4);
      const indices = arena.alloc(csr.nnz * 4);
      const data = arena.alloc(csr.nnz * 4);
      return {
        work: 16 * csr.nnz,
        unit: 'byte',
        run: () => arena.kernels.csr_transpose(ROWS, ROWS, csr.indptr, csr.indices, csr.data, indptr, indices, data),
      };
    },
  },
  combine64: {
    [rows]: (arena) => {
      const [a, b] = [float64(arena, ROWS), float64(arena, ROWS)];
      return { work: 24 * N, unit: 'byte', run: () => arena.kernels.combine64(N, 0.5, a, 0.5, b) };
    },
  },
  inner64: {
    [rows]: (arena) => {
      const [a, b] = [float64(arena, ROWS), float64(arena, ROWS)];
      return { work: 16 * N, unit: 'byte', run: () => arena.kernels.inner64(ROWS, LD, 0, a, b) };
    },
  },
  gram64: {
    [rows]: (arena) => {
      const [a, b] = [float64(arena, ROWS), float64(arena, ROWS)];
      const out = arena.alloc(LD * LD * 8);
      return { work: 2 * N * LD, unit: 'flop64', run: () => arena.kernels.gram64(ROWS, LD, 1, a, b, out) };
    },
  },
};
