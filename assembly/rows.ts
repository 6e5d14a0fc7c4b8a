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
  if (!accumulate) memory.fill(y, 0, <usize>rows * stride);
  for (let r = 0; r < rows; r++, w += next, x += stride, y += stride) axpy(stride, load<f32>(w), x, y);
}

/** y_r = x_r / ‖x_r‖ and norms[r] = ‖x_r‖; rows with ‖x_r‖ ≤ 1e-12 become zero and norm 0. */
export function unit_rows(rows: i32, ld: i32, x: usize, y: usize, norms: usize): void {
  const stride = <usize>ld << 2;
  memory.fill(y, 0, <usize>rows * stride);
  for (let r = 0; r < rows; r++, x += stride, y += stride, norms += 4) {
    const norm = sqrt<f32>(dot(stride, x, x)), fine = norm > 1e-12;
    store<f32>(norms, fine ? norm : 0);
    if (fine) axpy(stride, <f32>1 / norm, x, y);
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
    if (!accumulate) memory.copy(out, x, width);
    else for (let c: usize = 0; c < width; c += 4) store<f32>(out + c, load<f32>(out + c) + load<f32>(x + c));
  }
}

/**
 * Rows begin … end−1 of Z [B×B] become e^(z − row maximum) / Σ; out[r] = log Σ e^z − z[r][r], the cross-entropy of the
 * diagonal. Z holds these rows only, ld columns of which `count` count. Sums: four lanes, then `sum4`, f32.
 */
export function diagonal_softmax(begin: i32, end: i32, count: i32, ld: i32, Z: usize, out: usize, logs: usize): void {
  const stride = <usize>ld << 2, width = <usize>count << 2, whole = width & ~15;
  for (let r = begin; r < end; r++, Z += stride, out += 4, logs += 4) {
    let top = load<f32>(Z);
    for (let c: usize = 4; c < width; c += 4) top = max(top, load<f32>(Z + c));
    const diagonal = load<f32>(Z + (<usize>r << 2)) - top, shift = f32x4.splat(top);
    let sums = f32x4.splat(0);
    for (let c: usize = 0; c < whole; c += 16) {
      const e = exp4(f32x4.sub(v128.load(Z + c), shift));
      v128.store(Z + c, e);
      sums = f32x4.add(sums, e);
    }
    let total = sum4(sums);
    for (let c = whole; c < width; c += 4) {
      const e = expf(load<f32>(Z + c) - top);
      store<f32>(Z + c, e);
      total += e;
    }
    const inverse = f32x4.splat(<f32>1 / total);
    for (let c: usize = 0; c < stride; c += 16) v128.store(Z + c, f32x4.mul(inverse, v128.load(Z + c)));
    memory.fill(Z + width, 0, stride - width);
    store<f32>(out, -diagonal);
    store<f32>(logs, total);
  }
}
