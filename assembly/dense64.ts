// Float64 dense kernels: the inverse of a symmetric positive definite matrix by block sweeps, and low-rank corrections of
// it. Row-major, order n and row stride n, n a multiple of eight (callers pad with the identity), so that no loop has a
// tail. Sums run in ascending order of the pivot index within a block and over blocks: the order is part of the contract.

/** Columns that pass under all rows together: packed, they fit the second-level cache. */
const COLUMNS: i32 = 128;

/** Bytes of scratch for spd_sweep: the pivot columns, their products, the pivot block and its inverse. */
export function spd_sweep_scratch(n: i32, width: i32): usize {
  return (<usize>n * width * 2 + width * width * 2) << 3;
}

/**
 * Sweep the pivots K = [begin, begin + width), width a multiple of eight, of a symmetric matrix; only the lower triangle is read and kept:
 *   D = A_KK⁻¹,  A_iK ← A_iK D,  A_ij ← A_ij − A_iK D A_Kj,  A_KK ← −D   (i, j outside K).
 * After all pivots A is −A⁻¹ (Beaton's sweep operator in blocks; n³/2 multiply-adds, all in one register kernel).
 * A f64[n × n] in place. Returns 0, or r + 1 when the pivot of row r is not positive: the matrix is not positive definite.
 */
export function spd_sweep(n: i32, begin: i32, width: i32, A: usize, scratch: usize): i32 {
  const panel = (<usize>n * width) << 3;
  const V = scratch, W = V + panel, D = W + panel, work = D + ((<usize>width * width) << 3);
  const status = invertBlock(n, begin, width, A, D, work);
  if (status != 0) return begin + status;
  gatherColumns(n, begin, width, A, V);
  // W = V D = 0 − (−D) V in the same packing, whose tiles hold four columns of D by four rows of V; D is symmetric
  packNegated(width, D, work);
  memory.fill(W, 0, panel);
  for (let i = 0; i < n; i += 4) {
    const out = packed(W, i, width);
    for (let j = 0; j < width; j += 4) subtractTile(width, packed(work, j, width), packed(V, i, width), out + (<usize>j << 5), 32);
  }
  const stride = n << 3;
  for (let j0 = 0; j0 < n; j0 += COLUMNS) {
    const j1 = min(j0 + COLUMNS, n);
    for (let i = j0; i < n; i += 4) {
      if (i >= begin && i < begin + width) continue;
      const row = A + ((<usize>i * n) << 3);
      for (let j = j0, end = min(j1, i + 4); j < end; j += 4) {
        if (j >= begin && j < begin + width) continue;
        subtractTile(width, packed(W, i, width), packed(V, j, width), row + (<usize>j << 3), stride);
      }
    }
  }
  scatterColumns(n, begin, width, A, W, D);
  return 0;
}

/**
 * Eliminate the pivots K = [begin, begin + width) for what comes after them only: Cholesky by blocks, A_KK = L Lᵀ, W = A_iK L⁻ᵀ by
 * substitution, so that its backward error is that of any order of Cholesky's sums, however near to singular A_KK is. L and
 * W go into scratch, of spd_sweep_scratch bytes; spd_update follows.
 * Returns 0, or r + 1 when the pivot of row r is not positive.
 */
export function spd_pivot(n: i32, begin: i32, width: i32, A: usize, scratch: usize): i32 {
  const W = scratch, L = scratch + ((<usize>n * width) << 3), after = begin + width;
  for (let i = 0; i < width; i++) {
    memory.copy(L + ((<usize>i * width) << 3), A + ((<usize>(begin + i) * n + begin) << 3), <usize>(i + 1) << 3);
  }
  const status = cholesky64(width, width, L);
  if (status != 0) return begin + status;
  for (let i = after; i < n; i++) {
    const to = packed(W, i & ~3, width) + (<usize>(i & 3) << 3), from = A + ((<usize>i * n + begin) << 3);
    for (let k = 0; k < width; k++) store<f64>(to + (<usize>k << 5), load<f64>(from + (<usize>k << 3)));
  }
  for (let i = after; i < n; i += 4) substituteFour(width, L, packed(W, i, width));
  return 0;
}

/** w ← w L⁻ᵀ for four packed rows: w_k = (w_k − Σ_{j<k} L_kj w_j) / L_kk. */
function substituteFour(width: i32, L: usize, w: usize): void {
  for (let k = 0; k < width; k++) {
    const l = L + ((<usize>k * width) << 3), at = w + (<usize>k << 5);
    let even = f64x2.splat(0), odd = even;
    for (let j = 0; j < k; j++) {
      const s = v128.load64_splat(l + (<usize>j << 3)), from = w + (<usize>j << 5);
      even = f64x2.add(even, f64x2.mul(s, v128.load(from)));
      odd = f64x2.add(odd, f64x2.mul(s, v128.load(from, 16)));
    }
    const pivot = v128.load64_splat(l + (<usize>k << 3));
    v128.store(at, f64x2.div(f64x2.sub(v128.load(at), even), pivot));
    v128.store(at, f64x2.div(f64x2.sub(v128.load(at, 16), odd), pivot), 16);
  }
}

/**
 * A_ij ← A_ij − W_i·W_j for after ≤ j ≤ i and the groups of four rows [first, last) after `after`, an end of pivots; W as
 * spd_pivot left it.
 */
export function spd_update(first: i32, last: i32, n: i32, after: i32, width: i32, A: usize, scratch: usize): void {
  const W = scratch, begin = after + (first << 2), end = min(n, after + (last << 2));
  for (let j0 = after; j0 < end; j0 += COLUMNS) {
    for (let i = max(begin, j0); i < end; i += 4) {
      const row = A + ((<usize>i * n) << 3);
      for (let j = j0, to = min(j0 + COLUMNS, i + 4); j < to; j += 4) {
        subtractTile(width, packed(W, i, width), packed(W, j, width), row + (<usize>j << 3), n << 3);
      }
    }
  }
}

/** Four rows of a packed panel: row group i/4 holds width × 4 numbers, pivot by pivot. */
// @ts-ignore: decorator
@inline
function packed(panel: usize, i: i32, width: i32): usize {
  return panel + ((<usize>i * width) << 3);
}

/** C[4×4] −= Σ_k W[4, k] V[4, k]ᵀ; the sum runs over ascending k and is subtracted once. */
function subtractTile(width: i32, w: usize, v: usize, c: usize, stride: usize): void {
  let a00 = f64x2.splat(0), a01 = a00, a10 = a00, a11 = a00, a20 = a00, a21 = a00, a30 = a00, a31 = a00;
  for (let end = w + (<usize>width << 5); w < end; w += 32, v += 32) {
    const v0 = v128.load(v), v1 = v128.load(v, 16);
    let s = v128.load64_splat(w);
    a00 = f64x2.add(a00, f64x2.mul(s, v0));
    a01 = f64x2.add(a01, f64x2.mul(s, v1));
    s = v128.load64_splat(w, 8);
    a10 = f64x2.add(a10, f64x2.mul(s, v0));
    a11 = f64x2.add(a11, f64x2.mul(s, v1));
    s = v128.load64_splat(w, 16);
    a20 = f64x2.add(a20, f64x2.mul(s, v0));
    a21 = f64x2.add(a21, f64x2.mul(s, v1));
    s = v128.load64_splat(w, 24);
    a30 = f64x2.add(a30, f64x2.mul(s, v0));
    a31 = f64x2.add(a31, f64x2.mul(s, v1));
  }
  v128.store(c, f64x2.sub(v128.load(c), a00));
  v128.store(c, f64x2.sub(v128.load(c, 16), a01), 16);
  c += stride;
  v128.store(c, f64x2.sub(v128.load(c), a10));
  v128.store(c, f64x2.sub(v128.load(c, 16), a11), 16);
  c += stride;
  v128.store(c, f64x2.sub(v128.load(c), a20));
  v128.store(c, f64x2.sub(v128.load(c, 16), a21), 16);
  c += stride;
  v128.store(c, f64x2.sub(v128.load(c), a30));
  v128.store(c, f64x2.sub(v128.load(c, 16), a31), 16);
}

/** Minus the rows of a dense [width × width] block, in groups of four. */
function packNegated(width: i32, D: usize, out: usize): void {
  for (let i = 0; i < width; i++) {
    const to = packed(out, i & ~3, width) + (<usize>(i & 3) << 3);
    const from = D + ((<usize>i * width) << 3);
    for (let k = 0; k < width; k++) store<f64>(to + (<usize>k << 5), -load<f64>(from + (<usize>k << 3)));
  }
}

/** The columns K of the symmetric matrix in groups of four rows; rows above K are read from row K's left part. */
function gatherColumns(n: i32, begin: i32, width: i32, A: usize, V: usize): void {
  for (let k = 0; k < width; k++) {
    const row = A + ((<usize>(begin + k) * n) << 3);
    for (let i = 0; i < begin; i += 4) {
      const to = packed(V, i, width) + (<usize>k << 5), from = row + (<usize>i << 3);
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
  memory.fill(packed(V, begin, width), 0, (<usize>width * width) << 3);
  for (let i = begin + width; i < n; i++) {
    const to = packed(V, i & ~3, width) + (<usize>(i & 3) << 3);
    const from = A + ((<usize>i * n + begin) << 3);
    for (let k = 0; k < width; k++) store<f64>(to + (<usize>k << 5), load<f64>(from + (<usize>k << 3)));
  }
}

function scatterColumns(n: i32, begin: i32, width: i32, A: usize, W: usize, D: usize): void {
  for (let k = 0; k < width; k++) {
    const row = A + ((<usize>(begin + k) * n) << 3);
    for (let i = 0; i < begin; i += 4) {
      const from = packed(W, i, width) + (<usize>k << 5), to = row + (<usize>i << 3);
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
    const inverse = D + ((<usize>k * width) << 3);
    for (let j = 0; j < width; j++) store<f64>(row + (<usize>(begin + j) << 3), -load<f64>(inverse + (<usize>j << 3)));
  }
  for (let i = begin + width; i < n; i++) {
    const from = packed(W, i & ~3, width) + (<usize>(i & 3) << 3);
    const to = A + ((<usize>i * n + begin) << 3);
    for (let k = 0; k < width; k++) store<f64>(to + (<usize>k << 3), load<f64>(from + (<usize>k << 5)));
  }
}

/** D = (A_KK)⁻¹ by Cholesky, A_KK = L Lᵀ, Z = L⁻¹, D = Zᵀ Z; D and work f64[width × width]. Returns r + 1 for a bad pivot. */
function invertBlock(n: i32, begin: i32, width: i32, A: usize, D: usize, work: usize): i32 {
  for (let i = 0; i < width; i++) {
    memory.copy(work + ((<usize>i * width) << 3), A + ((<usize>(begin + i) * n + begin) << 3), <usize>(i + 1) << 3);
  }
  const status = cholesky64(width, width, work);
  if (status != 0) return status;
  // Z row by row, Z_i = (e_i − Σ_{k<i} L_ik Z_k) / L_ii; D holds it for now
  memory.fill(D, 0, (<usize>width * width) << 3);
  for (let i = 0; i < width; i++) {
    const l = work + ((<usize>i * width) << 3), z = D + ((<usize>i * width) << 3);
    for (let k = 0; k < i; k++) axpy64(i, -load<f64>(l + (<usize>k << 3)), D + ((<usize>k * width) << 3), z);
    const pivot = 1.0 / load<f64>(l + (<usize>i << 3));
    for (let j = 0; j < i; j++) store<f64>(z + (<usize>j << 3), load<f64>(z + (<usize>j << 3)) * pivot);
    store<f64>(z + (<usize>i << 3), pivot);
  }
  memory.fill(work, 0, (<usize>width * width) << 3);
  for (let k = 0; k < width; k++) {
    const z = D + ((<usize>k * width) << 3);
    for (let j = 0; j <= k; j++) axpy64(k + 1, load<f64>(z + (<usize>j << 3)), z, work + ((<usize>j * width) << 3));
  }
  memory.copy(D, work, (<usize>width * width) << 3);
  return 0;
}

/** y += a x over n numbers, rounded up to whole pairs: rows have room for one more. */
// @ts-ignore: decorator
@inline
function axpy64(n: i32, a: f64, x: usize, y: usize): void {
  const s = f64x2.splat(a);
  for (let end = x + (<usize>n << 3); x < end; x += 16, y += 16) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(s, v128.load(x))));
  }
}

/**
 * Cholesky in place, A = L Lᵀ, lower triangle, A f64[n × n] of row stride ld (a multiple of two).
 * Returns 0, or r + 1 when the pivot of row r is not above 2^-40 of its diagonal element.
 */
export function cholesky64(n: i32, ld: i32, A: usize): i32 {
  for (let i = 0; i < n; i++) {
    const row = A + ((<usize>i * ld) << 3);
    for (let j = 0; j <= i; j++) {
      const other = A + ((<usize>j * ld) << 3);
      let sum = f64x2.splat(0);
      const pairs = <usize>(j & ~1) << 3;
      for (let k: usize = 0; k < pairs; k += 16) sum = f64x2.add(sum, f64x2.mul(v128.load(row + k), v128.load(other + k)));
      let s = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
      if (j & 1) s += load<f64>(row + pairs) * load<f64>(other + pairs);
      const at = row + (<usize>j << 3);
      const a = load<f64>(at);
      if (j < i) store<f64>(at, (a - s) / load<f64>(other + (<usize>j << 3)));
      else {
        const pivot = a - s;
        if (!(pivot > a * 9.094947017729282e-13)) return i + 1;
        store<f64>(at, Math.sqrt(pivot));
      }
    }
  }
  return 0;
}

/** Make −A⁻¹ of a swept lower triangle the whole of A⁻¹: A_ij = A_ji = −A_ij. A f64[n × n]. */
export function spd_finish(n: i32, A: usize): void {
  // 8 × 8 tiles: the mirrored writes then fill whole cache lines
  for (let i0 = 0; i0 < n; i0 += 8) {
    for (let j0 = 0; j0 <= i0; j0 += 8) {
      for (let i = i0; i < i0 + 8; i++) {
        const row = A + ((<usize>i * n) << 3);
        for (let j = j0, end = min(j0 + 8, i + 1); j < end; j++) {
          const x = -load<f64>(row + (<usize>j << 3));
          store<f64>(row + (<usize>j << 3), x);
          store<f64>(A + ((<usize>j * n + i) << 3), x);
        }
      }
    }
  }
}
