// The order of training and the negatives, by keyed draws: an interaction's place and its negatives are functions of
// (seed, user, item, epoch, draw). Forgetting one user changes nobody else's negatives and nobody else's relative order.
import type { Dataset } from './dataset.ts';
import { pairKey, philox, STREAM } from './random.ts';

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
const TRIES = { uniform: 64, popularity: 512 } as const;

/** Draws pairs of a training set. */
export class PairSampler {
  readonly #keys: Uint32Array;
  readonly #users: Int32Array;
  readonly #counts: Int32Array;
  /** A count that is drawn for certain: a power of two, so that forgetting somebody rarely changes it. */
  readonly #ceiling: number;
  readonly #sampler: (typeof SAMPLERS)[number];
  readonly #negatives: number;
  readonly #closed: readonly Dataset[];

  /**
   * @param data the pairs to draw.
   * @param closed a user's items in these are never negatives; default the pairs' own data.
   * Negatives are items that somebody has in the first of them.
   */
  constructor(readonly data: Dataset, readonly seed: number, closed: readonly Dataset[] = [data], { sampler = 'uniform', negatives = 1 }: SamplerOptions = {}) {
    const { rows, indptr, indices } = data.userItems, itemKeys = data.items.keys();
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
    this.#closed = closed;
    this.#counts = Int32Array.from(closed[0].itemCounts());
    this.#sampler = sampler;
    this.#negatives = negatives;
    let ceiling = 1;
    for (const count of this.#counts) while (ceiling < count) ceiling *= 2;
    this.#ceiling = ceiling;
  }

  /** All entries in the order of an epoch. */
  order(epoch: number): Int32Array {
    const n = this.data.interactions, draws = new Uint32Array(n);
    for (let e = 0; e < n; e++) draws[e] = philox(epoch, 0, this.#keys[2 * e], this.#keys[2 * e + 1], this.seed, STREAM.shuffle)[0];
    return ascending(draws);
  }

  /** The given entries as a batch, with a negative each for this epoch and draw; again from the first where each has several. */
  batch(entries: Int32Array, epoch: number, draw = 0): Batch {
    const { indices } = this.data.userItems, n = entries.length, all = n * this.#negatives;
    const users = new Int32Array(all), positives = new Int32Array(all), negatives = new Int32Array(all);
    for (let k = 0; k < all; k++) {
      const e = entries[k % n];
      users[k] = this.#users[e];
      positives[k] = indices[e];
      negatives[k] = this.#negative(e, users[k], epoch, draw * this.#negatives + Math.floor(k / n));
    }
    return { users, positives, negatives, times: this.#negatives };
  }

  #negative(entry: number, user: number, epoch: number, draw: number): number {
    const items = this.#counts.length, lo = this.#keys[2 * entry], hi = this.#keys[2 * entry + 1], popularity = this.#sampler === 'popularity';
    let first = 0;
    for (let t = 0; t < TRIES[this.#sampler]; t += popularity ? 2 : 1) {
      const words = philox(epoch, (draw << 8) | (t >> 2), lo, hi, this.seed, STREAM.negatives);
      const item = Math.floor(((words[t & 3] >>> 0) / 4294967296) * items);
      if (t === 0) first = item;
      // Turned down unless its count is large enough: whoever leaves changes few draws, where a table of sums would shift all.
      if (popularity && ((words[(t & 3) + 1] >>> 0) / 4294967296) * this.#ceiling >= this.#counts[item]) continue;
      if (this.#open(user, item)) return item;
    }
    for (let i = 0; i < items; i++) if (this.#open(user, (first + i) % items)) return (first + i) % items;
    // A user who has every item has no negative: the pair stands against itself, and moves nothing.
    return this.data.userItems.indices[entry];
  }

  #open(user: number, item: number): boolean {
    return this.#counts[item] > 0 && !this.#closed.some(({ userItems }) => has(userItems.indices, userItems.indptr[user], userItems.indptr[user + 1], item));
  }
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
  let order: Int32Array = Int32Array.from({ length: keys.length }, (_, i) => i);
  for (const shift of [0, 16]) {
    const starts = new Int32Array(65537), next = new Int32Array(keys.length);
    for (const key of keys) starts[((key >>> shift) & 0xffff) + 1]++;
    for (let i = 0; i < 65536; i++) starts[i + 1] += starts[i];
    for (const i of order) next[starts[(keys[i] >>> shift) & 0xffff]++] = i;
    order = next;
  }
  return order;
}
