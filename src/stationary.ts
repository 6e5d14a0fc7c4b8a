// Training to convergence: alternating least squares in float64, accelerated by nonlinear conjugate gradients whose
// preconditioner is a sweep (De Sterck's ALS-NCG), with the exact minimum of the objective along each direction: it is
// a quartic there. Every iteration lowers the objective. Least-squares models only; the objective is least-squares.ts's.
import type { Dataset } from './dataset.ts';
import { checkStatus } from './kernels.ts';
import { cellWeightsOf, other, regularizationRule, type LeastSquaresOptions, type Side } from './least-squares.ts';
import { Arena } from './memory.ts';
import { breathe, type RunControl } from './model.ts';
import { lineMinimum } from './quartic.ts';
import { Csr, paddedWidth, type Matrix } from './tensor.ts';

/** Tolerances by name: the relative gradient at which training ends. */
export const TOLERANCES = Object.freeze({ fast: 1e-4, tight: 1e-6, limit: 1e-9 });

/** Iterations after which training ends where it is, and says so. */
const MOST_ITERATIONS = 5000;

/** Iterations for which the factored normal equations of a sweep serve as preconditioner; then a sweep makes new ones. */
const KEPT_ITERATIONS = 10;

/** Iterations in which neither the objective nor the residual moves before float64 is taken to have nothing left to give. */
const MOST_STALLS = 20;

/** Bytes of kept factors beyond which every iteration sweeps: memory would cost more than the time is worth. */
const MOST_KEPT_BYTES = 1 << 30;

/** Rows per kernel call, so that an abort is seen soon. */
const ENTRIES_PER_CALL = 1 << 16;

interface Rows {
  readonly rows: number;
  readonly cells: Csr;
  /** f32[rows] */
  readonly regularization: number;
  readonly calls: readonly number[];
  /** f64[rows × ld]: factors, gradient, previous gradient, search direction, and what a sweep makes of the factors. */
  readonly factors: number;
  readonly gradient: number;
  readonly before: number;
  readonly direction: number;
  readonly swept: number;
  /** f32[rows × (factors² + factors) / 2]: factors of the normal equations of the last sweep; 0 where they are not kept. */
  readonly kept: number;
  /** f64[ld × ld], scaled by the objective's base. */
  readonly gram: number;
}

/** How near to a stationary point factors are. */
export interface Standing {
  /** ‖∇L‖ / (2‖D(X, Y)‖), D the regularization: 0 at a stationary point. */
  readonly residual: number;
  /** Largest |A x − b| / |b| over rows with observations. */
  readonly largestRow: number;
  /** The objective without its constant part. */
  readonly objective: number;
}

export interface Converged extends Standing {
  readonly iterations: number;
  readonly converged: boolean;
}

export interface ConvergeControl extends RunControl {
  /** Sees every iteration's standing, the start included. */
  readonly onIteration?: (standing: Standing, iteration: number) => void;
  /** Most iterations; default 5,000. */
  readonly most?: number;
}

/** The least-squares problem of a data set in float64, with its present factors. */
export class Stationary {
  readonly options: LeastSquaresOptions;
  readonly arena = new Arena();
  readonly ld: number;
  readonly base: number;
  readonly #data: Dataset;
  readonly #sides: Readonly<Record<Side, Rows>>;
  readonly #scratch: number;
  readonly #sums: number;
  readonly #cross: number;
  readonly #keeps: boolean;

  /** @throws MemoryError, which names the bytes of the whole. */
  constructor(data: Dataset, options: LeastSquaresOptions) {
    const { arena } = this;
    this.options = options;
    this.#data = data;
    const ld = (this.ld = paddedWidth(options.factors));
    this.base = cellWeightsOf(options).base;
    arena.reserve(stationaryBytes(data, options.factors));
    this.#keeps = keepsFactors(data, options.factors);
    const users = Csr.from(arena, data.userItems);
    this.#sides = { users: this.#side(users), items: this.#side(users.transpose()) };
    this.#scratch = arena.alloc(arena.kernels.als64_solve_scratch(ld));
    this.#sums = arena.alloc(5 * 8);
    this.#cross = arena.alloc(6 * ld * ld * 8);
  }

  /** Starts from factors in float32. Rows without observations start at zero, their solution, unless they are to be judged. */
  start(userFactors: Matrix, itemFactors: Matrix, { keepEmptyRows = false } = {}): void {
    for (const [side, M] of [['users', userFactors], ['items', itemFactors]] as const) {
      const { factors, rows, cells } = this.#sides[side];
      const to = this.arena.f64(factors, rows * this.ld), from = M.view(), indptr = this.arena.i32(cells.indptr, rows + 1);
      to.set(from);
      for (let r = 0; r < rows; r++) if (!keepEmptyRows && indptr[r] === indptr[r + 1]) to.fill(0, r * this.ld, (r + 1) * this.ld);
    }
  }

  /** Dense float32 copy [rows × factors] of one side. */
  dense(side: Side): { rows: number; cols: number; values: Float32Array } {
    const { rows, factors } = this.#sides[side], { factors: cols } = this.options, { ld } = this;
    const values = new Float32Array(rows * cols), from = this.arena.f64(factors, rows * ld);
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) values[r * cols + c] = from[r * ld + c];
    return { rows, cols, values };
  }

  /** What a certificate needs of a side: where its numbers lie. */
  side(side: Side): Rows {
    return this.#sides[side];
  }

  /** Solves all rows of one side for the other's present rows. */
  async halfSweep(side: Side, signal?: AbortSignal): Promise<void> {
    await this.#solveSide(side, this.#sides[other(side)].factors, this.#sides[side].factors, false, signal);
  }

  /** Solves the listed rows only. */
  solveRows(side: Side, rows: Int32Array): void {
    const opposite = this.#sides[other(side)];
    const gram = this.#gramOf(other(side), opposite.factors);
    this.arena.scope(() => this.#solve(side, 0, rows.length, this.arena.upload(rows), gram, opposite.factors, this.#sides[side].factors, false));
  }

  /**
   * Goes on until the residual is at most `tolerance`, or for `most` iterations, or until float64 gives no more.
   */
  async converge(tolerance: number, { signal, onProgress, onIteration, most = MOST_ITERATIONS }: ConvergeControl = {}): Promise<Converged> {
    const { kernels } = this.arena;
    const both = ['users', 'items'] as const;
    const total = (of: (rows: Rows) => readonly [number, number]): number =>
      both.reduce((sum, side) => sum + kernels.inner64(this.#sides[side].rows, this.ld, 0, ...of(this.#sides[side])), 0);
    let standing = this.measure();
    let slopeBefore = 0, stalls = 0, best = Infinity;
    for (let iteration = 0; ; iteration++) {
      onIteration?.(standing, iteration);
      onProgress?.({ phase: 'converge', done: iteration, total: most, objective: standing.objective });
      if (standing.residual <= tolerance || iteration >= most || stalls >= MOST_STALLS) {
        return { ...standing, iterations: iteration, converged: standing.residual <= tolerance };
      }
      // p = factors − sweep(factors): the preconditioned gradient. The factored normal equations of a sweep serve for some
      // iterations more: two passes over the cells at their rank instead of its square, and as many iterations.
      if (iteration % KEPT_ITERATIONS === 0 || this.#sides.users.kept === 0) {
        await this.#solveSide('users', this.#sides.items.factors, this.#sides.users.swept, true, signal);
        await this.#solveSide('items', this.#sides.users.swept, this.#sides.items.swept, true, signal);
      } else {
        this.#sweepKept();
      }
      for (const side of both) {
        const { rows, factors, swept } = this.#sides[side];
        kernels.combine64(rows * this.ld, 1, factors, -1, swept);
      }
      const slope = total((s) => [s.gradient, s.swept]);
      const carried = slopeBefore > 0 ? (slope - total((s) => [s.before, s.swept])) / slopeBefore : 0;
      const beta = Math.max(0, carried);
      for (const side of both) {
        const { rows, swept, direction } = this.#sides[side];
        kernels.combine64(rows * this.ld, -1, swept, iteration === 0 ? 0 : beta, direction);
      }
      let descent = total((s) => [s.gradient, s.direction]);
      if (!(descent < 0)) {
        for (const side of both) {
          const { rows, swept, direction } = this.#sides[side];
          kernels.combine64(rows * this.ld, -1, swept, 0, direction);
        }
        descent = -slope;
      }
      slopeBefore = slope;
      const step = this.#step(descent);
      for (const side of both) {
        const { rows, factors, gradient, before, direction } = this.#sides[side];
        kernels.combine64(rows * this.ld, step, direction, 1, factors);
        kernels.combine64(rows * this.ld, 1, gradient, 0, before);
      }
      const next = this.measure();
      best = Math.min(best, standing.residual);
      stalls = next.residual < best * 0.999 || next.objective < standing.objective - 1e-15 * Math.abs(standing.objective) ? 0 : stalls + 1;
      standing = next;
      await breathe();
      signal?.throwIfAborted();
    }
  }

  /** The objective, constant part included: a perfect fit without regularization is 0. */
  objective(): number {
    return this.measure().objective + this.constant();
  }

  /** The part of the objective that no factors change. */
  constant(): number {
    const { ts, t0, explicit } = cellWeightsOf(this.options);
    return this.#data.userItems.data.reduce((sum, v) => {
      const t = v > 0 || explicit ? ts * v + t0 : 0;
      return sum + (explicit ? t * t : t);
    }, 0);
  }

  /** Gradients of both sides at the present factors, and what they say. */
  measure(): Standing {
    const { kernels } = this.arena;
    let gradient = 0, scale = 0, penalty = 0, largest = 0;
    for (const name of ['users', 'items'] as const) {
      const side = this.#sides[name];
      this.#gradient(name, side.factors, this.#sides[other(name)].factors, side.gradient);
      gradient += kernels.inner64(side.rows, this.ld, 0, side.gradient, side.gradient);
      penalty += kernels.inner64(side.rows, this.ld, side.regularization, side.factors, side.factors);
      const reg = this.arena.f32(side.regularization, side.rows);
      const g = this.arena.f64(side.gradient, side.rows * this.ld), x = this.arena.f64(side.factors, side.rows * this.ld);
      for (let r = 0; r < side.rows; r++) {
        let own = 0, size = 0;
        for (let c = r * this.ld; c < (r + 1) * this.ld; c++) {
          own += g[c] * g[c];
          size += x[c] * x[c];
        }
        scale += reg[r] * reg[r] * size;
        if (size > 0 && reg[r] > 0) largest = Math.max(largest, own / (reg[r] * reg[r] * size));
      }
    }
    const { observed, background } = this.#cells();
    return {
      residual: scale > 0 ? Math.sqrt(gradient / scale) : gradient > 0 ? Infinity : 0,
      largestRow: Math.sqrt(largest),
      objective: observed + background + penalty,
    };
  }

  /** Σ over observed cells of w s² − 2 t s, and base · Σ over all cells of s²; after `measure`, whose Gram matrices it uses. */
  #cells(): { observed: number; background: number } {
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(this.options);
    const { users, items } = this.#sides, { indptr, indices, data } = users.cells;
    this.arena.f64(this.#sums, 5).fill(0);
    this.arena.kernels.als64_line(0, users.rows, this.ld, ws, w0, ts, t0, explicit, indptr, indices, data, users.factors, 0, items.factors, 0, this.#sums);
    const square = this.ld * this.ld;
    return {
      observed: this.arena.f64(this.#sums, 5)[0],
      background: this.base === 0 ? 0 : traceOfProduct(this.arena.f64(users.gram, square), this.arena.f64(items.gram, square)) / this.base,
    };
  }

  /** What the duality gap is made of: q = w + base per cell. */
  parts(): { penalty: number; products: number; quadratic: number; targets: number; dualConstant: number } {
    const { objective } = this.measure();
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(this.options);
    const { users, items } = this.#sides, { indptr, indices, data } = users.cells, { kernels } = this.arena;
    const penalty = (['users', 'items'] as const).reduce((sum, name) => {
      const side = this.#sides[name];
      return sum + kernels.inner64(side.rows, this.ld, side.regularization, side.factors, side.factors);
    }, 0);
    // Σ t s: the observed part with no weights
    this.arena.f64(this.#sums, 5).fill(0);
    kernels.als64_line(0, users.rows, this.ld, 0, 0, ts, t0, explicit, indptr, indices, data, users.factors, 0, items.factors, 0, this.#sums);
    const targets = -this.arena.f64(this.#sums, 5)[0] / 2;
    let dualConstant = 0;
    for (const v of this.#data.userItems.data) {
      const t = v > 0 || explicit ? ts * v + t0 : 0, q = ws * Math.abs(v) + w0 + this.base;
      if (q > 0) dualConstant += (t * t) / q;
    }
    const quadratic = objective - penalty + 2 * targets;
    return { penalty, products: objective, quadratic, targets, dualConstant };
  }

  /** The step along the present directions to the least objective. */
  #step(descent: number): number {
    const { kernels } = this.arena;
    const { ld, base } = this;
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(this.options);
    const { users, items } = this.#sides;
    const coefficients = this.arena.f64(this.#sums, 5).fill(0);
    kernels.als64_line(0, users.rows, ld, ws, w0, ts, t0, explicit, users.cells.indptr, users.cells.indices, users.cells.data,
      users.factors, users.direction, items.factors, items.direction, this.#sums);
    const [, , c2, c3, c4] = coefficients;
    let quadratic = c2, cubic = c3, quartic = c4;
    for (const side of [users, items]) quadratic += kernels.inner64(side.rows, ld, side.regularization, side.direction, side.direction);
    if (base !== 0) {
      // Σ over all cells of s(a)² from the Gram matrices of factors and directions
      const size = ld * ld;
      const grams = [users, items].map((side, s) => [[side.factors, side.factors], [side.factors, side.direction], [side.direction, side.direction]].map(([a, b], g) => {
        const at = this.#cross + (3 * s + g) * size * 8;
        kernels.gram64(side.rows, ld, 1, a, b, at);
        return at;
      }));
      const [[xx, xd, dd], [yy, ye, ee]] = grams.map((list) => list.map((at) => this.arena.f64(at, size)));
      // s1 = dX Yᵀ + X dYᵀ, s2 = dX dYᵀ: ‖s1‖², ⟨s0, s2⟩, ⟨s1, s2⟩, ‖s2‖²
      const s1s1 = traceOfProduct(dd, yy) + 2 * traceOfTransposed(xd, ye, ld) + traceOfProduct(xx, ee);
      quadratic += base * (s1s1 + 2 * traceOfProduct(xd, ye));
      cubic += base * 2 * (traceOfProduct(dd, ye) + traceOfProduct(xd, ee));
      quartic += base * traceOfProduct(dd, ee);
    }
    return lineMinimum(2 * descent, quadratic, cubic, quartic);
  }

  /** What a sweep would make of the factors if its normal equations were still those of the last one: near, and far cheaper. */
  #sweepKept(): void {
    const { kernels } = this.arena, { users, items } = this.#sides, { factors } = this.options;
    kernels.als64_step(0, users.rows, factors, this.ld, users.kept, users.factors, users.gradient, users.swept, this.#scratch);
    this.#gradient('items', items.factors, users.swept, items.swept);
    kernels.als64_step(0, items.rows, factors, this.ld, items.kept, items.factors, items.swept, items.swept, this.#scratch);
  }

  /** Half the gradient of one side at rows X for given rows Y of the other. */
  #gradient(name: Side, X: number, Y: number, out: number): void {
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(this.options);
    const side = this.#sides[name], { indptr, indices, data } = side.cells;
    this.arena.kernels.als64_gradient(0, side.rows, this.ld, ws, w0, ts, t0, explicit, indptr, indices, data, side.regularization, this.#gramOf(other(name), Y), Y, X, out);
  }

  async #solveSide(side: Side, Y: number, X: number, keep: boolean, signal?: AbortSignal): Promise<void> {
    const { calls } = this.#sides[side];
    const gram = this.#gramOf(other(side), Y);
    for (let c = 0; c + 1 < calls.length; c++) {
      this.#solve(side, calls[c], calls[c + 1], 0, gram, Y, X, keep);
      await breathe();
      signal?.throwIfAborted();
    }
  }

  #solve(side: Side, begin: number, end: number, list: number, gram: number, Y: number, X: number, keep: boolean): void {
    const { cells, regularization, kept } = this.#sides[side];
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(this.options);
    const { factors, regularization: lambda } = this.options;
    const status = this.arena.kernels.als64_solve(begin, end, factors, this.ld, ws, w0, ts, t0, explicit, list,
      cells.indptr, cells.indices, cells.data, regularization, gram, Y, X, keep ? kept : 0, this.#scratch);
    checkStatus(status, (row) => `the normal equations of ${side === 'users' ? 'user' : 'item'} ${JSON.stringify(this.#data[side].at(row))} ` +
      `have no unique solution in float64; raise "regularization" (now ${lambda})`);
  }

  /** base · YᵀY of a side's rows; 0 where the objective has none. */
  #gramOf(side: Side, Y: number): number {
    if (this.base === 0) return 0;
    const { rows, gram } = this.#sides[side];
    this.arena.kernels.gram64(rows, this.ld, this.base, Y, Y, gram);
    return gram;
  }

  #side(cells: Csr): Rows {
    const { arena, ld, options } = this;
    const { rows } = cells, regularization = arena.alloc(rows * 4);
    const { offset, exponent } = regularizationRule(options, cells.cols);
    arena.kernels.als_regularization(rows, cells.indptr, options.regularization, offset, exponent, regularization);
    const matrix = (): number => arena.allocZeroed(rows * ld * 8);
    const kept = this.#keeps ? arena.allocZeroed(keptBytes(rows, options.factors)) : 0;
    const side = { rows, cells, regularization, factors: matrix(), gradient: matrix(), before: matrix(), direction: matrix(), swept: matrix(), kept, gram: arena.alloc(ld * ld * 8) };
    const indptr = arena.i32(cells.indptr, rows + 1), calls = [0];
    for (let r = 0; r < rows; r++) {
      if (indptr[r + 1] - indptr[calls[calls.length - 1]] >= ENTRIES_PER_CALL || r + 1 === rows) calls.push(r + 1);
    }
    return { ...side, calls };
  }
}

/** Bytes of linear memory that the problem takes. */
export function stationaryBytes(data: Dataset, factors: number): number {
  const { rows, cols } = data.userItems, ld = paddedWidth(factors);
  return data.interactions * 16 + (rows + cols) * (5 * ld * 8 + 8) + 10 * ld * ld * 8 + 4096 + (keepsFactors(data, factors) ? keptBytes(rows + cols, factors) : 0);
}

const keptBytes = (rows: number, factors: number): number => rows * factors * (factors + 1) * 2;

/** Whether factored normal equations are kept: settled by sizes alone, so that results never depend on the machine. */
const keepsFactors = ({ userItems: { rows, cols } }: Dataset, factors: number): boolean => keptBytes(rows + cols, factors) <= MOST_KEPT_BYTES;

/** Σ_ij A_ij B_ij. */
function traceOfProduct(A: Float64Array, B: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < A.length; i++) sum += A[i] * B[i];
  return sum;
}

/** Σ_ij A_ij B_ji. */
function traceOfTransposed(A: Float64Array, B: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += A[i * n + j] * B[j * n + i];
  return sum;
}
