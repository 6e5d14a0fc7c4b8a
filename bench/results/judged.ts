// What the parts of results:mmrecun share: sets, models from a cache, requests, and the figures that a model is judged by.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { STREAM, uniform } from '../../src/base/random.ts';
import { readDatasetFile } from '../../src/files/node-files.ts';
import { areaUnderCurve } from '../../src/forget/gradient-run.ts';
import type { Partition } from '../../src/forget/request.ts';
import type { GradientKind } from '../../src/gradient/gradient-model.ts';
import {
  bm3,
  bpr,
  type Contender,
  cm3,
  compare,
  type Dataset,
  deserialize,
  type ForgetRequest,
  freedom,
  lattice,
  lightgcn,
  lirdrec,
  type Model,
  type ModelKind,
  mgcn,
  serialize,
  slmrec,
  vbpr,
} from '../../src/index.ts';
import { evaluateAt } from '../../src/model/evaluate.ts';
import { cachePath } from './cache.ts';
import { FOLDER } from './data.ts';
import { babyWithNeighbors } from './neighbors.ts';
import { note } from './report.ts';

export type SetName = 'lfm2k' | 'tiktok' | 'baby';
export interface Split {
  readonly name: SetName;
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
}

export const KINDS: Readonly<Record<string, GradientKind>> = { bpr, lightgcn, vbpr, freedom, bm3 };
/** Costlier models: their parts run only when they are named. */
export const LATER: Readonly<Record<string, GradientKind>> = { mgcn, lattice, slmrec, cm3, lirdrec };
export const SEEDS = [1, 2, 3];
export const COMMON = { epochs: 600, evaluateEvery: 2, patience: 10 };
/**
 * Steps of the costlier models compute all rows whatever their batch: large ones reach the same quality in a fifth of the time.
 * One gold each.
 */
const LARGE = { epochs: 150, evaluateEvery: 3, patience: 4, batchSize: 4096, learningRate: 0.005 };
export const DEFAULTS: Readonly<Record<string, object>> = {
  lightgcn: { layers: 2, regularization: 0 },
  bpr: {},
  vbpr: {},
  freedom: {},
  bm3: { contrast: 0.2 },
  mgcn: LARGE,
  lattice: LARGE,
  slmrec: LARGE,
  cm3: LARGE,
  lirdrec: LARGE,
};

export async function load(name: SetName): Promise<Split> {
  const data = name === 'baby' ? await babyWithNeighbors(`${FOLDER}/baby`) : await readDatasetFile(`${FOLDER}/${name}`);
  return { name, train: data.part('train'), validation: data.part('validation'), test: data.part('test') };
}

/** Models beside the seconds of CPU time that they took to train, which the table sets methods' times against. */
export interface Trained {
  readonly model: Model;
  readonly seconds: number;
}

/** Trains, or takes from the cache what the same code trained on the same data with the same options. */
export async function fitted(
  kind: ModelKind,
  { train, validation }: { train: Dataset; validation: Dataset },
  options: object,
): Promise<Trained> {
  const features = [...train.features].map(([name, { values, present }]) => [
    name,
    values.reduce((s, v) => s + v, 0),
    present.reduce((s, v) => s + v, 0),
  ]);
  const file = await cachePath(kind.name, [options, train.fingerprint(), validation.fingerprint(), features]);
  if (existsSync(file)) return { model: await deserialize(readFileSync(file)), seconds: Number(readFileSync(`${file}.seconds`, 'utf8')) };
  const before = cpuSeconds();
  const model = await kind.fit(train, options, { validation });
  const seconds = cpuSeconds() - before;
  note(`${kind.name} ${JSON.stringify(options)}: ${JSON.stringify(model.record)} in ${seconds.toFixed(1)} s of CPU`);
  writeFileSync(`${file}.seconds`, String(seconds));
  writeFileSync(file, await serialize(model));
  return { model, seconds };
}

/** The same for every seed, one after the other: times are CPU times of the process. */
export async function fittedSeeds(
  kind: GradientKind,
  split: { train: Dataset; validation: Dataset },
  options: object,
  seeds = SEEDS,
): Promise<Trained[]> {
  const runs: Trained[] = [];
  for (const seed of seeds) runs.push(await fitted(kind, split, { ...options, seed }));
  return runs;
}
export const cpuSeconds = (): number => process.cpuUsage().user / 1e6;

export const range = (values: readonly number[]): string => `${Math.min(...values).toFixed(4)} to ${Math.max(...values).toFixed(4)}`;
export const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/**
 * Requests drawn by keyed hashing. Histories of users and items are forgotten and their ids stay, so that their scores can be
 * looked at.
 */
export function requestOf(data: Dataset, what: string, modalityShare = 0.1, share = 0.05): ForgetRequest {
  const { indptr, indices } = data.userItems;
  const drawn = (side: 'users' | 'items', p: number): boolean =>
    uniform(1, STREAM.forgetSample, data[side].key(p), side === 'users' ? 0 : 1) < share;
  const users = what.includes('users');
  const items = what.includes('items');
  if (what === 'modality') {
    const name = [...data.features.keys()].includes('text') ? 'text' : [...data.features.keys()][0];
    return {
      modality: {
        name,
        items: [...data.items].filter((id) => uniform(1, STREAM.forgetSample, data.items.key(data.items.indexOf(id)), 2) < modalityShare),
      },
    };
  }
  const interactions: [string, string][] = [];
  for (const id of data.users) {
    const u = data.users.indexOf(id);
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      const gone =
        what === 'interactions'
          ? uniform(1, STREAM.forgetSample, data.users.key(u), 10 + indices[e]) < share
          : (users && drawn('users', u)) || (items && drawn('items', indices[e]));
      if (gone) interactions.push([id, data.items.at(indices[e])!]);
    }
  }
  return { interactions };
}

/** What the table says of one model. */
export interface Figures {
  readonly test: number;
  readonly ndcg: number;
  readonly forgotten: number;
  readonly margin: number;
  readonly auc: number;
  readonly overlap: number;
}

export function figures(model: Model, partition: Partition, split: Split, gold: Model): Figures {
  const { data, retain, entries } = partition;
  const gone = new Uint8Array(data.interactions);
  for (const e of entries) gone[e] = 1;
  const left = retain.itemCounts();
  const had = data.itemCounts();
  const candidates = Uint8Array.from(left, (n, i) => (n > 0 || had[i] === 0 ? 1 : 0));
  const users = Array.from({ length: data.users.size }, (_, u) => u).filter((u) => retain.itemsOf(u).length > 0);
  const tested = evaluateAt(model, retain, split.test, { mask: [split.validation], candidates, users, metrics: ['recall', 'ndcg'] });
  const [row] = compare([{ name: '', model } as Contender], partition, { gold });
  const forgotten = data.filter((e) => gone[e] === 1);
  const list = Int32Array.from({ length: data.items.size }, (_, i) => i);
  const inside: number[] = [];
  const outside: number[] = [];
  const margins: number[] = [];
  for (let u = 0; u < data.users.size; u++) {
    const lost = forgotten.itemsOf(u);
    if (lost.length === 0) continue;
    const scores = model.scorePairs(new Int32Array(list.length).fill(u), list, retain.userItems);
    const m = mean([...scores]);
    const deviation = Math.sqrt(mean([...scores].map((s) => (s - m) * (s - m)))) || 1;
    const z = (i: number): number => (scores[i] - m) / deviation;
    const held = [...split.validation.itemsOf(u), ...split.test.itemsOf(u)];
    const known = new Set([...data.itemsOf(u), ...held]);
    inside.push(...Array.from(lost, z));
    outside.push(...held.map(z));
    margins.push(mean(Array.from(lost, z)) - mean([...list].filter((i) => !known.has(i)).map(z)));
  }
  return {
    test: tested['recall@20'],
    ndcg: tested['ndcg@20'],
    forgotten: row['forgetRecall@20'] ?? NaN,
    overlap: row['overlap@20'] ?? NaN,
    margin: margins.length > 0 ? mean(margins) : NaN,
    auc: inside.length > 0 && outside.length > 0 ? areaUnderCurve(inside, outside) : NaN,
  };
}
