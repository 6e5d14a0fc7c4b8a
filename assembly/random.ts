// Keyed random numbers: Philox 4×32-10 (Salmon et al., SC 2011), the same words as src/base/random.ts.
// A draw is a function of (seed, stream, key, index) and of nothing else: no state, no position, no order of calls.
import { log_f64 } from './math';

/** Four words from counter (c0..c3) and Philox key (k0, k1), stored at `out`. */
// @ts-ignore: decorator
@inline
export function philox(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, out: usize): void {
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>c0 * 0xd2511f53, p1 = <u64>c2 * 0xcd9e8d57;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c3 = <u32>p0;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  store<u32>(out, c0);
  store<u32>(out, c1, 4);
  store<u32>(out, c2, 8);
  store<u32>(out, c3, 12);
}

/** Products of four words and a constant: the low halves, and the high ones. */
// @ts-ignore: decorator
@inline
function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 2, 4, 6);
}
// @ts-ignore: decorator
@inline
function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 1, 3, 5, 7);
}

/** `philox` of four counters, one to a lane: word w of lane l is u32 4·w + l at `out`. */
// @ts-ignore: decorator
@inline
export function philox4(c0: v128, c1: v128, c2: v128, c3: v128, k0: u32, k1: u32, out: usize): void {
  const m0 = i32x4.splat(<i32>0xd2511f53), m1 = i32x4.splat(<i32>0xcd9e8d57);
  let key0 = i32x4.splat(k0), key1 = i32x4.splat(k1);
  for (let round = 0; round < 10; round++) {
    const a = i64x2.extmul_low_i32x4_u(c0, m0), b = i64x2.extmul_high_i32x4_u(c0, m0);
    const c = i64x2.extmul_low_i32x4_u(c2, m1), d = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(highHalves(c, d), c1), key0);
    c1 = lowHalves(c, d);
    c2 = v128.xor(v128.xor(highHalves(a, b), c3), key1);
    c3 = lowHalves(a, b);
    key0 = i32x4.add(key0, i32x4.splat(<i32>0x9e3779b9));
    key1 = i32x4.add(key1, i32x4.splat(<i32>0xbb67ae85));
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
  v128.store(out, c2, 32);
  v128.store(out, c3, 48);
}

/** Block `index` (four words) of the draws of (seed, stream, key), stored at `out`: the words behind `uniform` in src/base/random.ts. */
// @ts-ignore: decorator
@inline
export function draw(seed: u32, stream: u32, keyLow: u32, keyHigh: u32, index: u32, out: usize): void {
  philox(index, 0, keyLow, keyHigh, seed, stream, out);
}

/** A word as a number in [0, 1): its upper 24 bits, all of which an f32 holds. */
// @ts-ignore: decorator
@inline
export function unitf(word: u32): f32 {
  return <f32>(word >> 8) * <f32>5.9604644775390625e-8;
}

/** A word as an integer in [0, n), by the upper half of their product; the bias is below n / 2³². */
// @ts-ignore: decorator
@inline
export function bounded(word: u32, n: u32): u32 {
  return <u32>((<u64>word * <u64>n) >> 32);
}

/** Words 0..n−1 of (seed, stream, key), n rounded up to whole blocks of four; out u32[(n + 3) & ~3]. */
export function random_words(n: i32, seed: u32, stream: u32, keyLow: u32, keyHigh: u32, out: usize): void {
  for (let i = 0; i < n; i += 4, out += 16) draw(seed, stream, keyLow, keyHigh, <u32>i >> 2, out);
}

/** Two independent normals of standard deviation `scale` from two words, at `out` (Box and Muller 1958, in f64). */
// @ts-ignore: decorator
@inline
function boxMuller(radiusWord: u32, angleWord: u32, scale: f64, out: usize): void {
  // (word + ½) / 2³² is never 0; the longest radius is 6.8 standard deviations.
  const radius = scale * sqrt<f64>(-2.0 * log_f64((<f64>radiusWord + 0.5) * 2.3283064365386963e-10));
  // The upper two bits choose a quadrant, the others an angle in [−π/4, π/4): there the Taylor series are good to 1e-17.
  const a = <f64>(<i32>(angleWord & 0x3fffffff) - 0x20000000) * 1.4629180792671596e-9; // 2π / 2³²
  const z = a * a;
  const cosine = 1.0 - z * (1.0 / 2.0 - z * (1.0 / 24.0 - z * (1.0 / 720.0 - z * (1.0 / 40320.0 -
    z * (1.0 / 3628800.0 - z * (1.0 / 479001600.0 - z * (1.0 / 87178291200.0 - z * (1.0 / 20922789888000.0))))))));
  const sine = a * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z * (1.0 / 362880.0 -
    z * (1.0 / 39916800.0 - z * (1.0 / 6227020800.0 - z * (1.0 / 1307674368000.0))))))));
  const swap = (angleWord & 0x40000000) != 0, flip = (angleWord & 0x80000000) != 0;
  const x = swap ? -sine : cosine, y = swap ? cosine : sine;
  store<f32>(out, <f32>(radius * (flip ? -x : x)));
  store<f32>(out, <f32>(radius * (flip ? -y : y)), 4);
}

/**
 * Normal rows: out[r][c] ~ N(0, scale²) for c < factors, a function of (seed, stream, keys[r], c) only.
 * keys u32[2·rows] (low, high); a row whose key is (0, 0) is a deleted one and becomes zeros. Pads are zero.
 */
export function random_normal_rows(
  rows: i32, factors: i32, ld: i32, seed: u32, stream: u32, keys: usize, scale: f32, out: usize,
): void {
  const stride = <usize>ld << 2;
  for (let r = 0; r < rows; r++, keys += 8, out += stride) {
    const low = load<u32>(keys), high = load<u32>(keys, 4);
    if (low | high) {
      for (let c = 0; c < ld; c += 4) {
        // The words are written where the four numbers made of them go.
        const at = out + (<usize>c << 2);
        draw(seed, stream, low, high, <u32>c >> 2, at);
        boxMuller(load<u32>(at), load<u32>(at, 4), scale, at);
        boxMuller(load<u32>(at, 8), load<u32>(at, 12), scale, at + 8);
      }
      memory.fill(out + (<usize>factors << 2), 0, <usize>(ld - factors) << 2);
    } else memory.fill(out, 0, stride);
  }
}

/**
 * Uniform rows: out[r][c] = low + (high − low)·u, u in [0, 1), for c < cols, a function of (seed, stream, keys[r], c) only.
 * Keys and pads as in `random_normal_rows`.
 */
export function random_uniform_rows(
  rows: i32, cols: i32, ld: i32, seed: u32, stream: u32, keys: usize, low: f32, high: f32, out: usize,
): void {
  const stride = <usize>ld << 2, width = high - low;
  for (let r = 0; r < rows; r++, keys += 8, out += stride) {
    const keyLow = load<u32>(keys), keyHigh = load<u32>(keys, 4);
    if (keyLow | keyHigh) {
      for (let c = 0; c < ld; c += 4) draw(seed, stream, keyLow, keyHigh, <u32>c >> 2, out + (<usize>c << 2));
      for (let at = out, end = out + (<usize>cols << 2); at < end; at += 4) {
        store<f32>(at, low + width * unitf(load<u32>(at)));
      }
      memory.fill(out + (<usize>cols << 2), 0, <usize>(ld - cols) << 2);
    } else memory.fill(out, 0, stride);
  }
}
