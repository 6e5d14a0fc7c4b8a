// What rounding can have done to a float64 result, from above. All of docs/certificate.md §4 is made of these.

/** Unit roundoff of float64: a result of one operation is off by at most this share of it. */
export const UNIT = 1.1102230246251565e-16;

/** γ_k = k u / (1 − k u): k roundings in a row change a number by at most this share of it (Higham 2002, lemma 3.1). */
export function gamma(k: number): number {
  return k * UNIT < 1 ? (k * UNIT) / (1 - k * UNIT) : Infinity;
}

/** A bound that was itself computed by a few operations on numbers ≥ 0, rounded up. */
export const roundedUp = (bound: number): number => bound * (1 + 64 * UNIT);

/** Roundings that an addend of a sum passes through: the product itself, its block's sum and the sum of the blocks. */
const blockwise = (addends: number, block: number): number => Math.min(addends, block) + Math.ceil(addends / block) + 1;

/** Of gram64, over rows, its scaling included. */
export const gramDepth = (rows: number): number => blockwise(rows, 64) + 1;

/** Of spmm64, over the entries of a row. */
export const sparseDepth = (entries: number): number => blockwise(entries, 32);

/** Of a product of two rows in four lanes. */
export const dotDepth = (ld: number): number => ld / 4 + 3;

/** More than all that is lost where products of ordinary numbers fall below the smallest normal one; and of their roots. */
export const UNDERFLOW = 1e-280;
export const UNDERFLOW_ROOT = 1e-140;
