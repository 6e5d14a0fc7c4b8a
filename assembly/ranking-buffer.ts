// A user's buffer: items that may be among the best, with bounds of their scores; thinned by the bounds, ended by the scores.
import { bufferOf, Call, COUNTS, LOWEST, stateOf } from './ranking-call';
import { bitBytes, clearList, enter, listBytes } from './ranked-list';
import { scoreEight } from './scores';

/** Halvings of the search for a threshold: for a first one, and for one that is known to be no lower than the last. */
export const FIRST_HALVINGS: i32 = 10;
const LATER_HALVINGS: i32 = 6;

/** Leaves in a buffer what can still be among the best k; returns how many. */
export function compact(call: Call, u: i32): i32 {
  const state = stateOf(call, u), buffer = bufferOf(call, u), upper = <usize>call.room << 2, n = load<i32>(state, COUNTS);
  const end = <usize>n << 2;
  for (let i: usize = 0; i < 16; i += 4) store<f32>(buffer + end + i, -Infinity);
  const lowest = kth(n, call.k, buffer, load<f32>(state, LOWEST), LATER_HALVINGS);
  store<f32>(state, lowest, LOWEST);
  let kept: usize = 0;
  for (let i: usize = 0; i < end; i += 4) {
    const from = buffer + i, to = buffer + kept, above = load<f32>(from + upper);
    store<f32>(to, load<f32>(from));
    store<f32>(to + upper, above);
    store<i32>(to + (upper << 1), load<i32>(from + (upper << 1)));
    kept += above >= lowest ? 4 : 0;
  }
  store<i32>(state, <i32>(kept >> 2), COUNTS);
  return <i32>(kept >> 2);
}

/**
 * A value near the k-th best that at least k of n lower bounds reach, and no lower than `from`, which k scores are known to
 * reach; `from` where fewer bounds are finite. Reads whole fours.
 */
export function kth(n: i32, k: i32, bounds: usize, from: f32, halvings: i32): f32 {
  const end = bounds + (<usize>n << 2), none = f32x4.splat(-Infinity);
  let top = none, low = f32x4.splat(Infinity), missing = i32x4.splat(0);
  for (let p = bounds; p < end; p += 16) {
    const v = v128.load(p), gone = f32x4.eq(v, none);
    top = f32x4.pmax(top, v);
    low = f32x4.pmin(low, v128.bitselect(f32x4.splat(Infinity), v, gone));
    missing = i32x4.add(missing, gone);
  }
  if (((n + 3) & ~3) + lanes(missing) < k) return from;
  const top01 = max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1));
  const low01 = min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1));
  let hi = max(top01, max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)));
  let lo = max(from, min(low01, min(f32x4.extract_lane(low, 2), f32x4.extract_lane(low, 3))));
  for (let r = 0; r < halvings; r++) {
    const middle = lo + (hi - lo) * <f32>.5, m = f32x4.splat(middle);
    let reached = i32x4.splat(0);
    for (let p = bounds; p < end; p += 16) reached = i32x4.sub(reached, f32x4.ge(v128.load(p), m));
    const enough = lanes(reached) >= k;
    lo = select<f32>(middle, lo, enough);
    hi = select<f32>(hi, middle, enough);
  }
  return lo;
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** A crowd within the bounds: scored, so that k entries remain. */
export function settle(call: Call, u: i32, x: usize): void {
  const state = stateOf(call, u), buffer = bufferOf(call, u), upper = <usize>call.room << 2, items = call.list + listBytes(call.k);
  clearList(call.k, call.list);
  scoreEntries(call, u, load<i32>(state, COUNTS), x);
  for (let i: usize = 0, end = <usize>call.k << 2; i < end; i += 4) {
    const score = load<f32>(call.list + i);
    store<f32>(buffer + i, score);
    store<f32>(buffer + i + upper, score);
    store<i32>(buffer + i + (upper << 1), load<i32>(call.place + (<usize>load<i32>(items + i) << 2)));
  }
  store<f32>(state, load<f32>(call.list), LOWEST); // a list keeps its worst entry first
  store<i32>(state, call.k, COUNTS);
}

/** Offers the scores of a buffer's n entries to the list. */
export function scoreEntries(call: Call, u: i32, n: i32, x: usize): void {
  const places = bufferOf(call, u) + (<usize>call.room << 3);
  for (let i = 0; i < n; i += 8) {
    scorePlaces(call, places + (<usize>i << 2), min(8, n - i), x);
    for (let j = i; j < min(n, i + 8); j++) offerPlace(call, load<i32>(places + (<usize>j << 2)), j - i);
  }
}

/** Offers every score that a user may be shown to the list: where nothing is bounded. */
export function scoreAll(call: Call, u: i32, x: usize): void {
  const places = bufferOf(call, u), bits = call.bits + <usize>u * <usize>bitBytes(call.items);
  for (let first = 0; first < call.items; first += 8) {
    const n = min(8, call.items - first);
    for (let j = 0; j < n; j++) store<i32>(places + (<usize>j << 2), first + j);
    scorePlaces(call, places, n, x);
    for (let j = 0; j < n; j++) {
      if (!(load<u8>(bits + (<usize>first >> 3)) >> <u8>j & 1)) offerPlace(call, first + j, j);
    }
  }
}

// @ts-ignore: decorator
@inline
function offerPlace(call: Call, place: i32, lane: i32): void {
  enter(load<i32>(call.order + (<usize>place << 2)), load<f32>(call.sums + (<usize>lane << 2)), call.k, call.list);
}

/** Scores of a user's row and the items at n places, n ≤ 8, in `sums`. */
function scorePlaces(call: Call, places: usize, n: i32, x: usize): void {
  const row = <usize>call.ld << 2;
  scoreEight(row, x, rowAt(call, places, 0, row), rowAt(call, places, min(1, n - 1), row), rowAt(call, places, min(2, n - 1), row),
    rowAt(call, places, min(3, n - 1), row), rowAt(call, places, min(4, n - 1), row), rowAt(call, places, min(5, n - 1), row),
    rowAt(call, places, min(6, n - 1), row), rowAt(call, places, min(7, n - 1), row), call.sums);
}

// @ts-ignore: decorator
@inline
function rowAt(call: Call, places: usize, i: i32, row: usize): usize {
  return call.Y + <usize>load<i32>(call.order + (<usize>load<i32>(places + (<usize>i << 2)) << 2)) * row;
}
