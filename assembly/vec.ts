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

/**
 * out[i] = row i of Z · v for i < n, rounded up to whole sixes: what lies behind the last row is read, and its dots are
 * to be ignored. Six rows at a time, each summed over all lanes in order: V8 loads a whole loop body first, and six sums
 * with six loads are as many as its registers hold (docs/kernels.md).
 */
export function dots(n: i32, bytes: usize, Z: usize, v: usize, out: usize): void {
  for (; n > 0; n -= 6, out += 24) {
    const z1 = Z + bytes, z2 = z1 + bytes, z3 = z2 + bytes, z4 = z3 + bytes, z5 = z4 + bytes;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
    for (let k: usize = 0; k < bytes; k += 16) {
      const x = v128.load(v + k);
      s0 = madd(s0, v128.load(Z + k), x);
      s1 = madd(s1, v128.load(z1 + k), x);
      s2 = madd(s2, v128.load(z2 + k), x);
      s3 = madd(s3, v128.load(z3 + k), x);
      s4 = madd(s4, v128.load(z4 + k), x);
      s5 = madd(s5, v128.load(z5 + k), x);
    }
    v128.store(out, sums4(s0, s1, s2, s3));
    v128.store64_lane(out, sums4(s4, s5, s4, s5), 0, 16);
    Z = z5 + bytes;
  }
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

/** out += Σ_i coefficients[i] · row i of Z, n ≥ 1 rows in order; 24 columns at a time stay in six registers. */
export function addScaledRows(n: i32, bytes: usize, Z: usize, coefficients: usize, out: usize): void {
  const end = Z + bytes;
  for (; Z + 96 <= end; Z += 96, out += 96) addScaled24(n, bytes, Z, coefficients, out);
  if (Z + 64 <= end) {
    addScaled16(n, bytes, Z, coefficients, out);
    Z += 64;
    out += 64;
  }
  if (Z < end) addScaled8(n, bytes, Z, coefficients, out);
}

function addScaled24(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32);
  let s3 = v128.load(out, 48), s4 = v128.load(out, 64), s5 = v128.load(out, 80);
  do {
    const a = v128.load32_splat(coefficients);
    s0 = madd(s0, a, v128.load(z));
    s1 = madd(s1, a, v128.load(z, 16));
    s2 = madd(s2, a, v128.load(z, 32));
    s3 = madd(s3, a, v128.load(z, 48));
    s4 = madd(s4, a, v128.load(z, 64));
    s5 = madd(s5, a, v128.load(z, 80));
    z += bytes;
    coefficients += 4;
  } while (--n);
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
}

function addScaled16(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
  do {
    const a = v128.load32_splat(coefficients);
    s0 = madd(s0, a, v128.load(z));
    s1 = madd(s1, a, v128.load(z, 16));
    s2 = madd(s2, a, v128.load(z, 32));
    s3 = madd(s3, a, v128.load(z, 48));
    z += bytes;
    coefficients += 4;
  } while (--n);
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
}

function addScaled8(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
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
