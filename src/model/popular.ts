// Items by the number of users who have them: what somebody is served of whom nothing is known.
import type { Dataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import type { Ranking, RankRequest } from './model.ts';

/** Users without rows are cold: a model knows nothing of them. */
export const isCold = (data: Dataset, user: number): boolean => data.itemsOf(user).length === 0;

/** Items that exist, most popular first, ties by position. @param counts users per item. */
export function popularFirst(items: IdTable, counts: ArrayLike<number>): Int32Array {
  const live = Array.from({ length: items.size }, (_, item) => item).filter((item) => items.at(item) !== null);
  return Int32Array.from(live.sort((a, b) => counts[b] - counts[a] || a - b));
}

/** The same order for everybody, less what each has or must not be served. @param scores by item. */
export function rankInOrder(
  order: Int32Array,
  scores: ArrayLike<number>,
  { users, k, exclude, allowed }: Pick<RankRequest, 'users' | 'k' | 'exclude' | 'allowed'>,
): Ranking {
  const items = new Int32Array(users.length * k).fill(-1);
  const found = new Float32Array(users.length * k).fill(-Infinity);
  const left = new Uint8Array(scores.length);
  for (let r = 0; r < users.length; r++) {
    const row = exclude?.indices.subarray(exclude.indptr[users[r]], exclude.indptr[users[r] + 1]) ?? [];
    for (const item of row) left[item] = 1;
    let n = 0;
    for (const item of order) {
      if (n === k) break;
      if (left[item] || allowed?.[item] === 0) continue;
      items[r * k + n] = item;
      found[r * k + n++] = scores[item];
    }
    for (const item of row) left[item] = 0;
  }
  return { items, scores: found };
}
