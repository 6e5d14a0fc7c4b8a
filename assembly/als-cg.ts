// The half sweep of als.ts by conjugate gradients (Takács, Pilászy, Tikk 2011), warm-started from X, without forming A:
//     A p = G p + reg p + Σ w (y·p) y
// Rows are taken in batches of up to four: their entries are gathered once for all steps, and G is read once for the
// batch. No bit of a row depends on which rows share its batch.
import { entryTargets, entryValues, entryWeights } from './als-entries';
import { mirrorGram } from './dense';
import { gemm_nn } from './gemm';
import { addScaledRows, allFinite, axpy, dot, dots4, negate, xpay } from './vec';

/** Rows of a batch, and the entries they may have together (one row may have more). */
const LANES: i32 = 4;
const BATCH: i32 = 1024;
/** A row is done when r·r falls below this. */
const SOLVED: f32 = 1e-20;

/** What a batch knows of a row, at `lanes + 32·i`. */
const ROW: usize = 0; // i32: row of X
const COUNT: usize = 4; // i32: entries, in whole fours
const FIRST: usize = 8; // i32: the first of its gathered entries
const REG: usize = 12; // f32
const RR: usize = 16; // f32: r·r, 0 once the row is done

/** longestRow: entries of the longest row of the sweep. */
export function als_sweep_cg_scratch(ld: i32, longestRow: i32): i32 {
  return (ld * ld + 3 * LANES * ld + 8 * LANES + blockRows(ld) + capacity(longestRow) * (ld + 2)) << 2;
}

// @ts-ignore: decorator
@inline
function capacity(longestRow: i32): i32 {
  return max(BATCH, (longestRow + 3) & ~3);
}

/** Gathered rows whose dots are taken before they are summed, so that they come from the first-level cache: 16 kB. */
// @ts-ignore: decorator
@inline
function blockRows(ld: i32): i32 {
  return max(8, (4096 / ld) & ~3);
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
  const bytes = <usize>ld << 2, M = scratch, P = M + <usize>ld * bytes, lanes = P + <usize>(3 * LANES) * bytes;
  const sums = lanes + (LANES << 5), weights = sums + (<usize>blockRows(ld) << 2);
  const room = <usize>capacity(longestOf(begin, end, rowList, indptr)) << 2, Z = weights + 2 * room;
  if (G) mirrorGram(ld, G, M);
  for (let k = begin; k < end; ) {
    let n = 0, gathered = 0;
    for (; k < end && n < LANES; k++) {
      const row = rowList ? load<i32>(rowList + (<usize>k << 2)) : k, first = load<i32>(indptr + (<usize>row << 2));
      const count = load<i32>(indptr + (<usize>row << 2), 4) - first, whole = (count + 3) & ~3;
      if (n > 0 && gathered + whole > BATCH) break;
      const x = X + <usize>row * bytes, lane = lanes + (<usize>n << 5);
      if (count == 0) {
        memory.fill(x, 0, bytes);
        continue;
      }
      store<i32>(lane, row, ROW);
      store<i32>(lane, whole, COUNT);
      store<i32>(lane, gathered, FIRST);
      store<f32>(lane, load<f32>(reg + (<usize>row << 2)), REG);
      gather(count, ld, ws, w0, ts, t0, explicit, indices + (<usize>first << 2), data + (<usize>first << 2), Y,
        weights + (<usize>gathered << 2), room, Z + <usize>gathered * bytes);
      memory.copy(P + <usize>n * bytes, x, bytes);
      gathered += whole;
      n++;
    }
    const failed = solveBatch(n, ld, steps, G ? M : 0, P, lanes, sums, weights, room, X);
    if (failed) return failed;
  }
  return 0;
}

function longestOf(begin: i32, end: i32, rowList: usize, indptr: usize): i32 {
  let longest = 0;
  for (let k = begin; k < end; k++) {
    const at = indptr + (<usize>(rowList ? load<i32>(rowList + (<usize>k << 2)) : k) << 2);
    longest = max(longest, load<i32>(at, 4) - load<i32>(at));
  }
  return longest;
}

/** Gathers a row's entries: weights, coefficients `room` bytes behind them, rows of Y. The last four are filled up with zeros. */
function gather(
  count: i32, ld: i32, ws: f32, w0: f32, ts: f32, t0: f32, explicit: i32, indices: usize, data: usize, Y: usize,
  weights: usize, room: usize, Z: usize,
): void {
  const bytes = <usize>ld << 2;
  for (let left = count; left > 0; left -= 4, data += 16, weights += 16) {
    const v = entryValues(data, left);
    v128.store(weights, entryWeights(v, left, ws, w0));
    v128.store(weights + room, entryTargets(v, left, ts, t0, explicit));
    for (let i = 0; i < 4; i++, indices += 4, Z += bytes) {
      if (i < left) copyRow(Y + <usize>load<i32>(indices) * bytes, Z, bytes);
      else memory.fill(Z, 0, bytes);
    }
  }
}

// @ts-ignore: decorator
@inline
function copyRow(from: usize, to: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 32, to += 32) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** P holds the rows' x on entry; Q and R follow it. */
function solveBatch(n: i32, ld: i32, steps: i32, M: usize, P: usize, lanes: usize, sums: usize, weights: usize, room: usize, X: usize): i32 {
  const bytes = <usize>ld << 2, Q = P + <usize>LANES * bytes;
  memory.fill(P + <usize>n * bytes, 0, <usize>(LANES - n) * bytes);
  multiplyGram(ld, M, P, Q);
  for (let i = 0; i < n; i++) startRow(ld, lanes + (<usize>i << 5), sums, weights, room, P + <usize>i * bytes);
  for (let step = 1; step <= steps; step++) {
    multiplyGram(ld, M, P, Q);
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

/** Q = P G for the batch's rows; zero without G. */
function multiplyGram(ld: i32, M: usize, P: usize, Q: usize): void {
  const bytes = <usize>ld << 2;
  if (!M) memory.fill(Q, 0, <usize>LANES * bytes);
  else for (let at: usize = 0; at < bytes; at += 32, M += bytes << 3) gemm_nn(LANES, 8, ld, ld, 8, ld, 0, P, M, Q + at);
}

/** r = b − A x and p = r; p holds x and q holds G x on entry. */
function startRow(ld: i32, lane: usize, sums: usize, weights: usize, room: usize, p: usize): void {
  const bytes = <usize>ld << 2, q = p + <usize>LANES * bytes, r = q + <usize>LANES * bytes;
  axpy(load<f32>(lane, REG), p, q, bytes);
  memory.copy(r, q, bytes);
  negate(r, bytes);
  addEntries(load<i32>(lane, COUNT), load<i32>(lane, FIRST), ld, true, weights, room, p, sums, r);
  const rr = dot(r, r, bytes);
  store<f32>(lane, rr < SOLVED ? 0 : rr, RR);
  memory.copy(p, r, bytes);
}

/** One step: x moves along p, and the next p is made unless this is the last. q holds G p on entry. */
function stepRow(ld: i32, lane: usize, sums: usize, weights: usize, room: usize, p: usize, x: usize, last: bool): bool {
  const bytes = <usize>ld << 2, q = p + <usize>LANES * bytes, r = q + <usize>LANES * bytes, rr = load<f32>(lane, RR);
  axpy(load<f32>(lane, REG), p, q, bytes);
  addEntries(load<i32>(lane, COUNT), load<i32>(lane, FIRST), ld, false, weights, room, p, sums, q);
  const curvature = dot(p, q, bytes), alpha = rr / curvature;
  if (!(curvature > 0)) return false;
  axpy(alpha, p, x, bytes);
  if (last) return true;
  axpy(-alpha, q, r, bytes);
  const next = dot(r, r, bytes);
  store<f32>(lane, next < SOLVED ? 0 : next, RR);
  xpay(next / rr, r, p, bytes);
  return true;
}

/** out += Σ w (y·p) y over a row's entries or, for the residual, Σ (t − w (y·p)) y: dots of a block, then their sum. */
function addEntries(count: i32, first: i32, ld: i32, residual: bool, weights: usize, room: usize, p: usize, sums: usize, out: usize): void {
  const block = blockRows(ld), bytes = <usize>ld << 2;
  let z = weights + 2 * room + <usize>first * bytes;
  weights += <usize>first << 2;
  for (; count > 0; count -= block) {
    const n = min(block, count), rows = z;
    for (let at = sums, end = sums + (<usize>n << 2); at < end; at += 16, weights += 16, z += bytes << 2) {
      let s = f32x4.mul(v128.load(weights), dots4(z, z + bytes, z + bytes * 2, z + bytes * 3, p, bytes));
      if (residual) s = f32x4.sub(v128.load(weights + room), s);
      v128.store(at, s);
    }
    addScaledRows(n, bytes, rows, sums, out);
  }
}
