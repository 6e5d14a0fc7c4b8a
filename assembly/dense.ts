// Dense symmetric matrices: sums of outer products, Gram matrices, Cholesky.
//
// Group layout, which all of it shares: the columns come in groups of eight, a group's rows lie 32 bytes apart, groups
// lie ld rows apart. Element (i, j) of an [ld × ld] matrix is float (j >> 3)·8·ld + 8·i + (j & 7). Whatever is multiplied
// is then contiguous, so that one 4×8 register tile serves everything, and strides of a power of two never collide.
// Of a symmetric matrix only the 8×8 tiles on and above the diagonal are kept; those on the diagonal are whole.
// A panel is a block of gathered rows in the same layout, groups `stride` bytes apart.
import { high64, low64, madd, madd64, msub, sum2, sums4 } from './simd';
import { allFinite } from './vec';

/** acc ± a·b; `subtract` is a constant at every use. */
// @ts-ignore: decorator
@inline
function step(acc: v128, a: v128, b: v128, subtract: bool): v128 {
  return subtract ? msub(acc, a, b) : madd(acc, a, b);
}

/**
 * to = from ± Σ_k p[k][0..4)ᵀ q[k][0..8): four rows of a tile in eight accumulators, n ≥ 1 terms in order of k.
 * The loop is not unrolled: twice unrolled it is a fifth slower in V8 (docs/kernels.md).
 */
// @ts-ignore: decorator
@inline
function tile4x8(p: usize, q: usize, n: i32, from: usize, to: usize, subtract: bool): void {
  let c00 = v128.load(from, 0), c01 = v128.load(from, 16), c10 = v128.load(from, 32), c11 = v128.load(from, 48);
  let c20 = v128.load(from, 64), c21 = v128.load(from, 80), c30 = v128.load(from, 96), c31 = v128.load(from, 112);
  do {
    const b0 = v128.load(q, 0), b1 = v128.load(q, 16);
    let a = v128.load32_splat(p, 0);
    c00 = step(c00, a, b0, subtract);
    c01 = step(c01, a, b1, subtract);
    a = v128.load32_splat(p, 4);
    c10 = step(c10, a, b0, subtract);
    c11 = step(c11, a, b1, subtract);
    a = v128.load32_splat(p, 8);
    c20 = step(c20, a, b0, subtract);
    c21 = step(c21, a, b1, subtract);
    a = v128.load32_splat(p, 12);
    c30 = step(c30, a, b0, subtract);
    c31 = step(c31, a, b1, subtract);
    p += 32;
    q += 32;
  } while (--n);
  v128.store(to, c00, 0);
  v128.store(to, c01, 16);
  v128.store(to, c10, 32);
  v128.store(to, c11, 48);
  v128.store(to, c20, 64);
  v128.store(to, c21, 80);
  v128.store(to, c30, 96);
  v128.store(to, c31, 112);
}

/** to = from + PᵀP for a panel P of n ≥ 1 rows; upper tiles. `from` may be `to`. */
export function addOuterProducts(panel: usize, stride: usize, n: i32, ld: i32, from: usize, to: usize): void {
  const group = <usize>ld << 5;
  for (let q = panel, last = panel + <usize>(ld >> 3) * stride; q < last; q += stride, from += group, to += group) {
    let s = from, t = to;
    for (let p = panel; p <= q; p += stride, s += 256, t += 256) {
      tile4x8(p, q, n, s, t, false);
      tile4x8(p + 16, q, n, s + 128, t + 128, false);
    }
  }
}

/** A −= PᵀP for a panel P of n ≥ 1 rows; upper tiles. */
export function subtractOuterProducts(panel: usize, stride: usize, n: i32, ld: i32, A: usize): void {
  const group = <usize>ld << 5;
  for (let q = panel, last = panel + <usize>(ld >> 3) * stride; q < last; q += stride, A += group) {
    let t = A;
    for (let p = panel; p <= q; p += stride, t += 256) {
      tile4x8(p, q, n, t, t, true);
      tile4x8(p + 16, q, n, t + 128, t + 128, true);
    }
  }
}

/** Adds `value` to the first `factors` diagonal elements and sets those of the pads to 1, so that pads solve to 0. */
export function addDiagonal(factors: i32, ld: i32, value: f32, A: usize): void {
  const group = <usize>ld << 5;
  for (let i = 0; i < ld; i++) {
    const at = A + <usize>(i >> 3) * group + (<usize>i << 5) + (<usize>(i & 7) << 2);
    store<f32>(at, i < factors ? load<f32>(at) + value : 1);
  }
}

// ---- Gram matrices

/** Rows of Y whose products are summed in f32 before they join the f64 sum. */
const GRAM_BLOCK: i32 = 256;

export function gram_accumulate_scratch(ld: i32): i32 {
  return (GRAM_BLOCK * ld + 128) << 2;
}

/**
 * G64 += sign · Σ y yᵀ over rows begin..end of Y [· × ld], or over rows rowList[begin..end) of it.
 * G64 is f64[ld × ld] in group layout (rows 64 bytes apart), upper tiles. Blocks of 256 rows are summed in f32,
 * row by row, and then added in f64, block by block: the result depends on begin and end, and on nothing else.
 */
export function gram_accumulate(
  begin: i32, end: i32, ld: i32, sign: f64, rowList: usize, Y: usize, G64: usize, scratch: usize,
): void {
  const tile = scratch, panel = scratch + 512, stride: usize = GRAM_BLOCK << 5, row = <usize>ld << 2;
  memory.fill(tile, 0, 256);
  for (let first = begin; first < end; first += GRAM_BLOCK) {
    const n = min(GRAM_BLOCK, end - first);
    for (let k = 0; k < n; k++) {
      const r = rowList ? load<i32>(rowList + (<usize>(first + k) << 2)) : first + k;
      packRow(Y + <usize>r * row, panel + (<usize>k << 5), stride, row);
    }
    addBlock(panel, stride, n, ld, sign, G64, tile);
  }
}

/** Copies a row of `bytes` into a panel. */
// @ts-ignore: decorator
@inline
function packRow(y: usize, panel: usize, stride: usize, bytes: usize): void {
  for (const end = y + bytes; y < end; y += 32, panel += stride) {
    v128.store(panel, v128.load(y));
    v128.store(panel, v128.load(y, 16), 16);
  }
}

/** G64 += sign · PᵀP, the products summed in f32. tile: 256 bytes of zeros, then 256 of scratch. */
function addBlock(panel: usize, stride: usize, n: i32, ld: i32, sign: f64, G64: usize, tile: usize): void {
  const group = <usize>ld << 6, s = f64x2.splat(sign), sums = tile + 256;
  for (let q = panel, last = panel + <usize>(ld >> 3) * stride; q < last; q += stride, G64 += group) {
    let g = G64;
    for (let p = panel; p <= q; p += stride) {
      tile4x8(p, q, n, tile, sums, false);
      tile4x8(p + 16, q, n, tile, sums + 128, false);
      for (let at = sums; at < sums + 256; at += 16, g += 32) {
        const sum = v128.load(at);
        v128.store(g, madd64(v128.load(g), s, low64(sum)));
        v128.store(g, madd64(v128.load(g, 16), s, high64(sum)), 16);
      }
    }
  }
}

/** G = scale · G64, rounded to f32; tiles below the diagonal become zero. Both in group layout, [ld × ld]. */
export function gram_finish(ld: i32, scale: f64, G64: usize, G: usize): void {
  const group = <usize>ld << 5, s = f64x2.splat(scale);
  for (let j: usize = 1, groups = <usize>ld >> 3; j <= groups; j++, G64 += group << 1, G += group) {
    const upper = j << 8;
    for (let k: usize = 0; k < upper; k += 16) {
      const low = f32x4.demote_f64x2_zero(f64x2.mul(s, v128.load(G64 + (k << 1))));
      const high = f32x4.demote_f64x2_zero(f64x2.mul(s, v128.load(G64 + (k << 1), 16)));
      v128.store(G + k, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
    }
    memory.fill(G + upper, 0, group - upper);
  }
}

/** ⟨A, B⟩ = Σ_ij A_ij B_ij of two symmetric f64 matrices in group layout: tile by tile, those off the diagonal twice. */
export function gram_inner(ld: i32, A64: usize, B64: usize): f64 {
  const group = <usize>ld << 6;
  let off: f64 = 0, diagonal: f64 = 0;
  for (let above: usize = 0, end = <usize>ld << 6; above < end; above += 512, A64 += group, B64 += group) {
    off += dotTiles(A64, B64, above);
    diagonal += dotTiles(A64 + above, B64 + above, 512);
  }
  return 2 * off + diagonal;
}

function dotTiles(a: usize, b: usize, bytes: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  for (let k: usize = 0; k < bytes; k += 32) {
    even = madd64(even, v128.load(a + k), v128.load(b + k));
    odd = madd64(odd, v128.load(a + k, 16), v128.load(b + k, 16));
  }
  return sum2(f64x2.add(even, odd));
}

/** M = the whole symmetric matrix G, row-major [ld × ld]. */
export function gram_unpack(ld: i32, G: usize, M: usize): void {
  const row = <usize>ld << 2, group = row << 3;
  for (let j: usize = 0; j < <usize>ld; j++) {
    const column = G + (j >> 3) * group + ((j & 7) << 2);
    for (let i: usize = 0; i <= j; i++) {
      const value = load<f32>(column + (i << 5));
      store<f32>(M + i * row + (j << 2), value);
      store<f32>(M + j * row + (i << 2), value);
    }
  }
}

/** M = the whole symmetric matrix G, both in group layout: tiles below the diagonal are filled in. */
export function mirrorGram(ld: i32, G: usize, M: usize): void {
  const group = <usize>ld << 5;
  memory.copy(M, G, (<usize>ld >> 3) * group);
  for (let i: usize = 8; i < <usize>ld; i++) {
    const row = M + (i << 5), column = M + (i >> 3) * group + ((i & 7) << 2);
    for (let j: usize = 0, end = i & ~7; j < end; j++) store<f32>(row + (j >> 3) * group + ((j & 7) << 2), load<f32>(column + (j << 5)));
  }
}

// ---- Cholesky

/**
 * Solves A x = b by A = UᵀU, U upper triangular, eight rows of U at a time (left-looking): the rows above are subtracted
 * by register tiles, the diagonal tile is factored, the tiles to its right are divided by it. b is eliminated on the way.
 * A (group layout, upper tiles) becomes U, b becomes U⁻ᵀb, pivots f32[ld] the reciprocals of U's diagonal.
 * @returns false when a pivot is not a positive finite number, or x is not finite.
 */
export function choleskySolve(ld: i32, A: usize, b: usize, pivots: usize, x: usize): bool {
  const group = <usize>ld << 5, end = A + <usize>(ld >> 3) * group;
  for (let first = 0, column = A; first < ld; first += 8, column += group) {
    const diagonal = column + (<usize>first << 5), at = <usize>first << 2;
    if (first) {
      subtractRowsAbove(column, first, group, end);
      subtractSolved(column, first, b);
    }
    factorTile(diagonal, pivots + at, b + at);
    for (let tile = diagonal + group; tile < end; tile += group) {
      divideTile(tile, diagonal, pivots + at);
      divideTile(tile + 16, diagonal, pivots + at);
    }
  }
  backSubstitute(ld, A, b, pivots, x);
  return allFinite(pivots, <usize>ld << 2, true) && allFinite(x, <usize>ld << 2, false);
}

/** Rows `first`..+8 of A: A_IJ −= Σ_{k < first} U_kIᵀ U_kJ for J = I and all groups to its right. */
function subtractRowsAbove(column: usize, first: i32, group: usize, end: usize): void {
  for (let q = column; q < end; q += group) {
    const tile = q + (<usize>first << 5);
    tile4x8(column, q, first, tile, tile, true);
    tile4x8(column + 16, q, first, tile + 128, tile + 128, true);
  }
}

/** b_I −= Σ_{k < first} U_kIᵀ z_k, with z the solved part of b: even and odd k in accumulators of their own. */
function subtractSolved(column: usize, first: i32, b: usize): void {
  const bI = b + (<usize>first << 2);
  let even0 = v128.load(bI), even1 = v128.load(bI, 16), odd0 = f32x4.splat(0), odd1 = odd0;
  for (let z = b; z < bI; z += 8, column += 64) {
    const even = v128.load32_splat(z), odd = v128.load32_splat(z, 4);
    even0 = msub(even0, even, v128.load(column));
    even1 = msub(even1, even, v128.load(column, 16));
    odd0 = msub(odd0, odd, v128.load(column, 32));
    odd1 = msub(odd1, odd, v128.load(column, 48));
  }
  v128.store(bI, f32x4.add(even0, odd0));
  v128.store(bI, f32x4.add(even1, odd1), 16);
}

/**
 * Factors an 8×8 tile D in place and takes b along. Elimination divides by the pivots themselves (D = LDLᵀ) and the
 * square roots are taken for all eight rows at the end: they are slow, and here nothing waits for them.
 */
function factorTile(D: usize, pivots: usize, b: usize): void {
  for (let r: usize = 0; r < 8; r++) {
    const row = D + (r << 5), row0 = v128.load(row), row1 = v128.load(row, 16), z = load<f32>(b + (r << 2));
    const reciprocal: f32 = <f32>1 / load<f32>(row + (r << 2));
    store<f32>(pivots + (r << 2), reciprocal);
    for (let s = r + 1; s < 8; s++) {
      const u = load<f32>(row + (s << 2)) * reciprocal, below = D + (s << 5), us = f32x4.splat(u);
      v128.store(below, msub(v128.load(below), us, row0));
      v128.store(below, msub(v128.load(below, 16), us, row1), 16);
      store<f32>(b + (s << 2), load<f32>(b + (s << 2)) - u * z);
    }
  }
  const roots0 = f32x4.sqrt(v128.load(pivots)), roots1 = f32x4.sqrt(v128.load(pivots, 16));
  v128.store(pivots, roots0);
  v128.store(pivots, roots1, 16);
  v128.store(b, f32x4.mul(v128.load(b), roots0));
  v128.store(b, f32x4.mul(v128.load(b, 16), roots1), 16);
  for (let r: usize = 0; r < 8; r++) {
    const row = D + (r << 5), root = v128.load32_splat(pivots + (r << 2));
    v128.store(row, f32x4.mul(v128.load(row), root));
    v128.store(row, f32x4.mul(v128.load(row, 16), root), 16);
  }
}

/** T = U_II⁻ᵀ T for four columns of a tile right of the factored diagonal tile D, by rows from the top. */
// @ts-ignore: decorator
@inline
function divideTile(T: usize, D: usize, pivots: usize): void {
  const t0 = f32x4.mul(v128.load(T, 0), v128.load32_splat(pivots, 0));
  let t1 = msub(v128.load(T, 32), v128.load32_splat(D, 4), t0);
  let t2 = msub(v128.load(T, 64), v128.load32_splat(D, 8), t0);
  let t3 = msub(v128.load(T, 96), v128.load32_splat(D, 12), t0);
  let t4 = msub(v128.load(T, 128), v128.load32_splat(D, 16), t0);
  let t5 = msub(v128.load(T, 160), v128.load32_splat(D, 20), t0);
  let t6 = msub(v128.load(T, 192), v128.load32_splat(D, 24), t0);
  let t7 = msub(v128.load(T, 224), v128.load32_splat(D, 28), t0);
  v128.store(T, t0, 0);
  t1 = f32x4.mul(t1, v128.load32_splat(pivots, 4));
  t2 = msub(t2, v128.load32_splat(D, 40), t1);
  t3 = msub(t3, v128.load32_splat(D, 44), t1);
  t4 = msub(t4, v128.load32_splat(D, 48), t1);
  t5 = msub(t5, v128.load32_splat(D, 52), t1);
  t6 = msub(t6, v128.load32_splat(D, 56), t1);
  t7 = msub(t7, v128.load32_splat(D, 60), t1);
  v128.store(T, t1, 32);
  t2 = f32x4.mul(t2, v128.load32_splat(pivots, 8));
  t3 = msub(t3, v128.load32_splat(D, 76), t2);
  t4 = msub(t4, v128.load32_splat(D, 80), t2);
  t5 = msub(t5, v128.load32_splat(D, 84), t2);
  t6 = msub(t6, v128.load32_splat(D, 88), t2);
  t7 = msub(t7, v128.load32_splat(D, 92), t2);
  v128.store(T, t2, 64);
  t3 = f32x4.mul(t3, v128.load32_splat(pivots, 12));
  t4 = msub(t4, v128.load32_splat(D, 112), t3);
  t5 = msub(t5, v128.load32_splat(D, 116), t3);
  t6 = msub(t6, v128.load32_splat(D, 120), t3);
  t7 = msub(t7, v128.load32_splat(D, 124), t3);
  v128.store(T, t3, 96);
  t4 = f32x4.mul(t4, v128.load32_splat(pivots, 16));
  t5 = msub(t5, v128.load32_splat(D, 148), t4);
  t6 = msub(t6, v128.load32_splat(D, 152), t4);
  t7 = msub(t7, v128.load32_splat(D, 156), t4);
  v128.store(T, t4, 128);
  t5 = f32x4.mul(t5, v128.load32_splat(pivots, 20));
  t6 = msub(t6, v128.load32_splat(D, 184), t5);
  t7 = msub(t7, v128.load32_splat(D, 188), t5);
  v128.store(T, t5, 160);
  t6 = f32x4.mul(t6, v128.load32_splat(pivots, 24));
  t7 = msub(t7, v128.load32_splat(D, 220), t6);
  v128.store(T, t6, 192);
  v128.store(T, f32x4.mul(t7, v128.load32_splat(pivots, 28)), 224);
}

/** x = U⁻¹ b, eight at a time from the last; b is overwritten. */
export function backSubstitute(ld: i32, U: usize, b: usize, pivots: usize, x: usize): void {
  const group = <usize>ld << 5;
  for (let first = ld - 8; first >= 0; first -= 8) {
    const column = U + <usize>(first >> 3) * group, D = column + (<usize>first << 5), at = <usize>first << 2;
    for (let r: i32 = 7; r >= 0; r--) {
      // The newest x comes last, so that the older products need not wait for it.
      const row = D + (<usize>r << 5);
      let sum = load<f32>(b + at + (<usize>r << 2));
      for (let c: usize = 7; c > <usize>r; c--) sum -= load<f32>(row + (c << 2)) * load<f32>(x + at + (c << 2));
      store<f32>(x + at + (<usize>r << 2), sum * load<f32>(pivots + at + (<usize>r << 2)));
    }
    const x0 = v128.load(x + at), x1 = v128.load(x + at, 16);
    for (let z = b, rows = column, end = b + at; z < end; z += 16, rows += 128) {
      const r0 = madd(f32x4.mul(v128.load(rows), x0), v128.load(rows, 16), x1);
      const r1 = madd(f32x4.mul(v128.load(rows, 32), x0), v128.load(rows, 48), x1);
      const r2 = madd(f32x4.mul(v128.load(rows, 64), x0), v128.load(rows, 80), x1);
      const r3 = madd(f32x4.mul(v128.load(rows, 96), x0), v128.load(rows, 112), x1);
      v128.store(z, f32x4.sub(v128.load(z), sums4(r0, r1, r2, r3)));
    }
  }
}
