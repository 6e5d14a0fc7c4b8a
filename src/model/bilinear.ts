// A model whose scores are dot products of a user's row and an item's row: ranking, similarity, pair scores.
// It serves; how its factors were trained is its kind's affair.

import type { IdTable } from '../data/ids.ts';
import { planEven } from '../threads/team.ts';
import { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import { DescribedModel } from './described-model.ts';
import type { Model, ModelDescription, Ranking, RankRequest } from './model.ts';
import { allowedWords, checkPairs, checkRankRequest, checkSimilar, uploadRows } from './ranking-inputs.ts';

/** Dense factors, row-major without pads. */
export interface DenseFactors {
  readonly rows: number;
  readonly cols: number;
  readonly values: ArrayLike<number>;
}

export interface BilinearParts extends ModelDescription {
  /** Rows = user positions. */
  readonly userFactors: Matrix | DenseFactors;
  /** Rows = item positions. */
  readonly itemFactors: Matrix | DenseFactors;
  /**
   * Two matrices of one memory that nothing else uses any more: it becomes the model's, all else in it is cleared, and nothing
   * is copied. Default false.
   */
  readonly takeOver?: boolean;
  /** The memory to copy them to; default one of its own. */
  readonly arena?: Arena;
}

/** Users served in one call of the ranking kernel; items scored in one call for a first list. */
const RANK_BLOCK = 1024;
/** Users that a thread takes at once: the kernel scores them in sixteens. */
const RANK_PIECE = 32;

/** A bilinear model in a linear memory of its own, which holds its factors and what serving needs. */
export class BilinearModel extends DescribedModel implements Model {
  readonly userFactors: Matrix;
  readonly itemFactors: Matrix;
  /** Where the ranking kernel's copy of the items is; 0 after a first list that did without it. */
  #packed?: number;

  /** Copies the given factors, unless it takes over their memory. */
  constructor(parts: BilinearParts) {
    const { userFactors: X, itemFactors: Y } = parts;
    const taken = parts.takeOver && X instanceof Matrix && Y instanceof Matrix && X.arena === Y.arena;
    super(parts, taken ? X.arena : (parts.arena ?? new Arena()));
    this.userFactors = taken ? X : copyInto(this.arena, X);
    this.itemFactors = taken ? Y : copyInto(this.arena, Y);
    // A model holds no interactions, nor rows of the forgotten in what was scratch.
    if (taken) this.arena.clearBeside([X, Y]);
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([
      ['userFactors', this.userFactors],
      ['itemFactors', this.itemFactors],
    ]);
  }

  rank(request: RankRequest): Ranking {
    checkRankRequest(this, request);
    return this.#rank(request, this.userFactors);
  }

  /** Ranks for rows that need not be the model's own, such as a folded-in user's; `exclude` is by the given rows. */
  rankRows(rows: DenseFactors, request: Omit<RankRequest, 'users'>): Ranking {
    this.#packed ||= this.#pack();
    return this.arena.scope(() => {
      const users = Int32Array.from({ length: rows.rows }, (_, r) => r);
      return this.#rank({ ...request, users }, copyInto(this.arena, rows));
    });
  }

  scorePairs(users: Int32Array, items: Int32Array): Float32Array {
    checkPairs(this, users, items);
    const { arena, userFactors: X, itemFactors: Y } = this;
    return arena.scope(() => {
      const n = users.length;
      const u = arena.upload(users);
      const i = arena.upload(items);
      const out = arena.alloc(n * 4);
      arena.kernels.score_pairs(n, X.ld, u, i, X.pointer, Y.pointer, out);
      return arena.f32(out, n).slice();
    });
  }

  similarItems(item: number, k: number): Ranking {
    checkSimilar(item, k, this.items);
    return this.#similar(this.itemFactors, this.items, item, k);
  }

  /** Users whose rows lie closest (cosine) to the given user's, the user left out. */
  similarUsers(user: number, k: number): Ranking {
    checkSimilar(user, k, this.users, 'user');
    return this.#similar(this.userFactors, this.users, user, k);
  }

  #rank({ users, k, allowed, exclude, team }: RankRequest, X: Matrix): Ranking {
    const { items, itemFactors: Y } = this;
    if (users.length === 1 && !team && this.#packed === undefined) {
      this.#packed = 0;
      return this.arena.scope(() => {
        const seen = exclude && uploadRows(this.arena, exclude, users);
        return this.#scan(X.pointer + users[0] * X.ld * 4, Y, Y.pointer, k, allowedWords(items, allowed), seen);
      });
    }
    const own = (this.#packed ||= this.#pack());
    const result: Ranking = { items: new Int32Array(users.length * k), scores: new Float32Array(users.length * k) };
    // A team works in its own memory, which gets a copy of all that the kernel reads.
    const shared = team !== undefined && team.threads > 1;
    const arena = shared ? team.arena : this.arena;
    const { kernels } = arena;
    const scratchBytes = Math.ceil(kernels.topk_scratch(k, Y.rows, Y.ld) / 64) * 64;
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

  /**
   * One list, scored where the rows lie: packing all items takes longer than ranking them once. Scores of pairs have the bits
   * that the ranking kernel gives. Runs in a scope.
   * @param x where the row to rank for lies; rows of M, at `pointer`, are ranked.
   */
  #scan(x: number, M: Matrix, pointer: number, k: number, allowed: Uint32Array, seen?: ReturnType<typeof uploadRows>): Ranking {
    const { arena } = this;
    const { kernels } = arena;
    const { rows, ld } = M;
    const zeros = arena.allocZeroed(RANK_BLOCK * 4);
    const list = arena.upload(new Int32Array(RANK_BLOCK).map((_, i) => i));
    const words = arena.upload(allowed);
    const ids = arena.alloc(k * 4);
    const best = arena.alloc(k * 4);
    const scores = arena.alloc((rows + 8) * 4);
    const scratch = arena.alloc(kernels.select_topk_scratch(k, rows));
    for (let i = 0; i < rows; i += RANK_BLOCK) {
      kernels.score_pairs(Math.min(RANK_BLOCK, rows - i), ld, zeros, list, x, pointer + i * ld * 4, scores + i * 4);
    }
    kernels.select_topk(1, rows, k, scores, rows, zeros, seen?.indptr ?? 0, seen?.indices ?? 0, words, ids, best, scratch);
    return { items: arena.i32(ids, k).slice(), scores: arena.f32(best, k).slice() };
  }

  /** Nearest rows by cosine: unit rows, ranked like items. */
  #similar(M: Matrix, ids: IdTable, position: number, k: number): Ranking {
    const { arena } = this;
    return arena.scope(() => {
      const unit = arena.alloc(M.bytes);
      arena.kernels.row_normalize(M.rows, M.ld, M.pointer, unit);
      const allowed = new Uint8Array(M.rows).fill(1);
      allowed[position] = 0;
      return this.#scan(unit + position * M.ld * 4, M, unit, k, allowedWords(ids, allowed));
    });
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

function copyInto(arena: Arena, source: Matrix | DenseFactors): Matrix {
  const matrix = new Matrix(arena, source.rows, source.cols);
  if (source instanceof Matrix) matrix.view().set(source.view());
  else matrix.load(source.values);
  return matrix;
}
