// Serving from a matrix of weights between items (EASE): a user's scores are sums of the rows of what they have.

import type { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import { HistoryModel } from './history.ts';
import type { ModelDescription, Ranking } from './model.ts';
import { checkSimilar } from './ranking-inputs.ts';

export abstract class WeightedItems extends HistoryModel {
  /** Weights [items × items]: row i is what item i adds to the scores of all. */
  readonly weights: Matrix;

  constructor(parts: ModelDescription, arena: Arena) {
    super(parts, arena);
    this.weights = new Matrix(arena, parts.items.size, parts.items.size);
  }

  protected scoreRows(count: number, list: number, history: { indptr: number; indices: number }, scores: number): void {
    this.arena.kernels.ease_scores(count, list, history.indptr, history.indices, this.weights.ld, this.weights.pointer, scores);
  }

  /** Cosine of the items' rows of weights. */
  similarItems(item: number, k: number): Ranking {
    checkSimilar(item, k, this.items);
    const { weights, items } = this;
    const row = weights.row(item).slice();
    const cosine = new Float64Array(items.size);
    for (let i = 0; i < items.size; i++) {
      const other = weights.row(i);
      let dot = 0;
      let norm = 0;
      for (let j = 0; j < other.length; j++) {
        dot += row[j] * other[j];
        norm += other[j] * other[j];
      }
      cosine[i] = norm > 0 ? dot / Math.sqrt(norm) : -Infinity;
    }
    const own = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    const near = [...cosine.keys()]
      .filter((i) => i !== item && items.at(i) !== null && cosine[i] > -Infinity && own > 0)
      .sort((a, b) => cosine[b] - cosine[a] || a - b)
      .slice(0, k);
    const ranking = { items: new Int32Array(k).fill(-1), scores: new Float32Array(k).fill(-Infinity) };
    near.forEach((i, n) => {
      ranking.items[n] = i;
      ranking.scores[n] = cosine[i] / own;
    });
    return ranking;
  }
}
