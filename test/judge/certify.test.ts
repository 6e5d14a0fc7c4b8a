// Training to convergence, forgetting in stages, and the certificate: gold and the unlearned model are one model, the
// bound is never below the true distance, and what must be refused is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { splitDataset } from '../../src/data/split.ts';
import { gold } from '../../src/forget/forget.ts';
import { type ForgetRequest, partitionOf } from '../../src/forget/request.ts';
import { certifiable } from '../../src/judge/certifiable.ts';
import { certify } from '../../src/judge/certify.ts';
import { type AccelerateControl, accelerate, type Converged } from '../../src/least-squares/acceleration.ts';
import { type Field, SIDES } from '../../src/least-squares/float64-rows.ts';
import { eigenvalueBound, eigenvectors } from '../../src/least-squares/jacobi-eigenvalues.ts';
import { lineMinimum } from '../../src/least-squares/quartic-line-search.ts';
import { Stationary } from '../../src/least-squares/stationary.ts';
import { settleWeak, weakComponents } from '../../src/least-squares/weak-components.ts';
import type { BilinearModel } from '../../src/model/bilinear.ts';
import { type AlsModel, type AlsOptions, als } from '../../src/models/als.ts';
import { itemKnn } from '../../src/models/item-knn.ts';
import { converge, forgetInStages } from '../../src/unlearn/converge.ts';
import { forgetInPlace as forget } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';

const test = suite('certificate');

/** Three tastes that overlap, popular items, values 1 to 5. */
function sample(seed: number, users = 120, items = 70): Dataset {
  const next = draws(seed);
  const builder = new DatasetBuilder();
  for (let u = 0; u < users; u++) {
    for (let i = 0; i < items; i++) {
      if (next() < ((u + i) % 3 === 0 ? 0.45 : 0.05) + (i < 8 ? 0.2 : 0)) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(next() * 5));
    }
  }
  return builder.build();
}

const data = sample(1);
/** Both certify: enough regularization that the convex solution has a rank below the number of factors. */
const SETTINGS: Readonly<Record<string, Partial<AlsOptions>>> = {
  implicit: { factors: 12, regularization: 30, tolerance: 1e-9 },
  ials: { objective: 'ials', factors: 12, unobservedWeight: 0.2, regularization: 0.12, tolerance: 1e-9 },
};
const REQUESTS: Readonly<Record<string, ForgetRequest>> = {
  'a user': { users: ['u7'] },
  'six users': { users: ['u1', 'u2', 'u40', 'u77', 'u90', 'u119'] },
  'an item': { items: ['i3'] },
  cells: { interactions: [5, 6, 7, 30].map((u) => [data.users.at(u)!, data.items.at(data.itemsOf(u)[1])!] as const) },
};

/** ‖A − B‖_F / ‖B‖_F over all scores, and ‖A − B‖_F. */
function distance(a: BilinearModel, b: BilinearModel): { relative: number; absolute: number } {
  const score = (m: BilinearModel, u: number, i: number): number => {
    const x = m.userFactors.row(u);
    const y = m.itemFactors.row(i);
    let sum = 0;
    for (let c = 0; c < x.length; c++) sum += x[c] * y[c];
    return sum;
  };
  let difference = 0;
  let size = 0;
  for (let u = 0; u < a.users.size; u++) {
    for (let i = 0; i < a.items.size; i++) {
      const s = score(b, u, i);
      difference += (score(a, u, i) - s) ** 2;
      size += s * s;
    }
  }
  return { relative: Math.sqrt(difference / size), absolute: Math.sqrt(difference) };
}
/** What `distance` looks at, of a problem's present factors. */
function scored(problem: Stationary): BilinearModel {
  const rows = (side: 'users' | 'items'): { row: (r: number) => Float32Array } => {
    const { cols, values } = problem.dense(side);
    return { row: (r) => values.subarray(r * cols, (r + 1) * cols) };
  };
  return { userFactors: rows('users'), itemFactors: rows('items') } as unknown as BilinearModel;
}
const fit = (settings: Partial<AlsOptions>, on: Dataset = data): Promise<AlsModel> => als.fit(on, settings);

test('the least value along a line, against a scan', () => {
  const next = draws(1);
  for (let seed = 0; seed < 200; seed++) {
    const [c1, c2, c3, c4] = [-next(), next() * 4 - 2, next() * 4 - 2, next() + 0.01];
    const value = (a: number): number => a * (c1 + a * (c2 + a * (c3 + a * c4)));
    const a = lineMinimum(c1, c2, c3, c4);
    assert.ok(value(a) < 0, `lower than at the start: ${value(a)}`);
    for (let scan = 0; scan < 400; scan++) assert.ok(value(a) <= value(scan / 40) + 1e-12, `seed ${seed}: ${a} against ${scan / 40}`);
    assert.ok(value(a) <= value(a * 1.001) && value(a) <= value(a * 0.999), 'a minimum');
  }
});

test('the largest eigenvalue of a known matrix', () => {
  // A = I + 2 v vᵀ, |v| = 1: 3
  const v = [0.5, 0.5, 0.5, 0.5];
  const A = Float64Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? 1 : 0) + 2 * v[at >> 2] * v[at & 3]);
  const { computed, upper } = eigenvalueBound(4, A);
  assert.ok(Math.abs(computed - 3) < 1e-14 && upper >= 3 && upper < 3 + 1e-12, `${computed} ${upper}`);
  assert.is(eigenvalueBound(2, Float64Array.of(1, NaN, NaN, 1)).upper, Infinity);
});

test('eigenvectors of a known matrix', () => {
  const A = Float64Array.of(2, 1, 0, 1, 3, 1, 0, 1, 4);
  const given = A.slice();
  const V = eigenvectors(3, A);
  for (let k = 0; k < 3; k++) {
    for (let i = 0; i < 3; i++) {
      let image = 0;
      let product = 0;
      for (let j = 0; j < 3; j++) [image, product] = [image + given[3 * i + j] * V[3 * j + k], product + V[3 * j + i] * V[3 * j + k]];
      assert.ok(Math.abs(image - A[4 * k] * V[3 * i + k]) < 1e-14, 'A v = λ v');
      assert.ok(Math.abs(product - (i === k ? 1 : 0)) < 1e-14, 'columns are orthogonal, of length 1');
    }
  }
});

test('a weak component goes at once to its best scale, and grows back where it was weakened by mistake', async () => {
  for (const settings of Object.values(SETTINGS)) {
    // converged, but for the last ones that regularization leaves nothing of
    const start = await fit({ ...settings, tolerance: 1e-3 });
    const problem = new Stationary(data, start.options);
    const { ld, factors, arena } = problem;
    problem.start(start.userFactors, start.itemFactors);
    const before = problem.measure();
    const after = settleWeak(problem, before, problem.field());
    const computed = problem.measure();
    assert.ok(after.objective < before.objective, 'there was a surplus component');
    assert.ok(Math.abs(after.objective - computed.objective) < 1e-9 * Math.abs(before.objective), 'the change is what it says');
    assert.equal([after.residual, after.largestRow], [computed.residual, computed.largestRow]);
    await accelerate(problem, 1e-9);
    const settled = problem.measure();
    const room = problem.field();
    assert.is(settleWeak(problem, settled, room), settled, 'nothing is left to do');

    // one of the strong ones, down to a thousandth
    const alive = weakComponents(problem, room, 1).at(-1)!;
    for (const side of ['users', 'items'] as const) {
      const x = arena.f64(factors[side], problem.side(side).rows * ld);
      for (let at = 0; at < x.length; at += ld) {
        const along = alive.reduce((sum, v, c) => sum + v * x[at + c], 0);
        for (let c = 0; c < ld; c++) x[at + c] -= 0.999 * along * alive[c];
      }
    }
    const weakened = problem.measure();
    const back = settleWeak(problem, weakened, room);
    assert.ok(weakened.objective > settled.objective && back.objective < weakened.objective);
    assert.ok(back.objective - settled.objective < 1e-6 * (weakened.objective - settled.objective), `${back.objective}`);
  }
});

test("the gradient is the objective's, and every iteration lowers the objective", async () => {
  for (const settings of Object.values(SETTINGS)) {
    const start = await fit({ ...settings, tolerance: undefined, iterations: 2 });
    const problem = new Stationary(data, start.options);
    problem.start(start.userFactors, start.itemFactors);
    const { objective } = problem.measure();
    const side = problem.side('items');
    const gradient = problem.arena.f64(side.gradient, side.rows * problem.ld).slice();
    for (const at of [0, 9, 5 * problem.ld + 3]) {
      const h = 1e-5;
      const x = problem.arena.f64(side.factors, side.rows * problem.ld);
      x[at] += h;
      const up = problem.measure().objective;
      problem.arena.f64(side.factors, side.rows * problem.ld)[at] -= 2 * h;
      const down = problem.measure().objective;
      problem.arena.f64(side.factors, side.rows * problem.ld)[at] += h;
      const slope = (up - down) / (4 * h); // the kernel gives half the gradient
      assert.ok(Math.abs(slope - gradient[at]) <= 1e-5 * (1 + Math.abs(slope)), `${slope} against ${gradient[at]}`);
    }
    const objectives: number[] = [];
    await accelerate(problem, 1e-8, { onIteration: (standing) => objectives.push(standing.objective) });
    objectives.forEach((value, n) => assert.ok(n === 0 || value <= objectives[n - 1] + 1e-12 * Math.abs(objective), `iteration ${n}`));
  }
});

for (const [name, settings] of Object.entries(SETTINGS)) {
  test(`${name}: every way ends in one point, lower step by step, and says how it came there`, async () => {
    const start = await fit({ ...settings, tolerance: undefined, iterations: 2 });
    const reached = async (way: AccelerateControl): Promise<{ problem: Stationary; end: Converged }> => {
      const problem = new Stationary(data, start.options);
      const objectives: number[] = [];
      problem.start(start.userFactors, start.itemFactors);
      const end = await accelerate(problem, 1e-10, { ...way, onIteration: ({ objective }) => objectives.push(objective) });
      objectives.forEach((value, n) =>
        assert.ok(n === 0 || value <= objectives[n - 1] + 1e-12 * Math.abs(value), `${JSON.stringify(way)}, iteration ${n}`),
      );
      return { problem, end };
    };
    const plain = await reached({});
    assert.ok(plain.end.converged && plain.end.products === 0);
    for (const way of [{ accelerator: 'lbfgs' }, { polish: 'newton' }, { accelerator: 'lbfgs', polish: 'newton' }] as const) {
      const { problem, end } = await reached(way);
      assert.ok(end.converged, JSON.stringify(way));
      assert.is(end.products > 0, 'polish' in way, JSON.stringify(way));
      assert.ok(
        Math.abs(end.objective - plain.end.objective) <= 1e-13 * Math.abs(end.objective),
        `${end.objective} against ${plain.end.objective}`,
      );
      // Newton's steps leave fewer iterations to the rest
      if (!('accelerator' in way)) assert.ok(end.iterations < plain.end.iterations);
      const model = await fit({ ...settings, ...way, tolerance: 1e-9 });
      assert.is(model.record.products !== undefined, 'polish' in way);
      assert.ok(distance(model, scored(plain.problem)).relative < 1e-6, JSON.stringify(way));
      assert.ok(problem.measure().residual <= 1e-10);
    }
  });

  test(`${name}: the second derivative is the gradient's`, async () => {
    const start = await fit({ ...settings, tolerance: undefined, iterations: 2 });
    const problem = new Stationary(data, start.options);
    problem.start(start.userFactors, start.itemFactors);
    const next = draws(3);
    const direction = problem.field();
    const result = problem.field();
    const { arena, ld } = problem;
    const at = (field: Field, side: 'users' | 'items'): Float64Array => arena.f64(field[side], problem.side(side).rows * ld);
    for (const side of SIDES) at(direction, side).forEach((_, k, rows) => (rows[k] = k % ld < 12 ? next() - 0.5 : 0));
    const shifted = (by: number): Record<'users' | 'items', Float64Array> => {
      problem.combine(by, direction, 1, problem.factors);
      problem.measure();
      problem.combine(-by, direction, 1, problem.factors);
      return { users: at(problem.gradient, 'users').slice(), items: at(problem.gradient, 'items').slice() };
    };
    const h = 1e-5;
    const up = shifted(h);
    const down = shifted(-h);
    problem.measure();
    for (const side of SIDES) {
      problem.curvature(side, direction[side], direction[side === 'users' ? 'items' : 'users'], result[side]);
      const size = Math.sqrt(at(result, side).reduce((sum, x) => sum + x * x, 0));
      at(result, side).forEach((x, k) => assert.ok(Math.abs(x - (up[side][k] - down[side][k]) / (2 * h)) <= 1e-6 * size, `${side} ${k}`));
    }
  });

  test(`${name}: other seeds end in one model, certified, and the bound holds`, async () => {
    const model = await fit(settings);
    const another = await fit({ ...settings, seed: 2 });
    assert.is(model.record.converged, true);
    const certificate = await certify(model, data);
    const { absolute, relative } = distance(model, another);
    assert.is(certificate.status, 'certified', certificate.statement);
    assert.is(certificate.sigmaMethod, 'factorisation');
    assert.ok(certificate.sigma! >= certificate.sigmaEstimate!);
    // the other model is itself within its own bound of the optimum
    assert.ok(absolute <= certificate.bound! + (await certify(another, data)).bound!, `${absolute} against ${certificate.bound}`);
    assert.ok(relative < 1e-6, `${relative}`);
  });

  test(`${name}: forgotten in stages, gold's scores, certified on the retain set`, async () => {
    const model = await fit(settings);
    for (const [what, request] of Object.entries(REQUESTS)) {
      const partition = partitionOf(data, request);
      const goldModel = (await gold(model, partition)) as AlsModel;
      const left: number[] = [];
      for await (const { model: staged } of forgetInStages({ model, partition, control: {} }))
        left.push(distance(staged as AlsModel, goldModel).relative);
      const before = distance(model, goldModel).relative;
      assert.is(left.length, 3);
      assert.ok(left[0] < before && left[1] < left[0] && left[2] <= left[1], `${what}: ${before} → ${left.join(' → ')}`);
      assert.ok(left[2] < 1e-6, `${what}: ${left[2]}`);
      const { model: unlearned } = await forget(model, data, request, { method: converge, digests: false });
      const certificate = await certify(unlearned, partition.retain);
      assert.is(certificate.status, 'certified', `${what}: ${certificate.statement}`);
      assert.ok(distance(unlearned as AlsModel, goldModel).absolute <= certificate.bound! * 2, what);
      // negative control: the original model on the retain set
      const refused = await certify(model, partition.retain, { ignoreFingerprint: true });
      assert.is(refused.status, 'approximate', what);
      assert.is(refused.bound, null);
    }
  });

  test(`${name}: an early stop, too few factors, one entry off by 1%, and other data are refused`, async () => {
    const early = await fit({ ...settings, tolerance: undefined, iterations: 4 });
    assert.is((await certify(early, data)).status, 'approximate');
    const few = await certify(await fit({ ...settings, factors: 2 }), data);
    assert.is(few.status, 'stationary');
    assert.ok(few.sigma! > 1.01 && few.relativeBound! > 1e-2, few.statement);
    const model = await fit(settings);
    for (const side of [model.userFactors, model.itemFactors]) {
      const row = side.row(11);
      const largest = row.reduce((best, x, c) => (Math.abs(x) > Math.abs(row[best]) ? c : best), 0);
      const kept = row[largest];
      row[largest] *= 1.01;
      assert.is((await certify(model, data)).status, 'approximate');
      side.row(11)[largest] = kept;
    }
    assert.is((await certify(model, data)).status, 'certified');
    const wrong = sample(2);
    const refusal = await certify(model, wrong).then(
      () => '',
      (error: Error) => error.message,
    );
    assert.match(refusal, /fingerprint/);
    assert.is((await certify(model, wrong, { ignoreFingerprint: true })).status, 'approximate');
  });
}

test('factors that are not needed do not loosen the norm', async () => {
  // Columns that training has nearly made zero point anywhere: taken for part of the model they once cost 1e-3 to 1e-1.
  for (const settings of Object.values(SETTINGS)) {
    const { sigma, sigmaEstimate } = await certify(await fit({ ...settings, factors: 24, tolerance: 1e-6, iterations: 3 }), data, {
      polish: 1e-7,
    });
    assert.ok(sigma! - sigmaEstimate! <= 1e-8 && sigma! - sigmaEstimate! >= 0, `${sigma} above ${sigmaEstimate}`);
  }
});

test('too few factors: the bound still holds', async () => {
  const few = await fit({ ...SETTINGS.implicit, factors: 2 });
  const optimum = await fit({ ...SETTINGS.implicit, factors: 30 });
  const { bound } = await certify(few, data);
  assert.ok(distance(few, optimum).absolute <= bound!, `${distance(few, optimum).absolute} against ${bound}`);
});

test('explicit feedback converges too, and is never more than stationary', async () => {
  const model = await fit({ objective: 'explicit', factors: 3, regularization: 0.5, tolerance: 'tight' as never });
  assert.is(model.options.tolerance, 1e-6);
  assert.is(model.record.converged, true);
  const { status, sigma, statement } = await certify(model, data);
  assert.is(status, 'stationary');
  assert.is(sigma, null);
  assert.match(statement, /no bound/);
});

test('the profile finds what can be certified, and says what it costs', async () => {
  const { train, validation } = splitDataset(data, 'per-user:0.8,0.2,0', 1);
  const { options, model, chosen, best, price, trials } = await certifiable(
    train,
    validation,
    { objective: 'ials', unobservedWeight: 0.2, factors: 8 },
    { steps: 4 },
  );
  assert.is(chosen.status, 'certified');
  assert.is((await certify(model, train)).status, 'certified');
  assert.is(options.regularization, chosen.regularization);
  assert.ok(trials.length === 4 && trials.some(({ status }) => status !== 'certified'), 'the search saw both sides');
  for (const trial of trials) {
    assert.ok(best.ndcg >= trial.ndcg);
    if (trial.status === 'certified') assert.ok(chosen.ndcg >= trial.ndcg);
  }
  assert.is(price, best.ndcg - chosen.ndcg);
  const refusal = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  assert.match(await refusal(certifiable(train, validation, { objective: 'explicit' })), /RangeError: "objective"/);
  assert.match(
    await refusal(
      certifiable(
        train,
        train.filter(() => false),
      ),
    ),
    /DataError: .*validation/,
  );
});

test('bad input is refused by name', async () => {
  const refusal = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  assert.match(await refusal(fit({ tolerance: 0 })), /RangeError: "tolerance"/);
  assert.match(
    await refusal(fit({ tolerance: 'loose' as never })),
    /RangeError: "tolerance" expected fast, tight, limit or a number >= 1e-13 and <= 1; got "loose"/,
  );
  assert.match(await refusal(certify(await itemKnn.fit(data), data)), /ModelError: .*als/);
  assert.match(
    await refusal(fit({ tolerance: 1e-5, accelerator: 'anderson' as never })),
    /RangeError: "accelerator" expected .*ncg.*lbfgs/,
  );
  assert.match(await refusal(fit({ tolerance: 1e-5, polish: 'wax' as never })), /RangeError: "polish" expected .*newton.*none/);
  assert.match(await refusal(fit({ accelerator: 'lbfgs' })), /RangeError: "accelerator" is of use with a "tolerance" only/);
  assert.match(await refusal(fit({ polish: 'newton' })), /RangeError: "polish" is of use with a "tolerance" only/);
  const model = await fit({ ...SETTINGS.ials, tolerance: 1e-5 });
  assert.match(
    await refusal(forget(model, data, { users: ['u1'] }, { method: converge, options: { accelerator: 'anderson' as never } })),
    /RangeError: "accelerator"/,
  );
  assert.match(await refusal(certify(model, data, { within: 2 })), /RangeError: "within"/);
  assert.match(await refusal(certify(model, data, { tolerance: 0 })), /RangeError: "tolerance"/);
  const reason = new Error('enough');
  const control = new AbortController();
  const fitting = als.fit(data, SETTINGS.ials, { signal: control.signal });
  control.abort(reason);
  assert.match(await refusal(fitting), /enough/);
});

test.run();
