// One half sweep of alternating least squares over a range of rows, the other side Y [· × ld] fixed.
//
// Each entry gives its cell a matrix weight w and a right-hand-side coefficient t (als-entries.ts), and a row's factors x solve
//     (G + Σ w y yᵀ + reg_r I) x = Σ t y
// with G the scaled Gram matrix of Y (0: none). Hu, Koren, Volinsky 2008, eq. 4: c = 1 + αv is ws = α, w0 = 0, ts = α,
// t0 = 1; Rendle et al. 2021, eq. 6: ws = 0, w0 = 1, ts = 0, t0 = 1, G = α₀YᵀY; Zhou et al. 2008, eq. 3: explicit,
// w0 = 1, ts = 1, no G. A row without entries is exactly zero. Rows do not depend on each other.
import { entryTargets, entryValues, entryWeights } from './als-entries';
import { addDiagonal, addOuterProducts, choleskySolve, subtractOuterProducts } from './dense';
import { pow_f64 } from './math';
import { madd } from './simd';

/** Entries whose rows of Y are gathered into one panel; the sums run on across panels, so it changes no bit. */
const BLOCK: i32 = 64;
const STRIDE: usize = BLOCK << 5;

/**
 * Parts of which a Gram matrix of so many rows is summed, of ceil(rows / parts) rows each: the same for any number of threads
 * and machines. At least 512 rows and 4·ld to a part, so that the sums take less room than half of the rows; sixteen parts up
 * to 2²⁰ rows, beyond it one to 65,536 rows, so that there is work for more than sixteen.
 */
export function gram_parts(rows: i32, ld: i32): i32 {
  return max(1, min(max(16, (rows + 65535) >> 16), rows / max(512, 4 * ld)));
}

/** out[r] = lambda · (n_r + offset)^exponent for rows of n_r entries; f32[rows]. */
export function als_regularization(rows: i32, indptr: usize, lambda: f64, offset: f64, exponent: f64, out: usize): void {
  for (let r = 0; r < rows; r++, indptr += 4, out += 4) {
    const n = load<i32>(indptr, 4) - load<i32>(indptr);
    store<f32>(out, <f32>(lambda * pow_f64(<f64>n + offset, exponent)));
  }
}

export function als_sweep_cholesky_scratch(ld: i32): i32 {
  return (ld * ld + BLOCK * ld + 2 * BLOCK + 2 * ld) << 2;
}

/**
 * Solves rows begin..end of X, or rows rowList[begin..end), by Cholesky.
 * indptr, indices, data: the rows' entries; reg f32[rows]; G f32[ld × ld] in group layout or 0; X, Y row-major, stride ld.
 * A is summed in f32 starting from G, entry by entry; b in fours.
 * @returns 0, or 1 + the row whose matrix is not positive definite in f32; the rows before it are solved.
 */
export function als_sweep_cholesky(
  begin: i32, end: i32, factors: i32, ld: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, rowList: usize,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, Y: usize, X: usize, scratch: usize,
): i32 {
  const row = <usize>ld << 2, A = scratch, panel = A + <usize>ld * row, b = panel + <usize>BLOCK * row;
  const pivots = b + row, roots = pivots + row, targets = roots + (<usize>BLOCK << 2);
  for (let k = begin; k < end; k++) {
    const r = rowList ? load<i32>(rowList + (<usize>k << 2)) : k, x = X + <usize>r * row;
    const entry = <usize>load<i32>(indptr + (<usize>r << 2)) << 2;
    const n = load<i32>(indptr + (<usize>r << 2), 4) - <i32>(entry >> 2);
    if (n == 0) {
      memory.fill(x, 0, row);
      continue;
    }
    const hasNegative = sumEntries(n, ld, ws, w0, ts, t0, explicit, indices + entry, data + entry, G, Y, A, panel, b, roots, targets);
    if (hasNegative) subtractNegative(n, ld, ws, w0, indices + entry, data + entry, Y, A, panel, b, roots, targets);
    addDiagonal(factors, ld, load<f32>(reg + (<usize>r << 2)), A);
    if (!choleskySolve(ld, A, b, pivots, x)) return r + 1;
  }
  return 0;
}

/**
 * Solves the equations of one row for a right-hand side of the caller's: out = (G + Σ w y yᵀ + reg_row I)⁻¹ rhs.
 * rhs and out f32[ld], scratch as for als_sweep_cholesky; `explicit` does not change the matrix.
 * @returns 0, or 1 + row when its matrix is not positive definite.
 */
export function als_solve_rhs(
  row: i32, factors: i32, ld: i32, ws: f32, w0: f32, explicit: i32,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, Y: usize, rhs: usize, out: usize, scratch: usize,
): i32 {
  const bytes = <usize>ld << 2, A = scratch, panel = A + <usize>ld * bytes, b = panel + <usize>BLOCK * bytes;
  const pivots = b + bytes, roots = pivots + bytes, targets = roots + (<usize>BLOCK << 2);
  const entry = <usize>load<i32>(indptr + (<usize>row << 2)) << 2, n = load<i32>(indptr + (<usize>row << 2), 4) - <i32>(entry >> 2);
  const hasNegative = sumEntries(n, ld, ws, w0, 0, 0, explicit, indices + entry, data + entry, G, Y, A, panel, b, roots, targets);
  if (hasNegative) subtractNegative(n, ld, ws, w0, indices + entry, data + entry, Y, A, panel, b, roots, targets);
  addDiagonal(factors, ld, load<f32>(reg + (<usize>row << 2)), A);
  memory.copy(b, rhs, bytes);
  return choleskySolve(ld, A, b, pivots, out) ? 0 : row + 1;
}

/** A = G + Σ max(w, 0) y yᵀ, b = Σ t y. @returns whether some w is negative. */
function sumEntries(
  n: i32, ld: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, indices: usize, data: usize,
  G: usize, Y: usize, A: usize, panel: usize, b: usize, roots: usize, targets: usize,
): bool {
  const row = <usize>ld << 2;
  let from = G, hasNegative = false;
  memory.fill(b, 0, row);
  if (!G || n == 0) {
    if (G) memory.copy(A, G, <usize>ld * row);
    else memory.fill(A, 0, <usize>ld * row);
    from = A;
  }
  for (; n > 0; n -= BLOCK, indices += BLOCK << 2, data += BLOCK << 2) {
    const count = min(n, BLOCK), padded = (count + 3) & ~3;
    hasNegative = weigh(count, ws, w0, ts, t0, explicit, data, roots, targets) || hasNegative;
    gather(count, ld, indices, Y, roots, targets, panel, b);
    addOuterProducts(panel, STRIDE, padded, ld, from, A);
    from = A;
  }
  return hasNegative;
}

/** A −= Σ max(−w, 0) y yᵀ: weights below the background's, which are rare enough for a pass of their own. */
function subtractNegative(
  n: i32, ld: i32, ws: f32, w0: f32, indices: usize, data: usize, Y: usize, A: usize, panel: usize, b: usize, roots: usize, targets: usize,
): void {
  for (; n > 0; n -= BLOCK, indices += BLOCK << 2, data += BLOCK << 2) {
    const count = min(n, BLOCK);
    weigh(count, -ws, -w0, 0, 0, 0, data, roots, targets);
    gather(count, ld, indices, Y, roots, targets, panel, b); // all targets are zero: b stays as it is
    subtractOuterProducts(panel, STRIDE, (count + 3) & ~3, ld, A);
  }
}

/**
 * For a block of entries: roots = √max(w, 0) and targets = t, zero beyond `count` up to the next multiple of four.
 * @returns whether some w is negative.
 */
function weigh(count: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, data: usize, roots: usize, targets: usize): bool {
  const zero = f32x4.splat(0);
  let lowest = zero;
  for (let left = count; left > 0; left -= 4, data += 16, roots += 16, targets += 16) {
    const v = entryValues(data, left), w = entryWeights(v, left, ws, w0);
    v128.store(roots, f32x4.sqrt(f32x4.max(w, zero)));
    v128.store(targets, entryTargets(v, left, ts, t0, explicit));
    lowest = f32x4.min(lowest, w);
  }
  return v128.any_true(f32x4.lt(lowest, zero));
}

/** Gathers a block's rows of Y, each times its root, into the panel, whole fours; b += Σ target · y. */
function gather(count: i32, ld: i32, indices: usize, Y: usize, roots: usize, targets: usize, panel: usize, b: usize): void {
  const row = <usize>ld << 2;
  for (let left = count; left > 0; left -= 4, indices += 16, roots += 16, targets += 16, panel += 128) {
    const y0 = Y + <usize>load<i32>(indices) * row;
    // Beyond the last entry the first row stands in, with weights of zero.
    const y1 = left > 1 ? Y + <usize>load<i32>(indices, 4) * row : y0;
    const y2 = left > 2 ? Y + <usize>load<i32>(indices, 8) * row : y0;
    const y3 = left > 3 ? Y + <usize>load<i32>(indices, 12) * row : y0;
    gatherFour(y0, y1, y2, y3, row, roots, targets, panel, b);
  }
}

// @ts-ignore: decorator
@inline
function gatherFour(y0: usize, y1: usize, y2: usize, y3: usize, bytes: usize, roots: usize, targets: usize, panel: usize, b: usize): void {
  const w0 = v128.load32_splat(roots), w1 = v128.load32_splat(roots, 4);
  const w2 = v128.load32_splat(roots, 8), w3 = v128.load32_splat(roots, 12);
  const t0 = v128.load32_splat(targets), t1 = v128.load32_splat(targets, 4);
  const t2 = v128.load32_splat(targets, 8), t3 = v128.load32_splat(targets, 12);
  for (const end = b + bytes; b < end; b += 32, panel += STRIDE, y0 += 32, y1 += 32, y2 += 32, y3 += 32) {
    gatherLanes(v128.load(y0), v128.load(y1), v128.load(y2), v128.load(y3), w0, w1, w2, w3, t0, t1, t2, t3, panel, b);
    gatherLanes(v128.load(y0, 16), v128.load(y1, 16), v128.load(y2, 16), v128.load(y3, 16),
      w0, w1, w2, w3, t0, t1, t2, t3, panel + 16, b + 16);
  }
}

// @ts-ignore: decorator
@inline
function gatherLanes(
  y0: v128, y1: v128, y2: v128, y3: v128, w0: v128, w1: v128, w2: v128, w3: v128, t0: v128, t1: v128, t2: v128, t3: v128,
  panel: usize, b: usize,
): void {
  v128.store(panel, f32x4.mul(w0, y0));
  v128.store(panel, f32x4.mul(w1, y1), 32);
  v128.store(panel, f32x4.mul(w2, y2), 64);
  v128.store(panel, f32x4.mul(w3, y3), 96);
  v128.store(b, f32x4.add(v128.load(b), f32x4.add(madd(f32x4.mul(t0, y0), t1, y1), madd(f32x4.mul(t2, y2), t3, y3))));
}
