// Sparse times dense, and rows picked from and added to a table. X, Y are row-major with ld a multiple of eight.
import { madd } from './simd';

/** Y[r] (+)= Σ_e data[e]·X[indices[e]] over 32 columns, whose sums stay in registers for the whole row. */
// @ts-ignore: decorator
@inline
function panel32(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, y: usize, accumulate: i32): void {
  const zero = f32x4.splat(0);
  let y0 = zero, y1 = zero, y2 = zero, y3 = zero, y4 = zero, y5 = zero, y6 = zero, y7 = zero;
  if (accumulate) {
    y0 = v128.load(y);
    y1 = v128.load(y, 16);
    y2 = v128.load(y, 32);
    y3 = v128.load(y, 48);
    y4 = v128.load(y, 64);
    y5 = v128.load(y, 80);
    y6 = v128.load(y, 96);
    y7 = v128.load(y, 112);
  }
  for (; e < end; e += 4) {
    const w = v128.load32_splat(data + e), x = X + <usize>load<u32>(indices + e) * stride;
    y0 = madd(y0, w, v128.load(x));
    y1 = madd(y1, w, v128.load(x, 16));
    y2 = madd(y2, w, v128.load(x, 32));
    y3 = madd(y3, w, v128.load(x, 48));
    y4 = madd(y4, w, v128.load(x, 64));
    y5 = madd(y5, w, v128.load(x, 80));
    y6 = madd(y6, w, v128.load(x, 96));
    y7 = madd(y7, w, v128.load(x, 112));
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
  v128.store(y, y2, 32);
  v128.store(y, y3, 48);
  v128.store(y, y4, 64);
  v128.store(y, y5, 80);
  v128.store(y, y6, 96);
  v128.store(y, y7, 112);
}

/** The same over 8 columns. */
// @ts-ignore: decorator
@inline
function panel8(e: usize, end: usize, data: usize, indices: usize, X: usize, stride: usize, y: usize, accumulate: i32): void {
  let y0 = accumulate ? v128.load(y) : f32x4.splat(0), y1 = accumulate ? v128.load(y, 16) : f32x4.splat(0);
  for (; e < end; e += 4) {
    const w = v128.load32_splat(data + e), x = X + <usize>load<u32>(indices + e) * stride;
    y0 = madd(y0, w, v128.load(x));
    y1 = madd(y1, w, v128.load(x, 16));
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
}

/**
 * Y[begin..end) = S·X, or Y += S·X: S is CSR [rows × …], X dense with the same ld as Y.
 * A row's terms are added in the order of its indices. The product with Sᵀ is this kernel on the stored transpose.
 */
export function spmm(begin: i32, end: i32, ld: i32, accumulate: i32, indptr: usize, indices: usize, data: usize, X: usize, Y: usize): void {
  const stride = <usize>ld << 2;
  for (let r = begin; r < end; r++) {
    const first = <usize>load<i32>(indptr + (<usize>r << 2)) << 2, last = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    const y = Y + <usize>r * stride;
    let c: usize = 0;
    for (; c + 128 <= stride; c += 128) panel32(first, last, data, indices, X + c, stride, y + c, accumulate);
    for (; c < stride; c += 32) panel8(first, last, data, indices, X + c, stride, y + c, accumulate);
  }
}

/** Y[k] = X[index[k]] for k < n. */
export function gather_rows(n: i32, ld: i32, index: usize, X: usize, Y: usize): void {
  const stride = <usize>ld << 2;
  for (let k: usize = 0, end = <usize>n << 2; k < end; k += 4, Y += stride) {
    memory.copy(Y, X + <usize>load<u32>(index + k) * stride, stride);
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
