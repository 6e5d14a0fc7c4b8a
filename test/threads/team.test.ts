// Any number of threads gives the bytes of one, on every host; where a host has no threads to give, one does the work.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import { bipartiteGraph } from '../../src/gradient/graph.ts';
import { combine, multiply } from '../../src/gradient/ops/pointwise.ts';
import { matmul, matmulTransposed, propagateLayers } from '../../src/gradient/ops/products.ts';
import { sumSquares } from '../../src/gradient/ops/reduce.ts';
import { Optimizer } from '../../src/gradient/optimizer.ts';
import { blocksOf } from '../../src/gradient/pair-descent.ts';
import { Tape } from '../../src/gradient/tape.ts';
import {
  als,
  bpr,
  certify,
  converge,
  deserialize,
  digest,
  evaluate,
  forget,
  generate,
  lightgcn,
  mgcn,
  serialize,
  splitDataset,
  unlearnAls,
  vbpr,
} from '../../src/index.ts';
import { leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { shareWork, threadsOf } from '../../src/threads/parallel-kernels.ts';
import { withSharedMemory } from '../../src/threads/shared-memory.ts';
import { openTeam, type Plan, planEven, planRows, withTeam } from '../../src/threads/team.ts';
import { embeddedBytes } from '../../src/wasm/embedded.ts';
import { Csr, Matrix } from '../../src/wasm/tensor.ts';

const test = suite('threads');
const NUMBERS = [1, 2, 3, 4, 7];

/** What a record says beside the number of threads, which is another each time. */
function recordOf({ record }: { readonly record: Readonly<Record<string, unknown>> }): Readonly<Record<string, unknown>> {
  const { threads: _, ...rest } = record;
  return rest;
}

const data = await generate({ users: 900, items: 240, interactions: 15000 });
/** Enough rows that sums over them are made of parts. */
const large = await generate({ users: 1100, items: 150, interactions: 8000 });
const SOLVERS = { cholesky: { solver: 'cholesky', factors: 32 }, cg: { solver: 'cg', factors: 40 } } as const;
const common = { iterations: 2, alpha: 4, regularization: 1 };

for (const [name, options] of Object.entries(SOLVERS)) {
  test(`als by ${name}: the same bytes for ${NUMBERS.join(', ')} threads`, async () => {
    const digests = new Set<string>();
    const objectives = new Set<unknown>();
    for (const threads of NUMBERS) {
      const model = await als.fit(data, { ...common, ...options }, { threads });
      digests.add(await digest(model));
      objectives.add(model.record.objective);
    }
    assert.is(digests.size, 1);
    assert.is(objectives.size, 1);
    assert.not(
      digests.has(await digest(await als.fit(data, { ...common, ...options, seed: 2 }, { threads: 2 }))),
      'the check must be able to fail',
    );
  });

  test(`unlearn-als by ${name}: the same bytes for ${NUMBERS.join(', ')} threads`, async () => {
    const model = await als.fit(data, { ...common, ...options });
    const found = new Set<string>();
    for (const threads of NUMBERS) {
      for (const local of threads < 3 ? [false, true] : [false]) {
        const { report } = await forget(
          model,
          data,
          { users: ['3', '8'], items: ['5'] },
          { method: unlearnAls, threads, options: { local } },
        );
        found.add(`${local} ${report.digestAfter} ${report.objective} ${report.residual}`);
      }
    }
    assert.is(found.size, 2, [...found].join('\n'));
  });
}

for (const [name, way] of Object.entries({ ncg: {}, lbfgs: { accelerator: 'lbfgs' }, newton: { polish: 'newton' } } as const)) {
  test(`to convergence by ${name}, forgotten from there and certified: the same bytes for ${NUMBERS.join(', ')} threads`, async () => {
    const options = { objective: 'ials', factors: 8, regularization: 0.1, iterations: 2, tolerance: 1e-7, ...way } as const;
    const found = new Set<string>();
    for (const threads of NUMBERS) {
      const model = await als.fit(large, options, { threads });
      const {
        model: unlearned,
        data: retain,
        report,
      } = await forget(model, large, { users: ['3', '8'], items: ['5'] }, { method: converge, threads });
      const { sigma, gap, bound, residual } = await certify(unlearned, retain, { threads });
      found.add(
        JSON.stringify([await digest(model), recordOf(model), await digest(unlearned), report.residual, sigma, gap, bound, residual]),
      );
    }
    assert.is(found.size, 1, [...found].join('\n'));
  });
}

test('the residual is the same for any number of threads', async () => {
  const found = new Set<string>();
  for (const threads of NUMBERS) {
    await withTeam(threads, async (team) => {
      const problem = new LeastSquares(data, resolveOptions('als', leastSquaresOptions, { factors: 32 }), undefined, team);
      problem.initialize();
      found.add(JSON.stringify([problem.residual('users'), problem.residual('items')]));
    });
  }
  assert.is(found.size, 1);
});

test('rankings and metrics are the same for any number of threads, with and without items left out', async () => {
  const { train, test: held } = splitDataset(data, 'per-user:0.8,0.1,0.1');
  const model = await als.fit(train, { ...common, factors: 24 });
  const users = Int32Array.from({ length: 1100 }, (_, r) => (r * 7) % 900);
  const allowed = new Uint8Array(240).fill(1, 20);
  const alone = model.memoryBytes;
  const found = new Set<string>();
  for (const threads of NUMBERS) {
    await withTeam(threads, async (team) => {
      const lists = [{}, { exclude: train.userItems }, { exclude: train.userItems, allowed }].map((rest) =>
        model.rank({ users, k: 15, team, ...rest }),
      );
      found.add(
        JSON.stringify([lists.map(({ items, scores }) => [[...items], [...scores]]), evaluate(model, train, held, { k: [5, 20], team })]),
      );
      const plain = model.rank({ users, k: 15, exclude: train.userItems });
      assert.equal(lists[1].items, plain.items);
      assert.not.equal(lists[0].items, plain.items);
    });
  }
  assert.is(found.size, 1);
  assert.ok(model.memoryBytes < 4 * alone + (1 << 20), "a team's copies are not the model's");
});

test('a model trained on many threads is a model like any other: saved, loaded, its memory its own', async () => {
  const model = await als.fit(data, { ...common, ...SOLVERS.cholesky }, { threads: 3 });
  assert.is(await digest(await deserialize(await serialize(model))), await digest(model));
  assert.instance(model.userFactors.view().buffer, ArrayBuffer);
});

test(`gradient models: the same bytes for ${NUMBERS.join(', ')} threads, validation included`, async () => {
  const { train, validation } = splitDataset(
    await generate({ users: 900, items: 240, interactions: 15000, modalities: { text: 24, image: 16 } }),
    'per-user:0.8,0.1,0.1',
  );
  for (const kind of [lightgcn, bpr, vbpr, mgcn]) {
    const found = new Set<string>();
    for (const threads of NUMBERS) {
      const model = await kind.fit(train, { epochs: 1, batchSize: 6000, factors: 64 }, { threads, validation });
      assert.instance(model.userFactors.view().buffer, ArrayBuffer);
      found.add(`${await digest(model)} ${JSON.stringify(recordOf(model))}`);
    }
    assert.is(found.size, 1, `${kind.name}: ${[...found].join('\n')}`);
    const other = await kind.fit(train, { epochs: 1, batchSize: 6000, factors: 64, seed: 2 }, { threads: 2, validation });
    assert.not([...found][0].startsWith(await digest(other)), 'the check must be able to fail');
  }
});

test(`descent pair by pair: the same bytes for ${NUMBERS.join(', ')} threads, in blocks and in one`, async () => {
  for (const [of, blocks] of [
    [await generate({ users: 1100, items: 1100, interactions: 40_000 }), 16],
    [await generate({ users: 80, items: 60, interactions: 900 }), 1],
  ] as const) {
    assert.is(blocksOf(of.users.size, of.items.size, of.interactions, 16), blocks);
    const options = { optimizer: 'sgd-pairs', factors: 16, epochs: 3, learningRate: 0.1, regularization: 0.01 } as const;
    const found = new Set<string>();
    for (const threads of NUMBERS) {
      const model = await bpr.fit(of, options, { threads });
      found.add(`${await digest(model)} ${JSON.stringify(recordOf(model))}`);
    }
    assert.is(found.size, 1, [...found].join('\n'));
    assert.not(
      [...found][0].startsWith(await digest(await bpr.fit(of, { ...options, seed: 2 }, { threads: 2 }))),
      'the check must be able to fail',
    );
  }
});

test('products, sums and descent on large matrices are the same for any number of threads, and are shared', async () => {
  const found = new Set<string>();
  for (const threads of NUMBERS) {
    await withTeam(threads, async (team) => {
      const { arena } = team;
      const rows = 9000;
      const cols = 60;
      shareWork(team);
      assert.is(threadsOf(arena), team.threads);
      const jobs: string[] = [];
      const runNow = team.runNow.bind(team);
      team.runNow = (kernel, ...rest) => {
        jobs.push(kernel);
        return runNow(kernel, ...rest);
      };
      const draw = (n: number, seed: number): Float32Array =>
        Float32Array.from({ length: n }, (_, i) => ((i * 7919 + seed) % 1013) / 1013 - 0.5);
      const X = new Matrix(arena, rows, cols).load(draw(rows * cols, 1));
      const W = new Matrix(arena, cols, cols).load(draw(cols * cols, 2));
      const V = new Matrix(arena, 500, cols).load(draw(500 * cols, 3));
      const N = new Matrix(arena, 1140, cols).load(draw(1140 * cols, 4));
      const graph = Csr.from(arena, bipartiteGraph(data));
      const tape = new Tape(arena);
      const [x, w, v, n] = [X, W, V, N].map((matrix) => tape.parameter(matrix));
      const loss = [
        multiply(combine(0.5, matmul(x, w), 2, x), x),
        matmulTransposed(x, v),
        propagateLayers({ matrix: graph, transpose: graph }, n, 3, 0.25),
      ]
        .map((y) => sumSquares(y, 1e-3))
        .reduce((a, b) => combine(1, a, 1, b));
      tape.backward(loss);
      for (const name of ['adam', 'adagrad', 'sgd'] as const) {
        new Optimizer(arena, new Map([X, W, V, N].map((matrix, i) => [String(i), matrix])), { name }).step(
          1e-3,
          (_, matrix) => tape.parameter(matrix).gradient,
        );
      }
      assert.equal(
        new Set(jobs),
        new Set(
          team.threads === 1
            ? []
            : ['gemm_nn', 'axpby', 'combine', 'multiply', 'spmm', 'multiply_add', 'gemm_tn', 'adam', 'adagrad', 'sgd'],
        ),
      );
      found.add(
        [loss.value, X, W, V, N]
          .map((matrix) => [...new Uint32Array(matrix.toArray().buffer)].reduce((h, word) => Math.imul(h ^ word, 16777619), 0))
          .join(),
      );
    });
  }
  assert.is(found.size, 1, [...found].join('\n'));
});

test("a gradient model stops on all threads with the signal's reason, and with its own error", async () => {
  for (const threads of [1, 3]) {
    const control = new AbortController();
    const reason = new Error('enough');
    const run = lightgcn.fit(
      data,
      { epochs: 10000 },
      { threads, signal: control.signal, onProgress: ({ done }) => done === 2 && control.abort(reason) },
    );
    assert.is(await run.catch((error) => error), reason);
    assert.match((await lightgcn.fit(data, { learningRate: 1e30, epochs: 20 }, { threads }).catch((error) => error)).message, /diverged/);
  }
  assert.match((await bpr.fit(data, {}, { threads: 0 }).catch((error) => error)).message, /"threads" expected an integer/);
});

test('a row that cannot be solved is the same row for any number of threads', async () => {
  const messages = new Set<string>();
  for (const threads of NUMBERS) {
    await als.fit(data, { objective: 'explicit', factors: 64, regularization: 0, iterations: 1 }, { threads }).then(
      () => assert.unreachable(),
      (error) => messages.add(error.message),
    );
  }
  assert.is(messages.size, 1, [...messages].join('\n'));
  assert.match([...messages][0], /have no unique solution/);
});

test("an abort ends the work on all threads with the signal's reason", async () => {
  for (const threads of [1, 3]) {
    const control = new AbortController();
    const reason = new Error('enough');
    const run = als.fit(
      data,
      { ...common, ...SOLVERS.cholesky, iterations: 10000 },
      {
        threads,
        signal: control.signal,
        onProgress: ({ done }) => done === 2 && control.abort(reason),
      },
    );
    assert.is(await run.catch((error) => error), reason);
  }
});

test('refuses numbers of threads that are none', async () => {
  for (const threads of [0, -1, 1.5, 1025, NaN])
    assert.match((await openTeam(threads).catch((e) => e)).message, /"threads" expected an integer >= 1 and <= 1024/);
  assert.instance(await openTeam('2' as never).catch((e) => e), TypeError);
});

test('a closed team works on, alone; a team does one job at a time', async () => {
  const team = await openTeam(3);
  const pointer = team.arena.allocZeroed(64 * 8 * 4);
  const reg = team.arena.allocZeroed(64 * 4);
  const job = (): Promise<Float64Array> =>
    team.run('als_objective_rows', planEven(64, 8, 1 << 27), [8, 0, 0, 0, 0, 0, pointer, pointer, pointer, reg, reg]);
  const first = job();
  assert.match((await job().catch((e) => e)).message, /one job at a time/);
  assert.is((await first).length, 8);
  await team.close();
  await team.close();
  assert.is((await job()).length, 8);
});

const rowsOf = ({ bounds }: Plan): string =>
  [...bounds]
    .flatMap((begin, k) => (k % 2 ? [] : Array.from({ length: bounds[k + 1] - begin }, (_, r) => begin + r)))
    .sort((a, b) => a - b)
    .join();

test('plans cover every row once, the dearest piece first, heavy rows alone', () => {
  const all = Array.from({ length: 5000 }, (_, r) => r).join();
  for (const costOf of [() => 1, () => 1e5, (r: number) => (r === 4321 ? 1e9 : 1e4), (r: number) => 1e3 * r, () => 1e15]) {
    const plan = planRows(5000, costOf);
    assert.is(rowsOf(plan), all);
    assert.ok(plan.costs.length <= 4096);
    assert.ok(plan.costs.every((cost, piece) => piece === 0 || cost <= plan.costs[piece - 1]));
  }
  const heavy = planRows(5000, (r) => (r === 4321 ? 1e9 : 1e4));
  assert.ok(heavy.bounds[0] <= 4321 && heavy.bounds[1] === 4322, 'the heavy row ends its piece, which comes first');
  assert.is(rowsOf(planEven(5000, 512)), all);
  assert.equal([...planEven(5, 2).bounds], [0, 2, 2, 4, 4, 5]);
  assert.is(planRows(0, () => 1).costs.length, 0);
});

test('the shared form of the kernels differs in its memory only', async () => {
  let own: Uint8Array;
  try {
    own = embeddedBytes();
  } catch {
    return; // this host compiles no bytes, and has no threads
  }
  const { bytes, pages } = withSharedMemory(own);
  // WebKit adds a type.
  const imports = WebAssembly.Module.imports(await WebAssembly.compile(bytes)).map(({ module, name, kind }) => ({ module, name, kind }));
  assert.equal(imports, [{ module: 'env', name: 'memory', kind: 'memory' }]);
  assert.ok(pages >= 1);
  assert.throws(() => withSharedMemory(bytes), /import something/);
  assert.throws(() => withSharedMemory(own.slice(0, 8)), /no memory of their own/);
});

test.run();
