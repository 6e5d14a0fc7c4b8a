// Items that nobody has touched yet, by what they look like: a ridge map from features to the rows of items, in closed form, from the
// items that somebody has; its regularization is chosen on items that are held out of it. It is a function of model and data,
// so whatever is learned or forgotten is learned or forgotten by it.

import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import { STREAM, uniform } from '../base/random.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { requireTrainedOn } from '../forget/trained-on.ts';
import { BilinearModel } from '../model/bilinear.ts';
import { expectModel, type Model } from '../model/model.ts';
import { type RidgeMap, ridgeMap, squaredError } from './ridge-map.ts';

/** Whom to place, and how. */
export interface PlaceOptions {
  /** Of the draw of the items that the regularization is chosen on; default 1. */
  readonly seed?: number;
}

/** What was placed, and how well the map speaks of items that it was not fitted on. */
export interface Placed {
  readonly model: Model;
  readonly report: {
    /** Items without interactions that got a row, and items with interactions that the map was fitted on. */
    readonly placed: number;
    readonly fitted: number;
    /** Chosen: times the mean square of a feature. */
    readonly regularization: number;
    /** Squared error on items held out, over that of the mean row: below 1 the features say something. */
    readonly error: number;
  };
}

/** Regularizations that are tried, times the mean square of a feature and the number of items. */
const TRIED = /* @__PURE__ */ Object.freeze([1e-3, 1e-2, 1e-1, 1, 10, 100]);
/** Share of the items that the choice is made on. */
const HELD_OUT = 0.2;
/** Fewest items with rows that a map can be fitted and chosen on. */
const FEWEST = 10;
const DRAW = 11;

/**
 * Gives items without interactions rows by their features, so that they can be ranked. Learn and forget on the model without them,
 * and place again: it takes a second, and nothing of what was forgotten is in the map then.
 * @param data the interactions that the model was trained on, with the features of its items.
 * @throws ModelError for a model without rows of items; DataError for data without features, not the model's, or with fewer than 10
 *   items to fit on.
 * @example
 * const { model: serving } = placeByFeatures(model, train);
 */
export function placeByFeatures(model: Model, data: Dataset, options: PlaceOptions = {}): Placed {
  expectModel('model', model);
  expectDataset('data', data);
  check.knownKeys('placeByFeatures', options, ['seed']);
  const seed = check.integer('seed', options.seed ?? 1, { min: 0, max: 0xffffffff });
  if (!(model instanceof BilinearModel))
    throw new ModelError(`a model of kind "${model.kind.name}" has no rows of items to place; als and the networks have`);
  requireTrainedOn(model, data);
  if (data.features.size === 0) throw new DataError('placing items takes their features, and the data have none', { source: data.source });
  const counts = data.itemCounts();
  const described = Array.from(counts.keys()).filter(
    (item) => data.items.at(item) !== null && [...data.features.values()].some(({ present }) => present[item] === 1),
  );
  const known = described.filter((item) => counts[item] > 0);
  const cold = described.filter((item) => counts[item] === 0);
  if (known.length < FEWEST)
    throw new DataError(`placing items takes at least ${FEWEST} items with features and interactions, found ${known.length}`, {
      source: data.source,
    });
  const looks = looksOf(data, described);
  const rowOf = (item: number): Float32Array => model.itemFactors.row(item);
  const mapOf = (items: readonly number[], regularization: number): RidgeMap =>
    ridgeMap(items.map(looks), items.map(rowOf), regularization);
  const held = known.filter((item) => uniform(seed, STREAM.halves, data.items.key(item), DRAW) < HELD_OUT);
  const rest = known.filter((item) => !held.includes(item));
  const [judged, fitted] = held.length > 0 && rest.length > 0 ? [held, rest] : [known, known];
  const errors = TRIED.map((regularization) => squaredError(mapOf(fitted, regularization), judged.map(looks), judged.map(rowOf)));
  const best = errors.indexOf(errors.reduce((a, b) => Math.min(a, b)));
  const map = mapOf(known, TRIED[best]);
  return {
    model: withRows(
      model,
      cold.map((item) => [item, map(looks(item))]),
    ),
    report: { placed: cold.length, fitted: known.length, regularization: TRIED[best], error: errors[best] },
  };
}

/** The features of an item side by side, each modality at the same mean square; zero where it has none of one. */
function looksOf(data: Dataset, items: readonly number[]): (item: number) => Float64Array {
  const parts = [...data.features.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { dims, values, present }]) => {
      let squares = 0;
      for (const item of items)
        if (present[item]) for (let c = 0; c < dims; c++) squares += values[item * dims + c] * values[item * dims + c];
      return { dims, values, present, scale: squares > 0 ? Math.sqrt(items.length / squares) : 0 };
    });
  const width = parts.reduce((sum, { dims }) => sum + dims, 0);
  return (item) => {
    const row = new Float64Array(width);
    let at = 0;
    for (const { dims, values, present, scale } of parts) {
      if (present[item]) for (let c = 0; c < dims; c++) row[at + c] = values[item * dims + c] * scale;
      at += dims;
    }
    return row;
  };
}

/** The model with other rows of some items. */
function withRows(model: BilinearModel, rows: readonly (readonly [item: number, row: Float64Array])[]): Model {
  const { kind, options, users, items, provenance, record } = model;
  const parameters = new Map(
    Array.from(model.parameters, ([name, matrix]) => [name, { rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() }]),
  );
  const { cols, values } = parameters.get('itemFactors')!;
  for (const [item, row] of rows) values.set(row, item * cols);
  return kind.restore({ options, users, items, provenance, record: { ...record, placedByFeatures: rows.length }, parameters });
}
