// A bound of the norm of P N P, P the projection off the model's own space, for data that are too large to be factored: from
// independent random vectors to which a Chebyshev polynomial of the matrix is applied. It is large above c and at most 1
// below: an eigenvalue above the bound would show in every vector but those that chance has made nearly orthogonal to its
// eigenvector, and not in any is as unlikely as FAILURE (docs/certificate.md §4.4).

import type { OwnSpace } from './own-space.ts';
import { randomNormals } from './random-normals.ts';
import { gamma, gramDepth, roundedUp, UNIT } from './rounding.ts';
import type { ScaledResidual, ScaledSide } from './scaled-residual.ts';

/** Chance that the bound is too low. */
export const FAILURE = 1e-12;
/** Vectors; their number is the width of the rows that they are kept in. */
const COLUMNS = 8;
/** A coordinate of a normal vector is below this in size with probability FAILURE^(1/COLUMNS): s √(2/π), rounded down. */
const LEAST = 0.0396;

const MOST_STEPS = 300;
/** Where that leaves the bound above 1, and so many could bring it below. */
const FURTHER_STEPS = 1000;
/** Steps between two looks. The event that a bound fails is the same for all looks. */
const LOOK = 20;
/** Where a bound is enough. */
const ENOUGH = 0.999;
const ENOUGH_FURTHER = 1 - 1e-5;

/**
 * @param ritz an estimate from below.
 * @param draw independent normal vectors by number; another one is for tests, to show what the bound rests on.
 * @returns the bound, from a bound of ‖B‖.
 */
export function randomBound(residual: ScaledResidual, own: OwnSpace, ritz: number, draw = randomNormals): (norm: number) => number {
  if (residual.inner.rows <= own.basis.length) return () => 0;
  return residual.arena.scope(() => {
    const run = new Chebyshev(residual, own, Math.max(ritz, 1e-3), draw);
    let most = MOST_STEPS;
    let enough = ENOUGH;
    for (let step = 1; step <= most; step++) {
      run.step();
      if (step % LOOK !== 0) continue;
      const bound = run.bound(residual.crudeNorm);
      if (bound < enough) break;
      if (step === MOST_STEPS && run.atBest(FURTHER_STEPS) < ENOUGH_FURTHER) {
        most = FURTHER_STEPS;
        enough = ENOUGH_FURTHER;
      }
    }
    return (norm) => run.bound(norm);
  });
}

/** y_k = T_k(2A/c − I) y_0 for all vectors at once, rows f64[n × COLUMNS], A = P N P. */
class Chebyshev {
  readonly #residual: ScaledResidual;
  readonly #c: number;
  /** ‖P̂ v − P v‖ ≤ projectionError ‖v‖. */
  readonly #projectionError: number;
  readonly #Q: readonly number[];
  readonly #inner: readonly number[];
  readonly #outer: readonly number[];
  readonly #small: readonly number[];
  readonly #product: number;
  readonly #between: number;
  readonly #projected: number;
  #now: number;
  #before: number;
  /** The longest vector of each step, from above. */
  readonly #lengths: number[] = [];

  constructor(residual: ScaledResidual, own: OwnSpace, c: number, draw: typeof randomNormals) {
    const { arena, ld, inner, outer } = residual;
    const n = inner.rows;
    this.#residual = residual;
    this.#c = c;
    const panels = (rows: number, from: number): number[] => inPanels(residual, rows, from);
    this.#Q = panels(n, own.Q);
    this.#inner = panels(n, inner.hat);
    this.#outer = panels(outer.rows, outer.hat);
    this.#small = this.#Q.map(() => arena.alloc(COLUMNS * COLUMNS * 8));
    const rows = (count: number): number => arena.allocZeroed(count * COLUMNS * 8);
    [this.#product, this.#projected, this.#now, this.#before] = [n, n, n, n].map(rows);
    this.#between = rows(outer.rows);
    this.#projectionError = roundedUp(own.orthogonality + gamma(gramDepth(n) + ld + 8) * (1 + own.size * own.size));
    const start = arena.f64(this.#now, n * COLUMNS);
    for (let column = 0; column < COLUMNS; column++) {
      draw(n, column + 1).forEach((x, r) => (start[r * COLUMNS + column] = x));
    }
    this.#measure();
    this.#project(this.#now);
    this.#measure();
  }

  step(): void {
    const { arena, inner } = this.#residual;
    const { kernels } = arena;
    const n = inner.rows * COLUMNS;
    this.#multiply();
    const first = this.#lengths.length === 2;
    const next = this.#before;
    kernels.combine64(n, -(first ? 1 : 2), this.#now, first ? 0 : -1, next);
    kernels.combine64(n, (first ? 2 : 4) / this.#c, this.#product, 1, next);
    this.#before = this.#now;
    this.#now = next;
    this.#measure();
  }

  /**
   * The least x for which an eigenvalue of x would have made the vectors longer than they are, whatever rounding did.
   * @param norm not below ‖B‖. @returns Infinity where there is none.
   */
  bound(norm: number): number {
    const c = this.#c;
    const [start, ...lengths] = this.#lengths;
    const k = lengths.length - 1;
    const local = lengths.map((length, j) => this.#localError(norm, length, j === 0 ? 0 : lengths[j - 1]));
    const shows = (x: number): boolean => {
      const mean = (2 * x) / c - 1;
      const inverse = 1 / (mean + Math.sqrt(mean * mean - 1));
      let carried = 0;
      for (let j = 0, power = inverse; j < k; j++, power *= inverse) carried += 2 * (k - j) * power * local[j];
      let left = (LEAST - this.#projectionError * start - roundedUp(carried)) / 2;
      for (let j = 0; j < k; j++) left /= inverse;
      return left > lengths[k];
    };
    let high = 16 * c;
    if (!shows(high)) return Infinity;
    let low = c;
    for (let halving = 0; halving < 60; halving++) {
      const middle = (low + high) / 2;
      if (shows(middle)) high = middle;
      else low = middle;
    }
    return roundedUp(high);
  }

  /** About what so many steps in all would make of the bound. */
  atBest(steps: number): number {
    const share = (this.#lengths.length - 2) / steps;
    return this.#c + (this.bound(this.#residual.crudeNorm) - this.#c) * share * share;
  }

  /** What rounding does to a step, along any direction of the complement: see `bound`. */
  #localError(norm: number, now: number, before: number): number {
    const p = this.#projectionError;
    const d = this.#residual.productError;
    const product = (2 * norm * norm * p + 2 * norm * d + d * d) * (1 + p) * (1 + p);
    return roundedUp((4 / this.#c) * product * now + 8 * UNIT * (((4 * norm * norm) / this.#c + 2) * now + before));
  }

  /** product = P N P now. */
  #multiply(): void {
    const { arena, inner, outer } = this.#residual;
    const projected = arena.f64(this.#projected, inner.rows * COLUMNS);
    projected.set(arena.f64(this.#now, inner.rows * COLUMNS));
    this.#project(this.#projected);
    this.#apply(outer, inner, this.#outer, this.#inner, this.#projected, this.#between);
    this.#apply(inner, outer, this.#inner, this.#outer, this.#between, this.#product);
    this.#project(this.#product);
  }

  #apply(to: ScaledSide, from: ScaledSide, toHat: readonly number[], fromHat: readonly number[], V: number, out: number): void {
    const residual = this.#residual;
    residual.sparseTimes(to, COLUMNS, V, out);
    fromHat.forEach((hat, p) => residual.arena.kernels.gram64(from.rows, COLUMNS, 1, hat, V, this.#small[p]));
    toHat.forEach((hat, p) => residual.addRows(to, COLUMNS, -residual.base, hat, this.#small[p], out));
  }

  /** V −= Q (Qᵀ V). */
  #project(V: number): void {
    const residual = this.#residual;
    const { inner } = residual;
    this.#Q.forEach((Q, p) => residual.arena.kernels.gram64(inner.rows, COLUMNS, 1, Q, V, this.#small[p]));
    this.#Q.forEach((Q, p) => residual.addRows(inner, COLUMNS, -1, Q, this.#small[p], V));
  }

  #measure(): void {
    const { arena, inner } = this.#residual;
    const squares = new Float64Array(COLUMNS);
    const y = arena.f64(this.#now, inner.rows * COLUMNS);
    for (let k = 0; k < y.length; k++) squares[k % COLUMNS] += y[k] * y[k];
    this.#lengths.push(Math.sqrt(squares.reduce((most, square) => Math.max(most, square), 0)) * (1 + gamma(inner.rows + 4)));
  }
}

/** The columns of rows f64[rows × ld], COLUMNS at a time, as rows of their own. */
function inPanels({ arena, ld }: ScaledResidual, rows: number, from: number): number[] {
  return Array.from({ length: ld / COLUMNS }, (_, p) => {
    const at = arena.alloc(rows * COLUMNS * 8);
    const panel = arena.f64(at, rows * COLUMNS);
    const whole = arena.f64(from, rows * ld);
    for (let r = 0; r < rows; r++) panel.set(whole.subarray(r * ld + p * COLUMNS, r * ld + (p + 1) * COLUMNS), r * COLUMNS);
    return at;
  });
}
