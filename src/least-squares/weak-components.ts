// The weakest components of a model, on the way to a stationary point. Where the regularization leaves the model fewer
// dimensions than it has factors, what is left of a surplus one shrinks by almost nothing in each iteration, and takes most
// of them. Along the scale c of one component c² x yᵀ the objective is a quartic, too: its least value is found at once.
import { type Field, SIDES } from './float64-rows.ts';
import { eigenvectors } from './jacobi-eigenvalues.ts';
import type { Side } from './objective.ts';
import type { Standing, Stationary } from './stationary.ts';

/** A component of less than this share of the strongest one's size is weak; of less than the second, gone. */
const WEAK = 0.1;
const GONE = 1e-15;
/** What is left at least of a scale: if it was wrong to take the component away, it grows again from there. */
const SEED = 1e-3;
/** Of less than this share of the squared factors a component is tiny, and of interest where it would grow at this rate, */
const TINY = 1e-5;
const GROWTH = 1e-5;
/** or where its scale holds this share of the squared gradient. */
const SHARE = 0.01;
/** Smaller changes of c² are left to the iterations. */
const SAME = 0.005;

/**
 * Brings weak components, the weakest first, to the scale that is best for each, until one of them has it.
 * @param standing of the present factors, whose gradient is measured; it is again where anything was changed.
 * @param work room that is free.
 * @returns where that leads: `standing` itself where there was nothing to do.
 */
export function settleWeak(problem: Stationary, standing: Standing, work: Field): Standing {
  const { factors, gradient } = problem;
  const whole = problem.inner(factors, factors);
  let now = standing;
  for (const v of weakComponents(problem, work)) {
    for (const side of SIDES) component(problem, side, v, work[side]);
    const slope = problem.inner(gradient, work);
    const size = problem.inner(work, work);
    const tiny = size < TINY * whole;
    const penalty = SIDES.reduce(
      (sum, side) => sum + problem.innerSide(side, work[side], work[side], problem.side(side).regularization),
      0,
    );
    if (tiny && slope > -GROWTH * penalty && slope * slope < SHARE * size * problem.inner(gradient, gradient)) continue;
    // second · c² + fourth · c⁴
    const [, , , fourth] = problem.quartic(work, slope);
    const second = slope - 2 * fourth;
    const square = Math.max(SEED * SEED, -second / (2 * fourth));
    const change = (square - 1) * (second + fourth * (square + 1));
    if (!(change < 0) || Math.abs(square - 1) < SAME) {
      if (tiny) continue;
      break;
    }
    problem.combine(Math.sqrt(square) - 1, work, 1, factors);
    now = problem.measure(now.objective + change);
  }
  return now;
}

/**
 * Unit vectors v [ld] of weak components X v vᵀ, Y v vᵀ, the weakest first: eigenvectors of XᵀD X + YᵀD Y, D the
 * regularization, which at a stationary point are the singular vectors of the scaled model.
 * @param weak share of the strongest one's size.
 */
export function weakComponents(problem: Stationary, work: Field, weak = WEAK): Float64Array[] {
  const { arena, ld, factors } = problem;
  const n = problem.options.factors;
  const A = new Float64Array(n * n);
  arena.scope(() => {
    const at = arena.alloc(ld * ld * 8);
    for (const side of SIDES) {
      const { rows, regularization } = problem.side(side);
      const reg = arena.f32(regularization, rows);
      const x = arena.f64(factors[side], rows * ld);
      const scaled = arena.f64(work[side], rows * ld);
      for (let r = 0, k = 0; r < rows; r++) for (const end = k + ld; k < end; k++) scaled[k] = reg[r] * x[k];
      problem.gram(side, 1, work[side], factors[side], at);
      const G = arena.f64(at, ld * ld);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) A[i * n + j] += (G[i * ld + j] + G[j * ld + i]) / 2;
    }
  });
  const V = eigenvectors(n, A);
  const size = (k: number): number => A[k * n + k];
  const order = Array.from({ length: n }, (_, k) => k).sort((a, b) => size(a) - size(b));
  const largest = size(order[n - 1]);
  return order
    .filter((k) => size(k) > GONE * largest && size(k) < weak * largest)
    .map((k) => Float64Array.from({ length: ld }, (_, i) => (i < n ? V[i * n + k] : 0)));
}

/** to = X v vᵀ. */
function component(problem: Stationary, side: Side, v: Float64Array, to: number): void {
  const { arena, ld } = problem;
  const { rows, factors } = problem.side(side);
  const x = arena.f64(factors, rows * ld);
  const out = arena.f64(to, rows * ld);
  for (let r = 0; r < rows; r++) {
    let along = 0;
    for (let c = 0; c < ld; c++) along += x[r * ld + c] * v[c];
    for (let c = 0; c < ld; c++) out[r * ld + c] = along * v[c];
  }
}
