// Interactions in memory: sparse rows over two tables of ids (ids.ts), and what comes with the items (features.ts).
// Refuses to hold unordered or duplicate entries: `DatasetBuilder` (builder.ts) settles those first.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { type Features, movedFeatures } from './features.ts';
import { RowSums } from './fingerprint.ts';
import type { IdTable, KeptPositions } from './ids.ts';
import type { ReadingRecord } from './reading.ts';
import { type DatasetRow, rowsOf } from './rows.ts';

/** Which part of a split an entry belongs to. */
export const PART = /* @__PURE__ */ Object.freeze({ train: 0, validation: 1, test: 2, unseen: 3 });
export type PartName = keyof typeof PART;

export interface DatasetParts {
  readonly users: IdTable;
  readonly items: IdTable;
  /** Rows = users, columns = items, data = values (ratings, counts; 1 where the source has none). */
  readonly userItems: SparseRows;
  /** Seconds since 1970 or any other ordered number, per entry; absent where the source has none. */
  readonly times?: Float64Array;
  /** PART of each entry; absent where the source brings no split. */
  readonly parts?: Uint8Array;
  /** Title by item position. */
  readonly titles?: ReadonlyMap<number, string>;
  /** Item features by modality name. */
  readonly features?: ReadonlyMap<string, Features>;
  /** Entries that repeated a (user, item) pair and were merged. */
  readonly duplicates?: number;
  /** Pairs that were in several parts of the split; they stayed in the first: train before validation before test. */
  readonly acrossParts?: number;
  /** Where the data came from, for messages. */
  readonly source?: string;
  /** The split that these interactions are a part of; absent where nothing was held out. */
  readonly split?: SplitRecord;
  /** How they were read, as far as it was said, and what counts as a like. */
  readonly reading?: ReadingRecord;
  /** A secret that fingerprints are made with, so that only its holder can compute them; default none. */
  readonly fingerprintKey?: string;
}

/** Shares of users and of items whose rows are in no part but `unseen`: people whom no model has seen, to judge others beside. */
export interface Unseen {
  readonly users?: number;
  readonly items?: number;
}

/** A split that can be drawn again: the rule's text and the seed. */
export interface SplitRecord {
  readonly rule: string;
  readonly seed: number;
  /** Shares of users and of items that were held out as a whole, drawn by id; absent where none were. */
  readonly unseen?: Unseen;
  /**
   * Single interactions that were forgotten since: how many, and how many rows there were `before`. Never which ones:
   * only so can data that still hold them be recognised without keeping a trace of them.
   */
  readonly forgotten?: { readonly interactions: number; readonly before: number };
  /** Item ids whose features were revoked since, by modality: data that are read anew still bring them. */
  readonly revoked?: Readonly<Record<string, readonly string[]>>;
}

/** Characters that a secret must have, so that it cannot be tried out. */
const LEAST_KEY = 16;

/** An immutable set of interactions over fixed tables of users and items. */
export class Dataset implements DatasetParts {
  readonly users: IdTable;
  readonly items: IdTable;
  readonly userItems: SparseRows;
  readonly times?: Float64Array;
  readonly parts?: Uint8Array;
  readonly titles: ReadonlyMap<number, string>;
  readonly features: ReadonlyMap<string, Features>;
  readonly duplicates: number;
  readonly acrossParts: number;
  readonly source?: string;
  readonly split: SplitRecord;
  readonly reading?: ReadingRecord;
  readonly fingerprintKey?: string;
  #sums?: RowSums;
  #fingerprint?: string;

  /** @param sums of the rows' hashes, where they follow from those of other data. */
  constructor(given: DatasetParts, sums?: RowSums) {
    this.#sums = sums;
    this.users = given.users;
    this.items = given.items;
    this.userItems = given.userItems;
    this.times = given.times;
    this.parts = given.parts;
    this.titles = given.titles ?? new Map();
    this.features = given.features ?? new Map();
    this.duplicates = given.duplicates ?? 0;
    this.acrossParts = given.acrossParts ?? 0;
    this.source = given.source;
    this.split = given.split ?? { rule: 'all', seed: 0 };
    this.reading = given.reading;
    this.fingerprintKey = given.fingerprintKey;
  }

  /** Number of interactions. */
  get interactions(): number {
    return this.userItems.indices.length;
  }

  /**
   * The interactions one by one, user after user; `datasetFrom` makes the same data of them.
   * @example
   * for (const { user, item, value } of data.rows()) console.log(user, item, value);
   */
  rows(): Generator<DatasetRow, void> {
    return rowsOf(this);
  }

  /** Item positions of a user's row, ascending. */
  itemsOf(user: number): Int32Array {
    const { indptr, indices } = this.userItems;
    return indices.subarray(indptr[user], indptr[user + 1]);
  }

  /** Interactions per item, i32[items]. */
  itemCounts(): Int32Array {
    const counts = new Int32Array(this.items.size);
    const { indices } = this.userItems;
    for (let e = 0; e < indices.length; e++) counts[indices[e]]++;
    return counts;
  }

  /** The entries that `keep` says yes to, over the same tables. */
  filter(keep: (entry: number, user: number, item: number) => boolean): Dataset {
    const { rows, cols, indptr, indices, data } = this.userItems;
    const kept = new Int32Array(indices.length);
    const newIndptr = new Int32Array(rows + 1);
    let n = 0;
    for (let u = 0; u < rows; u++) {
      for (let e = indptr[u]; e < indptr[u + 1]; e++) if (keep(e, u, indices[e])) kept[n++] = e;
      newIndptr[u + 1] = n;
    }
    const entries = kept.subarray(0, n);
    return new Dataset({
      ...this.tables(),
      userItems: { rows, cols, indptr: newIndptr, indices: pickInt(indices, entries), data: pickFloat(data, entries) },
      times: this.times && Float64Array.from(entries, (e) => this.times![e]),
      parts: this.parts && Uint8Array.from(entries, (e) => this.parts![e]),
    });
  }

  /** The entries of one part of a split that the source or `split` laid down. */
  part(name: PartName): Dataset {
    const { parts } = this;
    if (!parts) throw new DataError('the data bring no split; draw one with split()', { source: this.source });
    return this.filter((entry) => parts[entry] === PART[name]);
  }

  /**
   * The same interactions with other tables of the same sizes, such as after a deletion of ids; the entries of deleted ids must
   * be gone.
   */
  withTables(users: IdTable, items: IdTable): Dataset {
    const { userItems, times, parts } = this;
    const dataset = new Dataset({ ...this.tables(), userItems, times, parts, users, items });
    dataset.#sums = this.#sums;
    return dataset;
  }

  /** The same interactions, with what is known of how they were read. */
  withReading(reading: ReadingRecord | undefined): Dataset {
    const { userItems, times, parts } = this;
    const dataset = new Dataset({ ...this.tables(), userItems, times, parts, reading });
    dataset.#sums = this.#sums;
    return dataset;
  }

  /** The same interactions, said to be part of a split. */
  withSplit(split: SplitRecord): Dataset {
    const { userItems, times, parts } = this;
    const dataset = new Dataset({ ...this.tables(), userItems, times, parts, split });
    dataset.#sums = this.#sums;
    return dataset;
  }

  /** The same interactions, fingerprinted with a secret: 16 characters at least, kept by the owner of the data. */
  withFingerprintKey(key: string): Dataset {
    if (typeof key !== 'string' || key.length < LEAST_KEY)
      throw new RangeError(`the fingerprint key expected at least ${LEAST_KEY} characters, got ${key?.length ?? 0}`);
    const { userItems, times, parts } = this;
    const dataset = new Dataset({ ...this.tables(), userItems, times, parts, fingerprintKey: key });
    dataset.#sums = this.#sums;
    return dataset;
  }

  /**
   * Identifies the set of interactions (user id, item id, value), whatever their order and positions: SHA-256 as hex, or
   * `keyed:` and HMAC-SHA-256 where there is a `fingerprintKey`. Equal sets (and keys) give equal fingerprints; the
   * difference of two says nothing. Computed once.
   */
  fingerprint(): string {
    return (this.#fingerprint ??= this.sums.fingerprint(this, this.fingerprintKey));
  }

  /**
   * The same interactions over fewer positions, in the same order; entries of all others must be gone.
   * @returns these very data where every position stays.
   */
  compacted({ users, items }: KeptPositions): Dataset {
    const { indptr, indices, data, rows, cols } = this.userItems;
    if (users.length === rows && items.length === cols) return this;
    const itemAt = new Int32Array(cols).fill(-1);
    items.forEach((from, to) => (itemAt[from] = to));
    const newIndptr = new Int32Array(users.length + 1);
    users.forEach((from, to) => (newIndptr[to + 1] = newIndptr[to] + indptr[from + 1] - indptr[from]));
    if (newIndptr[users.length] !== indices.length) throw new RangeError('a position that is left out still has interactions');
    const titles = new Map<number, string>();
    for (const [item, title] of this.titles) if (itemAt[item] >= 0) titles.set(itemAt[item], title);
    const features = new Map<string, Features>();
    for (const [name, table] of this.features) features.set(name, movedFeatures(table, itemAt, items.length));
    const dataset = new Dataset({
      ...this.tables(),
      users: this.users.only(users),
      items: this.items.only(items),
      titles,
      features,
      userItems: { rows: users.length, cols: items.length, indptr: newIndptr, indices: indices.map((item) => itemAt[item]), data },
      times: this.times,
      parts: this.parts,
    });
    dataset.#sums = this.#sums?.moved(users);
    return dataset;
  }

  /**
   * The entries that are not listed, over the same tables. Cheap beside `filter` where few are listed, also for the
   * fingerprint, which is made of sums.
   * @param entries ascending positions of entries.
   */
  without(entries: Int32Array): Dataset {
    const { rows, cols, indptr, indices, data } = this.userItems;
    const remaining = indices.length - entries.length;
    const newIndptr = new Int32Array(rows + 1);
    for (let u = 0, gone = 0; u < rows; u++) {
      while (gone < entries.length && entries[gone] < indptr[u + 1]) gone++;
      newIndptr[u + 1] = indptr[u + 1] - gone;
    }
    const dataset = new Dataset({
      ...this.tables(),
      userItems: {
        rows,
        cols,
        indptr: newIndptr,
        indices: cutInto(new Int32Array(remaining), indices, entries),
        data: cutInto(new Float32Array(remaining), data, entries),
      },
      times: this.times && cutInto(new Float64Array(remaining), this.times, entries),
      parts: this.parts && cutInto(new Uint8Array(remaining), this.parts, entries),
    });
    dataset.#sums = this.#sums?.without(this, entries);
    return dataset;
  }

  /**
   * The same interactions over other tables, by id: what the tables do not know is left out.
   * For data that were read anew and a model that has forgotten since.
   */
  alignTo(users: IdTable, items: IdTable): Dataset {
    const userAt = Int32Array.from({ length: this.users.size }, (_, p) => positionIn(users, this.users.at(p)));
    const itemAt = Int32Array.from({ length: this.items.size }, (_, p) => positionIn(items, this.items.at(p)));
    const entriesOf = new Array<number[]>(users.size);
    const { indptr, indices, data } = this.userItems;
    let kept = 0;
    for (let u = 0; u < this.users.size; u++) {
      if (userAt[u] < 0) continue;
      const entries: number[] = (entriesOf[userAt[u]] = []);
      for (let e = indptr[u]; e < indptr[u + 1]; e++) if (itemAt[indices[e]] >= 0) entries.push(e);
      entries.sort((a, b) => itemAt[indices[a]] - itemAt[indices[b]]);
      kept += entries.length;
    }
    const order = new Int32Array(kept);
    const newIndptr = new Int32Array(users.size + 1);
    for (let u = 0, n = 0; u < users.size; u++) {
      for (const e of entriesOf[u] ?? []) order[n++] = e;
      newIndptr[u + 1] = n;
    }
    const titles = new Map<number, string>();
    for (const [item, title] of this.titles) if (itemAt[item] >= 0) titles.set(itemAt[item], title);
    const features = new Map<string, Features>();
    for (const [name, rows] of this.features) features.set(name, movedFeatures(rows, itemAt, items.size));
    return new Dataset({
      users,
      items,
      titles,
      features,
      source: this.source,
      split: this.split,
      reading: this.reading,
      fingerprintKey: this.fingerprintKey,
      userItems: {
        rows: users.size,
        cols: items.size,
        indptr: newIndptr,
        indices: order.map((e) => itemAt[indices[e]]),
        data: Float32Array.from(order, (e) => data[e]),
      },
      times: this.times && Float64Array.from(order, (e) => this.times![e]),
      parts: this.parts && Uint8Array.from(order, (e) => this.parts![e]),
    });
  }

  /** The sums that the fingerprint is made of, computed once. */
  get sums(): RowSums {
    return (this.#sums ??= RowSums.of(this));
  }

  /** Everything that stays when entries change. */
  private tables(): Omit<DatasetParts, 'userItems'> {
    const { users, items, titles, features, source, split, reading, fingerprintKey } = this;
    return { users, items, titles, features, source, split, reading, fingerprintKey };
  }
}

const positionIn = (table: IdTable, id: string | null): number => (id === null ? -1 : table.indexOf(id));

function pickInt(from: Int32Array, entries: Int32Array): Int32Array {
  const picked = new Int32Array(entries.length);
  for (let i = 0; i < entries.length; i++) picked[i] = from[entries[i]];
  return picked;
}
function pickFloat(from: Float32Array, entries: Int32Array): Float32Array {
  const picked = new Float32Array(entries.length);
  for (let i = 0; i < entries.length; i++) picked[i] = from[entries[i]];
  return picked;
}

/** Copies `from` into `to` without the listed ascending positions. */
function cutInto<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(to: T, from: T, gone: Int32Array): T {
  let start = 0;
  for (let g = 0; g <= gone.length; g++) {
    const end = g < gone.length ? gone[g] : from.length;
    to.set(from.subarray(start, end) as never, start - g);
    start = end + 1;
  }
  return to;
}

/** @throws TypeError for what is no data set, such as a model in its place. */
export function expectDataset(name: string, value: unknown): void {
  check.like(name, value, 'a Dataset, as from readDataset or DatasetBuilder', ['userItems', 'alignTo']);
}
