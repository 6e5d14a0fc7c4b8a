// Whole networks beside their float64 twins: the loss of a batch, and its gradient by every element of every parameter
// beside central differences.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import { STREAM } from '../../src/base/random.ts';
import { symmetricBeta } from '../../src/gradient/beta-distribution.ts';
import type { GradientKind, TrainingOptions } from '../../src/gradient/gradient-model.ts';
import { type Batch, PairSampler } from '../../src/gradient/sampling.ts';
import { scalar, Tape } from '../../src/gradient/tape.ts';
import { Training } from '../../src/gradient/training.ts';
import { Dataset, digest, forget, MODELS, mmrecun, retrain, type Unlearner } from '../../src/index.ts';
import type { Matrix } from '../../src/wasm/tensor.ts';
import { clustered, smallOptions } from '../fixtures.ts';
import { draws } from '../kernels/samples.ts';
import { largest } from '../kernels/table.ts';
import { centralDifferences } from '../reference/gradients.ts';
import { chosenNeighbors, TWINS, type TwinContext } from '../reference/networks.ts';
import { type Table, table } from '../reference/tables.ts';

const test = suite('networks');

/** Ten users, eight items; one item has no text, and another no audio. */
function small(): Dataset {
  const data = clustered(10, 8);
  const features = new Map(data.features);
  [
    ['text', 2],
    ['audio', 5],
  ].forEach(([name, item]) => {
    const { present, ...rest } = features.get(name as string)!;
    features.set(name as string, { ...rest, present: present.map((has, i) => (i === item ? 0 : has)) });
  });
  return new Dataset({ ...data, features });
}

/** Options under which every term of a loss counts. */
const OPTIONS: Readonly<Record<string, object>> = {
  bm3: { dropout: 0, contrast: 0.7, regularization: 0.4, layers: 2 },
  cm3: { hidden: 5, neighbors: 3, concentration: 0.7, ceiling: 0.6, layers: 2 },
  lattice: { regularization: 0.3, learned: 0.4, neighbors: 3 },
  lirdrec: { hidden: 5, neighbors: 3, regularization: 0.5, layers: 2 },
  mgcn: { regularization: 0.3, contrast: 0.5, neighbors: 3 },
  slmrec: { contrast: 0.5 },
};

const near = (a: number, b: number, threshold: number, scale: number): boolean => Math.abs(a - b) <= threshold * scale;

for (const [name, twin] of Object.entries(TWINS)) {
  const kind = MODELS[name as keyof typeof MODELS] as unknown as GradientKind;
  const open = (): {
    training: Training;
    batch: Batch;
    tables: Map<string, Table>;
    twinLoss: (tables: ReadonlyMap<string, Table>) => number;
  } => {
    const data = small();
    const next = draws(5);
    const options = resolveOptions(name, kind.options, { factors: 4, ...OPTIONS[name] }) as unknown as TrainingOptions;
    const training = new Training(kind, data, options);
    training.begin();
    // Larger than a beginning: where everything is near zero, wrong gradients are too.
    for (const matrix of training.matrices.values()) matrix.load(matrix.toArray().map((v) => v + next() * 0.6 - 0.3));
    training.network.beginEpoch?.(1);
    const sampler = new PairSampler(data, 1);
    const batch = sampler.batch(sampler.order(1).subarray(0, 13), 1);
    const tables = new Map(Array.from(training.matrices, ([key, m]) => [key, table(m.rows, m.cols, (r, c) => m.row(r)[c])]));
    const settings = options as unknown as Record<string, number>;
    const { kernels } = training.arena;
    const context: TwinContext = {
      ...(name === 'cm3' && {
        mix: (item) => symmetricBeta(kernels, settings.concentration, settings.seed, STREAM.mix, data.items.key(item), 1 << 12),
      }),
      ...(name === 'lattice' && { lists: chosenNeighbors(data, tables, settings.neighbors) }),
      ...(name === 'bm3' && {
        still: new Map(Array.from(tables, ([key, t]) => [key, table(t.rows, t.cols, (r, c) => t.at[r * t.cols + c])])),
      }),
    };
    return { training, batch, tables, twinLoss: (given) => twin(data, given, batch, settings, context) };
  };

  test(`${name}: loss and gradients of all parameters agree with float64`, () => {
    const {
      training: { arena, network, matrices },
      batch,
      tables,
      twinLoss,
    } = open();
    arena.scope(() => {
      const tape = new Tape(arena);
      const loss = network.pass(tape, { epoch: 1, step: 0 }).loss(batch, 1);
      const expected = twinLoss(tables);
      assert.ok(near(scalar(loss), expected, 2e-6, Math.abs(expected) + 1), `loss ${scalar(loss)}, expected ${expected}`);
      tape.backward(loss);
      for (const [key, matrix] of matrices) {
        if (network.parameters.get(key)!.fixed) continue;
        const actual = tape.parameter(matrix).gradient?.toArray() ?? new Float32Array(matrix.rows * matrix.cols);
        const exact = centralDifferences(tables.get(key)!, () => twinLoss(tables));
        const scale = Math.max(1e-3, largest(exact));
        exact.forEach((g, i) => assert.ok(near(actual[i], g, 2e-5, scale), `${key}[${i}]: ${actual[i]}, by differences ${g}`));
        assert.ok(largest(exact) > 1e-7, `${key} has no influence: the check would not see it`);
      }
    });
  });

  if (name === 'slmrec')
    test('slmrec ranks by what its loss learns: cosine / temperature + log(1 + interactions)', () => {
      const { training, batch } = open();
      const { data } = training;
      const counts = data.itemCounts();
      const plain = new Training(kind, data, { ...training.options, calibrated: false } as never);
      for (const [key, matrix] of plain.matrices) matrix.load(training.matrices.get(key)!.toArray());
      const both = [training, plain].map((one) =>
        one.arena.scope(() => {
          const tape = new Tape(one.arena);
          const { users, items } = one.network.factors(tape);
          const u = batch.users;
          const i = batch.positives;
          const product = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, c) => sum + v * y[c], 0);
          const row = (m: Matrix, r: number): Float32Array => m.row(r).slice();
          const [x, y] = [Array.from(u, (r) => row(users.value, r)), Array.from(i, (r) => row(items.value, r))];
          const scores = one.network.pass(tape, { epoch: 1, step: 0 }).scores(u, i).value.row(0).slice();
          scores.forEach((score, k) => assert.ok(near(score, product(x[k], y[k]), 1e-5, 10), 'pairs score as they rank'));
          return x.map((v, k) => ({ score: scores[k], cosine: product(v, y[k]) / Math.sqrt(product(v, v) * product(y[k], y[k])) }));
        }),
      );
      const { temperature } = training.options as unknown as Record<string, number>;
      both[1].forEach(({ cosine }, k) =>
        assert.ok(near(both[0][k].score, cosine / temperature + Math.log(1 + counts[batch.positives[k]]), 1e-5, 10)),
      );
      assert.ok(both[0].some(({ score }, k) => Math.abs(score - both[1][k].score) > 0.1));
    });

  test(`${name}: once features are revoked, nothing depends on them`, async () => {
    const data = clustered();
    const items = [1, 4, 9].map((i) => data.items.at(i)!);
    const request = { modality: { name: 'text', items } };
    const model = await kind.fit(data, smallOptions(name));
    const text = data.features.get('text')!;
    const other = text.values.slice();
    for (const item of items) other.subarray(data.items.indexOf(item) * text.dims, (data.items.indexOf(item) + 1) * text.dims).fill(7);
    const changed = new Dataset({ ...data, features: new Map(data.features).set('text', { ...text, values: other }) });
    assert.is.not(await digest(await kind.fit(changed, smallOptions(name))), await digest(model), 'the features matter before');
    for (const method of [retrain, mmrecun] as Unlearner[]) {
      const [one, two] = await Promise.all([data, changed].map((from) => forget(model, from, request, { method })));
      assert.is(one.report.digestAfter, two.report.digestAfter, method.name);
      if (method === retrain) assert.is.not(one.report.digestAfter, one.report.digestBefore);
    }
  });

  // CM3 ranks by the middle of a mix that each step draws anew.
  if (name !== 'cm3')
    test(`${name}: scores of pairs are dot products of its factors`, () => {
      const {
        training: { arena, network, data },
      } = open();
      arena.scope(() => {
        const tape = new Tape(arena);
        const { users, items } = network.factors(tape);
        const pass = network.pass(tape, { epoch: 1, step: 0 });
        const u = Int32Array.of(0, 3, 7);
        const i = Int32Array.of(2, 5, data.items.size - 1);
        const scores = pass.scores(u, i).value.row(0);
        u.forEach((user, k) => {
          const expected = users.value.row(user).reduce((s, v, c) => s + v * items.value.row(i[k])[c], 0);
          assert.ok(near(scores[k], expected, 1e-5, Math.abs(expected) + 1), `${scores[k]}, expected ${expected}`);
        });
      });
    });
}

test.run();
