// Models side by side after forgetting: the untouched original, gold, the unlearned ones, and a second gold for the noise
// floor, all judged on the same users, items and masks. What cannot be measured is null, never a guess.
import * as check from '../base/check.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { expectPartition, type Partition } from '../forget/request.ts';
import { evaluateAt } from '../model/evaluate.ts';
import { byteComparable, expectModel, type Model, type Ranking } from '../model/model.ts';
import { renumbered } from '../model/renumber.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { type JudgedColumns, judgedColumns } from './columns.ts';
import { forgetRecall, forgetScore, knownEntries } from './forgotten-pairs.ts';
import { Judge } from './judge.ts';

/** A model to compare, and what it cost. */
export interface Contender {
  readonly name: string;
  readonly model: Model;
  /** Seconds that it took to make from what there was; null where unknown. */
  readonly seconds?: number | null;
}

/** What to compare by: held-out rows, gold, other seeds. */
export interface CompareOptions {
  /** Cutoff of all lists; default 20. */
  readonly k?: number;
  /** Held-out interactions over the same tables; without them recall and ndcg are null. */
  readonly test?: Dataset;
  /** Most users to test recall and NDCG on, evenly spread over those that remain; default all. */
  readonly testUsers?: number;
  /** Interactions masked beside the retain set when testing, such as the validation part. */
  readonly mask?: readonly Dataset[];
  /** The model that the others' overlap and distance are measured against: trained on the retain set alone. */
  readonly gold?: Model;
  /** Models before the forgetting, one of each seed, the one that was made to forget first: with golds, the judge's columns. */
  readonly originals?: readonly Model[];
  /** Golds of the same seeds, `gold` among them first; default `gold` alone. Five or more give every column of gradient models. */
  readonly golds?: readonly Model[];
  /** Rows of users and items that were held out as a whole: whom members are told from. */
  readonly unseen?: Dataset;
}

/** One line of the table; null where a figure could not be measured. */
export interface ComparedModel extends JudgedColumns {
  readonly name: string;
  /** Recall and NDCG on held-out interactions of the users and items that remain. */
  readonly [metric: `recall@${number}` | `ndcg@${number}`]: number | null;
  /** Recall of forgotten interactions whose user and item were not deleted (of others it is 0 by definition), only retained ones masked. */
  readonly [metric: `forgetRecall@${number}`]: number | null;
  /** Mean share of gold's top-k lists that the model's lists hold, over users that remain. */
  readonly [metric: `overlap@${number}`]: number | null;
  /** Mean score of the same interactions. */
  readonly forgetScore: number | null;
  /** |S − S_gold|_F / |S_gold|_F over the scores of a fixed sample of users with all items that remain. */
  readonly scoreDistance: number | null;
  readonly seconds: number | null;
  /** There where fast kernels had a part in the model: its bytes are those of one host. */
  readonly kernels?: 'fast';
}

/** Users whose lists and scores are compared with gold's; evenly spread, the same for all models. */
const OVERLAP_USERS = 2000;
const DISTANCE_USERS = 200;

/** @throws TypeError, RangeError. */
function checkComparison(contenders: readonly Contender[], partition: Partition, options: CompareOptions): void {
  for (const contender of check.array('contenders', contenders)) {
    check.knownKeys('a contender', contender, ['name', 'model', 'seconds']);
    expectModel(`the contender ${check.describe(contender.name)}`, contender.model);
  }
  if (contenders.length === 0) throw new RangeError('"contenders" expected at least one model, got none');
  expectPartition(partition);
  check.knownKeys('compare', options, ['k', 'test', 'testUsers', 'mask', 'gold', 'originals', 'golds', 'unseen']);
  const { test, testUsers = Infinity, mask = [], gold, originals = [], golds = [], unseen } = options;
  for (const [name, data] of Object.entries({ test, unseen })) if (data !== undefined) expectDataset(name, data);
  for (const part of check.array('mask', mask)) expectDataset('mask', part);
  if (gold !== undefined) expectModel('gold', gold);
  for (const model of check.array('originals', originals)) expectModel('originals', model);
  for (const model of check.array('golds', golds)) expectModel('golds', model);
  if (testUsers !== Infinity) check.integer('testUsers', testUsers, { min: 1 });
}

/**
 * Measures each contender.
 * @param contenders their tables may have lost the deleted ids and their positions, or still have them.
 * @example
 * const rows = compare([{ name: 'original', model }, { name: 'unlearned', model: unlearned }], partition, { gold: goldModel });
 */
export function compare(contenders: readonly Contender[], partition: Partition, options: CompareOptions = {}): ComparedModel[] {
  checkComparison(contenders, partition, options);
  const { test, testUsers = Infinity, mask = [], unseen } = options;
  const placed = (model: Model): Model => renumbered(model, partition.data.users, partition.data.items);
  const gold = options.gold && placed(options.gold);
  const { originals = [], golds = gold ? [gold] : [] } = options;
  const k = check.integer('k', options.k ?? 20, { min: 1 });
  const { retain } = partition;
  const length = Math.min(k, retain.items.size);
  const candidates = Uint8Array.from({ length: retain.items.size }, (_, i) => (retain.items.at(i) === null ? 0 : 1));
  const remaining: number[] = [];
  for (let u = 0; u < retain.users.size; u++) if (retain.users.at(u) !== null && retain.itemsOf(u).length > 0) remaining.push(u);
  const listUsers = spread(remaining, OVERLAP_USERS);
  const scoreUsers = spread(remaining, DISTANCE_USERS);
  const seen = retain.userItems;
  const lists = (model: Model): Ranking => model.rank({ users: listUsers, k: length, exclude: seen, history: seen, allowed: candidates });
  const goldLists = gold && lists(gold);
  const goldScores = gold && scoresOf(gold, scoreUsers, candidates, seen);
  const tested = spread(remaining, testUsers);
  const testable = test && Array.from(tested).some((u) => test.itemsOf(u).some((i) => candidates[i] !== 0)) ? test : undefined;
  const known = knownEntries(partition);
  const asked = partition.entries.length > 0 || partition.modality !== undefined;
  const heldOut = [...(test ? [test] : []), ...mask];
  const judge = asked && originals.length > 0 && golds.length > 0 ? new Judge(partition, { originals, golds, unseen, heldOut }) : undefined;
  return contenders.map(({ name, model: own, seconds = null }) => {
    const model = placed(own);
    const report = testable && evaluateAt(model, retain, testable, { k, mask, candidates, users: tested, metrics: ['recall', 'ndcg'] });
    return {
      name,
      [`recall@${k}`]: report?.[`recall@${k}`] ?? null,
      [`ndcg@${k}`]: report?.[`ndcg@${k}`] ?? null,
      [`forgetRecall@${k}`]: forgetRecall(model, partition, known, length),
      [`overlap@${k}`]: goldLists ? overlap(lists(model), goldLists, length) : null,
      forgetScore: forgetScore(model, partition, known),
      scoreDistance: goldScores ? distance(scoresOf(model, scoreUsers, candidates, seen), goldScores) : null,
      ...judgedColumns(judge?.of(model)),
      seconds,
      ...(!byteComparable(model) && { kernels: 'fast' }),
    } as ComparedModel;
  });
}

function overlap(lists: Ranking, golds: Ranking, k: number): number {
  const users = lists.items.length / k;
  let sum = 0;
  for (let r = 0; r < users; r++) {
    const gold = new Set(golds.items.subarray(r * k, (r + 1) * k));
    gold.delete(-1);
    let common = 0;
    for (let j = 0; j < k; j++) if (gold.has(lists.items[r * k + j])) common++;
    sum += gold.size > 0 ? common / gold.size : 1;
  }
  return users > 0 ? sum / users : 1;
}

/** Scores of users with all candidate items, row after row. */
function scoresOf(model: Model, users: Int32Array, candidates: Uint8Array, history: SparseRows): Float32Array[] {
  const items = Int32Array.from(candidates.keys()).filter((i) => candidates[i] !== 0);
  return Array.from(users, (u) => model.scorePairs(new Int32Array(items.length).fill(u), items, history));
}

function distance(scores: readonly Float32Array[], golds: readonly Float32Array[]): number | null {
  let difference = 0;
  let norm = 0;
  scores.forEach((row, r) => {
    for (let i = 0; i < row.length; i++) {
      const d = row[i] - golds[r][i];
      difference += d * d;
      norm += golds[r][i] * golds[r][i];
    }
  });
  if (difference === 0) return 0;
  return norm > 0 ? Math.sqrt(difference / norm) : null;
}

/** At most `n` of the given positions, evenly spread. */
function spread(from: readonly number[], n: number): Int32Array {
  if (from.length <= n) return Int32Array.from(from);
  return Int32Array.from({ length: n }, (_, i) => from[Math.floor((i * from.length) / n)]);
}
