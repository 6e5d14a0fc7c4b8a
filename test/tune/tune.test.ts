import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from '../../src/data/generate.ts';
import { splitDataset } from '../../src/data/split.ts';
import { evaluate } from '../../src/model/evaluate.ts';
import type { ModelKind } from '../../src/model/model.ts';
import { MODELS } from '../../src/models/index.ts';
import { decades, pointAt, SPACES } from '../../src/tune/spaces.ts';
import { type Trial, tune } from '../../src/tune/tune.ts';

const { als, bpr, ease, popularity, vbpr } = MODELS;
const data = await generate({ users: 60, items: 40, interactions: 900, seed: 3 });
const { train, validation } = splitDataset(data, 'per-user:0.8,0.1,0.1', 1);
const settings = (trials: readonly Trial[]) => trials.map(({ seconds: _, ...rest }) => rest);

/** What is wrong with a space: names that are no options, values that an option refuses, conditions that nothing can meet. */
function faults(kind: ModelKind, axes: (typeof SPACES)[string]['axes']): string[] {
  return Object.entries(axes).flatMap(([name, { values, when }]) => {
    const option = kind.options[name];
    if (!option) return [`${kind.name} has no option ${name}`];
    const refused = values.flatMap((value) => {
      try {
        option.check(name, value);
        return [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    const met = when === undefined || axes[when[0]]?.values.includes(when[1]);
    return met ? refused : [...refused, `${name} is never searched`];
  });
}

test('every kind has a space but those without settings; its axes are options, its values what they take', () => {
  for (const kind of Object.values(MODELS) as ModelKind[]) {
    const space = SPACES[kind.name];
    if (Object.keys(kind.options).length === 0) assert.is(space, undefined, kind.name);
    else assert.ok(Object.keys(space.axes).length > 0, `${kind.name} has a space`);
    if (!space) continue;
    assert.equal(faults(kind, space.axes), []);
    if (space.effort) assert.is(kind.options[space.effort.option].kind, 'integer', 'how long a training is');
  }
  assert.equal(
    Object.keys(SPACES).filter((name) => !(name in MODELS)),
    [],
  );
});

test('a space with a wrong name, a wrong value and a condition that nothing meets is seen', () => {
  const wrong = { factors: { values: [0] }, depth: { values: [1] }, alpha: { values: [1], when: ['objective', 'ials'] as const } };
  assert.is(faults(als, wrong).length, 3);
});

test('grids are decimal numbers, both ends in them; what means nothing beside the rest is left out', () => {
  assert.equal(decades(-1, 0), [0.1, 0.18, 0.32, 0.56, 1]);
  const indices = new Map(Object.keys(SPACES.als.axes).map((name) => [name, 0]));
  const ials = pointAt(SPACES.als, indices, {});
  assert.is(ials.objective, 'ials');
  assert.not.ok('alpha' in ials);
  assert.ok('unobservedWeight' in ials);
  const fixed = pointAt(SPACES.als, indices, { objective: 'implicit' });
  assert.ok('alpha' in fixed);
  assert.not.ok('unobservedWeight' in fixed);
});

test('a seed repeats every trial; another seed tries others; the best is what train gives with its options', async () => {
  const options = { models: [als, ease, popularity], trials: 30, threads: 1 };
  const found = await tune(train, validation, options);
  const again = await tune(train, validation, options);
  assert.equal(settings(again.trials), settings(found.trials));
  const other = await tune(train, validation, { ...options, seed: 2 });
  assert.not.equal(settings(other.trials), settings(found.trials));
  assert.is(found.metric, 'ndcg@20');
  assert.is(found.ended, 'trials');
  assert.is(found.trials.length, 33, 'the defaults of three kinds, and thirty more');
  assert.is(found.best, found.bests[0]);
  const defaults = found.trials.filter(({ model }) => model === 'ease')[0];
  assert.equal(defaults.options, {}, 'the defaults are tried first');
  assert.is(defaults.effort, 1);
  for (const { model, value, effort, options: set } of found.bests) {
    assert.is(effort, 1);
    const fitted = await MODELS[model as 'als'].fit(train, set);
    assert.is(evaluate(fitted, train, validation, { k: 20, metrics: ['ndcg'] })['ndcg@20'], value);
    for (const trial of found.trials) {
      if (trial.model === model && trial.effort === 1) assert.ok(value! >= trial.value!, `${model}: no full trial is better than its best`);
    }
  }
});

test('of nine settings a third goes on from a rung to the next, the better ones', async () => {
  const { trials } = await tune(train, validation, { models: [als], trials: 13 });
  assert.equal(
    trials.map(({ effort }) => effort),
    [1, ...new Array(9).fill(1 / 9), ...new Array(3).fill(1 / 3), 1],
  );
  assert.equal([...new Set(trials.map(({ options }) => options.iterations))], [15, 2, 5]);
  const best = trials
    .slice(1, 10)
    .sort((a, b) => b.value! - a.value!)
    .slice(0, 3);
  const names = (list: readonly Trial[]) => list.map(({ options: { iterations: _, ...rest } }) => JSON.stringify(rest)).sort();
  assert.equal(names(trials.slice(10, 13)), names(best));
});

test('what is given is not searched; a given length of training is not stretched', async () => {
  const { trials } = await tune(train, validation, {
    models: [als],
    trials: 20,
    fixed: { als: { objective: 'implicit', factors: 8, iterations: 3 } },
  });
  for (const { options } of trials) {
    assert.is(options.objective, 'implicit');
    assert.is(options.factors, 8);
    assert.ok((options.iterations as number) <= 3);
  }
  assert.ok(trials.some(({ options }) => options.alpha !== undefined));
});

test('a space that ends, ends the search; kinds that cannot use the data are named, and nobody else stops for them', async () => {
  const { trials, ended, refused } = await tune(train, validation, { models: [popularity, vbpr], trials: 9 });
  assert.is(ended, 'space');
  assert.is(trials.length, 1);
  assert.equal(
    refused.map(({ model }) => model),
    ['vbpr'],
  );
  const message = await tune(train, validation, { models: [vbpr] }).catch((error) => error.message);
  assert.match(message, /^no kind could be trained: vbpr: /);
});

test('a training that fails is a trial that failed, and never the best', async () => {
  const { trials, best } = await tune(train, validation, {
    models: [bpr, popularity],
    trials: 4,
    fixed: { bpr: { learningRate: 1e38, epochs: 3, optimizer: 'sgd' } },
  });
  const failed = trials.filter(({ error }) => error !== undefined);
  assert.ok(failed.length > 0, 'the control: such a rate fails');
  for (const { value } of failed) assert.is(value, null);
  assert.is(best.model, 'popularity');
});

test('an abort ends the search with its reason; wrong arguments are refused by name', async () => {
  const reason = new Error('enough');
  const stop = new AbortController();
  const run = tune(train, validation, { models: [ease], signal: stop.signal, onTrial: () => stop.abort(reason) });
  assert.is(await run.catch((error) => error), reason);
  const refused: [object, RegExp][] = [
    [{ models: [] }, /"models" expected a kind at least/],
    [{ models: ['als'] }, /"models" expected kinds of models/],
    [{ models: [als], trials: 0 }, /"trials"/],
    [{ models: [als], metric: 'auc' }, /"metric"/],
    [{ models: [als], fixed: { ease: {} } }, /ease/],
    [{ models: [als], fixed: { als: { depth: 1 } } }, /depth/],
    [{ models: [als], budget: 3 }, /budget/],
  ];
  for (const [options, pattern] of refused) {
    const error = await tune(train, validation, options as never).catch((e) => e);
    assert.match(String(error?.message), pattern);
  }
  const empty = validation.filter(() => false);
  assert.match((await tune(train, empty, { models: [als] }).catch((e) => e)).message, /needs validation interactions/);
  assert.match((await tune(train, train, { models: [als] }).catch((e) => e)).message, /./);
});

test.run();
