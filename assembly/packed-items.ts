// Items as the ranking kernel reads them: rows in 16-bit integers, in order of falling norm, with a bound of what the rounding
// of each block costs. A bound is a float32 that was inflated by more than all rounding on its way.
import { groupsOf } from './ranked-list';
import { high64, low64, sum2 } from './simd';
import { dot64 } from './vec';

/** Items that share a scale and a bound: three groups of eight. */
export const BLOCK: i32 = 24;

/** Norms beyond this (or none) could make a score infinite: then nothing is bounded, and all scores are computed. */
export const LARGEST_NORM: f64 = 1e18;

/** Added to every bound: what float32 loses near its smallest numbers. */
export const TINY: f32 = 1e-36;

/** A bound is inflated by this much, an estimate by MARGIN of the norms' product: some tens of float32's rounding errors. */
export const INFLATE: f64 = 1 + 1e-6;
const MARGIN: f64 = 2e-6;

// ---- Layout, from `packed`: whether items are bounded (i32), blocks, order (place -> item), place (item -> place), cells.
// A block: 1 / scale, bound of the rows' rounding and of float32 sums, largest norm of the integer rows times the scale,
// largest norm in this block or a later one, scale.

const HEADER: usize = 32;
export const BLOCK_BYTES: usize = 32;
export const INVERSE: usize = 0;
export const ROUNDING: usize = 4;
export const INTEGER_NORM: usize = 8;
export const NORM: usize = 12;
export const SCALE: usize = 16;

// @ts-ignore: decorator
@inline
export function isBounded(packed: usize): bool {
  return load<i32>(packed) == 1;
}

// @ts-ignore: decorator
@inline
export function blocksOf(packed: usize): usize {
  return packed + HEADER;
}

// @ts-ignore: decorator
@inline
export function orderOf(items: i32, packed: usize): usize {
  return blocksOf(packed) + <usize>(groupsOf(items) / 3) * BLOCK_BYTES;
}

// @ts-ignore: decorator
@inline
export function placeOf(items: i32, packed: usize): usize {
  return orderOf(items, packed) + (<usize>items << 2);
}

/** Cells: two coordinates of an item; a group of eight items is a row of cells for each pair of coordinates. */
// @ts-ignore: decorator
@inline
export function cellsOf(items: i32, packed: usize): usize {
  return (placeOf(items, packed) + (<usize>items << 2) + 15) & ~15;
}

export function packed_items_bytes(items: i32, ld: i32): i32 {
  return <i32>cellsOf(items, 0) + (groupsOf(items) * ld << 4) + 16;
}

/** Norms by their exponent and five bits: as fine an order as the early end of a ranking needs. */
const KEY_BITS: u32 = 18;
const KEYS: i32 = 1 << (31 - 18);

export function pack_items_scratch(items: i32): i32 {
  return (items << 2) + (KEYS << 2) + 32;
}

/** packed = the rows of Y [items × ld] as topk reads them. scratch: pack_items_scratch(items) bytes. */
export function pack_items(items: i32, ld: i32, Y: usize, packed: usize, scratch: usize): void {
  const norms = scratch, counts = norms + (<usize>items << 2), out = (counts + (<usize>KEYS << 2) + 15) & ~15;
  const order = orderOf(items, packed), cells = cellsOf(items, packed), row = <usize>ld << 2;
  memory.fill(cells, 0, <usize>groupsOf(items) * (<usize>ld << 4));
  let bounded = true;
  for (let i = 0; i < items; i++) {
    const norm = normOf(ld, Y + <usize>i * row);
    bounded = bounded && norm <= LARGEST_NORM;
    store<f32>(norms + (<usize>i << 2), <f32>norm);
  }
  store<i32>(packed, i32(bounded));
  orderByNorm(items, norms, order, placeOf(items, packed), counts);
  if (!bounded) return;
  let later: f32 = 0;
  for (let b = groupsOf(items) / 3 - 1; b >= 0; b--) {
    later = packBlock(b, items, ld, Y, order, norms, later, blocksOf(packed) + <usize>b * BLOCK_BYTES, cells, out);
  }
}

/** Places items by norm, the largest first: a counting sort by the norm's leading bits, of equal ones the lower item first. */
function orderByNorm(items: i32, norms: usize, order: usize, place: usize, counts: usize): void {
  memory.fill(counts, 0, <usize>KEYS << 2);
  for (let i: usize = 0, end = <usize>items << 2; i < end; i += 4) {
    const count = counts + (keyOf(norms + i) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
  for (let key = KEYS - 1, at = 0; key >= 0; key--) {
    const count = counts + (<usize>key << 2), n = load<i32>(count);
    store<i32>(count, at);
    at += n;
  }
  for (let i = 0; i < items; i++) {
    const count = counts + (keyOf(norms + (<usize>i << 2)) << 2), at = load<i32>(count);
    store<i32>(count, at + 1);
    store<i32>(order + (<usize>at << 2), i);
    store<i32>(place + (<usize>i << 2), at);
  }
}

// @ts-ignore: decorator
@inline
function keyOf(norm: usize): usize {
  return <usize>((load<u32>(norm) & 0x7fffffff) >> KEY_BITS);
}

/** Packs block b of the order; returns the largest norm from here on, given that of the later blocks. */
function packBlock(
  b: i32, items: i32, ld: i32, Y: usize, order: usize, norms: usize, later: f32, block: usize, cells: usize, out: usize,
): f32 {
  const row = <usize>ld << 2, first = b * BLOCK, last = min(items, first + BLOCK);
  let largest: f32 = 0;
  for (let i = first; i < last; i++) {
    const item = <usize>load<i32>(order + (<usize>i << 2));
    largest = max(largest, largestOf(ld, Y + item * row));
    later = max(later, load<f32>(norms + (item << 2)));
  }
  const scale = scaleFor(largest, ld);
  let rounding: f64 = 0, norm: f64 = 0;
  for (let i = first; i < last; i++) {
    const item = <usize>load<i32>(order + (<usize>i << 2));
    quantise(ld, Y + item * row, scale, cells + <usize>(i >> 3) * (row << 2) + (<usize>(i & 7) << 2), 32, out);
    rounding = max(rounding, load<f64>(out));
    norm = max(norm, load<f64>(out, 8));
  }
  store<f32>(block, <f32>(1 / scale), INVERSE);
  store<f32>(block, <f32>((rounding + sumError(ld) * <f64>later) * INFLATE) + TINY, ROUNDING);
  store<f32>(block, <f32>(norm * INFLATE), INTEGER_NORM);
  store<f32>(block, <f32>(<f64>later * (1 + sumError(ld)) * INFLATE), NORM);
  store<f32>(block, <f32>scale, SCALE);
  return later;
}

/** A float32 sum of ld products is off by at most this part of the norms' product (γ of Higham, §3.1), with a margin. */
// @ts-ignore: decorator
@inline
function sumError(ld: i32): f64 {
  const u = <f64>ld * 5.9604644775390625e-8;
  return u / (1 - u) + MARGIN;
}

/** The norm of a row, no less than it is; NaN or infinite where the row is. */
export function normOf(ld: i32, row: usize): f64 {
  return sqrt<f64>(dot64(row, row, <usize>ld << 2)) * INFLATE;
}

export function largestOf(ld: i32, row: usize): f32 {
  let most = f32x4.splat(0);
  for (const end = row + (<usize>ld << 2); row < end; row += 16) most = f32x4.max(most, f32x4.abs(v128.load(row)));
  const most01 = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
  return max(most01, max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)));
}

/**
 * The unit of a row's integers: as fine as 16 bits and 32-bit sums of ld products allow. Rows that are next to nothing get
 * integers of zero: their bound is their norm.
 */
export function scaleFor(largest: f32, ld: i32): f64 {
  if (!(largest > <f32>1e-30)) return 1;
  const most = min<f64>(32767, floor<f64>(sqrt<f64>(2147483647.0 / <f64>ld)));
  return <f64><f32>(<f64>largest / most * INFLATE);
}

/**
 * Writes a row's cells, `stride` bytes apart, the nearest integers to row / scale. out f64[2]: the norm of what rounding took
 * away, and the norm of the integers times the scale.
 */
export function quantise(ld: i32, row: usize, scale: f64, to: usize, stride: usize, out: usize): void {
  const inverse = f64x2.splat(1 / scale), unit = f64x2.splat(scale);
  let lost = f64x2.splat(0), kept = lost;
  for (const end = row + (<usize>ld << 2); row < end; row += 16, to += stride << 1) {
    const v = v128.load(row), low = low64(v), high = high64(v);
    const lowInteger = f64x2.nearest(f64x2.mul(low, inverse)), highInteger = f64x2.nearest(f64x2.mul(high, inverse));
    const lowKept = f64x2.mul(lowInteger, unit), highKept = f64x2.mul(highInteger, unit);
    const lowLost = f64x2.sub(low, lowKept), highLost = f64x2.sub(high, highKept);
    lost = f64x2.add(lost, f64x2.add(f64x2.mul(lowLost, lowLost), f64x2.mul(highLost, highLost)));
    kept = f64x2.add(kept, f64x2.add(f64x2.mul(lowKept, lowKept), f64x2.mul(highKept, highKept)));
    const integers = v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(lowInteger), i32x4.trunc_sat_f64x2_s_zero(highInteger), 0, 1, 4, 5);
    const cells = i16x8.narrow_i32x4_s(integers, integers);
    v128.store32_lane(to, cells, 0);
    v128.store32_lane(to + stride, cells, 1);
  }
  store<f64>(out, sqrt<f64>(sum2(lost)));
  store<f64>(out, sqrt<f64>(sum2(kept)), 8);
}
