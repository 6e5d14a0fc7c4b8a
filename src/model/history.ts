// Models that score from what a user has interacted with, by weights between items: they hold no row of any user.
// Ranking and pair scores; how the weights came about is their kind's affair.

import { ModelError } from '../base/errors.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { type Matrix, paddedWidth, type SparseRows } from '../wasm/tensor.ts';
import { DescribedModel } from './described-model.ts';
import { requireTables } from './evaluate.ts';
import type { Contribution, Model, Ranking, RankRequest } from './model.ts';
import { positionOf } from './positions.ts';
import { allowedWords, checkPairs, checkRankRequest, uploadRows } from './ranking-inputs.ts';

/** Most numbers in a block of score rows. */
const SCORES_PER_BLOCK = 1 << 22;

export abstract class HistoryModel extends DescribedModel implements Model {
  abstract readonly parameters: ReadonlyMap<string, Matrix>;

  abstract similarItems(item: number, k: number): Ranking;

  /** scores[r, j] of all items for the histories of rows list[r]; row stride paddedWidth(items); runs in a scope. */
  protected abstract scoreRows(count: number, list: number, history: { indptr: number; indices: number }, scores: number): void;

  rank(request: RankRequest): Ranking {
    checkRankRequest(this, request);
    const { users, k, exclude, history, allowed } = request;
    const { arena, items } = this;
    const known = this.#requireHistory(history);
    const width = paddedWidth(items.size);
    const result: Ranking = { items: new Int32Array(users.length * k), scores: new Float32Array(users.length * k) };
    const blockSize = Math.max(1, Math.floor(SCORES_PER_BLOCK / width));
    for (let start = 0; start < users.length; start += blockSize) {
      const block = users.subarray(start, start + blockSize);
      const n = block.length;
      arena.scope(() => {
        const list = arena.upload(Int32Array.from(block, (_, r) => r));
        const scores = arena.alloc(n * width * 4);
        this.scoreRows(n, list, uploadRows(arena, known, block), scores);
        const seen = exclude && uploadRows(arena, exclude, block);
        const words = arena.upload(allowedWords(items, allowed));
        const ids = arena.alloc(n * k * 4);
        const best = arena.alloc(n * k * 4);
        const scratch = arena.alloc(arena.kernels.select_topk_scratch(k, items.size));
        arena.kernels.select_topk(n, items.size, k, scores, width, list, seen?.indptr ?? 0, seen?.indices ?? 0, words, ids, best, scratch);
        result.items.set(arena.i32(ids, n * k), start * k);
        result.scores.set(arena.f32(best, n * k), start * k);
      });
    }
    return result;
  }

  scorePairs(users: Int32Array, items: Int32Array, history?: SparseRows): Float32Array {
    checkPairs(this, users, items);
    const { arena } = this;
    const known = this.#requireHistory(history);
    const result = new Float32Array(users.length);
    // Pairs of one user stand together where callers go user by user: a row of scores serves them all.
    for (let p = 0; p < users.length; ) {
      const user = users[p];
      arena.scope(() => {
        const scores = arena.alloc(paddedWidth(this.items.size) * 4);
        this.scoreRows(1, arena.upload(Int32Array.of(0)), uploadRows(arena, known, Int32Array.of(user)), scores);
        const row = arena.f32(scores, this.items.size);
        for (; p < users.length && users[p] === user; p++) result[p] = row[items[p]];
      });
    }
    return result;
  }

  /**
   * Which of the user's own items made the score of an item. The score is a sum over what the user has: each contribution is the
   * score that this item alone would give.
   * @param data the interactions that the model was trained on.
   * @returns the score, and the contributions, largest first.
   * @throws DataError for ids that the model does not know.
   */
  explain(data: Dataset, userId: string, itemId: string): { score: number; contributions: Contribution[] } {
    expectDataset('data', data);
    requireTables(this, data);
    const user = positionOf('user', this.users, userId);
    const item = positionOf('item', this.items, itemId);
    const own = data.itemsOf(user);
    const { arena } = this;
    const width = paddedWidth(this.items.size);
    const atOnce = Math.max(1, Math.floor(SCORES_PER_BLOCK / width));
    const added = new Float32Array(own.length);
    for (let start = 0; start < own.length; start += atOnce) {
      const block = own.slice(start, start + atOnce);
      arena.scope(() => {
        const list = arena.upload(Int32Array.from(block, (_, r) => r));
        const alone = { indptr: arena.upload(Int32Array.from({ length: block.length + 1 }, (_, r) => r)), indices: arena.upload(block) };
        const scores = arena.alloc(block.length * width * 4);
        this.scoreRows(block.length, list, alone, scores);
        block.forEach((_, r) => (added[start + r] = arena.f32(scores + (r * width + item) * 4, 1)[0]));
      });
    }
    const [score] = this.scorePairs(Int32Array.of(user), Int32Array.of(item), data.userItems);
    const contributions = Array.from(own, (each, n): Contribution => ({ item: this.items.at(each)!, contribution: added[n] }));
    return { score, contributions: contributions.sort((a, b) => b.contribution - a.contribution) };
  }

  #requireHistory(history: SparseRows | undefined): SparseRows {
    if (!history)
      throw new ModelError(
        `a model of kind "${this.kind.name}" scores from what the user has interacted with: give the data (\`history\`)`,
      );
    return history;
  }
}
