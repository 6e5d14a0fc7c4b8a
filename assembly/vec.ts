// Vectors of whole groups of eight floats: dot products, scaled sums. Inlined into the kernels that need them.
// Lengths are in bytes, multiples of 32; sums run over two accumulators of four lanes (even and odd quarters of a group).
import { high64, low64, madd, madd64, sum2, sum4 } from './simd';

/** a·b. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, bytes: usize): f32 {
  let even = f32x4.splat(0), odd = even;
  for (let k: usize = 0; k < bytes; k += 32) {
    even = madd(even, v128.load(a + k), v128.load(b + k));
    odd = madd(odd, v128.load(a + k, 16), v128.load(b + k, 16));
  }
  return sum4(f32x4.add(even, odd));
}

/** a·b of two rows of f32, every product and sum in f64. */
// @ts-ignore: decorator
@inline
export function dot64(a: usize, b: usize, bytes: usize): f64 {
  let low = f64x2.splat(0), high = low;
  for (let k: usize = 0; k < bytes; k += 16) {
    const u = v128.load(a + k), v = v128.load(b + k);
    low = madd64(low, low64(u), low64(v));
    high = madd64(high, high64(u), high64(v));
  }
  return sum2(f64x2.add(low, high));
}

/** out += s·a for a row of f32 and a sum in f64. */
// @ts-ignore: decorator
@inline
export function axpy64(s: f64, a: usize, out: usize, bytes: usize): void {
  const scale = f64x2.splat(s);
  for (let k: usize = 0; k < bytes; k += 16, out += 32) {
    const v = v128.load(a + k);
    v128.store(out, madd64(v128.load(out), scale, low64(v)));
    v128.store(out, madd64(v128.load(out, 16), scale, high64(v)), 16);
  }
}

/** True when every element is finite and, where asked, above 0. */
// @ts-ignore: decorator
@inline
export function allFinite(a: usize, bytes: usize, aboveZero: bool): bool {
  const low = f32x4.splat(aboveZero ? 0 : -Infinity), high = f32x4.splat(Infinity);
  let good = i32x4.splat(-1);
  for (let k: usize = 0; k < bytes; k += 16) {
    const v = v128.load(a + k);
    good = v128.and(good, v128.and(f32x4.gt(v, low), f32x4.lt(v, high)));
  }
  return i32x4.all_true(good);
}

/** y += a·x. */
// @ts-ignore: decorator
@inline
export function axpy(a: f32, x: usize, y: usize, bytes: usize): void {
  const s = f32x4.splat(a);
  for (let k: usize = 0; k < bytes; k += 16) v128.store(y + k, madd(v128.load(y + k), s, v128.load(x + k)));
}

/** y = x + a·y. */
// @ts-ignore: decorator
@inline
export function xpay(a: f32, x: usize, y: usize, bytes: usize): void {
  const s = f32x4.splat(a);
  for (let k: usize = 0; k < bytes; k += 16) v128.store(y + k, madd(v128.load(x + k), s, v128.load(y + k)));
}

/** y = −y. */
// @ts-ignore: decorator
@inline
export function negate(y: usize, bytes: usize): void {
  for (let k: usize = 0; k < bytes; k += 16) v128.store(y + k, f32x4.neg(v128.load(y + k)));
}
