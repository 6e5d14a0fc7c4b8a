// Collects interactions in any order and settles what a `Dataset` refuses to hold: disorder and duplicates.
import { compareIds, Dataset, type DatasetParts, IdTable } from './dataset.ts';
import { DataError } from './errors.ts';

/** What happens when a (user, item) pair occurs more than once. */
export const DUPLICATES = ['last', 'sum', 'error'] as const;
export type DuplicatePolicy = (typeof DUPLICATES)[number];

/** Collects interactions in any order and makes a `Dataset` of them. */
export class DatasetBuilder {
  readonly #userIds: string[] = [];
  readonly #itemIds: string[] = [];
  readonly #userAt = new Map<string, number>();
  readonly #itemAt = new Map<string, number>();
  #users = new Int32Array(1024);
  #items = new Int32Array(1024);
  #values = new Float32Array(1024);
  #times?: Float64Array;
  #parts?: Uint8Array;
  #n = 0;

  /** Interactions added so far. */
  get length(): number {
    return this.#n;
  }

  /** Position in order of appearance; ids may be added without interactions. */
  addUser(id: string): number {
    return intern(id, this.#userIds, this.#userAt);
  }
  addItem(id: string): number {
    return intern(id, this.#itemIds, this.#itemAt);
  }

  /** @param time and `part` must be given for all interactions or for none. */
  add(user: string, item: string, value = 1, time?: number, part?: number): void {
    const n = this.#n;
    if (n > 0 && ((time === undefined) !== (this.#times === undefined) || (part === undefined) !== (this.#parts === undefined))) {
      throw new DataError(`expected a time, and a part of the split, for all interactions or for none; user ${JSON.stringify(user)}, item ${JSON.stringify(item)} differs`);
    }
    if (n === this.#users.length) this.#reserve(n * 2);
    this.#users[n] = this.addUser(user);
    this.#items[n] = this.addItem(item);
    this.#values[n] = value;
    if (time !== undefined) (this.#times ??= new Float64Array(this.#users.length))[n] = time;
    if (part !== undefined) (this.#parts ??= new Uint8Array(this.#users.length))[n] = part;
    this.#n = n + 1;
  }

  /**
   * @param policy for pairs that occur more than once: keep the last, sum the values, or refuse.
   * @throws DataError when there is nothing, or for a duplicate under `error`.
   */
  build(policy: DuplicatePolicy = 'last', extra: Partial<DatasetParts> = {}): Dataset {
    if (this.#n === 0) throw new DataError('no interactions found', { source: extra.source });
    const userRank = rankIds(this.#userIds);
    const itemRank = rankIds(this.#itemIds);
    const rows = userRank.sorted.length, cols = itemRank.sorted.length, n = this.#n;
    // Two stable counting passes, by item and then by user: ascending items within users, arrival order among equals.
    const order = countingOrder(n, rows, this.#users, userRank.of, countingOrder(n, cols, this.#items, itemRank.of));
    const indptr = new Int32Array(rows + 1);
    const indices = new Int32Array(n), data = new Float32Array(n);
    const times = this.#times && new Float64Array(n), parts = this.#parts && new Uint8Array(n);
    let kept = 0, duplicates = 0, previousUser = -1;
    for (let k = 0; k < n; k++) {
      const e = order[k];
      const u = userRank.of[this.#users[e]], i = itemRank.of[this.#items[e]];
      if (u === previousUser && kept > 0 && indices[kept - 1] === i) {
        if (policy === 'error') {
          throw new DataError(`user ${JSON.stringify(userRank.sorted[u])} and item ${JSON.stringify(itemRank.sorted[i])} ` +
            'occur together more than once; choose duplicates "last" or "sum"', { source: extra.source });
        }
        duplicates++;
        kept--;
        data[kept] = policy === 'sum' ? Math.fround(data[kept] + this.#values[e]) : this.#values[e];
      } else {
        data[kept] = this.#values[e];
      }
      indices[kept] = i;
      if (times) times[kept] = this.#times![e];
      if (parts) parts[kept] = this.#parts![e];
      kept++;
      indptr[u + 1] = kept;
      previousUser = u;
    }
    for (let u = 0; u < rows; u++) if (indptr[u + 1] < indptr[u]) indptr[u + 1] = indptr[u];
    return new Dataset({
      ...extra,
      users: new IdTable(userRank.sorted),
      items: new IdTable(itemRank.sorted),
      userItems: { rows, cols, indptr, indices: firstOf(indices, kept), data: firstOf(data, kept) },
      times: times && firstOf(times, kept),
      parts: parts && firstOf(parts, kept),
      duplicates,
    });
  }

  #reserve(capacity: number): void {
    const grow = <T extends Int32Array | Float32Array | Float64Array | Uint8Array>(array: T): T => {
      const larger = new (array.constructor as new (n: number) => T)(capacity);
      larger.set(array as never);
      return larger;
    };
    this.#users = grow(this.#users);
    this.#items = grow(this.#items);
    this.#values = grow(this.#values);
    this.#times &&= grow(this.#times);
    this.#parts &&= grow(this.#parts);
  }
}

function intern(id: string, ids: string[], at: Map<string, number>): number {
  let position = at.get(id);
  if (position === undefined) {
    position = ids.length;
    // Engines keep a substring as a window on its whole text: adding to it makes a copy, so that the text can go.
    const own = id.length < 13 ? id : (' ' + id).slice(1);
    ids.push(own);
    at.set(own, position);
  }
  return position;
}

/** Ids in canonical order, and the rank of each by its order of appearance. */
function rankIds(ids: readonly string[]): { sorted: string[]; of: Int32Array } {
  const order = Array.from(ids, (_, i) => i).sort((a, b) => compareIds(ids[a], ids[b]));
  const of = new Int32Array(ids.length);
  for (let rank = 0; rank < order.length; rank++) of[order[rank]] = rank;
  return { sorted: order.map((i) => ids[i]), of };
}

/**
 * Entries in ascending order of the rank of their key, those of equal rank as they come in `entries`, or as they are numbered.
 * No function is called per entry, and one array is made: there may be a hundred million.
 */
function countingOrder(n: number, ranks: number, keys: Int32Array, rankOf: Int32Array, entries?: Int32Array): Int32Array {
  const starts = new Int32Array(ranks + 1);
  for (let e = 0; e < n; e++) starts[rankOf[keys[e]] + 1]++;
  for (let r = 0; r < ranks; r++) starts[r + 1] += starts[r];
  const order = new Int32Array(n);
  for (let p = 0; p < n; p++) {
    const e = entries ? entries[p] : p;
    order[starts[rankOf[keys[e]]]++] = e;
  }
  return order;
}

/** The first `count` elements: the array itself where that is all. */
function firstOf<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(array: T, count: number): T {
  return (count === array.length ? array : array.slice(0, count)) as T;
}
