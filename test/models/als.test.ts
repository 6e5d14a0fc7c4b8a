// What is true of ALS and Unlearn-ALS beyond what every model and method must do.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import { touchedRows } from '../../src/forget/touched-rows.ts';
import {
  type AlsModel,
  als,
  Dataset,
  DatasetBuilder,
  digest,
  MemoryError,
  ModelError,
  partitionOf,
  recommend,
  unlearnAls,
} from '../../src/index.ts';
import { leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { clustered, forgetInPlace as forget } from '../fixtures.ts';

const test = suite('als');
const data = clustered(80, 50);
const problemOptions = (given: object) => resolveOptions('als', leastSquaresOptions, given);
const withValues = (change: (value: number) => number): Dataset =>
  new Dataset({ ...data, userItems: { ...data.userItems, data: data.userItems.data.map(change) } });

const OBJECTIVES: Record<string, object> = {
  implicit: { objective: 'implicit', alpha: 10, regularization: 0.5 },
  confidence: { objective: 'implicit', confidence: true, regularization: 0.5 },
  'confidence, alpha': { objective: 'implicit', confidence: true, alpha: 3, regularization: 0.5 },
  ials: { objective: 'ials', unobservedWeight: 0.2, regularization: 0.02 },
  'ials, uniform': { objective: 'ials', unobservedWeight: 0.2, regularization: 0.5, frequencyExponent: 0 },
  explicit: { objective: 'explicit', regularization: 0.1 },
};

for (const [name, given] of Object.entries(OBJECTIVES)) {
  for (const solver of ['cholesky', 'cg']) {
    test(`${name} by ${solver}: no half sweep raises the objective`, async () => {
      const problem = new LeastSquares(data, problemOptions({ ...given, solver, factors: 10 }));
      problem.initialize();
      let before = Infinity;
      for (let sweep = 0; sweep < 12; sweep++) {
        for (const side of ['users', 'items'] as const) {
          await problem.halfSweep(side);
          const objective = problem.objective();
          assert.ok(objective <= before * (1 + 1e-6), `${objective} after ${before}`);
          before = objective;
        }
      }
    });
  }

  test(`${name}: a half sweep solves every row's normal equations`, async () => {
    const problem = new LeastSquares(data, problemOptions({ ...given, factors: 17 }));
    problem.initialize();
    assert.ok(problem.residual('users').largest > 0.1, 'the check must fail before');
    await problem.sweep();
    assert.ok(problem.residual('items').largest < 1e-4, `residual ${problem.residual('items').largest}`);
  });

  test(`${name}: a row that should be zero and is not, or is no number, is off without limit`, async () => {
    const user = Array.from({ length: data.users.size }, (_, u) => u).find((u) => data.itemsOf(u).length > 0)!;
    const without = data.without(Int32Array.from(data.itemsOf(user), (_, n) => data.userItems.indptr[user] + n));
    const problem = new LeastSquares(without, problemOptions({ ...given, factors: 5 }));
    problem.initialize();
    await problem.halfSweep('users');
    assert.ok(problem.residual('users').largest < 1e-3, 'an empty row of zeros is solved');
    // Ratings regularize a row by how many there are: without any, every row solves its equations.
    for (const value of name === 'explicit' ? [NaN] : [1, NaN]) {
      problem.userFactors.row(user).fill(value);
      assert.is(problem.residual('users').largest, Infinity, String(value));
    }
    assert.ok(Number.isNaN(problem.residual('users').overall));
  });

  test(`${name}: the objective equals the sum over all cells`, async () => {
    const options = problemOptions({ ...given, factors: 6 });
    const problem = new LeastSquares(data, options);
    problem.initialize();
    await problem.sweep();
    assert.ok(Math.abs(problem.objective() / denseObjective(problem, options) - 1) < 1e-6);
  });
}

/** L by its definition, cell by cell. */
function denseObjective(problem: LeastSquares, options: ReturnType<typeof problemOptions>): number {
  const { rows, cols, indptr, indices, data: values } = data.userItems;
  const observed = new Map<number, number>();
  const userCount = new Float64Array(rows);
  const itemCount = new Float64Array(cols);
  for (let u = 0; u < rows; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      observed.set(u * cols + indices[e], values[e]);
      userCount[u]++;
      itemCount[indices[e]]++;
    }
  }
  const { objective, alpha, confidence, unobservedWeight: a0, regularization: lambda, frequencyExponent: nu } = options;
  let sum = 0;
  for (let u = 0; u < rows; u++) {
    const x = problem.userFactors.row(u);
    for (let i = 0; i < cols; i++) {
      const s = problem.itemFactors.row(i).reduce((total, y, c) => total + y * x[c], 0);
      const r = observed.get(u * cols + i);
      if (objective === 'explicit') sum += r === undefined ? 0 : (r - s) ** 2;
      else if (objective === 'ials') sum += a0 * s * s + (r === undefined ? 0 : (s - 1) ** 2);
      else {
        const weight = (value: number): number => (confidence ? 0 : 1) + alpha * value;
        sum += r === undefined ? s ** 2 : weight(r) * (1 - s) ** 2;
      }
    }
  }
  const penalty = (count: number, opposite: number): number => {
    if (objective === 'explicit') return lambda * count;
    return objective === 'ials' ? lambda * (count + a0 * opposite) ** nu : lambda;
  };
  const norm = (row: Float32Array): number => row.reduce((total, v) => total + v * v, 0);
  for (let u = 0; u < rows; u++) sum += penalty(userCount[u], cols) * norm(problem.userFactors.row(u));
  for (let i = 0; i < cols; i++) sum += penalty(itemCount[i], rows) * norm(problem.itemFactors.row(i));
  return sum;
}

test("Rendle's form with a uniform penalty is Hu-Koren-Volinsky's, scores divided by 1 + unobserved weight", async () => {
  const a0 = 0.25;
  const lambda = 0.3;
  const ones = withValues(() => 1);
  const common = { factors: 12, iterations: 60, solver: 'cholesky' } as const;
  const rendle = await als.fit(ones, { ...common, objective: 'ials', unobservedWeight: a0, regularization: lambda, frequencyExponent: 0 });
  const hkv = await als.fit(ones, { ...common, objective: 'implicit', alpha: 1 / a0, regularization: (lambda * (1 + a0)) / a0 });
  const users = Int32Array.from({ length: 50 }, (_, i) => i);
  const items = users;
  const a = rendle.scorePairs(users, items);
  const b = hkv.scorePairs(users, items);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] * (1 + a0) - b[i]) < 2e-2, `${a[i] * (1 + a0)} ${b[i]}`);
});

test('values that already are confidences give the model of alpha', async () => {
  const options = { factors: 8, iterations: 5, regularization: 0.5 };
  const scaled = await als.fit(data, { ...options, alpha: 3 });
  const given = await als.fit(
    withValues((r) => 1 + 3 * r),
    { ...options, confidence: true },
  );
  assert.equal(given.userFactors.toArray(), scaled.userFactors.toArray());
});

test('alpha multiplies values that are confidences, as in the library implicit', async () => {
  const options = { factors: 8, iterations: 5, regularization: 0.5, confidence: true };
  const scaled = await als.fit(
    withValues((r) => r),
    { ...options, alpha: 4 },
  );
  const multiplied = await als.fit(
    withValues((r) => 4 * r),
    options,
  );
  const plain = await als.fit(
    withValues((r) => r),
    options,
  );
  assert.equal(scaled.itemFactors.toArray(), multiplied.itemFactors.toArray());
  assert.not.equal(scaled.itemFactors.toArray(), plain.itemFactors.toArray());
});

test('a stored zero is not an absent entry when values are confidences', async () => {
  const options = { factors: 8, iterations: 5, regularization: 0.5, confidence: true };
  const zero = withValues((v) => v);
  zero.userItems.data[7] = 0;
  const removed = data.filter((e) => e !== 7);
  assert.is.not(await digest(await als.fit(zero, options)), await digest(await als.fit(removed, options)));
});

test("explain's contributions add up to the score of the user's solved row", async () => {
  const model = await als.fit(data, { factors: 9, iterations: 6, alpha: 5 });
  const { score, contributions } = model.explain(data, 'u4', 'i11');
  const row = model.foldIn(
    [...data.itemsOf(data.users.indexOf('u4'))].map((i, n) => ({
      item: data.items.at(i)!,
      value: data.userItems.data[data.userItems.indptr[data.users.indexOf('u4')] + n],
    })),
  );
  const solved = model.itemFactors.row(data.items.indexOf('i11')).reduce((sum, y, c) => sum + y * row[c], 0);
  assert.ok(Math.abs(score - solved) < 1e-4, `${score} is not ${solved}`);
  assert.ok(contributions.every((c, j) => j === 0 || c.contribution <= contributions[j - 1].contribution));
  assert.throws(() => model.explain(data, 'u4', 'nothing'), /item "nothing" is not in the model/);
});

test("folding in a user who is somebody's double gives the double's taste", async () => {
  const model = await als.fit(data, { factors: 9, iterations: 6, alpha: 5 });
  const user = data.users.indexOf('u8');
  const list = model.rankFor(
    [...data.itemsOf(user)].map((i) => ({ item: data.items.at(i)! })),
    { k: 10 },
  );
  const seen = new Set(data.itemsOf(user));
  assert.not([...list.items].some((i) => seen.has(i)));
  assert.throws(() => model.rankFor([], { k: 0 }), /"k" expected an integer >= 1, got 0/);
  const own = new Set(recommend(model, 'u8', { k: 10, data }).map((r) => data.items.indexOf(r.item)));
  assert.ok([...list.items].filter((i) => own.has(i)).length >= 6);
  assert.throws(() => model.foldIn([{ item: 'nothing' }]), /item "nothing" is not in the model/);
});

test('a warm start goes on where training ended', async () => {
  const options = { factors: 8, alpha: 4, regularization: 0.1 };
  const long = await als.fit(data, { ...options, iterations: 7 });
  const short = await als.fit(data, { ...options, iterations: 4 });
  const resumed = await als.fit(
    data,
    { ...options, iterations: 3 },
    { start: { userFactors: short.userFactors.toArray(), itemFactors: short.itemFactors.toArray() } },
  );
  assert.equal(resumed.itemFactors.toArray(), long.itemFactors.toArray());
});

test('refuses values that make no sense, singular systems and more memory than there is', async () => {
  const negative = withValues((v) => v);
  negative.userItems.data[3] = -2;
  const failure = (on: Dataset, given: object) =>
    als.fit(on, given).then(
      () => undefined,
      (e) => e,
    );
  assert.match((await failure(negative, {})).message, /expected values above 0, found -2 for user/);
  assert.match((await failure(negative, { objective: 'ials' })).message, /objective ials.*expected values above 0/);
  assert.is(await failure(negative, { objective: 'explicit', factors: 4, regularization: 0.1 }), undefined);
  assert.is(await failure(negative, { confidence: true, factors: 4, regularization: 0.1 }), undefined);
  const singular = await failure(data, { objective: 'explicit', factors: 40, regularization: 0 });
  assert.instance(singular, ModelError);
  assert.match(singular.message, /user "u\d+" have no unique solution in float32; raise "regularization"/);
  const wide = new DatasetBuilder();
  for (let u = 0; u < 300000; u++) wide.add(`u${u}`, 'i');
  const memory = await failure(wide.build(), { factors: 4096 });
  assert.instance(memory, MemoryError);
  assert.match(
    memory.message,
    /needs \d{10} bytes of WebAssembly memory, of which \d+ are available; use at most \d+ factors, or train several models/,
  );
  assert.match((await failure(data, { factors: 0 })).message, /"factors" expected an integer >= 1 and <= 4096, got 0/);
});

test('unlearn-als with no pass changes nothing but the deleted rows', async () => {
  const model = await als.fit(data, { factors: 8, iterations: 10, alpha: 4, regularization: 0.1 });
  const { model: same, partition } = await forget(
    model,
    data,
    { users: ['u5'], items: ['i3'] },
    { method: unlearnAls, options: { passes: 0 } },
  );
  for (const [name, gone] of [
    ['userFactors', partition.users],
    ['itemFactors', partition.items],
  ] as const) {
    const before = model.parameters.get(name)!;
    const after = same.parameters.get(name)!;
    for (let r = 0; r < before.rows; r++) {
      if (gone.includes(r)) assert.ok(after.row(r).every((v) => Object.is(v, 0)));
      else assert.equal(after.row(r), before.row(r));
    }
  }
});

test("passes lower the retain objective towards gold's and the original fails the same check", async () => {
  const options = { factors: 6, iterations: 300, alpha: 2, regularization: 4 } as const;
  const model = await als.fit(data, options);
  for (const request of [
    { users: ['u1', 'u2'] },
    { items: ['i4', 'i5'] },
    { interactions: [...data.itemsOf(3)].slice(0, 3).map((i) => ['u11', data.items.at(i)!] as const) },
  ]) {
    const { retain } = partitionOf(data, request, { ignoreUnknown: true });
    const gold = objectiveOf(await als.fit(retain, options), retain);
    const gap = async (passes: number): Promise<number> => {
      const outcome = await forget(model, data, request, { method: unlearnAls, options: { passes }, ignoreUnknown: true });
      assert.is(outcome.report.passes, passes);
      return objectiveOf(outcome.model as AlsModel, retain) / gold - 1;
    };
    const [untouched, one, ten] = [await gap(0), await gap(1), await gap(10)];
    assert.ok(untouched > 1e-5, `the original is ${untouched} above gold: the check cannot fail`);
    assert.ok(one < untouched / 3 && ten < untouched / 20 && ten <= one, `${untouched} ${one} ${ten}`);
  }
});

test('the local pass moves only the rows that the forget set touches, nearer to gold', async () => {
  const options = { factors: 6, iterations: 300, alpha: 2, regularization: 12 } as const;
  const model = await als.fit(data, options);
  const request = { users: ['u6'] };
  const { model: local, report, partition } = await forget(model, data, request, { method: unlearnAls, options: { local: true } });
  const touched = new Set(data.itemsOf(data.users.indexOf('u6')));
  assert.equal(report.rows, { users: 0, items: touched.size });
  const after = local.parameters.get('itemFactors')!;
  for (let i = 0; i < after.rows; i++) {
    const same = after.row(i).every((v, c) => v === model.itemFactors.row(i)[c]);
    assert.is(same, !touched.has(i), `item ${i}`);
  }
  const gold = await als.fit(partition.retain, options);
  const distance = (m: { scorePairs: typeof gold.scorePairs }): number => {
    const users = Int32Array.from({ length: 4000 }, (_, n) => n % 80);
    const items = Int32Array.from({ length: 4000 }, (_, n) => Math.floor(n / 80));
    const a = m.scorePairs(users, items);
    const b = gold.scorePairs(users, items);
    return Math.sqrt(a.reduce((sum, v, n) => sum + (users[n] === data.users.indexOf('u6') ? 0 : (v - b[n]) ** 2), 0));
  };
  const base = objectiveOf(gold, partition.retain);
  const gap = (m: AlsModel): number => objectiveOf(m, partition.retain) / base - 1;
  assert.ok(gap(local as AlsModel) < gap(model) / 2 && gap(model) > 1e-4, `${gap(local as AlsModel)} against ${gap(model)} untouched`);
  assert.ok(distance(local) < distance(model));
});

test('the local pass solves its rows to the bytes that a problem of the whole retain set gives them', async () => {
  const model = await als.fit(data, { factors: 6, iterations: 3, alpha: 2, regularization: 1 });
  const { iterations: _, ...problemOnly } = model.options;
  const mine = data.itemsOf(data.users.indexOf('u7'));
  for (const request of [
    { users: ['u6', 'u9'] },
    { items: [data.items.at(mine[0])!] },
    { users: ['u6'], interactions: [['u7', data.items.at(mine[1])!]] },
  ] as const) {
    const { model: local, partition } = await forget(model, data, request, {
      method: unlearnAls,
      options: { local: true },
      digests: false,
    });
    const { users, items } = touchedRows(partition);
    const problem = new LeastSquares(partition.retain, problemOnly);
    problem.start(model.userFactors, model.itemFactors);
    problem.clearRows('users', partition.users);
    problem.clearRows('items', partition.items);
    problem.solveRows('users', users);
    problem.solveRows('items', items);
    assert.equal([...local.parameters.get('userFactors')!.view()], [...problem.userFactors.view()]);
    assert.equal([...local.parameters.get('itemFactors')!.view()], [...problem.itemFactors.view()]);
    assert.not.equal([...problem.itemFactors.view()], [...model.itemFactors.view()]);
  }
});

/** The retain set's objective at a model's factors. */
function objectiveOf(model: AlsModel, retain: Dataset): number {
  const { iterations: _, ...problemOnly } = model.options;
  const problem = new LeastSquares(retain, problemOnly);
  problem.start(model.userFactors, model.itemFactors);
  problem.clearEmptyRows();
  return problem.objective();
}

test('plain passes on a model that was stopped early say that they are further training', async () => {
  const early = await als.fit(data, { factors: 8, iterations: 2, alpha: 4, regularization: 0.1 });
  const options = { passes: 2 } as const;
  const { report } = await forget(early, data, { users: ['u1'] }, { method: unlearnAls, options });
  assert.match(String(report.note), /further training/);
  const trained = await als.fit(data, { factors: 4, iterations: 300, alpha: 2, regularization: 4 });
  const { report: late } = await forget(trained, data, { users: ['u1'] }, { method: unlearnAls, options });
  assert.is(late.note, undefined);
});

test('an ALS model keeps its own objective; a tolerance ends the passes', async () => {
  const model = await als.fit(data, { factors: 8, iterations: 20, alpha: 4, regularization: 0.1 });
  const another = { alpha: 3 } as object;
  const error = await forget(model, data, { users: ['u1'] }, { method: unlearnAls, options: another }).catch((e) => e);
  assert.match(error.message, /unlearn-als knows no option "alpha"/);
  const { report } = await forget(model, data, { users: ['u1'] }, { method: unlearnAls, options: { tolerance: 1e-3 } });
  assert.not.match(String(report.note), /not reached/);
  const short = await forget(model, data, { users: ['u1'] }, { method: unlearnAls, options: { tolerance: 1e-12, passes: 1 } });
  assert.match(String(short.report.note), /the tolerance 1e-12 was not reached in 1 passes/);
  assert.ok((report.decrease as number) <= 1e-3 && (report.passes as number) > 1 && (report.passes as number) < 100);
});

test.run();
