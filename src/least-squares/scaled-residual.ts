// The scaled residual matrix B = D_U^-½ M D_I^-½ of a least-squares problem at its present factors, as an operator: a sparse
// part like the data and one of the rank of the factors. And how far what is stored, and what products with it give, can be
// from the matrix that is meant (docs/certificate.md §4.1).

import type { Plan } from '../threads/team.ts';
import type { Arena } from '../wasm/memory.ts';
import { cellWeightsOf, other, type Side } from './objective.ts';
import { dotDepth, gamma, gramDepth, roundedUp, sparseDepth, UNIT } from './rounding.ts';
import type { Stationary } from './stationary.ts';

/** One side's rows of B. */
export interface ScaledSide {
  readonly rows: number;
  readonly indptr: number;
  readonly indices: number;
  /** f64[nnz]: the sparse part by rows of this side. */
  readonly values: number;
  /** f64[rows × ld]: factors over √reg. */
  readonly hat: number;
  /** 1/√reg by row. */
  readonly scales: Float64Array;
  /** Factors, f64[rows × ld]. */
  readonly factors: number;
  readonly plan: Plan;
  /** ‖hat‖_F. */
  readonly hatNorm: number;
  /** ‖S‖_F, and the same with each row's roundings: √Σ (γ_r ‖S_r‖)². */
  readonly sparseNorm: number;
  readonly sparseError: number;
  /** √Σ (γ_n ‖S_r‖)² where a row's n entries are summed one after the other. */
  readonly pairError: number;
}

export class ScaledResidual {
  readonly problem: Stationary;
  readonly arena: Arena;
  readonly base: number;
  readonly ld: number;
  /** The side of fewer rows, whose space BᵀB lives in, and the other. */
  readonly inner: ScaledSide;
  readonly outer: ScaledSide;
  /** Not below ‖B‖, roughly. */
  readonly crudeNorm: number;
  /** Not below the norm of the difference between B and what is stored of it. */
  readonly storedError: number;
  /** ‖B v as computed − B v‖ ≤ productError ‖v‖, for either direction. */
  readonly productError: number;

  constructor(problem: Stationary) {
    this.problem = problem;
    this.arena = problem.arena;
    this.base = problem.base;
    this.ld = problem.ld;
    const inner: Side = problem.side('items').rows <= problem.side('users').rows ? 'items' : 'users';
    const scales = { users: this.#scales('users'), items: this.#scales('items') };
    this.inner = this.#scaled(inner, scales);
    this.outer = this.#scaled(other(inner), scales);
    const lowRank = this.base * this.inner.hatNorm * this.outer.hatNorm;
    this.crudeNorm = roundedUp(1.000001 * (this.outer.sparseNorm + lowRank));
    this.storedError = roundedUp(gamma(dotDepth(this.ld) + 16) * this.#entriesSize() + 8 * UNIT * lowRank);
    const depth = gramDepth(Math.max(this.inner.rows, this.outer.rows)) + this.ld + 8;
    this.productError = roundedUp(Math.max(this.inner.sparseError, this.outer.sparseError) + gamma(depth) * lowRank);
  }

  /** (to-side × from-side matrix) V for rows V f64[from × ld]: S V − base · X̂ (Ŷᵀ V). */
  apply(to: ScaledSide, from: ScaledSide, V: number): number {
    const { arena, ld } = this;
    const out = arena.alloc(to.rows * ld * 8);
    const small = arena.alloc(ld * ld * 8);
    this.sparseTimes(to, ld, V, out);
    arena.kernels.gram64(from.rows, ld, 1, from.hat, V, small);
    this.addRows(to, ld, -this.base, to.hat, small, out);
    return out;
  }

  /** out = S V, rows of `width`. */
  sparseTimes(to: ScaledSide, width: number, V: number, out: number): void {
    const rows = { base: out, row: width * 8 };
    this.problem.team.runNow('spmm64', to.plan, [width, { base: to.indptr, row: 4 }, to.indices, to.values, V, rows], false, true);
  }

  /** out += a X G, rows of `width`. */
  addRows(side: ScaledSide, width: number, a: number, X: number, G: number, out: number): void {
    const row = width * 8;
    this.problem.team.runNow('rows_times64', side.plan, [width, a, { base: X, row }, G, { base: out, row }], false, true);
  }

  /** The same for one vector; not covered by `productError`. */
  applyVector(to: ScaledSide, from: ScaledSide, v: number, out: number): void {
    const { arena, ld } = this;
    const args = [{ base: to.indptr, row: 4 }, to.indices, to.values, v, { base: out, row: 8 }];
    this.problem.team.runNow('spmv64', to.plan, args, false, true);
    const vector = arena.f64(v, from.rows);
    const result = arena.f64(out, to.rows);
    const hatFrom = arena.f64(from.hat, from.rows * ld);
    const hatTo = arena.f64(to.hat, to.rows * ld);
    const small = new Float64Array(ld);
    for (let r = 0; r < from.rows; r++) for (let c = 0; c < ld; c++) small[c] += hatFrom[r * ld + c] * vector[r];
    for (let r = 0; r < to.rows; r++) {
      let sum = 0;
      for (let c = 0; c < ld; c++) sum += hatTo[r * ld + c] * small[c];
      result[r] -= this.base * sum;
    }
  }

  /** 1/√reg by row. */
  #scales(side: Side): Float64Array {
    const { rows, regularization } = this.problem.side(side);
    return Float64Array.from(this.arena.f32(regularization, rows), (d) => 1 / Math.sqrt(d));
  }

  #scaled(side: Side, scales: Readonly<Record<Side, Float64Array>>): ScaledSide {
    const { arena, ld, problem } = this;
    const { cells, rows, factors, passes } = problem.side(side);
    const { indptr, indices, nnz } = cells;
    const { ws, w0, ts, t0, explicit } = cellWeightsOf(problem.options);
    const values = arena.alloc(nnz * 8);
    const own = arena.upload(scales[side]);
    const opposite = arena.upload(scales[other(side)]);
    const Y = problem.side(other(side)).factors;
    arena.kernels.residual_entries(rows, ld, ws, w0, ts, t0, explicit, indptr, indices, cells.data, own, opposite, factors, Y, values);
    const hat = arena.alloc(rows * ld * 8);
    const to = arena.f64(hat, rows * ld);
    const from = arena.f64(factors, rows * ld);
    for (let r = 0; r < rows; r++) for (let c = r * ld; c < (r + 1) * ld; c++) to[c] = from[c] * scales[side][r];
    const hatNorm = roundedUp(Math.sqrt(arena.kernels.inner64(rows, ld, 0, hat, hat)) * (1 + gamma(rows + ld)));
    const norms = this.#sparseNorms(rows, indptr, values, nnz);
    return { rows, indptr, indices, values, hat, hatNorm, scales: scales[side], factors, plan: passes, ...norms };
  }

  #sparseNorms(rows: number, indptr: number, values: number, nnz: number): Pick<ScaledSide, 'sparseNorm' | 'sparseError' | 'pairError'> {
    const starts = this.arena.i32(indptr, rows + 1);
    const S = this.arena.f64(values, nnz);
    let whole = 0;
    let products = 0;
    let pairs = 0;
    for (let r = 0; r < rows; r++) {
      let squares = 0;
      for (let e = starts[r]; e < starts[r + 1]; e++) squares += S[e] * S[e];
      const entries = starts[r + 1] - starts[r];
      // rows_times64 follows with ld additions more; the two sides' values are rounded differently: 8
      const inProducts = gamma(sparseDepth(entries) + this.ld + 8);
      const inPairs = gamma(entries + this.ld + 8);
      whole += squares;
      products += inProducts * inProducts * squares;
      pairs += inPairs * inPairs * squares;
    }
    const up = (sum: number): number => roundedUp(Math.sqrt(sum) * (1 + gamma(nnz + rows)));
    return { sparseNorm: up(whole), sparseError: up(products), pairError: up(pairs) };
  }

  /** √Σ over entries of ((|t| + w ‖x‖ ‖y‖) / √(reg reg))²: the size of what an entry is made of. */
  #entriesSize(): number {
    const { arena, ld, outer, inner, problem } = this;
    const { ws, w0, ts, t0 } = cellWeightsOf(problem.options);
    const outerNorms = rowNorms(arena, outer.rows, ld, outer.factors);
    const innerNorms = rowNorms(arena, inner.rows, ld, inner.factors);
    const isOuter = outer.factors === problem.side('users').factors;
    const { cells } = problem.side(isOuter ? 'users' : 'items');
    const indptr = arena.i32(cells.indptr, outer.rows + 1);
    const indices = arena.i32(cells.indices, cells.nnz);
    const data = arena.f32(cells.data, cells.nnz);
    let sum = 0;
    for (let r = 0; r < outer.rows; r++) {
      for (let e = indptr[r]; e < indptr[r + 1]; e++) {
        const c = indices[e];
        const v = Math.abs(data[e]);
        const made = ts * v + Math.abs(t0) + (ws * v + Math.abs(w0)) * outerNorms[r] * innerNorms[c];
        const scaled = made * outer.scales[r] * inner.scales[c];
        sum += scaled * scaled;
      }
    }
    return roundedUp(Math.sqrt(sum) * (1 + gamma(cells.nnz)));
  }
}

/** Lengths of rows f64[rows × ld]. */
export function rowNorms(arena: Arena, rows: number, ld: number, at: number): Float64Array {
  const x = arena.f64(at, rows * ld);
  const norms = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let squares = 0;
    for (let c = r * ld; c < (r + 1) * ld; c++) squares += x[c] * x[c];
    norms[r] = Math.sqrt(squares);
  }
  return norms;
}
