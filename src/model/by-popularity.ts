// Serving by popularity: the same order for everybody, less what each has.

import type { IdTable } from '../data/ids.ts';
import { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import type { Model, ModelKind, Provenance, Ranking, RankRequest } from './model.ts';
import { popularFirst, rankInOrder } from './popular.ts';
import { checkPairs, checkRankRequest, checkSimilar } from './ranking-inputs.ts';

export interface PopularityParts {
  readonly kind: ModelKind;
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  /** Users per item; whole numbers up to 2^24 are exact in float32. */
  readonly counts: ArrayLike<number>;
  readonly arena?: Arena;
}

export class ByPopularity implements Model {
  readonly kind: ModelKind;
  readonly options = {};
  readonly record = { threads: 1 };
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  readonly #arena: Arena;
  readonly #counts: Matrix;
  /** Items that exist, most popular first, ties by position. */
  readonly #order: Int32Array;

  constructor({ kind, users, items, provenance, counts, arena = new Arena() }: PopularityParts) {
    this.#arena = arena;
    this.kind = kind;
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

  #count(item: number): number {
    return this.#counts.row(item)[0];
  }
}
