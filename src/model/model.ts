// What a model is, what it can do, and what every model is asked. Models and unlearning methods meet here:
// a model kind states its capabilities, a method states which it needs.

import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import type { GivenOptions, OptionSpecs, OptionValue } from '../base/options.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset, type SplitRecord } from '../data/dataset.ts';
import type { IdTable, KeptPositions } from '../data/ids.ts';
import type { ReadingRecord } from '../data/reading.ts';
import type { Team } from '../threads/team.ts';
import { kernelBuild } from '../wasm/kernels.ts';
import type { Arena, MemoryPlan } from '../wasm/memory.ts';
import type { Matrix, SparseRows } from '../wasm/tensor.ts';

/**
 * What a model kind can do beyond ranking:
 * `fit` trains from data; `factors` scores are dot products of user and item rows; `leastSquares` rows can be re-solved
 * from the other side (ALS); `gradient` its loss can be stepped on by a gradient method; `exactForget` it forgets by algebra.
 */
export type Capability = 'fit' | 'factors' | 'leastSquares' | 'gradient' | 'exactForget';

/** How a fit is run, beside the model's own options. */
export interface FitControl extends RunControl {
  /** Start from these factors instead of the keyed random ones, where the kind has factors. */
  readonly start?: { readonly userFactors: ArrayLike<number>; readonly itemFactors: ArrayLike<number> };
  /** Held-out interactions over the same tables, for models that stop early on a validation metric. */
  readonly validation?: Dataset;
}

/** Which rows a model was trained on; saved with it, and compared before data are used with it. */
export interface Provenance {
  /** Fingerprint of the training interactions that the parameters stand for. */
  readonly fingerprint: string;
  /** The split that the training rows were taken from; `rule` is `all` where nothing was held out. */
  readonly split: SplitRecord;
  /** How the data were read, as far as it was said: what counts as a like, columns and the like. Absent where nothing was. */
  readonly reading?: ReadingRecord;
  /** `fast` where kernels of that build had a part in the parameters: other hosts would compute other bytes. Else absent. */
  readonly kernels?: 'fast';
}

/** Sizes of data that memory is planned by: a data set, the cells of some rows, or figures of data that are not there yet. */
export interface CellShape {
  readonly interactions: number;
  readonly userItems: Pick<SparseRows, 'rows' | 'cols'> & { readonly indptr?: Int32Array; readonly indices?: Int32Array };
  readonly itemUsers?: { readonly indptr: Int32Array };
}

/** Which items to rank for whom. */
export interface RankRequest {
  /** User positions. */
  readonly users: Int32Array;
  /** List length. */
  readonly k: number;
  /** Items to leave out for each user, by user position: rows = all users of the model. */
  readonly exclude?: SparseRows;
  /** What each user has interacted with, by user position, for models that score from a user's history. */
  readonly history?: SparseRows;
  /** 1 for items that may be ranked, u8[items]; deleted items never are. */
  readonly allowed?: Uint8Array;
  /** Threads to share the users among, where the model can; the ranking is the same. */
  readonly team?: Team;
}

/** Ranked lists, row-major [users × k]; item −1 and score −Infinity fill lists that run out of items. */
export interface Ranking {
  readonly items: Int32Array;
  readonly scores: Float32Array;
}

/** What every model says of itself, whatever it scores by. */
export interface ModelDescription {
  /** Its kind: how to train another one, and what it can do. `kind.name` is the registry key. */
  readonly kind: ModelKind;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  /**
   * What training recorded: iterations, objective, convergence. Not part of the digest. `threads` says how many there were in
   * truth, which can be fewer than were asked for; it is no part of a model file, so that any number gives the same file.
   */
  readonly record: Readonly<Record<string, unknown>>;
}

/** A trained model. It owns its linear memory; it holds no interactions. */
export interface Model extends ModelDescription {
  /** The trained parameters by name, in file order. */
  readonly parameters: ReadonlyMap<string, Matrix>;
  /** Bytes of its linear memory. */
  readonly memoryBytes: number;
  /** Top-k items, best first, ties by lower item position. Scores are float32. */
  rank(request: RankRequest): Ranking;
  /** Scores of (user, item) pairs of positions. */
  scorePairs(users: Int32Array, items: Int32Array, history?: SparseRows): Float32Array;
  /** Items whose rows lie closest (cosine) to the given item's, itself left out. */
  similarItems(item: number, k: number): Ranking;
  /** Gives its memory back; whatever is asked of it afterwards is refused. A model that is dropped without it is collected in time. */
  dispose(): void;
}

/** What comes with a revision of the data. */
export interface Arrivals {
  /** Ascending entries of the data after that those before do not have, or have with another value. */
  readonly entries: Int32Array;
  /** Ascending positions of users and items that are new: they are empty in the tables before. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** Entries among `entries` that only changed their value or time. */
  readonly changed: number;
  /** Whether the positions before were in another order: ties in lists by position were settled otherwise then. */
  readonly reordered: boolean;
}

/** What one of the user's own items adds to a score. */
export interface Contribution {
  readonly item: string;
  readonly contribution: number;
}

/** Interactions that leave a training set, and those that come. */
export interface Removal {
  /** The interactions that the model was trained on, and those that remain, over the same positions. */
  readonly data: Dataset;
  readonly retain: Dataset;
  /** Ascending entries of `data` that are not in `retain`, or have another value there. */
  readonly entries: Int32Array;
  /** What `retain` has beside the rest of `data`; absent where nothing comes. */
  readonly arrivals?: Arrivals;
  /** The positions of `retain` that the model of what remains may do without all others; default all. */
  readonly kept?: KeptPositions;
}

/** A model of a kind with the capability `exactForget`. */
export interface ExactForgetter extends Model {
  /**
   * The model of what remains, by algebra; this one stays as it is.
   * @param exact true: the bytes that training on what remains would give; false: the quickest way, equal but for rounding.
   * @returns the model, and how it came about; `exactness` says which of the two it is.
   */
  without(removal: Removal, exact: boolean, control: RunControl): Promise<{ model: Model; details: Readonly<Record<string, unknown>> }>;
}

/** What is restored from a saved file. */
export interface SavedModel {
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  readonly record: Readonly<Record<string, unknown>>;
  /** Dense [rows × cols] float32 parameters by name. */
  readonly parameters: ReadonlyMap<string, SavedParameter>;
  /** The memory to live in; default one of its own. */
  readonly arena?: Arena;
}

export interface SavedParameter {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float32Array;
}

/** A kind of model: the registry's entry. */
export interface ModelKind<S extends OptionSpecs = any> {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly capabilities: readonly Capability[];
  readonly options: S;
  /**
   * Trains on all interactions of `data`.
   * @throws TypeError, RangeError for options; DataError for data it cannot use; MemoryError; ModelError.
   */
  fit(data: Dataset, options?: GivenOptions<S>, control?: FitControl): Promise<Model>;
  /**
   * The linear memory that `fit` takes, before it begins, where it follows from the shape of the data; `fit` itself
   * refuses with a MemoryError what does not fit.
   * @param data a data set, or `{interactions, userItems: {rows, cols}}` for data that are not there yet.
   */
  plan?(data: CellShape, options?: GivenOptions<S>, control?: Pick<RunControl, 'threads'>): MemoryPlan;
  /**
   * The parameters with the rows of fewer positions only, in their order (model/compact.ts): where training on the same data
   * would put them. Or of more: a position that had none before (−1) has the row of an id without interactions.
   */
  compact(saved: SavedModel, kept: KeptPositions): ReadonlyMap<string, SavedParameter>;
  /** A model from its saved parts. @throws ModelError when parts are missing or have wrong shapes. */
  restore(saved: SavedModel): Model;
}

/** The named parameter of a saved model, with the shape that its tables ask for. */
export function savedParameter(saved: SavedModel, name: string, rows: number, cols: number): SavedParameter {
  const parameter = saved.parameters.get(name);
  if (!parameter || parameter.rows !== rows || parameter.cols !== cols) {
    throw new ModelError(
      `the model file's "${name}" expected ${rows} x ${cols} values, found ` +
        (parameter ? `${parameter.rows} x ${parameter.cols}` : 'none'),
    );
  }
  return parameter;
}

/**
 * What a model trained on `data` remembers of them, and of the kernels.
 * @param from the model whose numbers went into the new one: what was made by fast kernels stays marked.
 */
export function provenanceOf(data: Dataset, from?: Model): Provenance {
  const fast = kernelBuild() === 'fast' || (from !== undefined && !byteComparable(from));
  const { split, reading } = data;
  return { fingerprint: data.fingerprint(), split, ...(reading && { reading }), ...(fast && { kernels: 'fast' }) };
}

/** Whether the same work gives the same bytes on every host; not so where the fast kernels had a part. */
export const byteComparable = ({ provenance }: Model): boolean => provenance.kernels === undefined;

/** @throws TypeError for what is no model, such as data in its place. */
export function expectModel(name: string, value: unknown): void {
  check.like(name, value, 'a model, as from fit or deserialize', ['kind', 'provenance']);
}

/** @param more what else the work may be told. @throws TypeError, RangeError for what no fit can be told. */
export function checkFitControl(what: string, control: FitControl, more: readonly string[] = []): void {
  checkControl(what, control, ['start', 'validation', ...more]);
  if (control.validation !== undefined) expectDataset('validation', control.validation);
}

/** What every `fit` is given beside its options. @throws TypeError, RangeError; the signal's reason. */
export function checkFit(kind: string, data: Dataset, control: FitControl, more: readonly string[] = []): void {
  expectDataset('data', data);
  checkFitControl(`training ${kind}`, control, more);
  check.aborted(control.signal);
}
