// The golden suite: a fixed series of computations, each reduced to a digest of its bytes. The same series must give the
// same digests on every runtime (scripts/runtimes compares them) and from one day to the next (recorded.json).
// It walks the registries, so a new model or method is covered without a line added here.
import {
  compatible,
  type Dataset,
  deserialize,
  digest,
  evaluate,
  type ForgetRequest,
  forget,
  generate,
  kernelBuild,
  kernelsDigest,
  LEARNERS,
  learn,
  MODELS,
  type Model,
  ModelError,
  type ModelKind,
  placeByFeatures,
  recommendFor,
  serialize,
  UNLEARNERS,
  type Unlearner,
} from '../../src/index.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Csr } from '../../src/wasm/tensor.ts';
import { goldenData } from './data.ts';

/** One computation, named from the general to the particular, and the SHA-256 of what came out. */
export interface Stage {
  readonly stage: string;
  readonly digest: string;
  /** Compared between runtimes, but not kept on record: it changes with every build. */
  readonly passing?: boolean;
}

/** Small settings for the options that make a run long or large, wherever a model or method has them. */
const SMALL: Readonly<Record<string, unknown>> = { factors: 8, iterations: 3, epochs: 3, dimensions: 8, hidden: 8 };

const REQUESTS: Readonly<Record<string, ForgetRequest>> = {
  users: { users: ['u3', 'u17'] },
  items: { items: ['i5'] },
  interactions: {
    interactions: [
      ['u0', 'i0'],
      ['u1', 'i3'],
    ],
  },
  modality: { modality: { name: 'image', items: ['i1', 'i2', 'i3'] } },
};

/** New and old users and items, and a pair that changes its value. */
const looks = (of: number): number[] => Array.from({ length: 8 }, (_, n) => ((n + of) % 4) / 4);
const ADDITIONS = {
  interactions: [
    ...['i0', 'i3', 'new'].map((item) => ({ user: 'u1', item, value: 2, time: 1 })),
    ...['i0', 'new'].map((item) => ({ user: 'fresh', item, value: 4, time: 2 })),
    { user: 'lone', item: 'alone', time: 3 },
  ],
  items: ['cold'],
  features: { image: { new: looks(1), cold: looks(2) } },
};

export async function* stages(): AsyncGenerator<Stage> {
  if (kernelBuild() !== 'default') throw new Error('bytes are compared between runtimes with the default kernels only');
  const { train, test } = goldenData();
  yield { stage: 'data/train', digest: train.fingerprint() };
  yield { stage: 'data/test', digest: test.fingerprint() };
  yield { stage: 'kernels', digest: await kernelsDigest(), passing: true };

  const arena = new Arena();
  const turned = Csr.from(arena, train.userItems).transpose();
  yield await stage(
    'kernels/csr_transpose',
    arena.u8(turned.indptr, (turned.rows + 1) * 4),
    arena.u8(turned.indices, turned.nnz * 4),
    arena.u8(turned.data, turned.nnz * 4),
  );

  // Large enough that it is descended on in several blocks.
  const many = await generate({ users: 300, items: 300, interactions: 6000 });
  yield {
    stage: 'bpr/pairs',
    digest: await digest(await MODELS.bpr.fit(many, { ...smallOptions(MODELS.bpr.options), optimizer: 'sgd-pairs', learningRate: 0.05 })),
  };

  for (const [name, kind] of Object.entries<ModelKind>(MODELS)) {
    const model = await kind.fit(train, smallOptions(kind.options));
    yield* modelStages(name, model, train, test);
    yield await stage(`${name}/file`, await serialize(model)).then((made) => ({ ...made, passing: true }));
    yield { stage: `${name}/loaded`, digest: await digest(await deserialize(await serialize(model))) };
    for (const [method, unlearner] of Object.entries<Unlearner>(UNLEARNERS)) {
      if (!compatible(kind, unlearner)) continue;
      for (const [what, request] of Object.entries(REQUESTS))
        yield* forgetStages(`${name}+${method}/${what}`, model, unlearner, request, train, test);
    }
    const lists = recommendFor(model, [['i0', 'i3', 'i4'], ['i7']], { k: 10 });
    yield await stage(`${name}/newcomers`, new TextEncoder().encode(JSON.stringify(lists)));
    for (const [method, learner] of Object.entries<Unlearner>(LEARNERS)) {
      if (!compatible(kind, learner)) continue;
      const options = { method: learner, options: smallOptions(learner.options), heldOut: { test } };
      const learned = await learn(model, train, ADDITIONS, options);
      yield* modelStages(`${name}+${method}/learned`, learned.model, learned.data, learned.heldOut.test!);
      if (learned.model.kind.capabilities.includes('factors') && method === 'retrain')
        yield { stage: `${name}+${method}/placed`, digest: await digest(placeByFeatures(learned.model, learned.data).model) };
    }
  }

  // The model above is of so few sweeps that unlearn-als trains it anew.
  const longer = await MODELS.als.fit(train, { ...smallOptions(MODELS.als.options), iterations: 6 });
  yield* forgetStages('als of 6 sweeps+unlearn-als/users', longer, UNLEARNERS['unlearn-als'], REQUESTS.users, train, test);
}

/** Parameters, rankings of all users, the exact bits of all metrics. */
async function* modelStages(name: string, model: Model, train: Dataset, test: Dataset): AsyncGenerator<Stage> {
  yield { stage: name, digest: await digest(model) };
  const users = Int32Array.from(model.users, (id) => model.users.indexOf(id));
  const { items, scores } = model.rank({ users, k: 10, exclude: train.userItems, history: train.userItems });
  yield await stage(`${name}/rank`, items, scores);
  const { cold: _, coldUsers: __, rmse: ___, mae: ____, ...metrics } = evaluate(model, train, test, { k: [5, 20] });
  yield await stage(`${name}/metrics ${Object.keys(metrics).length}`, Float64Array.from(Object.values(metrics as Record<string, number>)));
}

async function* forgetStages(
  name: string,
  model: Model,
  method: Unlearner,
  request: ForgetRequest,
  train: Dataset,
  test: Dataset,
): AsyncGenerator<Stage> {
  let forgotten: Awaited<ReturnType<typeof forget>>;
  try {
    forgotten = await forget(model, train, request, { method, options: smallOptions(method.options), heldOut: { test } });
  } catch (error) {
    // A method may say that it cannot forget this; it must say so in the same words everywhere.
    if (!(error instanceof ModelError || error instanceof RangeError)) throw error;
    yield await stage(`${name}/refused`, new TextEncoder().encode(error.message));
    return;
  }
  yield* modelStages(name, forgotten.model, forgotten.data, forgotten.heldOut.test!);
}

const smallOptions = (options: object): object => Object.fromEntries(Object.entries(SMALL).filter(([name]) => name in options));

/** SHA-256 over the bytes of the given arrays, in order. */
async function stage(name: string, ...arrays: readonly ArrayBufferView[]): Promise<Stage> {
  let length = 0;
  for (const array of arrays) length += array.byteLength;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return { stage: name, digest: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
