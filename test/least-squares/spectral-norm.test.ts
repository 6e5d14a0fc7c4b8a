// The bounds of the scaled residual's norm and of the duality gap against both in 32 digits, over a grid from the gentlest to
// the roughest options: never below. Without their allowances for rounding they are in some: the check can fail.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { accelerate } from '../../src/least-squares/acceleration.ts';
import { dualityGap } from '../../src/least-squares/duality-gap.ts';
import { factoredBound } from '../../src/least-squares/factored-complement.ts';
import { SIDES } from '../../src/least-squares/float64-rows.ts';
import { largestRitzValue } from '../../src/least-squares/lanczos.ts';
import { cellWeightsOf, leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { OwnSpace } from '../../src/least-squares/own-space.ts';
import { randomBound } from '../../src/least-squares/random-complement.ts';
import { randomNormals } from '../../src/least-squares/random-normals.ts';
import { ScaledResidual } from '../../src/least-squares/scaled-residual.ts';
import { normBound } from '../../src/least-squares/spectral-norm.ts';
import { Stationary } from '../../src/least-squares/stationary.ts';
import { norm, orthogonalise, scale } from '../../src/least-squares/vectors.ts';
import { draws } from '../kernels/samples.ts';
import { add, type Double, divide, largestEigenvalue, less, multiply, of, root, subtract, ZERO } from '../reference/double-double.ts';

const test = suite('bounds of a certificate');

function sample(seed: number, users: number, items: number): Dataset {
  const next = draws(seed);
  const builder = new DatasetBuilder();
  for (let u = 0; u < users; u++) {
    for (let i = 0; i < items; i++)
      if (next() < ((u + i) % 3 === 0 ? 0.6 : 0.15)) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(next() * 5));
  }
  return builder.build();
}

/** What is bounded, in 32 digits: ‖D_U^-½ M D_I^-½‖ at a problem's present factors, and the duality gap there for a given σ. */
function exactly(problem: Stationary, data: Dataset): { norm: Double; gap: (sigma: number) => Double } {
  const { arena, ld, base } = problem;
  const { ws, w0, ts, t0 } = cellWeightsOf(problem.options);
  const sides = [problem.side('users'), problem.side('items')];
  const [users, items] = sides;
  const X = arena.f64(users.factors, users.rows * ld).slice();
  const Y = arena.f64(items.factors, items.rows * ld).slice();
  const weights = sides.map(({ regularization, rows }) => Array.from(arena.f32(regularization, rows), of));
  const scales = weights.map((side) => side.map((d) => divide(of(1), root(d))));
  const { indptr, indices, data: values } = data.userItems;
  const B: Double[][] = [];
  const cells: { t: Double; q: Double; m: Double }[] = [];
  let objective = ZERO;
  for (const [at, rows] of [X, Y].entries()) {
    for (let k = 0; k < rows.length; k++) {
      const x = of(rows[k]);
      objective = add(objective, multiply(weights[at][Math.floor(k / ld)], multiply(x, x)));
    }
  }
  for (let u = 0; u < users.rows; u++) {
    const row: Double[] = [];
    for (let i = 0; i < items.rows; i++) {
      let z = ZERO;
      for (let c = 0; c < ld; c++) z = add(z, multiply(of(X[u * ld + c]), of(Y[i * ld + c])));
      let t = ZERO;
      let q = of(base);
      for (let e = indptr[u]; e < indptr[u + 1]; e++) {
        if (indices[e] !== i) continue;
        t = add(multiply(of(ts), of(values[e])), of(t0));
        q = add(q, add(multiply(of(ws), of(values[e])), of(w0)));
      }
      const m = subtract(t, multiply(q, z));
      objective = add(objective, multiply(z, subtract(multiply(q, z), multiply(of(2), t))));
      cells.push({ t, q, m });
      row.push(multiply(m, multiply(scales[0][u], scales[1][i])));
    }
    B.push(row);
  }
  const n = items.rows;
  const N = Array.from({ length: n * n }, (_, at) =>
    B.reduce((sum, row) => add(sum, multiply(row[Math.floor(at / n)], row[at % n])), ZERO),
  );
  return {
    norm: root(largestEigenvalue(n, N)),
    gap: (sigma) => {
      const tau = sigma > 1 ? divide(of(1), of(sigma)) : of(1);
      return cells.reduce((sum, { t, q, m }) => {
        const left = subtract(t, multiply(tau, m));
        return add(sum, divide(multiply(left, left), q));
      }, objective);
    },
  };
}

const LAMBDAS = [1e-6, 1e-4, 1e-2, 1];
const ALPHAS = [1, 1e2, 1e4, 1e6];
const WEIGHTS = [1e-6, 1e-2, 1];

test('never below the norm in 32 digits, from lambda 1e-6 to 1 and alpha 1 to 1e6; without the allowance it is', async () => {
  let cases = 0;
  let below = 0;
  let gapsBelow = 0;
  const methods = new Set<string>();
  const objectives = [
    ...ALPHAS.map((alpha) => ({ objective: 'implicit' as const, alpha })),
    ...WEIGHTS.map((unobservedWeight) => ({ objective: 'ials' as const, unobservedWeight })),
  ];
  for (const [users, items, factors, seed] of [
    [11, 7, 2, 1],
    [14, 9, 4, 2],
    [8, 12, 3, 3],
  ]) {
    const data = sample(seed, users, items);
    for (const weights of objectives) {
      for (const regularization of LAMBDAS) {
        const options = resolveOptions('als', leastSquaresOptions, { ...weights, regularization, factors });
        const problem = new Stationary(data, options);
        const next = draws(seed);
        for (const side of ['users', 'items'] as const) {
          const { rows, factors: at } = problem.side(side);
          const x = problem.arena.f64(at, rows * problem.ld);
          for (let k = 0; k < x.length; k++) x[k] = k % problem.ld < factors ? next() - 0.3 : 0;
        }
        // at random factors, on the way, and where float64 has no more to give
        for (const most of [0, 3, 60, 300]) {
          if (most > 0) await accelerate(problem, 1e-10, { most });
          const { norm, gap } = exactly(problem, data);
          const { upper, withoutAllowance, method, estimate } = normBound(problem);
          const what = `${JSON.stringify({ ...weights, regularization, factors, users, items })} after ${most}`;
          assert.ok(norm[0] > 0 && Number.isFinite(upper), what);
          assert.not(less(of(upper), norm), `${what}: ${upper} below ${norm}`);
          assert.ok(estimate <= norm[0] * (1 + 1e-6), `${what}: estimate ${estimate} above ${norm}`);
          if (less(of(withoutAllowance), norm)) below++;
          const found = dualityGap(problem, upper);
          assert.not(less(of(found.upper), gap(upper)), `${what}: gap ${found.upper} below ${gap(upper)}`);
          assert.ok(Number.isFinite(gap(upper)[0]), what);
          if (less(of(found.withoutAllowance), gap(upper))) gapsBelow++;
          methods.add(method);
          cases++;
        }
      }
    }
  }
  assert.ok(cases === 336 && methods.size === 2, `${cases} cases, ${[...methods]}`);
  assert.ok(below > 10, `the allowance is needed: ${below} of ${cases} are below without`);
  assert.ok(gapsBelow > 10, `and for the gap: ${gapsBelow}`);
});

/** A problem near its optimum, with its own space and the exhausted iteration's largest value in the complement. */
async function settledProblem(): Promise<{ residual: ScaledResidual; own: OwnSpace; ritz: number }> {
  const data = sample(5, 60, 40);
  const problem = new Stationary(data, resolveOptions('als', leastSquaresOptions, { regularization: 20, factors: 10 }));
  const next = draws(7);
  for (const side of SIDES) {
    const { rows, factors } = problem.side(side);
    const x = problem.arena.f64(factors, rows * problem.ld);
    for (let k = 0; k < x.length; k++) x[k] = k % problem.ld < 10 ? next() - 0.3 : 0;
  }
  await accelerate(problem, 1e-10);
  const residual = new ScaledResidual(problem);
  const own = new OwnSpace(residual);
  return { residual, own, ritz: largestRitzValue(residual, own) };
}

test('the complement by a factorisation and by random starts: above what is there, near to it, and for a reason', async () => {
  const { residual, own, ritz } = await settledProblem();
  assert.ok(ritz > 0.5 && ritz < 1, `${ritz}`);
  const factored = factoredBound(residual, own, ritz)!;
  const random = randomBound(residual, own, ritz)(2);
  // the largest eigenvalue lies between the Ritz value and any bound
  assert.ok(factored > ritz && factored < 1.01 * ritz, `${factored} above ${ritz}`);
  assert.ok(random > ritz && random < 1.05 * ritz, `${random} above ${ritz}: it is looked at no further once it is below 1`);
  // Starts without a share in the largest eigenvector, against which the bound's chance is reckoned: it comes out too low.
  const top = largestVector(residual, own);
  const without = (n: number, column: number): Float64Array => {
    const vector = randomNormals(n, column);
    orthogonalise(vector, [top]);
    return vector;
  };
  assert.ok(randomBound(residual, own, 0.9 * ritz, without)(2) < 0.99 * ritz, 'unlucky starts are not seen through');
  assert.ok(randomBound(residual, own, 0.9 * ritz)(2) > ritz, 'others are, however low the estimate');
  assert.is(factoredBound(residual, own, 1.2), undefined, 'nothing is looked for beyond 1.05');
  assert.ok(factoredBound(residual, own, 0.5 * ritz)! > ritz, 'nor is a bound found below');
});

/** The eigenvector of the largest eigenvalue on the complement, by the power method. */
function largestVector(residual: ScaledResidual, { basis }: OwnSpace): Float64Array {
  const { arena, inner, outer } = residual;
  const v = arena.alloc(inner.rows * 8);
  const between = arena.alloc(outer.rows * 8);
  let vector = randomNormals(inner.rows, 99);
  for (let step = 0; step < 5000; step++) {
    orthogonalise(vector, basis);
    scale(vector, 1 / norm(vector));
    arena.f64(v, inner.rows).set(vector);
    residual.applyVector(outer, inner, v, between);
    residual.applyVector(inner, outer, between, v);
    vector = arena.f64(v, inner.rows).slice();
  }
  orthogonalise(vector, basis);
  scale(vector, 1 / norm(vector));
  return vector;
}

test.run();
