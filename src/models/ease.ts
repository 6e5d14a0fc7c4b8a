// EASE (Steck 2019): the linear item-item model with zero diagonal that fits binary baskets best,
//   min_B ‖X − XB‖² + λ‖B‖², diag B = 0:  P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj.
// XᵀX holds whole numbers, so that forgetting can be exact to the byte: subtract the counts, factor again. With P kept,
// Woodbury's identity gives the same up to rounding in milliseconds. Refuses more items than memory can square.

import { breathe } from '../base/breathe.ts';
import { ModelError } from '../base/errors.ts';
import * as option from '../base/options.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Dataset } from '../data/dataset.ts';
import { type Change, correct, diagonalOf, LowRank, UnstableError } from '../least-squares/woodbury.ts';
import { HistoryModel, type HistoryParts } from '../model/history.ts';
import {
  type CellShape,
  type FitControl,
  type Forgetting,
  type Model,
  type ModelKind,
  provenanceOf,
  type Ranking,
  type Removal,
  type SavedModel,
  savedParameter,
} from '../model/model.ts';
import { checkStatus } from '../wasm/kernels.ts';
import { Arena, memoryPlan } from '../wasm/memory.ts';
import { Matrix, paddedWidth } from '../wasm/tensor.ts';

const options = Object.freeze({
  regularization: option.number(500, { above: 0, max: 1e12 }, 'λ: larger trusts co-occurrence less; choose it on validation.'),
  inverse: option.boolean(true, 'Keep the inverse beside the weights: three times the file, and forgetting in milliseconds.'),
});

export type EaseOptions = option.OptionsOf<typeof options>;

/** Pivots swept in one kernel call. */
const PIVOTS = 128;
/** Users whose counts are added in one kernel call. */
const USERS_PER_CALL = 2048;
/** A column of the inverse whose residual is beyond this has lost its digits: then it is computed afresh. */
const RESIDUAL_LIMIT = 1e-8;
/** Corrections of at most this many rows are left beside the inverse that they are for: each costs a pass over a row of scores. */
const MOST_PENDING = 64;
/** Rows of a column that are looked at after corrections that are left beside: of items that lost something. */
const ROWS_CHECKED = 256;
/** Corrections of more than items / this many rows cost more than a new factorisation. */
const RANK_SHARE = 8;

/** Bytes of linear memory that a model of so many items takes while it is trained; less without its inverse. */
export function easeBytes(items: number): number {
  const m = paddedWidth(items);
  return items * m * 8 + m * m * 8 + (m * PIVOTS + PIVOTS * PIVOTS) * 16;
}

const remedyFor = (items: number): string =>
  `EASE keeps a number for each of ${items}² pairs of items: use item-knn or als, or fewer items`;

export class EaseModel extends HistoryModel implements Forgetting {
  declare readonly options: EaseOptions;
  readonly weights: Matrix;
  readonly gram: Matrix;
  /** P as float32 pairs, row i = [high | low]; absent where it was not kept. */
  inverse?: Matrix;

  constructor(parts: HistoryParts & { readonly options: EaseOptions }) {
    const arena = new Arena();
    arena.reserve(easeBytes(parts.items.size), remedyFor(parts.items.size));
    super(parts, arena);
    this.weights = new Matrix(arena, parts.items.size, parts.items.size);
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

  protected scoreRows(count: number, list: number, history: { indptr: number; indices: number }, scores: number): void {
    this.arena.kernels.ease_scores(count, list, history.indptr, history.indices, this.weights.ld, this.weights.pointer, scores);
  }

  /** Cosine of the items' rows of weights. */
  similarItems(item: number, k: number): Ranking {
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
    const { retain } = removal;
    const parts = { kind, options: own, users: retain.users, items: retain.items, provenance: provenanceOf(retain, this), record };
    const change = changeOf(removal);
    const counted = [...earlier, ...countedOf(change)];
    const rank = change.items.length + change.corrections.length;
    const all = rank + pending.T.length;
    let why: string | undefined = exact
      ? undefined
      : !this.inverse
        ? 'the model keeps no inverse'
        : rank * RANK_SHARE > this.items.size
          ? `${rank} rows change: a new factorisation is cheaper`
          : undefined;
    if (!exact && why === undefined) {
      try {
        const model =
          all <= MOST_PENDING
            ? new CorrectedEaseModel(parts, this, pending.and(this.arena, this.inverse!, change), counted)
            : await this.#corrected(parts, pending, counted, change, control);
        const residual = model.residual(change.witness, change.rows);
        if (residual <= RESIDUAL_LIMIT) return { model, details: { exactness: 'approximate', route: 'woodbury', rank, residual } };
        why = `the corrected inverse was off by ${residual.toExponential(1)}`;
      } catch (error) {
        if (!(error instanceof UnstableError)) throw error;
        why = error.message;
      }
    }
    const model = this.#recounted(parts, counted);
    await model.factor(control, 'forget');
    return { model, details: { exactness: 'exact', route: 'factorisation', rank, ...(why !== undefined && { why }) } };
  }

  /** A model of these counts and changes of them, without weights yet. */
  #recounted(parts: HistoryParts & { readonly options: EaseOptions }, counted: readonly Counted[]): EaseModel {
    const model = new EaseModel(parts);
    model.gram.view().set(this.gram.view());
    for (const { baskets, sign } of counted) model.countNow(baskets, sign);
    return model;
  }

  /** A model with an inverse and weights of its own, from this one's and corrections. */
  settled(
    parts: HistoryParts & { readonly options: EaseOptions },
    corrections: LowRank,
    counted: readonly Counted[],
    further?: Change,
  ): EaseModel {
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
    parts: HistoryParts & { readonly options: EaseOptions },
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

/** Baskets that are counted with a sign. */
interface Counted {
  readonly baskets: readonly Int32Array[];
  readonly sign: 1 | -1;
}

const countedOf = ({ before, after }: { readonly before: readonly Int32Array[]; readonly after: readonly Int32Array[] }): Counted[] => [
  { baskets: before, sign: -1 },
  { baskets: after, sign: 1 },
];

/**
 * What a quick correction leaves: the numbers of the model before, and beside them the rows that correct them, so that it
 * answers in milliseconds. Its parameters, once asked for (to save or to compare it), are computed and then its own;
 * until then it shares the memory of the model before, and keeps it.
 */
class CorrectedEaseModel extends HistoryModel implements Forgetting {
  declare readonly options: EaseOptions;
  readonly #base: EaseModel;
  readonly #corrections: LowRank;
  readonly #counted: readonly Counted[];
  /** P_jj before, and −1 / P_jj now. */
  readonly #before: Float64Array;
  readonly #scale: Float64Array;
  #own?: EaseModel;

  constructor(parts: HistoryParts & { readonly options: EaseOptions }, base: EaseModel, corrections: LowRank, counted: readonly Counted[]) {
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

  #settle(): EaseModel {
    return (this.#own ??= this.#base.settled(this, this.#corrections, this.#counted));
  }
}

function uploadBaskets(arena: Arena, baskets: readonly Int32Array[]): { indptr: number; indices: number } {
  const indptr = new Int32Array(baskets.length + 1);
  baskets.forEach((basket, r) => (indptr[r + 1] = indptr[r] + basket.length));
  const indices = new Int32Array(indptr[baskets.length]);
  baskets.forEach((basket, r) => indices.set(basket, indptr[r]));
  return { indptr: arena.upload(indptr), indices: arena.upload(indices) };
}

/** Baskets before and after of the users who lose something, and the corrections of the inverse that follow. */
function changeOf({ data, retain, entries }: Removal): Change & { before: Int32Array[]; after: Int32Array[]; rows: Int32Array } {
  const { indptr, indices } = data.userItems;
  const counts = retain.itemCounts();
  const lost = new Int32Array(data.items.size);
  const before: Int32Array[] = [];
  const after: Int32Array[] = [];
  const corrections: { basket: Int32Array; sign: 1 | -1 }[] = [];
  for (const entry of entries) lost[indices[entry]]++;
  // Items that nobody is left with are eliminated first, whole; what then remains of the users' losses is corrected.
  const emptied = (item: number): boolean => counts[item] === 0 && lost[item] > 0;
  for (let e = 0, user = 0; e < entries.length; ) {
    while (entries[e] >= indptr[user + 1]) user++;
    while (e < entries.length && entries[e] < indptr[user + 1]) e++;
    const old = data.itemsOf(user);
    const now = retain.itemsOf(user);
    const kept = old.filter((item) => !emptied(item));
    before.push(old);
    after.push(now);
    if (kept.length === now.length) continue;
    corrections.push({ basket: kept, sign: -1 });
    if (now.length > 0) corrections.push({ basket: now, sign: 1 });
  }
  let witness = 0;
  for (let item = 0; item < lost.length; item++) if (lost[item] > lost[witness]) witness = item;
  return {
    before,
    after,
    corrections,
    items: Int32Array.from(lost.keys()).filter(emptied),
    witness,
    rows: Int32Array.from(lost.keys())
      .filter((item) => lost[item] > 0)
      .subarray(0, ROWS_CHECKED),
  };
}

async function fit(data: Dataset, given: Partial<EaseOptions> = {}, control: FitControl = {}): Promise<EaseModel> {
  const resolved = option.resolveOptions('ease', options, given);
  control.signal?.throwIfAborted();
  if (data.users.size >= 1 << 24) throw new RangeError(`EASE counts users exactly up to ${1 << 24}, got ${data.users.size}`);
  const model = new EaseModel({
    kind: ease,
    options: resolved,
    users: data.users,
    items: data.items,
    provenance: provenanceOf(data),
    record: {},
  });
  await model.count(
    Array.from({ length: data.users.size }, (_, u) => data.itemsOf(u)),
    1,
    control,
  );
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

export const ease = Object.freeze({
  name: 'ease',
  summary: 'EASE, the closed-form linear item-item model (Steck 2019); forgets exactly, or in milliseconds.',
  capabilities: ['fit', 'exactForget'],
  options,
  fit,
  plan: ({ userItems: { cols } }: CellShape) => memoryPlan({ 'pairs of items': easeBytes(cols) }, () => remedyFor(cols)),
  restore,
} as const) satisfies ModelKind<typeof options>;
