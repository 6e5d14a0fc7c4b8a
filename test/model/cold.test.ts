// People of whom a model knows nothing, and items of equal score: neither their names nor chance enter a metric.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  als,
  bpr,
  type Dataset,
  DatasetBuilder,
  ease,
  evaluate,
  itemKnn,
  METRICS,
  type Model,
  popularity,
  recommend,
} from '../../src/index.ts';

const test = suite('cold users and ties');
const close = (found: number, expected: number, what = '') =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${what}: ${found} is not ${expected}`);

/** Data of some rows; `all` names every user and item there is, so that parts share their tables. */
function dataOf(
  rows: readonly (readonly [string, string, number?])[],
  all: readonly (readonly [string, string, number?])[] = rows,
): Dataset {
  const builder = new DatasetBuilder();
  for (const [user, item] of all) {
    builder.addUser(user);
    builder.addItem(item);
  }
  for (const [user, item, value] of rows) builder.add(user, item, value);
  return builder.build();
}

const OPTIONS: Readonly<Record<string, object>> = { als: { factors: 2, iterations: 2 }, bpr: { factors: 4, epochs: 1 } };
const TRAIN = ['1a', '1b', '2a', '2c', '3b', '3c', '3d', '4a'].map((pair) => [...pair] as [string, string]);
const HELD = ['1c', '1d', '2b', '4d', '9a', '9d'].map((pair) => [...pair] as [string, string]);
const ALL = [...TRAIN, ...HELD, ['8', 'e'] as [string, string]];

function parts(rename: (item: string) => string = (item) => item): { train: Dataset; held: Dataset } {
  const named = (rows: readonly [string, string][]) => rows.map(([user, item]) => [user, rename(item)] as [string, string]);
  return { train: dataOf(named(TRAIN), named(ALL)), held: dataOf(named(HELD), named(ALL)) };
}

test('somebody without training rows is served the most popular items, and it is said', async () => {
  const { train } = parts();
  for (const kind of [als, bpr, ease, itemKnn, popularity]) {
    const model: Model = await kind.fit(train, OPTIONS[kind.name] ?? {});
    const { name } = kind;
    const list = recommend(model, '9', { k: 3, data: train });
    assert.equal(
      list.map(({ item, score, cold }) => [item, score, cold]),
      [
        ['a', 3, true],
        ['b', 2, true],
        ['c', 2, true],
      ],
      name,
    );
    assert.equal(recommend(model, '9', { k: 3, data: train, onCold: 'empty' }), [], name);
    assert.throws(() => recommend(model, '9', { k: 3, data: train, onCold: 'refuse' }), /user "9" has no training rows/, name);
    assert.throws(
      () => recommend(model, '9', { k: 3, data: train, onCold: 'random' as never }),
      /"onCold" expected one of popular, refuse, empty/,
    );
    assert.is(recommend(model, '1', { k: 1, data: train })[0].cold, undefined, `${name}: who has rows is not cold`);
    assert.equal(
      recommend(model, ['1', '9'], { k: 2, data: train, exclude: ['a'] }).map((each) => each.map(({ item }) => item).includes('a')),
      [false, false],
    );
  }
  const model = await als.fit(train, { factors: 2, iterations: 2 });
  assert.throws(() => recommend(model, '9', { k: 3 }), /user "9" has no training rows.*give the training data/);
  assert.is(recommend(model, '1', { k: 3 }).length, 3);
});

test('metrics are those of people with training rows; the others stand apart, with their number', async () => {
  const { train, held } = parts();
  const model = await als.fit(train, { factors: 2, iterations: 2 });
  const report = evaluate(model, train, held, { k: 2 });
  assert.equal([report.users, report.coldUsers], [3, 1]);
  const warm = evaluate(
    model,
    train,
    held.filter((_, user) => held.users.at(user) !== '9'),
    { k: 2 },
  );
  assert.is(report['recall@2'], warm['recall@2']);
  assert.equal([warm.coldUsers, warm.cold], [0, null]);
  // Of a (3), b and c (2), the second place is b's or c's: a is found, d is not.
  close(report.cold!['recall@2'], 1 / 2);
  close(report.cold!['mrr@2'], 1);
  const cold = held.filter((_, user) => held.users.at(user) === '9');
  assert.throws(() => evaluate(model, train, cold), /1 users without training rows alone have held-out interactions to evaluate on/);
});

test('renaming items changes no metric', async () => {
  const models = async (train: Dataset): Promise<Model[]> => [await popularity.fit(train), await itemKnn.fit(train), await ease.fit(train)];
  const figures: string[][] = [];
  for (const rename of [
    (item: string) => item,
    (item: string) => 'edcba'['abcde'.indexOf(item)],
    (item: string) => 'cadeb'['abcde'.indexOf(item)],
  ]) {
    const { train, held } = parts(rename);
    const made = await models(train);
    figures.push(
      made.map((model) =>
        JSON.stringify(evaluate(model, train, held, { k: [1, 2, 3, 5] }), (_, value) =>
          typeof value === 'number' ? value.toFixed(10) : value,
        ),
      ),
    );
    // The control: lists themselves do follow the order of names.
    if (figures.length === 1) continue;
    assert.equal(figures.at(-1)!.slice(0, 2), figures[0].slice(0, 2));
  }
  const [first, second] = await Promise.all(
    [(item: string) => item, (item: string) => 'edcba'['abcde'.indexOf(item)]].map(async (rename) => {
      const { train } = parts(rename);
      return recommend(await popularity.fit(train), '3', { k: 5, data: train, includeSeen: true }).map(({ item }) => rename(item));
    }),
  );
  assert.not.equal(first, second);
});

test('a tie is worth the mean over all its orders', () => {
  const orders = (items: readonly number[]): number[][] =>
    items.length < 2 ? [[...items]] : items.flatMap((item, n) => orders(items.toSpliced(n, 1)).map((rest) => [item, ...rest]));
  for (const [before, tied, after] of [
    [[], [1, 0], []],
    [
      [1, 0],
      [1, 1, 0, 0],
      [0, 1],
    ],
    [[0], [0, 1, 0, 0, 0], []],
    [[1], [1, 1, 1, 0], [1]],
  ]) {
    const positives = [...before, ...tied, ...after].reduce((a, b) => a + b, 0);
    const share = tied.reduce((a, b) => a + b, 0) / tied.length;
    const ties = [{ start: before.length, size: tied.length, positives: share * tied.length }];
    for (let k = 1; k <= before.length + tied.length + after.length; k++) {
      const hits = Float64Array.from([...before, ...tied.map(() => share), ...after]).slice(0, k);
      for (const [name, metric] of Object.entries(METRICS)) {
        const each = orders(tied).map((order) =>
          metric({ hits: Uint8Array.from([...before, ...order, ...after]).slice(0, k), k, positives }),
        );
        close(
          metric({ hits, k, positives, ties }),
          each.reduce((a, b) => a + b, 0) / each.length,
          `${name}@${k} of ${before}|${tied}|${after}`,
        );
      }
    }
  }
});

test('explicit models have RMSE and MAE beside the ranking metrics, others null', async () => {
  const train = dataOf([
    ['u', 'a', 5],
    ['u', 'b', 1],
    ['v', 'a', 4],
    ['v', 'c', 2],
    ['w', 'b', 2],
    ['w', 'c', 3],
  ]);
  const held = dataOf(
    [
      ['u', 'c', -2],
      ['v', 'b', 3],
    ],
    [
      ['u', 'a'],
      ['v', 'b'],
      ['w', 'c'],
    ],
  );
  const model = await als.fit(train, { objective: 'explicit', factors: 2, iterations: 5 });
  const [first, second] = model.scorePairs(Int32Array.of(0, 1), Int32Array.of(2, 1));
  const report = evaluate(model, train, held, { k: 1 });
  close(report.rmse!, Math.sqrt(((first + 2) ** 2 + (second - 3) ** 2) / 2));
  close(report.mae!, (Math.abs(first + 2) + Math.abs(second - 3)) / 2);
  assert.is(report.users, 1, 'whose held-out row is no like is in no ranking');
  const implicit = evaluate(await als.fit(train, { factors: 2, iterations: 1 }), train, held, { k: 1 });
  assert.equal([implicit.rmse, implicit.mae], [null, null]);
});

test('arguments that are swapped, rows that were trained on, options that are not known', async () => {
  const { train, held } = parts();
  const model = await popularity.fit(train);
  assert.throws(() => evaluate(model, held, train), /the positives are the rows that the model was trained on/);
  assert.throws(
    () => evaluate(train as never, model as never, held),
    /"model" expected a model, as from fit or deserialize, got an object \(Dataset\)/,
  );
  assert.throws(() => evaluate(model, undefined as never, held), /"seen" expected a Dataset, .*, got undefined/);
  const mixed = dataOf([...HELD, ['1', 'a'], ['3', 'b']], ALL);
  assert.throws(
    () => evaluate(model, train, mixed),
    /expected held-out rows that are no training rows, found 2 that are both, such as user "1" and item "a"/,
  );
  const stopped = await bpr.fit(train, { factors: 4, epochs: 1 }, { validation: train }).then(
    () => undefined,
    (error: Error) => error,
  );
  assert.match(stopped!.message, /expected held-out rows that are no training rows, found 8 that are both/, 'to stop training by, too');
  await bpr.fit(train, { factors: 4, epochs: 1 }, { validation: held });
  assert.throws(() => evaluate(model, train, held, { K: 5 } as never), /evaluate knows no option "K"/);
  assert.throws(() => evaluate(model, train, held, { users: ['99'] }), /user "99" is not in the model/);
  assert.throws(() => evaluate(model, train, held, { metrics: ['auc' as never] }), /"metrics" expected one of recall/);
  assert.throws(() => evaluate(model, train, held, { candidates: ['z'] }), /item "z" is not in the model/);
  assert.throws(() => evaluate(model, train, held, { k: [] }), /"k" expected a cutoff/);
});

test.run();
