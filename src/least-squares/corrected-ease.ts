// An EASE model that is the numbers of a model before and corrections beside them.
import type { OptionValue } from '../base/options.ts';
import type { RunControl } from '../base/run-control.ts';
import { HistoryModel } from '../model/history.ts';
import type { ExactForgetter, Model, ModelDescription, Ranking, Removal } from '../model/model.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Matrix } from '../wasm/tensor.ts';
import type { Counted } from './basket-change.ts';
import { diagonalOf, type LowRank, UnstableError } from './woodbury.ts';

/** What corrections stand beside: a model with its inverse. */
export interface EaseBase extends ExactForgetter {
  readonly memory: Arena;
  readonly weights: Matrix;
  readonly gram: Matrix;
  readonly inverse?: Matrix;
  /** Forgets after corrections and changes of counts that its own numbers do not hold yet. */
  withoutMore(
    removal: Removal,
    exact: boolean,
    control: RunControl,
    pending: LowRank,
    earlier: readonly Counted[],
  ): Promise<{ model: Model; details: Record<string, unknown> }>;
  /** A model with an inverse and weights of its own, from this one's and corrections. */
  settled(parts: CorrectedParts, corrections: LowRank, counted: readonly Counted[]): EaseBase;
}

export interface CorrectedParts extends ModelDescription {
  readonly options: Readonly<Record<string, OptionValue>> & { readonly regularization: number };
}

/**
 * What a quick correction leaves: the numbers of the model before, and beside them the rows that correct them, so that it
 * answers in milliseconds. Its parameters, once asked for (to save or to compare it), are computed and then its own;
 * until then it shares the memory of the model before, and keeps it.
 */
export class CorrectedEase extends HistoryModel implements ExactForgetter {
  declare readonly options: CorrectedParts['options'];
  readonly #base: EaseBase;
  readonly #corrections: LowRank;
  readonly #counted: readonly Counted[];
  /** P_jj before, and −1 / P_jj now. */
  readonly #before: Float64Array;
  readonly #scale: Float64Array;
  #own?: EaseBase;

  constructor(parts: CorrectedParts, base: EaseBase, corrections: LowRank, counted: readonly Counted[]) {
    super(parts, base.memory);
    this.#base = base;
    this.#corrections = corrections;
    this.#counted = counted;
    const { size } = parts.items;
    this.#before = diagonalOf(size, base.inverse!);
    this.#scale = corrections.diagonal(size, base.inverse!, parts.options.regularization).map((p) => {
      if (!(p > 0)) throw new UnstableError('the corrected inverse has lost its digits');
      return 1 / p;
    });
  }

  /** The memory is that of the model it corrects, which goes on. */
  protected override letGo(): void {
    this.#own?.dispose();
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    return this.#settle().parameters;
  }

  similarItems(item: number, k: number): Ranking {
    return this.#settle().similarItems(item, k);
  }

  without(removal: Removal, exact: boolean, control: RunControl): Promise<{ model: Model; details: Record<string, unknown> }> {
    return this.#own
      ? this.#own.without(removal, exact, control)
      : this.#base.withoutMore(removal, exact, control, this.#corrections, this.#counted);
  }

  /** Scores before are x_j − (xP)_j / P_jj: with xP′ = xP − Σ_a (x·T_a) Z_a, those now follow from them. */
  protected scoreRows(count: number, list: number, { indptr, indices }: { indptr: number; indices: number }, scores: number): void {
    const { arena } = this;
    const { weights } = this.#base;
    const { T, Z, cleared } = this.#corrections;
    const items = this.items.size;
    arena.kernels.ease_scores(count, list, indptr, indices, weights.ld, weights.pointer, scores);
    const users = arena.i32(list, count);
    const change = new Float64Array(items);
    const before = this.#before;
    const scale = this.#scale;
    for (let r = 0; r < count; r++) {
      const row = arena.f32(scores + r * weights.ld * 4, items);
      const [begin, end] = arena.i32(indptr + users[r] * 4, 2);
      const basket = arena.i32(indices + begin * 4, end - begin);
      change.fill(0);
      for (let a = 0; a < T.length; a++) {
        const t = T[a];
        const z = Z[a];
        let along = 0;
        for (const item of basket) along += t[item];
        for (let j = 0; j < items; j++) change[j] += along * z[j];
      }
      const own = Array.from(basket, (j) => 1 - (before[j] * (1 - row[j]) - change[j]) * scale[j]);
      for (let j = 0; j < items; j++) row[j] = (before[j] * row[j] + change[j]) * scale[j];
      basket.forEach((j, n) => (row[j] = own[n]));
      for (const item of cleared) row[item] = 0;
    }
  }

  /** Largest entry of a column of (G′ + λI) P′ − I in the given rows, G′ and P′ corrected on the way. */
  residual(item: number, rows: Int32Array): number {
    const { gram, inverse } = this.#base;
    const { regularization } = this.options;
    const ld = gram.ld;
    const pairs = inverse!.row(item);
    const column = this.#corrections.product(
      Int32Array.of(item),
      Float64Array.from({ length: ld }, (_, j) => pairs[j] + pairs[ld + j]),
    );
    if (this.#corrections.cleared.includes(item)) column[item] = 1 / regularization;
    const changes = this.#counted.flatMap(({ baskets, sign }) =>
      baskets.map((basket) => ({ has: new Set(basket), along: sign * basket.reduce((sum, j) => sum + column[j], 0) })),
    );
    return rows.reduce((worst, i) => {
      const counts = gram.row(i);
      let sum = regularization * column[i] - (i === item ? 1 : 0);
      for (let j = 0; j < counts.length; j++) sum += counts[j] * column[j];
      for (const { has, along } of changes) if (has.has(i)) sum += along;
      return Math.max(worst, Math.abs(sum));
    }, 0);
  }

  #settle(): EaseBase {
    return (this.#own ??= this.#base.settled(this, this.#corrections, this.#counted));
  }
}
