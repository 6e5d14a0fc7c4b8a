// The ALS objective and the residual of its normal equations, in float64. Weights and
// coefficients of entries as in als-entries.ts.
import { entryTarget64 } from './als-entries';
import { madd64, sum2 } from './simd';
import { axpy64, dot64 } from './vec';

/** Rows whose terms are summed on their own, as in a Gram matrix: whoever cuts rows there has the same bits. */
const ROWS: i32 = 256;

/**
 * Σ over the entries of rows begin..end of X of w s² − 2 t s + k, with s = x·y and k = t² when explicit, else t:
 * what observed cells add to the objective beyond the background's ⟨base·XᵀX, YᵀY⟩ (Hu et al. 2008, eq. 3, expanded).
 * Summed entry by entry, row by row in blocks of 256 rows, and block by block.
 */
export function als_objective_rows(
  begin: i32, end: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indptr: usize, indices: usize, data: usize, X: usize, Y: usize,
): f64 {
  let total: f64 = 0;
  for (let r = begin; r < end; ) {
    let sum: f64 = 0;
    for (const blockEnd = min(end, r + ROWS); r < blockEnd; r++) {
      const first = load<i32>(indptr + (<usize>r << 2)), last = load<i32>(indptr + (<usize>r << 2), 4);
      sum += objectiveRow(first, last, ld, ws, w0, ts, t0, explicit, indices, data, X + (<usize>r * <usize>ld << 2), Y);
    }
    total += sum;
  }
  return total;
}

function objectiveRow(
  first: i32, last: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32, indices: usize, data: usize, x: usize, Y: usize,
): f64 {
  const row = <usize>ld << 2;
  let sum: f64 = 0;
  for (let e = <usize>first << 2, end = <usize>last << 2; e < end; e += 4) {
    const s = dot64(x, Y + <usize>load<i32>(indices + e) * row, row);
    const v = <f64>load<f32>(data + e), w = ws * Math.abs(v) + w0, t = entryTarget64(v, ts, t0, explicit);
    sum += w * s * s - 2 * t * s + (explicit ? t * t : t);
  }
  return sum;
}

/** Σ_r reg_r |x_r|² over rows [rows × ld] of X, in blocks of 256 rows. */
export function als_penalty_rows(rows: i32, ld: i32, reg: usize, X: usize): f64 {
  const row = <usize>ld << 2;
  let total: f64 = 0;
  for (let r = 0; r < rows; ) {
    let sum: f64 = 0;
    for (const blockEnd = min(rows, r + ROWS); r < blockEnd; r++, reg += 4, X += row) sum += <f64>load<f32>(reg) * dot64(X, X, row);
    total += sum;
  }
  return total;
}

export function als_residual_rows_scratch(ld: i32): i32 {
  return 3 * ld << 3;
}

/**
 * How far rows begin..end of X are from solving their equations: out f64[2·(end − begin)] gets |Ax − b|² and |b|² of each,
 * A = scale·G64 + Σ w y yᵀ + reg_r I. G64 f64[ld × ld] in group layout, or 0.
 */
export function als_residual_rows(
  begin: i32, end: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32, indptr: usize, indices: usize, data: usize,
  reg: usize, scale: f64, G64: usize, Y: usize, X: usize, out: usize, scratch: usize,
): void {
  const row = <usize>ld << 2, Ax = scratch, b = Ax + (row << 1), x64 = b + (row << 1);
  for (let r = begin; r < end; r++, out += 16) {
    const x = X + <usize>r * row, last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    memory.fill(Ax, 0, row << 1);
    memory.fill(b, 0, row << 1);
    memory.fill(x64, 0, row << 1);
    axpy64(1, x, x64, row);
    if (G64) multiplyGram(ld, G64, x64, Ax);
    for (let at = Ax, end = Ax + (row << 1); at < end; at += 8) store<f64>(at, load<f64>(at) * scale);
    axpy64(<f64>load<f32>(reg + (<usize>r << 2)), x, Ax, row);
    for (let e = <usize>load<i32>(indptr + (<usize>r << 2)) << 2; e < last; e += 4) {
      const y = Y + <usize>load<i32>(indices + e) * row, v = <f64>load<f32>(data + e);
      axpy64((ws * Math.abs(v) + w0) * dot64(x, y, row), y, Ax, row);
      axpy64(entryTarget64(v, ts, t0, explicit), y, b, row);
    }
    let off = f64x2.splat(0), norm = off;
    for (let k: usize = 0; k < row << 1; k += 16) {
      const target = v128.load(b + k), difference = f64x2.sub(v128.load(Ax + k), target);
      off = madd64(off, difference, difference);
      norm = madd64(norm, target, target);
    }
    store<f64>(out, sum2(off));
    store<f64>(out, sum2(norm), 8);
  }
}

/** out += G x from G's upper tiles: a tile above the diagonal serves its mirror image too. All f64. */
function multiplyGram(ld: i32, G: usize, x: usize, out: usize): void {
  for (let first = 0; first < ld; first += 8) {
    const xJ = x + (<usize>first << 3), outJ = out + (<usize>first << 3);
    for (let i = 0; i < first + 8; i++, G += 64) {
      let sum = f64x2.splat(0);
      const xi = v128.load64_splat(x + (<usize>i << 3)), above = i < first;
      for (let k: usize = 0; k < 64; k += 16) {
        const g = v128.load(G + k);
        sum = madd64(sum, g, v128.load(xJ + k));
        if (above) v128.store(outJ + k, madd64(v128.load(outJ + k), g, xi));
      }
      store<f64>(out + (<usize>i << 3), load<f64>(out + (<usize>i << 3)) + sum2(sum));
    }
    G += <usize>(ld - first - 8) << 6;
  }
}
