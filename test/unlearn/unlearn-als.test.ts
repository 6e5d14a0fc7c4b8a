// What unlearn-als does when nothing is asked for: never farther from gold than the original was, and it says why.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AlsModel,
  type AlsOptions,
  als,
  bpr,
  converge,
  type Dataset,
  digest,
  type ForgetRequest,
  forget,
  forgetInStages,
  generate,
  gold,
  ModelError,
  partitionOf,
  type Unlearner,
  unlearnAls,
} from '../../src/index.ts';
import { ScoreSpace } from '../../src/judge/influence.ts';
import { forgetInPlace } from '../fixtures.ts';

const test = suite('unlearn-als');

const data = await generate({ users: 120, items: 80, interactions: 3000, seed: 5 });

const OBJECTIVES: readonly Partial<AlsOptions>[] = [
  { objective: 'implicit', regularization: 2 },
  { objective: 'ials', unobservedWeight: 0.1, regularization: 0.01 },
  { objective: 'explicit', regularization: 0.1 },
];
const TRAININGS: readonly Partial<AlsOptions>[] = [
  { iterations: 2 },
  { iterations: 5 },
  { iterations: 12 },
  { iterations: 15, tolerance: 1e-4 },
];

const pairsOf = (from: Dataset, every: number): [string, string][] => {
  const pairs = [...from.users].flatMap((user) =>
    [...from.itemsOf(from.users.indexOf(user))].map((i): [string, string] => [user, from.items.at(i)!]),
  );
  return pairs.filter((_, n) => n % every === 0);
};
const ids = (table: Iterable<string>, from: number, to: number): string[] => [...table].slice(from, to);
const REQUESTS: readonly ForgetRequest[] = [
  { users: ids(data.users, 0, 1) },
  { users: ids(data.users, 1, 4) },
  { items: ids(data.items, 0, 1) },
  { items: ids(data.items, 1, 3) },
  { interactions: pairsOf(data, 100) },
  { users: ids(data.users, 60, 100) },
];

test('no default ends farther from gold than the original; plain passes do', async () => {
  let farther = 0;
  for (const objective of OBJECTIVES) {
    for (const training of TRAININGS) {
      const model = await als.fit(data, { factors: 6, ...objective, ...training });
      for (const request of REQUESTS) {
        const partition = partitionOf(data, request);
        const judge = await gold(model, partition);
        const space = new ScoreSpace(partition.retain);
        const distance = async (options: object): Promise<number> => {
          const outcome = await forgetInPlace(model, data, request, { method: unlearnAls, options, digests: false });
          return space.distance(outcome.model, judge);
        };
        const original = space.distance(model, judge);
        const byDefault = await distance({});
        assert.ok(
          byDefault < original,
          `${JSON.stringify([objective, training, request.users, request.items])}: ${byDefault} against ${original}`,
        );
        if ((await distance({ passes: 3 })) > original) farther++;
      }
    }
  }
  assert.ok(farther >= 10, `only ${farther} cells where three plain passes lead away: the check could hardly fail`);
});

test('the report says what was chosen and why', async () => {
  const reportOf = async (training: Partial<AlsOptions>, request: ForgetRequest, options = {}) => {
    const model = await als.fit(data, { factors: 6, regularization: 2, ...training });
    return (await forget(model, data, request, { method: unlearnAls, options, digests: false })).report;
  };
  const one = REQUESTS[0];
  const early = await reportOf({ iterations: 5 }, one);
  assert.equal([early.way, early.passes, early.retrainDue], ['change', 1, false]);
  assert.match(String(early.why), /before it had converged \(its last sweep lowered the objective by .* %\)/);
  assert.is(early.retrainWhy, undefined);
  const anew = await reportOf({ iterations: 4 }, one);
  assert.equal([anew.way, anew.sweeps, anew.exactness, anew.forgottenSinceTraining], ['retrain', 4, 'exact', 0]);
  const converged = await reportOf({ tolerance: 1e-4 }, one);
  assert.equal([converged.way, converged.passes], ['change', 3]);
  assert.match(String(converged.why), /converged \(relative gradient .*e-5\)/);
  const large = await reportOf({ tolerance: 1e-4 }, REQUESTS[5]);
  assert.equal([large.passes, large.retrainDue], [10, true]);
  assert.match(String(large.retrainWhy), /^\d+ % of the interactions left or came .* beyond 5 %/);
  assert.equal((await reportOf({ iterations: 2 }, one, { passes: 4 })).why, 'asked for');
  assert.is((await reportOf({ iterations: 2 }, one, { way: 'change', passes: 4 })).passes, 4);
  assert.is((await reportOf({ iterations: 2 }, one, { local: true })).way, 'local');
});

test('what is trained anew is gold, byte for byte; a model that started from another is not trained anew', async () => {
  const model = await als.fit(data, { factors: 6, iterations: 3 });
  const { model: unlearned, partition } = await forget(model, data, REQUESTS[1], { method: unlearnAls });
  assert.is(await digest(unlearned), await digest(await gold(model, partition, { positions: 'compacted' })));
  const start = { userFactors: model.userFactors.toArray(), itemFactors: model.itemFactors.toArray() };
  const continued = await als.fit(data, { factors: 6, iterations: 1 }, { start });
  const { report } = await forget(continued, data, REQUESTS[1], { method: unlearnAls });
  assert.equal([report.way, report.exactness], ['change', 'approximate']);
  assert.match(String(report.why), /it was one sweep/);
});

test('small requests add up until a retrain is due', async () => {
  let model: AlsModel = await als.fit(data, { factors: 4, iterations: 6 });
  let rest = data;
  const due: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    const outcome = await forgetInPlace(model, rest, { users: ids(rest.users, 0, 2) }, { method: unlearnAls, digests: false });
    model = outcome.model as AlsModel;
    rest = outcome.data;
    due.push(outcome.report.retrainDue);
    const share = 1 - rest.interactions / data.interactions;
    assert.ok(Math.abs((outcome.report.forgottenSinceTraining as number) - share) < 1e-12);
  }
  assert.equal([due[0], due.at(-1)], [false, true]);
});

test('a model that steps trained is refused: passes would make another model of it', async () => {
  const model = await bpr.fit(data, { factors: 4, epochs: 2 });
  const why =
    / works on models that are trained by least squares \(als\), and this is "bpr"; choose another method: mmrecun is for such models/;
  for (const method of [unlearnAls, converge] as Unlearner[]) {
    const error = await forget(model, data, REQUESTS[0], { method }).catch((e) => e);
    assert.instance(error, ModelError);
    assert.match(error.message, why);
  }
  const stages = forgetInStages({ model, partition: partitionOf(data, REQUESTS[0]), control: {} });
  assert.match((await stages.next().catch((e) => e)).message, why);
});

test('options that do not go together are refused', async () => {
  const model = await als.fit(data, { factors: 4, iterations: 2 });
  const error = async (options: object): Promise<Error> =>
    forget(model, data, REQUESTS[0], { method: unlearnAls, options }).then(
      () => assert.unreachable(),
      (e) => e,
    );
  assert.match((await error({ local: true, passes: 2 })).message, /"passes" does not go together with "local"/);
  assert.match((await error({ local: true, way: 'change' })).message, /"way" does not go together with "local"/);
  assert.match((await error({ way: 'change', tolerance: 0.1 })).message, /"tolerance" ends plain passes only/);
  assert.match((await error({ way: 'back' })).message, /"way" expected one of change, passes/);
});

test.run();
