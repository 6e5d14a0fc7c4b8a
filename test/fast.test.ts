// The fast build of the kernels: held to the same float64 twins as the default one wherever the host has relaxed SIMD, and
// refused plainly where it has not. Its marks are tested everywhere.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fastKernels, hasRelaxedSimd } from '../src/fast.ts';
import {
  als,
  type Checkpoint,
  compatible,
  defaultKernels,
  deserialize,
  digest,
  forget,
  gold,
  inspectFile,
  kernelBuild,
  kernelsDigest,
  lightgcn,
  loadKernels,
  MODELS,
  type Model,
  ModelError,
  type ModelKind,
  serialize,
  UNLEARNERS,
  type Unlearner,
} from '../src/index.ts';
import { instantiateKernels, type Kernels } from '../src/wasm/kernels.ts';
import { Arena } from '../src/wasm/memory.ts';
import { clustered, modelKinds, smallOptions } from './fixtures.ts';
import { FAMILIES } from './kernels/index.ts';
import { largest, near } from './kernels/table.ts';

const data = clustered();

/** Works with the fast kernels in use, and with the default ones again afterwards. */
async function withFast<T>(work: () => Promise<T>): Promise<T> {
  await loadKernels(fastKernels);
  try {
    return await work();
  } finally {
    await loadKernels(defaultKernels);
  }
}

/** The model as if fast kernels had made it, on hosts too that cannot run them. */
async function marked(model: Model): Promise<Model> {
  const parameters = new Map(
    Array.from(model.parameters, ([name, matrix]) => [name, { rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() }]),
  );
  return model.kind.restore({
    ...model,
    options: model.options,
    users: model.users,
    items: model.items,
    record: model.record,
    provenance: { ...model.provenance, kernels: 'fast' },
    parameters,
  });
}

const marks = suite('marks of the fast build');

marks('a model of the default kernels has no mark', async () => {
  assert.is(kernelBuild(), 'default');
  const model = await als.fit(data, smallOptions('als'));
  assert.not('kernels' in model.provenance);
  assert.not.ok(new TextDecoder('latin1').decode(await serialize(model)).includes('"fast"'));
});

for (const kind of modelKinds as ModelKind[]) {
  marks(`${kind.name}: a mark is saved and loaded, and does not change the digest`, async () => {
    const model = await kind.fit(data, smallOptions(kind.name));
    const fast = await marked(model);
    const bytes = await serialize(fast);
    assert.is((await deserialize(bytes)).provenance.kernels, 'fast');
    assert.is((await inspectFile(bytes)).provenance.kernels, 'fast');
    assert.is(await digest(fast), await digest(model));
  });

  for (const method of Object.values(UNLEARNERS) as Unlearner[]) {
    if (!compatible(kind, method)) continue;
    marks(`${method.name} on ${kind.name}: a mark is carried on, and nothing is claimed of bytes`, async () => {
      const plain = await kind.fit(data, smallOptions(kind.name));
      const fast = await marked(plain);
      const before = await forget(plain, data, { users: ['u3'] }, { method });
      const { model, report } = await forget(fast, data, { users: ['u3'] }, { method });
      assert.not('kernels' in before.model.provenance);
      assert.not('byteComparable' in before.report);
      // Training anew takes nothing from the marked model.
      assert.is(model.provenance.kernels, method.anew ? undefined : 'fast');
      assert.is(report.kernels, 'fast');
      assert.is(report.byteComparable, false);
      assert.is(report.exactness, method.anew ? 'exact' : 'approximate');
    });
  }
}

marks('only the method that trains from scratch says that it does', () => {
  assert.equal(
    Object.values(UNLEARNERS)
      .filter((method: Unlearner) => method.anew)
      .map(({ name }) => name),
    ['retrain'],
  );
});

marks('a checkpoint of one build is not gone on with by another', async () => {
  let checkpoint: Checkpoint | undefined;
  await lightgcn.fit(
    data,
    { ...smallOptions('lightgcn'), epochs: 2 },
    { checkpointEvery: 1, onCheckpoint: (state) => void (checkpoint = state) },
  );
  const error = await lightgcn
    .fit(data, { ...smallOptions('lightgcn'), epochs: 3 }, { checkpoint: { ...checkpoint!, kernels: 'fast' } })
    .catch((e) => e);
  assert.instance(error, ModelError);
  assert.match(error.message, /made by the fast kernels, and the default ones are in use/);
});

marks.run();

const refusal = suite('fast build, where it cannot run');

refusal('a host without relaxed SIMD gets one error that names the remedy, and keeps its kernels', async () => {
  const { validate } = WebAssembly;
  try {
    WebAssembly.validate = () => false;
    const error = await loadKernels(fastKernels).catch((e) => e);
    assert.match(
      error.message,
      /^the fast kernels need relaxed SIMD, which this host's WebAssembly does not have: use the default kernels, or a host/,
    );
  } finally {
    WebAssembly.validate = validate;
  }
  assert.is(kernelBuild(), 'default');
  assert.is(await kernelsDigest(), defaultKernels.digest);
});
refusal.run();

const test = suite(`fast build, ${hasRelaxedSimd() ? 'run here' : 'not run here: no relaxed SIMD'}`);

if (!hasRelaxedSimd()) {
  test('is refused here: no kernel of it was run', async () => {
    assert.match((await loadKernels(fastKernels).catch((e) => e)).message, /need relaxed SIMD/);
    assert.is(kernelBuild(), 'default');
  });
} else {
  const module = fastKernels.module();

  for (const [name, { claim, check }] of Object.values(FAMILIES).flatMap((table) => Object.entries(table))) {
    test(`${name}: ${claim}`, () => check(new Arena(instantiateKernels(module))));
  }

  test('has the kernels of the default build and says what it is', () => {
    const names = (of: WebAssembly.Module): string[] =>
      WebAssembly.Module.exports(of)
        .map(({ name }) => name)
        .sort();
    assert.equal(names(module), [...names(defaultKernels.module()), 'relaxed'].sort());
    assert.equal(WebAssembly.Module.imports(module), []);
    assert.is((instantiateKernels(module) as Kernels & { relaxed(): number }).relaxed(), 1);
  });

  test('is told by what it is, however it was given', async () => {
    try {
      await loadKernels(module);
      assert.is(kernelBuild(), 'fast');
      await loadKernels(defaultKernels.module());
      assert.is(kernelBuild(), 'default');
    } finally {
      await loadKernels(defaultKernels);
    }
  });

  for (const name of ['als', 'lightgcn', 'ease'] as const) {
    test(`${name}: near the default build's parameters, marked, and the same for any number of threads`, async () => {
      const kind: ModelKind = MODELS[name];
      const options = name === 'als' ? { ...smallOptions(name), factors: 24 } : smallOptions(name);
      const plain = await kind.fit(data, options);
      await withFast(async () => {
        const model = await kind.fit(data, options);
        assert.is(model.provenance.kernels, 'fast');
        assert.is((await inspectFile(await serialize(model))).kernels, fastKernels.digest);
        for (const [parameter, matrix] of plain.parameters) {
          const expected = matrix.toArray();
          // Training multiplies what rounding begins: a kernel alone is held to its twin above.
          near(`${name} ${parameter}`, model.parameters.get(parameter)!.toArray(), expected, 1e-3, largest(expected));
        }
        assert.is(await digest(await kind.fit(data, options, { threads: 3 })), await digest(model));
        const { model: again, partition, report } = await forget(model, data, { users: ['u3'] }, { method: UNLEARNERS.retrain });
        assert.is(report.digestAfter, await digest(await gold(model, partition, { positions: 'compacted' })));
        assert.is(again.provenance.kernels, 'fast');
      });
    });
  }

  test('a model of the default kernels that fast ones made forget is marked', async () => {
    const plain = await als.fit(data, smallOptions('als'));
    const { model, report } = await withFast(() => forget(plain, data, { users: ['u3'] }, { method: UNLEARNERS['unlearn-als'] }));
    assert.is(model.provenance.kernels, 'fast');
    assert.is(report.byteComparable, false);
    assert.not('kernels' in plain.provenance);
  });
}

test.run();
