// Sums of integers of users and items: of a tile of four users with eight items, or of one user with twenty-four.
import { BLOCK, BLOCK_BYTES, SCALE } from './packed-items';
import { bufferOf, Call, COUNTS, LOWEST, SCALES, slackOf, STATE, stateOf, SUMS, THRESHOLDS } from './ranking-call';
import { bitBytes } from './ranked-list';
import { FIRST_HALVINGS, kth } from './ranking-buffer';

/** A bit for each of sixteen lanes. */
// @ts-ignore: decorator
@inline
function bitsOf(a: v128, b: v128, c: v128, d: v128): i32 {
  return i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

// @ts-ignore: decorator
@inline
function addProducts(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** A bit for each sum above its user's threshold, eight to a user; i32[4 × 8] in `sums` where there is one. n: cells of a row. */
export function sumTile(rows: usize, group: usize, n: i32, state: usize, sums: usize): i32 {
  let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  do {
    const b0 = v128.load(group), b1 = v128.load(group, 16);
    let a = v128.load32_splat(rows);
    c00 = addProducts(c00, a, b0);
    c01 = addProducts(c01, a, b1);
    a = v128.load32_splat(rows, 4);
    c10 = addProducts(c10, a, b0);
    c11 = addProducts(c11, a, b1);
    a = v128.load32_splat(rows, 8);
    c20 = addProducts(c20, a, b0);
    c21 = addProducts(c21, a, b1);
    a = v128.load32_splat(rows, 12);
    c30 = addProducts(c30, a, b0);
    c31 = addProducts(c31, a, b1);
    rows += 16;
    group += 32;
  } while (--n);
  const t0 = v128.load32_splat(state, THRESHOLDS), t1 = v128.load32_splat(state, THRESHOLDS + 4);
  const t2 = v128.load32_splat(state, THRESHOLDS + 8), t3 = v128.load32_splat(state, THRESHOLDS + 12);
  const hits01 = v128.or(i32x4.gt_s(i32x4.max_s(c00, c01), t0), i32x4.gt_s(i32x4.max_s(c10, c11), t1));
  const hits23 = v128.or(i32x4.gt_s(i32x4.max_s(c20, c21), t2), i32x4.gt_s(i32x4.max_s(c30, c31), t3));
  if (!v128.any_true(v128.or(hits01, hits23))) return 0;
  v128.store(sums, c00);
  v128.store(sums, c01, 16);
  v128.store(sums, c10, 32);
  v128.store(sums, c11, 48);
  v128.store(sums, c20, 64);
  v128.store(sums, c21, 80);
  v128.store(sums, c30, 96);
  v128.store(sums, c31, 112);
  return bitsOf(i32x4.gt_s(c00, t0), i32x4.gt_s(c01, t0), i32x4.gt_s(c10, t1), i32x4.gt_s(c11, t1)) |
    (bitsOf(i32x4.gt_s(c20, t2), i32x4.gt_s(c21, t2), i32x4.gt_s(c30, t3), i32x4.gt_s(c31, t3)) << 16);
}

/** The same for one user and the 24 items of a block: as many sums as leave registers for what is loaded. */
export function sumAlone(row: usize, block: usize, n: i32, state: usize, sums: usize): i32 {
  const size = <usize>n << 5;
  let second = block + size, third = second + size;
  let c0 = i32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
  do {
    const a = v128.load32_splat(row);
    c0 = addProducts(c0, a, v128.load(block));
    c1 = addProducts(c1, a, v128.load(block, 16));
    c2 = addProducts(c2, a, v128.load(second));
    c3 = addProducts(c3, a, v128.load(second, 16));
    c4 = addProducts(c4, a, v128.load(third));
    c5 = addProducts(c5, a, v128.load(third, 16));
    row += 4;
    block += 32;
    second += 32;
    third += 32;
  } while (--n);
  const t = v128.load32_splat(state, THRESHOLDS);
  const most = i32x4.max_s(i32x4.max_s(i32x4.max_s(c0, c1), i32x4.max_s(c2, c3)), i32x4.max_s(c4, c5));
  if (!v128.any_true(i32x4.gt_s(most, t))) return 0;
  v128.store(sums, c0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
  v128.store(sums, c4, 64);
  v128.store(sums, c5, 80);
  return bitsOf(i32x4.gt_s(c0, t), i32x4.gt_s(c1, t), i32x4.gt_s(c2, t), i32x4.gt_s(c3, t)) |
    ((bitsOf(i32x4.gt_s(c4, t), i32x4.gt_s(c5, t), t, t) & 0xff) << 16);
}

/** Lower bounds of the dense items for the users of tile t. */
export function boundDense(call: Call, t: i32, alone: bool): void {
  const ld = call.ld, size = <usize>ld << 4, state = call.states + <usize>t * STATE, row = call.rows + <usize>t * (<usize>ld << 3);
  const stride = <usize>call.dense << 2;
  v128.store(state, i32x4.splat(i32.MIN_VALUE), THRESHOLDS); // below every sum
  let block = call.blocks, group = call.cells, to = call.lower + <usize>(t << 2) * stride;
  for (let b = 0; b < call.dense / BLOCK; b++, block += BLOCK_BYTES, to += BLOCK << 2) {
    if (alone) {
      sumAlone(row, group, ld >> 1, state, call.sums);
      lowerBounds(BLOCK, state, block, call.sums, to);
      group += size * 3;
    } else {
      for (let g: usize = 0; g < 3; g++, group += size) {
        sumTile(row, group, ld >> 1, state, call.sums);
        for (let u: usize = 0; u < 4; u++) lowerBounds(8, state + (u << 2), block, call.sums + (u << 5), to + u * stride + (g << 5));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function lowerBounds(n: i32, state: usize, block: usize, sums: usize, to: usize): void {
  const scale = f32x4.splat(load<f32>(state, SCALES) * load<f32>(block, SCALE)), slack = f32x4.splat(slackOf(state, block));
  for (let i: usize = 0; i < <usize>n << 2; i += 16) {
    v128.store(to + i, f32x4.sub(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums + i)), scale), slack));
  }
}

/** A user's first threshold from the dense items, and those that reach it. */
export function gatherDense(call: Call, u: i32): void {
  const state = stateOf(call, u), dense = call.dense, upper = <usize>call.room << 2, buffer = bufferOf(call, u);
  if (load<i32>(state, COUNTS) < 0) return;
  let bits = call.bits + <usize>u * <usize>bitBytes(call.items), at = call.lower + <usize>u * (<usize>dense << 2);
  for (let g = 0; g < dense >> 3; g++) {
    for (let shut = <i32>load<u8>(bits + <usize>g); shut; shut &= shut - 1) {
      store<f32>(at + (<usize>g << 5) + (<usize>ctz(shut) << 2), -Infinity);
    }
  }
  const lowest = kth(dense, call.k, at, -Infinity, FIRST_HALVINGS);
  store<f32>(state, lowest, LOWEST);
  let n: usize = 0, block = call.blocks;
  for (let b = 0; b < dense / BLOCK; b++, block += BLOCK_BYTES, at += BLOCK << 2, bits += 3) {
    const width = slackOf(state, block) * <f32>2.000002, least = f32x4.splat(lowest - width);
    let hits = bitsOf(f32x4.ge(v128.load(at), least), f32x4.ge(v128.load(at, 16), least),
      f32x4.ge(v128.load(at, 32), least), f32x4.ge(v128.load(at, 48), least));
    hits |= (bitsOf(f32x4.ge(v128.load(at, 64), least), f32x4.ge(v128.load(at, 80), least), least, least) & 0xff) << 16;
    hits &= ~(<i32>load<u16>(bits) | (<i32>load<u8>(bits, 2) << 16));
    for (; hits; hits &= hits - 1, n += 4) {
      const lane = ctz(hits), bound = load<f32>(at + (<usize>lane << 2));
      store<f32>(buffer + n, bound);
      store<f32>(buffer + n + upper, bound + width);
      store<i32>(buffer + n + (upper << 1), b * BLOCK + lane);
    }
  }
  store<i32>(state, <i32>(n >> 2), COUNTS);
}
