// Corrections of the inverse of a Gram matrix when rows leave, change or are eliminated (Woodbury's identity):
//   P′ = P − Tᵀ (Δ + V Tᵀ)⁻¹ T,  T = V P,
// with a row of V per correction: a basket that leaves (Δ = −1), one that comes (+1), or an item that is eliminated (0).
import type { Arena } from '../wasm/memory.ts';
import type { Matrix } from '../wasm/tensor.ts';

/** What changes in a Gram matrix of baskets. */
export interface Change {
  /** Items to eliminate, before all else. */
  readonly items: Int32Array;
  /** Baskets, without eliminated items, that leave (−1) or come (1). */
  readonly corrections: readonly { readonly basket: Int32Array; readonly sign: 1 | -1 }[];
  /** The item whose column of the inverse to check afterwards. */
  readonly witness: number;
}

/** A correction cannot be computed in floating point: the inverse must be computed afresh. */
export class UnstableError extends Error {}

interface Correction {
  readonly basket: Int32Array;
  readonly sign: number;
}

/** Rows corrected together: their products with P stay in the cache, and the small system is cheap. */
const ROWS = 32;

const eliminations = ({ items }: Change): Correction[] => Array.from(items, (item) => ({ basket: Int32Array.of(item), sign: 0 }));

/** Corrects P, kept as float32 pairs (assembly/ease.ts), in place. @throws UnstableError */
export function correct(arena: Arena, items: number, P: Matrix, regularization: number, change: Change): void {
  const run = (rows: readonly Correction[]): void => {
    for (let start = 0; start < rows.length; start += ROWS) {
      const { T, Z } = factored(rows.slice(start, start + ROWS), (basket) => productWith(arena, P, basket));
      apply(arena, items, P, T, Z);
    }
  };
  run(eliminations(change));
  for (const item of change.items) arena.kernels.ease_clear_item(items, P.rows, item, 1 / regularization, P.pointer);
  run(change.corrections);
}

/** Corrections that are not applied: P′ = P − Σ_a T_aᵀ Z_a, beside the P that they are for; rows f64[m]. */
export class LowRank {
  readonly T: readonly Float64Array[];
  readonly Z: readonly Float64Array[];
  /** Items eliminated: their rows and columns of P′ are zero but for 1/λ on the diagonal. */
  readonly cleared: readonly number[];

  constructor(T: readonly Float64Array[] = [], Z: readonly Float64Array[] = [], cleared: readonly number[] = []) {
    this.T = T;
    this.Z = Z;
    this.cleared = cleared;
  }

  /** These corrections and those of a further change. @throws UnstableError */
  and(arena: Arena, P: Matrix, change: Change): LowRank {
    const eliminated = this.#with(arena, P, eliminations(change), change.items);
    return eliminated.#with(arena, P, change.corrections, []);
  }

  #with(arena: Arena, P: Matrix, rows: readonly Correction[], cleared: Iterable<number>): LowRank {
    const { T, Z } = factored(rows, (basket) => this.product(basket, productWith(arena, P, basket)));
    // A class that names itself in a private method gets a statement after it from the compiler, which no bundler leaves out.
    return new (this.constructor as typeof LowRank)([...this.T, ...T], [...this.Z, ...Z], [...this.cleared, ...cleared]);
  }

  /** V P′ from V P, for the basket V; `product` is overwritten. */
  product(basket: Int32Array, product: Float64Array): Float64Array {
    for (let a = 0; a < this.T.length; a++) {
      const t = this.T[a];
      const z = this.Z[a];
      let along = 0;
      for (const item of basket) along += t[item];
      for (let j = 0; j < product.length; j++) product[j] -= along * z[j];
    }
    for (const item of this.cleared) product[item] = 0;
    return product;
  }

  /** The diagonal of P′. */
  diagonal(items: number, P: Matrix, regularization: number): Float64Array {
    const diagonal = diagonalOf(items, P);
    for (let a = 0; a < this.T.length; a++) for (let j = 0; j < items; j++) diagonal[j] -= this.T[a][j] * this.Z[a][j];
    for (const item of this.cleared) diagonal[item] = 1 / regularization;
    return diagonal;
  }

  /** Corrects a copy of the P that these corrections are for, in place. */
  applyTo(arena: Arena, items: number, P: Matrix, regularization: number): void {
    for (let start = 0; start < this.T.length; start += ROWS)
      apply(arena, items, P, this.T.slice(start, start + ROWS), this.Z.slice(start, start + ROWS));
    for (const item of this.cleared) arena.kernels.ease_clear_item(items, P.rows, item, 1 / regularization, P.pointer);
  }
}

/** The diagonal of P, kept as float32 pairs. */
export function diagonalOf(items: number, P: Matrix): Float64Array {
  const pairs = P.view();
  const m = P.rows;
  return Float64Array.from({ length: items }, (_, j) => pairs[2 * m * j + j] + pairs[2 * m * j + m + j]);
}

function productWith(arena: Arena, P: Matrix, basket: Int32Array): Float64Array {
  return arena.scope(() => {
    const out = arena.alloc(P.rows * 8);
    arena.kernels.ease_basket(basket.length, arena.upload(basket), P.rows, P.pointer, out);
    return arena.f64(out, P.rows).slice();
  });
}

function apply(arena: Arena, items: number, P: Matrix, T: readonly Float64Array[], Z: readonly Float64Array[]): void {
  const m = P.rows;
  arena.scope(() => {
    const [t, z] = [T, Z].map((rows) => {
      const at = arena.alloc(rows.length * m * 8);
      rows.forEach((row, a) => arena.f64(at + a * m * 8, m).set(row));
      return at;
    });
    arena.kernels.ease_correct(items, m, T.length, t, z, P.pointer, arena.alloc(m * 8));
  });
}

/** T = V P and Z = (Δ + V Tᵀ)⁻¹ T. */
function factored(rows: readonly Correction[], productOf: (basket: Int32Array) => Float64Array): { T: Float64Array[]; Z: Float64Array[] } {
  const r = rows.length;
  const T = rows.map(({ basket }) => productOf(basket));
  const system = Float64Array.from({ length: r * r }, (_, at) => {
    const a = Math.floor(at / r);
    const b = at % r;
    let sum = a === b ? rows[a].sign : 0;
    for (const item of rows[a].basket) sum += T[b][item];
    return sum;
  });
  const inverse = invert(r, system);
  const Z = rows.map((_, a) => {
    const z = new Float64Array(T[a].length);
    for (let b = 0; b < r; b++) {
      const weight = inverse[a * r + b];
      const t = T[b];
      for (let j = 0; j < z.length; j++) z[j] += weight * t[j];
    }
    return z;
  });
  return { T, Z };
}

/** The inverse of a small matrix by Gauss-Jordan elimination with row pivoting. @throws UnstableError */
function invert(n: number, system: Float64Array): Float64Array {
  const A = system.slice();
  const X = new Float64Array(n * n);
  const least = 1e-12 * system.reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  for (let i = 0; i < n; i++) X[i * n + i] = 1;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(A[i * n + c]) > Math.abs(A[best * n + c])) best = i;
    const pivot = A[best * n + c];
    if (!(Math.abs(pivot) > least)) throw new UnstableError('what is forgotten carries a direction of the data alone');
    for (let j = 0; j < n; j++) {
      const a = A[best * n + j];
      const x = X[best * n + j];
      A[best * n + j] = A[c * n + j];
      X[best * n + j] = X[c * n + j];
      A[c * n + j] = a / pivot;
      X[c * n + j] = x / pivot;
    }
    for (let i = 0; i < n; i++) {
      const factor = A[i * n + c];
      if (i === c || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        A[i * n + j] -= factor * A[c * n + j];
        X[i * n + j] -= factor * X[c * n + j];
      }
    }
  }
  return X;
}
