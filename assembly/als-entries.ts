// What a stored value v means in every ALS kernel:
//     matrix weight w = ws·|v| + w0        coefficient t = v > 0 or explicit ? ts·v + t0 : 0
// four entries at a time; `left` counts the entries from the first lane on, and lanes beyond them are zero.
import { madd } from './simd';

/** Up to four values; nothing is read beyond the last. */
// @ts-ignore: decorator
@inline
export function entryValues(data: usize, left: i32): v128 {
  if (left > 3) return v128.load(data);
  let v = v128.load32_zero(data);
  if (left > 1) v = f32x4.replace_lane(v, 1, load<f32>(data, 4));
  if (left > 2) v = f32x4.replace_lane(v, 2, load<f32>(data, 8));
  return v;
}

// @ts-ignore: decorator
@inline
function inside(left: i32): v128 {
  return i32x4.gt_s(i32x4.splat(left), i32x4(0, 1, 2, 3));
}

// @ts-ignore: decorator
@inline
export function entryWeights(v: v128, left: i32, ws: f32, w0: f32): v128 {
  return v128.and(inside(left), madd(f32x4.splat(w0), f32x4.splat(ws), f32x4.abs(v)));
}

// @ts-ignore: decorator
@inline
export function entryTargets(v: v128, left: i32, ts: f32, t0: f32, explicit: i32): v128 {
  const counted = v128.or(f32x4.gt(v, f32x4.splat(0)), i32x4.splat(explicit ? -1 : 0));
  return v128.and(v128.and(inside(left), counted), madd(f32x4.splat(t0), f32x4.splat(ts), v));
}

/** The coefficient of one value, in f64. */
// @ts-ignore: decorator
@inline
export function entryTarget64(v: f64, ts: f64, t0: f64, explicit: i32): f64 {
  return v > 0 || explicit ? ts * v + t0 : 0;
}
