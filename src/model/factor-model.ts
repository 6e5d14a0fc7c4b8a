// A model whose scores are dot products of a user's row and an item's row, served list by list where the rows lie: all that a page or
// an edge worker asks for. `bilinear.ts` adds the ranking kernel for many lists, which gives the same bits.

import type { IdTable } from '../data/ids.ts';
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

/** Items scored in one call. */
const SCAN_BLOCK = 1024;

/** Factors in a linear memory of their own, and what serving needs. */
export class FactorModel extends DescribedModel implements Model {
  readonly userFactors: Matrix;
  readonly itemFactors: Matrix;
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
    return this.ranked(request, this.userFactors);
  }

  /** Ranks for rows that need not be the model's own, such as a folded-in user's; `exclude` is by the given rows. */
  rankRows(rows: DenseFactors, request: Omit<RankRequest, 'users'>): Ranking {
    return this.arena.scope(() => {
      const users = Int32Array.from({ length: rows.rows }, (_, r) => r);
      return this.ranked({ ...request, users }, copyInto(this.arena, rows));
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

  /** Lists for rows of X, by position. */
  protected ranked({ users, k, allowed, exclude }: RankRequest, X: Matrix): Ranking {
    const { arena, items, itemFactors: Y } = this;
    const words = allowedWords(items, allowed);
    const result: Ranking = { items: new Int32Array(users.length * k), scores: new Float32Array(users.length * k) };
    users.forEach((user, n) => {
      arena.scope(() => {
        const seen = exclude && uploadRows(arena, exclude, Int32Array.of(user));
        const list = this.scan(X.pointer + user * X.ld * 4, Y, Y.pointer, k, words, seen);
        result.items.set(list.items, n * k);
        result.scores.set(list.scores, n * k);
      });
    });
    return result;
  }

  /**
   * One list, scored where the rows lie: packing all items takes longer than ranking them once. Scores of pairs have the bits
   * that the ranking kernel gives. Runs in a scope.
   * @param x where the row to rank for lies; rows of M, at `pointer`, are ranked.
   */
  protected scan(x: number, M: Matrix, pointer: number, k: number, allowed: Uint32Array, seen?: ReturnType<typeof uploadRows>): Ranking {
    const { arena } = this;
    const { kernels } = arena;
    const { rows, ld } = M;
    const zeros = arena.allocZeroed(SCAN_BLOCK * 4);
    const list = arena.upload(new Int32Array(SCAN_BLOCK).map((_, i) => i));
    const words = arena.upload(allowed);
    const ids = arena.alloc(k * 4);
    const best = arena.alloc(k * 4);
    const scores = arena.alloc((rows + 8) * 4);
    const scratch = arena.alloc(kernels.select_topk_scratch(k, rows));
    for (let i = 0; i < rows; i += SCAN_BLOCK) {
      kernels.score_pairs(Math.min(SCAN_BLOCK, rows - i), ld, zeros, list, x, pointer + i * ld * 4, scores + i * 4);
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
      return this.scan(unit + position * M.ld * 4, M, unit, k, allowedWords(ids, allowed));
    });
  }
}

function copyInto(arena: Arena, source: Matrix | DenseFactors): Matrix {
  const matrix = new Matrix(arena, source.rows, source.cols);
  if (source instanceof Matrix) matrix.view().set(source.view());
  else matrix.load(source.values);
  return matrix;
}
