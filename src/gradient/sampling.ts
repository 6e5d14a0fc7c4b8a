// The order of training and the negatives, by keyed draws: an interaction's place and its negatives are functions of
// (seed, user, item, epoch, draw). Forgetting one user changes nobody else's negatives and nobody else's relative order.

import { pairKey, philox, STREAM } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import { Arena } from '../wasm/memory.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/** Users, the items they have, and items they have not, as positions; entry k of each belongs together. */
export interface Batch {
  readonly users: Int32Array;
  readonly positives: Int32Array;
  readonly negatives: Int32Array;
  /** Negatives of each pair: the batch holds the pairs this many times over. */
  readonly times: number;
}

/** How negatives are drawn: all items alike, or each by the number of users who have it. */
export const SAMPLERS = ['uniform', 'popularity'] as const;

export interface SamplerOptions {
  readonly sampler?: (typeof SAMPLERS)[number];
  /** Negatives for each entry of a batch; default 1. */
  readonly negatives?: number;
}

/** Tries before a negative is looked for item by item: most draws by popularity are turned down. */
export const TRIES = { uniform: 64, popularity: 512 } as const;

/** A count that is drawn for certain: a power of two, so that forgetting somebody rarely changes it. */
export function drawCeiling(counts: Int32Array): number {
  let ceiling = 1;
  for (const count of counts) while (ceiling < count) ceiling *= 2;
  return ceiling;
}

/** Draws pairs of a training set. */
export class PairSampler {
  readonly #keys: Uint32Array;
  readonly #users: Int32Array;
  readonly #counts: Int32Array;
  readonly #ceiling: number;
  readonly #sampler: (typeof SAMPLERS)[number];
  readonly #negatives: number;
  /** Items that are no negatives of a user. */
  readonly #closed: SparseRows;
  /** Holds what the kernels draw with: pairs' keys and users, items' counts, closed items. */
  readonly #arena = new Arena();
  readonly #inputs: readonly number[];

  /**
   * @param data the pairs to draw.
   * @param closed a user's items in these are never negatives; default the pairs' own data.
   * Negatives are items that somebody has in the first of them.
   */
  constructor(
    readonly data: Dataset,
    readonly seed: number,
    closed: readonly Dataset[] = [data],
    { sampler = 'uniform', negatives = 1 }: SamplerOptions = {},
  ) {
    const { rows, indptr, indices } = data.userItems;
    const itemKeys = data.items.keys();
    this.#keys = new Uint32Array(indices.length * 2);
    this.#users = new Int32Array(indices.length);
    for (let u = 0; u < rows; u++) {
      if (indptr[u] === indptr[u + 1]) continue;
      const user = data.users.key(u);
      for (let e = indptr[u]; e < indptr[u + 1]; e++) {
        const { lo, hi } = pairKey(user, { lo: itemKeys[2 * indices[e]], hi: itemKeys[2 * indices[e] + 1] });
        this.#keys[2 * e] = lo;
        this.#keys[2 * e + 1] = hi;
        this.#users[e] = u;
      }
    }
    this.#closed = closed.length === 1 ? closed[0].userItems : union(closed.map(({ userItems }) => userItems));
    this.#counts = Int32Array.from(closed[0].itemCounts());
    this.#sampler = sampler;
    this.#negatives = negatives;
    this.#ceiling = drawCeiling(this.#counts);
    this.#inputs = [this.#keys, this.#users, this.#counts, this.#closed.indptr, this.#closed.indices].map((array) =>
      this.#arena.upload(array),
    );
  }

  /** All entries in the order of an epoch. */
  order(epoch: number): Int32Array {
    const arena = this.#arena;
    const n = this.data.interactions;
    return arena.scope(() => {
      const out = arena.alloc((n + 3) * 4);
      arena.kernels.epoch_words(n, this.seed, STREAM.shuffle, epoch, this.#inputs[0], out);
      return ascending(arena.u32(out, n));
    });
  }

  /** The given entries as a batch, with a negative each for this epoch and draw; again from the first where each has several. */
  batch(entries: Int32Array, epoch: number, draw = 0): Batch {
    const { indices } = this.data.userItems;
    const n = entries.length;
    const all = n * this.#negatives;
    const users = new Int32Array(all);
    const positives = new Int32Array(all);
    const negatives = new Int32Array(all);
    for (let t = 0; t < this.#negatives; t++) negatives.set(this.#draw(entries, epoch, draw * this.#negatives + t), t * n);
    for (let k = 0; k < all; k++) {
      const e = entries[k % n];
      users[k] = this.#users[e];
      positives[k] = indices[e];
      if (negatives[k] < 0) negatives[k] = this.#sought(e, users[k], epoch, draw * this.#negatives + Math.floor(k / n));
    }
    return { users, positives, negatives, times: this.#negatives };
  }

  /** A negative for each entry; −1 where the tries were not enough. */
  #draw(entries: Int32Array, epoch: number, draw: number): Int32Array {
    const arena = this.#arena;
    const n = entries.length;
    return arena.scope(() => {
      const list = arena.upload(entries);
      const out = arena.alloc(n * 4);
      const [keys, users, counts, indptr, indices] = this.#inputs;
      arena.kernels.draw_negatives(
        n,
        this.seed,
        STREAM.negatives,
        epoch,
        draw,
        TRIES[this.#sampler],
        this.#sampler === 'popularity' ? this.#ceiling : 0,
        this.#counts.length,
        list,
        keys,
        users,
        counts,
        indptr,
        indices,
        out,
        arena.alloc(16),
      );
      return arena.i32(out, n).slice();
    });
  }

  /** The first open item from the one that was drawn first. */
  #sought(entry: number, user: number, epoch: number, draw: number): number {
    const items = this.#counts.length;
    const word = philox(epoch, draw << 8, this.#keys[2 * entry], this.#keys[2 * entry + 1], this.seed, STREAM.negatives)[0];
    const first = Math.floor(((word >>> 0) / 4294967296) * items);
    for (let i = 0; i < items; i++) if (this.#open(user, (first + i) % items)) return (first + i) % items;
    // A user who has every item has no negative: the pair stands against itself, and moves nothing.
    return this.data.userItems.indices[entry];
  }

  #open(user: number, item: number): boolean {
    const { indptr, indices } = this.#closed;
    return this.#counts[item] > 0 && !has(indices, indptr[user], indptr[user + 1], item);
  }
}

/** Rows that hold what any of the given ones holds. */
function union(all: readonly SparseRows[]): SparseRows {
  const { rows, cols } = all[0];
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  for (let r = 0; r < rows; r++) {
    const items = new Set<number>();
    for (const part of all) for (let e = part.indptr[r]; e < part.indptr[r + 1]; e++) items.add(part.indices[e]);
    for (const item of Int32Array.from(items).sort()) indices.push(item);
    indptr[r + 1] = indices.length;
  }
  return { rows, cols, indptr, indices: Int32Array.from(indices), data: new Float32Array(indices.length) };
}

/** Whether ascending indices[low .. high) hold an item. */
export function has(indices: Int32Array, low: number, high: number, item: number): boolean {
  const end = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle] < item) low = middle + 1;
    else high = middle;
  }
  return low < end && indices[low] === item;
}

/** Positions in ascending order of their keys, equal keys in order of position: two counting passes of 16 bits. */
export function ascending(keys: Uint32Array): Int32Array {
  const n = keys.length;
  let order = new Int32Array(n);
  let next = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (const shift of [0, 16]) {
    const starts = new Int32Array(65537);
    for (let i = 0; i < n; i++) starts[((keys[i] >>> shift) & 0xffff) + 1]++;
    for (let i = 0; i < 65536; i++) starts[i + 1] += starts[i];
    for (let k = 0; k < n; k++) {
      const i = order[k];
      next[starts[(keys[i] >>> shift) & 0xffff]++] = i;
    }
    [order, next] = [next, order];
  }
  return order;
}
