// Scores of pairs, the best k of given scores, unit rows. A score is Σ_c x_c y_c in float32, summed in order of c, in every
// function here: the bits of a pair's score do not depend on who else is scored.
import { above, bitBytes, clearList, close, closeSeen, listBytes, offer, takeList } from './ranked-list';
import { high64, low64 } from './simd';
import { dot64 } from './vec';

export function select_topk_scratch(k: i32, items: i32): i32 {
  return (<i32>listBytes(k) << 1) + bitBytes(items);
}

/**
 * The best k of each row of scores f32[rows × ldScores], the first `items` of it; ids, out [rows × k] as from topk.
 * rowIds i32[rows]: the user of each row, for seenIndptr.
 */
export function select_topk(
  rows: i32, items: i32, k: i32, scores: usize, ldScores: i32, rowIds: usize, seenIndptr: usize, seenIndices: usize, allowed: usize,
  ids: usize, out: usize, scratch: usize,
): void {
  const bits = scratch + (listBytes(k) << 1);
  for (let r = 0; r < rows; r++, rowIds += 4, scores += <usize>ldScores << 2, ids += <usize>k << 2, out += <usize>k << 2) {
    close(items, 0, allowed, bits);
    if (seenIndptr) closeSeen(load<i32>(rowIds), seenIndptr, seenIndices, 0, bits);
    clearList(k, scratch);
    selectRow(items, k, scores, bits, scratch);
    takeList(k, scratch, ids, out);
  }
}

function selectRow(items: i32, k: i32, row: usize, bits: usize, list: usize): void {
  const whole = items & ~7;
  for (let i = 0; i < whole; i += 8, row += 32, bits++) {
    const mask = above(v128.load(row), v128.load(row, 16), v128.load32_splat(list)) & ~<i32>load<u8>(bits);
    if (mask) offer(mask, i, row, k, list);
  }
  if (whole < items) offer(~<i32>load<u8>(bits) & 0xff, whole, row, k, list); // items beyond the last are forbidden
}

/** out[p] = the score of (users[p], items[p]), p < n. */
export function score_pairs(n: i32, ld: i32, users: usize, items: usize, X: usize, Y: usize, out: usize): void {
  const row = <usize>ld << 2;
  for (let p = 0; p < n; p += 4, users += 16, items += 16, out += 16) {
    const last = <usize>min(3, n - p - 1) << 2, p1 = min<usize>(4, last), p2 = min<usize>(8, last);
    const scores = scoreFour(row,
      X + <usize>load<i32>(users) * row, X + <usize>load<i32>(users + p1) * row,
      X + <usize>load<i32>(users + p2) * row,
      X + <usize>load<i32>(users + last) * row,
      Y + <usize>load<i32>(items) * row, Y + <usize>load<i32>(items + p1) * row,
      Y + <usize>load<i32>(items + p2) * row, Y + <usize>load<i32>(items + last) * row);
    if (last == 12) v128.store(out, scores);
    else {
      store<f32>(out, f32x4.extract_lane(scores, 0));
      if (last > 0) store<f32>(out, f32x4.extract_lane(scores, 1), 4);
      if (last > 4) store<f32>(out, f32x4.extract_lane(scores, 2), 8);
    }
  }
}

/** Adds four products of a row's coordinates to four sums, lane i for row i: transposed, so that a lane sums in order of c. */
// @ts-ignore: decorator
@inline
function addInOrder(sum: v128, p0: v128, p1: v128, p2: v128, p3: v128): v128 {
  const low01 = v128.shuffle<f32>(p0, p1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(p0, p1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(p2, p3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(p2, p3, 2, 6, 3, 7);
  sum = f32x4.add(sum, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  sum = f32x4.add(sum, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  sum = f32x4.add(sum, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  return f32x4.add(sum, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** Four dots, lane i for pair i. */
function scoreFour(row: usize, x0: usize, x1: usize, x2: usize, x3: usize, y0: usize, y1: usize, y2: usize, y3: usize): v128 {
  let sum = f32x4.splat(0);
  for (let c: usize = 0; c < row; c += 16) {
    const p0 = f32x4.mul(v128.load(x0 + c), v128.load(y0 + c)), p1 = f32x4.mul(v128.load(x1 + c), v128.load(y1 + c));
    const p2 = f32x4.mul(v128.load(x2 + c), v128.load(y2 + c)), p3 = f32x4.mul(v128.load(x3 + c), v128.load(y3 + c));
    sum = addInOrder(sum, p0, p1, p2, p3);
  }
  return sum;
}

/** out f32[8]: one row with eight. */
export function scoreEight(
  row: usize, x: usize, y0: usize, y1: usize, y2: usize, y3: usize, y4: usize, y5: usize, y6: usize, y7: usize, out: usize,
): void {
  let first = f32x4.splat(0), second = first;
  for (let c: usize = 0; c < row; c += 16) {
    const v = v128.load(x + c);
    first = addInOrder(first, f32x4.mul(v, v128.load(y0 + c)), f32x4.mul(v, v128.load(y1 + c)),
      f32x4.mul(v, v128.load(y2 + c)), f32x4.mul(v, v128.load(y3 + c)));
    second = addInOrder(second, f32x4.mul(v, v128.load(y4 + c)), f32x4.mul(v, v128.load(y5 + c)),
      f32x4.mul(v, v128.load(y6 + c)), f32x4.mul(v, v128.load(y7 + c)));
  }
  v128.store(out, first);
  v128.store(out, second, 16);
}

/** out[r] = X[r] / |X[r]|, norms in f64; zero rows stay zero. [rows × ld], in place is fine. */
export function row_normalize(rows: i32, ld: i32, X: usize, out: usize): void {
  const row = <usize>ld << 2;
  for (let r = 0; r < rows; r++, X += row, out += row) {
    const square = dot64(X, X, row), scale = f64x2.splat(square > 0 ? 1.0 / sqrt<f64>(square) : 0);
    for (let c: usize = 0; c < row; c += 16) {
      const v = v128.load(X + c);
      const low = f32x4.demote_f64x2_zero(f64x2.mul(low64(v), scale)), high = f32x4.demote_f64x2_zero(f64x2.mul(high64(v), scale));
      v128.store(out + c, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
    }
  }
}
