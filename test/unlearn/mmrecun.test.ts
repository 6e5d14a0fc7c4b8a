// Unlearning by gradients: that it forgets what it should, nothing by accident, and says what it did.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { areaUnderCurve } from '../../src/forget/gradient-run.ts';
import { partitionOf } from '../../src/forget/request.ts';
import {
  bm3,
  bpr,
  compare,
  Dataset,
  digest,
  type ForgetRequest,
  finetune,
  freedom,
  gold,
  Judge,
  lightgcn,
  type Model,
  ModelError,
  mmrecun,
  negativeGradient,
  splitDataset,
  vbpr,
} from '../../src/index.ts';
import { clustered, forgetInPlace as forget } from '../fixtures.ts';

const test = suite('mmrecun');
const SMALL = { factors: 8, epochs: 40, learningRate: 0.02, batchSize: 128 };
const KINDS = [bpr, lightgcn, vbpr, freedom, bm3];

const whole = clustered(120, 60);
const train = whole.filter((e) => e % 6 !== 0);
const validation = whole.filter((e) => e % 6 === 0);
const interactionsOf = (data: Dataset, wanted: (entry: number, user: number) => boolean): (readonly [string, string])[] => {
  const list: (readonly [string, string])[] = [];
  data.filter((entry, u, i) => {
    if (wanted(entry, u)) list.push([data.users.at(u)!, data.items.at(i)!]);
    return false;
  });
  return list;
};
const PAIRS: ForgetRequest = { interactions: interactionsOf(train, (entry) => entry % 12 === 5) };
const meanScore = (model: Model, pairs: readonly (readonly [string, string])[]): number => {
  const users = Int32Array.from(pairs, ([u]) => model.users.indexOf(u));
  const items = Int32Array.from(pairs, ([, i]) => model.items.indexOf(i));
  return model.scorePairs(users, items).reduce((sum, s) => sum + s, 0) / pairs.length;
};

for (const kind of KINDS) {
  test(`${kind.name}: forgotten pairs sink further than training on makes them, towards gold`, async () => {
    const model = await kind.fit(train, SMALL);
    const run = async (method: typeof mmrecun | typeof finetune, options: object): Promise<Model> =>
      (await forget(model, train, PAIRS, { method: method as never, options })).model;
    const options = { epochs: 8, learningRate: 0.01 };
    const [unlearned, tuned] = [await run(mmrecun, options), await run(finetune, options)];
    const [before, after, baseline] = [model, unlearned, tuned].map(
      (m) =>
        meanScore(m, PAIRS.interactions!) -
        meanScore(
          m,
          interactionsOf(train, (e) => e % 12 === 3),
        ),
    );
    assert.ok(after < baseline, `${before} before, ${after} after, ${baseline} by training on`);
    const partition = partitionOf(train, PAIRS);
    const judge = await gold(model, partition);
    const [original, ours] = compare(
      [
        { name: 'original', model },
        { name: 'ours', model: unlearned },
      ],
      partition,
      { gold: judge },
    );
    assert.ok(ours['forgetRecall@20']! < original['forgetRecall@20']!);
  });
}

test('the reverse loss lowers the margin of forgotten pairs, in both forms and both schedules; only alpha does', async () => {
  const model = await lightgcn.fit(train, SMALL);
  const partition = partitionOf(train, PAIRS);
  const margin = (m: Model): number => {
    const never = interactionsOf(validation, (e) => e % 3 === 0);
    return meanScore(m, PAIRS.interactions!) - meanScore(m, never);
  };
  const start = (await forget(model, train, PAIRS, { method: mmrecun, options: { epochs: 1, learningRate: 1e-9 } })).model;
  for (const form of ['negated', 'bounded'] as const) {
    for (const schedule of ['joint', 'alternating'] as const) {
      const { model: one } = await forget(model, train, PAIRS, {
        method: mmrecun,
        options: { epochs: 1, form, schedule, learningRate: 0.005 },
      });
      const { model: little } = await forget(model, train, PAIRS, {
        method: mmrecun,
        options: { epochs: 1, form, schedule, alpha: 1e-6, learningRate: 0.005 },
      });
      assert.ok(margin(one) < margin(start), `${form} ${schedule}: ${margin(start)} → ${margin(one)}`);
      assert.ok(margin(one) < margin(little), `${form} ${schedule}: no lower than without the reverse loss`);
    }
  }
  assert.ok(partition.entries.length > 10);
});

test('stops at the reference measured beforehand; the guard brings back the last epoch it allows', async () => {
  const model = await lightgcn.fit(train, SMALL, { validation });
  const { report } = await forget(model, train, PAIRS, { method: mmrecun, validation, options: { learningRate: 0.003, guard: 0.8 } });
  const { before, after, target, status, epochs } = report as never as {
    before: Record<string, number>;
    after: Record<string, number>;
    target: number;
    status: string;
    epochs: number;
  };
  assert.is(status, 'target-met');
  assert.match(String(report.advice), /own target was met, which does not say what is left/);
  assert.ok(epochs > 0 && before.forgetRecall > target, 'the original fails the same check');
  assert.ok(after.forgetRecall <= target || after.membershipAuc <= 0.5);
  assert.ok(after.validationRecall >= 0.8 * before.validationRecall);
  const strict = await forget(model, train, PAIRS, {
    method: mmrecun,
    validation,
    options: { target: 0, membershipFloor: 0, guard: 1, learningRate: 0.05, epochs: 30 },
  });
  assert.is(strict.report.status, 'guarded');
  assert.match(strict.report.advice as string, /retrain/);
  assert.ok(
    (strict.report.after as Record<string, number>).validationRecall >= (strict.report.before as Record<string, number>).validationRecall,
  );
  const lost = new Set(PAIRS.interactions!.map(([u]) => train.users.indexOf(u)));
  const others = await forget(
    model,
    train,
    { interactions: PAIRS.interactions!.slice(0, 40) },
    { method: mmrecun, validation: validation.filter((_, u) => ![...lost].slice(0, 40).includes(u)), options: { epochs: 2, guard: 0.5 } },
  );
  assert.ok(Number.isFinite(others.report.target as number), "other users' validation pairs serve where the forgetting ones have none");
  const none = await forget(model, train, PAIRS, { method: mmrecun, validation: validation.filter(() => false), options: { epochs: 2 } });
  assert.is(none.report.status, 'unmeasured');
  const blind = await forget(model, train, PAIRS, { method: mmrecun, options: { epochs: 2 } });
  assert.is(blind.report.status, 'unmeasured');
  assert.match(blind.report.advice as string, /validation data/);
});

test('deleted rows are zero; rows that lose all begin anew, not as training began them; nothing else moves for them', async () => {
  const model = await bpr.fit(train, SMALL);
  const user = train.users.at(4)!;
  const pairs = interactionsOf(train, (_, u) => u === 4);
  const options = { relearnEpochs: 0 };
  const deleted = await forget(model, train, { users: [user] }, { method: mmrecun, options });
  const emptied = await forget(model, train, { interactions: pairs }, { method: mmrecun, options });
  const again = await forget(model, train, { interactions: pairs }, { method: mmrecun, options });
  assert.is(await digest(emptied.model), await digest(again.model));
  const rows = (m: Model): Float32Array => m.parameters.get('userFactors')!.row(4).slice();
  assert.ok(rows(deleted.model).every((v) => Object.is(v, 0)));
  const untouched = await bpr.fit(
    train.filter((_, u) => u !== 4),
    { ...SMALL, epochs: 1, learningRate: 1e-12 },
  );
  const [fresh, seeded] = [rows(emptied.model), rows(untouched)];
  assert.ok(
    fresh.some((v, c) => Math.abs(v - seeded[c]) > 1e-3),
    'the seeded row leans to the history',
  );
  assert.ok(fresh.some((v) => v !== 0));
  for (const { model: m, report } of [deleted, emptied]) {
    assert.is(report.reversedPairs, 0);
    assert.is(report.status, 'unmoved', 'nothing is complete that moved nothing');
    assert.match(report.keeps as string, /rows of items keep what they learned from 1 forgotten users/);
    assert.equal(m.parameters.get('itemFactors')!.toArray(), model.parameters.get('itemFactors')!.toArray());
  }
});

test('a scrub lowers what the seeded rows of forgotten users still find, keeps them fixed, and leaves nothing of them', async () => {
  const users = Array.from({ length: 20 }, (_, k) => `u${k * 6 + 1}`);
  const at = users.map((id) => train.users.indexOf(id));
  const model = await lightgcn.fit(train, { ...SMALL, epochs: 80, factors: 16 });
  const plain = await forget(model, train, { users }, { method: mmrecun });
  const { model: scrubbed, report } = await forget(model, train, { users }, { method: mmrecun, options: { scrub: true } });
  const { before, after, freshRows, epochs } = report.scrubbed as Record<string, number>;
  assert.ok(before > freshRows && after < before && epochs > 0, `${before} → ${after}, fresh rows ${freshRows}`);
  assert.is(plain.report.scrubbed, undefined);
  const rows = scrubbed.parameters.get('userFactors')!;
  for (const u of at) assert.ok(rows.row(u).every((v) => v === 0));
});

/** Rows by which a parameter of two models differs. */
const movedRows = (name: string, before: Model, after: Model): number[] => {
  const a = before.parameters.get(name)!;
  const b = after.parameters.get(name)!;
  return Array.from({ length: a.rows }, (_, r) => r).filter((r) => a.row(r).some((v, c) => v !== b.row(r)[c]));
};

test('only rows of users move for single interactions, unless all may', async () => {
  const model = await lightgcn.fit(train, SMALL);
  const moved = async (options: object): Promise<number[]> =>
    movedRows('nodes', model, (await forget(model, train, PAIRS, { method: mmrecun, options: { epochs: 1, ...options } })).model);
  const rows = await moved({});
  assert.ok(rows.length > 0 && rows.every((r) => r < train.users.size), `${rows}`);
  assert.ok((await moved({ rows: 'all' })).some((r) => r >= train.users.size));
});

test('an emptied item is drawn by what remains where a graph of items reaches it, and nothing else moves', async () => {
  const item = train.items.indexOf('i4');
  const request = { interactions: interactionsOf(train, () => true).filter(([, i]) => i === 'i4') };
  for (const kind of [lightgcn, freedom]) {
    const model = await kind.fit(train, SMALL);
    const run = async (method: typeof mmrecun | typeof finetune, options: object): Promise<Model> =>
      (await forget(model, train, request, { method: method as never, options })).model;
    const ours = await run(mmrecun, { relearnEpochs: 0 });
    const fresh = await run(finetune, { epochs: 1, learningRate: 1e-12 });
    const row = train.users.size + item;
    const away = Math.max(
      ...ours.parameters
        .get('nodes')!
        .row(row)
        .map((v, c) => Math.abs(v - fresh.parameters.get('nodes')!.row(row)[c])),
    );
    assert.is(away > 1e-3, kind === freedom, `${kind.name}: ${away} from the fresh row`);
    assert.equal(movedRows('nodes', model, ours), [row]);
  }
});

test('touched rows alone: others and shared weights keep their bytes', async () => {
  const model = await vbpr.fit(train, SMALL);
  const few: ForgetRequest = { interactions: interactionsOf(train, (e) => e === 40 || e === 90) };
  const options = { rows: 'touched', epochs: 1, ratio: 0.01, relearnEpochs: 0 } as const;
  const sparse = train.filter((e) => e % 9 === 0 || e === 40 || e === 90);
  const small = await vbpr.fit(sparse, { ...SMALL, batchSize: 2 });
  const request = { interactions: [[sparse.users.at(0)!, sparse.items.at(sparse.itemsOf(0)[0])!]] as const };
  const { model: unlearned } = await forget(small, sparse, request, { method: mmrecun, options });
  const moved = (name: string): number => movedRows(name, small, unlearned).length;
  assert.is(moved('weight:text'), 0);
  assert.ok(moved('userFactors') > 0 && moved('userFactors') < sparse.users.size / 2, `${moved('userFactors')} rows moved`);
  assert.ok((await forget(model, train, few, { method: mmrecun, options })).model);
});

test('a revoked modality no longer reaches any score; the original fails the same check', async () => {
  const request: ForgetRequest = { modality: { name: 'text', items: ['i1', 'i2', 'i3'] } };
  const perturbed = (): Dataset => {
    const text = train.features.get('text')!;
    const values = text.values.map((v, k) => (k < 4 * text.dims ? v * 3 + k : v));
    return new Dataset({ ...train, features: new Map(train.features).set('text', { ...text, values }) });
  };
  const items = ['i1', 'i2', 'i3'].map((id) => train.items.indexOf(id));
  assert.ok(items.every((i) => i < 40));
  for (const kind of [vbpr, freedom, bm3]) {
    const model = await kind.fit(train, { ...SMALL, epochs: 10 });
    const other = perturbed();
    const text = other.features.get('text')!;
    const original = train.features.get('text')!;
    // Only the revoked rows may differ between the two data sets.
    for (let i = 0; i < train.items.size; i++) {
      if (!items.includes(i)) text.values.set(original.values.subarray(i * text.dims, (i + 1) * text.dims), i * text.dims);
      else text.values[i * text.dims] += 5;
    }
    const a = await forget(model, train, request, { method: mmrecun });
    const b = await forget(model, other, request, { method: mmrecun });
    assert.is(a.report.digestAfter, b.report.digestAfter, `${kind.name} still reads the revoked rows`);
    assert.is.not(a.report.digestAfter, a.report.digestBefore);
    assert.equal(a.report.modality, { name: 'text', items: 3 });
    const control = await forget(
      model,
      train,
      { interactions: [[train.users.at(0)!, train.items.at(train.itemsOf(0)[0])!]] },
      { method: finetune, options: { epochs: 1 } },
    );
    const changed = await forget(
      model,
      other,
      { interactions: [[train.users.at(0)!, train.items.at(train.itemsOf(0)[0])!]] },
      { method: finetune, options: { epochs: 1 } },
    );
    assert.is.not(control.report.digestAfter, changed.report.digestAfter, `${kind.name}: the check sees the rows at all`);
  }
  const many: ForgetRequest = { modality: { name: 'text' } };
  const model = await vbpr.fit(train, { ...SMALL, epochs: 10 });
  const restarted = await forget(model, train, many, { method: mmrecun, validation });
  assert.ok((restarted.report.repairEpochs as number) >= 0);
  assert.is.not(await digest(restarted.model), restarted.report.digestBefore);
});

test('refuses to forget a modality that the model does not use', async () => {
  for (const kind of [bpr, lightgcn]) {
    const model = await kind.fit(train, { ...SMALL, epochs: 1 });
    const error = await forget(model, train, { modality: { name: 'audio' } }, { method: mmrecun }).then(
      () => undefined,
      (e) => e,
    );
    assert.instance(error, ModelError);
    assert.match(error.message, new RegExp(`model "${kind.name}" does not use modality "audio".*uses none`));
  }
});

/** Membership of a whole side's deleted, and test recall beside gold's. */
async function judged(kind: typeof bpr | typeof lightgcn, side: 'users' | 'items', settings: object) {
  const all = clustered(300, 120);
  const split = splitDataset(all, 'per-user:0.8,0.1,0.1', 1, side === 'users' ? { unseenUsers: 0.2 } : { unseenItems: 0.2 });
  const live = side === 'users' ? [...split.train.users] : [...split.train.items];
  const wanted = live.filter((id, n) => n % 6 === 1 && split.unseen[side].indexOf(id) >= 0).slice(0, 40);
  const partition = partitionOf(split.train, { [side]: wanted });
  const fits = (data: Dataset): Promise<Model[]> =>
    Promise.all([1, 2, 3].map((seed): Promise<Model> => kind.fit(data, { ...settings, seed } as never)));
  const originals = await fits(split.train);
  const golds = await fits(partition.retain);
  const judge = new Judge(partition, { originals, golds, unseen: split.unseen });
  const of = async (options: object) => {
    const { model, report } = await forget(originals[0], split.train, { [side]: wanted }, { method: mmrecun, options });
    const { set } = judge.of(model).membership.find((row) => row.of === side)!;
    return { left: set.left!, report, model };
  };
  return { of, original: judge.of(originals[0]).membership[0].set };
}

for (const [kind, side, settings] of [
  [bpr, 'users', { factors: 16, epochs: 80, optimizer: 'sgd-pairs', learningRate: 0.05, regularization: 0.01 }],
  [bpr, 'items', { factors: 16, epochs: 80, optimizer: 'sgd-pairs', learningRate: 0.05, regularization: 0.01 }],
  [lightgcn, 'users', { factors: 16, epochs: 80, learningRate: 0.01, batchSize: 256 }],
] as const) {
  test(`${kind.name}: the other side's rows no longer tell which ${side} are gone; kept rows do`, async () => {
    const { of, original } = await judged(kind, side, settings);
    assert.ok(original.power, 'the original fails the same check');
    const [kept, ours] = [await of({ relearnEpochs: 0 }), await of({})];
    assert.ok(kept.left > 0.6, `${kept.left} left where rows were kept`);
    assert.ok(Math.abs(ours.left) < 0.4 && ours.left < kept.left / 2, `${ours.left} left, ${kept.left} where rows were kept`);
    assert.is(kept.report.keeps === undefined, false);
    assert.is(ours.report.status, 'relearned');
    assert.is(ours.report.keeps, undefined);
    const [did] = ours.report.relearned as { of: string; deleted: number; rowsBegunAnew: number }[];
    assert.is(did.of, side);
    assert.ok(did.deleted > 0 && did.rowsBegunAnew > 0);
    assert.is(await digest(ours.model), await digest((await of({})).model));
  });
}

test('an abort stops relearning; the baselines say what rows keep of whole users', async () => {
  for (const [kind, settings] of [
    [lightgcn, SMALL],
    [bpr, { ...SMALL, optimizer: 'sgd-pairs' }],
  ] as const) {
    const model = await kind.fit(train, settings as never);
    const stop = new AbortController();
    const before = await digest(model);
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }): void => {
      phases.push(phase);
      stop.abort(new Error('enough'));
    };
    const run = forget(model, train, { users: ['u3'] }, { method: mmrecun, signal: stop.signal, onProgress });
    assert.is(await run.then(String, (error) => error.message), 'enough');
    assert.equal(phases, ['relearn']);
    assert.is(await digest(model), before);
    for (const method of [finetune, negativeGradient]) {
      const { report } = await forget(model, train, { users: ['u3'] }, { method: method as never });
      assert.match(report.keeps as string, /learned from 1 forgotten users/, method.name);
      assert.is(report.status, method === finetune ? 'unmeasured' : 'unmoved');
    }
  }
});

test('requests are counted, and say when a retrain is due', async () => {
  let model: Model = await bpr.fit(train, { ...SMALL, epochs: 2 });
  let data = train;
  const shares: number[] = [];
  for (const user of ['u3', 'u9', 'u14', 'u20', 'u25', 'u31', 'u40']) {
    const next = await forget(model, data, { users: [user] }, { method: mmrecun });
    shares.push(next.report.forgottenSinceTraining as number);
    assert.is(next.report.retrainDue, shares.at(-1)! > 0.05);
    [model, data] = [next.model, next.data];
  }
  assert.equal(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.ok(shares[0] < 0.05 && shares.at(-1)! > 0.05);
});

test('the baselines work on what remains of the request, and an abort stops each method', async () => {
  const model = await lightgcn.fit(train, SMALL);
  const climbed = await forget(model, train, PAIRS, { method: negativeGradient, options: { learningRate: 0.01 } });
  assert.ok(meanScore(climbed.model, PAIRS.interactions!) < meanScore(model, PAIRS.interactions!));
  const reason = new Error('enough');
  for (const method of [mmrecun, finetune, negativeGradient]) {
    const stop = new AbortController();
    const run = forget(model, train, PAIRS, { method: method as never, signal: stop.signal, onProgress: () => stop.abort(reason) });
    assert.is(
      await run.then(
        () => null,
        (e) => e,
      ),
      reason,
      method.name,
    );
  }
});

test('a run that was stopped leaves nothing behind: the next gives the same bytes as one that was never stopped', async () => {
  const model = await lightgcn.fit(train, SMALL);
  const options = { epochs: 4, learningRate: 0.01 };
  const run = async (control: object = {}): Promise<string | undefined> =>
    (await forget(model, train, PAIRS, { method: mmrecun, options, ...control })).report.digestAfter;
  const before = await digest(model);
  const stop = new AbortController();
  let epochs = 0;
  const stopped = run({
    signal: stop.signal,
    onProgress: () => {
      if (++epochs === 2) stop.abort(new Error('enough'));
    },
  });
  assert.is(
    await stopped.then(
      () => 'finished',
      (error) => error.message,
    ),
    'enough',
  );
  assert.is(await digest(model), before);
  const [again, fresh] = [await run(), await run()];
  assert.is(again, fresh);
  assert.is.not(again, before);
});

test('areaUnderCurve counts wins, and ties by half', () => {
  assert.is(areaUnderCurve([3, 2], [1, 0]), 1);
  assert.is(areaUnderCurve([0, 1], [3, 2]), 0);
  assert.is(areaUnderCurve([1, 2, 3], [1, 2, 3]), 0.5);
  assert.is(areaUnderCurve([2, 5], [2, 3, 1, 9]), (2 - 0.5 + 3) / 8);
});

test.run();
