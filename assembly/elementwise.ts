// The tape's pointwise steps, over n elements (a multiple of four). `d…` is the upstream gradient; results named in/out
// are added to. Functions with f(0) ≠ 0 spoil pad columns: their callers clear these with `clear_pads`.
import { exp4, log4, sigmoid4, sigmoidSlope4, softplus4 } from './math';
import { draw } from './random';
import { madd } from './simd';

/** y = a·x + b·y; with b = 0 what y held is not looked at. */
export function axpby(n: i32, a: f32, b: f32, x: usize, y: usize): void {
  const av = f32x4.splat(a), bv = f32x4.splat(b);
  const end = x + (<usize>n << 2);
  if (b == 0) for (; x < end; x += 16, y += 16) v128.store(y, f32x4.mul(av, v128.load(x)));
  else for (; x < end; x += 16, y += 16) v128.store(y, madd(f32x4.mul(bv, v128.load(y)), av, v128.load(x)));
}

/** z = a·x + b·y. */
export function combine(n: i32, a: f32, b: f32, x: usize, y: usize, z: usize): void {
  const av = f32x4.splat(a), bv = f32x4.splat(b), end = x + (<usize>n << 2);
  for (; x < end; x += 16, y += 16, z += 16) v128.store(z, madd(f32x4.mul(av, v128.load(x)), bv, v128.load(y)));
}

/** z = x·y. */
export function multiply(n: i32, x: usize, y: usize, z: usize): void {
  const end = x + (<usize>n << 2);
  for (; x < end; x += 16, y += 16, z += 16) v128.store(z, f32x4.mul(v128.load(x), v128.load(y)));
}

/** z += x·y. */
export function multiply_add(n: i32, x: usize, y: usize, z: usize): void {
  const end = x + (<usize>n << 2);
  for (; x < end; x += 16, y += 16, z += 16) v128.store(z, madd(v128.load(z), v128.load(x), v128.load(y)));
}

/** Zeroes columns cols … ld−1. */
export function clear_pads(rows: i32, cols: i32, ld: i32, x: usize): void {
  const bytes = <usize>(ld - cols) << 2, stride = <usize>ld << 2;
  if (bytes == 0) return;
  x += <usize>cols << 2;
  for (let r = 0; r < rows; r++, x += stride) memory.fill(x, 0, bytes);
}

/** dx += dy·y·(1 − y) with 1 − y computed as σ(−x), which keeps its digits for large x. */
export function sigmoid_backward(n: i32, x: usize, dy: usize, dx: usize): void {
  const end = x + (<usize>n << 2);
  for (; x < end; x += 16, dy += 16, dx += 16) {
    const v = v128.load(x);
    v128.store(dx, madd(v128.load(dx), v128.load(dy), sigmoidSlope4(v)));
  }
}

/** dx += dy·(1 − y²), y = tanh x. */
export function tanh_backward(n: i32, y: usize, dy: usize, dx: usize): void {
  const end = y + (<usize>n << 2), one = f32x4.splat(1);
  for (; y < end; y += 16, dy += 16, dx += 16) {
    const v = v128.load(y);
    v128.store(dx, madd(v128.load(dx), v128.load(dy), f32x4.mul(f32x4.sub(one, v), f32x4.add(one, v))));
  }
}

/** y = x where x > 0, slope·x elsewhere. */
export function leaky_relu(n: i32, slope: f32, x: usize, y: usize): void {
  const end = x + (<usize>n << 2), zero = f32x4.splat(0), s = f32x4.splat(slope);
  for (; x < end; x += 16, y += 16) {
    const v = v128.load(x);
    v128.store(y, v128.bitselect(v, f32x4.mul(s, v), f32x4.gt(v, zero)));
  }
}

/** dx += dy where x > 0, slope·dy elsewhere. */
export function leaky_relu_backward(n: i32, slope: f32, x: usize, dy: usize, dx: usize): void {
  const end = x + (<usize>n << 2), zero = f32x4.splat(0), s = f32x4.splat(slope);
  for (; x < end; x += 16, dy += 16, dx += 16) {
    const d = v128.load(dy);
    v128.store(dx, f32x4.add(v128.load(dx), v128.bitselect(d, f32x4.mul(s, d), f32x4.gt(v128.load(x), zero))));
  }
}

/** dx += dy·σ(x): the gradient of softplus. */
export function softplus_backward(n: i32, x: usize, dy: usize, dx: usize): void {
  const end = x + (<usize>n << 2);
  for (; x < end; x += 16, dy += 16, dx += 16) {
    v128.store(dx, madd(v128.load(dx), v128.load(dy), sigmoid4(v128.load(x))));
  }
}

/** y = exp(min(x, 88)): what would overflow stays finite. */
export function exp_clamped(n: i32, x: usize, y: usize): void {
  const end = x + (<usize>n << 2), top = f32x4.splat(88);
  for (; x < end; x += 16, y += 16) v128.store(y, exp4(f32x4.min(top, v128.load(x))));
}

/** y = log(x + shift). */
export function log_shifted(n: i32, shift: f32, x: usize, y: usize): void {
  const end = x + (<usize>n << 2), s = f32x4.splat(shift);
  for (; x < end; x += 16, y += 16) v128.store(y, log4(f32x4.add(v128.load(x), s)));
}

/** dx += dy / (x + shift). */
export function log_backward(n: i32, shift: f32, x: usize, dy: usize, dx: usize): void {
  const end = x + (<usize>n << 2), s = f32x4.splat(shift);
  for (; x < end; x += 16, dy += 16, dx += 16) {
    v128.store(dx, f32x4.add(v128.load(dx), f32x4.div(v128.load(dy), f32x4.add(v128.load(x), s))));
  }
}

/** y = √x. */
export function square_root(n: i32, x: usize, y: usize): void {
  const end = x + (<usize>n << 2);
  for (; x < end; x += 16, y += 16) v128.store(y, f32x4.sqrt(v128.load(x)));
}

/** dx += dy / (2·max(y, 1e-12)), y = √x. */
export function square_root_backward(n: i32, y: usize, dy: usize, dx: usize): void {
  const end = y + (<usize>n << 2), tiny = f32x4.splat(1e-12), half = f32x4.splat(0.5);
  for (; y < end; y += 16, dy += 16, dx += 16) {
    v128.store(dx, f32x4.add(v128.load(dx), f32x4.div(f32x4.mul(half, v128.load(dy)), f32x4.max(v128.load(y), tiny))));
  }
}

/** y = x within [low, high]. */
export function clamp(n: i32, low: f32, high: f32, x: usize, y: usize): void {
  const end = x + (<usize>n << 2), l = f32x4.splat(low), h = f32x4.splat(high);
  for (; x < end; x += 16, y += 16) v128.store(y, f32x4.min(h, f32x4.max(l, v128.load(x))));
}

/** dx += dy where low ≤ x ≤ high. */
export function clamp_backward(n: i32, low: f32, high: f32, x: usize, dy: usize, dx: usize): void {
  const end = x + (<usize>n << 2), l = f32x4.splat(low), h = f32x4.splat(high);
  for (; x < end; x += 16, dy += 16, dx += 16) {
    const v = v128.load(x), inside = v128.and(f32x4.ge(v, l), f32x4.le(v, h));
    v128.store(dx, f32x4.add(v128.load(dx), v128.and(v128.load(dy), inside)));
  }
}

/**
 * y (+)= x·mask/(1−p): row r's mask is a function of (seed, stream, keys[r], step) only, so that it is drawn again for the
 * backward pass instead of being kept. keys u32[2·rows]; scratch 16 bytes.
 */
export function dropout_rows(
  rows: i32, ld: i32, p: f32, accumulate: i32, seed: u32, stream: u32, step: u32, keys: usize, x: usize, y: usize, scratch: usize,
): void {
  const threshold = <u32>(<f64>p * 4294967296.0), kept = f32x4.splat(1 / (1 - p));
  const bound = i32x4.splat(threshold), zero = f32x4.splat(0), blocks = <u32>ld >> 2;
  for (let r = 0; r < rows; r++, keys += 8) {
    const low = load<u32>(keys), high = load<u32>(keys, 4);
    for (let c: u32 = 0; c < blocks; c++, x += 16, y += 16) {
      draw(seed, stream, low, high, step * blocks + c, scratch);
      const keep = i32x4.ge_u(v128.load(scratch), bound);
      v128.store(y, f32x4.add(accumulate ? v128.load(y) : zero, v128.and(keep, f32x4.mul(kept, v128.load(x)))));
    }
  }
}

/**
 * Pairwise ranking loss: out[i] = softplus(−sign·(p[i] − n[i])) for i < count, zero up to the padded width.
 * The gradient by p is −sign·σ(−sign·x), by n its opposite.
 */
export function bpr_loss(count: i32, width: i32, sign: f32, p: usize, n: usize, out: usize): void {
  const s = f32x4.splat(-sign);
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    v128.store(out + i, softplus4(f32x4.mul(s, f32x4.sub(v128.load(p + i), v128.load(n + i)))));
  }
  memory.fill(out + (<usize>count << 2), 0, <usize>(width - count) << 2);
}

/** dp −= sign·dout·σ(−sign·(p − n)), dn += the same; dout's pads are zero. */
export function bpr_loss_backward(width: i32, sign: f32, p: usize, n: usize, dout: usize, dp: usize, dn: usize): void {
  const s = f32x4.splat(-sign);
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    const x = f32x4.mul(s, f32x4.sub(v128.load(p + i), v128.load(n + i)));
    const g = f32x4.mul(f32x4.mul(s, v128.load(dout + i)), sigmoid4(x));
    v128.store(dp + i, f32x4.add(v128.load(dp + i), g));
    v128.store(dn + i, f32x4.sub(v128.load(dn + i), g));
  }
}

