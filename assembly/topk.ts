// Scores of users and items, and the best k of them. A score is Σ_c x_c y_c in f32, summed in order of c, in every
// function here: the bits of a pair's score do not depend on who else is scored. The best come first, of equal scores
// the lower item; NaN and −Infinity never enter a list; lists that run out of items end in item −1, score −Infinity.
import { above, bitBytes, clearList, forbid, groupsOf, listBytes, offer, takeList } from './ranked-list';
import { high64, low64, madd } from './simd';
import { dot64 } from './vec';

// ---- Packed items: groups of eight, transposed (coordinate c of a group's items at 32·c bytes), whole threes of groups.

export function packed_items_bytes(items: i32, ld: i32): i32 {
  return groupsOf(items) * ld << 5;
}

/** packed = the rows of Y [items × ld] in groups, missing items zero. */
export function pack_items(items: i32, ld: i32, Y: usize, packed: usize): void {
  memory.fill(packed, 0, <usize>packed_items_bytes(items, ld));
  const row = <usize>ld << 2;
  for (let i = 0; i < items; i++, Y += row) {
    let to = packed + <usize>(i >> 3) * (row << 3) + (<usize>(i & 7) << 2);
    for (let c: usize = 0; c < row; c += 4, to += 32) store<f32>(to, load<f32>(Y + c));
  }
}

// ---- Top-k of users

/** Users scored together: their rows and bit masks stay in the first-level cache while the items pass by. */
const USERS: i32 = 16;

export function topk_scratch(k: i32, items: i32, ld: i32): i32 {
  return USERS * (ld << 2) + USERS * 4 + 128 + USERS * ((<i32>listBytes(k) << 1) + bitBytes(items));
}

/**
 * The best k items of users[begin..end), row q − begin of ids i32[· × k] and scores f32[· × k].
 * users: rows of X [· × ld]; packed: from pack_items; seenIndptr, seenIndices: sparse rows by user whose items are left out
 * (0: none); allowed: u32 words, bit j set when item j may be ranked (0: all).
 */
export function topk(
  begin: i32, end: i32, k: i32, items: i32, ld: i32, users: usize, X: usize, packed: usize,
  seenIndptr: usize, seenIndices: usize, allowed: usize, ids: usize, scores: usize, scratch: usize,
): void {
  const row = <usize>ld << 2, list = listBytes(k) << 1, bytes = <usize>bitBytes(items);
  const rows = scratch, thresholds = rows + <usize>USERS * row;
  const tile = thresholds + USERS * 4, lists = tile + 128, bits = lists + <usize>USERS * list;
  for (let first = begin; first < end; first += USERS) {
    const n = min(USERS, end - first);
    for (let q = 0; q < n; q++) {
      const user = load<i32>(users + (<usize>(first + q) << 2));
      forbid(items, user, seenIndptr, seenIndices, allowed, bits + <usize>q * bytes);
      clearList(k, lists + <usize>q * list);
    }
    for (let q = 0; q < n; q += 4) {
      const user = users + (<usize>(first + q) << 2), some = min(4, n - q);
      if (some == 1) scanAlone(items, k, ld, X + <usize>load<i32>(user) * row,
        packed, bits + <usize>q * bytes, tile, lists + <usize>q * list);
      else packUsers(some, row, user, X, rows + <usize>q * row, thresholds + (<usize>q << 2));
    }
    const together = (n & 3) == 1 ? n - 1 : n;
    for (let g = 0; together && g < (items + 7) >> 3; g++) {
      scanGroup(g, together, k, ld, rows, packed + <usize>g * (row << 3), thresholds, tile, bits, bytes, lists, list);
    }
    for (let q = 0; q < n; q++, ids += <usize>k << 2, scores += <usize>k << 2) takeList(k, lists + <usize>q * list, ids, scores);
  }
}

/** Four users' rows transposed, coordinate c at 16·c bytes. A missing user's threshold is never beaten. */
function packUsers(count: i32, row: usize, users: usize, X: usize, to: usize, thresholds: usize): void {
  for (let q = 0; q < 4; q++, to += 4) {
    const x = X + <usize>load<i32>(users + (<usize>min(q, count - 1) << 2)) * row;
    for (let c: usize = 0; c < row; c += 4) store<f32>(to + (c << 2), load<f32>(x + c));
    store<f32>(thresholds + (<usize>q << 2), q < count ? -Infinity : Infinity);
  }
}

/** Offers group g of the items to n users, four at a time. */
function scanGroup(
  g: i32, n: i32, k: i32, ld: i32, rows: usize, group: usize, thresholds: usize, tile: usize, bits: usize, bytes: usize,
  lists: usize, list: usize,
): void {
  for (let q = 0; q < n; q += 4, rows += <usize>ld << 4, thresholds += 16) {
    if (!scoreTile(rows, group, ld, thresholds, tile)) continue;
    for (let u = 0, some = min(4, n - q); u < some; u++) {
      const user = <usize>(q + u), at = tile + (<usize>u << 5), threshold = thresholds + (<usize>u << 2);
      const open = ~<i32>load<u8>(bits + user * bytes + <usize>g);
      const mask = above(v128.load(at), v128.load(at, 16), v128.load32_splat(threshold)) & open;
      if (mask == 0) continue;
      offer(mask, g << 3, at, k, lists + user * list);
      store<f32>(threshold, load<f32>(lists + user * list));
    }
  }
}

/** Scores of four users and eight items, stored in `tile` only when one of them is above its user's threshold. */
// @ts-ignore: decorator
@inline
function scoreTile(rows: usize, group: usize, n: i32, thresholds: usize, tile: usize): bool {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  do {
    const b0 = v128.load(group), b1 = v128.load(group, 16);
    let a = v128.load32_splat(rows);
    c00 = madd(c00, a, b0);
    c01 = madd(c01, a, b1);
    a = v128.load32_splat(rows, 4);
    c10 = madd(c10, a, b0);
    c11 = madd(c11, a, b1);
    a = v128.load32_splat(rows, 8);
    c20 = madd(c20, a, b0);
    c21 = madd(c21, a, b1);
    a = v128.load32_splat(rows, 12);
    c30 = madd(c30, a, b0);
    c31 = madd(c31, a, b1);
    rows += 16;
    group += 32;
  } while (--n);
  const t0 = v128.load32_splat(thresholds), t1 = v128.load32_splat(thresholds, 4);
  const t2 = v128.load32_splat(thresholds, 8), t3 = v128.load32_splat(thresholds, 12);
  const hit01 = v128.or(v128.or(f32x4.gt(c00, t0), f32x4.gt(c01, t0)), v128.or(f32x4.gt(c10, t1), f32x4.gt(c11, t1)));
  const hit23 = v128.or(v128.or(f32x4.gt(c20, t2), f32x4.gt(c21, t2)), v128.or(f32x4.gt(c30, t3), f32x4.gt(c31, t3)));
  if (!v128.any_true(v128.or(hit01, hit23))) return false;
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
  v128.store(tile, c30, 96);
  v128.store(tile, c31, 112);
  return true;
}

/** One user against all items, three groups at a time: as many sums as leave registers for what is loaded. */
function scanAlone(items: i32, k: i32, ld: i32, x: usize, packed: usize, bits: usize, tile: usize, list: usize): void {
  for (let first = 0; first < items; first += 24, packed += <usize>ld * 96, bits += 3) {
    scoreAlone(ld, x, packed, tile);
    const threshold = v128.load32_splat(list);
    for (let g: usize = 0; g < 3; g++) {
      const at = tile + (g << 5);
      const mask = above(v128.load(at), v128.load(at, 16), threshold) & ~<i32>load<u8>(bits + g);
      if (mask) offer(mask, first + (<i32>g << 3), at, k, list);
    }
  }
}

/** Scores of one user and 24 items, in `tile`. */
function scoreAlone(ld: i32, x: usize, packed: usize, tile: usize): void {
  const group = <usize>ld << 5, end = x + (<usize>ld << 2);
  let q0 = packed, q1 = q0 + group, q2 = q1 + group;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  for (; x < end; x += 4, q0 += 32, q1 += 32, q2 += 32) {
    const a = v128.load32_splat(x);
    c00 = madd(c00, a, v128.load(q0));
    c01 = madd(c01, a, v128.load(q0, 16));
    c10 = madd(c10, a, v128.load(q1));
    c11 = madd(c11, a, v128.load(q1, 16));
    c20 = madd(c20, a, v128.load(q2));
    c21 = madd(c21, a, v128.load(q2, 16));
  }
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
}

// ---- Top-k of given scores, scores of pairs, unit rows

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
    forbid(items, seenIndptr ? load<i32>(rowIds) : 0, seenIndptr, seenIndices, allowed, bits);
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

/** out[p] = the score of (users[p], items[p]), p < n: the bits that topk gives. */
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

/** Four dots, lane i for pair i; products are transposed so that each lane sums in order of the coordinates. */
function scoreFour(row: usize, x0: usize, x1: usize, x2: usize, x3: usize, y0: usize, y1: usize, y2: usize, y3: usize): v128 {
  let sum = f32x4.splat(0);
  for (let c: usize = 0; c < row; c += 16) {
    const p0 = f32x4.mul(v128.load(x0 + c), v128.load(y0 + c)), p1 = f32x4.mul(v128.load(x1 + c), v128.load(y1 + c));
    const p2 = f32x4.mul(v128.load(x2 + c), v128.load(y2 + c)), p3 = f32x4.mul(v128.load(x3 + c), v128.load(y3 + c));
    const low01 = v128.shuffle<f32>(p0, p1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(p0, p1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(p2, p3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(p2, p3, 2, 6, 3, 7);
    sum = f32x4.add(sum, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    sum = f32x4.add(sum, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    sum = f32x4.add(sum, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    sum = f32x4.add(sum, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
  }
  return sum;
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
