import type { Arena } from '../../src/wasm/memory.ts';
import { paddedWidth } from '../../src/wasm/tensor.ts';
import {
  conjugateGradients,
  dotRows,
  gram,
  multiply,
  objective,
  rowSystem,
  rowsUpTo,
  solve,
  squares,
  toGroups,
  type Weights,
} from '../reference/als.ts';
import { alsBenches } from './als-bench.ts';
import { factorRows, sparseRows } from './samples.ts';
import { type KernelCheck, type KernelTable, largest, near, same } from './table.ts';

/** The objectives of the model, and weights that are zero or negative. */
const OBJECTIVES: Readonly<Record<string, Weights & { readonly base: number; readonly value: (u: number) => number }>> = {
  implicit: { ws: 40, w0: 0, ts: 40, t0: 1, explicit: 0, base: 1, value: (u) => 1 + Math.floor(u * 5) },
  'values as confidences': { ws: 1, w0: -1, ts: 1, t0: 0, explicit: 0, base: 1, value: (u) => [0, 0.5, 1, 5, -3][Math.floor(u * 5)] },
  ials: { ws: 0, w0: 1, ts: 0, t0: 1, explicit: 0, base: 0.1, value: () => 1 },
  explicit: { ws: 0, w0: 1, ts: 1, t0: 0, explicit: 1, base: 0, value: (u) => u * 4 - 2 },
};
const FACTORS = [1, 3, 8, 17, 64, 100, 256];

/** One problem in an arena: its pointers, and its parts for the twin. */
function problem(arena: Arena, objectiveName: string, factors: number, seed: number) {
  const p = OBJECTIVES[objectiveName];
  const ld = paddedWidth(factors);
  const k = arena.kernels;
  const lengths = [0, 1, Math.max(1, factors - 1), factors, 3 * factors, 70];
  const cols = 3 * factors + 90;
  const entries = sparseRows(seed, lengths, cols, (draw) => p.value(draw()));
  const X = factorRows(seed + 1, entries.rows, factors).map((x) => x * 0.3);
  const Y = factorRows(seed + 2, cols, factors).map((y) => y * 0.3);
  const G64 = gram(Y, ld, rowsUpTo(cols));
  const scaled = G64.map((g) => g * p.base);
  const reg = Float32Array.from(lengths, (n) => 0.5 + 0.01 * n);
  const at = {
    indptr: arena.upload(entries.indptr),
    indices: arena.upload(entries.indices),
    data: arena.upload(entries.data),
    X: arena.upload(X),
    Y: arena.upload(Y),
    reg: arena.upload(reg),
    G64: p.base === 0 ? 0 : arena.upload(toGroups(ld, G64)),
    G: p.base === 0 ? 0 : arena.upload(Float32Array.from(toGroups(ld, scaled))),
  };
  const scratch = (bytes: number) => {
    const pointer = arena.alloc(bytes);
    arena.u8(pointer, bytes).fill(0xff); // NaN: a kernel must not count on what it finds there
    return pointer;
  };
  return { p, ld, k, factors, entries, X, Y, reg, at, scratch, G: p.base === 0 ? null : scaled };
}

type Twin = (n: number, A: Float64Array, b: Float64Array, start: Float32Array) => Float64Array;

/** The twin's rows, row-major [rows × ld]; zero without entries. */
function twinRows(q: ReturnType<typeof problem>, twin: Twin): Float64Array {
  const out = new Float64Array(q.entries.rows * q.ld);
  for (let r = 0; r < q.entries.rows; r++) {
    if (q.entries.indptr[r] === q.entries.indptr[r + 1]) continue;
    const { A, b } = rowSystem(r, q.factors, q.ld, q.p, q.entries, q.reg[r], q.G, q.Y);
    out.set(twin(q.ld, A, b, q.X.subarray(r * q.ld, (r + 1) * q.ld)), r * q.ld);
  }
  return out;
}

type Sweep = (q: ReturnType<typeof problem>, begin: number, end: number, rowList: number) => number;

const cholesky: Sweep = ({ p, ld, k, factors, at, scratch }, begin, end, rowList) =>
  k.als_sweep_cholesky(
    begin,
    end,
    factors,
    ld,
    p.ws,
    p.w0,
    p.ts,
    p.t0,
    p.explicit,
    rowList,
    at.indptr,
    at.indices,
    at.data,
    at.reg,
    at.G,
    at.Y,
    at.X,
    scratch(k.als_sweep_cholesky_scratch(ld)),
  );

const cg =
  (steps: number): Sweep =>
  ({ p, ld, k, factors, at, scratch }, begin, end, rowList) =>
    k.als_sweep_cg(
      begin,
      end,
      factors,
      ld,
      p.ws,
      p.w0,
      p.ts,
      p.t0,
      p.explicit,
      steps,
      rowList,
      at.indptr,
      at.indices,
      at.data,
      at.reg,
      at.G,
      at.Y,
      at.X,
      scratch(k.als_sweep_cg_scratch(ld, Math.max(70, 3 * factors))),
    );

/** Rows within a threshold of the twin; ranges and lists give the same bytes; rows outside stay; rows without entries are zero. */
function checkSweep(arena: Arena, sweep: Sweep, twin: Twin, threshold: number): void {
  for (const name of Object.keys(OBJECTIVES)) {
    for (const factors of FACTORS) {
      arena.scope(() => {
        const q = problem(arena, name, factors, factors);
        const size = q.X.length;
        const what = `${name}, ${factors} factors`;
        same(`${what}: status`, [sweep(q, 0, 6, 0)], [0]);
        const whole = arena.f32(q.at.X, size).slice();
        const exact = twinRows(q, twin);
        for (let r = 0; r < 6; r++) {
          const expected = exact.subarray(r * q.ld, (r + 1) * q.ld);
          near(`${what}, row ${r}`, whole.subarray(r * q.ld, (r + 1) * q.ld), expected, threshold, Math.max(0.01, largest(expected)));
        }
        arena.f32(q.at.X, size).set(q.X);
        sweep(q, 2, 5, 0);
        const part = Float32Array.from(q.X);
        part.set(whole.subarray(2 * q.ld, 5 * q.ld), 2 * q.ld);
        same(`${what}: rows 2 to 5 alone`, arena.f32(q.at.X, size), part);
        arena.f32(q.at.X, size).set(q.X);
        sweep(q, 1, 4, arena.upload(Int32Array.of(5, 4, 0, 3, 1)));
        const listed = Float32Array.from(q.X);
        for (const r of [4, 0, 3]) listed.set(whole.subarray(r * q.ld, (r + 1) * q.ld), r * q.ld);
        same(`${what}: rows 4, 0, 3 by list`, arena.f32(q.at.X, size), listed);
      });
    }
  }
}

const sweepCholesky: KernelCheck = {
  bench: alsBenches('cholesky', [32, 64, 128, 256]),
  claim:
    'within 2e-5 of the largest element; rows of 0, 1, f − 1, f, 3f and 70 entries, 1 to 256 factors, four objectives; a ' +
    'bad matrix is named',
  check(arena) {
    checkSweep(arena, cholesky, solve, 2e-5);
    // Subtracting more than there is leaves no positive pivot; so does a weight that is not a number.
    for (const [bad, row] of [
      [-1e6, 3],
      [NaN, 4],
    ]) {
      const q = problem(arena, 'explicit', 8, 1);
      arena.f32(q.at.reg, 6)[row] = bad;
      same('status names the row', [cholesky(q, 0, 6, 0)], [row + 1]);
    }
  },
};

const sweepCg: KernelCheck = {
  bench: alsBenches('cg', [32, 64, 128, 256]),
  claim: 'within 1e-4 of the largest element of float64 after 3 steps; the same rows, factors and objectives; a bad matrix is named',
  check(arena) {
    checkSweep(arena, cg(3), (n, A, b, start) => conjugateGradients(n, A, b, start, 3), 1e-4);
    // From its own result a solved row does not move: r·r is below 1e-20 where the matrix is 1 × 1.
    const q = problem(arena, 'ials', 1, 9);
    same('status', [cg(2)(q, 0, 6, 0)], [0]);
    const solved = arena.f32(q.at.X, q.X.length).slice();
    cg(2)(q, 0, 6, 0);
    near('twice', arena.f32(q.at.X, q.X.length), solved, 1e-6, largest(solved));
    for (const [bad, row] of [
      [-1e6, 3],
      [NaN, 4],
    ]) {
      const broken = problem(arena, 'explicit', 8, 1);
      arena.f32(broken.at.reg, 6)[row] = bad;
      same('status names the row', [cg(3)(broken, 0, 6, 0)], [row + 1]);
    }
  },
};

const solveRhs: KernelCheck = {
  claim: 'within 1e-4 of the largest element of float64, rows without entries too; a bad matrix is named',
  check(arena) {
    for (const name of Object.keys(OBJECTIVES)) {
      for (const factors of [1, 17, 64]) {
        const q = problem(arena, name, factors, 70);
        const { p, k, at, ld } = q;
        const rhs = factorRows(71, 1, factors);
        const out = arena.alloc(ld * 4);
        const right = arena.upload(rhs);
        const scratch = q.scratch(k.als_sweep_cholesky_scratch(ld));
        const run = (row: number) =>
          k.als_solve_rhs(
            row,
            factors,
            ld,
            p.ws,
            p.w0,
            p.explicit,
            at.indptr,
            at.indices,
            at.data,
            at.reg,
            at.G,
            at.Y,
            right,
            out,
            scratch,
          );
        for (let row = 0; row < 6; row++) {
          same('status', [run(row)], [0]);
          const expected = solve(ld, rowSystem(row, factors, ld, p, q.entries, q.reg[row], q.G, q.Y).A, rhs);
          near(`${name}, ${factors} factors, row ${row}`, arena.f32(out, ld), expected, 1e-4, largest(expected));
        }
        same('right-hand side', arena.f32(right, ld), rhs);
        arena.f32(at.reg, 6)[2] = NaN;
        same('status names the row', [run(2)], [3]);
      }
    }
  },
};

function entriesOnly(q: ReturnType<typeof problem>, begin: number, end: number): number {
  const { p, k, at, ld } = q;
  return k.als_objective_rows(begin, end, ld, p.ws, p.w0, p.ts, p.t0, p.explicit, at.indptr, at.indices, at.data, at.X, at.Y);
}

export const als: KernelTable = {
  als_regularization: {
    claim: 'λ (n + offset)^exponent, rounded once; exponent 0 gives λ and 1 a plain product',
    check(arena) {
      const indptr = Int32Array.of(0, 0, 1, 4, 104);
      const at = arena.upload(indptr);
      const out = arena.alloc(16);
      for (const [offset, exponent] of [
        [0, 1],
        [3.5, 1],
        [0, 0],
        [370.6, 0.5],
      ]) {
        arena.kernels.als_regularization(4, at, 0.01, offset, exponent, out);
        const expected = Float32Array.of(0, 1, 3, 100).map((n) => 0.01 * (n + offset) ** exponent);
        near(`exponent ${exponent}`, arena.f32(out, 4), expected, exponent === 0.5 ? 1e-8 : 0);
      }
    },
  },
  gram_parts: {
    claim: 'parts of at least 512 rows and 4·ld; at most sixteen up to 2²⁰ rows, beyond them one to 65,536 rows',
    check({ kernels }) {
      const cases = [
        [0, 8, 1],
        [1023, 64, 1],
        [1024, 64, 2],
        [6040, 32, 11],
        [100_000, 512, 16],
        [1 << 20, 64, 16],
        [(1 << 20) + 1, 64, 17],
        [10_000_000, 64, 153],
        [20_000, 2048, 2],
      ];
      for (const [rows, ld, parts] of cases) same(`${rows} rows, ld ${ld}`, [kernels.gram_parts(rows, ld)], [parts]);
    },
  },
  als_sweep_cholesky: sweepCholesky,
  als_sweep_cg: sweepCg,
  als_solve_rhs: solveRhs,
  als_objective_rows: {
    claim: 'with gram_inner and als_penalty_rows within 1e-9 of the objective summed over every cell',
    check(arena) {
      for (const name of Object.keys(OBJECTIVES)) {
        for (const factors of [1, 17, 64]) {
          const q = problem(arena, name, factors, 50);
          const cols = q.entries.cols;
          const regY = new Float32Array(cols).fill(0.25);
          const Gx = arena.upload(toGroups(q.ld, gram(q.X, q.ld, rowsUpTo(6))));
          const inner = q.at.G64 ? q.k.gram_inner(q.ld, Gx, q.at.G64) : 0;
          const total =
            q.p.base * inner +
            entriesOnly(q, 0, 6) +
            q.k.als_penalty_rows(6, q.ld, q.at.reg, q.at.X) +
            q.k.als_penalty_rows(cols, q.ld, arena.upload(regY), q.at.Y);
          const expected = objective(q.p, q.p.base, q.entries, q.X, q.Y, q.ld, q.reg, regY);
          near(`${name}, ${factors} factors`, [total], [expected], 1e-9, Math.abs(expected));
          near('in two parts', [entriesOnly(q, 0, 3) + entriesOnly(q, 3, 6)], [entriesOnly(q, 0, 6)], 1e-12, Math.abs(expected));
        }
      }
    },
  },
  als_penalty_rows: {
    claim: 'within 1e-12 of Σ reg |x|²; cut every 256 rows, the same bits',
    check(arena) {
      const many = arena.upload(factorRows(9, 700, 8));
      const ones = arena.upload(new Float32Array(700).fill(0.3));
      const cut = (rows: number[]): number =>
        rows.reduce((sum, first) => sum + arena.kernels.als_penalty_rows(Math.min(256, 700 - first), 8, ones, many + first * 32), 0);
      same('blocks of 256 rows', [cut([0, 256, 512])], [arena.kernels.als_penalty_rows(700, 8, ones, many)]);
      const X = factorRows(8, 5, 17);
      const reg = Float32Array.of(0, 1, 0.1, 3, 7);
      const expected = rowsUpTo(5).reduce((sum, r) => sum + reg[r] * dotRows(X, r, X, r, 24), 0);
      near('penalty', [arena.kernels.als_penalty_rows(5, 24, arena.upload(reg), arena.upload(X))], [expected], 1e-12, expected);
    },
  },
  als_residual_rows: {
    claim: 'within 1e-9 of |Ax − b|² and |b|², four objectives; zero for a solved row, as far as f32 goes',
    check(arena) {
      for (const name of Object.keys(OBJECTIVES)) {
        for (const factors of [1, 8, 17, 64]) {
          const q = problem(arena, name, factors, 60);
          const { p, k, at, ld } = q;
          const out = arena.alloc(6 * 16);
          const run = () =>
            k.als_residual_rows(
              0,
              6,
              ld,
              p.ws,
              p.w0,
              p.ts,
              p.t0,
              p.explicit,
              at.indptr,
              at.indices,
              at.data,
              at.reg,
              p.base,
              at.G64,
              at.Y,
              at.X,
              out,
              q.scratch(k.als_residual_rows_scratch(ld)),
            );
          run();
          const before = arena.f64(out, 12).slice();
          for (let r = 0; r < 6; r++) {
            const { A, b } = rowSystem(r, ld, ld, p, q.entries, q.reg[r], q.G, q.Y);
            const difference = multiply(ld, A, q.X.subarray(r * ld, (r + 1) * ld)).map((Ax, i) => Ax - b[i]);
            near(
              `${name}, ${factors} factors, row ${r}`,
              before.subarray(2 * r, 2 * r + 2),
              [squares(difference), squares(b)],
              1e-9,
              1 + squares(difference),
            );
          }
          cholesky(q, 0, 6, 0);
          run();
          arena.f64(out, 12).forEach((value, i) => {
            if (i % 2 === 0 && !(value <= 1e-8 * Math.max(1e-30, arena.f64(out, 12)[i + 1])))
              throw new Error(`${name}, ${factors} factors: row ${i / 2} solved, residual² ${value}`);
          });
        }
      }
    },
  },
};
