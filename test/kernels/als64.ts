import type { Arena } from '../../src/wasm/memory.ts';
import { Csr, paddedWidth, type SparseRows } from '../../src/wasm/tensor.ts';
import { inverse } from '../reference/linear.ts';
import { draws, sparseRows } from './samples.ts';
import { type KernelTable, largest, near, same } from './table.ts';

/** Row-major f64 [rows × ld], zero pads. */
function rows64(seed: number, rows: number, factors: number): Float64Array {
  const next = draws(seed);
  const ld = paddedWidth(factors);
  const values = new Float64Array(rows * ld);
  for (let r = 0; r < rows; r++) for (let c = 0; c < factors; c++) values[r * ld + c] = next() * 2 - 1;
  return values;
}

/** A little problem: users × items, its two objectives, everything dense beside it. */
const LENGTHS = [0, 1, 4, 9, 3, 12, 5, 8];
const ITEMS = 14;
const VALUES = (draw: () => number): number => 1 + Math.floor(draw() * 5);
const CASES = [
  { name: 'implicit', ws: 0.7, w0: 0, ts: 0.7, t0: 1, explicit: 0, base: 1 },
  { name: 'ials', ws: 0, w0: 1, ts: 0, t0: 1, explicit: 0, base: 0.3 },
  { name: 'explicit', ws: 0, w0: 1, ts: 1, t0: 0, explicit: 1, base: 0 },
] as const;
type Case = (typeof CASES)[number];

const dot = (a: ArrayLike<number>, b: ArrayLike<number>, i: number, j: number, ld: number): number => {
  let sum = 0;
  for (let c = 0; c < ld; c++) sum += a[i * ld + c] * b[j * ld + c];
  return sum;
};
const weight = ({ ws, w0 }: Case, v: number): number => ws * Math.abs(v) + w0;
const target = ({ ts, t0 }: Case, v: number): number => ts * v + t0;

/** The dense system (base YᵀY + Σ w y yᵀ + reg I, Σ t y) of a row. */
function system(
  problem: Case,
  rows: SparseRows,
  r: number,
  reg: number,
  Y: Float64Array,
  ld: number,
  factors: number,
): { A: Float64Array; b: Float64Array } {
  const A = new Float64Array(factors * factors);
  const b = new Float64Array(factors);
  const add = (i: number, w: number): void => {
    for (let p = 0; p < factors; p++) for (let q = 0; q < factors; q++) A[p * factors + q] += w * Y[i * ld + p] * Y[i * ld + q];
  };
  for (let i = 0; i < rows.cols; i++) add(i, problem.base);
  for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++) {
    add(rows.indices[e], weight(problem, rows.data[e]));
    for (let p = 0; p < factors; p++) b[p] += target(problem, rows.data[e]) * Y[rows.indices[e] * ld + p];
  }
  for (let p = 0; p < factors; p++) A[p * factors + p] += reg;
  return { A, b };
}

interface Placed {
  readonly rows: SparseRows;
  readonly csr: Csr;
  readonly ld: number;
  readonly X: Float64Array;
  readonly Y: Float64Array;
  readonly reg: Float32Array;
  readonly at: { X: number; Y: number; reg: number; G: number; out: number };
}

function place(arena: Arena, problem: Case, factors: number): Placed {
  const rows = sparseRows(factors, LENGTHS, ITEMS, VALUES);
  const ld = paddedWidth(factors);
  const n = LENGTHS.length;
  const X = rows64(1, n, factors);
  const Y = rows64(2, ITEMS, factors);
  const reg = Float32Array.from({ length: n }, (_, r) => 0.5 + r / 8);
  const at = { X: arena.upload(X), Y: arena.upload(Y), reg: arena.upload(reg), G: 0, out: arena.allocZeroed(n * ld * 8) };
  if (problem.base) {
    at.G = arena.alloc(ld * ld * 8);
    arena.kernels.gram64(ITEMS, ld, problem.base, at.Y, at.Y, at.G);
  }
  return { rows, csr: Csr.from(arena, rows), ld, X, Y, reg, at };
}

export const als64: KernelTable = {
  als64_solve: {
    claim: 'dense solutions within 1e-11, rows of 0 to 12 entries, 1 to 17 factors, three objectives; names an indefinite row',
    check(arena) {
      for (const problem of CASES) {
        for (const factors of [1, 5, 8, 17]) {
          const { rows, csr, ld, Y, reg, at } = place(arena, problem, factors);
          const { ws, w0, ts, t0, explicit } = problem;
          const scratch = arena.alloc(arena.kernels.als64_solve_scratch(ld));
          same(
            'status',
            [
              arena.kernels.als64_solve(
                0,
                LENGTHS.length,
                factors,
                ld,
                ws,
                w0,
                ts,
                t0,
                explicit,
                0,
                csr.indptr,
                csr.indices,
                csr.data,
                at.reg,
                at.G,
                at.Y,
                at.out,
                0,
                scratch,
              ),
            ],
            [0],
          );
          const solved = arena.f64(at.out, LENGTHS.length * ld);
          for (let r = 0; r < LENGTHS.length; r++) {
            const { A, b } = system(problem, rows, r, reg[r], Y, ld, factors);
            const M = inverse(factors, A);
            const x = Float64Array.from(b, (_, p) => b.reduce((sum, value, q) => sum + M[p * factors + q] * value, 0));
            near(`${problem.name} f ${factors} row ${r}`, solved.subarray(r * ld, r * ld + factors), x, 1e-11, largest(x));
            same('pads', solved.subarray(r * ld + factors, (r + 1) * ld), new Float64Array(ld - factors));
          }
          const listed = arena.allocZeroed(LENGTHS.length * ld * 8);
          arena.kernels.als64_solve(
            1,
            3,
            factors,
            ld,
            ws,
            w0,
            ts,
            t0,
            explicit,
            arena.upload(Int32Array.of(0, 5, 2)),
            csr.indptr,
            csr.indices,
            csr.data,
            at.reg,
            at.G,
            at.Y,
            listed,
            0,
            scratch,
          );
          const some = arena.f64(listed, LENGTHS.length * ld);
          const all = arena.f64(at.out, LENGTHS.length * ld);
          for (let r = 0; r < LENGTHS.length; r++) {
            same(
              `listed ${r}`,
              some.subarray(r * ld, (r + 1) * ld),
              r === 5 || r === 2 ? all.subarray(r * ld, (r + 1) * ld) : new Float64Array(ld),
            );
          }
        }
      }
      const { csr, ld, at } = place(arena, CASES[2], 5);
      const negative = arena.upload(new Float32Array(LENGTHS.length).fill(-100));
      same(
        'indefinite',
        [
          arena.kernels.als64_solve(
            0,
            LENGTHS.length,
            5,
            ld,
            0,
            1,
            1,
            0,
            1,
            0,
            csr.indptr,
            csr.indices,
            csr.data,
            negative,
            0,
            at.Y,
            at.out,
            0,
            arena.alloc(arena.kernels.als64_solve_scratch(ld)),
          ),
        ],
        [2],
      );
    },
    bench: Object.fromEntries(
      [32, 64, 128].map((factors) => [
        `2,000 rows of 100, f = ${factors}`,
        (arena: Arena) => {
          const rows = sparseRows(1, new Array(2000).fill(100), 3000, () => 1);
          const csr = Csr.from(arena, rows);
          const X = arena.alloc(2000 * factors * 8);
          const Y = arena.upload(rows64(1, 3000, factors));
          const G = arena.alloc(factors * factors * 8);
          const reg = arena.upload(new Float32Array(2000).fill(1));
          arena.kernels.gram64(3000, factors, 1, Y, Y, G);
          const scratch = arena.alloc(arena.kernels.als64_solve_scratch(factors));
          return {
            work: 2000 * (100 * factors * (factors + 2) + (factors * factors * factors) / 3),
            unit: 'flop64',
            run: () =>
              void arena.kernels.als64_solve(
                0,
                2000,
                factors,
                factors,
                0,
                1,
                0,
                1,
                0,
                0,
                csr.indptr,
                csr.indices,
                csr.data,
                reg,
                G,
                Y,
                X,
                0,
                scratch,
              ),
          };
        },
      ]),
    ),
  },
  als64_step: {
    claim:
      'one step of the kept factors from any rows ends at the solution within 1e-5 of the way; twice within 1e-10; rows that ' +
      'kept none become zero',
    check(arena) {
      for (const problem of CASES) {
        for (const factors of [1, 5, 8, 17]) {
          const { csr, ld, at } = place(arena, problem, factors);
          const { ws, w0, ts, t0, explicit } = problem;
          const rows = LENGTHS.length;
          const { kernels } = arena;
          const scratch = arena.alloc(kernels.als64_solve_scratch(ld));
          const kept = arena.allocZeroed(rows * factors * (factors + 1) * 2);
          const data = [csr.indptr, csr.indices, csr.data, at.reg, at.G, at.Y] as const;
          kernels.als64_solve(0, rows, factors, ld, ws, w0, ts, t0, explicit, 0, ...data, at.out, kept, scratch);
          const solved = arena.f64(at.out, rows * ld).slice();
          const g = arena.alloc(rows * ld * 8);
          const size = largest(solved) + largest(arena.f64(at.X, rows * ld));
          for (const [within, out] of [
            [1e-5, g],
            [1e-10, at.X],
          ] as const) {
            kernels.als64_gradient(0, rows, ld, ws, w0, ts, t0, explicit, ...data, at.X, g);
            kernels.als64_step(0, rows, factors, ld, kept, at.X, g, out, scratch);
            near(`${problem.name} f ${factors}`, arena.f64(out, rows * ld), solved, within, size);
            arena.f64(at.X, rows * ld).set(arena.f64(out, rows * ld));
          }
          // without X: what is added to x, negated rows of the same product
          const values = rows64(9, rows, factors);
          const zero = arena.allocZeroed(rows * ld * 8);
          arena.f64(g, rows * ld).set(values);
          kernels.als64_step(0, rows, factors, ld, kept, zero, g, at.out, scratch);
          kernels.als64_step(0, rows, factors, ld, kept, 0, g, g, scratch);
          near(`${problem.name} f ${factors} without X`, arena.f64(g, rows * ld), arena.f64(at.out, rows * ld), 0);
        }
      }
    },
  },
  als64_gradient: {
    claim: 'A x − b of the dense systems within 1e-13',
    check(arena) {
      for (const problem of CASES) {
        const factors = 9;
        const { rows, csr, ld, X, Y, reg, at } = place(arena, problem, factors);
        const { ws, w0, ts, t0, explicit } = problem;
        arena.kernels.als64_gradient(
          0,
          LENGTHS.length,
          ld,
          ws,
          w0,
          ts,
          t0,
          explicit,
          csr.indptr,
          csr.indices,
          csr.data,
          at.reg,
          at.G,
          at.Y,
          at.X,
          at.out,
        );
        for (let r = 0; r < LENGTHS.length; r++) {
          const { A, b } = system(problem, rows, r, reg[r], Y, ld, factors);
          const g = Float64Array.from(b, (value, p) => {
            let sum = -value;
            for (let q = 0; q < factors; q++) sum += A[p * factors + q] * X[r * ld + q];
            return sum;
          });
          near(
            `${problem.name} row ${r}`,
            arena.f64(at.out, LENGTHS.length * ld).subarray(r * ld, r * ld + factors),
            g,
            1e-13,
            largest(g) + 10,
          );
        }
      }
    },
  },
  als64_curvature: {
    claim: 'the dense second derivative along both sides, or along the other alone, within 1e-12',
    check(arena) {
      for (const problem of CASES) {
        const factors = 9;
        const { rows, csr, ld, X, Y, reg, at } = place(arena, problem, factors);
        const { ws, w0, ts, t0, explicit, base } = problem;
        const n = LENGTHS.length;
        const dX = rows64(3, n, factors);
        const dY = rows64(4, ITEMS, factors);
        const K = base ? arena.alloc(ld * ld * 8) : 0;
        const places = { dX: arena.upload(dX), dY: arena.upload(dY) };
        if (K) {
          const turned = arena.alloc(ld * ld * 8);
          arena.kernels.gram64(ITEMS, ld, base, places.dY, at.Y, K);
          arena.kernels.gram64(ITEMS, ld, base, at.Y, places.dY, turned);
          arena.kernels.combine64(ld * ld, 1, turned, 1, K);
        }
        for (const along of [0, 1]) {
          arena.kernels.als64_curvature(
            0,
            n,
            ld,
            ws,
            w0,
            ts,
            t0,
            explicit,
            csr.indptr,
            csr.indices,
            csr.data,
            at.reg,
            at.G,
            K,
            at.X,
            along && places.dX,
            at.Y,
            places.dY,
            at.out,
          );
          const expected = new Float64Array(n * ld);
          for (let r = 0; r < n; r++) {
            const entries = new Map(
              Array.from(
                { length: rows.indptr[r + 1] - rows.indptr[r] },
                (_, k) => [rows.indices[rows.indptr[r] + k], rows.data[rows.indptr[r] + k]] as const,
              ),
            );
            for (let i = 0; i < ITEMS; i++) {
              const v = entries.get(i);
              const w = base + (v === undefined ? 0 : weight(problem, v));
              const t = v === undefined ? 0 : target(problem, v);
              const s = dot(X, Y, r, i, ld);
              const change = dot(X, dY, r, i, ld) + along * dot(dX, Y, r, i, ld);
              for (let c = 0; c < ld; c++) expected[r * ld + c] += w * change * Y[i * ld + c] + (w * s - t) * dY[i * ld + c];
            }
            for (let c = 0; c < ld; c++) expected[r * ld + c] += along * reg[r] * dX[r * ld + c];
          }
          near(`${problem.name}, along ${along}`, arena.f64(at.out, n * ld), expected, 1e-12, largest(expected));
        }
      }
    },
  },
  als64_line: {
    claim: 'the polynomial of the observed cells at five steps within 1e-12; power 0 alone without a direction',
    check(arena) {
      for (const problem of CASES) {
        const { rows, csr, ld, X, Y, at } = place(arena, problem, 9);
        const { ws, w0, ts, t0, explicit } = problem;
        const dX = rows64(3, LENGTHS.length, 9);
        const dY = rows64(4, ITEMS, 9);
        const out = arena.allocZeroed(40);
        const other = arena.upload(dY);
        const line = (direction: number): Float64Array => {
          arena.f64(out, 5).fill(0);
          arena.kernels.als64_line(
            0,
            LENGTHS.length,
            ld,
            ws,
            w0,
            ts,
            t0,
            explicit,
            csr.indptr,
            csr.indices,
            csr.data,
            at.X,
            direction,
            at.Y,
            other,
            out,
          );
          return arena.f64(out, 5).slice();
        };
        const c = line(arena.upload(dX));
        for (const a of [0, 1, -0.5, 2, 0.1]) {
          let sum = 0;
          for (let r = 0; r < LENGTHS.length; r++) {
            for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++) {
              const x = X.map((value, k) => value + a * dX[k]);
              const y = Y.map((value, k) => value + a * dY[k]);
              const s = dot(x, y, r, rows.indices[e], ld);
              sum += weight(problem, rows.data[e]) * s * s - 2 * target(problem, rows.data[e]) * s;
            }
          }
          near(`${problem.name} at ${a}`, [c[0] + a * (c[1] + a * (c[2] + a * (c[3] + a * c[4])))], [sum], 1e-12, Math.abs(sum) + 10);
        }
        same('no direction', line(0), [c[0], 0, 0, 0, 0]);
      }
    },
  },
  gram64: {
    claim: 'scale · AᵀB within 1e-14 of the largest entry, 0 to 150 rows',
    check(arena) {
      for (const rows of [0, 1, 64, 150]) {
        const ld = 16;
        const A = rows64(rows, rows, 13);
        const B = rows64(rows + 1, rows, 16);
        const out = arena.alloc(ld * ld * 8);
        arena.kernels.gram64(rows, ld, 0.5, arena.upload(A), arena.upload(B), out);
        const expected = Float64Array.from({ length: ld * ld }, (_, at) => {
          let sum = 0;
          for (let r = 0; r < rows; r++) sum += A[r * ld + Math.floor(at / ld)] * B[r * ld + (at % ld)];
          return sum / 2;
        });
        near(`${rows} rows`, arena.f64(out, ld * ld), expected, 1e-14, largest(expected) * 10);
      }
    },
  },
  inner64: {
    claim: 'Σ reg_r A_r·B_r within 1e-14, and without weights',
    check(arena) {
      const ld = 16;
      const A = rows64(1, 20, 13);
      const B = rows64(2, 20, 13);
      const reg = Float32Array.from({ length: 20 }, (_, r) => r / 4);
      const sum = (weights: (r: number) => number): number =>
        Array.from({ length: 20 }, (_, r) => weights(r) * dot(A, B, r, r, ld)).reduce((a, b) => a + b, 0);
      const [a, b] = [arena.upload(A), arena.upload(B)];
      near('weighted', [arena.kernels.inner64(20, ld, arena.upload(reg), a, b)], [sum((r) => reg[r])], 1e-13, 10);
      near('plain', [arena.kernels.inner64(20, ld, 0, a, b)], [sum(() => 1)], 1e-14, 10);
    },
  },
  combine64: {
    claim: 'a A + b B to the bit',
    check(arena) {
      const A = rows64(1, 3, 8);
      const B = rows64(2, 3, 8);
      const to = arena.upload(B);
      arena.kernels.combine64(24, 0.3, arena.upload(A), -2, to);
      same(
        'B',
        arena.f64(to, 24),
        A.map((x, i) => 0.3 * x + -2 * B[i]),
      );
    },
  },
};

/** Dense product [rows × ld] of a sparse matrix with given values and V. */
const multiply = ({ rows, indptr, indices }: SparseRows, values: Float64Array, V: Float64Array, ld: number): Float64Array => {
  const out = new Float64Array(rows * ld);
  for (let r = 0; r < rows; r++)
    for (let e = indptr[r]; e < indptr[r + 1]; e++) for (let c = 0; c < ld; c++) out[r * ld + c] += values[e] * V[indices[e] * ld + c];
  return out;
};

export const certifyTable: KernelTable = {
  residual_entries: {
    claim: '(t − w s) times both scales, within 1e-14',
    check(arena) {
      for (const problem of CASES) {
        const { rows, csr, ld, X, Y, at } = place(arena, problem, 9);
        const { ws, w0, ts, t0, explicit } = problem;
        const a = Float64Array.from({ length: LENGTHS.length }, (_, r) => 1 + r);
        const b = Float64Array.from({ length: ITEMS }, (_, c) => 2 + c);
        const out = arena.alloc(rows.indices.length * 8);
        arena.kernels.residual_entries(
          LENGTHS.length,
          ld,
          ws,
          w0,
          ts,
          t0,
          explicit,
          csr.indptr,
          csr.indices,
          csr.data,
          arena.upload(a),
          arena.upload(b),
          at.X,
          at.Y,
          out,
        );
        const expected: number[] = [];
        for (let r = 0; r < LENGTHS.length; r++) {
          for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++) {
            const c = rows.indices[e];
            expected.push((target(problem, rows.data[e]) - weight(problem, rows.data[e]) * dot(X, Y, r, c, ld)) * a[r] * b[c]);
          }
        }
        near(problem.name, arena.f64(out, expected.length), expected, 1e-14, largest(expected) * 10);
      }
    },
  },
  spmm64: {
    claim: 'the dense product within 1e-15, empty rows zero',
    check(arena) {
      const rows = sparseRows(3, LENGTHS, ITEMS, VALUES);
      const csr = Csr.from(arena, rows);
      const values = rows64(5, 1, rows.indices.length);
      const V = rows64(6, ITEMS, 8);
      const out = arena.alloc(LENGTHS.length * 64);
      arena.f64(out, LENGTHS.length * 8).fill(NaN);
      arena.kernels.spmm64(LENGTHS.length, 8, csr.indptr, csr.indices, arena.upload(values), arena.upload(V), out);
      near('out', arena.f64(out, LENGTHS.length * 8), multiply(rows, values, V, 8), 1e-15, 10);
    },
  },
  spmv64: {
    claim: 'the dense product with a vector within 1e-15',
    check(arena) {
      const rows = sparseRows(3, LENGTHS, ITEMS, VALUES);
      const csr = Csr.from(arena, rows);
      const values = rows64(5, 1, rows.indices.length);
      const v = rows64(6, 1, ITEMS).slice(0, ITEMS);
      const out = arena.alloc(LENGTHS.length * 8);
      arena.kernels.spmv64(LENGTHS.length, csr.indptr, csr.indices, arena.upload(values), arena.upload(v), out);
      near('out', arena.f64(out, LENGTHS.length), multiply(rows, values, v, 1), 1e-15, 10);
    },
  },
  rows_times64: {
    claim: 'adds a X G, within 1e-14',
    check(arena) {
      const ld = 8;
      const X = rows64(1, 5, 7);
      const G = rows64(2, ld, ld);
      const before = rows64(3, 5, ld);
      const out = arena.upload(before);
      arena.kernels.rows_times64(5, ld, -0.7, arena.upload(X), arena.upload(G), out);
      near(
        'out',
        arena.f64(out, 5 * ld),
        before.map((x, at) => {
          let sum = 0;
          for (let k = 0; k < ld; k++) sum += X[Math.floor(at / ld) * ld + k] * G[k * ld + (at % ld)];
          return x - 0.7 * sum;
        }),
        1e-14,
        10,
      );
    },
  },
  subtract_pairs64: {
    claim: 'the lower triangle of −SᵀS within 1e-14, nothing above it',
    check(arena) {
      const rows = sparseRows(3, LENGTHS, ITEMS, VALUES);
      const csr = Csr.from(arena, rows);
      const values = rows64(5, 1, rows.indices.length);
      const n = 16;
      const N = arena.allocZeroed(n * n * 8);
      arena.kernels.subtract_pairs64(0, LENGTHS.length, csr.indptr, csr.indices, arena.upload(values), n, N);
      const expected = new Float64Array(n * n);
      for (let r = 0; r < LENGTHS.length; r++) {
        for (let a = rows.indptr[r]; a < rows.indptr[r + 1]; a++)
          for (let b = rows.indptr[r]; b <= a; b++) expected[rows.indices[a] * n + rows.indices[b]] -= values[a] * values[b];
      }
      near('N', arena.f64(N, n * n), expected, 1e-14, 10);
    },
  },
  add_pairs64: {
    claim: 'the lower triangle of K Yᵀ + Y Kᵀ within 1e-14',
    check(arena) {
      const ld = 8;
      const n = 16;
      const K = rows64(1, 11, 7);
      const Y = rows64(2, 11, 7);
      const N = arena.allocZeroed(n * n * 8);
      arena.kernels.add_pairs64(11, ld, n, arena.upload(K), arena.upload(Y), N);
      near(
        'N',
        arena.f64(N, n * n),
        Float64Array.from({ length: n * n }, (_, at) => {
          const i = Math.floor(at / n);
          const j = at % n;
          return i < 11 && j <= i ? dot(K, Y, i, j, ld) + dot(Y, K, i, j, ld) : 0;
        }),
        1e-14,
        10,
      );
    },
  },
};
