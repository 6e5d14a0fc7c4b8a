// The parameters of an EASE model over other items: rows and columns of its three squares. An item that nobody has stands by itself
// in the inverse: 1/λ on the diagonal.
import type { KeptPositions } from '../data/ids.ts';
import { pickedCells } from '../model/compact.ts';
import type { SavedModel, SavedParameter } from '../model/model.ts';
import { paddedWidth } from '../wasm/tensor.ts';

export function compactEase(saved: SavedModel, { items }: KeptPositions): Map<string, SavedParameter> {
  const { parameters } = saved;
  const rows = new Map(['weights', 'gram'].map((name) => [name, pickedCells(parameters.get(name)!, items)]));
  const inverse = parameters.get('inverse');
  return inverse ? rows.set('inverse', compactInverse(inverse, items, 1 / (saved.options.regularization as number))) : rows;
}

/** Each row is [high | low], as wide as rows of weights with their pads, which are zero; so are rows of pads. */
function compactInverse({ rows: before, cols, values }: SavedParameter, items: Int32Array, alone: number): SavedParameter {
  const m = paddedWidth(items.length);
  const moved = new Float32Array(m * 2 * m);
  items.forEach((from, row) => {
    if (from < 0) {
      moved[row * 2 * m + row] = alone;
      moved[row * 2 * m + m + row] = alone - Math.fround(alone);
      return;
    }
    items.forEach((other, col) => {
      if (other < 0) return;
      moved[row * 2 * m + col] = values[from * cols + other];
      moved[row * 2 * m + m + col] = values[from * cols + before + other];
    });
  });
  return { rows: m, cols: 2 * m, values: moved };
}
