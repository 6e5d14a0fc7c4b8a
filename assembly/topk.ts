// The best k items of users, by way of integers. A score is Σ_c x_c y_c in float32, summed in order of c. Sums of 16-bit
// integers, twice as many to an instruction, bound it: |score − s_x s_y (a·b)| ≤ |x| e_y + e_x |s_y b|, e the norm of what
// rounding took away. Items come by falling norm; whoever cannot reach the k-th best lower bound so far is left out, the rest
// is scored. So the lists are those of sorting all scores: the best first, of equal scores the lower item; NaN and −Infinity
// never enter a list; lists that run out of items end in item −1, score −Infinity.
import { BLOCK, BLOCK_BYTES, INFLATE, INTEGER_NORM, INVERSE, isBounded, LARGEST_NORM, largestOf, NORM, normOf, quantise, ROUNDING, SCALE,
  scaleFor, TINY } from './packed-items';
import { bitBytes, clearList, close, closeSeen, groupsOf, takeList } from './ranked-list';
import { compact, scoreAll, scoreEntries, settle } from './ranking-buffer';
import { bufferOf, Call, callOf, COUNTS, INVERSES, LOWEST, NORMS, ROUNDINGS, SCALES, slackOf, STATE, stateOf, THRESHOLDS, USERS } from
  './ranking-call';
import { boundDense, gatherDense, sumAlone, sumTile } from './ranking-tiles';

/**
 * The best k items of users[begin..end), row q − begin of ids i32[· × k] and scores f32[· × k].
 * users: rows of X [· × ld]; Y: rows of the items, packed: from pack_items; seenIndptr, seenIndices: sparse rows by user whose
 * items are left out (0: none); allowed: u32 words, bit j set when item j may be ranked (0: all).
 */
export function topk(
  begin: i32, end: i32, k: i32, items: i32, ld: i32, users: usize, X: usize, Y: usize, packed: usize,
  seenIndptr: usize, seenIndices: usize, allowed: usize, ids: usize, scores: usize, scratch: usize,
): void {
  const call = callOf(k, items, ld, Y, packed, scratch);
  const bounded = isBounded(packed), alone = end - begin == 1, row = <usize>ld << 2, bytes = <usize>bitBytes(items);
  close(items, call.place, allowed, call.closed);
  for (let first = begin; first < end; first += USERS) {
    const n = min(USERS, end - first), mine = users + (<usize>first << 2);
    for (let u = 0; u < n; u++) {
      const bits = call.bits + <usize>u * bytes;
      memory.copy(bits, call.closed, bytes);
      if (seenIndptr) closeSeen(load<i32>(mine + (<usize>u << 2)), seenIndptr, seenIndices, call.place, bits);
    }
    if (bounded) collect(call, n, alone, mine, X);
    for (let u = 0; u < n; u++, ids += <usize>k << 2, scores += <usize>k << 2) {
      const x = X + <usize>load<i32>(mine + (<usize>u << 2)) * row, state = stateOf(call, u);
      clearList(k, call.list);
      if (bounded && load<i32>(state, COUNTS) >= 0) scoreEntries(call, u, compact(call, u), x);
      else scoreAll(call, u, x);
      takeList(k, call.list, ids, scores);
    }
  }
}

/** Fills the buffers of n users with every item that may be among their best. */
function collect(call: Call, n: i32, alone: bool, users: usize, X: usize): void {
  const tiles = (n + 3) >> 2, blocks = groupsOf(call.items) / 3;
  for (let u = 0; u < tiles << 2; u++) {
    const user = <usize>load<i32>(users + (<usize>min(u, n - 1) << 2));
    packUser(call, u, u < n, X + user * (<usize>call.ld << 2), alone);
  }
  for (let t = 0; t < tiles; t++) boundDense(call, t, alone);
  for (let u = 0; u < n; u++) gatherDense(call, u);
  for (let b = call.dense / BLOCK; b < blocks; b++) {
    const block = call.blocks + <usize>b * BLOCK_BYTES;
    let open = false;
    for (let t = 0; t < tiles; t++) {
      if (!setThresholds(call.states + <usize>t * STATE, block)) continue;
      open = true;
      if (scanBlock(call, t, b, alone)) makeRoom(call, t << 2, min(n, (t << 2) + 4), users, X);
    }
    if (!open) break; // later items have no larger norms
  }
}

/** Integers and bounds of a user. Who is missing, or cannot be bounded (count −1), lets nothing enter. */
function packUser(call: Call, u: i32, there: bool, x: usize, alone: bool): void {
  const ld = call.ld, state = stateOf(call, u), norm = normOf(ld, x), bounded = norm <= LARGEST_NORM;
  const scale = bounded ? scaleFor(largestOf(ld, x), ld) : 1, to = call.rows + <usize>(u >> 2) * (<usize>ld << 3);
  const lost = call.sums;
  if (bounded) quantise(ld, x, scale, alone ? to : to + (<usize>(u & 3) << 2), alone ? 4 : 16, lost);
  store<f32>(state, there && bounded ? -Infinity : Infinity, LOWEST);
  store<f32>(state, bounded ? <f32>norm + TINY : 0, NORMS);
  store<f32>(state, bounded ? <f32>(load<f64>(lost) * INFLATE) + TINY : 0, ROUNDINGS);
  store<f32>(state, <f32>(1 / scale), INVERSES);
  store<f32>(state, <f32>scale, SCALES);
  store<i32>(state, bounded ? 0 : -1, COUNTS);
}

/** Sets the thresholds of a tile for a block; false where none of its items, nor a later one, can enter. */
function setThresholds(state: usize, block: usize): bool {
  const lowest = v128.load(state, LOWEST), norms = v128.load(state, NORMS), tiny = f32x4.splat(TINY);
  const reach = f32x4.add(f32x4.mul(norms, v128.load32_splat(block, NORM)), tiny);
  if (i32x4.all_true(f32x4.gt(lowest, reach))) return false;
  const rounding = f32x4.mul(norms, v128.load32_splat(block, ROUNDING));
  const slack = f32x4.add(rounding, f32x4.mul(v128.load(state, ROUNDINGS), v128.load32_splat(block, INTEGER_NORM)));
  const least = f32x4.sub(lowest, f32x4.add(slack, tiny));
  const sums = f32x4.mul(f32x4.mul(least, v128.load(state, INVERSES)), v128.load32_splat(block, INVERSE));
  v128.store(state, i32x4.trunc_sat_f32x4_s(f32x4.sub(f32x4.floor(sums), f32x4.splat(2))), THRESHOLDS);
  return true;
}

/** Puts what is above the thresholds of block b into the buffers of tile t; true where one may soon be full. */
function scanBlock(call: Call, t: i32, b: i32, alone: bool): bool {
  const ld = call.ld, state = call.states + <usize>t * STATE, row = call.rows + <usize>t * (<usize>ld << 3);
  const size = <usize>ld << 4, group = call.cells + <usize>b * size * 3;
  let crowded = false;
  if (alone) {
    const hits = sumAlone(row, group, ld >> 1, state, call.sums);
    if (hits) crowded = append(call, hits, 5, 0, b * BLOCK, b);
  } else {
    for (let g = 0; g < 3; g++) {
      const hits = sumTile(row, group + <usize>g * size, ld >> 1, state, call.sums);
      if (hits && append(call, hits, 3, t << 2, b * BLOCK + (g << 3), b)) crowded = true;
    }
  }
  return crowded;
}

/**
 * Enters hits: bit i is item first + (i mod 2^shift) of user first user + (i div 2^shift). What is closed is written, and not
 * counted.
 */
function append(call: Call, hits: i32, shift: i32, firstUser: i32, first: i32, b: i32): bool {
  const block = call.blocks + <usize>b * BLOCK_BYTES, upper = <usize>call.room << 2, bytes = <usize>bitBytes(call.items);
  let most = 0;
  for (; hits; hits &= hits - 1) {
    const bit = ctz(hits), u = firstUser + (bit >> shift), place = first + (bit & ((1 << shift) - 1));
    const state = stateOf(call, u), count = load<i32>(state, COUNTS);
    const estimate = <f32>load<i32>(call.sums + (<usize>bit << 2)) * (load<f32>(state, SCALES) * load<f32>(block, SCALE));
    const slack = slackOf(state, block), entry = bufferOf(call, u) + (<usize>count << 2);
    store<f32>(entry, estimate - slack);
    store<f32>(entry + upper, estimate + slack);
    store<i32>(entry + (upper << 1), place);
    const shut = load<u8>(call.bits + <usize>u * bytes + (<usize>place >> 3)) >> <u8>(place & 7) & 1;
    const now = count + 1 - <i32>shut;
    store<i32>(state, now, COUNTS);
    most = max(most, now);
  }
  return most >= call.full;
}

/** For users [u, end) whose buffers may be full: a better threshold, and where that leaves a crowd, the scores themselves. */
function makeRoom(call: Call, u: i32, end: i32, users: usize, X: usize): void {
  for (; u < end; u++) {
    const state = stateOf(call, u);
    if (load<i32>(state, COUNTS) < call.full) continue;
    if (compact(call, u) <= (call.full + call.k) >> 1) continue;
    settle(call, u, X + <usize>load<i32>(users + (<usize>u << 2)) * (<usize>call.ld << 2));
  }
}

