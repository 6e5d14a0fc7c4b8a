// Bounds of the norm of the scaled residual matrix B of a least-squares model at given factors (docs/certificate.md §4).
// Near a stationary point B has singular value 1 on the factors' own space, and less elsewhere where the model is the
// global minimum: the space is treated exactly, its complement is bounded by a factorisation or by a random start.

import { STREAM, uniform } from '../base/random.ts';
import { type Plan, planRows } from '../threads/team.ts';
import { eigenvectors, largestEigenvalue } from './jacobi-eigenvalues.ts';
import { cellWeightsOf, other } from './objective.ts';
import type { Stationary } from './stationary.ts';

export interface NormBound {
  /** Not below the norm. */
  readonly upper: number;
  /** What the iteration found; not above the norm but for rounding. */
  readonly estimate: number;
  /** How the complement was bounded. */
  readonly method: 'factorisation' | 'random start';
  /** Chance that `upper` is too low: 0, or that of an unlucky random start. */
  readonly failureProbability: number;
  /** Dimension of the factors' own space. */
  readonly rank: number;
}

/** Up to so many rows of the smaller side, BᵀB is written out and factored. */
const DENSE_ROWS = 4600;
/** Pivots that are eliminated together. */
const BLOCK = 128;
/** Ritz vectors of the factors' space whose residual is larger are left to the complement. */
const SETTLED = 1e-5;
/** Chance of an unlucky start that is accepted. */
const FAILURE = 1e-12;
const MOST_STEPS = 300;
/** Where that leaves the bound above 1, and so many could bring it below. */
const FURTHER_STEPS = 1000;
/** Steps between two looks at the bound: any look may be the one that is unlucky. */
const LOOK = 20;
/** Allowance for rounding in what is computed exactly, relative to squared norms of about 1. */
const ROUNDING = 1e-12;

/** ‖D_u^-½ M D_i^-½‖₂ of the problem's present factors. */
export function normBound(problem: Stationary): NormBound {
  return problem.arena.scope(() => new Residual(problem).bound());
}

class Residual {
  readonly #problem: Stationary;
  /** Sparse part by rows of the outer and of the inner side, scaled factors, rows. The inner side is the smaller one. */
  readonly #outer: ScaledSide;
  readonly #inner: ScaledSide;
  readonly #base: number;
  readonly #ld: number;

  constructor(problem: Stationary) {
    this.#problem = problem;
    this.#base = problem.base;
    this.#ld = problem.ld;
    const users = problem.side('users');
    const items = problem.side('items');
    const inner = items.rows <= users.rows ? 'items' : 'users';
    const scales = { users: this.#scales('users'), items: this.#scales('items') };
    const scaled = (side: 'users' | 'items'): ScaledSide => {
      const { arena, ld } = problem;
      const { cells, rows, factors } = problem.side(side);
      const opposite = problem.side(other(side));
      const { ws, w0, ts, t0, explicit } = cellWeightsOf(problem.options);
      const values = arena.alloc(cells.nnz * 8);
      const rowScale = arena.upload(scales[side]);
      const colScale = arena.upload(scales[other(side)]);
      arena.kernels.residual_entries(
        rows,
        ld,
        ws,
        w0,
        ts,
        t0,
        explicit,
        cells.indptr,
        cells.indices,
        cells.data,
        rowScale,
        colScale,
        factors,
        opposite.factors,
        values,
      );
      const hat = arena.alloc(rows * ld * 8);
      const to = arena.f64(hat, rows * ld);
      const from = arena.f64(factors, rows * ld);
      for (let r = 0; r < rows; r++) for (let c = r * ld; c < (r + 1) * ld; c++) to[c] = from[c] * scales[side][r];
      return { rows, indptr: cells.indptr, indices: cells.indices, values, hat, plan: problem.side(side).passes };
    };
    this.#inner = scaled(inner);
    this.#outer = scaled(other(inner));
    this.innerScale = scales[inner];
    this.innerFactors = problem.side(inner).factors;
  }
  readonly innerScale: Float64Array;
  readonly innerFactors: number;

  /** 1/√reg by row. */
  #scales(side: 'users' | 'items'): Float64Array {
    const { rows, regularization } = this.#problem.side(side);
    return Float64Array.from(this.#problem.arena.f32(regularization, rows), (d) => 1 / Math.sqrt(d));
  }

  bound(): NormBound {
    const { arena } = this.#problem;
    const n = this.#inner.rows;
    const ld = this.#ld;
    const basis = this.#settled(this.#basis());
    const rank = basis.length;
    const { Q, H, NQ } = this.#products(basis);
    const own = arena.alloc(ld * ld * 8);
    const inside = arena.alloc(ld * ld * 8);
    arena.kernels.gram64(this.#outer.rows, ld, 1, H, H, own);
    arena.kernels.gram64(n, ld, 1, Q, NQ, inside);
    const alpha = largestEigenvalue(ld, arena.f64(own, ld * ld).slice()) + ROUNDING;
    const QtNQ = arena.f64(inside, ld * ld).slice();
    // β = ‖(I − QQᵀ) N Q‖_F
    arena.kernels.rows_times64(n, ld, -1, Q, inside, NQ);
    const beta = Math.sqrt(arena.kernels.inner64(n, ld, 0, NQ, NQ)) + ROUNDING;
    arena.kernels.rows_times64(n, ld, 1, Q, inside, NQ);
    const combine = (gamma: number): number => {
      const half = (alpha - gamma) / 2;
      return Math.sqrt((alpha + gamma) / 2 + Math.sqrt(half * half + beta * beta));
    };
    const { ritz, upper } = this.#lanczos(basis);
    const estimate = Math.sqrt(Math.max(alpha - ROUNDING, ritz));
    if (n <= DENSE_ROWS) {
      const gamma = this.#factored(ritz, Q, NQ, QtNQ);
      if (gamma !== undefined) return { upper: combine(gamma), estimate, method: 'factorisation', failureProbability: 0, rank };
    }
    return { upper: combine(upper), estimate, method: 'random start', failureProbability: FAILURE, rank };
  }

  /** Q as rows [n × ld], B Q and N Q, N = BᵀB. */
  #products(basis: readonly Float64Array[]): { Q: number; H: number; NQ: number } {
    const { arena } = this.#problem;
    const n = this.#inner.rows;
    const ld = this.#ld;
    const Q = arena.allocZeroed(n * ld * 8);
    const view = arena.f64(Q, n * ld);
    basis.forEach((column, c) => column.forEach((x, r) => (view[r * ld + c] = x)));
    const H = this.#apply(this.#outer, this.#inner, Q);
    return { Q, H, NQ: this.#apply(this.#inner, this.#outer, H) };
  }

  /**
   * Of the space of a basis, what N leaves in place: Ritz vectors whose residual is small. Columns of factors that training
   * has nearly made zero point anywhere; left in, they would only couple the space to its complement.
   */
  #settled(basis: readonly Float64Array[]): Float64Array[] {
    const { arena } = this.#problem;
    const n = this.#inner.rows;
    const ld = this.#ld;
    const rank = basis.length;
    return arena.scope(() => {
      const { NQ } = this.#products(basis);
      const products = arena.f64(NQ, n * ld);
      const images = basis.map((_, c) => Float64Array.from({ length: n }, (_, r) => products[r * ld + c]));
      const inside = new Float64Array(rank * rank);
      basis.forEach((q, i) => images.forEach((image, j) => (inside[i * rank + j] = dot(q, image))));
      const vectors = eigenvectors(rank, inside);
      const combined = (columns: readonly Float64Array[], k: number): Float64Array => {
        const sum = new Float64Array(n);
        columns.forEach((column, j) => {
          for (let r = 0; r < n; r++) sum[r] += vectors[j * rank + k] * column[r];
        });
        return sum;
      };
      const kept: Float64Array[] = [];
      for (let k = 0; k < rank; k++) {
        const vector = combined(basis, k);
        const residual = combined(images, k);
        const ritz = dot(vector, residual);
        for (let r = 0; r < n; r++) residual[r] -= ritz * vector[r];
        if (norm(residual) <= SETTLED) kept.push(vector);
      }
      return kept;
    });
  }

  /** Orthonormal basis of the range of D^½ Y, by Gram-Schmidt with a second pass; directions that hardly exist left out. */
  #basis(): Float64Array[] {
    const { arena, options } = this.#problem;
    const ld = this.#ld;
    const n = this.#inner.rows;
    const factors = arena.f64(this.innerFactors, n * ld);
    const columns = Array.from({ length: options.factors }, (_, c) =>
      Float64Array.from({ length: n }, (_, r) => factors[r * ld + c] / this.innerScale[r]),
    );
    const longest = Math.max(...columns.map(norm));
    const basis: Float64Array[] = [];
    for (const column of columns) {
      orthogonalise(column, basis);
      const length = norm(column);
      if (!(length > 1e-7 * longest)) continue;
      for (let r = 0; r < n; r++) column[r] /= length;
      orthogonalise(column, basis);
      const again = norm(column);
      for (let r = 0; r < n; r++) column[r] /= again;
      basis.push(column);
    }
    return basis;
  }

  /** (to-side × from-side matrix) V for rows V [from × ld]: S V − base · X̂ (Ŷᵀ V). */
  #apply(to: ScaledSide, from: ScaledSide, V: number): number {
    const { arena } = this.#problem;
    const ld = this.#ld;
    const out = arena.alloc(to.rows * ld * 8);
    const small = arena.alloc(ld * ld * 8);
    this.#problem.team.runNow(
      'spmm64',
      to.plan,
      [ld, { base: to.indptr, row: 4 }, to.indices, to.values, V, { base: out, row: ld * 8 }],
      false,
      true,
    );
    arena.kernels.gram64(from.rows, ld, 1, from.hat, V, small);
    this.#problem.team.runNow(
      'rows_times64',
      to.plan,
      [ld, -this.#base, { base: to.hat, row: ld * 8 }, small, { base: out, row: ld * 8 }],
      false,
      true,
    );
    return out;
  }

  /** The same for one vector, in place of `out`. */
  #applyVector(to: ScaledSide, from: ScaledSide, v: number, out: number): void {
    const { arena } = this.#problem;
    const ld = this.#ld;
    this.#problem.team.runNow(
      'spmv64',
      to.plan,
      [{ base: to.indptr, row: 4 }, to.indices, to.values, v, { base: out, row: 8 }],
      false,
      true,
    );
    const vector = arena.f64(v, from.rows);
    const result = arena.f64(out, to.rows);
    const hatFrom = arena.f64(from.hat, from.rows * ld);
    const hatTo = arena.f64(to.hat, to.rows * ld);
    const small = new Float64Array(ld);
    for (let r = 0; r < from.rows; r++) for (let c = 0; c < ld; c++) small[c] += hatFrom[r * ld + c] * vector[r];
    for (let r = 0; r < to.rows; r++) {
      let sum = 0;
      for (let c = 0; c < ld; c++) sum += hatTo[r * ld + c] * small[c];
      result[r] -= this.#base * sum;
    }
  }

  /**
   * Lanczos on (I − QQᵀ) N (I − QQᵀ) from a random start, orthogonalised in full. `ritz` is at most the largest eigenvalue;
   * `upper` is at least as large but with probability FAILURE (docs/certificate.md, §4.3).
   */
  #lanczos(basis: readonly Float64Array[]): { ritz: number; upper: number } {
    const { arena } = this.#problem;
    const n = this.#inner.rows;
    const v = arena.alloc(n * 8);
    const between = arena.alloc(this.#outer.rows * 8);
    const out = arena.alloc(n * 8);
    const dimension = n - basis.length;
    if (dimension <= 0) return { ritz: 0, upper: 0 };
    let current = normals(n);
    orthogonalise(current, basis);
    orthogonalise(current, basis);
    scale(current, 1 / norm(current));
    const vectors: Float64Array[] = [];
    const diagonal: number[] = [];
    const beside: number[] = [];
    let ritz = 0;
    let upper = Infinity;
    let most = Math.min(MOST_STEPS, dimension);
    let enough = 0.999;
    for (let k = 1; k <= most; k++) {
      vectors.push(current);
      arena.f64(v, n).set(current);
      this.#applyVector(this.#outer, this.#inner, v, between);
      this.#applyVector(this.#inner, this.#outer, between, out);
      const next = arena.f64(out, n).slice();
      diagonal.push(dot(next, current));
      for (let pass = 0; pass < 2; pass++) {
        orthogonalise(next, basis);
        orthogonalise(next, vectors);
      }
      const length = norm(next);
      const last = k === most || length < 1e-13;
      if (k % LOOK === 0 || last) {
        ritz = largestTridiagonal(diagonal, beside);
        // an invariant subspace that a random start spans holds the largest eigenvalue
        upper = k === dimension || length < 1e-13 ? ritz + 1e-10 : ritz / (1 - krylovGap(dimension, k)) + ROUNDING;
        if (upper < enough) break;
        if (k === MOST_STEPS && upper >= 1 && ritz / (1 - krylovGap(dimension, FURTHER_STEPS)) < 1)
          [most, enough] = [Math.min(FURTHER_STEPS, dimension), 1 - 1e-5];
        else if (last) break;
      }
      beside.push(length);
      scale(next, 1 / length);
      current = next;
    }
    return { ritz, upper };
  }

  /** A t near `ritz` for which t I − (I − QQᵀ) N (I − QQᵀ) is found positive definite; undefined where none up to 1 is. */
  #factored(ritz: number, Q: number, NQ: number, QtNQ: Float64Array): number | undefined {
    const { arena } = this.#problem;
    const n = this.#inner.rows;
    const ld = this.#ld;
    const m = (n + 7) & ~7;
    const { kernels } = arena;
    const { team } = this.#problem;
    const a = this.#base;
    const needed = m * m * 16 + kernels.spd_sweep_scratch(m, BLOCK) + n * ld * 16;
    try {
      arena.reserve(needed);
    } catch {
      return undefined; // no room to write it out: the random start must do
    }
    // N = SᵀS − K Ŷᵀ − Ŷ Kᵀ with K = a Sᵀ X̂ − ½ a² Ŷ (X̂ᵀX̂); its projection N − J Qᵀ − Q Jᵀ with J = N Q − ½ Q (QᵀNQ)
    const minusN = arena.allocZeroed(m * m * 8);
    const K = arena.alloc(n * ld * 8);
    const small = arena.alloc(ld * ld * 8);
    const { inner, outer } = { inner: this.#inner, outer: this.#outer };
    kernels.subtract_pairs64(0, outer.rows, outer.indptr, outer.indices, outer.values, m, minusN);
    kernels.spmm64(n, ld, inner.indptr, inner.indices, inner.values, outer.hat, K);
    kernels.combine64(n * ld, 0, K, a, K);
    kernels.gram64(outer.rows, ld, 1, outer.hat, outer.hat, small);
    kernels.rows_times64(n, ld, (-a * a) / 2, inner.hat, small, K);
    kernels.add_pairs64(n, ld, m, K, inner.hat, minusN);
    arena.f64(small, ld * ld).set(QtNQ);
    const J = arena.alloc(n * ld * 8);
    kernels.combine64(n * ld, 1, NQ, 0, J);
    kernels.rows_times64(n, ld, -0.5, Q, small, J);
    kernels.add_pairs64(n, ld, m, J, Q, minusN);
    const work = arena.alloc(m * m * 8);
    const scratch = arena.alloc(kernels.spd_sweep_scratch(m, BLOCK));
    // a little above the Ritz value, but not past one: γ counts only by its distance from α
    for (
      let t = ritz + Math.min(0.001 * ritz, Math.max(0, 1 - ritz) / 4) + 1e-9, step = t - ritz;
      t < 1.05;
      step = Math.max(2 * step, 1e-4), t += step
    ) {
      const matrix = arena.f64(work, m * m);
      matrix.set(arena.f64(minusN, m * m));
      for (let i = 0; i < m; i++) matrix[i * m + i] += t;
      let status = 0;
      for (let begin = 0; begin < m && status === 0; begin += BLOCK) {
        const width = Math.min(BLOCK, m - begin);
        const after = begin + width;
        status = kernels.spd_pivot(m, begin, width, work, scratch);
        if (status === 0)
          team.runNow(
            'spd_update',
            planRows((m - after) / 4, (group) => 16 * (group + 1) * width),
            [m, after, width, work, scratch],
          );
      }
      // what was factored may differ from the matrix by rounding: the worst case of n² operations on each element
      if (status === 0) return t + n * n * 2.3e-16;
    }
    return undefined;
  }
}

interface ScaledSide {
  readonly rows: number;
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
  readonly hat: number;
  readonly plan: Plan;
}

/**
 * ε such that from a random start in n dimensions k Lanczos steps find at least (1 − ε) λ_max but with probability FAILURE, shared among
 * the looks: 2 √(2n (1 − ε) / (π ε)) ((1 − √ε) / (1 + √ε))^(k−1) ≤ FAILURE / 50.
 */
export function krylovGap(n: number, k: number): number {
  const chance = (epsilon: number): number => {
    const root = Math.sqrt(epsilon);
    const ratio = (1 - root) / (1 + root);
    let power = 1;
    for (let step = 1; step < k; step++) power *= ratio;
    return 2 * Math.sqrt((2 * n * (1 - epsilon)) / (3.141592653589793 * epsilon)) * power;
  };
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (chance(middle) > FAILURE / (FURTHER_STEPS / LOOK)) low = middle;
    else high = middle;
  }
  return high;
}

/** Sums of twelve uniform draws would not be spherical: normal pairs by Marsaglia's polar method, whose logarithm is a series. */
function normals(n: number): Float64Array {
  const vector = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // ratio of uniforms needs no function beyond division for its quick tests; the exact test uses ln
    for (let draw = 0; ; draw++) {
      const key = { lo: i, hi: draw };
      const u = uniform(1, STREAM.certificate, key, 0) || 1e-300;
      const x = (1.7155277699214135 * (uniform(1, STREAM.certificate, key, 1) - 0.5)) / u;
      if (x * x <= -4 * logarithm(u)) {
        vector[i] = x;
        break;
      }
    }
  }
  return vector;
}

/** ln u for u in (0, 1], by halving into [½, 1) and the series of artanh. */
function logarithm(u: number): number {
  let halvings = 0;
  while (u < 0.5) {
    u *= 2;
    halvings++;
  }
  const z = (u - 1) / (u + 1);
  const square = z * z;
  let term = z;
  let sum = 0;
  for (let k = 1; k < 60; k += 2) {
    sum += term / k;
    term *= square;
  }
  return 2 * sum - halvings * 0.6931471805599453;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));
function scale(a: Float64Array, by: number): void {
  for (let i = 0; i < a.length; i++) a[i] *= by;
}
function orthogonalise(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (const b of basis) {
    const along = dot(vector, b);
    for (let i = 0; i < vector.length; i++) vector[i] -= along * b[i];
  }
}

/** Largest eigenvalue of a symmetric tridiagonal matrix, from above to within 1e-15 of its size, by Sturm counts. */
function largestTridiagonal(diagonal: readonly number[], beside: readonly number[]): number {
  let low = 0;
  let high = 0;
  diagonal.forEach((d, i) => (high = Math.max(high, d + Math.abs(beside[i - 1] ?? 0) + Math.abs(i < diagonal.length - 1 ? beside[i] : 0))));
  const allBelow = (x: number): boolean => {
    let pivot = x - diagonal[0];
    for (let i = 1; i < diagonal.length; i++) {
      if (!(pivot > 0)) return false;
      pivot = x - diagonal[i] - (beside[i - 1] * beside[i - 1]) / pivot;
    }
    return pivot > 0;
  };
  for (let step = 0; step < 100 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (allBelow(middle)) high = middle;
    else low = middle;
  }
  return high;
}
