// What a model still says of forgotten interactions whose user and item it knows. Of a deleted user or item it can say nothing:
// a figure of theirs would be 0 whatever the rest remembers, so it is null.

import type { Dataset } from '../data/dataset.ts';
import type { Partition } from '../forget/request.ts';
import type { Model } from '../model/model.ts';

/** The forgotten entries whose user and item keep their ids. */
export function knownEntries({ data, retain, entries }: Partition): Int32Array {
  const { indptr, indices } = data.userItems;
  let user = 0;
  return entries.filter((entry) => {
    while (entry >= indptr[user + 1]) user++;
    return retain.users.at(user) !== null && retain.items.at(indices[entry]) !== null;
  });
}

/** Recall@k of the given forgotten entries with only retained ones masked, mean over the users who have any; null without entries. */
export function forgetRecall(model: Model, { data, retain }: Partition, entries: Int32Array, k: number): number | null {
  if (entries.length === 0) return null;
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

/** Mean score of the given forgotten entries; null without entries. */
export function forgetScore(model: Model, { data, retain }: Partition, entries: Int32Array): number | null {
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
