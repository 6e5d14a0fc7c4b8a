// Ranking metrics of one user's list, in float64, by the definitions of docs/terms.md. To add one: a function and a line.
// hits[j] says whether the item at rank j+1 is a positive; `positives` is their number P >= 1; H(j) counts hits up to rank j.
// Where scores are tied, each is the mean over all orders of what is tied: the order that a ranking has follows names.
import { instantiateKernels } from '../wasm/kernels.ts';

/** What a metric sees: one user's ranked list cut to k, and how many positives there are. `hits` may end before k, as items do. */
export interface RankedList {
  /** 1 for a positive, 0 for another; where scores are tied, the share of positives in the tie. */
  readonly hits: ArrayLike<number>;
  readonly k: number;
  readonly positives: number;
  /** Ranks of equal score that hold positives and others, ascending. */
  readonly ties?: readonly Tie[];
}

/** `size` items of equal score from rank `start` + 1 on, of which some are positives; may go on beyond k. */
export interface Tie {
  readonly start: number;
  readonly size: number;
  readonly positives: number;
}

/** A metric's value for one list. */
export type Metric = (list: RankedList) => number;

function hitCount({ hits, k }: RankedList): number {
  let count = 0;
  for (let j = 0; j < Math.min(k, hits.length); j++) count += hits[j];
  return count;
}

/** H(k) / P. */
const recall: Metric = (list) => hitCount(list) / list.positives;

/** H(k) / k. */
const precision: Metric = (list) => hitCount(list) / list.k;

/** Harmonic mean of precision and recall; 0 without hits. */
const f1: Metric = (list) => (2 * hitCount(list)) / (list.k + list.positives);

/** Σ hit_j / log2(j + 1), over the same sum for a list that starts with min(P, k) hits. */
const ndcg: Metric = ({ hits, k, positives }) => {
  const most = Math.min(positives, k);
  const discount = discounts(Math.max(hits.length, most));
  let gain = 0;
  let ideal = 0;
  for (let j = 0; j < Math.min(k, hits.length); j++) gain += discount[j] * hits[j];
  for (let j = 0; j < most; j++) ideal += discount[j];
  return gain / ideal;
};

/** Average precision: Σ hit_j · H(j) / j, over min(P, k). */
const map: Metric = ({ hits, k, positives, ties = [] }) => {
  let count = 0;
  let sum = 0;
  let next = 0;
  for (let j = 0; j < Math.min(k, hits.length); j++) {
    const tie = ties[next];
    if (tie === undefined || j < tie.start) {
      if (hits[j]) sum += ++count / (j + 1);
      continue;
    }
    // A positive at this place has, of the tie's other positives, as many before it as fall there by chance.
    const before = ((j - tie.start) * (tie.positives - 1)) / (tie.size - 1);
    sum += (hits[j] * (count + 1 + before)) / (j + 1);
    if (j + 1 < tie.start + tie.size) continue;
    count += tie.positives;
    next++;
  }
  return sum / Math.min(positives, k);
};

/** Calls back for each rank that may be the first hit, with the chance that it is. @returns the chance that none is. */
function eachFirstHit({ hits, k, ties = [] }: RankedList, visit: (rank: number, chance: number) => void): number {
  let none = 1;
  let next = 0;
  for (let j = 0; j < Math.min(k, hits.length) && none > 0; j++) {
    const tie = ties[next];
    const tied = tie !== undefined && j >= tie.start;
    const chance = tied ? tie.positives / (tie.size - (j - tie.start)) : hits[j];
    if (chance > 0) visit(j + 1, none * chance);
    none *= 1 - chance;
    if (tied && j + 1 === tie.start + tie.size) next++;
  }
  return none;
}

/** 1 / rank of the first hit; 0 without one. */
const mrr: Metric = (list) => {
  let sum = 0;
  eachFirstHit(list, (rank, chance) => {
    sum += chance / rank;
  });
  return sum;
};

/** 1 with a hit, else 0. */
const hitRate: Metric = (list) => 1 - eachFirstHit(list, () => undefined);

/** The registry of metrics of ranked lists, by name. */
export const METRICS = /* @__PURE__ */ Object.freeze({ recall, precision, f1, ndcg, map, mrr, hitRate });
/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

let table = /* @__PURE__ */ new Float64Array(0);

/** 1 / log2(j + 2) for j = 0 … k−1, by the kernels' logarithm: the host's differs between engines. */
function discounts(k: number): Float64Array {
  if (table.length < k) {
    const { log_f64 } = instantiateKernels();
    table = Float64Array.from({ length: k }, (_, j) => log_f64(2) / log_f64(j + 2));
  }
  return table;
}
