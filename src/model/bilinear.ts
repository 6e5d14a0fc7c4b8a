// A model whose scores are dot products of a user's row and an item's row, with the kernel that ranks many lists at once, on many
// threads if asked. It serves; how its factors were trained is its kind's affair.

import { planEven } from '../threads/team.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Matrix } from '../wasm/tensor.ts';
import { type DenseFactors, FactorModel } from './factor-model.ts';
import type { Ranking, RankRequest } from './model.ts';
import { allowedWords, topkScratch, uploadRows } from './ranking-inputs.ts';

/** Users served in one call of the ranking kernel. */
const RANK_BLOCK = 1024;
/** Users that a thread takes at once: the kernel scores them in sixteens. */
const RANK_PIECE = 32;

/** A bilinear model in a linear memory of its own, which holds its factors and what serving needs. */
export class BilinearModel extends FactorModel {
  /** Where the ranking kernel's copy of the items is; 0 after a first list that did without it. */
  #packed?: number;

  override rankRows(rows: DenseFactors, request: Omit<RankRequest, 'users'>): Ranking {
    this.#packed ||= this.#pack();
    return super.rankRows(rows, request);
  }

  protected override ranked(request: RankRequest, X: Matrix): Ranking {
    const { users, k, allowed, exclude, team } = request;
    const { items, itemFactors: Y } = this;
    if (users.length === 1 && !team && this.#packed === undefined) {
      this.#packed = 0;
      return super.ranked(request, X);
    }
    const own = (this.#packed ||= this.#pack());
    const result: Ranking = { items: new Int32Array(users.length * k), scores: new Float32Array(users.length * k) };
    // A team works in its own memory, which gets a copy of all that the kernel reads.
    const shared = team !== undefined && team.threads > 1;
    const arena = shared ? team.arena : this.arena;
    const { kernels } = arena;
    const scratchBytes = topkScratch(kernels, k, Y.rows, Y.ld);
    arena.scope(() => {
      const packed = shared ? arena.upload(this.arena.u8(own, kernels.packed_items_bytes(Y.rows, Y.ld))) : own;
      const rowsOfItems = shared ? arena.upload(Y.view()) : Y.pointer;
      const words = arena.upload(allowedWords(items, allowed));
      const scratch = arena.alloc(scratchBytes * (shared ? team.threads : 1));
      for (let start = 0; start < users.length; start += RANK_BLOCK) {
        const block = users.subarray(start, start + RANK_BLOCK);
        arena.scope(() => {
          const n = block.length;
          // Only the block's rows of `exclude` travel; they are numbered as the block is.
          const seen = exclude && uploadRows(arena, exclude, block);
          const moved = seen !== undefined || shared;
          const list = arena.upload(moved ? Int32Array.from(block, (_, r) => r) : block);
          const rows = moved ? gatherRows(arena, X, block) : X.pointer;
          const ids = arena.alloc(n * k * 4);
          const scores = arena.alloc(n * k * 4);
          const inputs = [k, Y.rows, Y.ld, list, rows, rowsOfItems, packed, seen?.indptr ?? 0, seen?.indices ?? 0, words] as const;
          if (shared) {
            team.runNow('topk', planEven(n, RANK_PIECE), [
              ...inputs,
              { base: ids, row: k * 4 },
              { base: scores, row: k * 4 },
              { base: scratch, thread: scratchBytes },
            ]);
          } else kernels.topk(0, n, ...inputs, ids, scores, scratch);
          result.items.set(arena.i32(ids, n * k), start * k);
          result.scores.set(arena.f32(scores, n * k), start * k);
        });
      }
    });
    return result;
  }

  /** The ranking kernel's copy of the item factors, made once: it stays in the arena below every scope. */
  #pack(): number {
    const { arena, itemFactors: Y } = this;
    const { kernels } = arena;
    const packed = arena.alloc(kernels.packed_items_bytes(Y.rows, Y.ld));
    arena.scope(() => kernels.pack_items(Y.rows, Y.ld, Y.pointer, packed, arena.alloc(kernels.pack_items_scratch(Y.rows))));
    return packed;
  }
}

function gatherRows(arena: Arena, M: Matrix, rows: Int32Array): number {
  const bytes = M.ld * 4;
  const pointer = arena.alloc(rows.length * bytes);
  const from = M.arena.u8(0, M.arena.size);
  const into = arena.u8(pointer, rows.length * bytes);
  for (let r = 0; r < rows.length; r++) into.set(from.subarray(M.pointer + rows[r] * bytes, M.pointer + (rows[r] + 1) * bytes), r * bytes);
  return pointer;
}
