// npm run results -- judge[-SET[-KIND[-REQUEST]]]: every method that can work on a kind of model, judged by what is left of the
// forgotten, beside the original (the negative control, which must fail), gold and the floor. Rows are stored one by one and
// models are cached, so that a run that was ended goes on where it was.

import { STREAM, uniform } from '../../src/base/random.ts';
import { splitDataset } from '../../src/data/split.ts';
import { readDatasetFile } from '../../src/files/node-files.ts';
import {
  compatible,
  type Dataset,
  type Figure,
  type ForgetRequest,
  forget,
  Judge,
  type Judgement,
  MODELS,
  type Model,
  type ModelKind,
  type ModelName,
  type Partition,
  partitionOf,
  type Split,
  UNLEARNERS,
  type Unlearner,
} from '../../src/index.ts';
import { evaluateAt } from '../../src/model/evaluate.ts';
import { FOLDER } from './data.ts';
import { cpuSeconds, fitted, mean, type Trained } from './judged.ts';
import { type Cell, note, publish, published, publishedRow, publishRow } from './report.ts';

/** Where the sets lie, and how they are split; whole users and items are held out of each. */
const SETS = {
  'ml-100k': { file: 'ml-100k/u.data', rule: 'per-user:0.8,0.1,0.1' },
  'ml-1m': { file: 'ml-1m/ratings.csv', rule: 'per-user:0.8,0.1,0.1' },
  lfm2k: { file: 'lfm2k', rule: 'given' },
} as const;
type SetName = keyof typeof SETS;
const UNSEEN = { unseenUsers: 0.08, unseenItems: 0.05 };

const REQUESTS = ['1 user', '1% users', '5% users', '1% items', '1% cells', 'modality'] as const;
type Request = (typeof REQUESTS)[number];
/** Kinds that read features. */
const MODAL: readonly ModelName[] = ['vbpr', 'freedom', 'bm3', 'mgcn', 'cm3', 'lirdrec', 'slmrec', 'lattice'];

/** How a kind is trained and judged. */
interface Setting {
  readonly options: object;
  /** Seeds of originals and of golds: five where golds differ by chance, the fewest that a deviation takes where a fit is costly. */
  readonly originals: number;
  readonly golds: number;
  readonly sets?: readonly SetName[];
  /** The requests that are worth their time; default all that fit. */
  readonly requests?: readonly Request[];
}

/** The fewest that `Judge` has figures from. */
const FEWEST = { originals: 2, golds: 3 } as const;
/** Costly networks: large batches, and the epochs that validation chose on `lfm2k`. */
const costly = (epochs: number, more: object = {}): Setting => ({
  options: { batchSize: 4096, learningRate: 0.005, epochs, ...more },
  ...FEWEST,
  sets: ['lfm2k'],
  requests: ['5% users', 'modality'],
});
const KINDS: Readonly<Partial<Record<ModelName, Setting>>> = {
  bpr: { options: { optimizer: 'sgd-pairs', learningRate: 0.05, regularization: 0.01, epochs: 63 }, originals: 5, golds: 5 },
  als: {
    options: { objective: 'ials', factors: 32, unobservedWeight: 0.3, regularization: 0.015, iterations: 15 },
    originals: 3,
    golds: 3,
  },
  ease: { options: {}, originals: 1, golds: 1 },
  'item-knn': { options: {}, originals: 1, golds: 1 },
  popularity: { options: {}, originals: 1, golds: 1 },
  lightgcn: {
    options: { layers: 2, regularization: 0, learningRate: 0.005, epochs: 78 },
    ...FEWEST,
    sets: ['lfm2k', 'ml-100k'],
    requests: ['1% users', '5% users', '1% items', '1% cells'],
  },
  vbpr: { options: { epochs: 60 }, originals: 2, golds: 4, sets: ['lfm2k'] },
  freedom: costly(60),
  bm3: costly(60, { contrast: 0.2 }),
  mgcn: costly(66, { contrast: 0.01 }),
  cm3: costly(67, { batchSize: 8192, learningRate: 0.01, uniformity: 0.9 }),
  lirdrec: costly(69, { batchSize: 8192, learningRate: 0.01, layers: 3 }),
  slmrec: costly(34, { contrast: 0.01, weightDecay: 0.001 }),
  lattice: costly(110, { learned: 0.1 }),
};

/** Training anew is gold itself. */
const left = (method: Unlearner): boolean => method.name === 'retrain';

const COLUMNS = [
  'model',
  'deleted',
  'by',
  'recall@20',
  'of gold',
  'influence left',
  'z',
  'members left',
  'z',
  'AUC',
  'gold',
  'TPR at 1 %',
  'support',
  'gold',
  'time / gold',
  'says',
  'judged',
] as const;

/** Requests drawn by key among those who have a history to speak of. */
function requestOf(data: Dataset, what: Request): ForgetRequest {
  const counts = { users: Array.from({ length: data.users.size }, (_, u) => data.itemsOf(u).length), items: [...data.itemCounts()] };
  const known = (side: 'users' | 'items'): number[] => [...counts[side].keys()].filter((p) => counts[side][p] >= 5);
  const drawn = (side: 'users' | 'items', share: number): string[] =>
    known(side)
      .filter((p) => uniform(1, STREAM.forgetSample, data[side].key(p), side === 'users' ? 0 : 1) < share)
      .map((p) => data[side].at(p)!);
  switch (what) {
    case '1 user': {
      const average = mean(known('users').map((u) => counts.users[u]));
      const distance = (u: number): number => Math.abs(counts.users[u] - average);
      return { users: [data.users.at(known('users').reduce((best, u) => (distance(u) < distance(best) ? u : best)))!] };
    }
    case '1% users':
      return { users: drawn('users', 0.01) };
    case '5% users':
      return { users: drawn('users', 0.05) };
    case '1% items':
      return { items: drawn('items', 0.01) };
    case '1% cells':
      return { interactions: cells(data, 0.01) };
    case 'modality': {
      const [name] = [...data.features.keys()];
      return { modality: { name, items: drawn('items', 0.1) } };
    }
  }
}

function cells(data: Dataset, share: number): [string, string][] {
  const list: [string, string][] = [];
  for (const user of data.users) {
    const u = data.users.indexOf(user);
    for (const i of data.itemsOf(u))
      if (uniform(1, STREAM.forgetSample, data.users.key(u), 2 + i) < share) list.push([user, data.items.at(i)!]);
  }
  return list;
}

/** Loaded when a part asks for it; one set at a time is looked at. */
let loaded: { readonly name: SetName; readonly split: Split } | undefined;
async function load(name: SetName): Promise<Split> {
  if (loaded?.name === name) return loaded.split;
  const { file, rule } = SETS[name];
  const split = splitDataset(await readDatasetFile(`${FOLDER}/${file}`), rule, 1, UNSEEN);
  loaded = { name, split };
  return split;
}

async function judged(set: SetName, name: ModelName, what: Request, again: boolean): Promise<void> {
  const kind: ModelKind = MODELS[name];
  const methods = (Object.values(UNLEARNERS) as readonly Unlearner[]).filter(
    (method) => compatible(kind, method) && !left(method) && method.forgets !== false,
  );
  const draws = 'seed' in kind.options;
  const { options, ...many } = KINDS[name]!;
  const several = draws && many.golds > 1;
  const names = ['original', 'gold', ...(several ? ['floor'] : []), ...methods.map((method) => method.name)];
  const missing = names.filter((by) => again || !publishedRow(`judge ${set}`, [name, what, by]));
  if (missing.length === 0) return;
  const split = await load(set);
  const request = requestOf(split.train, what);
  const partition = partitionOf(split.train, request);
  const nothing = { train: split.train, validation: split.validation.filter(() => false) };
  const fits = async (train: Dataset, seeds: number): Promise<Trained[]> => {
    const runs: Trained[] = [];
    for (let seed = 1; seed <= (draws ? seeds : 1); seed++)
      runs.push(await fitted(kind, { ...nothing, train }, { ...options, ...(draws && { seed }) }));
    return runs;
  };
  const originals = await fits(split.train, many.originals);
  const golds = await fits(partition.retain, many.golds);
  const models = (runs: readonly Trained[]): Model[] => runs.map(({ model }) => model);
  const judge = new Judge(partition, {
    originals: models(originals),
    golds: models(golds),
    unseen: split.unseen,
    heldOut: [split.validation, split.test],
  });
  const recall = recallOf(partition, split);
  const floor = mean(golds.map(({ model }) => recall(model)));
  const put = (by: string, model: Model, seconds: number | null, says: string): void => {
    const started = cpuSeconds();
    const judgement = judge.of(model);
    const row = [name, what, by, ...figures(judgement, recall(model), floor), seconds, says];
    const words = wordsOf(by, kind, judgement, recall(model) / floor);
    publishRow(`judge ${set}`, section(set, [name, what]), [...row, words], cpuSeconds() - started, 3);
    note(`${set} ${name} ${what} ${by}: ${words}`);
  };
  for (const by of missing) {
    if (by === 'original') put(by, originals[0].model, null, '');
    else if (by === 'gold') put(by, golds[0].model, 1, '');
    else if (by === 'floor') put(by, golds[1].model, 1, '');
    else {
      const before = cpuSeconds();
      const method = methods.find((other) => other.name === by)!;
      const { model, report } = await forget(originals[0].model, split.train, request, {
        method,
        validation: split.validation,
        positions: 'kept',
        digests: false,
      });
      put(by, model, (cpuSeconds() - before) / golds[0].seconds, `${report.status ?? report.exactness}`);
    }
  }
}

function recallOf(partition: Partition, { validation, test }: Split): (model: Model) => number {
  const candidates = Uint8Array.from(partition.retain.itemCounts(), (n) => (n > 0 ? 1 : 0));
  const users = Array.from({ length: partition.retain.users.size }, (_, u) => u).filter((u) => partition.retain.itemsOf(u).length > 0);
  const measured = new WeakMap<Model, number>();
  return (model) => {
    if (!measured.has(model))
      measured.set(
        model,
        evaluateAt(model, partition.retain, test, { mask: [validation], candidates, users, metrics: ['recall'] })['recall@20'],
      );
    return measured.get(model)!;
  };
}

const unless = (power: boolean | undefined, value: number | null | undefined): Cell => (power === false ? 'no power' : (value ?? null));

function figures({ influence, membership: [first] }: Judgement, recall: number, floor: number): Cell[] {
  const beside = first && first.strangers > 0;
  const figure = (of: Figure | null | undefined): Cell => unless(of?.power, of?.value);
  return [
    recall,
    recall / floor,
    unless(influence.power || !influence.measured, influence.left),
    influence.z,
    beside ? unless(first.set.power, first.set.left) : null,
    beside ? first.set.z : null,
    beside ? figure(first.auc) : null,
    beside ? first.auc.gold : null,
    beside ? unless(first.auc.power, first['tpr@0.01']) : null,
    figure(first?.support),
    first?.support?.gold ?? null,
  ];
}

/** Each figure that has power, and whether it is met. */
function powered({ influence, membership }: Judgement): [name: string, met: boolean][] {
  const all: [string, boolean | null][] = [
    ['influence', influence.met],
    ...membership.flatMap(({ of, set, auc, support }): [string, boolean | null][] => [
      [`${of} as a set`, set.met],
      [`${of} one by one`, auc.met],
      [`support of ${of}`, support?.met ?? null],
    ]),
  ];
  return all.filter((one): one is [string, boolean] => one[1] !== null);
}

function wordsOf(by: string, kind: ModelKind, judgement: Judgement, ofGold: number): string {
  if (by === 'original') return controlWords(judgement);
  // Where gold of the same seed is the measure, one of another seed only shows how far two retrains lie apart.
  if (by === 'floor' && !kind.capabilities.includes('gradient')) return 'another seed: not judged';
  return verdictWords(judgement, ofGold);
}

const LEAST_RECALL = 0.98;
function verdictWords(judgement: Judgement, ofGold: number): string {
  const figuresThere = powered(judgement);
  const misses = [...figuresThere.filter(([, met]) => !met).map(([name]) => name), ...(ofGold < LEAST_RECALL ? ['recall'] : [])];
  if (misses.length > 0) return `missed: ${misses.join(', ')}`;
  return figuresThere.length === 0 ? 'no power' : 'met';
}

/** The negative control must fail whatever has power. */
function controlWords(judgement: Judgement): string {
  const figuresThere = powered(judgement);
  const passed = figuresThere.filter(([, met]) => met).map(([name]) => name);
  if (figuresThere.length === 0) return 'no power';
  return passed.length === 0 ? 'fails, as it must' : `PASSES, as it must not: ${passed.join(', ')}`;
}

/** Kinds and requests that fit together on a set. */
const partsOf = (set: SetName): [ModelName, Request][] =>
  (Object.entries(KINDS) as [ModelName, Setting][])
    .filter(([, { sets }]) => !sets || sets.includes(set))
    .flatMap(([kind, { requests = REQUESTS }]) =>
      requests
        .filter((what) => what !== 'modality' || set === 'lfm2k')
        .filter((what) => what !== 'modality' || MODAL.includes(kind))
        .map((what): [ModelName, Request] => [kind, what]),
    );

const partName = (set: SetName, kind: ModelName, what: Request): string =>
  `judge-${set}-${kind}-${what.replace('%', ' percent').replaceAll(' ', '-')}`;

/** In words, what of a set has not been measured. @param now what is being measured. */
function missingText(set: SetName, now?: readonly [ModelName, Request]): string[] {
  const there = ([kind, what]: readonly [ModelName, Request]): boolean =>
    (kind === now?.[0] && what === now[1]) ||
    publishedRow(`judge ${set}`, [
      kind,
      what,
      (MODELS[kind].capabilities as readonly string[]).includes('gradient') ? 'mmrecun' : 'gold',
    ]) !== undefined;
  const missing = partsOf(set).filter((part) => !there(part));
  if (missing.length === 0) return [];
  const commands = missing.map((part) => `\`npm run results -- ${partName(set, ...part)}\``);
  return [`Not measured yet, and made by the commands named: ${commands.join(', ')}.`];
}

const section = (set: SetName, now?: readonly [ModelName, Request]) => ({
  title: `What is left of the forgotten: ${set}`,
  command: `npm run results -- judge-${set}`,
  columns: COLUMNS,
  text: [
    `${UNSEEN.unseenUsers * 100} % of users and ${UNSEEN.unseenItems * 100} % of items are held out as a whole; [terms.md](terms.md) ` +
      'defines the figures. ' +
      'For all of them 0 (or gold) is where a retrain stands and 1 (or the original) where nothing was removed; both signs count. ' +
      '"no power": the original does as well as gold, so that nothing follows from the figure.',
    'Models trained by gradients are judged beside originals of two to five seeds and golds of three to five, all others beside ' +
      'one of the same seed (als: three). ' +
      'Met: at most 0.1 left or two deviations of golds, the AUC within 0.06 of gold, the support within 0.03 (or two deviations), ' +
      'recall at least 98 % of gold. ' +
      'The original must fail every figure that has power. Time: processor time over that of training gold.',
    ...missingText(set, now),
  ],
});

/** Says anew what the tables hold and what is missing, after rows that were measured apart have been put together. */
export function retell(): void {
  for (const set of Object.keys(SETS) as SetName[]) {
    const stored = published(`judge ${set}`);
    const { columns: _, ...said } = section(set);
    if (stored) publish(`judge ${set}`, { ...said, tables: stored.tables }, stored.measured.seconds);
  }
}

/** A part for each set, kind and request that fit together. */
export const JUDGE_PARTS: Readonly<Record<string, (again: boolean) => Promise<void>>> = Object.fromEntries(
  (Object.keys(SETS) as SetName[]).flatMap((set) =>
    partsOf(set).map(([kind, what]) => [partName(set, kind, what), (again: boolean) => judged(set, kind, what, again)]),
  ),
);
