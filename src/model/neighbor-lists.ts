// Serving from a list of neighbours for each item (item-knn): a user's scores are sums over the lists of what they have.

import { ModelError } from '../base/errors.ts';
import { Arena } from '../wasm/memory.ts';
import { Matrix, paddedWidth } from '../wasm/tensor.ts';
import { HistoryModel } from './history.ts';
import { type ModelDescription, type Ranking, type SavedModel, savedParameter } from './model.ts';
import { checkSimilar } from './ranking-inputs.ts';

export abstract class NeighborLists extends HistoryModel {
  /** Places of neighbours counted from 1, nearest first, and how similar each is; 0 where a list has ended. */
  readonly neighbors: Matrix;
  readonly similarities: Matrix;

  constructor(parts: ModelDescription & { readonly options: { readonly neighbors: number }; readonly arena?: Arena }) {
    super(parts, parts.arena ?? new Arena());
    this.neighbors = new Matrix(this.arena, parts.items.size, parts.options.neighbors);
    this.similarities = new Matrix(this.arena, parts.items.size, parts.options.neighbors);
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([
      ['neighbors', this.neighbors],
      ['similarities', this.similarities],
    ]);
  }

  protected scoreRows(count: number, list: number, history: { indptr: number; indices: number }, scores: number): void {
    const { neighbors, similarities, items } = this;
    this.arena.kernels.knn_scores(
      count,
      list,
      history.indptr,
      history.indices,
      items.size,
      neighbors.cols,
      neighbors.ld,
      neighbors.pointer,
      similarities.pointer,
      scores,
      paddedWidth(items.size),
    );
  }

  /** The item's own list: no more than `neighbors` entries. */
  similarItems(item: number, k: number): Ranking {
    checkSimilar(item, k, this.items);
    const items = new Int32Array(k).fill(-1);
    const scores = new Float32Array(k).fill(-Infinity);
    const names = this.neighbors.row(item);
    const similarities = this.similarities.row(item);
    for (let n = 0; n < Math.min(k, names.length) && names[n] !== 0; n++) {
      items[n] = names[n] - 1;
      scores[n] = similarities[n];
    }
    return { items, scores };
  }

  /** Fills the lists from a saved model. @throws ModelError for places of no items. */
  load(saved: SavedModel): this {
    const { size } = saved.items;
    for (const name of ['neighbors', 'similarities'] as const)
      this[name].load(savedParameter(saved, name, size, this.neighbors.cols).values);
    const stranger = saved.parameters.get('neighbors')!.values.find((place) => !(Number.isInteger(place) && place >= 0 && place <= size));
    if (stranger === undefined) return this;
    throw new ModelError(`the model file's "neighbors" expected places of ${size} items, counted from 1, found ${stranger}`);
  }
}
