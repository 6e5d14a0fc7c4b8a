// Which rows are dense enough to be counted in, as a part of reading: everybody and everything that remains has so many rows
// among what remains. Decided once, on the data as they were: forgetting never decides it anew (docs/data.md says why).
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Dataset, expectDataset } from './dataset.ts';
import type { ReadingRecord } from './reading.ts';

/** Thresholds of reading; each may be absent. */
export interface CoreRule {
  /** Rows that every user and every item has at least: `minUserCount` and `minItemCount` in one. */
  readonly kCore?: number;
  /** Rows that every user has at least. */
  readonly minUserCount?: number;
  /** Rows that every item has at least. */
  readonly minItemCount?: number;
  /** Rows of a lower value are left out before anything is counted; the people and items in them stay known. */
  readonly minValue?: number;
}
export const CORE_RULES = ['kCore', 'minUserCount', 'minItemCount', 'minValue'] as const;

/** The thresholds among options, checked; undefined where there is none. */
export function coreRuleIn(options: CoreRule): CoreRule | undefined {
  for (const name of ['kCore', 'minUserCount', 'minItemCount'] as const)
    if (options[name] !== undefined) check.integer(name, options[name], { min: 1 });
  if (options.minValue !== undefined) check.number('minValue', options.minValue);
  const given = CORE_RULES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** The thresholds that a record of reading holds. */
export const coreRuleOf = (reading: ReadingRecord | undefined): CoreRule | undefined => reading && coreRuleIn(reading);

/** The record without them. */
export function withoutCoreRule(reading: ReadingRecord): ReadingRecord {
  const { kCore: _, minUserCount: __, minItemCount: ___, minValue: ____, ...rest } = reading;
  return rest;
}

/**
 * The largest set of rows in which everybody and everything has as many as the rule asks for: it does not depend on the order in
 * which rows are left out. Ids that are left without enough leave the tables. The rule is kept with the data, and with every
 * model trained on them.
 * @throws TypeError, RangeError for a rule that is none; DataError where nothing remains.
 * @example
 * const dense = coreOf(data, { kCore: 5 });
 */
export function coreOf(data: Dataset, rule: CoreRule): Dataset {
  expectDataset('data', data);
  check.knownKeys('coreOf', rule, CORE_RULES);
  const checked = coreRuleIn(rule);
  if (!checked) return data;
  const { kCore = 0, minUserCount = 0, minItemCount = 0, minValue } = checked;
  const values = data.userItems.data;
  const counted = minValue === undefined ? data : data.filter((entry) => values[entry] >= minValue);
  const counts = Math.max(kCore, minUserCount, minItemCount) > 0;
  const dense = counts ? denseRows(counted, Math.max(1, kCore, minUserCount), Math.max(1, kCore, minItemCount)) : counted;
  if (dense.interactions === 0) throw new DataError(`no row is left by ${coreText(checked)}`, { source: data.source });
  return dense.withReading({ ...data.reading, ...checked });
}

/** As it is said. */
export const coreText = (rule: CoreRule): string =>
  CORE_RULES.filter((name) => rule[name] !== undefined)
    .map((name) => `${name} ${rule[name]}`)
    .join(', ');

function denseRows(data: Dataset, leastOfUser: number, leastOfItem: number): Dataset {
  const { rows, cols, indptr, indices } = data.userItems;
  const ofUser = Int32Array.from({ length: rows }, (_, u) => indptr[u + 1] - indptr[u]);
  const ofItem = data.itemCounts();
  // What has left has a count of −1. Each pass takes out who has too few, and what has too few without them.
  for (let left = true; left; ) {
    left = false;
    ofItem.forEach((count, item) => {
      if (count >= leastOfItem || count < 0) return;
      ofItem[item] = -1;
      left = true;
    });
    const counts = new Int32Array(cols);
    for (let u = 0; u < rows; u++) {
      if (ofUser[u] < 0) continue;
      let count = 0;
      for (let e = indptr[u]; e < indptr[u + 1]; e++) if (ofItem[indices[e]] >= 0) count++;
      if (count < leastOfUser) left = true;
      ofUser[u] = count < leastOfUser ? -1 : count;
      if (count >= leastOfUser) for (let e = indptr[u]; e < indptr[u + 1]; e++) counts[indices[e]]++;
    }
    for (let i = 0; i < cols; i++) if (ofItem[i] >= 0) ofItem[i] = counts[i];
    left ||= ofItem.some((count) => count >= 0 && count < leastOfItem);
  }
  const stays = (count: number): boolean => count >= 0;
  return data
    .filter((_, user, item) => stays(ofUser[user]) && stays(ofItem[item]))
    .compacted({ users: positionsOf(ofUser, stays), items: positionsOf(ofItem, stays) });
}

const positionsOf = (counts: Int32Array, stays: (count: number) => boolean): Int32Array =>
  Int32Array.from([...counts.keys()].filter((position) => stays(counts[position])));
