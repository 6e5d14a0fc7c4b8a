// EASE (Steck 2019): the linear item-item model with zero diagonal that fits binary baskets best,
//   min_B ‖X − XB‖² + λ‖B‖², diag B = 0:  P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj.
// XᵀX holds whole numbers, so that forgetting can be exact to the byte: subtract the counts, factor again. With P kept,
// Woodbury's identity gives the same up to rounding in milliseconds. Refuses more items than memory can square.
import type { Dataset } from '../dataset.ts';
import { MemoryError, ModelError } from '../errors.ts';
import { HistoryModel, type HistoryParts } from '../history.ts';
import { checkStatus } from '../kernels.ts';
import { correct, UnstableError, type Change } from '../woodbury.ts';
import { Arena } from '../memory.ts';
import {
  breathe, provenanceOf, savedParameter, type FitControl, type Forgetting, type ModelKind, type Ranking, type Removal, type RunControl,
  type SavedModel,
} from '../model.ts';
import * as option from '../options.ts';
import { Matrix, paddedWidth } from '../tensor.ts';

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
/** Corrections of more than items / this many rows cost more than a new factorisation. */
const RANK_SHARE = 8;

/** Bytes of linear memory that a model of so many items takes while it is trained; less without its inverse. */
export function easeBytes(items: number): number {
  const m = paddedWidth(items);
  return items * m * 8 + m * m * 8 + (m * PIVOTS + PIVOTS * PIVOTS) * 16;
}

export class EaseModel extends HistoryModel implements Forgetting {
  declare readonly options: EaseOptions;
  readonly weights: Matrix;
  readonly gram: Matrix;
  /** P as float32 pairs, row i = [high | low]; absent where it was not kept. */
  inverse?: Matrix;

  constructor(parts: HistoryParts & { readonly options: EaseOptions }) {
    const arena = new Arena();
    const needed = easeBytes(parts.items.size);
    try {
      arena.reserve(needed);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      throw new MemoryError(needed, error.available, `EASE keeps a number for each of ${parts.items.size}² pairs of items: use item-knn or als, or fewer items`);
    }
    super(parts, arena);
    this.weights = new Matrix(arena, parts.items.size, parts.items.size);
    this.gram = new Matrix(arena, parts.items.size, parts.items.size);
  }

  get parameters(): ReadonlyMap<string, Matrix> {
    const kept = new Map([['weights', this.weights], ['gram', this.gram]]);
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
      let dot = 0, norm = 0;
      for (let j = 0; j < other.length; j++) {
        dot += row[j] * other[j];
        norm += other[j] * other[j];
      }
      cosine[i] = norm > 0 ? dot / Math.sqrt(norm) : -Infinity;
    }
    const own = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    const near = [...cosine.keys()].filter((i) => i !== item && items.at(i) !== null && cosine[i] > -Infinity && own > 0)
      .sort((a, b) => cosine[b] - cosine[a] || a - b).slice(0, k);
    const ranking = { items: new Int32Array(k).fill(-1), scores: new Float32Array(k).fill(-Infinity) };
    near.forEach((i, n) => {
      ranking.items[n] = i;
      ranking.scores[n] = cosine[i] / own;
    });
    return ranking;
  }

  restoreInverse(values: Float32Array): void {
    const m = this.gram.ld;
    this.inverse = new Matrix(this.arena, m, 2 * m).load(values);
  }

  /** Counts pairs of the baskets with a sign. */
  async count(baskets: readonly Int32Array[], sign: 1 | -1, { signal }: RunControl): Promise<void> {
    const { arena, gram } = this;
    for (let start = 0; start < baskets.length; start += USERS_PER_CALL) {
      const block = baskets.slice(start, start + USERS_PER_CALL);
      arena.scope(() => {
        const { indptr, indices } = uploadBaskets(arena, block);
        arena.kernels.count_pairs(0, block.length, indptr, indices, sign, gram.ld, gram.pointer);
      });
      await breathe();
      signal?.throwIfAborted();
    }
  }

  /** P and B from the counts. */
  async factor({ signal, onProgress }: RunControl, phase: string): Promise<void> {
    const { arena, gram, items } = this;
    const { kernels } = arena;
    const m = gram.ld, before = arena.mark();
    const kept = (this.inverse ??= new Matrix(arena, m, 2 * m)), mark = arena.mark();
    try {
      kernels.ease_system(items.size, m, this.options.regularization, gram.pointer, kept.pointer);
      const scratch = arena.alloc(kernels.spd_sweep_scratch(m, PIVOTS));
      for (let begin = 0; begin < m; begin += PIVOTS) {
        const status = kernels.spd_sweep(m, begin, Math.min(PIVOTS, m - begin), kept.pointer, scratch);
        checkStatus(status, (row) => `the counts of item ${JSON.stringify(items.at(row))} with the others are not positive definite in ` +
          `float64; raise "regularization" (now ${this.options.regularization})`);
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
      checkStatus(arena.kernels.ease_weights(items.size, weights.ld, inverse!.pointer, weights.pointer, scratch), (row) =>
        `the inverse has lost its digits at item ${JSON.stringify(items.at(row))}: forget by the exact route`);
    });
  }

  async without(removal: Removal, exact: boolean, control: RunControl): Promise<{ model: EaseModel; details: Record<string, unknown> }> {
    const { kind, options: own, record } = this;
    const { retain } = removal;
    const model = new EaseModel({ kind, options: own, users: retain.users, items: retain.items, provenance: provenanceOf(retain), record });
    model.gram.view().set(this.gram.view());
    const change = changeOf(removal);
    await model.count(change.before, -1, control);
    await model.count(change.after, 1, control);
    const rank = change.items.length + change.corrections.length;
    let why: string | undefined = exact ? undefined : !this.inverse ? 'the model keeps no inverse'
      : rank * RANK_SHARE > this.items.size ? `${rank} rows change: a new factorisation is cheaper` : undefined;
    if (!exact && why === undefined) {
      model.inverse = new Matrix(model.arena, this.inverse!.rows, this.inverse!.cols);
      model.inverse.view().set(this.inverse!.view());
      try {
        const residual = model.#correct(change);
        if (residual <= RESIDUAL_LIMIT) return { model, details: { exactness: 'approximate', route: 'woodbury', rank, residual } };
        why = `the corrected inverse was off by ${residual.toExponential(1)}`;
      } catch (error) {
        if (!(error instanceof UnstableError)) throw error;
        why = error.message;
      }
    }
    await model.factor(control, 'forget');
    return { model, details: { exactness: 'exact', route: 'factorisation', rank, ...(why !== undefined && { why }) } };
  }

  /** @returns the residual of the corrected inverse in the column that should have suffered most. */
  #correct(change: Change): number {
    const { arena, gram, inverse, items } = this;
    const { regularization } = this.options;
    correct(arena, items.size, inverse!, regularization, change);
    this.weigh();
    return arena.scope(() => arena.kernels.ease_residual(items.size, gram.ld, regularization, change.witness, gram.pointer, inverse!.pointer, arena.alloc(gram.ld * 8)));
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
function changeOf({ data, retain, entries }: Removal): Change & { before: Int32Array[]; after: Int32Array[] } {
  const { indptr, indices } = data.userItems;
  const counts = retain.itemCounts();
  const lost = new Int32Array(data.items.size);
  const before: Int32Array[] = [], after: Int32Array[] = [], corrections: { basket: Int32Array; sign: 1 | -1 }[] = [];
  for (const entry of entries) lost[indices[entry]]++;
  // Items that nobody is left with are eliminated first, whole; what then remains of the users' losses is corrected.
  const emptied = (item: number): boolean => counts[item] === 0 && lost[item] > 0;
  for (let e = 0, user = 0; e < entries.length;) {
    while (entries[e] >= indptr[user + 1]) user++;
    while (e < entries.length && entries[e] < indptr[user + 1]) e++;
    const old = data.itemsOf(user), now = retain.itemsOf(user), kept = old.filter((item) => !emptied(item));
    before.push(old);
    after.push(now);
    if (kept.length === now.length) continue;
    corrections.push({ basket: kept, sign: -1 });
    if (now.length > 0) corrections.push({ basket: now, sign: 1 });
  }
  let witness = 0;
  for (let item = 0; item < lost.length; item++) if (lost[item] > lost[witness]) witness = item;
  return { before, after, corrections, items: Int32Array.from(lost.keys()).filter(emptied), witness };
}

async function fit(data: Dataset, given: Partial<EaseOptions> = {}, control: FitControl = {}): Promise<EaseModel> {
  const resolved = option.resolveOptions('ease', options, given);
  control.signal?.throwIfAborted();
  if (data.users.size >= 1 << 24) throw new RangeError(`EASE counts users exactly up to ${1 << 24}, got ${data.users.size}`);
  const model = new EaseModel({ kind: ease, options: resolved, users: data.users, items: data.items, provenance: provenanceOf(data), record: {} });
  await model.count(Array.from({ length: data.users.size }, (_, u) => data.itemsOf(u)), 1, control);
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
  restore,
} as const) satisfies ModelKind<typeof options>;
