// Ranked lists as metrics see them. Items of equal score stand in the order of their positions, which follows their names:
// a metric must not depend on that, so it is the mean over all orders of what is tied. That takes the whole tie that a
// list's end falls into.
import type { RankedList, Tie } from './metrics.ts';
import type { Ranking } from './model.ts';

/** Lists for users, k long. */
export type Ranker = (users: Int32Array, k: number) => Ranking;

/** A list that goes on to the end of the tie at its depth. */
interface WholeList {
  readonly items: Int32Array;
  readonly scores: Float32Array;
}

/** How much deeper a list is ranked at a time, to find a tie's end. */
const DEEPER = 4;

/** @param most number of items there are. */
export function wholeLists(rank: Ranker, users: Int32Array, depth: number, most: number): WholeList[] {
  const lists = new Array<WholeList>(users.length);
  let open = Array.from(users.keys());
  for (let k = Math.min(depth + 1, most); open.length > 0; k = Math.min(k * DEEPER, most)) {
    const { items, scores } = rank(
      Int32Array.from(open, (r) => users[r]),
      k,
    );
    open.forEach((r, n) => {
      lists[r] = { items: items.subarray(n * k, (n + 1) * k), scores: scores.subarray(n * k, (n + 1) * k) };
    });
    if (k === most) break;
    open = open.filter((r) => lists[r].items[k - 1] >= 0 && lists[r].scores[k - 1] === lists[r].scores[depth - 1]);
  }
  return lists;
}

/** What metrics need of a list. @param isPositive by item. */
export function judgedList({ items, scores }: WholeList, depth: number, isPositive: Uint8Array): Pick<RankedList, 'hits' | 'ties'> {
  const hits = new Float64Array(depth);
  const ties: Tie[] = [];
  for (let start = 0, end = 0; start < depth && items[start] >= 0; start = end) {
    let positives = 0;
    for (end = start; end < items.length && items[end] >= 0 && scores[end] === scores[start]; end++) positives += isPositive[items[end]];
    const size = end - start;
    hits.fill(positives / size, start, end);
    if (positives > 0 && positives < size) ties.push({ start, size, positives });
  }
  return { hits, ties };
}
