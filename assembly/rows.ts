// Steps by rows, and reductions, over matrices [rows × ld] with ld a multiple of eight and zero pads.
// Reduction order of a row: two accumulators of four lanes over alternating groups, added, then `sum4`.
import { exp4, expf } from './math';
import { madd, sum4 } from './simd';

/** Σ a·b over one row. */
// @ts-ignore: decorator
@inline
function dot(stride: usize, a: usize, b: usize): f32 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
  for (const end = a + stride; a < end; a += 32, b += 32) {
    s0 = madd(s0, v128.load(a), v128.load(b));
    s1 = madd(s1, v128.load(a, 16), v128.load(b, 16));
  }
  return sum4(f32x4.add(s0, s1));
}

/** y += w·x over one row. */
// @ts-ignore: decorator
@inline
function axpy(stride: usize, w: f32, x: usize, y: usize): void {
  const v = f32x4.splat(w);
  for (const end = x + stride; x < end; x += 32, y += 32) {
    v128.store(y, madd(v128.load(y), v, v128.load(x)));
    v128.store(y, madd(v128.load(y, 16), v, v128.load(x, 16)), 16);
  }
}

/** y = 0 + w·x over one row: what `axpy` makes of zeros, without reading them. */
// @ts-ignore: decorator
@inline
function scaleTo(stride: usize, w: f32, x: usize, y: usize): void {
  const v = f32x4.splat(w), zero = f32x4.splat(0);
  for (const end = x + stride; x < end; x += 32, y += 32) {
    v128.store(y, madd(zero, v, v128.load(x)));
    v128.store(y, madd(zero, v, v128.load(x, 16)), 16);
  }
}

/** out[r·step] (+)= a_r · b_r; step in elements. */
export function row_dot(rows: i32, ld: i32, accumulate: i32, a: usize, b: usize, out: usize, step: i32): void {
  const stride = <usize>ld << 2, next = <usize>step << 2;
  for (let r = 0; r < rows; r++, a += stride, b += stride, out += next) {
    const d = dot(stride, a, b);
    store<f32>(out, accumulate ? load<f32>(out) + d : d);
  }
}

/** y_r (+)= w[r·step]·x_r. */
export function row_scale(rows: i32, ld: i32, accumulate: i32, w: usize, step: i32, x: usize, y: usize): void {
  const stride = <usize>ld << 2, next = <usize>step << 2;
  if (accumulate) for (let r = 0; r < rows; r++, w += next, x += stride, y += stride) axpy(stride, load<f32>(w), x, y);
  else for (let r = 0; r < rows; r++, w += next, x += stride, y += stride) scaleTo(stride, load<f32>(w), x, y);
}

/** y_r = x_r / ‖x_r‖ and norms[r] = ‖x_r‖; rows with ‖x_r‖ ≤ 1e-12 become zero and norm 0. */
export function unit_rows(rows: i32, ld: i32, x: usize, y: usize, norms: usize): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, x += stride, y += stride, norms += 4) {
    const norm = sqrt<f32>(dot(stride, x, x)), fine = norm > 1e-12;
    store<f32>(norms, fine ? norm : 0);
    if (fine) scaleTo(stride, <f32>1 / norm, x, y);
    else memory.fill(y, 0, stride);
  }
}

/** dx_r += (dy_r − y_r(y_r·dy_r)) / ‖x_r‖; nothing where the norm is 0. */
export function unit_rows_backward(rows: i32, ld: i32, y: usize, norms: usize, dy: usize, dx: usize): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, y += stride, dy += stride, dx += stride, norms += 4) {
    const norm = load<f32>(norms);
    if (norm == 0) continue;
    const inverse = <f32>1 / norm;
    axpy(stride, -dot(stride, y, dy) * inverse, y, dx);
    axpy(stride, inverse, dy, dx);
  }
}

/**
 * Softmax over the first `cols` columns of each row, row maximum subtracted; where mask[r·cols + c] is 0 the weight is 0
 * (mask u8, or 0 for none). A row that is masked out everywhere becomes zeros. Sums in order of columns.
 */
export function row_softmax(rows: i32, cols: i32, ld: i32, mask: usize, x: usize, y: usize): void {
  const stride = <usize>ld << 2, width = <usize>cols << 2;
  for (let r = 0; r < rows; r++, x += stride, y += stride) {
    let top: f32 = -Infinity, sum: f32 = 0;
    for (let c: usize = 0; c < width; c += 4) {
      if (mask == 0 || load<u8>(mask + <usize>r * <usize>cols + (c >> 2))) top = max(top, load<f32>(x + c));
    }
    for (let c: usize = 0; c < width; c += 4) {
      const open = mask == 0 || load<u8>(mask + <usize>r * <usize>cols + (c >> 2)) != 0;
      const e: f32 = open ? expf(load<f32>(x + c) - top) : 0;
      store<f32>(y + c, e);
      sum += e;
    }
    if (sum > 0) for (let c: usize = 0; c < width; c += 4) store<f32>(y + c, load<f32>(y + c) / sum);
    memory.fill(y + width, 0, stride - width);
  }
}

/** dx += y·(dy − y·dy). */
export function row_softmax_backward(rows: i32, ld: i32, y: usize, dy: usize, dx: usize): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, y += stride, dy += stride, dx += stride) {
    const inner = f32x4.splat(dot(stride, y, dy));
    for (let c: usize = 0; c < stride; c += 16) {
      v128.store(dx + c, madd(v128.load(dx + c), v128.load(y + c), f32x4.sub(v128.load(dy + c), inner)));
    }
  }
}

/** y_r += bias, for every row. */
export function add_to_rows(rows: i32, ld: i32, bias: usize, y: usize): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, y += stride) axpy(stride, 1, bias, y);
}

/** out[0..ld) += Σ_r x_r, rows in ascending order. */
export function column_sums(rows: i32, ld: i32, x: usize, out: usize): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, x += stride) axpy(stride, 1, x, out);
}

/** Σ x over n elements (a multiple of eight), in f64: two accumulators of two lanes. */
export function sum(n: i32, x: usize): f64 {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0);
  for (const end = x + (<usize>n << 2); x < end; x += 16) {
    const v = v128.load(x);
    s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v));
    s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)));
  }
  const s = f64x2.add(s0, s1);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** Σ x² over n elements (a multiple of eight), in f64, order as in `sum`. */
export function sum_squares(n: i32, x: usize): f64 {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0);
  for (const end = x + (<usize>n << 2); x < end; x += 16) {
    const v = v128.load(x), low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    s0 = f64x2.add(s0, f64x2.mul(low, low));
    s1 = f64x2.add(s1, f64x2.mul(high, high));
  }
  const s = f64x2.add(s0, s1);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** 0 when all of n elements are finite, else 1 + the position of the first that is not. */
export function first_not_finite(n: i32, x: usize): i32 {
  for (let i = 0; i < n; i++) {
    const v = load<f32>(x + (<usize>i << 2));
    if (v - v != 0) return i + 1;
  }
  return 0;
}

/** out[r][at .. at+cols) = x[r][from .. from+cols), or += …; all in elements. */
export function copy_columns(rows: i32, cols: i32, ldx: i32, from: i32, ldo: i32, at: i32, accumulate: i32, x: usize, out: usize): void {
  const width = <usize>cols << 2;
  x += <usize>from << 2;
  out += <usize>at << 2;
  for (let r = 0; r < rows; r++, x += <usize>ldx << 2, out += <usize>ldo << 2) {
    let c: usize = 0;
    if (accumulate) {
      for (; c + 16 <= width; c += 16) v128.store(out + c, f32x4.add(v128.load(out + c), v128.load(x + c)));
      for (; c < width; c += 4) store<f32>(out + c, load<f32>(out + c) + load<f32>(x + c));
    } else {
      for (; c + 16 <= width; c += 16) v128.store(out + c, v128.load(x + c));
      for (; c < width; c += 4) store<f32>(out + c, load<f32>(x + c));
    }
  }
}

/**
 * Softmax with weighted columns, scaled: with top the maximum of row r over `count` columns and
 * total = Σ_c counts[c]·e^(scale·(z_c − top)), z_c becomes weights[r]·counts[c]·e^(scale·(z_c − top)) / total, and tops[r] =
 * scale·top, totals[r] = total. scale > 0; counts f32[ld], zero from `count` on. Sums: four lanes, then `sum4`, f32.
 */
export function softmax_rows(
  rows: i32, count: i32, ld: i32, scale: f32, counts: usize, weights: usize, Z: usize, tops: usize, totals: usize,
): void {
  const stride = <usize>ld << 2, width = <usize>count << 2, whole = width & ~15, factor = f32x4.splat(scale), zero = f32x4.splat(0);
  for (let r: usize = 0, end = <usize>rows << 2; r < end; r += 4, Z += stride) {
    let lanes = f32x4.splat(-Infinity);
    for (let c: usize = 0; c < whole; c += 16) lanes = f32x4.max(lanes, v128.load(Z + c));
    const top01 = max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1));
    const top23 = max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3));
    let top = max(top01, top23);
    for (let c = whole; c < width; c += 4) top = max(top, load<f32>(Z + c));
    const shift = f32x4.splat(top);
    let sums = zero;
    for (let c: usize = 0; c < stride; c += 16) {
      const n = v128.load(counts + c);
      // The pads of a row of large negative numbers would overflow: they are zero by mask, not by product.
      const e = v128.and(f32x4.mul(n, exp4(f32x4.mul(factor, f32x4.sub(v128.load(Z + c), shift)))), f32x4.gt(n, zero));
      v128.store(Z + c, e);
      sums = f32x4.add(sums, e);
    }
    const total = sum4(sums), part = f32x4.splat(load<f32>(weights + r) / total);
    for (let c: usize = 0; c < stride; c += 16) v128.store(Z + c, f32x4.mul(part, v128.load(Z + c)));
    store<f32>(tops + r, scale * top);
    store<f32>(totals + r, total);
  }
}

/**
 * Weights of pairs of rows that repel: Z holds z for rows 0 … rows−1 by cols ≥ rows columns (a multiple of four) of the same
 * things, and becomes n_r·n_c·e^(4·(z − s)) right of the diagonal, n_r(n_r − 1)/2·e^(…) on it, zero left of it, for counts n.
 * s is 1, or with S (not 0) its element within [0, ceiling]; S then becomes what Z did, zero where s met a bound's far side.
 */
export function spread_rows(rows: i32, cols: i32, ceiling: f32, counts: usize, S: usize, Z: usize): void {
  const stride = <usize>cols << 2, one = f32x4.splat(1), four = f32x4.splat(4), low = f32x4.splat(0), high = f32x4.splat(ceiling);
  for (let d: usize = 0, end = <usize>rows << 2; d < end; d += 4, Z += stride) {
    const n = load<f32>(counts + d), own = f32x4.splat(n), half: f32 = n > 1 ? (n - 1) / (n + n) : 0;
    for (let c = d & ~15; c < stride; c += 16) {
      const s = S ? v128.load(S + c) : one;
      const held = S ? f32x4.min(high, f32x4.max(low, s)) : one;
      const e = f32x4.mul(f32x4.mul(own, v128.load(counts + c)), exp4(f32x4.mul(four, f32x4.sub(v128.load(Z + c), held))));
      v128.store(Z + c, e);
      if (S) v128.store(S + c, v128.and(e, f32x4.eq(s, held)));
    }
    memory.fill(Z, 0, d);
    store<f32>(Z + d, half * load<f32>(Z + d));
    if (S) {
      memory.fill(S, 0, d);
      store<f32>(S + d, half * load<f32>(S + d));
      S += stride;
    }
  }
}
