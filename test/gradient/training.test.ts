// Training by gradients: keyed draws, the same bytes after an interruption, memory, early stop, what it refuses.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import type { Checkpoint, GradientKind, TrainingOptions } from '../../src/gradient/gradient-model.ts';
import { bipartiteGraph, importNeighbors, itemGraph, nearestByFeatures } from '../../src/gradient/graph.ts';
import { Optimizer } from '../../src/gradient/optimizer.ts';
import { ascending, PairSampler } from '../../src/gradient/sampling.ts';
import { scalar, Tape } from '../../src/gradient/tape.ts';
import { Training } from '../../src/gradient/training.ts';
import {
  bm3,
  bpr,
  cm3,
  DataError,
  Dataset,
  digest,
  evaluate,
  type Features,
  freedom,
  IdTable,
  lattice,
  lightgcn,
  lirdrec,
  MODELS,
  ModelError,
  mgcn,
  slmrec,
  vbpr,
} from '../../src/index.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Csr, Matrix } from '../../src/wasm/tensor.ts';
import { clustered } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';
import { TWINS } from '../reference/networks.ts';

const test = suite('gradient');
const KINDS = Object.values(MODELS).filter(({ capabilities }) =>
  (capabilities as readonly string[]).includes('gradient'),
) as readonly GradientKind[];
const SMALL = { factors: 8, epochs: 6, learningRate: 0.02, batchSize: 64 };
const failure = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => {
      throw new Error('it was not refused');
    },
    (error) => error as Error,
  );

/** Training rows and every seventh held out. */
function divided(): { train: Dataset; validation: Dataset } {
  const data = clustered();
  return { train: data.filter((e) => e % 7 !== 0), validation: data.filter((e) => e % 7 === 0) };
}

function open(kind: GradientKind, data: Dataset, options: object): Training {
  const training = new Training(kind, data, resolveOptions(kind.name, kind.options, options) as unknown as TrainingOptions);
  training.begin();
  return training;
}

for (const kind of KINDS) {
  const small = { ...SMALL, ...('hidden' in kind.options && { hidden: 8 }) };
  test(`${kind.name}: interrupted and resumed, the same bytes`, async () => {
    const { train, validation } = divided();
    const checkpoints: Checkpoint[] = [];
    const whole = await kind.fit(train, small, { validation, onCheckpoint: (c) => checkpoints.push(c), checkpointEvery: 2 });
    assert.is(checkpoints.length, 3);
    const resumed = await kind.fit(train, small, { validation, checkpoint: structuredClone(checkpoints[0]) });
    assert.is(await digest(resumed), await digest(whole));
    assert.equal(resumed.record, whole.record);
    // Control: what is resumed from matters (without validation, which may keep an earlier epoch).
    const [right, wrong] = await Promise.all(
      [0, 1].map((c) => kind.fit(train, small, { checkpoint: { ...checkpoints[0], matrices: checkpoints[c].matrices } })),
    );
    assert.is.not(await digest(wrong), await digest(right));
  });

  test(`${kind.name}: memory does not grow after the first epoch`, async () => {
    const { train, validation } = divided();
    const training = open(kind, train, small);
    const optimizer = new Optimizer(training.arena, training.matrices);
    const sampler = new PairSampler(train, 1);
    const epoch = async (e: number): Promise<void> => {
      await training.epoch(e, sampler, optimizer, 0.01, {});
      training.recall(validation.userItems, train.userItems);
    };
    await epoch(1);
    const { size, used } = training.arena;
    for (let e = 2; e < 6; e++) await epoch(e);
    assert.equal([training.arena.size, training.arena.used], [size, used]);
  });

  // Those with a float64 twin are checked beside it, element by element, in networks.test.ts.
  if (!(kind.name in TWINS))
    test(`${kind.name}: the gradient of all parameters agrees with differences of the loss`, () => {
      const { train } = divided();
      const next = draws(3);
      const training = open(kind, train, {
        ...small,
        ...(kind === freedom && { regularization: 0.1 }),
        ...(kind === bpr && { fused: false }),
      });
      const batch = new PairSampler(train, 1).batch(
        Int32Array.from({ length: 50 }, (_, k) => k * 3),
        1,
      );
      const { arena, matrices, network } = training;
      const moment = { epoch: 1, step: 0 };
      const loss = (): number => arena.scope(() => scalar(network.pass(new Tape(arena), moment).loss(batch, 1)));
      for (const [name, matrix] of matrices) {
        if (network.parameters.get(name)!.fixed) continue;
        const start = matrix.toArray();
        const direction = Float32Array.from(start, () => next() * 2 - 1);
        const h = 4e-3;
        const along = arena.scope(() => {
          const tape = new Tape(arena);
          tape.backward(network.pass(tape, moment).loss(batch, 1));
          return tape
            .parameter(matrix)
            .gradient!.toArray()
            .reduce((sum, g, i) => sum + g * direction[i], 0);
        });
        const at = (step: number): number => {
          matrix.load(start.map((v, i) => v + step * direction[i]));
          return loss();
        };
        const difference = (at(h) - at(-h)) / (2 * h);
        matrix.load(start);
        assert.ok(Math.abs(difference - along) <= 0.01 * Math.abs(along) + 1e-4, `${name}: ${along}, by differences ${difference}`);
      }
    });
}

test('the best epoch on validation is kept, as evaluate measures it, and training stops when it no longer improves', async () => {
  const { train, validation } = divided();
  const seen: number[] = [];
  const model = await lightgcn.fit(
    train,
    { ...SMALL, epochs: 200, patience: 3 },
    { validation, onProgress: (p) => seen.push(p.validation!) },
  );
  const { bestEpoch, epochs, validationRecall } = model.record as Record<string, number>;
  assert.is(epochs, bestEpoch + 4);
  assert.ok(epochs < 200);
  assert.is(validationRecall, Math.max(...seen));
  assert.is(seen.indexOf(validationRecall), bestEpoch - 1);
  const measured = evaluate(model, train, validation)['recall@20'];
  assert.ok(Math.abs(measured - validationRecall) < 1e-12, `${measured} and ${validationRecall}`);
});

test('held-out rows of users who are gone do not decide when training stops', async () => {
  const { train, validation } = divided();
  const gone = 5;
  const rest = train.filter((_, u) => u !== gone);
  const users = train.users.without([gone]);
  const fit = (held: Dataset): Promise<Awaited<ReturnType<typeof lightgcn.fit>>> =>
    lightgcn.fit(rest.withTables(users, train.items), SMALL, { validation: held });
  const [all, without] = [await fit(validation), await fit(validation.filter((_, u) => u !== gone))];
  assert.is(await digest(all), await digest(without));
  assert.is(all.record.validationRecall, without.record.validationRecall);
});

test('one kernel or operation by operation: the same mathematics', async () => {
  const train = clustered();
  const [fused, tape] = await Promise.all([true, false].map((fused) => bpr.fit(train, { ...SMALL, epochs: 3, fused, learningRate: 1e-3 })));
  const a = fused.userFactors.toArray();
  const b = tape.userFactors.toArray();
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) < 1e-4, `[${i}] ${a[i]} and ${b[i]}`);
});

test('forgetting one user moves nobody else: starts, order and negatives', () => {
  const data = clustered();
  const gone = 5;
  const rest = data.filter((_, u) => u !== gone);
  const one = new PairSampler(data, 9);
  const two = new PairSampler(rest, 9);
  const pairs = (sampler: PairSampler): string[] => {
    const { users, positives, negatives } = sampler.batch(sampler.order(4), 4);
    return Array.from(users, (u, k) => `${u} ${positives[k]} ${negatives[k]}`);
  };
  assert.equal(
    pairs(two),
    pairs(one).filter((pair) => !pair.startsWith(`${gone} `)),
  );
  const start = (d: Dataset): Float32Array => open(lightgcn, d, SMALL).matrices.get('nodes')!.toArray();
  const users = Array.from({ length: data.users.size }, (_, u) => (u === gone ? null : data.users.at(u)));
  const before = start(data);
  const after = start(rest.withTables(new IdTable(users), data.items));
  assert.equal(
    after.map((v, i) => (Math.floor(i / 8) === gone ? 0 : v)),
    before.map((v, i) => (Math.floor(i / 8) === gone ? 0 : v)),
  );
  assert.ok(after.subarray(gone * 8, gone * 8 + 8).every((v) => v === 0));
});

test('negatives are items that somebody has and the user has not; a user who has all gets the pair itself', () => {
  const data = clustered();
  const has = (u: number, i: number): boolean => data.itemsOf(u).includes(i);
  const { users, positives, negatives } = new PairSampler(data, 2).batch(
    Int32Array.from({ length: data.interactions }, (_, e) => e),
    7,
  );
  users.forEach((u, k) => assert.ok(has(u, positives[k]) && !has(u, negatives[k])));
  const everything = data.filter((_, __, item) => item === data.itemsOf(0)[0]);
  const alone = new PairSampler(everything, 2).batch(Int32Array.of(0), 1);
  assert.equal([...alone.negatives], [...alone.positives]);
});

test("negatives by popularity: each item as often as users have it; a user who leaves changes few of the others'", () => {
  const data = clustered();
  const entries = Int32Array.from({ length: data.interactions }, (_, e) => e);
  const options = { sampler: 'popularity', negatives: 4 } as const;
  const sampler = new PairSampler(data, 3, [data], options);
  const drawn = new Float64Array(data.items.size);
  const expected = new Float64Array(data.items.size);
  const counts = data.itemCounts();
  for (let epoch = 1; epoch <= 20; epoch++) {
    const { users, positives, negatives, times } = sampler.batch(entries, epoch);
    assert.is(times, 4);
    assert.is(users.length, 4 * entries.length);
    assert.equal(positives.subarray(entries.length, 2 * entries.length), positives.subarray(0, entries.length));
    negatives.forEach((item, k) => {
      assert.not.ok(data.itemsOf(users[k]).includes(item));
      drawn[item]++;
    });
  }
  for (let u = 0; u < data.users.size; u++) {
    const had = new Set(data.itemsOf(u));
    const open = counts.reduce((sum, count, i) => sum + (had.has(i) ? 0 : count), 0);
    counts.forEach((count, i) => {
      if (!had.has(i)) expected[i] += (80 * had.size * count) / open;
    });
  }
  expected.forEach((count, i) =>
    assert.ok(Math.abs(drawn[i] - count) < 5 * Math.sqrt(count) + 1, `item ${i}: ${drawn[i]}, expected ${count}`),
  );
  const rest = data.filter((_, u) => u !== 5);
  const list = (of: Dataset): string[] => {
    const { users, positives, negatives } = new PairSampler(of, 3, [of], options).batch(
      Int32Array.from({ length: of.interactions }, (_, e) => e),
      1,
    );
    return Array.from(users, (u, k) => `${u} ${positives[k]} ${k >= 3 * of.interactions} ${negatives[k]}`);
  };
  const before = new Set(list(data));
  const after = list(rest);
  const same = after.filter((pair) => before.has(pair)).length;
  assert.ok(same > 0.8 * after.length && same < after.length, `${same} of ${after.length} draws stay`);
});

for (const loss of ['bpo', 'nbpo', 'nbpo-exact', 'nbpo-unlogged'] as const) {
  test(`${loss} trains a model of any kind that ranks pairs, and says what it measures`, async () => {
    const { train, validation } = divided();
    const options = { ...SMALL, epochs: 30, loss, negatives: 2, noiseFactors: 4, noiseRegularization: 1e-3 };
    for (const kind of [bpr, lightgcn, vbpr]) {
      const objectives: number[] = [];
      const model = await kind.fit(train, options, { onProgress: ({ objective }) => objectives.push(objective!) });
      assert.is(model.parameters.has('noiseUsers'), loss !== 'bpo');
      const measured = evaluate(model, train, validation)['ndcg@20'];
      const start = evaluate(await kind.fit(train, { ...options, epochs: 1, learningRate: 1e-9 }), train, validation)['ndcg@20'];
      assert.ok(measured > start + 0.05, `${kind.name}: ${measured} after training, ${start} before`);
      if (loss !== 'nbpo') assert.ok(objectives.at(-1)! < objectives[0]);
    }
  });
}

test('ascending sorts by key, equal keys by position', () => {
  const next = draws(8);
  const keys = Uint32Array.from({ length: 3000 }, (_, i) => (i % 3 ? Math.floor(next() * 4294967296) : i % 5));
  const expected = Array.from({ length: 3000 }, (_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
  assert.equal([...ascending(keys)], expected);
});

test('the graph of users and items is symmetric, scaled by degrees, and a part of it by its own', () => {
  const data = clustered(12, 9);
  const graph = bipartiteGraph(data);
  const arena = new Arena();
  const csr = Csr.from(arena, graph);
  const turned = csr.transpose();
  assert.equal([...arena.i32(turned.indices, turned.nnz)], [...graph.indices]);
  assert.equal([...arena.f32(turned.data, turned.nnz)], [...graph.data]);
  const item = data.itemsOf(3)[0];
  const degrees = data.itemsOf(3).length * data.itemCounts()[item];
  assert.ok(Math.abs(graph.data[graph.indptr[3]] - 1 / Math.sqrt(degrees)) < 1e-6);
  const kept = Uint8Array.from({ length: data.interactions }, (_, e) => (e % 2 ? 1 : 0));
  assert.equal(bipartiteGraph(data, kept), bipartiteGraph(data.filter((e) => e % 2 === 1)));
});

test("nearest items: themselves first, none without features or id, others' rows refilled; imported ones likewise", () => {
  const data = clustered();
  const features = data.features.get('text')!;
  const arena = new Arena();
  const all = nearestByFeatures(arena, features, data.items, 4);
  for (let i = 0; i < data.items.size; i++) assert.is(all.cosines[i * 4] >= all.cosines[i * 4 + 3], true);
  const gone = all.indices[1 * 4 + 2];
  const fewer = data.items.without([gone]);
  const rest = nearestByFeatures(arena, features, fewer, 4);
  assert.not.ok(rest.indices.includes(gone));
  assert.ok(rest.indices.subarray(gone * 4, gone * 4 + 4).every((j) => j === -1));
  assert.ok(
    rest.indices.subarray(4, 8).every((j) => j >= 0),
    'the next nearest enters',
  );
  const blind: Features = { dims: 1, values: new Float32Array(data.items.size), present: new Uint8Array(data.items.size).fill(1) };
  importNeighbors(blind, all);
  assert.equal(nearestByFeatures(arena, blind, data.items, 4).indices, all.indices);
  assert.not.ok(nearestByFeatures(arena, blind, fewer, 4).indices.includes(gone));
  const graph = itemGraph(data.items.size, [
    { weight: 0.9, neighbors: rest },
    { weight: 0.1, neighbors: all },
  ]);
  for (let i = 0; i < graph.rows; i++) {
    const sum = graph.data.subarray(graph.indptr[i], graph.indptr[i + 1]).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `row ${i} sums to ${sum}`);
  }
});

test('touched rows alone move, and as the dense step moves them; a resumed optimiser corrects as one that went on', () => {
  const arena = new Arena();
  const make = (): Map<string, Matrix> => new Map([['x', new Matrix(arena, 6, 5).load(Float32Array.from({ length: 30 }, (_, i) => i))]]);
  const gradient = new Matrix(arena, 6, 5).load(Float32Array.from({ length: 30 }, (_, i) => (i % 7) - 3));
  const [dense, touched] = [make(), make()];
  const a = new Optimizer(arena, dense);
  const b = new Optimizer(arena, touched);
  for (let t = 0; t < 3; t++) {
    a.step(0.1, () => gradient);
    b.step(0.1, () => gradient, new Map([['x', Int32Array.of(1, 4)]]));
  }
  for (let r = 0; r < 6; r++) {
    const moved = r === 1 || r === 4;
    assert.equal(touched.get('x')!.row(r), (moved ? dense : make()).get('x')!.row(r));
  }
  const c = new Optimizer(arena, touched);
  c.steps = 3;
  assert.is(c.steps, b.steps);
});

test('a learning rate that diverges stops, says so and names the remedy', async () => {
  const { train } = divided();
  const checkpoints: Checkpoint[] = [];
  const error = await failure(
    lightgcn.fit(
      train,
      { ...SMALL, epochs: 50, optimizer: 'sgd', learningRate: 1e30 },
      { onCheckpoint: (c) => checkpoints.push(c), checkpointEvery: 1 },
    ),
  );
  assert.instance(error, ModelError);
  assert.match(error.message, /diverged in epoch \d+: .* use a smaller learningRate/);
  for (const { matrices } of checkpoints)
    for (const values of matrices.values()) assert.ok(values.every(Number.isFinite), 'a checkpoint is a good one');
});

test('says which features are missing or broken', async () => {
  const data = clustered();
  const bare = new Dataset({ ...data, features: new Map() });
  for (const kind of [vbpr, freedom, bm3, mgcn, cm3, lattice, slmrec, lirdrec] as GradientKind[])
    assert.match(
      (await failure(kind.fit(bare, SMALL))).message,
      new RegExp(`model "${kind.name}" needs item features of at least one modality`),
    );
  const text = data.features.get('text')!;
  const broken = (features: Partial<Features>): Dataset =>
    new Dataset({ ...data, features: new Map([['text', { ...text, ...features }]]) });
  const short = await failure(vbpr.fit(broken({ values: text.values.subarray(text.dims) }), SMALL));
  assert.instance(short, DataError);
  assert.match(short.message, /modality "text" expected 40 rows of 6 features, one per item, found 39/);
  const values = text.values.slice();
  values[7] = NaN;
  assert.match(
    (await failure(vbpr.fit(broken({ values }), SMALL))).message,
    /modality "text" expected finite features, found NaN for item "i1"/,
  );
});

test('refuses an empty training set, a start from factors, and a checkpoint of something else', async () => {
  const { train } = divided();
  assert.match(
    (
      await failure(
        bpr.fit(
          train.filter(() => false),
          SMALL,
        ),
      )
    ).message,
    /needs interactions to train on/,
  );
  assert.match(
    (await failure(bpr.fit(train, SMALL, { start: { userFactors: [], itemFactors: [] } }))).message,
    /"start" is not known to model "bpr"/,
  );
  let checkpoint: Checkpoint | undefined;
  await bpr.fit(train, SMALL, {
    onCheckpoint: (c) => {
      checkpoint = c;
    },
    checkpointEvery: 3,
  });
  const refused = (kind: GradientKind, data: Dataset, options: object): Promise<Error> => failure(kind.fit(data, options, { checkpoint }));
  assert.match((await refused(lightgcn, train, SMALL)).message, /expected/);
  assert.match((await refused(bpr, train, { ...SMALL, seed: 2 })).message, /expected seed 1, found 2/);
  assert.match((await refused(bpr, clustered(), SMALL)).message, /other training data/);
});

test.run();
