// Descent pair by pair, an epoch at a time, in blocks (after Gemulla et al., KDD 2011): users and items are dealt into
// blocks at random, anew in each epoch, and a pair's negative is drawn from the block of its item. The pairs of a block of
// users and a block of items, a cell, name no row that another cell names unless the two share a block. So cells that
// share none are descended on side by side, on any number of threads, to the same bytes, and a cell's rows fit in the cache.
import { exp4, log4 } from './math';
import { bounded, philox, philox4 } from './random';
import { high64, low64, madd, sum2, sum4, sums4 } from './simd';

/** A pair's record: user, item, negative, place (u32 each). The place is the cell among those of its users, then 16 drawn bits. */
const RECORD: usize = 16;
/** Places have 22 bits, which two counting passes of 11 sort: 64 blocks at most. */
const DIGIT: u32 = 11, DIGITS: usize = 1 << DIGIT;

/**
 * Deals rows 0 … n − 1 into blocks at random: blockOf[r] (u32[n]); the rows of block b ascending at members[starts[b] ..
 * starts[b + 1]) (u32[n], u32[blocks + 1]), and where each row stands among them, places[r] (u32[n]). A row's block is
 * a function of (seed, stream, epoch, side, r). Scratch 16 bytes.
 */
export function epoch_blocks(
  n: i32, blocks: i32, seed: u32, stream: u32, epoch: u32, side: u32, blockOf: usize, members: usize, places: usize,
  starts: usize, scratch: usize,
): void {
  memory.fill(starts, 0, <usize>(blocks + 1) << 2);
  for (let r = 0; r < n; r++) {
    if ((r & 3) == 0) philox(<u32>r >> 2, side, epoch, 0, seed, stream, scratch);
    const block = bounded(load<u32>(scratch + (<usize>(r & 3) << 2)), <u32>blocks), count = starts + (<usize>block << 2);
    store<u32>(blockOf + (<usize>r << 2), block);
    store<u32>(count, load<u32>(count, 4) + 1, 4);
  }
  for (let b: usize = 4; b <= <usize>blocks << 2; b += 4) store<u32>(starts + b, load<u32>(starts + b) + load<u32>(starts + b - 4));
  // Each start moves up to its block's end while rows are written, and all are moved back by one place afterwards.
  for (let r = 0; r < n; r++) {
    const start = starts + (<usize>load<u32>(blockOf + (<usize>r << 2)) << 2), at = load<u32>(start);
    store<u32>(members + (<usize>at << 2), r);
    store<u32>(places + (<usize>r << 2), at);
    store<u32>(start, at + 1);
  }
  memory.copy(starts + 4, starts, <usize>blocks << 2);
  store<u32>(starts, 0);
}

export function block_pairs_scratch(items: i32, most: i32): usize {
  return (((<usize>items + 15) & ~15) + 80) + (DIGITS << 3) + (<usize>most << 5);
}

/** Four words that nobody has had, from the four before. @returns where the first is. */
function refill(words: usize, seed: u32, stream: u32): usize {
  philox(load<u32>(words), load<u32>(words, 4), load<u32>(words, 8), load<u32>(words, 12), seed, ~stream, words);
  return 0;
}

/**
 * The first place of a block's items that is drawn and whose item is not closed; where the tries are not enough, the next open one from the
 * last draw on; else `own`.
 */
function negative(
  own: u32, words: usize, seed: u32, stream: u32, tries: i32, ceiling: f64, from: u32, size: u32, members: usize,
  counts: usize, closed: usize,
): u32 {
  const first = members + (<usize>from << 2);
  let at: usize = 4, place: u32 = 0;
  for (let t = 0; t < tries; t++, at += 4) {
    if (at == 16) at = refill(words, seed, stream);
    place = bounded(load<u32>(words + at), size);
    const item = load<u32>(first + (<usize>place << 2));
    if (ceiling > 0) {
      at += 4;
      if (at == 16) at = refill(words, seed, stream);
      if (<f64>load<u32>(words + at) / 4294967296.0 * ceiling >= <f64>load<i32>(counts + (<usize>item << 2))) continue;
    }
    if (load<u8>(closed + item) == 0) return from + place;
  }
  for (let n: u32 = 0; n < size; n++) {
    if (load<u8>(closed + load<u32>(first + (<usize>place << 2))) == 0) return from + place;
    if (++place == size) place = 0;
  }
  return own;
}

/** The words of up to four pairs of a user, side by side as `philox4` leaves them; entries from e on that are past the last repeat it. */
// @ts-ignore: decorator
@inline
function wordsOf(keyLow: u32, keyHigh: u32, seed: u32, stream: u32, e: usize, last: usize, itemKeys: usize, out: usize): void {
  const end = last - 4, a = itemKeys + (<usize>load<u32>(e) << 3), b = itemKeys + (<usize>load<u32>(min(e + 4, end)) << 3);
  const c = itemKeys + (<usize>load<u32>(min(e + 8, end)) << 3), d = itemKeys + (<usize>load<u32>(min(e + 12, end)) << 3);
  const ab = v128.load64_lane(b, v128.load64_zero(a), 1), cd = v128.load64_lane(d, v128.load64_zero(c), 1);
  const keys0 = v128.shuffle<u32>(ab, cd, 0, 2, 4, 6), keys1 = v128.shuffle<u32>(ab, cd, 1, 3, 5, 7);
  philox4(i32x4.splat(keyLow), i32x4.splat(keyHigh), keys0, keys1, seed, stream, out);
}

/**
 * The records of a user's pairs, in the order of the items, at `to`; counts both digits of their places. @returns where
 * the next would be.
 */
function userPairs(
  user: u32, seed: u32, stream: u32, tries: i32, ceiling: f64, key: usize, row: usize, last: usize,
  itemKeys: usize, itemBlock: usize, itemMembers: usize, itemPlaces: usize, itemStarts: usize, counts: usize, closed: usize,
  words: usize, low: usize, high: usize, to: usize,
): usize {
  const keyLow = load<u32>(key), keyHigh = load<u32>(key, 4), four = words + 16;
  for (let e = row; e < last; e += 4) store<u8>(closed + load<u32>(e), 1);
  for (let e = row, lane = four; e < last; e += 4, lane += 4, to += RECORD) {
    if (((e - row) & 15) == 0) {
      wordsOf(keyLow, keyHigh, seed, stream, e, last, itemKeys, four);
      lane = four;
    }
    const item = load<u32>(e), block = load<u32>(itemBlock + (<usize>item << 2)), own = load<u32>(itemPlaces + (<usize>item << 2));
    for (let w: usize = 0; w < 16; w += 4) store<u32>(words + w, load<u32>(lane + (w << 2)));
    const place = (block << 16) | (load<u32>(words) >> 16), range = itemStarts + (<usize>block << 2), from = load<u32>(range);
    store<u32>(to, user);
    store<u32>(to, own, 4);
    store<u32>(to, negative(own, words, seed, stream, tries, ceiling, from, load<u32>(range, 4) - from, itemMembers, counts, closed), 8);
    store<u32>(to, place, 12);
    const a = low + (<usize>(place & <u32>(DIGITS - 1)) << 2), b = high + (<usize>(place >> DIGIT) << 2);
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
  }
  for (let e = row; e < last; e += 4) store<u8>(closed + load<u32>(e), 0);
  return to;
}

/** Counts become where each digit's records begin. */
function startsOf(counts: usize): void {
  let sum: u32 = 0;
  for (const end = counts + (DIGITS << 2); counts < end; counts += 4) {
    const count = load<u32>(counts);
    store<u32>(counts, sum);
    sum += count;
  }
}

/** Records in the order of a digit of their places, equal ones as they stand. */
function pass(from: usize, end: usize, shift: u32, starts: usize, to: usize): void {
  for (; from < end; from += RECORD) {
    const record = v128.load(from);
    const start = starts + (<usize>((load<u32>(from, 12) >> shift) & <u32>(DIGITS - 1)) << 2), at = load<u32>(start);
    v128.store(to + <usize>at * RECORD, record);
    store<u32>(start, at + 1);
  }
}

/**
 * The records of an epoch's pairs for blocks [begin, end) of users, in the order of descent: cell by cell, and within a
 * cell in an order that is drawn. CSR indptr, indices (i32): who has what. A pair's words are those of (seed, stream, keys of
 * user and item): the first orders it, the others draw its negative in the block of its item, among what the user has not and
 * somebody has (counts, i32[items]); with a ceiling above 0 a second word turns an item down unless word / 2³² · ceiling < count.
 * Where the block has none, the negative is the item itself. bases u32[blocks + 1]: pairs of the users before each block; keys
 * u32[2·users], u32[2·items]; the rest of both sides as `epoch_blocks` writes it, 64 blocks at most.
 * Writes records (u32[4·pairs]), with places for users and items, and the first pair of each cell (u32[blocks²], row by row
 * for the blocks of users).
 */
export function block_pairs(
  begin: i32, end: i32, items: i32, blocks: i32, seed: u32, stream: u32, tries: i32, ceiling: f64,
  members: usize, starts: usize, bases: usize, itemBlock: usize, itemMembers: usize, itemPlaces: usize, itemStarts: usize,
  userKeys: usize, itemKeys: usize,
  counts: usize, indptr: usize, indices: usize, records: usize, cells: usize, scratch: usize,
): void {
  const closed = scratch, words = closed + ((<usize>items + 15) & ~15);
  const low = words + 80, high = low + (DIGITS << 2), drawn = high + (DIGITS << 2);
  for (let i: usize = 0; i < <usize>items; i++) store<u8>(closed + i, load<i32>(counts + (i << 2)) == 0 ? 1 : 0);
  for (let b = <usize>begin << 2; b < <usize>end << 2; b += 4) {
    memory.fill(low, 0, DIGITS << 3);
    const base = load<u32>(bases + b), sorted = drawn + <usize>(load<u32>(bases + b, 4) - base) * RECORD;
    let to = drawn;
    for (let m = load<u32>(starts + b), last = load<u32>(starts + b, 4); m < last; m++) {
      const user = load<u32>(members + (<usize>m << 2)), range = indptr + (<usize>user << 2);
      const row = indices + (<usize>load<u32>(range) << 2), end = indices + (<usize>load<u32>(range, 4) << 2);
      to = userPairs(m, seed, stream, tries, ceiling, userKeys + (<usize>user << 3), row, end,
        itemKeys, itemBlock, itemMembers, itemPlaces, itemStarts, counts, closed, words, low, high, to);
    }
    startsOf(low);
    startsOf(high);
    for (let c: usize = 0; c < <usize>blocks; c++) {
      store<u32>(cells + ((<usize>b >> 2) * <usize>blocks + c << 2), base + load<u32>(high + (c << 16 >> DIGIT << 2)));
    }
    pass(drawn, to, 0, low, sorted);
    pass(sorted, sorted + (to - drawn), DIGIT, high, records + <usize>base * RECORD);
  }
}

/** Whether no two of the four records from k on name the same row: scored together, they then give what they give one by one. */
function apart(k: usize): bool {
  const a = v128.load(k), b = v128.load(k, 16), c = v128.load(k, 32), d = v128.load(k, 48);
  // The last lane, the place, is masked out. An item can be one's positive and another's negative: hence both orders.
  const bt = turned(b), ct = turned(c), dt = turned(d);
  const same = v128.or(
    v128.or(v128.or(equal(a, b), equal(a, bt)), v128.or(v128.or(equal(a, c), equal(a, ct)), v128.or(equal(a, d), equal(a, dt)))),
    v128.or(v128.or(equal(b, c), equal(b, ct)), v128.or(v128.or(equal(b, d), equal(b, dt)), v128.or(equal(c, d), equal(c, dt)))));
  return !v128.any_true(v128.and(same, i32x4(-1, -1, -1, 0)));
}
// @ts-ignore: decorator
@inline
function equal(a: v128, b: v128): v128 {
  return i32x4.eq(a, b);
}
/** (user, negative, positive, place). */
// @ts-ignore: decorator
@inline
function turned(record: v128): v128 {
  return v128.shuffle<u32>(record, record, 0, 2, 1, 3);
}

/** The products whose sum is a record's x, in four lanes. */
function products(record: usize, stride: usize, U: usize, V: usize): v128 {
  const u = U + <usize>load<u32>(record) * stride;
  const p = V + <usize>load<u32>(record, 4) * stride, n = V + <usize>load<u32>(record, 8) * stride;
  let x0 = f32x4.splat(0), x1 = x0;
  for (let c: usize = 0; c < stride; c += 32) {
    x0 = madd(x0, v128.load(u + c), f32x4.sub(v128.load(p + c), v128.load(n + c)));
    x1 = madd(x1, v128.load(u + c, 16), f32x4.sub(v128.load(p + c, 16), v128.load(n + c, 16)));
  }
  return f32x4.add(x0, x1);
}

/** Moves a record's three rows by g, the slope times the rate. */
function move(record: usize, stride: usize, g: v128, kept: v128, U: usize, V: usize): void {
  const u = U + <usize>load<u32>(record) * stride;
  const p = V + <usize>load<u32>(record, 4) * stride, n = V + <usize>load<u32>(record, 8) * stride;
  if (p == n) return;
  for (let c: usize = 0; c < stride; c += 16) {
    const a = v128.load(u + c), b = v128.load(p + c), d = v128.load(n + c), step = f32x4.mul(g, a);
    v128.store(u + c, madd(f32x4.mul(kept, a), g, f32x4.sub(b, d)));
    v128.store(p + c, madd(step, kept, b));
    v128.store(n + c, f32x4.sub(f32x4.mul(kept, d), step));
  }
}

/** Numbers of 1 to 2 that can be multiplied before a float32 is too large. */
const FACTORS: i32 = 64;

/** Σ of the lanes and of their logarithms: Σ max(z, 0) + ln(1 + e^−|z|), the latter as one product. */
function losses(sums: v128, factors: v128): f64 {
  const all = f32x4.add(sums, log4(factors));
  return sum2(f64x2.add(low64(all), high64(all)));
}

/**
 * Descends on softplus(−x) + decay/2·(‖U_u‖² + ‖V_p‖² + ‖V_n‖²), x = U_u·(V_p − V_n), a record at a time in order, in
 * place: each sees the rows that the one before left (Rendle et al. 2009). A pair that stands against itself moves nothing.
 * Four records that name no row twice are scored before the first of them moves: their cache misses and sigmoids then do not
 * wait for each other.
 * Returns Σ softplus(−x) (f64, within some 1e-6).
 */
export function bpr_sgd(begin: i32, end: i32, ld: i32, rate: f32, decay: f32, records: usize, U: usize, V: usize): f64 {
  const stride = <usize>ld << 2, all = records + <usize>end * RECORD, kept = f32x4.splat(1 - rate * decay);
  const rates = f32x4.splat(rate), one = f32x4.splat(1), zero = f32x4.splat(0);
  let loss: f64 = 0, sums = zero, factors = one, left = FACTORS;
  for (let k = records + <usize>begin * RECORD; k < all;) {
    const four = k + 4 * RECORD <= all && apart(k);
    let z: v128;
    if (four) {
      const x0 = products(k, stride, U, V), x1 = products(k + RECORD, stride, U, V);
      const x2 = products(k + 2 * RECORD, stride, U, V), x3 = products(k + 3 * RECORD, stride, U, V);
      z = f32x4.neg(sums4(x0, x1, x2, x3));
    } else z = f32x4.replace_lane(f32x4.splat(-200), 0, -sum4(products(k, stride, U, V)));
    const e = exp4(f32x4.neg(f32x4.abs(z))), total = f32x4.add(one, e);
    const g = f32x4.mul(rates, f32x4.div(v128.bitselect(e, one, f32x4.lt(z, zero)), total));
    sums = f32x4.add(sums, f32x4.max(z, zero));
    factors = f32x4.mul(factors, total);
    move(k, stride, f32x4.splat(f32x4.extract_lane(g, 0)), kept, U, V);
    if (four) {
      move(k + RECORD, stride, f32x4.splat(f32x4.extract_lane(g, 1)), kept, U, V);
      move(k + 2 * RECORD, stride, f32x4.splat(f32x4.extract_lane(g, 2)), kept, U, V);
      move(k + 3 * RECORD, stride, f32x4.splat(f32x4.extract_lane(g, 3)), kept, U, V);
      k += 4 * RECORD;
    } else k += RECORD;
    if (--left == 0) {
      loss += losses(sums, factors);
      sums = zero;
      factors = one;
      left = FACTORS;
    }
  }
  return loss + losses(sums, factors);
}
