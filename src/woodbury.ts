// Corrections of the inverse of a Gram matrix when rows leave, change or are eliminated (Woodbury's identity):
//   P′ = P − Tᵀ (Δ + V Tᵀ)⁻¹ T,  T = V P,
// with a row of V per correction: a basket that leaves (Δ = −1), one that comes (+1), or an item that is eliminated (0).
import type { Arena } from './memory.ts';
import type { Matrix } from './tensor.ts';

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

/** Rows corrected together: their products with P stay in the cache, and the small system is cheap. */
const ROWS = 32;

/** Corrects P, kept as float32 pairs (assembly/ease.ts), in place. @throws UnstableError */
export function correct(arena: Arena, items: number, P: Matrix, regularization: number, { items: eliminated, corrections }: Change): void {
  const m = P.rows;
  const run = (rows: readonly { basket: Int32Array; sign: number }[]): void => {
    for (let start = 0; start < rows.length; start += ROWS) arena.scope(() => correctRows(arena, items, m, P.pointer, rows.slice(start, start + ROWS)));
  };
  run(Array.from(eliminated, (item) => ({ basket: Int32Array.of(item), sign: 0 })));
  for (const item of eliminated) arena.kernels.ease_clear_item(items, m, item, 1 / regularization, P.pointer);
  run(corrections);
}

function correctRows(arena: Arena, items: number, m: number, P: number, rows: readonly { basket: Int32Array; sign: number }[]): void {
  const r = rows.length;
  const T = arena.alloc(r * m * 8), Z = arena.alloc(r * m * 8), scratch = arena.alloc(m * 8);
  const lists = rows.map(({ basket }) => arena.upload(basket));
  rows.forEach(({ basket }, a) => arena.kernels.ease_basket(basket.length, lists[a], m, P, T + a * m * 8));
  const product = arena.f64(T, r * m), solved = arena.f64(Z, r * m);
  const system = Float64Array.from({ length: r * r }, (_, at) => {
    const a = Math.floor(at / r), b = at % r;
    let sum = a === b ? rows[a].sign : 0;
    for (const item of rows[a].basket) sum += product[b * m + item];
    return sum;
  });
  const inverse = invert(r, system);
  for (let a = 0; a < r; a++) {
    const z = solved.subarray(a * m, (a + 1) * m).fill(0);
    for (let b = 0; b < r; b++) {
      const weight = inverse[a * r + b], t = product.subarray(b * m, (b + 1) * m);
      for (let j = 0; j < m; j++) z[j] += weight * t[j];
    }
  }
  arena.kernels.ease_correct(items, m, r, T, Z, P, scratch);
}

/** The inverse of a small matrix by Gauss-Jordan elimination with row pivoting. @throws UnstableError */
function invert(n: number, system: Float64Array): Float64Array {
  const A = system.slice(), X = new Float64Array(n * n);
  const least = 1e-12 * system.reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  for (let i = 0; i < n; i++) X[i * n + i] = 1;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(A[i * n + c]) > Math.abs(A[best * n + c])) best = i;
    const pivot = A[best * n + c];
    if (!(Math.abs(pivot) > least)) throw new UnstableError('what is forgotten carries a direction of the data alone');
    for (let j = 0; j < n; j++) {
      const a = A[best * n + j], x = X[best * n + j];
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
