// The parameters of an EASE model over fewer items: rows and columns of its three squares.
import type { KeptPositions } from '../data/ids.ts';
import { pickedCells } from '../model/compact.ts';
import type { SavedModel, SavedParameter } from '../model/model.ts';
import { paddedWidth } from '../wasm/tensor.ts';

export function compactEase(saved: SavedModel, { items }: KeptPositions): Map<string, SavedParameter> {
  const { parameters } = saved;
  const rows = new Map(['weights', 'gram'].map((name) => [name, pickedCells(parameters.get(name)!, items)]));
  const inverse = parameters.get('inverse');
  return inverse ? rows.set('inverse', compactInverse(inverse, items)) : rows;
}

/** Each row is [high | low], as wide as rows of weights with their pads, which are zero; so are rows of pads. */
function compactInverse({ rows: before, cols, values }: SavedParameter, items: Int32Array): SavedParameter {
  const m = paddedWidth(items.length);
  const moved = new Float32Array(m * 2 * m);
  items.forEach((from, row) => {
    items.forEach((other, col) => {
      moved[row * 2 * m + col] = values[from * cols + other];
      moved[row * 2 * m + m + col] = values[from * cols + before + other];
    });
  });
  return { rows: m, cols: 2 * m, values: moved };
}
