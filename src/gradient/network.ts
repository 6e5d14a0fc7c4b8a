// What a gradient model is made of: parameters that know how they begin, and a pass from them to losses and scores.

import { DataError } from '../base/errors.ts';
import { keyOf, pairKey, STREAM } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import type { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import type { PairTables } from './pair-descent.ts';
import type { Batch } from './sampling.ts';
import type { Tape, Variable } from './tape.ts';

/** Where a block of rows begins: uniform in ±scale, uniform between 0 and scale, or normal with this standard deviation. */
export interface Start {
  readonly law: 'uniform' | 'oneSided' | 'normal';
  readonly scale: number;
}
export const xavierUniform = (rows: number, cols: number): Start => ({ law: 'uniform', scale: Math.sqrt(6 / (rows + cols)) });
export const xavierNormal = (rows: number, cols: number): Start => ({ law: 'normal', scale: Math.sqrt(2 / (rows + cols)) });
export const byFanIn = (fanIn: number): Start => ({ law: 'uniform', scale: 1 / Math.sqrt(fanIn) });

/** Rows of a parameter that belong to users, to items, or to nobody. */
export interface Block {
  readonly owner: 'users' | 'items' | 'shared';
  readonly from: number;
  readonly rows: number;
  readonly start: Start;
}

/** A trained matrix. */
export interface Parameter {
  readonly matrix: Matrix;
  readonly blocks: readonly Block[];
  /** Whether no gradient moves it: something that scores depend on, and that the network itself keeps up to date. */
  readonly fixed?: boolean;
}

/** Makes parameters in an arena, with the sizes of a data set. */
export class ParameterSet {
  readonly parameters = new Map<string, Parameter>();
  constructor(
    readonly arena: Arena,
    readonly data: Dataset,
  ) {}

  /** One row per user. */
  users(name: string, cols: number, start: (rows: number, cols: number) => Start): Matrix {
    const rows = this.data.users.size;
    return this.#add(name, cols, [{ owner: 'users', from: 0, rows, start: start(rows, cols) }]);
  }
  /** One row per item. */
  items(name: string, cols: number, start: (rows: number, cols: number) => Start): Matrix {
    const rows = this.data.items.size;
    return this.#add(name, cols, [{ owner: 'items', from: 0, rows, start: start(rows, cols) }]);
  }
  /** One row per user, then one per item, each half begun as a table of its own. */
  nodes(name: string, cols: number, start: (rows: number, cols: number) => Start): Matrix {
    const users = this.data.users.size;
    const items = this.data.items.size;
    return this.#add(name, cols, [
      { owner: 'users', from: 0, rows: users, start: start(users, cols) },
      { owner: 'items', from: users, rows: items, start: start(items, cols) },
    ]);
  }
  /** Weights that belong to nobody. */
  shared(name: string, rows: number, cols: number, start: Start): Matrix {
    return this.#add(name, cols, [{ owner: 'shared', from: 0, rows, start }]);
  }
  /** Numbers that the network writes itself, zero at first. */
  state(name: string, rows: number, cols: number): Matrix {
    return this.#add(name, cols, [{ owner: 'shared', from: 0, rows, start: { law: 'uniform', scale: 0 } }], true);
  }

  #add(name: string, cols: number, blocks: readonly Block[], fixed = false): Matrix {
    const matrix = new Matrix(
      this.arena,
      blocks.reduce((sum, { rows }) => sum + rows, 0),
      cols,
    );
    this.parameters.set(name, { matrix, blocks, fixed });
    return matrix;
  }
}

/** What draws the first values of whose rows. */
const FIRST_STREAM = { users: 'userFactors', items: 'itemFactors', shared: 'parameters' } as const;

/**
 * Gives a block its first values: row r's are a function of (seed, stream, parameter, owner, id) alone; rows of ids that
 * are gone are zero.
 * @param generation above 0 for rows that begin anew after forgetting: other draws than the first ones.
 * @param only positions in the block to begin; default all.
 */
export function begin(
  name: string,
  { matrix }: Parameter,
  block: Block,
  data: Dataset,
  seed: number,
  generation = 0,
  only?: Int32Array,
): void {
  const { arena, ld, cols } = matrix;
  const { kernels } = arena;
  const { law, scale } = block.start;
  const ids = block.owner === 'shared' ? undefined : data[block.owner];
  const tensor = keyOf(`${name}:${block.owner}`);
  const stream = generation > 0 ? STREAM.freshRow : STREAM[FIRST_STREAM[block.owner]];
  const rows = only ?? Int32Array.from({ length: block.rows }, (_, r) => r);
  const keys = new Uint32Array(rows.length * 2);
  rows.forEach((r, i) => {
    if (ids && ids.at(r) === null) return;
    const key = pairKey(ids ? ids.key(r) : { lo: r, hi: 1 }, { lo: tensor.lo, hi: (tensor.hi + generation) >>> 0 });
    keys[2 * i] = key.lo;
    keys[2 * i + 1] = key.hi;
  });
  arena.scope(() => {
    const at = arena.upload(keys);
    const out = arena.alloc(rows.length * ld * 4);
    if (law !== 'normal') kernels.random_uniform_rows(rows.length, cols, ld, seed, stream, at, law === 'uniform' ? -scale : 0, scale, out);
    else kernels.random_normal_rows(rows.length, cols, ld, seed, stream, at, scale, out);
    const drawn = arena.f32(out, rows.length * ld);
    const view = matrix.view();
    rows.forEach((r, i) => view.set(drawn.subarray(i * ld, (i + 1) * ld), (block.from + r) * ld));
  });
}

/** One forward pass within a step; what its losses share is computed once. */
export interface Pass {
  /** weight·(training loss of a batch), 1 × 1. */
  loss(batch: Batch, weight: number): Variable;
  /** [1 × n]: scores of pairs of positions, as they rank. */
  scores(users: Int32Array, items: Int32Array): Variable;
}

/** When a pass happens: names its random draws. */
export interface Moment {
  readonly epoch: number;
  readonly step: number;
}

/** A model's mathematics over its parameters. */
export interface Network {
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Names of the modalities that the scores depend on; none by default. */
  readonly modalities?: readonly string[];
  /** Redraws what changes by epoch. @returns names of parameters that it wrote over. */
  beginEpoch?(epoch: number): readonly string[] | void;
  pass(tape: Tape, moment: Moment): Pass;
  /** What can be descended on pair by pair: optimizer sgd-pairs. */
  readonly pairs?: PairTables;
  /** The rows whose dot products are the scores, without randomness: for ranking. */
  factors(tape: Tape): { readonly users: Variable; readonly items: Variable };
}

/** A modality's features in an arena. Frozen: nothing of them is trained, so that nothing of them stays when they are revoked. */
export interface FrozenFeatures {
  readonly name: string;
  readonly dims: number;
  readonly features: Features;
  readonly matrix: Matrix;
}

/**
 * All modalities of a data set, text first and the others by name. Rows of items without features are zero.
 * @throws DataError when there is none, and for features that are not finite or have the wrong number of rows.
 */
export function frozenFeatures(model: string, arena: Arena, data: Dataset): FrozenFeatures[] {
  const rank = (name: string): string => (name === 'text' ? '' : name);
  const names = [...data.features.keys()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  if (names.length === 0) {
    throw new DataError(
      `model "${model}" needs item features of at least one modality (text, image, audio …), and the data have none; ` +
        'put *_feat.npy beside them, or choose a model that needs no features',
      { source: data.source },
    );
  }
  return names.map((name) => {
    const features = data.features.get(name)!;
    const { dims, values, present } = features;
    if (values.length !== data.items.size * dims || present.length !== data.items.size) {
      throw new DataError(
        `modality ${JSON.stringify(name)} expected ${data.items.size} rows of ${dims} features, one per item, ` +
          `found ${values.length / dims}`,
        { source: data.source },
      );
    }
    const matrix = new Matrix(arena, data.items.size, dims).load(values);
    const wrong = arena.kernels.first_not_finite(matrix.rows * matrix.ld, matrix.pointer);
    if (wrong > 0) {
      const row = Math.floor((wrong - 1) / matrix.ld);
      throw new DataError(
        `modality ${JSON.stringify(name)} expected finite features, found ${values[row * dims + ((wrong - 1) % matrix.ld)]} ` +
          `for item ${JSON.stringify(data.items.at(row))}`,
        { source: data.source },
      );
    }
    for (let i = 0; i < matrix.rows; i++) if (!present[i] || data.items.at(i) === null) matrix.row(i).fill(0);
    return { name, dims, features, matrix };
  });
}

/**
 * Takes a modality's mean row away from every item that has it, and makes what is left of length 1. Features of many
 * encoders share one direction that is far longer than what tells items apart: rows that are read from them and made of
 * length 1 would begin all alike. The mean is of the items that are there now: nothing of a revoked row stays in it.
 */
export function centreFeatures({ matrix }: FrozenFeatures, open: Uint8Array): void {
  const { rows, cols, ld } = matrix;
  const view = matrix.view();
  const mean = new Float64Array(cols);
  const count = open.reduce((sum, has) => sum + has, 0);
  for (let r = 0; r < rows; r++) if (open[r]) for (let c = 0; c < cols; c++) mean[c] += view[r * ld + c] / count;
  for (let r = 0; r < rows; r++) {
    if (!open[r]) continue;
    let squares = 0;
    for (let c = 0; c < cols; c++) squares += (view[r * ld + c] - mean[c]) * (view[r * ld + c] - mean[c]);
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let c = 0; c < cols; c++) view[r * ld + c] = (view[r * ld + c] - mean[c]) * scale;
  }
}

/** [1 × n], constant: 1 where an item of `index` has features of the modality, or how many `times` it counts. */
export function presence(tape: Tape, { features }: FrozenFeatures, index: Int32Array, times?: ArrayLike<number>): Variable {
  const mask = tape.matrix(1, index.length);
  mask.row(0).set(Array.from(index, (item, k) => features.present[item] * (times?.[k] ?? 1)));
  return tape.constant(mask);
}

/** 1 for items that have features of the modality, or of one of several. */
export function openItems(modalities: FrozenFeatures | readonly FrozenFeatures[], data: Dataset): Uint8Array {
  const list = [modalities].flat() as readonly FrozenFeatures[];
  return Uint8Array.from({ length: data.items.size }, (_, i) =>
    data.items.at(i) !== null && list.some(({ features }) => features.present[i]) ? 1 : 0,
  );
}

/** The same as weights of rows, [1 × items], constant: what is made of no features must be nothing. */
export function openRows(modalities: FrozenFeatures | readonly FrozenFeatures[], data: Dataset): (tape: Tape) => Variable {
  const open = openItems(modalities, data);
  return (tape) => {
    const mask = tape.matrix(1, open.length);
    mask.row(0).set(open);
    return tape.constant(mask);
  };
}
