// Ranking metrics of one user's list, in float64, by the definitions of docs/terms.md. To add one: a function and a line.
// hits[j] says whether the item at rank j+1 is a positive; `positives` is their number P >= 1; H(j) counts hits up to rank j.
import { instantiateKernels } from '../wasm/kernels.ts';

/** What a metric sees: one user's ranked list cut to k, and how many positives there are. `hits` may end before k, as items do. */
export interface RankedList {
  readonly hits: Uint8Array;
  readonly k: number;
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
  for (let j = 0; j < Math.min(k, hits.length); j++) if (hits[j]) gain += discount[j];
  for (let j = 0; j < most; j++) ideal += discount[j];
  return gain / ideal;
};

/** Average precision: Σ hit_j · H(j) / j, over min(P, k). */
const map: Metric = ({ hits, k, positives }) => {
  let count = 0;
  let sum = 0;
  for (let j = 0; j < Math.min(k, hits.length); j++) if (hits[j]) sum += ++count / (j + 1);
  return sum / Math.min(positives, k);
};

/** 1 / rank of the first hit; 0 without one. */
const mrr: Metric = ({ hits, k }) => {
  for (let j = 0; j < Math.min(k, hits.length); j++) if (hits[j]) return 1 / (j + 1);
  return 0;
};

/** 1 with a hit, else 0. */
const hitRate: Metric = (list) => (hitCount(list) > 0 ? 1 : 0);

export const METRICS = Object.freeze({ recall, precision, f1, ndcg, map, mrr, hitRate });
export type MetricName = keyof typeof METRICS;

let table = new Float64Array(0);

/** 1 / log2(j + 2) for j = 0 … k−1, by the kernels' logarithm: the host's differs between engines. */
function discounts(k: number): Float64Array {
  if (table.length < k) {
    const { log_f64 } = instantiateKernels();
    table = Float64Array.from({ length: k }, (_, j) => log_f64(2) / log_f64(j + 2));
  }
  return table;
}
