// What rankings share: the list of the best k so far, and the items that may not enter it.

/** Groups of eight items, up to whole threes of groups: what packed items and bit masks have room for. */
// @ts-ignore: decorator
@inline
export function groupsOf(items: i32): i32 {
  return (items + 23) / 24 * 3;
}

// ---- The list: its worst entry first, until it is taken. Short lists are kept in order, long ones as heaps.
// A list lies in scratch: scores, then items, each with room up to whole fours and four more, which no entry ever beats.

/** Entries up to which rewriting the list costs less than the heap's unpredictable branches. */
const SHORT: i32 = 64;

/** Bytes of a list's scores, and of its items. */
// @ts-ignore: decorator
@inline
export function listBytes(k: i32): usize {
  return <usize>((k + 7) & ~3) << 2;
}

/** Whether (score a, item a) ranks below (score b, item b); without branches, because nobody can predict them. */
// @ts-ignore: decorator
@inline
function worse(scoreA: f32, itemA: i32, scoreB: f32, itemB: i32): bool {
  return <bool>(i32(scoreA < scoreB) | (i32(scoreA == scoreB) & i32(itemA > itemB)));
}

/** The same in four lanes. */
// @ts-ignore: decorator
@inline
function worse4(scoreA: v128, itemA: v128, scoreB: v128, itemB: v128): v128 {
  return v128.or(f32x4.lt(scoreA, scoreB), v128.and(f32x4.eq(scoreA, scoreB), i32x4.gt_s(itemA, itemB)));
}

export function clearList(k: i32, list: usize): void {
  const bytes = listBytes(k);
  for (let i: usize = 0; i < bytes; i += 4) store<f32>(list + i, i < <usize>k << 2 ? -Infinity : Infinity);
  memory.fill(list + bytes, 0xff, bytes);
}

/**
 * Puts an entry into an ascending list in place of the first, its worst: each place takes what stood above it, the entry or
 * what it had. All places are written, four at a time, because nobody can predict where the entry belongs.
 */
function insertAscending(k: i32, list: usize, item: i32, score: f32): void {
  const items = list + listBytes(k), newScore = f32x4.splat(score), newItem = i32x4.splat(item);
  for (let i: usize = 0, end = <usize>k << 2; i < end; i += 16) {
    const score0 = v128.load(list + i), item0 = v128.load(items + i), score1 = v128.load(list + i, 4), item1 = v128.load(items + i, 4);
    const below = worse4(score0, item0, newScore, newItem), aboveToo = worse4(score1, item1, newScore, newItem);
    v128.store(list + i, v128.bitselect(score1, v128.bitselect(newScore, score0, below), aboveToo));
    v128.store(items + i, v128.bitselect(item1, v128.bitselect(newItem, item0, below), aboveToo));
  }
}

/** Puts an entry where the worst of the heap's n entries was. */
function siftDown(n: i32, ids: usize, scores: usize, item: i32, score: f32): void {
  let at: usize = 0;
  for (const end = <usize>n << 2; ;) {
    let child = (at << 1) + 4;
    if (child >= end) break;
    const other = min(child + 4, end - 4);
    const right = load<f32>(scores + other), left = load<f32>(scores + child);
    child = select<usize>(other, child, worse(right, load<i32>(ids + other), left, load<i32>(ids + child)));
    const childScore = load<f32>(scores + child), childItem = load<i32>(ids + child);
    if (!worse(childScore, childItem, score, item)) break;
    store<f32>(scores + at, childScore);
    store<i32>(ids + at, childItem);
    at = child;
  }
  store<f32>(scores + at, score);
  store<i32>(ids + at, item);
}

/** Empties a list into ids and scores, best first: the worst goes to the end, again and again. */
export function takeList(k: i32, list: usize, ids: usize, scores: usize): void {
  const items = list + listBytes(k);
  for (let n = k - 1; n >= 0; n--) {
    const to = <usize>n << 2, from = k <= SHORT ? <usize>(k - 1 - n) << 2 : 0;
    store<f32>(scores + to, load<f32>(list + from));
    store<i32>(ids + to, load<i32>(items + from));
    if (k > SHORT && n > 0) siftDown(n, items, list, load<i32>(items + to), load<f32>(list + to));
  }
}

// ---- Which items may enter: a bit per item, a byte per group, 1 = may not.

/** Bytes of a user's bits: whole words, and a bit for every packed item. */
// @ts-ignore: decorator
@inline
export function bitBytes(items: i32): i32 {
  return (groupsOf(items) + 7) & ~3;
}

/**
 * Bits of what is not allowed, or lies beyond the last item. allowed: u32 words, bit j set when item j may enter (0: all).
 * place: item -> place, where bits go by place (0: by item).
 */
export function close(items: i32, place: usize, allowed: usize, bits: usize): void {
  const bytes = bitBytes(items);
  memory.fill(bits, 0, bytes);
  for (let first = 0; allowed && first < items; first += 32, allowed += 4) {
    let shut = ~load<u32>(allowed);
    if (!place) store<u32>(bits + (<usize>first >> 3), shut);
    else for (; shut; shut &= shut - 1) {
      const item = first + <i32>ctz(shut);
      if (item < items) setBit(bits, load<i32>(place + (<usize>item << 2)));
    }
  }
  for (let at = items; at < bytes << 3; at++) setBit(bits, at);
}

/** Bits of what a user has. place: item -> place, where bits go by place (0: by item). */
export function closeSeen(user: i32, seenIndptr: usize, seenIndices: usize, place: usize, bits: usize): void {
  const end = load<i32>(seenIndptr + (<usize>user << 2), 4);
  for (let e = load<i32>(seenIndptr + (<usize>user << 2)); e < end; e++) {
    const item = load<i32>(seenIndices + (<usize>e << 2));
    setBit(bits, place ? load<i32>(place + (<usize>item << 2)) : item);
  }
}

// @ts-ignore: decorator
@inline
function setBit(bits: usize, i: i32): void {
  const at = bits + (<usize>i >> 3);
  const bit: i32 = 1 << (i & 7);
  store<u8>(at, <u8>(<i32>load<u8>(at) | bit));
}

/** Offers one score, of items that come in any order. */
export function enter(item: i32, score: f32, k: i32, list: usize): void {
  const items = list + listBytes(k);
  if (!worse(load<f32>(list), load<i32>(items), score, item)) return;
  if (k <= SHORT) insertAscending(k, list, item, score);
  else siftDown(k, items, list, item, score);
}

/** Offers the eight scores at `at` (items first..first+8) to a list; `mask` says which of them beat its worst. */
export function offer(mask: i32, first: i32, at: usize, k: i32, list: usize): void {
  for (; mask; mask &= mask - 1) {
    const lane = ctz(mask), score = load<f32>(at + (<usize>lane << 2));
    if (!(score > load<f32>(list))) continue;
    if (k <= SHORT) insertAscending(k, list, first + lane, score);
    else siftDown(k, list + listBytes(k), list, first + lane, score);
  }
}

/** A bit for each of eight scores above a threshold. */
// @ts-ignore: decorator
@inline
export function above(s0: v128, s1: v128, threshold: v128): i32 {
  return i32x4.bitmask(f32x4.gt(s0, threshold)) | (i32x4.bitmask(f32x4.gt(s1, threshold)) << 4);
}
