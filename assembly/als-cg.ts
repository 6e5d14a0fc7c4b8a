// The half sweep of als.ts by conjugate gradients (Takács, Pilászy, Tikk 2011), warm-started from X, without forming A:
//     A p = G p + reg p + Σ w (y·p) y
// Rows are taken in batches of up to four: their entries are gathered once for all steps, and G is read once for the
// batch. No bit of a row depends on which rows share its batch.
import { entryTargets, entryValues, entryWeights } from './als-entries';
import { mirrorGram } from './dense';
import { multiplyPacked, packRows } from './gemm';
import { madd, sum4 } from './simd';
import { addSixes, dotSixes, gatherSixes } from './sixes';
import { allFinite, axpy, dot, negate, xpay } from './vec';

/** Rows of a batch, and the entries they may have together (one row may have more). */
const LANES: i32 = 4;
const BATCH: i32 = 1024;
/** A row is done when r·r falls below this. */
const SOLVED: f32 = 1e-20;

/** What a batch knows of a row, at `lanes + 32·i`. */
const ROW: usize = 0; // i32: row of X
const COUNT: usize = 4; // i32: entries
const FIRST: usize = 8; // i32: the first of its gathered entries
const REG: usize = 12; // f32
const RR: usize = 16; // f32: r·r, 0 once the row is done

/** longestRow: entries of the longest row of the sweep. */
export function als_sweep_cg_scratch(ld: i32, longestRow: i32): i32 {
  return (ld * ld + 4 * LANES * ld + 8 * LANES + sumsOf(ld) + capacity(longestRow) * (ld + 1)) << 2;
}

// @ts-ignore: decorator
@inline
function capacity(longestRow: i32): i32 {
  return (max(BATCH, longestRow) + 27) & ~15; // whole dozens; Z starts at a cache line
}

/** Entries rounded up to whole dozens: sixes for Z, fours for weights. */
// @ts-ignore: decorator
@inline
function dozens(count: i32): i32 {
  return (count + 11) / 12 * 12;
}

/** Room for a block's dots, or coefficients, in whole fours and sixes. */
// @ts-ignore: decorator
@inline
function sumsOf(ld: i32): i32 {
  return (blockRows(ld) + 23) & ~15;
}

/** Gathered rows whose dots are taken before they are summed, so that they come from the first-level cache: 24 kB, in whole dozens. */
// @ts-ignore: decorator
@inline
function blockRows(ld: i32): i32 {
  return max(12, 6144 / ld / 12 * 12);
}

/**
 * Improves rows begin..end of X, or rows rowList[begin..end), by `steps` steps each; arguments as for als_sweep_cholesky.
 * A row with r·r < 1e-20 stays as it is.
 * @returns 0, or 1 + a row whose matrix is not positive definite or whose solution is not finite.
 */
export function als_sweep_cg(
  begin: i32, end: i32, factors: i32, ld: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, steps: i32, rowList: usize,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, Y: usize, X: usize, scratch: usize,
): i32 {
  const bytes = <usize>ld << 2, P = scratch + <usize>ld * bytes, M = G ? scratch : 0, lanes = P + <usize>(4 * LANES) * bytes;
  const sums = lanes + (LANES << 5), weights = sums + (<usize>sumsOf(ld) << 2);
  const room = <usize>capacity(longestOf(begin, end, rowList, indptr)) << 2;
  if (G) mirrorGram(ld, G, M);
  for (let k = begin; k < end; ) {
    let n = 0, gathered = 0;
    for (; k < end && n < LANES; k++) {
      const row = rowList ? load<i32>(rowList + (<usize>k << 2)) : k, count = entriesOf(row, indptr);
      if (n > 0 && gathered + dozens(count) > BATCH) break;
      if (count > 0) takeRow(row, count, gathered, lanes + (<usize>n << 5), reg, X + <usize>row * bytes, P + <usize>n * bytes, bytes);
      else memory.fill(X + <usize>row * bytes, 0, bytes);
      gathered += dozens(count);
      n += i32(count > 0);
    }
    memory.fill(P + <usize>n * bytes, 0, <usize>(LANES - n) * bytes);
    multiplyGram(ld, M, P);
    for (let i = 0; i < n; i++) {
      const lane = lanes + (<usize>i << 5), entry = <usize>load<i32>(indptr + (<usize>load<i32>(lane, ROW) << 2)) << 2;
      startRow(ld, ws, w0, ts, t0, explicit, indices + entry, data + entry, Y, lane, sums, weights, room, P + <usize>i * bytes);
    }
    const failed = moveRows(n, ld, steps, M, P, lanes, sums, weights, room, X);
    if (failed) return failed;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function entriesOf(row: i32, indptr: usize): i32 {
  return load<i32>(indptr + (<usize>row << 2), 4) - load<i32>(indptr + (<usize>row << 2));
}

function longestOf(begin: i32, end: i32, rowList: usize, indptr: usize): i32 {
  let longest = 0;
  for (let k = begin; k < end; k++) longest = max(longest, entriesOf(rowList ? load<i32>(rowList + (<usize>k << 2)) : k, indptr));
  return longest;
}

function takeRow(row: i32, count: i32, first: i32, lane: usize, reg: usize, x: usize, p: usize, bytes: usize): void {
  store<i32>(lane, row, ROW);
  store<i32>(lane, count, COUNT);
  store<i32>(lane, first, FIRST);
  store<f32>(lane, load<f32>(reg + (<usize>row << 2)), REG);
  memory.copy(p, x, bytes);
}

/** Q = P G for the batch's rows (Q follows P, then r); zero without G. M's groups are the panels of a product as they are. */
function multiplyGram(ld: i32, M: usize, P: usize): void {
  const bytes = <usize>ld << 2, Q = P + <usize>LANES * bytes, strip = P + <usize>(3 * LANES) * bytes;
  if (!M) memory.fill(Q, 0, <usize>LANES * bytes);
  else {
    packRows(LANES, ld, P, bytes, strip);
    multiplyPacked(LANES, ld >> 3, ld, strip, M, Q, bytes, true);
  }
}

/** Gathers a row's entries and makes r = b − A x and p = r; p holds x and q holds G x on entry. */
function startRow(
  ld: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, indices: usize, data: usize, Y: usize,
  lane: usize, sums: usize, weights: usize, room: usize, p: usize,
): void {
  const bytes = <usize>ld << 2, q = p + <usize>LANES * bytes, r = q + <usize>LANES * bytes, first = <usize>load<i32>(lane, FIRST);
  axpy(load<f32>(lane, REG), p, q, bytes);
  memory.copy(r, q, bytes);
  negate(r, bytes);
  let z = weights + room + first * bytes;
  weights += first << 2;
  for (let left = load<i32>(lane, COUNT), block = blockRows(ld); left > 0; left -= block) {
    const n = min(left, block);
    gatherSixes(n, bytes, indices, Y, p, z, sums);
    weigh(n, ws, w0, ts, t0, explicit, data, weights, sums);
    addSixes(n, bytes, z, sums, r);
    weights += <usize>block << 2;
    indices += <usize>block << 2;
    data += <usize>block << 2;
    z += <usize>block * bytes;
  }
  const rr = dot(r, r, bytes);
  store<f32>(lane, rr < SOLVED ? 0 : rr, RR);
  memory.copy(p, r, bytes);
}

/** For a block of n entries: their weights, in whole fours, and sums = t − w · sums, zero from n up to whole sixes. */
function weigh(n: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, data: usize, weights: usize, sums: usize): void {
  for (; n > 0; n -= 4, data += 16, weights += 16, sums += 16) {
    const v = entryValues(data, n), w = entryWeights(v, n, ws, w0);
    v128.store(weights, w);
    v128.store(sums, f32x4.sub(entryTargets(v, n, ts, t0, explicit), f32x4.mul(w, v128.load(sums))));
  }
  v128.store(sums, f32x4.splat(0));
}

/** All steps of a batch. @returns 0, or 1 + the row that failed. */
function moveRows(n: i32, ld: i32, steps: i32, M: usize, P: usize, lanes: usize, sums: usize, weights: usize, room: usize, X: usize): i32 {
  const bytes = <usize>ld << 2;
  for (let step = 1; step <= steps; step++) {
    multiplyGram(ld, M, P);
    for (let i = 0; i < n; i++) {
      const lane = lanes + (<usize>i << 5), row = load<i32>(lane, ROW);
      if (load<f32>(lane, RR) == 0) continue;
      if (!stepRow(ld, lane, sums, weights, room, P + <usize>i * bytes, X + <usize>row * bytes, step == steps)) return row + 1;
    }
  }
  for (let i = 0; i < n; i++) {
    const row = load<i32>(lanes + (<usize>i << 5), ROW);
    if (!allFinite(X + <usize>row * bytes, bytes, false)) return row + 1;
  }
  return 0;
}

/**
 * One step: x moves along p, and the next p is made unless this is the last. q holds G p on entry.
 * The last step asks of A p only p·A p, for which the entries' dots do: Σ w (y·p)², without summing rows.
 */
function stepRow(ld: i32, lane: usize, sums: usize, weights: usize, room: usize, p: usize, x: usize, last: bool): bool {
  const bytes = <usize>ld << 2, q = p + <usize>LANES * bytes, r = q + <usize>LANES * bytes, rr = load<f32>(lane, RR);
  axpy(load<f32>(lane, REG), p, q, bytes);
  const block = blockRows(ld), first = <usize>load<i32>(lane, FIRST);
  let z = weights + room + first * bytes;
  weights += first << 2;
  let squares = f32x4.splat(0);
  for (let left = load<i32>(lane, COUNT); left > 0; left -= block, weights += <usize>block << 2, z += <usize>block * bytes) {
    if (last) squares = addSquares(min(left, block), bytes, z, weights, p, sums, squares);
    else addEntries(min(left, block), bytes, z, weights, p, sums, q);
  }
  const curvature = last ? dot(p, q, bytes) + sum4(squares) : dot(p, q, bytes), alpha = rr / curvature;
  if (!(curvature > 0)) return false;
  axpy(alpha, p, x, bytes);
  if (last) return true;
  axpy(-alpha, q, r, bytes);
  const next = dot(r, r, bytes);
  store<f32>(lane, next < SOLVED ? 0 : next, RR);
  xpay(next / rr, r, p, bytes);
  return true;
}

/** For a block of n gathered entries: out += Σ w (y·p) y. First all dots, then their sum. */
function addEntries(n: i32, bytes: usize, z: usize, weights: usize, p: usize, sums: usize, out: usize): void {
  dotSixes(n, bytes, z, p, sums);
  let at: usize = 0;
  for (const end = <usize>n << 2; at < end; at += 16) v128.store(sums + at, f32x4.mul(v128.load(weights + at), v128.load(sums + at)));
  v128.store(sums + at, f32x4.splat(0));
  addSixes(n, bytes, z, sums, out);
}

/** squares + Σ w (y·p)² for a block of n gathered entries, lane by lane. */
function addSquares(n: i32, bytes: usize, z: usize, weights: usize, p: usize, sums: usize, squares: v128): v128 {
  dotSixes(n, bytes, z, p, sums);
  for (; n > 0; n -= 4, sums += 16, weights += 16) {
    const s = v128.load(sums);
    squares = madd(squares, f32x4.mul(v128.load(weights), s), s);
  }
  return squares;
}
