// Rows that a batch names more than once: what is computed of all pairs of its rows need only be computed once for these.
import { paddedWidth } from '../../wasm/tensor.ts';

/** The rows that an index names, in the order of their first place, and for each of its places which of them it is. */
export function distinct(index: Int32Array): { readonly rows: Int32Array; readonly of: Int32Array } {
  const known = new Map<number, number>();
  const of = new Int32Array(index.length);
  index.forEach((row, k) => {
    let at = known.get(row);
    if (at === undefined) known.set(row, (at = known.size));
    of[k] = at;
  });
  return { rows: Int32Array.from(known.keys()), of };
}

/** How often each of `rows` rows is named, in whole lanes: pads are zero. Without an index each is named once. */
export function countsOf(rows: number, of?: Int32Array): Float32Array {
  const counts = new Float32Array(paddedWidth(rows));
  if (of) for (const row of of) counts[row]++;
  else counts.fill(1, 0, rows);
  return counts;
}
