// Item neighbours by weighted co-occurrence of binary baskets: cosine, TF-IDF, BM25. What is kept are the k best
// neighbours of each item; they are a pure function of the baskets, so that forgetting is exact: counts are subtracted
// and every list that could differ is brought to what a fresh fit gives, byte for byte.

import { breathe } from '../base/breathe.ts';
import * as option from '../base/options.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Dataset } from '../data/dataset.ts';
import type { KeptPositions } from '../data/ids.ts';
import { requireLikes } from '../data/likes.ts';
import { compactRows } from '../model/compact.ts';
import {
  checkFit,
  type ExactForgetter,
  type FitControl,
  type ModelKind,
  provenanceOf,
  type Removal,
  type SavedModel,
  type SavedParameter,
} from '../model/model.ts';
import { NeighborLists } from '../model/neighbor-lists.ts';
import { Csr } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  neighbors: option.integer(100, { min: 1, max: 10000 }, "Length of each item's list of neighbours."),
  weighting: option.word(
    'cosine',
    ['cosine', 'tfidf', 'bm25'],
    'Weight of a shared user: 1; squared inverse document frequency; or BM25, which also discounts frequent items.',
  ),
  shrinkage: option.number(
    0,
    { min: 0, max: 1e6 },
    'Added to the denominator of a similarity, against chance co-occurrence; not used by bm25.',
  ),
  k1: option.number(1.2, { min: 0, max: 1000 }, 'BM25: how soon frequency saturates.'),
  b: option.number(0.75, { min: 0, max: 1 }, "BM25: how much an item's popularity counts against it."),
}));

/** The options of `itemKnn`, all of them said. */
export type ItemKnnOptions = option.OptionsOf<typeof options>;

/** Increments of counts between two looks at the clock and the signal. */
const WORK_PER_CALL = 2e8;

/** Both sides of the baskets, and the weights that they imply. */
interface Counts {
  readonly users: Pick<Csr, 'rows' | 'nnz' | 'indptr' | 'indices'>;
  readonly items: Pick<Csr, 'rows' | 'nnz' | 'indptr' | 'indices'>;
  readonly itemIndptr: Int32Array;
  readonly weights: number;
  readonly norms: number;
  readonly shrinkage: number;
}

/** As the kernels take them. */
const countArguments = ({ users, items, weights, norms, shrinkage }: Counts) =>
  [shrinkage, users.indptr, users.indices, items.indptr, items.indices, weights, norms] as const;

/** A trained model of item neighbours. */
export class ItemKnnModel extends NeighborLists implements ExactForgetter {
  declare readonly options: ItemKnnOptions;
  /** Lists of all items, from the baskets alone. */
  async build(data: Dataset, control: RunControl): Promise<void> {
    const mark = this.arena.mark();
    try {
      await this.#lists(this.#count(data), allOf(this.items.size), 'train', control);
    } finally {
      this.arena.release(mark);
    }
  }

  async without(
    removal: Removal,
    _exact: boolean,
    control: RunControl,
  ): Promise<{ model: ItemKnnModel; details: Record<string, unknown> }> {
    const { options: own, kind } = this;
    const { data, retain, entries, arrivals } = removal;
    const model = new ItemKnnModel({
      kind,
      options: own,
      users: retain.users,
      items: retain.items,
      provenance: provenanceOf(retain, this),
      record: { threads: 1 },
    });
    // Global weights move with every change: then every list is counted anew. Else only the lists that may differ.
    const changed = new Uint8Array(data.items.size);
    for (const entry of entries) changed[data.userItems.indices[entry]] = 1;
    for (const entry of arrivals?.entries ?? []) changed[retain.userItems.indices[entry]] = 1;
    const rows = positions(changed);
    if (own.weighting !== 'cosine' || rows.length * 4 > data.items.size || arrivals?.reordered) {
      await model.build(retain, control);
      return { model, details: { exactness: 'exact', lists: model.items.size } };
    }
    model.neighbors.view().set(this.neighbors.view());
    model.similarities.view().set(this.similarities.view());
    return { model, details: { exactness: 'exact', lists: await model.#refresh(removal, changed, rows, control) } };
  }

  /** @returns how many lists were counted anew. */
  async #refresh({ data, retain, entries }: Removal, changed: Uint8Array, rows: Int32Array, control: RunControl): Promise<number> {
    const { arena, neighbors, similarities, items } = this;
    const { neighbors: k } = this.options;
    const mark = arena.mark();
    try {
      const counts = this.#countOf(retain, changed);
      const others = keptBeside(data, entries, changed);
      const rescan = arena.allocZeroed(items.size);
      const flags = arena.upload(changed);
      const list = arena.upload(rows);
      const scratch = arena.allocZeroed(arena.kernels.knn_refresh_scratch(items.size));
      arena.kernels.knn_refresh(
        rows.length,
        list,
        flags,
        others.length,
        arena.upload(others),
        items.size,
        k,
        neighbors.ld,
        ...countArguments(counts),
        neighbors.pointer,
        similarities.pointer,
        rescan,
        scratch,
      );
      const stale = arena.u8(rescan, items.size).slice();
      const left = positions(stale);
      if (left.length > 0) await this.#lists(this.#countOf(retain, stale), left, 'forget', control);
      return rows.length + left.length;
    } finally {
      arena.release(mark);
    }
  }

  /** Counts of one for every user, with the users of the flagged items only. */
  #countOf({ userItems: { rows, cols, indptr, indices } }: Dataset, flagged: Uint8Array): Counts {
    const { arena } = this;
    const sizes = new Float64Array(cols);
    const itemIndptr = new Int32Array(cols + 1);
    for (let e = 0; e < indices.length; e++) sizes[indices[e]]++;
    for (let i = 0; i < cols; i++) itemIndptr[i + 1] = itemIndptr[i] + (flagged[i] ? sizes[i] : 0);
    const next = itemIndptr.slice();
    const usersOf = new Int32Array(itemIndptr[cols]);
    for (let u = 0; u < rows; u++) {
      for (let e = indptr[u]; e < indptr[u + 1]; e++) if (flagged[indices[e]]) usersOf[next[indices[e]]++] = u;
    }
    return {
      users: { rows, nnz: indices.length, indptr: arena.upload(indptr), indices: arena.upload(indices) },
      items: { rows: cols, nnz: usersOf.length, indptr: arena.upload(itemIndptr), indices: arena.upload(usersOf) },
      itemIndptr,
      weights: arena.upload(new Float64Array(rows).fill(1)),
      norms: arena.upload(sizes),
      shrinkage: this.options.shrinkage,
    };
  }

  async #lists(counts: Counts, rows: Int32Array, phase: string, { signal, onProgress }: RunControl): Promise<void> {
    const { arena, neighbors, similarities, items } = this;
    const list = arena.upload(rows);
    const scratch = arena.allocZeroed(arena.kernels.knn_lists_scratch(items.size));
    const perEntry = counts.users.nnz / Math.max(1, counts.users.rows);
    for (let begin = 0; begin < rows.length; ) {
      let end = begin;
      let work = 0;
      while (end < rows.length && work < WORK_PER_CALL)
        work += (counts.itemIndptr[rows[end] + 1] - counts.itemIndptr[rows[end++]]) * perEntry + 100;
      arena.kernels.knn_lists(
        begin,
        end,
        list,
        items.size,
        neighbors.cols,
        neighbors.ld,
        ...countArguments(counts),
        neighbors.pointer,
        similarities.pointer,
        scratch,
      );
      begin = end;
      onProgress?.({ phase, done: begin, total: rows.length });
      await breathe();
      signal?.throwIfAborted();
    }
  }

  #count({ userItems, items }: Dataset): Counts {
    const { arena } = this;
    const { kernels } = arena;
    const { weighting, shrinkage, k1, b } = this.options;
    const { rows, cols } = userItems;
    arena.reserve((rows + cols + 2) * 4 + userItems.indices.length * 16 + rows * 8 + cols * 8 + cols * 16);
    const users = Csr.from(arena, userItems);
    const turned = users.transpose();
    const weights = arena.alloc(rows * 8);
    const norms = arena.alloc(cols * 8);
    const itemIndptr = arena.i32(turned.indptr, cols + 1).slice();
    const sizes = Array.from({ length: cols }, (_, i) => itemIndptr[i + 1] - itemIndptr[i]);
    const present = sizes.filter((n) => n > 0).length;
    const perUser = arena.f64(weights, rows).fill(1);
    if (weighting !== 'cosine') {
      const most = kernels.log_f64(present);
      for (let u = 0; u < rows; u++) {
        const idf = most - kernels.log_f64(1 + userItems.indptr[u + 1] - userItems.indptr[u]);
        perUser[u] = idf * idf;
      }
    }
    if (weighting === 'bm25') {
      // s_ij = a_i a_j W_ij with a = (k1 + 1) / (k1 (1 − b + b n_i / mean) + 1): a norm of 1 / a²
      const mean = users.nnz / Math.max(1, present);
      const perItem = arena.f64(norms, items.size);
      for (let i = 0; i < cols; i++) {
        const a = (k1 + 1) / (k1 * (1 - b + (b * sizes[i]) / mean) + 1);
        perItem[i] = 1 / (a * a);
      }
    } else kernels.knn_norms(cols, turned.indptr, turned.indices, weights, norms);
    return { users, items: turned, itemIndptr, weights, norms, shrinkage: weighting === 'bm25' ? 0 : shrinkage };
  }
}

const allOf = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i);

/** Items, not flagged, of users who lose entries. */
function keptBeside(data: Dataset, entries: Int32Array, flagged: Uint8Array): Int32Array {
  const { indptr } = data.userItems;
  const beside = new Uint8Array(flagged.length);
  for (let e = 0, user = 0; e < entries.length; ) {
    while (entries[e] >= indptr[user + 1]) user++;
    for (const item of data.itemsOf(user)) if (!flagged[item]) beside[item] = 1;
    while (e < entries.length && entries[e] < indptr[user + 1]) e++;
  }
  return positions(beside);
}

function positions(flags: Uint8Array): Int32Array {
  const list: number[] = [];
  for (let i = 0; i < flags.length; i++) if (flags[i]) list.push(i);
  return Int32Array.from(list);
}

async function fit(data: Dataset, given: option.GivenOptions<typeof options> = {}, control: FitControl = {}): Promise<ItemKnnModel> {
  checkFit('item-knn', data, control);
  const resolved = option.resolveOptions('item-knn', options, given);
  requireLikes('item-knn', data);
  const model = new ItemKnnModel({
    kind: itemKnn,
    options: resolved,
    users: data.users,
    items: data.items,
    provenance: provenanceOf(data),
    record: { threads: 1 },
  });
  await model.build(data, control);
  return model;
}

function restore(saved: SavedModel): ItemKnnModel {
  const resolved = option.resolveOptions('item-knn', options, saved.options);
  return new ItemKnnModel({ ...saved, kind: itemKnn, options: resolved }).load(saved);
}

/** Neighbours are named by their positions, from 1 on: these change with the rows. */
function compact(saved: SavedModel, kept: KeptPositions): Map<string, SavedParameter> {
  const rows = compactRows(saved, kept, () => ['items']);
  const names = new Float32Array(saved.items.size + 1);
  kept.items.forEach((from, to) => from >= 0 && (names[from + 1] = to + 1));
  const neighbors = rows.get('neighbors')!;
  return rows.set('neighbors', { ...neighbors, values: neighbors.values.map((name) => names[name]) });
}

/** Nearest items by co-occurrence: quick, easy to explain, and exact to forget. */
export const itemKnn = /* @__PURE__ */ Object.freeze({
  name: 'item-knn',
  summary: 'Nearest items by co-occurrence (cosine, TF-IDF, BM25); forgets exactly.',
  capabilities: ['fit', 'exactForget'],
  options,
  fit,
  compact,
  restore,
} as const) satisfies ModelKind<typeof options>;
