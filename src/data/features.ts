// What items look like beside their interactions: rows of numbers, by item position.

/** Rows of one modality, by item position: float32 [items × dims]; `present[i]` is 0 where an item has none. */
export interface Features {
  readonly dims: number;
  readonly values: Float32Array;
  readonly present: Uint8Array;
}

/**
 * The same rows at other positions.
 * @param to the new position of each old one; −1 leaves it out.
 * @param size number of new positions.
 */
export function movedFeatures({ dims, values, present }: Features, to: Int32Array, size: number): Features {
  const moved = { dims, values: new Float32Array(size * dims), present: new Uint8Array(size) };
  for (let i = 0; i < to.length; i++) {
    if (to[i] < 0) continue;
    moved.values.set(values.subarray(i * dims, (i + 1) * dims), to[i] * dims);
    moved.present[to[i]] = present[i];
  }
  return moved;
}
