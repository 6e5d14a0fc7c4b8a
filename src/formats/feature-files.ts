// Item features from `.npy` matrices: row r belongs to the item whose id is the integer r.
// Rows of items that have no interactions are kept: the items join the table.

import { DataError } from '../base/errors.ts';
import type { Features } from '../data/features.ts';
import { type IdTable, isCanonicalInteger } from '../data/ids.ts';
import type { NamedContent } from './bytes.ts';
import { plainChunks } from './bytes.ts';
import { readNpy } from './npy.ts';

/** A matrix [rows × dims] of one modality, as read. */
export interface FeatureMatrix {
  readonly source: string;
  readonly rows: number;
  readonly dims: number;
  readonly values: Float32Array;
}

/** @throws DataError unless the file holds a matrix of finite floats. */
export async function readFeatureMatrix(file: NamedContent): Promise<FeatureMatrix> {
  const source = file.name;
  const { shape, data } = await readNpy(plainChunks(file), source);
  if (!(data instanceof Float32Array || data instanceof Float64Array) || shape.length !== 2) {
    throw new DataError(
      `expected a matrix [items × dimensions] of float16, float32 or float64, ` +
        `found ${data.constructor.name} of shape (${shape.join(', ')})`,
      { source },
    );
  }
  const [rows, dims] = shape;
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new DataError(`expected finite features, found ${values[i]} in row ${Math.floor(i / dims)}, column ${i % dims}`, { source });
    }
  }
  return { source, rows, dims, values };
}

/** @throws DataError when an item has no row: its id is no row number, or there are too few rows. */
export function alignFeatures(matrix: FeatureMatrix, items: IdTable): Features {
  const { rows, dims, source } = matrix;
  const present = new Uint8Array(items.size);
  let inPlace = items.size === rows;
  const rowOf = new Int32Array(items.size).fill(-1);
  for (let position = 0; position < items.size; position++) {
    const id = items.at(position);
    if (id === null) continue;
    if (!isCanonicalInteger(id)) {
      throw new DataError(`expected item ids to be row numbers of the features, found item ${JSON.stringify(id)}`, { source });
    }
    if (Number(id) >= rows) throw new DataError(`expected a row of features for every item, found ${rows} rows and item ${id}`, { source });
    rowOf[position] = Number(id);
    inPlace &&= rowOf[position] === position;
    present[position] = 1;
  }
  if (inPlace) return { dims, values: matrix.values, present };
  const values = new Float32Array(items.size * dims);
  rowOf.forEach((row, position) => {
    if (row >= 0) values.set(matrix.values.subarray(row * dims, (row + 1) * dims), position * dims);
  });
  return { dims, values, present };
}
