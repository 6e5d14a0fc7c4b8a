// Whether a default of unlearn-als ever ends farther from gold than the original was: data sets x objectives x states of
// training x sizes of request. Beside it the original, plain passes (how the default was before: the control that this
// grid can find a rule wrong), the local pass, and a gold of another seed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { STREAM, uniform } from '../../src/base/random.ts';
import { splitDataset } from '../../src/data/split.ts';
import { readDatasetFile } from '../../src/files/node-files.ts';
import {
  type AlsModel,
  type AlsOptions,
  als,
  type Dataset,
  type ForgetRequest,
  forget,
  gold,
  type Model,
  type Partition,
  partitionOf,
  unlearnAls,
} from '../../src/index.ts';
import { ScoreSpace } from '../../src/judge/influence.ts';
import { cachePath } from './cache.ts';
import { FOLDER } from './data.ts';
import { type Cell, note, publish, published, type Table } from './report.ts';

const SECTION = 'b-unlearn-als-default';
const FACTORS = 16;
/** Whole users are drawn until about so many interactions are there: what is compared is distances, not quality. */
const INTERACTIONS = 20_000;

const FILES = {
  'ml-100k': 'ml-100k/u.data',
  'ml-latest-small': 'ml-latest-small/ratings.csv',
  lfm2k: 'lfm2k/lfm2k.inter',
  tiktok: 'tiktok/tiktok.inter',
  baby: 'baby/baby.inter',
  electronics: 'electronics',
  'ml-1m': 'ml-1m/ratings.csv',
} as const;
export type GridSet = keyof typeof FILES;
export const GRID_SETS = Object.keys(FILES) as GridSet[];
const OBJECTIVES: Readonly<Record<string, Partial<AlsOptions>>> = {
  implicit: { objective: 'implicit', alpha: 1, regularization: 10 },
  ials: { objective: 'ials', unobservedWeight: 0.01, regularization: 0.01 },
  explicit: { objective: 'explicit', regularization: 0.2 },
};
const TRAINING: Readonly<Record<string, Partial<AlsOptions>>> = {
  '3 sweeps': { iterations: 3 },
  '5 sweeps': { iterations: 5 },
  '15 sweeps': { iterations: 15 },
  converged: { iterations: 15, tolerance: 1e-4 },
};
const COLUMNS = [
  'objective',
  'training',
  'request',
  'removed',
  'original',
  'default',
  'passes alone',
  'local',
  'floor',
  'default / original',
  'way',
  'retrain due',
];
const [ORIGINAL, DEFAULT, ALONE, LOCAL] = [4, 5, 6, 7];
const RATIO = 9;
const TRAINED = 1;
/** Float32 factors hold scores to about this: nearer to gold than so, two models are one. */
const RESOLUTION = 1e-6;

async function load(set: GridSet): Promise<Dataset> {
  const data = await readDatasetFile(`${FOLDER}/${FILES[set]}`);
  const given = set === 'electronics';
  const { train } = splitDataset(data, given ? 'given' : 'per-user:0.9,0,0.1', 1);
  const share = INTERACTIONS / train.interactions;
  return train.filter((_, user) => uniform(3, STREAM.forgetSample, train.users.key(user), 9) < share);
}

/** Requests drawn by keyed hashing; a third of the interactions is that of the most active users. */
function requests(data: Dataset): [string, ForgetRequest][] {
  const length = (user: string): number => data.itemsOf(data.users.indexOf(user)).length;
  const counts = data.itemCounts();
  const userDraw = (id: string): number => uniform(1, STREAM.forgetSample, data.users.key(data.users.indexOf(id)), 0);
  const itemDraw = (id: string): number => uniform(1, STREAM.forgetSample, data.items.key(data.items.indexOf(id)), 1);
  const users = [...data.users].filter((id) => length(id) > 0).sort((a, b) => userDraw(a) - userDraw(b));
  const items = [...data.items].filter((id) => counts[data.items.indexOf(id)] > 2).sort((a, b) => itemDraw(a) - itemDraw(b));
  return [
    ['1 user', { users: users.slice(0, 1) }],
    ['3 users', { users: users.slice(1, 4) }],
    ['1 item', { items: items.slice(0, 1) }],
    ['2 items', { items: items.slice(1, 3) }],
    ['1 % of cells', { interactions: drawnCells(data, 0.01) }],
    [
      'a third',
      {
        users: mostActive(
          data,
          users.sort((a, b) => length(b) - length(a)),
        ),
      },
    ],
  ];
}

function drawnCells(data: Dataset, share: number): [string, string][] {
  const cells: [string, string][] = [];
  for (const user of data.users) {
    const u = data.users.indexOf(user);
    for (const i of data.itemsOf(u)) {
      if (uniform(1, STREAM.forgetSample, data.users.key(u), 2 + i) < share) cells.push([user, data.items.at(i)!]);
    }
  }
  return cells;
}

/** The first of the given users who together have a third of the interactions. */
function mostActive(data: Dataset, users: readonly string[]): string[] {
  let total = 0;
  const chosen: string[] = [];
  for (const user of users) {
    if (total * 3 >= data.interactions) break;
    chosen.push(user);
    total += data.itemsOf(data.users.indexOf(user)).length;
  }
  return chosen;
}

/** One line of the grid. */
async function measure(original: AlsModel, partition: Partition, request: ForgetRequest): Promise<Cell[]> {
  const { data } = partition;
  const judge = await gold(original, partition);
  const space = new ScoreSpace(partition.retain);
  const norm = Math.sqrt(space.product(judge, judge));
  const distance = (model: Model): number => (norm > 0 ? space.distance(model, judge) / norm : 0);
  const unlearned = (options: object) => forget(original, data, request, { method: unlearnAls, options, digests: false });
  const byDefault = await unlearned({});
  const { decrease } = original.record;
  const alone = await unlearned({ passes: typeof decrease === 'number' && decrease > 1e-3 ? 1 : 3 });
  const local = await unlearned({ local: true });
  const floor = distance(await gold(original, partition, { seed: 2 }));
  const before = distance(original);
  const after = distance(byDefault.model);
  const removed = `${((100 * partition.entries.length) / data.interactions).toFixed(2)} %`;
  const { way, passes: made, retrainDue } = byDefault.report;
  return [
    removed,
    before,
    after,
    distance(alone.model),
    distance(local.model),
    floor,
    before > 0 ? after / before : 0,
    way === 'retrain' ? 'retrain' : `${way} (${made})`,
    retrainDue ? 'yes' : 'no',
  ];
}

/** A model's lines; kept, so that an interrupted run goes on. */
async function group(set: GridSet, data: Dataset, objective: string, training: string, again: boolean): Promise<Cell[][]> {
  const options = { factors: FACTORS, ...OBJECTIVES[objective], ...TRAINING[training] };
  const path = `${await cachePath('unlearn-als', [set, options, INTERACTIONS])}.json`;
  if (!again && existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  const original = await als.fit(data, options);
  const rows: Cell[][] = [];
  for (const [name, request] of requests(data)) {
    rows.push([objective, training, name, ...(await measure(original, partitionOf(data, request), request))]);
  }
  writeFileSync(path, JSON.stringify(rows));
  return rows;
}

/** Measures one data set's part of the grid and puts it beside what is published of the others. */
export async function defaults(set: GridSet, again: boolean): Promise<void> {
  const started = performance.now();
  const data = await load(set);
  const rows: Cell[][] = [];
  for (const objective of Object.keys(OBJECTIVES)) {
    for (const training of Object.keys(TRAINING)) {
      rows.push(...(await group(set, data, objective, training, again)));
      note(
        `${set}: ${objective}, ${training}: worst default / original ` +
          `${Math.max(...rows.slice(-6).map((row) => row[RATIO] as number)).toFixed(3)}`,
      );
    }
  }
  const stored = published(SECTION);
  const table = { caption: `${set}: ${data.interactions} interactions`, columns: COLUMNS, rows };
  const order = ({ caption }: Table): number => GRID_SETS.indexOf(caption?.split(':')[0] as GridSet);
  const grid = [...(stored?.tables.slice(1) ?? []).filter((other) => order(other) !== GRID_SETS.indexOf(set)), table].sort(
    (a, b) => order(a) - order(b),
  );
  publishGrid(grid, (stored?.measured.seconds ?? 0) + (performance.now() - started) / 1000);
}

/** The tables of all sets, with what they come to. */
export function publishGrid(grid: readonly Table[], seconds: number): void {
  const section = { title: 'The default of unlearn-als', command: 'npm run results -- unlearn-als', text: text(grid) };
  publish(SECTION, { ...section, tables: [summary(grid), ...grid] }, seconds);
}

/** A distance over the original's; 1 where they differ by rounding only. */
function ratio(row: readonly Cell[], column: number): number {
  const [of, to] = [row[column] as number, row[ORIGINAL] as number];
  return Math.abs(of - to) <= RESOLUTION ? 1 : of / to;
}

/** By state of training and request: the worst over sets and objectives. */
function summary(grid: readonly Table[]): Table {
  const all = grid.flatMap(({ rows }) => rows);
  const lines: Cell[][] = [];
  for (const training of Object.keys(TRAINING)) {
    for (const request of [...new Set(all.map((row) => row[2]))]) {
      const rows = all.filter((row) => row[TRAINED] === training && row[2] === request);
      const ratios = (column: number): number[] => rows.map((row) => ratio(row, column)).sort((a, b) => a - b);
      const byDefault = ratios(DEFAULT);
      const worst = (column: number): number => ratios(column).at(-1)!;
      lines.push([
        training,
        request,
        rows.length,
        byDefault[byDefault.length >> 1],
        worst(DEFAULT),
        worst(ALONE),
        worst(LOCAL),
        rows.filter((row) => (row[DEFAULT] as number) > (row[8] as number)).length,
      ]);
    }
  }
  return {
    caption: 'Distance to gold over that of the original: below 1 is nearer than doing nothing',
    columns: [
      'training',
      'request',
      'cells',
      'default: median',
      'default: worst',
      'passes alone: worst',
      'local: worst',
      'default above the floor: cells',
    ],
    rows: lines,
  };
}

function text(grid: readonly Table[]): string[] {
  const all = grid.flatMap(({ rows }) => rows);
  const farther = (column: number): number => all.filter((row) => (row[column] as number) > (row[ORIGINAL] as number) + RESOLUTION).length;
  return [
    `Relative Frobenius distance of all scores of those who remain to gold's (same seed, same training), ${FACTORS} factors, about ` +
      `${INTERACTIONS} interactions of whole users ` +
      'drawn by keyed hashing, with the values of the files; training stopped early (3 and 5 sweeps), as usual (15), and converged ' +
      '(relative gradient 1e-4). "Passes alone" is the default before: 3 plain passes, 1 where the last sweep lowered the objective ' +
      'by more than 0.1 %. ' +
      `The floor is a gold of another seed. Differences below ${RESOLUTION} are float32 rounding and count as none; "explicit" on ` +
      'sets whose values are all 1 has no others.',
    'The rule was read off ml-100k, ml-latest-small and generated data; that one pass is made and not two where training had not ' +
      'converged, off baby at α₀ 0.1 as well. ' +
      'That models which had converged take the change as well, off lfm2k. tiktok, electronics and ml-1m had no part in it: they ' +
      'confirm. ' +
      "The grid's settings were changed after a first look: ials at α₀ 0.01 for 0.1, explicit at λ 0.2 for 0.05, and gowalla left out. " +
      "Known exceptions, off this grid: on gowalla at α₀ 0.1, where regularization leaves next to nothing of the model, one item's " +
      'removal ends up to 0.8 % farther than the original; and where gold ends in another stationary point (ml-100k, explicit, λ ' +
      '0.05), no way is nearer than rounding.',
    `Farther from gold than the original was: the default in ${farther(DEFAULT)} of ${all.length} cells, passes alone in ` +
      `${farther(ALONE)}, the local pass in ${farther(LOCAL)}.`,
  ];
}
