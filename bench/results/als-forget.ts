// How far Unlearn-ALS is from gold after 0, 1, 2, 3, 5 and 10 passes and after the local pass, on real data.
// 0 passes is the untouched original: the negative control that a useful figure must tell from gold.

import { STREAM, uniform } from '../../src/base/random.ts';
import {
  type AlsModel,
  type AlsOptions,
  als,
  type ComparedModel,
  type Contender,
  compare,
  type Dataset,
  type ForgetRequest,
  forget,
  gold,
  partitionOf,
  unlearnAls,
} from '../../src/index.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { load } from './data.ts';
import { note, publish, type Table, timed } from './report.ts';

const PASSES = [1, 2, 3, 5, 10];
/** Ranking 41,000 items for all of gowalla's users takes longer than a pass: a third of them says as much. */
const TEST_USERS = 10000;

const SETTINGS: Record<'ml-1m' | 'gowalla', Partial<AlsOptions>> = {
  'ml-1m': { objective: 'ials', factors: 64, unobservedWeight: 0.3, regularization: 0.01, iterations: 15 },
  gowalla: { objective: 'ials', factors: 64, unobservedWeight: 0.01, regularization: 0.005, iterations: 16 },
};

/** Requests drawn by keyed hashing, so that they do not depend on positions. */
function requests(data: Dataset): [string, ForgetRequest][] {
  const drawn = (ids: Iterable<string>, keyAt: (id: string) => number, share: number): string[] =>
    [...ids].filter((id) => keyAt(id) < share);
  const userDraw = (id: string) => uniform(1, STREAM.forgetSample, data.users.key(data.users.indexOf(id)), 0);
  const itemDraw = (id: string) => uniform(1, STREAM.forgetSample, data.items.key(data.items.indexOf(id)), 1);
  const median = [...data.users].sort((a, b) => length(data, a) - length(data, b))[data.users.live >> 1];
  const pairs = (share: number): [string, string][] => {
    const { indptr, indices } = data.userItems;
    const list: [string, string][] = [];
    for (const user of data.users) {
      const u = data.users.indexOf(user);
      for (let e = indptr[u]; e < indptr[u + 1]; e++) {
        const item = data.items.at(indices[e])!;
        if (uniform(1, STREAM.forgetSample, data.users.key(u), 2 + indices[e]) < share) list.push([user, item]);
      }
    }
    return list;
  };
  return [
    ['one user (median history)', { users: [median] }],
    ['1 % of users', { users: drawn(data.users, userDraw, 0.01) }],
    ['1 % of items', { items: drawn(data.items, itemDraw, 0.01) }],
    ['1 % of interactions', { interactions: pairs(0.01) }],
    ['5 % of interactions', { interactions: pairs(0.05) }],
  ];
}

const length = (data: Dataset, user: string): number => data.itemsOf(data.users.indexOf(user)).length;

/** The retain set's objective at a model's factors. */
function objectiveOf(model: AlsModel, retain: Dataset): number {
  const { iterations: _, ...options } = model.options;
  const problem = new LeastSquares(retain, options);
  problem.start(model.userFactors, model.itemFactors);
  problem.clearEmptyRows();
  return problem.objective();
}

export async function forgetting(set: 'ml-1m' | 'gowalla', iterations = SETTINGS[set].iterations!): Promise<void> {
  const started = performance.now();
  const data = await load(set);
  const options = { ...SETTINGS[set], iterations };
  const { result: original, seconds: training } = await timed(() => als.fit(data.train, options));
  note(`${set}: original trained in ${training.toFixed(1)} s`);
  const tables: Table[] = [];
  const verdicts: string[] = [];
  for (const [name, request] of requests(data.train)) {
    const partition = partitionOf(data.train, request);
    const contenders: Contender[] = [{ name: 'original (0 passes)', model: original }];
    const local = await forget(original, data.train, request, {
      method: unlearnAls,
      options: { local: true },
      positions: 'kept',
      digests: false,
    });
    contenders.push({ name: 'local pass', model: local.model, seconds: local.report.seconds });
    for (const passes of PASSES) {
      const { model, report } = await forget(original, data.train, request, {
        method: unlearnAls,
        options: { passes },
        positions: 'kept',
        digests: false,
      });
      contenders.push({ name: `${passes} pass${passes > 1 ? 'es' : ''}`, model, seconds: report.seconds });
    }
    const golden = await timed(() => gold(original, partition));
    const floor = await timed(() => gold(original, partition, { seed: 2 }));
    contenders.push(
      { name: 'gold', model: golden.result, seconds: golden.seconds },
      { name: 'gold, other seed (floor)', model: floor.result, seconds: floor.seconds },
    );
    const rows = compare(contenders, partition, {
      test: data.test,
      testUsers: TEST_USERS,
      mask: set === 'gowalla' ? [] : [data.validation],
      gold: golden.result,
    });
    const goldObjective = objectiveOf(golden.result as AlsModel, partition.retain);
    tables.push({
      caption:
        `${set}, ${name}: ${partition.users.length} users, ${partition.items.length} items, ` + `${partition.entries.length} interactions`,
      columns: [
        'model',
        'objective above gold',
        'forgotten score',
        'forgetRecall@20',
        'recall@20',
        'overlap@20',
        'score distance',
        'seconds',
        'time / gold',
      ],
      rows: rows.map((row, i) => [
        row.name,
        `${((objectiveOf(contenders[i].model as AlsModel, partition.retain) / goldObjective - 1) * 100).toFixed(3)} %`,
        row.forgetScore,
        row['forgetRecall@20'],
        row['recall@20'],
        row['overlap@20'],
        row.scoreDistance,
        row.seconds,
        row.seconds === null ? null : row.seconds / golden.seconds,
      ]),
    });
    verdicts.push(verdict(name, tables.at(-1)!, rows));
    note(`${set}: ${name} done; ${verdicts.at(-1)}`);
  }
  publish(
    `b-forget-${set}-${String(iterations).padStart(4, '0')}`,
    {
      title: `Unlearn-ALS on ${set}, ${iterations} sweeps`,
      command: `npm run results -- forget-${set}${iterations === SETTINGS[set].iterations ? '' : '-early'}`,
      text: [
        `64 factors, ${options.objective}, α₀ ${options.unobservedWeight}, λ ${options.regularization}, ${iterations} sweeps ` +
          `(${training.toFixed(1)} s). ` +
          `Recall is over at most ${TEST_USERS} users, evenly spread. Overlap and score distance are to gold; the last row, a gold of ` +
          'another seed, is the noise floor.',
        `Aims, within 3 passes: objective at most 0.1 % above gold's, forgotten cells within 2 % of gold's score, recall at least 99 ` +
          `% of gold's, overlap above the floor's.`,
        verdicts.map((v) => `- ${v}`).join('\n'),
      ],
      tables,
    },
    (performance.now() - started) / 1000,
  );
}

/** The aim of at most three passes, line by line, with the figures. */
function verdict(name: string, table: Table, rows: readonly ComparedModel[]): string {
  const three = rows.findIndex((row) => row.name === '3 passes');
  const row = rows[three];
  const gold = rows[rows.length - 2];
  const floor = rows[rows.length - 1];
  const gap = String(table.rows[three][1]);
  const figure = (of: ComparedModel, key: 'forgetScore' | 'recall@20' | 'overlap@20'): number => of[key]!;
  const forgotten = figure(row, 'forgetScore');
  const wanted = figure(gold, 'forgetScore');
  const recall = figure(row, 'recall@20') / figure(gold, 'recall@20');
  const parts: [string, boolean][] = [
    [`objective ${gap}`, parseFloat(gap) <= 0.1],
    [
      `forgotten score ${forgotten.toFixed(4)} against ${wanted.toFixed(4)}`,
      Math.abs(forgotten - wanted) <= 0.02 * Math.abs(wanted) + 1e-9,
    ],
    [`recall ${(recall * 100).toFixed(1)} % of gold's`, recall >= 0.99],
    [
      `overlap ${figure(row, 'overlap@20').toFixed(3)}, floor ${figure(floor, 'overlap@20').toFixed(3)}`,
      figure(row, 'overlap@20') > figure(floor, 'overlap@20'),
    ],
  ];
  return `${name}: ${parts.map(([text, met]) => `${text} (${met ? 'met' : 'missed'})`).join('; ')}.`;
}
