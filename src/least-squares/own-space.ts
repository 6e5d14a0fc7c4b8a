// The space of a model's own factors, in which B has singular value 1 at a stationary point: an orthonormal basis Q of what
// N = BᵀB leaves in place of it, and what N does there, from above (docs/certificate.md §4.2).

import { eigenvalueBound, eigenvectors } from './jacobi-eigenvalues.ts';
import { gamma, gramDepth, roundedUp } from './rounding.ts';
import type { ScaledResidual } from './scaled-residual.ts';
import { dot, norm, orthogonalise } from './vectors.ts';

/** Ritz vectors whose residual is larger are left to the complement. */
const SETTLED = 1e-5;
/** Of less than this share of the longest column, what is left of one is no direction. */
const GONE = 1e-7;

export class OwnSpace {
  readonly basis: readonly Float64Array[];
  /** f64[n × ld]: the basis as rows, and its products with N. */
  readonly Q: number;
  readonly NQ: number;
  /** Qᵀ N Q as computed, f64[ld × ld]. */
  readonly inside: Float64Array;
  /** ‖QᵀQ − I‖ is at most this. */
  readonly orthogonality: number;
  /** ‖Q‖_F, from above. */
  readonly size: number;
  /** λ_max((BQ)ᵀ(BQ)) and ‖(I − QQᵀ) N Q‖_F as they were computed. */
  readonly computed: { readonly alpha: number; readonly beta: number };
  readonly #residual: ScaledResidual;
  readonly #imageNorm: number;
  readonly #largest: number;
  readonly #restError: number;

  constructor(residual: ScaledResidual) {
    this.#residual = residual;
    const { arena, ld, inner, outer } = residual;
    const n = inner.rows;
    this.basis = settled(residual, orthonormal(residual));
    const { Q, image, NQ } = products(residual, this.basis);
    this.Q = Q;
    this.NQ = NQ;
    const frobenius = (rows: number, A: number): number =>
      roundedUp(Math.sqrt(arena.kernels.inner64(rows, ld, 0, A, A)) * (1 + gamma(rows + ld)));
    const gram = (rows: number, A: number, B: number): Float64Array =>
      arena.scope(() => {
        const at = arena.alloc(ld * ld * 8);
        arena.kernels.gram64(rows, ld, 1, A, B, at);
        return arena.f64(at, ld * ld).slice();
      });
    this.size = frobenius(n, Q);
    this.#imageNorm = frobenius(outer.rows, image);
    this.orthogonality = roundedUp(offIdentity(gram(n, Q, Q), ld, this.basis.length) + gamma(gramDepth(n)) * this.size * this.size);
    const own = gram(outer.rows, image, image);
    const largest = eigenvalueBound(ld, own);
    this.#largest = roundedUp(largest.upper + gamma(gramDepth(outer.rows)) * this.#imageNorm * this.#imageNorm);
    this.inside = gram(n, Q, NQ);
    const rest = arena.upload(arena.f64(NQ, n * ld).slice());
    const small = arena.upload(this.inside);
    arena.kernels.rows_times64(n, ld, -1, Q, small, rest);
    const insideNorm = Math.sqrt(this.inside.reduce((sum, x) => sum + x * x, 0));
    this.#restError = roundedUp(gamma(ld + 4) * (frobenius(n, NQ) + this.size * insideNorm));
    this.computed = { alpha: largest.computed, beta: frobenius(n, rest) };
  }

  /** Not below λ_max of N on the space. */
  alpha(): number {
    if (!(this.orthogonality < 1)) return Infinity;
    const image = Math.sqrt(this.#largest) + this.#residual.productError * this.size;
    return roundedUp((image * image) / (1 - this.orthogonality));
  }

  /** Not below ‖P N Q‖_F. @param bound of ‖B‖. */
  beta(bound: number): number {
    if (!(this.orthogonality < 1)) return Infinity;
    const { productError } = this.#residual;
    const error = productError * (this.#imageNorm + bound * this.size) + this.#restError;
    return roundedUp((this.computed.beta + error) / Math.sqrt(1 - this.orthogonality));
  }
}

/** ‖G − I‖_F over the first `rank` rows and columns. */
function offIdentity(G: Float64Array, ld: number, rank: number): number {
  let sum = 0;
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      const off = G[i * ld + j] - (i === j ? 1 : 0);
      sum += off * off;
    }
  }
  return Math.sqrt(sum);
}

/** Q as rows [n × ld], B Q and N Q. */
function products(residual: ScaledResidual, basis: readonly Float64Array[]): { Q: number; image: number; NQ: number } {
  const { arena, ld, inner, outer } = residual;
  const n = inner.rows;
  const Q = arena.allocZeroed(n * ld * 8);
  const view = arena.f64(Q, n * ld);
  basis.forEach((column, c) => column.forEach((x, r) => (view[r * ld + c] = x)));
  const image = residual.apply(outer, inner, Q);
  return { Q, image, NQ: residual.apply(inner, outer, image) };
}

/** Orthonormal basis of the range of D^½ Y, by Gram-Schmidt with a second pass; directions that hardly exist left out. */
function orthonormal({ arena, ld, inner, problem }: ScaledResidual): Float64Array[] {
  const n = inner.rows;
  const factors = arena.f64(inner.factors, n * ld);
  const columns = Array.from({ length: problem.options.factors }, (_, c) =>
    Float64Array.from({ length: n }, (_, r) => factors[r * ld + c] / inner.scales[r]),
  );
  const longest = Math.max(...columns.map(norm));
  const basis: Float64Array[] = [];
  for (const column of columns) {
    orthogonalise(column, basis);
    const length = norm(column);
    if (!(length > GONE * longest)) continue;
    for (let r = 0; r < n; r++) column[r] /= length;
    orthogonalise(column, basis);
    const again = norm(column);
    for (let r = 0; r < n; r++) column[r] /= again;
    basis.push(column);
  }
  return basis;
}

/**
 * Of the space of a basis, what N leaves in place: Ritz vectors whose residual is small. Columns of factors that training
 * has nearly made zero point anywhere; left in, they would only couple the space to its complement.
 */
function settled(residual: ScaledResidual, basis: readonly Float64Array[]): Float64Array[] {
  const { arena, ld } = residual;
  const n = residual.inner.rows;
  const rank = basis.length;
  return arena.scope(() => {
    const { NQ } = products(residual, basis);
    const rows = arena.f64(NQ, n * ld);
    const images = basis.map((_, c) => Float64Array.from({ length: n }, (_, r) => rows[r * ld + c]));
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
      const rest = combined(images, k);
      const ritz = dot(vector, rest);
      for (let r = 0; r < n; r++) rest[r] -= ritz * vector[r];
      if (norm(rest) <= SETTLED) kept.push(vector);
    }
    return kept;
  });
}
