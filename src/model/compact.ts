// A model over fewer positions: what it would be had those who left never had one. A table with a hole between 195 and 197
// tells that 196 was there; one without holes tells nothing.
import type { IdTable, KeptPositions } from '../data/ids.ts';
import type { Matrix } from '../wasm/tensor.ts';
import type { Model, SavedModel, SavedParameter } from './model.ts';

/** Whose rows a parameter holds, in order; none for weights that belong to nobody. */
export type RowOwners = readonly ('users' | 'items')[];

/**
 * The model over the given tables alone, its rows as they are.
 * @param users ids that the model knows, in its own order; items likewise.
 * @returns the model itself where it has just these positions.
 */
export function compacted(model: Model, users: IdTable, items: IdTable): Model {
  if (users.size === model.users.size && items.size === model.items.size) return model;
  return placed(model, users, items, { users: positionsIn(model.users, users), items: positionsIn(model.items, items) });
}

/** The model over the given tables. @param kept where the row of each of their positions stands in the model; −1 for none. */
export function placed(model: Model, users: IdTable, items: IdTable, kept: KeptPositions): Model {
  const { kind, options, provenance, record } = model;
  const saved = { options, provenance, record, users: model.users, items: model.items, parameters: dense(model.parameters) };
  return kind.restore({ options, provenance, record, users, items, parameters: kind.compact(saved, kept) });
}

const positionsIn = (own: IdTable, ids: IdTable): Int32Array => Int32Array.from(ids, (id) => own.indexOf(id));

const dense = (parameters: ReadonlyMap<string, Matrix>): Map<string, SavedParameter> =>
  new Map(Array.from(parameters, ([name, matrix]) => [name, { rows: matrix.rows, cols: matrix.cols, values: matrix.toArray() }]));

/** Parameters with the rows of the kept positions only; a position that none was kept for (−1) has a row of zeros. */
export function compactRows(
  { users, items, parameters }: SavedModel,
  kept: KeptPositions,
  ownersOf: (name: string) => RowOwners,
): Map<string, SavedParameter> {
  const sizes = { users: users.size, items: items.size };
  return new Map(
    Array.from(parameters, ([name, parameter]) => {
      const owners = ownersOf(name);
      if (owners.length === 0) return [name, parameter];
      let from = 0;
      const rows = owners.flatMap((owner) => {
        const start = from;
        from += sizes[owner];
        return Array.from(kept[owner], (position) => (position < 0 ? -1 : start + position));
      });
      return [name, pickedRows(parameter, rows)];
    }),
  );
}

/** The rows at the given positions; zero where there is none (−1). */
export function pickedRows({ cols, values }: SavedParameter, rows: ArrayLike<number>): SavedParameter {
  const picked = new Float32Array(rows.length * cols);
  for (let r = 0; r < rows.length; r++) if (rows[r] >= 0) picked.set(values.subarray(rows[r] * cols, (rows[r] + 1) * cols), r * cols);
  return { rows: rows.length, cols, values: picked };
}

export function pickedCells({ cols, values }: SavedParameter, positions: Int32Array): SavedParameter {
  const size = positions.length;
  const picked = new Float32Array(size * size);
  for (let r = 0; r < size; r++) {
    if (positions[r] < 0) continue;
    for (let c = 0; c < size; c++) if (positions[c] >= 0) picked[r * size + c] = values[positions[r] * cols + positions[c]];
  }
  return { rows: size, cols: size, values: picked };
}
