// The scaled residual matrix of a least-squares model, in float64: B = S − a X̂ Ŷᵀ, S sparse like the data, X̂, Ŷ the
// scaled factors. Products with B and Bᵀ, and BᵀB written out, for bounds of its norm (docs/certificate.md).
import { entryTarget64 } from './als-entries';
import { dotRow } from './rows64';

/**
 * out[e] = (t − w s) rowScale[r] colScale[c] for every entry e = (r, c) of rows [0, rows), s = x_r·y_c.
 * X, Y f64 rows of stride ld; scales f64; out f64[nnz].
 */
export function residual_entries(
  rows: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indptr: usize, indices: usize, data: usize, rowScale: usize, colScale: usize, X: usize, Y: usize, out: usize,
): void {
  const row = <usize>ld << 3;
  for (let r = 0; r < rows; r++, X += row) {
    const scale = load<f64>(rowScale + (<usize>r << 3));
    for (let e = load<i32>(indptr + (<usize>r << 2)), end = load<i32>(indptr + (<usize>r << 2), 4); e < end; e++) {
      const c = <usize>load<i32>(indices + (<usize>e << 2)), v = <f64>load<f32>(data + (<usize>e << 2));
      const m = entryTarget64(v, ts, t0, explicit) - (ws * Math.abs(v) + w0) * dotRow(X, Y + c * row, row);
      store<f64>(out + (<usize>e << 3), m * scale * load<f64>(colScale + (c << 3)));
    }
  }
}

/** Entries that are summed in registers before they are added to a row: the fewer roundings an addend sees, the better. */
const ENTRIES: i32 = 32;

/**
 * out_r = Σ values_e V_c over the entries of row r, in blocks of 32, each block's sum added to the blocks before; V, out f64
 * rows of stride ld.
 */
export function spmm64(rows: i32, ld: i32, indptr: usize, indices: usize, values: usize, V: usize, out: usize): void {
  const row = <usize>ld << 3;
  for (let r = 0; r < rows; r++, out += row) {
    memory.fill(out, 0, row);
    const end = load<i32>(indptr + (<usize>r << 2), 4);
    for (let first = load<i32>(indptr + (<usize>r << 2)); first < end; first += ENTRIES) {
      const last = min(first + ENTRIES, end);
      for (let k: usize = 0; k < row; k += 32) addBlock(first, last, row, indices, values, V + k, out + k);
    }
  }
}

/** Four columns of a block of entries. */
// @ts-ignore: decorator
@inline
function addBlock(first: i32, last: i32, row: usize, indices: usize, values: usize, V: usize, out: usize): void {
  let a = f64x2.splat(0), b = a;
  for (let e = first; e < last; e++) {
    const v = V + <usize>load<i32>(indices + (<usize>e << 2)) * row;
    const s = f64x2.splat(load<f64>(values + (<usize>e << 3)));
    a = f64x2.add(a, f64x2.mul(s, v128.load(v)));
    b = f64x2.add(b, f64x2.mul(s, v128.load(v, 16)));
  }
  v128.store(out, f64x2.add(v128.load(out), a));
  v128.store(out, f64x2.add(v128.load(out, 16), b), 16);
}

/** out[r] = Σ values_e v[c] over the entries of row r. */
export function spmv64(rows: i32, indptr: usize, indices: usize, values: usize, v: usize, out: usize): void {
  for (let r = 0; r < rows; r++, out += 8) {
    let sum: f64 = 0;
    for (let e = load<i32>(indptr + (<usize>r << 2)), end = load<i32>(indptr + (<usize>r << 2), 4); e < end; e++) {
      sum += load<f64>(values + (<usize>e << 3)) * load<f64>(v + (<usize>load<i32>(indices + (<usize>e << 2)) << 3));
    }
    store<f64>(out, sum);
  }
}

/** out_r += a x_r G for rows of X; G f64[ld × ld]. */
export function rows_times64(rows: i32, ld: i32, a: f64, X: usize, G: usize, out: usize): void {
  const row = <usize>ld << 3;
  for (let r = 0; r < rows; r++, X += row, out += row) {
    for (let i: usize = 0; i < row; i += 8) {
      const s = f64x2.splat(a * load<f64>(X + i)), g = G + (i >> 3) * row;
      for (let k: usize = 0; k < row; k += 16) v128.store(out + k, f64x2.add(v128.load(out + k), f64x2.mul(s, v128.load(g + k))));
    }
  }
}

/** N_ab −= values_a values_b for all entries a ≥ b of each row: −SᵀS, lower triangle of N f64[n × n]. */
export function subtract_pairs64(begin: i32, end: i32, indptr: usize, indices: usize, values: usize, n: i32, N: usize): void {
  for (let r = begin; r < end; r++) {
    const first = load<i32>(indptr + (<usize>r << 2)), last = load<i32>(indptr + (<usize>r << 2), 4);
    for (let a = first; a < last; a++) {
      const row = N + ((<usize>load<i32>(indices + (<usize>a << 2)) * n) << 3), v = load<f64>(values + (<usize>a << 3));
      for (let b = first; b <= a; b++) {
        const at = row + (<usize>load<i32>(indices + (<usize>b << 2)) << 3);
        store<f64>(at, load<f64>(at) - v * load<f64>(values + (<usize>b << 3)));
      }
    }
  }
}

/** N_ij += K_i·Y_j + Y_i·K_j for j ≤ i < rows; K, Y f64 rows of stride ld, N f64 of row stride n. */
export function add_pairs64(rows: i32, ld: i32, n: i32, K: usize, Y: usize, N: usize): void {
  const row = <usize>ld << 3;
  for (let i = 0; i < rows; i++) {
    const k = K + <usize>i * row, y = Y + <usize>i * row, at = N + ((<usize>i * n) << 3);
    for (let j = 0; j <= i; j++) {
      const to = at + (<usize>j << 3), other = <usize>j * row;
      store<f64>(to, load<f64>(to) + dotRow(k, Y + other, row) + dotRow(y, K + other, row));
    }
  }
}
