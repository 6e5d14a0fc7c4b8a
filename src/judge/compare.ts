// Models side by side after forgetting: the untouched original, gold, the unlearned ones, and a second gold for the noise
// floor, all judged on the same users, items and masks. What cannot be measured is null, never a guess.
import * as check from '../base/check.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Partition } from '../forget/request.ts';
import { evaluate } from '../model/evaluate.ts';
import { byteComparable, type Model, type Ranking } from '../model/model.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/** A model to compare, and what it cost. */
export interface Contender {
  readonly name: string;
  readonly model: Model;
  /** Seconds that it took to make from what there was; null where unknown. */
  readonly seconds?: number | null;
}

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
}

/** One line of the table; null where a figure could not be measured. */
export interface ComparedModel {
  readonly name: string;
  /** Recall and NDCG on held-out interactions of the users and items that remain. */
  readonly [metric: `recall@${number}` | `ndcg@${number}`]: number | null;
  /** Recall of forgotten interactions, only retained ones masked. A user the model does not know is served no list: 0. */
  readonly [metric: `forgetRecall@${number}`]: number | null;
  /** Mean share of gold's top-k lists that the model's lists hold, over users that remain. */
  readonly [metric: `overlap@${number}`]: number | null;
  /** Mean score of the forgotten cells. */
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

/** Measures each contender. @param contenders their tables may have lost the deleted ids, or still have them. */
export function compare(contenders: readonly Contender[], partition: Partition, options: CompareOptions = {}): ComparedModel[] {
  const { test, testUsers = Infinity, mask = [], gold } = options;
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
  return contenders.map(({ name, model, seconds = null }) => {
    const report = testable && evaluate(model, retain, testable, { k, mask, candidates, users: tested, metrics: ['recall', 'ndcg'] });
    return {
      name,
      [`recall@${k}`]: report?.[`recall@${k}`] ?? null,
      [`ndcg@${k}`]: report?.[`ndcg@${k}`] ?? null,
      [`forgetRecall@${k}`]: partition.entries.length > 0 ? forgetRecall(model, partition, length) : null,
      [`overlap@${k}`]: goldLists ? overlap(lists(model), goldLists, length) : null,
      forgetScore: forgetScore(model, partition),
      scoreDistance: goldScores ? distance(scoresOf(model, scoreUsers, candidates, seen), goldScores) : null,
      seconds,
      ...(!byteComparable(model) && { kernels: 'fast' }),
    } as ComparedModel;
  });
}

/** Recall@k of the forgotten entries with only retained ones masked, mean over the users who have any. */
export function forgetRecall(model: Model, partition: Partition, k: number): number {
  const { data, retain, entries } = partition;
  const forgotten = rowsOf(data, entries);
  const users = Int32Array.from(forgotten.keys());
  const known = users.filter((u) => model.users.at(u) !== null);
  const ranking = model.rank({ users: known, k, exclude: retain.userItems, history: retain.userItems });
  let sum = 0;
  known.forEach((u, r) => {
    const positives = forgotten.get(u)!;
    let hits = 0;
    for (let j = 0; j < k; j++) if (positives.has(ranking.items[r * k + j])) hits++;
    sum += hits / positives.size;
  });
  return sum / users.length;
}

/** Mean score of forgotten cells: of those whose user and item the model still has a row for, deleted ones being zero. */
function forgetScore(model: Model, { data, retain, entries }: Partition): number | null {
  if (entries.length === 0) return null;
  const users = new Int32Array(entries.length);
  const items = new Int32Array(entries.length);
  let n = 0;
  for (const [user, list] of rowsOf(data, entries)) {
    for (const item of list) {
      users[n] = user;
      items[n++] = item;
    }
  }
  const scores = model.scorePairs(users, items, retain.userItems);
  let sum = 0;
  for (const score of scores) sum += score;
  return sum / entries.length;
}

/** Items of the given entries by user, in order of position. */
function rowsOf(data: Dataset, entries: Int32Array): Map<number, Set<number>> {
  const { indptr, indices } = data.userItems;
  const rows = new Map<number, Set<number>>();
  let user = 0;
  for (const e of entries) {
    while (e >= indptr[user + 1]) user++;
    const row = rows.get(user);
    if (row) row.add(indices[e]);
    else rows.set(user, new Set([indices[e]]));
  }
  return rows;
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
  return norm > 0 ? Math.sqrt(difference / norm) : difference === 0 ? 0 : null;
}

/** At most `n` of the given positions, evenly spread. */
function spread(from: readonly number[], n: number): Int32Array {
  if (from.length <= n) return Int32Array.from(from);
  return Int32Array.from({ length: n }, (_, i) => from[Math.floor((i * from.length) / n)]);
}
