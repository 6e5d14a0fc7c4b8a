// Vectors of whole groups of eight floats: dot products, sums of scaled rows. Inlined into the kernels that need them.
// Lengths are in bytes, multiples of 32; sums run over two accumulators of four lanes (even and odd quarters of a group).
import { high64, low64, madd, madd64, sum2, sum4, sums4 } from './simd';

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

/** The dots of four rows with v: lane i has the bits of dot(rowI, v). */
// @ts-ignore: decorator
@inline
export function dots4(row0: usize, row1: usize, row2: usize, row3: usize, v: usize, bytes: usize): v128 {
  let even0 = f32x4.splat(0), even1 = even0, even2 = even0, even3 = even0, odd0 = even0, odd1 = even0, odd2 = even0, odd3 = even0;
  for (let k: usize = 0; k < bytes; k += 32) {
    const even = v128.load(v + k), odd = v128.load(v + k, 16);
    even0 = madd(even0, v128.load(row0 + k), even);
    even1 = madd(even1, v128.load(row1 + k), even);
    even2 = madd(even2, v128.load(row2 + k), even);
    even3 = madd(even3, v128.load(row3 + k), even);
    odd0 = madd(odd0, v128.load(row0 + k, 16), odd);
    odd1 = madd(odd1, v128.load(row1 + k, 16), odd);
    odd2 = madd(odd2, v128.load(row2 + k, 16), odd);
    odd3 = madd(odd3, v128.load(row3 + k, 16), odd);
  }
  return sums4(f32x4.add(even0, odd0), f32x4.add(even1, odd1), f32x4.add(even2, odd2), f32x4.add(even3, odd3));
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

/** out += Σ_i coefficients[i] · row i of Z, n ≥ 1 rows in order; 32 columns at a time stay in registers. */
// @ts-ignore: decorator
@inline
export function addScaledRows(n: i32, bytes: usize, Z: usize, coefficients: usize, out: usize): void {
  let c: usize = 0;
  for (; c + 128 <= bytes; c += 128) addScaledColumns32(n, bytes, Z + c, coefficients, out + c);
  for (; c < bytes; c += 32) addScaledColumns8(n, bytes, Z + c, coefficients, out + c);
}

function addScaledColumns32(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
  let s4 = v128.load(out, 64), s5 = v128.load(out, 80), s6 = v128.load(out, 96), s7 = v128.load(out, 112);
  do {
    const a = v128.load32_splat(coefficients);
    s0 = madd(s0, a, v128.load(z));
    s1 = madd(s1, a, v128.load(z, 16));
    s2 = madd(s2, a, v128.load(z, 32));
    s3 = madd(s3, a, v128.load(z, 48));
    s4 = madd(s4, a, v128.load(z, 64));
    s5 = madd(s5, a, v128.load(z, 80));
    s6 = madd(s6, a, v128.load(z, 96));
    s7 = madd(s7, a, v128.load(z, 112));
    z += bytes;
    coefficients += 4;
  } while (--n);
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
  v128.store(out, s6, 96);
  v128.store(out, s7, 112);
}

function addScaledColumns8(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16);
  do {
    const a = v128.load32_splat(coefficients);
    s0 = madd(s0, a, v128.load(z));
    s1 = madd(s1, a, v128.load(z, 16));
    z += bytes;
    coefficients += 4;
  } while (--n);
  v128.store(out, s0);
  v128.store(out, s1, 16);
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
