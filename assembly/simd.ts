// Lanes: fused-looking multiply-adds (two roundings, never one: the bits must not depend on the processor) and
// horizontal sums in the one order that all kernels share.
// In the fast build alone (asconfig.json, docs/fast.md) FAST is defined: there the three are relaxed, and round once or
// twice as the host has it.

/** acc + a·b, each operation rounded. */
// @ts-ignore: decorator
@inline
export function madd(acc: v128, a: v128, b: v128): v128 {
  return isDefined(FAST) ? f32x4.relaxed_madd(a, b, acc) : f32x4.add(acc, f32x4.mul(a, b));
}

/** acc − a·b, each operation rounded. */
// @ts-ignore: decorator
@inline
export function msub(acc: v128, a: v128, b: v128): v128 {
  return isDefined(FAST) ? f32x4.relaxed_nmadd(a, b, acc) : f32x4.sub(acc, f32x4.mul(a, b));
}

/** acc + a·b in two lanes of f64. */
// @ts-ignore: decorator
@inline
export function madd64(acc: v128, a: v128, b: v128): v128 {
  return isDefined(FAST) ? f64x2.relaxed_madd(a, b, acc) : f64x2.add(acc, f64x2.mul(a, b));
}

/** Sum of four lanes: (l0 + l2) + (l1 + l3), the order of `sums4`. */
// @ts-ignore: decorator
@inline
export function sum4(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** (sum4(a), sum4(b), sum4(c), sum4(d)), bit for bit. */
// @ts-ignore: decorator
@inline
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Sum of two f64 lanes. */
// @ts-ignore: decorator
@inline
export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Lanes 0 and 1 of four f32, as f64. */
// @ts-ignore: decorator
@inline
export function low64(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3 of four f32, as f64. */
// @ts-ignore: decorator
@inline
export function high64(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
}
