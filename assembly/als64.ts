// Alternating least squares in float64, for training to convergence: rows [· × ld] of f64, ld a multiple of eight, pads
// zero. Weights w and coefficients t of entries as in als-entries.ts; reg f32[rows]; G f64[ld × ld] the scaled Gram matrix
// of the other side, whole, or 0. Sums over entries run in their order, sums over columns in two lanes.
import { entryTarget64 } from './als-entries';
import { cholesky64 } from './dense64';
import { addScaled, dotRow } from './rows64';
import { madd64, sum2 } from './simd';

export function als64_solve_scratch(ld: i32): usize {
  return <usize>(ld * ld + ld) << 3;
}

/**
 * Solve rows begin..end, or rows rowList[begin..end), of X: (G + Σ w y yᵀ + reg_r I) x = Σ t y, by Cholesky.
 * A row without entries is exactly zero. Returns 0, or r + 1 when row r's matrix is not positive definite.
 * kept: 0, or f32[rows × (factors² + factors) / 2] for the lower triangles of the rows' factors L, by rows.
 */
export function als64_solve(
  begin: i32, end: i32, factors: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32, rowList: usize,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, Y: usize, X: usize, kept: usize, scratch: usize,
): i32 {
  const row = <usize>ld << 3, A = scratch, b = A + <usize>ld * row;
  for (let k = begin; k < end; k++) {
    const r = rowList ? load<i32>(rowList + (<usize>k << 2)) : k;
    const first = <usize>load<i32>(indptr + (<usize>r << 2)) << 2, last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    const x = X + <usize>r * row;
    memory.fill(x, 0, row);
    if (first == last) continue;
    if (G) memory.copy(A, G, <usize>ld * row);
    else memory.fill(A, 0, <usize>ld * row);
    memory.fill(b, 0, row);
    for (let e = first; e < last; e += 16) addFour(e, last, factors, row, ws, w0, ts, t0, explicit, indices, data, Y, A, b);
    const d = <f64>load<f32>(reg + (<usize>r << 2));
    for (let i: usize = 0; i < <usize>factors; i++) {
      const at = A + i * row + (i << 3);
      store<f64>(at, load<f64>(at) + d);
    }
    if (cholesky64(factors, ld, A) != 0) return r + 1;
    if (kept) {
      for (let i: usize = 0, to = keptRow(kept, r, factors); i < <usize>factors; i++) {
        for (let a = A + i * row, end = a + (i << 3); a <= end; a += 8, to += 4) store<f32>(to, <f32>load<f64>(a));
      }
    }
    substitute(factors, row, A, b, x);
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function keptRow(kept: usize, r: i32, factors: i32): usize {
  return kept + <usize>r * <usize>(factors * (factors + 1) << 1);
}

/**
 * out_r = x_r − L⁻ᵀ L⁻¹ g_r for rows begin..end with the factors that als64_solve kept; 0 where it kept none. out may be X or
 * g; X may be 0, for zero rows.
 */
export function als64_step(begin: i32, end: i32, factors: i32, ld: i32, kept: usize, X: usize, g: usize, out: usize, scratch: usize): void {
  const row = <usize>ld << 3, b = scratch + <usize>ld * row;
  for (let r = begin; r < end; r++) {
    const at = <usize>r * row;
    let from = keptRow(kept, r, factors);
    if (load<f32>(from) == 0) {
      memory.fill(out + at, 0, row);
      continue;
    }
    for (let i: usize = 0; i < <usize>factors; i++) {
      for (let a = scratch + i * row, last = a + (i << 3); a <= last; a += 8, from += 4) store<f64>(a, <f64>load<f32>(from));
    }
    memory.copy(b, g + at, row);
    substitute(factors, row, scratch, b, b);
    if (X) for (let j: usize = 0; j < row; j += 16) v128.store(out + at + j, f64x2.sub(v128.load(X + at + j), v128.load(b + j)));
    else for (let j: usize = 0; j < row; j += 16) v128.store(out + at + j, f64x2.neg(v128.load(b + j)));
  }
}

/** A += w y yᵀ (lower triangle, two rows by two columns at a time) and b += t y for up to four entries. */
function addFour(
  e: usize, last: usize, factors: i32, row: usize, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indices: usize, data: usize, Y: usize, A: usize, b: usize,
): void {
  const y0 = Y + <usize>load<i32>(indices + e) * row;
  const e1 = e + 4, e2 = e + 8, e3 = e + 12;
  // entries beyond the last count nothing: weight and coefficient zero, of a row that is there
  const y1 = e1 < last ? Y + <usize>load<i32>(indices + e1) * row : y0;
  const y2 = e2 < last ? Y + <usize>load<i32>(indices + e2) * row : y0;
  const y3 = e3 < last ? Y + <usize>load<i32>(indices + e3) * row : y0;
  const v0 = <f64>load<f32>(data + e);
  const v1 = e1 < last ? <f64>load<f32>(data + e1) : 0;
  const v2 = e2 < last ? <f64>load<f32>(data + e2) : 0;
  const v3 = e3 < last ? <f64>load<f32>(data + e3) : 0;
  const w_0 = ws * Math.abs(v0) + w0;
  const w_1 = e1 < last ? ws * Math.abs(v1) + w0 : 0;
  const w_2 = e2 < last ? ws * Math.abs(v2) + w0 : 0;
  const w_3 = e3 < last ? ws * Math.abs(v3) + w0 : 0;
  const s0 = f64x2.splat(entryTarget64(v0, ts, t0, explicit));
  const s1 = f64x2.splat(e1 < last ? entryTarget64(v1, ts, t0, explicit) : 0);
  const s2 = f64x2.splat(e2 < last ? entryTarget64(v2, ts, t0, explicit) : 0);
  const s3 = f64x2.splat(e3 < last ? entryTarget64(v3, ts, t0, explicit) : 0);
  for (let j: usize = 0; j < row; j += 16) {
    let sum = madd64(v128.load(b + j), s0, v128.load(y0 + j));
    sum = madd64(sum, s1, v128.load(y1 + j));
    sum = madd64(sum, s2, v128.load(y2 + j));
    v128.store(b + j, madd64(sum, s3, v128.load(y3 + j)));
  }
  for (let i: usize = 0, end = <usize>factors << 3; i < end; i += 16) {
    const p0 = f64x2.splat(w_0 * load<f64>(y0 + i)), q0 = f64x2.splat(w_0 * load<f64>(y0 + i, 8));
    const p1 = f64x2.splat(w_1 * load<f64>(y1 + i)), q1 = f64x2.splat(w_1 * load<f64>(y1 + i, 8));
    const p2 = f64x2.splat(w_2 * load<f64>(y2 + i)), q2 = f64x2.splat(w_2 * load<f64>(y2 + i, 8));
    const p3 = f64x2.splat(w_3 * load<f64>(y3 + i)), q3 = f64x2.splat(w_3 * load<f64>(y3 + i, 8));
    const upper = A + (i >> 3) * row, lower = upper + row;
    for (let j: usize = 0; j <= i; j += 16) {
      const a = v128.load(y0 + j), c = v128.load(y1 + j), d = v128.load(y2 + j), f = v128.load(y3 + j);
      v128.store(upper + j, madd64(madd64(madd64(madd64(v128.load(upper + j), p0, a), p1, c), p2, d), p3, f));
      v128.store(lower + j, madd64(madd64(madd64(madd64(v128.load(lower + j), q0, a), q1, c), q2, d), q3, f));
    }
  }
}

/** x = L⁻ᵀ L⁻¹ b; b is used up, or is x. */
function substitute(n: i32, row: usize, L: usize, b: usize, x: usize): void {
  for (let i = 0; i < n; i++) {
    const l = L + <usize>i * row;
    let sum = load<f64>(b + (<usize>i << 3));
    for (let k = 0; k < i; k++) sum -= load<f64>(l + (<usize>k << 3)) * load<f64>(b + (<usize>k << 3));
    store<f64>(b + (<usize>i << 3), sum / load<f64>(l + (<usize>i << 3)));
  }
  for (let i = n - 1; i >= 0; i--) {
    const l = L + <usize>i * row;
    const solved = load<f64>(b + (<usize>i << 3)) / load<f64>(l + (<usize>i << 3));
    store<f64>(x + (<usize>i << 3), solved);
    for (let k = 0; k < i; k++) {
      const at = b + (<usize>k << 3);
      store<f64>(at, load<f64>(at) - solved * load<f64>(l + (<usize>k << 3)));
    }
  }
}

/** Half the objective's gradient for rows begin..end of X: out_r = (G + reg_r I) x_r + Σ (w s − t) y, s = x_r·y. */
export function als64_gradient(
  begin: i32, end: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, Y: usize, X: usize, out: usize,
): void {
  const row = <usize>ld << 3;
  for (let r = begin; r < end; r++) {
    const x = X + <usize>r * row, g = out + <usize>r * row;
    const d = f64x2.splat(<f64>load<f32>(reg + (<usize>r << 2)));
    for (let j: usize = 0; j < row; j += 16) v128.store(g + j, f64x2.mul(d, v128.load(x + j)));
    if (G) for (let i: usize = 0; i < row; i += 8) addScaled(load<f64>(x + i), G + (i >> 3) * row, g, row);
    let e = <usize>load<i32>(indptr + (<usize>r << 2)) << 2;
    const last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    for (; e + 16 <= last; e += 16) addFourEntries(e, row, ws, w0, ts, t0, explicit, indices, data, Y, x, g);
    for (; e < last; e += 4) {
      const y = Y + <usize>load<i32>(indices + e) * row, v = <f64>load<f32>(data + e);
      addScaled((ws * Math.abs(v) + w0) * dotRow(x, y, row) - entryTarget64(v, ts, t0, explicit), y, g, row);
    }
  }
}

/** g += Σ (w s − t) y over four entries at once, so that x and g pass once: the bits of one after the other, in half the time. */
function addFourEntries(
  e: usize, row: usize, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32, indices: usize, data: usize, Y: usize, x: usize, g: usize,
): void {
  const y0 = Y + <usize>load<i32>(indices + e) * row, y1 = Y + <usize>load<i32>(indices + e, 4) * row;
  const y2 = Y + <usize>load<i32>(indices + e, 8) * row, y3 = Y + <usize>load<i32>(indices + e, 12) * row;
  let a0 = f64x2.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (let k: usize = 0; k < row; k += 32) {
    const even = v128.load(x + k), odd = v128.load(x + k, 16);
    a0 = madd64(a0, even, v128.load(y0 + k));
    b0 = madd64(b0, odd, v128.load(y0 + k, 16));
    a1 = madd64(a1, even, v128.load(y1 + k));
    b1 = madd64(b1, odd, v128.load(y1 + k, 16));
    a2 = madd64(a2, even, v128.load(y2 + k));
    b2 = madd64(b2, odd, v128.load(y2 + k, 16));
    a3 = madd64(a3, even, v128.load(y3 + k));
    b3 = madd64(b3, odd, v128.load(y3 + k, 16));
  }
  const s0 = f64x2.splat(slope(sum2(f64x2.add(a0, b0)), <f64>load<f32>(data + e), ws, w0, ts, t0, explicit));
  const s1 = f64x2.splat(slope(sum2(f64x2.add(a1, b1)), <f64>load<f32>(data + e, 4), ws, w0, ts, t0, explicit));
  const s2 = f64x2.splat(slope(sum2(f64x2.add(a2, b2)), <f64>load<f32>(data + e, 8), ws, w0, ts, t0, explicit));
  const s3 = f64x2.splat(slope(sum2(f64x2.add(a3, b3)), <f64>load<f32>(data + e, 12), ws, w0, ts, t0, explicit));
  for (let k: usize = 0; k < row; k += 16) {
    const sum = madd64(madd64(v128.load(g + k), s0, v128.load(y0 + k)), s1, v128.load(y1 + k));
    v128.store(g + k, madd64(madd64(sum, s2, v128.load(y2 + k)), s3, v128.load(y3 + k)));
  }
}

/** w s − t of an entry of value v. */
// @ts-ignore: decorator
@inline
function slope(s: f64, v: f64, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32): f64 {
  return (ws * Math.abs(v) + w0) * s - entryTarget64(v, ts, t0, explicit);
}

/**
 * Half the objective's second derivative along (dX, dY), for rows begin..end of X:
 *   out_r = (G + reg_r I) dx_r + K x_r + Σ w (dx·y + x·dy) y + (w s − t) dy,   K f64[ld × ld] = base (dYᵀY + YᵀdY) or 0.
 * Where dX is 0, that of dY alone.
 */
export function als64_curvature(
  begin: i32, end: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indptr: usize, indices: usize, data: usize, reg: usize, G: usize, K: usize, X: usize, dX: usize, Y: usize, dY: usize, out: usize,
): void {
  const row = <usize>ld << 3;
  for (let r = begin; r < end; r++) {
    const x = X + <usize>r * row, dx = dX ? dX + <usize>r * row : x, g = out + <usize>r * row;
    memory.fill(g, 0, row);
    if (K) for (let i: usize = 0; i < row; i += 8) addScaled(load<f64>(x + i), K + (i >> 3) * row, g, row);
    if (dX) {
      addScaled(<f64>load<f32>(reg + (<usize>r << 2)), dx, g, row);
      if (G) for (let i: usize = 0; i < row; i += 8) addScaled(load<f64>(dx + i), G + (i >> 3) * row, g, row);
    }
    let e = <usize>load<i32>(indptr + (<usize>r << 2)) << 2;
    const last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    for (; e < last; e += 4) {
      const at = <usize>load<i32>(indices + e) * row, y = Y + at, dy = dY + at, v = <f64>load<f32>(data + e);
      let s = f64x2.splat(0), s0 = s, s1 = s;
      for (let k: usize = 0; k < row; k += 16) {
        const a = v128.load(x + k), b = v128.load(y + k);
        s = madd64(s, a, b);
        s0 = madd64(s0, a, v128.load(dy + k));
        s1 = madd64(s1, v128.load(dx + k), b);
      }
      const along = dX ? sum2(s0) + sum2(s1) : sum2(s0);
      const p = f64x2.splat((ws * Math.abs(v) + w0) * along), q = f64x2.splat(slope(sum2(s), v, ws, w0, ts, t0, explicit));
      for (let k: usize = 0; k < row; k += 16) {
        const sum = madd64(v128.load(g + k), p, v128.load(y + k));
        v128.store(g + k, madd64(sum, q, v128.load(dy + k)));
      }
    }
  }
}

/**
 * The observed cells of rows begin..end on the line (X + a dX, Y + a dY): adds the coefficients of
 *   Σ w s(a)² − 2 t s(a),   s(a) = x·y + a (dx·y + x·dy) + a² dx·dy,   by powers 0..4 of a to out f64[5].
 * Where dX is 0, only the coefficient of power 0.
 */
export function als64_line(
  begin: i32, end: i32, ld: i32, ws: f64, w0: f64, ts: f64, t0: f64, explicit: i32,
  indptr: usize, indices: usize, data: usize, X: usize, dX: usize, Y: usize, dY: usize, out: usize,
): void {
  const row = <usize>ld << 3;
  let c0 = load<f64>(out), c1 = load<f64>(out, 8), c2 = load<f64>(out, 16), c3 = load<f64>(out, 24), c4 = load<f64>(out, 32);
  for (let r = begin; r < end; r++) {
    const x = X + <usize>r * row, dx = dX + <usize>r * row;
    let e = <usize>load<i32>(indptr + (<usize>r << 2)) << 2;
    const last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    for (; e < last; e += 4) {
      const at = <usize>load<i32>(indices + e) * row, y = Y + at, v = <f64>load<f32>(data + e);
      const w = ws * Math.abs(v) + w0, t = entryTarget64(v, ts, t0, explicit);
      if (!dX) {
        const s = dotRow(x, y, row);
        c0 += w * s * s - 2 * t * s;
        continue;
      }
      // four products in one pass, each in the lanes and the order of dotRow
      const dy = dY + at;
      let a0 = f64x2.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
      for (let k: usize = 0; k < row; k += 32) {
        let p = v128.load(x + k), d = v128.load(dx + k), q = v128.load(y + k), f = v128.load(dy + k);
        a0 = madd64(a0, p, q);
        a1 = madd64(a1, d, q);
        a2 = madd64(a2, p, f);
        a3 = madd64(a3, d, f);
        p = v128.load(x + k, 16);
        d = v128.load(dx + k, 16);
        q = v128.load(y + k, 16);
        f = v128.load(dy + k, 16);
        b0 = madd64(b0, p, q);
        b1 = madd64(b1, d, q);
        b2 = madd64(b2, p, f);
        b3 = madd64(b3, d, f);
      }
      const s0 = sum2(f64x2.add(a0, b0)), s1 = sum2(f64x2.add(a1, b1)) + sum2(f64x2.add(a2, b2)), s2 = sum2(f64x2.add(a3, b3));
      c0 += w * s0 * s0 - 2 * t * s0;
      c1 += 2 * (w * s0 - t) * s1;
      c2 += w * (s1 * s1 + 2 * s0 * s2) - 2 * t * s2;
      c3 += 2 * w * s1 * s2;
      c4 += w * s2 * s2;
    }
  }
  store<f64>(out, c0);
  store<f64>(out, c1, 8);
  store<f64>(out, c2, 16);
  store<f64>(out, c3, 24);
  store<f64>(out, c4, 32);
}
