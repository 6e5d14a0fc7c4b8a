// People and items that were held out as a whole: lists for histories, and rows by features, beside popularity.

import { readDatasetFile } from '../../src/files/node-files.ts';
import {
  als,
  bpr,
  type Dataset,
  ease,
  evaluate,
  type History,
  itemKnn,
  lightgcn,
  type Model,
  type ModelKind,
  placeByFeatures,
  popularity,
  recommendFor,
  splitDataset,
} from '../../src/index.ts';
import { FOLDER } from './data.ts';
import { type Cell, note, publish } from './report.ts';

const K = 20;
const KINDS: readonly (readonly [ModelKind, object])[] = [
  [popularity, {}],
  [itemKnn, {}],
  [ease, {}],
  [als, { objective: 'ials', factors: 32, unobservedWeight: 0.3, regularization: 0.02 }],
  [bpr, { factors: 32, epochs: 60, learningRate: 0.01 }],
  [lightgcn, { factors: 32, epochs: 40, learningRate: 0.01 }],
];
const SETS = { lfm2k: 'lfm2k', 'ml-100k': 'ml-100k/u.data' } as const;

/** Every second item of each person that no model has seen, and the others. */
function halves(unseen: Dataset): { histories: History[]; wanted: Set<string>[] } {
  const histories: History[] = [];
  const wanted: Set<string>[] = [];
  for (let u = 0; u < unseen.users.size; u++) {
    const ids = Array.from(unseen.itemsOf(u), (item) => unseen.items.at(item)!);
    if (ids.length < 4) continue;
    histories.push(ids.filter((_, n) => n % 2 === 0));
    wanted.push(new Set(ids.filter((_, n) => n % 2 === 1)));
  }
  return { histories, wanted };
}

const recallOf = (lists: readonly (readonly { item: string }[])[], wanted: readonly Set<string>[]): number =>
  lists.reduce((sum, list, n) => sum + list.filter(({ item }) => wanted[n].has(item)).length / Math.min(K, wanted[n].size), 0) /
  lists.length;

/** A fifth of the users held out as a whole; a tenth of the rest's interactions to test the model itself. */
export async function newcomers(): Promise<void> {
  const from = performance.now();
  const rows: Cell[][] = [];
  for (const [set, file] of Object.entries(SETS)) {
    const data = await readDatasetFile(`${FOLDER}/${file}`);
    const { train, test, unseen } = splitDataset(data, 'per-user:0.9,0,0.1', 1, { unseenUsers: 0.2 });
    const { histories, wanted } = halves(unseen);
    for (const [kind, options] of KINDS) {
      const model: Model = await kind.fit(train, options);
      const recall = recallOf(recommendFor(model, histories, { k: K }), wanted);
      const turned = recallOf(recommendFor(model, [...histories.slice(1), histories[0]], { k: K }), wanted);
      rows.push([set, kind.name, histories.length, recall, turned, evaluate(model, train, test, { k: K })[`recall@${K}`] as number]);
      note(rows.at(-1)!.join(' '));
    }
  }
  const columns = ['set', 'model', 'people', 'recall@20', "with another's history", "the model's own users"];
  const text =
    'A fifth of the users is held out as a whole. Each is ranked for by `recommendFor` from every second item that they have, and ' +
    'tested on the others; the control gives everybody the next one’s history. Last column: the test part of those who were ' +
    'trained on, another task: a tenth of their items.';
  const tables = [{ columns, rows }];
  publish(
    'living-newcomers',
    { title: 'Living: people held out as a whole', command: 'npm run results:living -- newcomers', text: [text], tables },
    (performance.now() - from) / 1000,
  );
}

/** A fifth of the items held out as a whole, ranked by rows from their features. */
export async function coldItems(): Promise<void> {
  const from = performance.now();
  const rows: Cell[][] = [];
  const data = await readDatasetFile(`${FOLDER}/lfm2k`);
  const { train, unseen } = splitDataset(data, 'per-user:1,0,0', 1, { unseenItems: 0.2 });
  const candidates = Array.from(unseen.itemCounts().entries())
    .filter(([, n]) => n > 0)
    .map(([item]) => unseen.items.at(item)!);
  const users = [...train.users].filter((id) => {
    const user = train.users.indexOf(id);
    return train.itemsOf(user).length > 0 && unseen.itemsOf(user).length > 0;
  });
  const wanted = users.map((id) => new Set(Array.from(unseen.itemsOf(unseen.users.indexOf(id)), (item) => unseen.items.at(item)!)));
  const listsOf = (model: Model, only?: readonly string[]) =>
    recallOf(
      users.map((id) => recommendOf(model, id, train, only)),
      wanted,
    );
  for (const [kind, options] of KINDS.filter(([{ capabilities, name }]) => capabilities.includes('factors') || name === 'popularity')) {
    const model: Model = await kind.fit(train, options);
    const placed = kind === popularity ? undefined : placeByFeatures(model, train);
    const serving = placed?.model ?? model;
    rows.push([kind.name, placed?.report.error ?? null, listsOf(serving, candidates), listsOf(model, candidates), listsOf(serving)]);
    note(rows.at(-1)!.join(' '));
  }
  const columns = ['model', 'error', 'recall@20 among the new items', 'the same without placing', 'recall@20 among all items'];
  const text =
    `A fifth of the items of lfm2k is held out as a whole (${candidates.length} that somebody has), and placed by text and audio ` +
    'features. Tested: what users who were trained on have of them, among the new items alone, and among all that ' +
    'they have not. Without placing, rows of als are zero ' +
    'and popularity counts nobody: their ties go by position, which for this set is not quite chance, as its ids follow popularity.';
  const tables = [{ columns, rows }];
  publish(
    'living-cold-items',
    { title: 'Living: items held out as a whole', command: 'npm run results:living -- cold-items', text: [text], tables },
    (performance.now() - from) / 1000,
  );
}

function recommendOf(model: Model, id: string, train: Dataset, candidates?: readonly string[]): { item: string }[] {
  const allowed = candidates && new Uint8Array(model.items.size);
  for (const item of candidates ?? []) allowed![model.items.indexOf(item)] = 1;
  const { items } = model.rank({
    users: Int32Array.of(model.users.indexOf(id)),
    k: K,
    allowed,
    exclude: train.userItems,
    history: train.userItems,
  });
  return Array.from(
    items.filter((item) => item >= 0),
    (item) => ({ item: model.items.at(item)! }),
  );
}
