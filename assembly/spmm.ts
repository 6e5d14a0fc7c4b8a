// Sparse times dense, and rows picked from and added to a table. X, Y are row-major with ld a multiple of eight.
import { madd } from './simd';

/** Entries, in bytes of an index, whose rows of X are asked for ahead of the sums, and that a panel sums at a time. */
const AHEAD: usize = 32 << 2;
const CHUNK: usize = 64 << 2;

/** y = b + Σ_e data[e]·X[indices[e]] over 24 columns, whose sums stay in registers; b = 0 stands for no b. */
// @ts-ignore: decorator
@inline
function panel24(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, b: usize, y: usize): void {
  const zero = f32x4.splat(0);
  let y0 = zero, y1 = zero, y2 = zero, y3 = zero, y4 = zero, y5 = zero;
  if (b) {
    y0 = v128.load(b);
    y1 = v128.load(b, 16);
    y2 = v128.load(b, 32);
    y3 = v128.load(b, 48);
    y4 = v128.load(b, 64);
    y5 = v128.load(b, 80);
  }
  for (; e < end; e += 4) {
    const w = v128.load32_splat(data + e), x = X + <usize>load<u32>(indices + e) * stride;
    y0 = madd(y0, w, v128.load(x));
    y1 = madd(y1, w, v128.load(x, 16));
    y2 = madd(y2, w, v128.load(x, 32));
    y3 = madd(y3, w, v128.load(x, 48));
    y4 = madd(y4, w, v128.load(x, 64));
    y5 = madd(y5, w, v128.load(x, 80));
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
  v128.store(y, y2, 32);
  v128.store(y, y3, 48);
  v128.store(y, y4, 64);
  v128.store(y, y5, 80);
}

/** The same over 16 columns. */
// @ts-ignore: decorator
@inline
function panel16(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, b: usize, y: usize): void {
  const zero = f32x4.splat(0);
  let y0 = zero, y1 = zero, y2 = zero, y3 = zero;
  if (b) {
    y0 = v128.load(b);
    y1 = v128.load(b, 16);
    y2 = v128.load(b, 32);
    y3 = v128.load(b, 48);
  }
  for (; e < end; e += 4) {
    const w = v128.load32_splat(data + e), x = X + <usize>load<u32>(indices + e) * stride;
    y0 = madd(y0, w, v128.load(x));
    y1 = madd(y1, w, v128.load(x, 16));
    y2 = madd(y2, w, v128.load(x, 32));
    y3 = madd(y3, w, v128.load(x, 48));
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
  v128.store(y, y2, 32);
  v128.store(y, y3, 48);
}

/** The same over 8 columns. */
// @ts-ignore: decorator
@inline
function panel8(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, b: usize, y: usize): void {
  let y0 = b ? v128.load(b) : f32x4.splat(0), y1 = b ? v128.load(b, 16) : f32x4.splat(0);
  for (; e < end; e += 4) {
    const w = v128.load32_splat(data + e), x = X + <usize>load<u32>(indices + e) * stride;
    y0 = madd(y0, w, v128.load(x));
    y1 = madd(y1, w, v128.load(x, 16));
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
}

/** The same over all columns. */
// @ts-ignore: decorator
@inline
function panels(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, b: usize, y: usize): void {
  let c: usize = 0;
  for (; c + 96 <= stride; c += 96) panel24(e, end, data, indices, X + c, stride, b ? b + c : 0, y + c);
  if (c + 64 <= stride) {
    panel16(e, end, data, indices, X + c, stride, b ? b + c : 0, y + c);
    c += 64;
  }
  if (c < stride) panel8(e, end, data, indices, X + c, stride, b ? b + c : 0, y + c);
}

/**
 * Asks for the rows of X that the entries name, a load per cache line: many at once are on their way, where the sums would
 * wait for each in turn. WebAssembly has no instruction for it; a load whose value is dropped may trap and so is kept.
 */
function touch(e: usize, end: usize, indices: usize, X: usize, stride: usize): void {
  for (; e < end; e += 4) {
    let x = X + <usize>load<u32>(indices + e) * stride;
    const stop = x + stride;
    for (; x + 256 <= stop; x += 256) {
      load<u32>(x);
      load<u32>(x, 64);
      load<u32>(x, 128);
      load<u32>(x, 192);
    }
    for (; x < stop; x += 64) load<u32>(x);
  }
}

/**
 * Y[begin..end) = B + S·X: S is CSR [rows × …], X dense; B, of Y's shape, may be Y itself, or 0 for none.
 * A row's terms are added to B's in the order of its indices. The product with Sᵀ is this kernel on the stored transpose.
 */
export function spmm(begin: i32, end: i32, ld: i32, indptr: usize, indices: usize, data: usize, X: usize, B: usize, Y: usize): void {
  if (begin >= end) return;
  const stride = <usize>ld << 2, stop = indptr + (<usize>end << 2), all = <usize>load<i32>(stop) << 2;
  let p = indptr + (<usize>begin << 2), y = Y + <usize>begin * stride, e = <usize>load<i32>(p) << 2;
  let touched = min(e + AHEAD, all);
  touch(e, touched, indices, X, stride);
  for (; p < stop; p += 4, y += stride) {
    const last = <usize>load<i32>(p, 4) << 2;
    let b = B ? y + (B - Y) : 0;
    // A long row goes by chunks, so that what was touched is still near when the last panel comes to it.
    do {
      const to = min(e + CHUNK, last);
      if (to + AHEAD > touched) {
        const next = min(to + 2 * AHEAD, all);
        touch(touched, next, indices, X, stride);
        touched = next;
      }
      panels(e, to, data, indices, X, stride, b, y);
      e = to;
      b = y;
    } while (e < last);
  }
}

/** The same, times a factor, for rows list[begin..end) of Y only. */
export function spmm_rows(
  begin: i32, end: i32, ld: i32, factor: f32, list: usize, indptr: usize, indices: usize, data: usize, X: usize, B: usize,
  Y: usize,
): void {
  const stride = <usize>ld << 2, scale = f32x4.splat(factor);
  for (let k = list + (<usize>begin << 2), last = list + (<usize>end << 2); k < last; k += 4) {
    const r = load<i32>(k), y = Y + <usize>r * stride;
    spmm(r, r + 1, ld, indptr, indices, data, X, B, Y);
    for (let c: usize = 0; c < stride; c += 16) v128.store(y + c, f32x4.mul(scale, v128.load(y + c)));
  }
}

/** Y[k] = X[index[k]] for k < n. */
export function gather_rows(n: i32, ld: i32, index: usize, X: usize, Y: usize): void {
  const stride = <usize>ld << 2;
  for (let k: usize = 0, end = <usize>n << 2; k < end; k += 4, Y += stride) {
    const x = X + <usize>load<u32>(index + k) * stride;
    for (let c: usize = 0; c < stride; c += 32) {
      v128.store(Y + c, v128.load(x + c));
      v128.store(Y + c, v128.load(x + c, 16), 16);
    }
  }
}

/** Y[index[k]] += X[k] for k = 0, 1, … in this order: rows that occur more than once get the same bits every time. */
export function scatter_add_rows(n: i32, ld: i32, index: usize, X: usize, Y: usize): void {
  const stride = <usize>ld << 2;
  for (let k: usize = 0, end = <usize>n << 2; k < end; k += 4) {
    const y = Y + <usize>load<u32>(index + k) * stride;
    for (let c: usize = 0; c < stride; c += 32, X += 32) {
      v128.store(y + c, f32x4.add(v128.load(y + c), v128.load(X)));
      v128.store(y + c, f32x4.add(v128.load(y + c, 16), v128.load(X, 16)), 16);
    }
  }
}
