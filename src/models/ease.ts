// EASE (Steck 2019): the linear item-item model with zero diagonal that fits binary baskets best,
//   min_B ‖X − XB‖² + λ‖B‖², diag B = 0:  P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj.
// XᵀX holds whole numbers, so that forgetting can be exact to the byte: subtract the counts, factor again. With P kept,
// Woodbury's identity gives the same up to rounding in milliseconds. Refuses more items than memory can square.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import * as option from '../base/options.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireLikes } from '../data/likes.ts';
import { type Counted, changeOf, countedOf, uploadBaskets } from '../least-squares/basket-change.ts';
import { compactEase } from '../least-squares/compact-ease.ts';
import { CorrectedEase, type EaseBase } from '../least-squares/corrected-ease.ts';
import { type Change, correct, LowRank, UnstableError } from '../least-squares/woodbury.ts';
import { pickedCells } from '../model/compact.ts';
import {
  type CellShape,
  checkFit,
  type FitControl,
  type Model,
  type ModelDescription,
  type ModelKind,
  provenanceOf,
  type Removal,
  type SavedModel,
  savedParameter,
} from '../model/model.ts';
import { WeightedItems } from '../model/weighted-items.ts';
import { checkStatus } from '../wasm/kernels.ts';
import { Arena, memoryPlan } from '../wasm/memory.ts';
import { Matrix, paddedWidth } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  regularization: option.number(500, { above: 0, max: 1e12 }, 'λ: larger trusts co-occurrence less; choose it on validation.'),
  inverse: option.boolean(true, 'Keep the inverse beside the weights: three times the file, and forgetting in milliseconds.'),
}));

/** The options of `ease`, all of them said. */
export type EaseOptions = option.OptionsOf<typeof options>;

/** Pivots swept in one kernel call. */
const PIVOTS = 128;
const USERS_PER_CALL = 2048; // whose counts are added in one kernel call
/** A column of the inverse whose residual is beyond this has lost its digits: then it is computed afresh. */
const RESIDUAL_LIMIT = 1e-8;
/** Corrections of at most this many rows are left beside the inverse that they are for: each costs a pass over a row of scores. */
const MOST_PENDING = 64;
/** Corrections of more than items / this many rows cost more than a new factorisation. */
const RANK_SHARE = 8;

/**
 * Bytes of linear memory that a model of so many items takes while it is trained; less without its inverse.
 * @example
 * easeBytes(10_000) / 2 ** 30; // GB that ten thousand items take
 */
export function easeBytes(items: number): number {
  const m = paddedWidth(check.integer('items', items, { min: 0 }));
  return items * m * 8 + m * m * 8 + (m * PIVOTS + PIVOTS * PIVOTS) * 16;
}

const remedyFor = (items: number): string =>
  `EASE keeps a number for each of ${items}² pairs of items: use item-knn or als, or fewer items`;

type EaseParts = ModelDescription & { readonly options: EaseOptions; readonly arena?: Arena };

/** A trained EASE model. */
export class EaseModel extends WeightedItems implements EaseBase {
  declare readonly options: EaseOptions;
  readonly gram: Matrix;
  /** P as float32 pairs, row i = [high | low]; absent where it was not kept. */
  inverse?: Matrix;

  constructor(parts: EaseParts) {
    const arena = parts.arena ?? new Arena();
    arena.reserve(easeBytes(parts.items.size), remedyFor(parts.items.size));
    super(parts, arena);
    this.gram = new Matrix(arena, parts.items.size, parts.items.size);
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    const kept = new Map([
      ['weights', this.weights],
      ['gram', this.gram],
    ]);
    if (this.inverse) kept.set('inverse', this.inverse);
    return kept;
  }

  /** Its linear memory, for a model that is a correction of this one. */
  get memory(): Arena {
    return this.arena;
  }

  restoreInverse(values: Float32Array): void {
    const m = this.gram.ld;
    this.inverse = new Matrix(this.arena, m, 2 * m).load(values);
  }

  /** Counts pairs of the baskets with a sign. */
  async count(baskets: readonly Int32Array[], sign: 1 | -1, { signal }: RunControl): Promise<void> {
    for (let start = 0; start < baskets.length; start += USERS_PER_CALL) {
      this.countNow(baskets.slice(start, start + USERS_PER_CALL), sign);
      await breathe();
      signal?.throwIfAborted();
    }
  }

  countNow(baskets: readonly Int32Array[], sign: 1 | -1): void {
    const { arena, gram } = this;
    arena.scope(() => {
      const { indptr, indices } = uploadBaskets(arena, baskets);
      arena.kernels.count_pairs(0, baskets.length, indptr, indices, sign, gram.ld, gram.pointer);
    });
  }

  /** P and B from the counts. */
  async factor({ signal, onProgress }: RunControl, phase: string): Promise<void> {
    const { arena, gram, items } = this;
    const { kernels } = arena;
    const m = gram.ld;
    const before = arena.mark();
    const kept = (this.inverse ??= new Matrix(arena, m, 2 * m));
    const mark = arena.mark();
    try {
      kernels.ease_system(items.size, m, this.options.regularization, gram.pointer, kept.pointer);
      const scratch = arena.alloc(kernels.spd_sweep_scratch(m, PIVOTS));
      for (let begin = 0; begin < m; begin += PIVOTS) {
        const status = kernels.spd_sweep(m, begin, Math.min(PIVOTS, m - begin), kept.pointer, scratch);
        checkStatus(
          status,
          (row) =>
            `the counts of item ${JSON.stringify(items.at(row))} with the others are not positive definite in ` +
            `float64; raise "regularization" (now ${this.options.regularization})`,
        );
        onProgress?.({ phase, done: Math.min(begin + PIVOTS, m), total: m });
        await breathe();
        signal?.throwIfAborted();
      }
      kernels.spd_finish(m, kept.pointer);
      kernels.split_pairs(items.size, m, kept.pointer, scratch);
      this.weigh();
    } finally {
      arena.release(mark);
    }
    if (!this.options.inverse) {
      this.inverse = undefined;
      arena.release(before);
    }
  }

  /** B from P. */
  weigh(): void {
    const { arena, weights, items, inverse } = this;
    arena.scope(() => {
      const scratch = arena.alloc(weights.ld * 8);
      checkStatus(
        arena.kernels.ease_weights(items.size, weights.ld, inverse!.pointer, weights.pointer, scratch),
        (row) => `the inverse has lost its digits at item ${JSON.stringify(items.at(row))}: forget by the exact route`,
      );
    });
  }

  async without(removal: Removal, exact: boolean, control: RunControl): Promise<{ model: Model; details: Record<string, unknown> }> {
    return this.withoutMore(removal, exact, control, new LowRank(), []);
  }

  /** The same, after corrections and changes of counts that this model's numbers do not hold yet. */
  async withoutMore(
    removal: Removal,
    exact: boolean,
    control: RunControl,
    pending: LowRank,
    earlier: readonly Counted[],
  ): Promise<{ model: Model; details: Record<string, unknown> }> {
    const { kind, options: own, record } = this;
    const { retain, kept } = removal;
    // It has no rows of users: these need not be moved afterwards.
    const users = kept ? retain.users.only(kept.users) : retain.users;
    const parts = { kind, options: own, users, items: retain.items, provenance: provenanceOf(retain, this), record };
    const change = changeOf(removal);
    const counted = [...earlier, ...countedOf(change)];
    const rank = change.items.length + change.corrections.length;
    const all = rank + pending.T.length;
    let why = exact ? undefined : this.#whyNotCorrected(rank);
    if (!exact && why === undefined) {
      try {
        const model =
          all <= MOST_PENDING
            ? new CorrectedEase(parts, this, pending.and(this.arena, this.inverse!, change), counted)
            : await this.#corrected(parts, pending, counted, change, control);
        const residual = model.residual(change.witness, change.rows);
        if (residual <= RESIDUAL_LIMIT) return { model, details: { exactness: 'approximate', route: 'woodbury', rank, residual } };
        why = `the corrected inverse was off by ${residual.toExponential(1)}`;
      } catch (error) {
        if (!(error instanceof UnstableError)) throw error;
        why = error.message;
      }
    }
    const items = kept ? retain.items.only(kept.items) : retain.items;
    const model = this.#recounted({ ...parts, items }, counted, kept?.items);
    await model.factor(control, 'forget');
    return { model, details: { exactness: 'exact', route: 'factorisation', rank, ...(why !== undefined && { why }) } };
  }

  /** Why correcting the inverse is not worth trying; undefined where it is. */
  #whyNotCorrected(rank: number): string | undefined {
    if (!this.inverse) return 'the model keeps no inverse';
    if (rank * RANK_SHARE > this.items.size) return `${rank} rows change: a new factorisation is cheaper`;
    return undefined;
  }

  /** A model of these counts and changes of them, without weights yet. @param items the positions that it has; default all. */
  #recounted(parts: EaseParts, counted: readonly Counted[], items?: Int32Array): EaseModel {
    const model = new (this.constructor as typeof EaseModel)(parts); // see LowRank
    if (!items || items.length === this.items.size) {
      model.gram.view().set(this.gram.view());
      for (const { baskets, sign } of counted) model.countNow(baskets, sign);
      return model;
    }
    const { rows, cols } = this.gram;
    model.gram.load(pickedCells({ rows, cols, values: this.gram.toArray() }, items).values);
    const itemAt = new Int32Array(this.items.size).fill(-1);
    items.forEach((from, to) => (itemAt[from] = to));
    for (const { baskets, sign } of counted) {
      const moved = baskets.map((basket) => basket.map((item) => itemAt[item]).filter((item) => item >= 0));
      model.countNow(moved, sign);
    }
    return model;
  }

  /** A model with an inverse and weights of its own, from this one's and corrections. */
  settled(parts: EaseParts, corrections: LowRank, counted: readonly Counted[], further?: Change): EaseModel {
    const model = this.#recounted(parts, counted);
    const { regularization } = this.options;
    model.inverse = new Matrix(model.arena, this.inverse!.rows, this.inverse!.cols);
    model.inverse.view().set(this.inverse!.view());
    corrections.applyTo(model.arena, this.items.size, model.inverse, regularization);
    if (further) correct(model.arena, this.items.size, model.inverse, regularization, further);
    model.weigh();
    return model;
  }

  async #corrected(
    parts: EaseParts,
    pending: LowRank,
    counted: readonly Counted[],
    change: Change,
    { signal }: RunControl,
  ): Promise<EaseModel> {
    const model = this.settled(parts, pending, counted, change);
    await breathe();
    signal?.throwIfAborted();
    return model;
  }

  /** Largest entry of a column of (G + λI) P − I. */
  residual(item: number, _rows?: Int32Array): number {
    const { arena, gram, inverse, items } = this;
    return arena.scope(() =>
      arena.kernels.ease_residual(
        items.size,
        gram.ld,
        this.options.regularization,
        item,
        gram.pointer,
        inverse!.pointer,
        arena.alloc(gram.ld * 8),
      ),
    );
  }
}

async function fit(data: Dataset, given: option.GivenOptions<typeof options> = {}, control: FitControl = {}): Promise<EaseModel> {
  checkFit('ease', data, control);
  const resolved = option.resolveOptions('ease', options, given);
  requireLikes('ease', data);
  if (data.users.size >= 1 << 24) throw new RangeError(`EASE counts users exactly up to ${1 << 24}, got ${data.users.size}`);
  const model = new EaseModel({
    kind: ease,
    options: resolved,
    users: data.users,
    items: data.items,
    provenance: provenanceOf(data),
    record: { threads: 1 },
  });
  const rows = Array.from({ length: data.users.size }, (_, u) => data.itemsOf(u));
  await model.count(rows, 1, control);
  await model.factor(control, 'train');
  return model;
}

function restore(saved: SavedModel): EaseModel {
  const resolved = option.resolveOptions('ease', options, saved.options);
  const model = new EaseModel({ ...saved, kind: ease, options: resolved });
  const { size } = saved.items;
  model.weights.load(savedParameter(saved, 'weights', size, size).values);
  model.gram.load(savedParameter(saved, 'gram', size, size).values);
  if (resolved.inverse) {
    const m = paddedWidth(size);
    model.restoreInverse(savedParameter(saved, 'inverse', m, 2 * m).values);
  } else if (saved.parameters.has('inverse')) throw new ModelError('the model file brings an inverse that its options say was not kept');
  return model;
}

/** EASE: weights between all pairs of items, in closed form. Strong up to some ten thousand items, and exact to forget. */
export const ease = /* @__PURE__ */ Object.freeze({
  name: 'ease',
  summary: 'EASE, the closed-form linear item-item model (Steck 2019); forgets exactly, or in milliseconds.',
  capabilities: ['fit', 'exactForget'],
  options,
  fit,
  plan: ({ userItems: { cols } }: CellShape) => memoryPlan({ 'pairs of items': easeBytes(cols) }, () => remedyFor(cols)),
  compact: compactEase,
  restore,
} as const) satisfies ModelKind<typeof options>;
