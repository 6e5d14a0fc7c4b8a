// Elementary functions whose bits are ours: exp, log, sigmoid, softplus, tanh in f32, four lanes at a time.
// A scalar is lane 0 of the same code, so scalar and lanes cannot differ. NaN goes through; nothing traps.
// The f64 functions are series too: the compiler's own carry 10 KB of tables, a third of all kernels once compressed.

const LOG2_E: f32 = 1.4426950408889634;
// ln 2 in two parts: the first has so few bits that its product with any exponent is exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440054690583e-4;
const SQRT_HALF_BITS: i32 = 0x3f3504f3;

const LN2_HIGH_64: f64 = 0.6931471803691238; // 33 bits of ln 2: exact times any exponent
const LN2_LOW_64: f64 = 1.9082149292705877e-10;

/** e^x within 2 ulp: x = k·ln 2 + r with |r| ≤ ln2/2, and the Taylor series of e^r to r¹³/13!. */
export function exp_f64(x: f64): f64 {
  if (!(x < 709.79)) return x > 0 ? f64.POSITIVE_INFINITY : x; // NaN goes through
  if (x < -745.2) return 0;
  const k = nearest<f64>(x * 1.4426950408889634);
  const r = x - k * LN2_HIGH_64 - k * LN2_LOW_64;
  let p: f64 = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  // Two factors, because 2^k alone may lie outside the range of a double when the product does not.
  const half = <i32>k >> 1;
  return (1.0 + (r + r * r * p)) * power2(half) * power2(<i32>k - half);
}

/** log x within 2 ulp: x = 2^k·(1 + f) with 1 + f in [√½, √2), and log(1 + f) = 2 artanh(f / (2 + f)) as a series. */
export function log_f64(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -f64.POSITIVE_INFINITY : f64.NaN;
  if (x == f64.POSITIVE_INFINITY) return x;
  let shift = 0;
  if (x < 2.2250738585072014e-308) { // subnormal
    x *= 18014398509481984.0;
    shift = 54;
  }
  // Adding the distance from √½ to 1 in the upper bits makes the exponent that of the nearest power of two.
  const bits = reinterpret<u64>(x) + 0x00095f6200000000;
  const k = <i32>(bits >> 52) - 1023 - shift;
  const f = reinterpret<f64>((bits & 0x000fffffffffffff) + 0x3fe6a09e00000000) - 1.0;
  const s = f / (2.0 + f), z = s * s, square = 0.5 * f * f;
  let p: f64 = 2.0 / 23.0;
  p = p * z + 2.0 / 21.0;
  p = p * z + 2.0 / 19.0;
  p = p * z + 2.0 / 17.0;
  p = p * z + 2.0 / 15.0;
  p = p * z + 2.0 / 13.0;
  p = p * z + 2.0 / 11.0;
  p = p * z + 2.0 / 9.0;
  p = p * z + 2.0 / 7.0;
  p = p * z + 2.0 / 5.0;
  p = p * z + 2.0 / 3.0;
  return k * LN2_HIGH_64 - (square - (s * (square + p * z) + k * LN2_LOW_64) - f);
}

/** x^y for x ≥ 0; exact for y of 0, ½ and 1, else within |y·log x| + 2 ulp. */
export function pow_f64(x: f64, y: f64): f64 {
  if (y == 0) return 1;
  if (y == 1) return x;
  if (y == 0.5) return sqrt<f64>(x);
  return exp_f64(y * log_f64(x));
}

// @ts-ignore: decorator
@inline
function power2(exponent: i32): f64 {
  return reinterpret<f64>(<u64>(exponent + 1023) << 52);
}

/** e^r − 1 by its Taylor series to r⁷/7!: relative error below 2^-27 for |r| ≤ ln2/2. */
// @ts-ignore: decorator
@inline
function expm1Reduced(r: v128): v128 {
  let p = f32x4.splat(1.0 / 5040.0);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 720.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
  return f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r);
}

/** x − n·ln2 for an integral n. */
// @ts-ignore: decorator
@inline
function minusLn2(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
}

/** 2^n for integers −126 ≤ n ≤ 127. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x: 0 below −104, infinite above 88.73, denormals in between. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  x = f32x4.max(f32x4.splat(-105), f32x4.min(f32x4.splat(89), x));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2_E)));
  const e = f32x4.add(f32x4.splat(1), expm1Reduced(minusLn2(x, n)));
  // 2^n in two factors, because n reaches beyond the exponents that one float has.
  const whole = i32x4.trunc_sat_f32x4_s(n), half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(e, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** ln x; −Infinity at 0, NaN below, Infinity at Infinity. Denormals count as what they are. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  // Denormals are first scaled by 2^25.
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const bits = v128.bitselect(f32x4.mul(x, f32x4.splat(33554432)), x, tiny);
  // x = 2^k · (1 + f) with 1 + f in [√½, √2): moving the bits by √½ puts the carry where the exponent must round up.
  const shifted = i32x4.sub(bits, i32x4.splat(SQRT_HALF_BITS));
  const k = f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23)), v128.and(tiny, f32x4.splat(25)));
  const f = f32x4.sub(i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(SQRT_HALF_BITS)), f32x4.splat(1));
  // ln(1 + f) = f − s·(f − R) with s = f / (2 + f), R = 2/3 s² + 2/5 s⁴ + …: the series of 2·artanh(s).
  const s = f32x4.div(f, f32x4.add(f32x4.splat(2), f)), z = f32x4.mul(s, s);
  let r = f32x4.splat(2.0 / 11.0);
  r = f32x4.add(f32x4.mul(r, z), f32x4.splat(2.0 / 9.0));
  r = f32x4.add(f32x4.mul(r, z), f32x4.splat(2.0 / 7.0));
  r = f32x4.add(f32x4.mul(r, z), f32x4.splat(2.0 / 5.0));
  r = f32x4.mul(f32x4.add(f32x4.mul(r, z), f32x4.splat(2.0 / 3.0)), z);
  const low = f32x4.sub(f32x4.mul(k, f32x4.splat(LN2_LOW)), f32x4.mul(s, f32x4.sub(f, r)));
  let y = f32x4.add(f32x4.mul(k, f32x4.splat(LN2_HIGH)), f32x4.add(f, low));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  y = v128.bitselect(f32x4.splat(Infinity), y, f32x4.eq(x, f32x4.splat(Infinity)));
  return v128.bitselect(y, f32x4.splat(NaN), f32x4.ge(x, f32x4.splat(0)));
}

/** ln(1 + e) for e ≥ 0: what 1 + e rounds away comes back as a first-order term. */
// @ts-ignore: decorator
@inline
export function log1p4(e: v128): v128 {
  const u = f32x4.add(f32x4.splat(1), e);
  return f32x4.add(log4(u), f32x4.div(f32x4.sub(e, f32x4.sub(u, f32x4.splat(1))), u));
}

/** 1 / (1 + e^−x), without overflow on either side. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(e, f32x4.splat(1), f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(f32x4.splat(1), e));
}

/** σ(x)·σ(−x), the bits of that product with one exponential. */
// @ts-ignore: decorator
@inline
export function sigmoidSlope4(x: v128): v128 {
  const one = f32x4.splat(1), e = exp4(f32x4.neg(f32x4.abs(x))), total = f32x4.add(one, e);
  return f32x4.mul(f32x4.div(one, total), f32x4.div(e, total));
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|). */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p4(exp4(f32x4.neg(f32x4.abs(x)))));
}

/** tanh x = m / (m + 2) with m = e^2|x| − 1, which keeps small x exact; the sign is put back at the end. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const twice = f32x4.min(f32x4.splat(40), f32x4.mul(f32x4.abs(x), f32x4.splat(2)));
  const n = f32x4.nearest(f32x4.mul(twice, f32x4.splat(LOG2_E)));
  const power = powerOfTwo(i32x4.trunc_sat_f32x4_s(n));
  const m = f32x4.add(f32x4.mul(power, expm1Reduced(minusLn2(twice, n))), f32x4.sub(power, f32x4.splat(1)));
  return v128.bitselect(x, f32x4.div(m, f32x4.add(m, f32x4.splat(2))), i32x4.splat(0x80000000));
}

// @ts-ignore: decorator
@inline
export function expf(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}
// @ts-ignore: decorator
@inline
export function logf(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}
// @ts-ignore: decorator
@inline
export function sigmoidf(x: f32): f32 {
  return f32x4.extract_lane(sigmoid4(f32x4.splat(x)), 0);
}
// @ts-ignore: decorator
@inline
export function softplusf(x: f32): f32 {
  return f32x4.extract_lane(softplus4(f32x4.splat(x)), 0);
}
// @ts-ignore: decorator
@inline
export function tanhf(x: f32): f32 {
  return f32x4.extract_lane(tanh4(f32x4.splat(x)), 0);
}

// Arrays: out[i] = function(x[i]) for i < n; in place is fine. The last n mod 4 go one by one, with the same bits.

export function exp_f32(n: i32, x: usize, out: usize): void {
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16, out += 16) v128.store(out, exp4(v128.load(x)));
  for (; x < end; x += 4, out += 4) store<f32>(out, expf(load<f32>(x)));
}
export function log_f32(n: i32, x: usize, out: usize): void {
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16, out += 16) v128.store(out, log4(v128.load(x)));
  for (; x < end; x += 4, out += 4) store<f32>(out, logf(load<f32>(x)));
}
export function sigmoid_f32(n: i32, x: usize, out: usize): void {
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16, out += 16) v128.store(out, sigmoid4(v128.load(x)));
  for (; x < end; x += 4, out += 4) store<f32>(out, sigmoidf(load<f32>(x)));
}
export function softplus_f32(n: i32, x: usize, out: usize): void {
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16, out += 16) v128.store(out, softplus4(v128.load(x)));
  for (; x < end; x += 4, out += 4) store<f32>(out, softplusf(load<f32>(x)));
}
export function tanh_f32(n: i32, x: usize, out: usize): void {
  const end = x + (<usize>n << 2);
  for (; x + 16 <= end; x += 16, out += 16) v128.store(out, tanh4(v128.load(x)));
  for (; x < end; x += 4, out += 4) store<f32>(out, tanhf(load<f32>(x)));
}
