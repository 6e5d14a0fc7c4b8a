// Items by the number of users who have them: the floor that every report shows, and exact to forget.

import { declareOptions, resolveOptions } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import type { IdTable, KeptPositions } from '../data/ids.ts';
import { requireLikes } from '../data/likes.ts';
import { compactRows } from '../model/compact.ts';
import {
  checkFit,
  type ExactForgetter,
  type FitControl,
  type Model,
  type ModelKind,
  type Provenance,
  provenanceOf,
  type Ranking,
  type RankRequest,
  type Removal,
  type SavedModel,
  savedParameter,
} from '../model/model.ts';
import { popularFirst, rankInOrder } from '../model/popular.ts';
import { checkPairs, checkRankRequest, checkSimilar } from '../model/ranking-inputs.ts';
import { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ declareOptions(() => ({}));

interface PopularityParts {
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  /** Users per item; whole numbers up to 2^24 are exact in float32. */
  readonly counts: ArrayLike<number>;
  readonly arena?: Arena;
}

class PopularityModel implements ExactForgetter {
  readonly kind: ModelKind = popularity;
  readonly options = {};
  readonly record = { threads: 1 };
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  readonly #arena: Arena;
  readonly #counts: Matrix;
  /** Items that exist, most popular first, ties by position. */
  readonly #order: Int32Array;

  constructor({ users, items, provenance, counts, arena = new Arena() }: PopularityParts) {
    this.#arena = arena;
    this.users = users;
    this.items = items;
    this.provenance = provenance;
    this.#counts = new Matrix(this.#arena, items.size, 1).load(counts);
    this.#order = popularFirst(items, counts);
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([['counts', this.#counts]]);
  }
  get memoryBytes(): number {
    return this.#arena.held;
  }

  dispose(): void {
    this.#arena.dispose();
  }

  rank(request: RankRequest): Ranking {
    checkRankRequest(this, request);
    return rankInOrder(this.#order, this.#counts.toArray(), request);
  }

  scorePairs(users: Int32Array, items: Int32Array): Float32Array {
    checkPairs(this, users, items);
    return Float32Array.from(items, (item) => this.#count(item));
  }

  /** Items whose popularity is nearest; the cosine of one number says no more. */
  similarItems(item: number, k: number): Ranking {
    checkSimilar(item, k, this.items);
    const distance = (i: number): number => Math.abs(this.#count(i) - this.#count(item));
    const nearest = Array.from(this.#order)
      .filter((i) => i !== item)
      .sort((a, b) => distance(a) - distance(b) || a - b)
      .slice(0, k);
    const items = new Int32Array(k).fill(-1);
    const scores = new Float32Array(k).fill(-Infinity);
    nearest.forEach((i, n) => {
      items[n] = i;
      scores[n] = -distance(i);
    });
    return { items, scores };
  }

  async without({ retain }: Removal): Promise<{ model: Model; details: Record<string, unknown> }> {
    const { users, items } = retain;
    const model = new PopularityModel({ users, items, provenance: provenanceOf(retain, this), counts: retain.itemCounts() });
    return { model, details: { exactness: 'exact' } };
  }

  #count(item: number): number {
    return this.#counts.row(item)[0];
  }
}

export const popularity = /* @__PURE__ */ Object.freeze({
  name: 'popularity',
  summary: 'Most popular items first, the same for everybody: the floor to compare with.',
  capabilities: ['fit', 'exactForget'],
  options,
  async fit(data: Dataset, given: object = {}, control: FitControl = {}): Promise<Model> {
    checkFit('popularity', data, control);
    resolveOptions('popularity', options, given);
    requireLikes('popularity', data);
    const counts = data.itemCounts();
    control.onProgress?.({ phase: 'train', done: 1, total: 1 });
    return new PopularityModel({ users: data.users, items: data.items, provenance: provenanceOf(data), counts });
  },
  compact: (saved: SavedModel, kept: KeptPositions) => compactRows(saved, kept, () => ['items']),
  restore(saved: SavedModel): Model {
    return new PopularityModel({ ...saved, counts: savedParameter(saved, 'counts', saved.items.size, 1).values });
  },
} as const) satisfies ModelKind<typeof options>;
