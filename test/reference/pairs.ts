// An epoch of descent on single pairs, written down as plainly as it can be: who is in which block, the order, the
// negatives; and the descent itself in float64.
import { philox } from '../../src/base/random.ts';
import { cell, dot, sigmoid, softplus, type Table, table } from './tables.ts';

const bounded = (word: number, n: number): number => Number((BigInt(word >>> 0) * BigInt(n)) >> 32n);

/** The block of each row. */
export function blocksOfRows(rows: number, blocks: number, seed: number, stream: number, epoch: number, side: number): number[] {
  return Array.from({ length: rows }, (_, r) => bounded(philox(r >> 2, side, epoch, 0, seed, stream)[r & 3], blocks));
}

/** Rows block by block, ascending in each. */
export const membersOf = (blockOf: readonly number[]): number[] =>
  blockOf.map((_, r) => r).sort((a, b) => blockOf[a] - blockOf[b] || a - b);

export interface EpochOfPairs {
  readonly blocks: number;
  readonly seed: number;
  readonly stream: number;
  readonly tries: number;
  readonly ceiling: number;
  readonly userBlocks: readonly number[];
  readonly itemBlocks: readonly number[];
  readonly userKeys: Uint32Array;
  readonly itemKeys: Uint32Array;
  readonly counts: ArrayLike<number>;
  /** What each user has. */
  readonly lists: readonly (readonly number[])[];
}

/** The pairs of an epoch in order, cell by cell: user, item, negative. */
export function orderedPairs({
  blocks,
  seed,
  stream,
  tries,
  ceiling,
  userBlocks,
  itemBlocks,
  userKeys,
  itemKeys,
  counts,
  lists,
}: EpochOfPairs): (readonly [number, number, number])[][] {
  const itemMembers = Array.from({ length: blocks }, (_, b) => itemBlocks.flatMap((block, i) => (block === b ? [i] : [])));
  const cells = Array.from({ length: blocks * blocks }, () => [] as { place: number; pair: readonly [number, number, number] }[]);
  membersOf(userBlocks).forEach((user) =>
    lists[user].forEach((item) => {
      let block = [
        ...philox(userKeys[2 * user] | 0, userKeys[2 * user + 1] | 0, itemKeys[2 * item] | 0, itemKeys[2 * item + 1] | 0, seed, stream),
      ];
      let at = 0;
      const word = (): number => {
        if (at === 4) [block, at] = [[...philox(block[0] | 0, block[1] | 0, block[2] | 0, block[3] | 0, seed, ~stream)], 0];
        return block[at++] >>> 0;
      };
      const place = word() >>> 16;
      const own = itemMembers[itemBlocks[item]];
      const open = (i: number): boolean => counts[i] > 0 && !lists[user].includes(i);
      let drawn = 0;
      let negative = -1;
      for (let t = 0; t < tries && negative < 0; t++) {
        drawn = bounded(word(), own.length);
        if (ceiling > 0 && (word() / 2 ** 32) * ceiling >= counts[own[drawn]]) continue;
        if (open(own[drawn])) negative = own[drawn];
      }
      for (let n = 0; n < own.length && negative < 0; n++)
        if (open(own[(drawn + n) % own.length])) negative = own[(drawn + n) % own.length];
      cells[userBlocks[user] * blocks + itemBlocks[item]].push({ place, pair: [user, item, negative < 0 ? item : negative] });
    }),
  );
  return cells.map((list) =>
    list
      .map((entry, k) => ({ ...entry, k }))
      .sort((a, b) => a.place - b.place || a.k - b.k)
      .map(({ pair }) => pair),
  );
}

/** Rows and loss after descent on each pair in turn, in float64. */
export function descended(
  U0: Table,
  V0: Table,
  pairs: readonly (readonly [number, number, number])[],
  rate: number,
  decay: number,
): { U: Table; V: Table; loss: number } {
  const [U, V] = [U0, V0].map((t) => table(t.rows, t.cols, (r, c) => cell(t, r, c)));
  let loss = 0;
  for (const [u, p, n] of pairs) {
    const x = dot(U, u, V, p) - dot(U, u, V, n);
    const g = sigmoid(-x);
    loss += softplus(-x);
    if (p === n) continue;
    for (let c = 0; c < U.cols; c++) {
      const [a, b, d] = [cell(U, u, c), cell(V, p, c), cell(V, n, c)];
      U.at[u * U.cols + c] += rate * (g * (b - d) - decay * a);
      V.at[p * U.cols + c] += rate * (g * a - decay * b);
      V.at[n * U.cols + c] += rate * (-g * a - decay * d);
    }
  }
  return { U, V, loss };
}
