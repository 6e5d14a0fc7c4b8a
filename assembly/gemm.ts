// Dense products C[m×n] = A·B and its transposed forms, row-major f32, for the tape.
// Every element of C is one sum over k in ascending order, whatever the blocking: blocks only decide when a tile's
// running sums rest in C. Column counts are padded widths (multiples of eight); B's pad columns are zero, and so are C's.
// Blocks of A and B are copied to scratch in the order in which the tile reads them: rows that are a power of two apart
// share few sets of a cache, and far ones have a page each.
import { madd } from './simd';

// A block of A, ROWS × STEPS, lies in the second-level cache in strips of four rows, four floats a step. A block of B,
// PANELS floats in panels of eight columns, lies in the first-level cache: the shorter the sums, the more columns, so
// that whole lines of C are written at once.
const ROWS: i32 = 128;
const STEPS: i32 = 256;
const PANELS: i32 = 4096;

/** Bytes of scratch of `gemm_nn` and `gemm_tn`, for any dimensions. */
export function gemm_scratch(): i32 {
  return (ROWS * STEPS + PANELS) << 2;
}

/** C (4×8 at c) += strip · panel: `steps` outer products of four floats and eight. */
function tile4(steps: i32, a: usize, b: usize, c: usize, cRow: usize, fresh: bool): void {
  const c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  if (!fresh) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c10 = v128.load(c1);
    c11 = v128.load(c1, 16);
    c20 = v128.load(c2);
    c21 = v128.load(c2, 16);
    c30 = v128.load(c3);
    c31 = v128.load(c3, 16);
  }
  for (const end = a + (<usize>steps << 4); a != end; a += 16, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(c00, x, b0);
    c01 = madd(c01, x, b1);
    x = v128.load32_splat(a, 4);
    c10 = madd(c10, x, b0);
    c11 = madd(c11, x, b1);
    x = v128.load32_splat(a, 8);
    c20 = madd(c20, x, b0);
    c21 = madd(c21, x, b1);
    x = v128.load32_splat(a, 12);
    c30 = madd(c30, x, b0);
    c31 = madd(c31, x, b1);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c1, c10);
  v128.store(c1, c11, 16);
  v128.store(c2, c20);
  v128.store(c2, c21, 16);
  v128.store(c3, c30);
  v128.store(c3, c31, 16);
}

/** The same for one row of a strip. */
function tile1(steps: i32, a: usize, b: usize, c: usize, fresh: bool): void {
  let c0 = fresh ? f32x4.splat(0) : v128.load(c), c1 = fresh ? f32x4.splat(0) : v128.load(c, 16);
  for (const end = a + (<usize>steps << 4); a != end; a += 16, b += 32) {
    const x = v128.load32_splat(a);
    c0 = madd(c0, x, v128.load(b));
    c1 = madd(c1, x, v128.load(b, 16));
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
}

/** C[rows × 8·panels], rows `cRow` bytes apart, += packed rows · packed columns; `fresh` begins at zero. */
export function multiplyPacked(rows: i32, panels: i32, steps: i32, a: usize, b: usize, c: usize, cRow: usize, fresh: bool): void {
  const strip = <usize>steps << 4, panel = <usize>steps << 5, width = <usize>panels << 5;
  for (; rows > 0; rows -= 4, a += strip, c += cRow << 2) {
    for (let j: usize = 0, at = b; j != width; j += 32, at += panel) {
      if (rows >= 4) tile4(steps, a, at, c + j, cRow, fresh);
      else for (let r: usize = 0; r < <usize>rows; r++) tile1(steps, a + (r << 2), at, c + j + r * cRow, fresh);
    }
  }
}

/** Strips of rows of A: four rows turned into columns. */
export function packRows(rows: i32, steps: i32, a: usize, aRow: usize, to: usize): void {
  for (; rows >= 4; rows -= 4, a += aRow << 2) {
    const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    let p: usize = 0;
    const whole = (<usize>steps << 2) & ~15;
    for (; p < whole; p += 16, to += 64) {
      const x0 = v128.load(a + p), x1 = v128.load(a1 + p), x2 = v128.load(a2 + p), x3 = v128.load(a3 + p);
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7), high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 16);
      v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 32);
      v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 48);
    }
    for (; p < <usize>steps << 2; p += 4, to += 16) {
      store<f32>(to, load<f32>(a + p));
      store<f32>(to, load<f32>(a1 + p), 4);
      store<f32>(to, load<f32>(a2 + p), 8);
      store<f32>(to, load<f32>(a3 + p), 12);
    }
  }
  for (let r = 0; r < rows; r++, a += aRow) {
    for (let p: usize = 0; p < <usize>steps; p++) store<f32>(to + (p << 4) + (<usize>r << 2), load<f32>(a + (p << 2)));
  }
}

/** Strips of columns of A, four steps at a time: strips lie 4 kB apart, and a line is written whole before the next strip's. */
function packColumns(columns: i32, steps: i32, a: usize, aStep: usize, to: usize): void {
  const strip = <usize>steps << 4;
  for (; steps >= 4; steps -= 4, a += aStep << 2, to += 64) {
    const a1 = a + aStep, a2 = a1 + aStep, a3 = a2 + aStep;
    let at = to, c: usize = 0;
    for (const whole = <usize>(columns & ~3) << 2; c != whole; c += 16, at += strip) {
      v128.store(at, v128.load(a + c));
      v128.store(at, v128.load(a1 + c), 16);
      v128.store(at, v128.load(a2 + c), 32);
      v128.store(at, v128.load(a3 + c), 48);
    }
    for (const end = <usize>columns << 2; c != end; c += 4, at += 4) {
      store<f32>(at, load<f32>(a + c));
      store<f32>(at, load<f32>(a1 + c), 16);
      store<f32>(at, load<f32>(a2 + c), 32);
      store<f32>(at, load<f32>(a3 + c), 48);
    }
  }
  for (; steps > 0; steps--, a += aStep, to += 16) {
    let at = to, c: usize = 0;
    for (const whole = <usize>(columns & ~3) << 2; c != whole; c += 16, at += strip) v128.store(at, v128.load(a + c));
    for (const end = <usize>columns << 2; c != end; c += 4, at += 4) store<f32>(at, load<f32>(a + c));
  }
}

/** Panels of eight columns of B. */
function packPanels(panels: i32, steps: i32, b: usize, bStep: usize, to: usize): void {
  const panel = <usize>steps << 5, width = <usize>panels << 5;
  for (let p = 0; p < steps; p++, b += bStep, to += 32) {
    let at = to;
    for (let c: usize = 0; c < width; c += 32, at += panel) {
      v128.store(at, v128.load(b + c));
      v128.store(at, v128.load(b + c, 16), 16);
    }
  }
}

// @ts-ignore: decorator
@inline
function product(
  turned: bool, m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32, accumulate: i32, A: usize, B: usize, C: usize,
  scratch: usize,
): void {
  const aRow = <usize>lda << 2, bStep = <usize>ldb << 2, cRow = <usize>ldc << 2, packed = scratch + (ROWS * STEPS << 2);
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(C + <usize>i * cRow, 0, <usize>n << 2);
    return;
  }
  for (let i = 0; i < m; i += ROWS) {
    const rows = min(ROWS, m - i);
    for (let p = 0; p < k; p += STEPS) {
      const steps = min(STEPS, k - p), wide = PANELS / steps & ~7;
      if (turned) packColumns(rows, steps, A + <usize>p * aRow + (<usize>i << 2), aRow, scratch);
      else packRows(rows, steps, A + <usize>i * aRow + (<usize>p << 2), aRow, scratch);
      for (let j = 0; j < n; j += wide) {
        const panels = min(wide, n - j) >> 3, at = <usize>j << 2;
        packPanels(panels, steps, B + <usize>p * bStep + at, bStep, packed);
        multiplyPacked(rows, panels, steps, scratch, packed, C + <usize>i * cRow + at, cRow, p == 0 && !accumulate);
      }
    }
  }
}

/** C[m×n] = A[m×k]·B[k×n], or C += …; n a multiple of 8. Leading dimensions in elements. */
export function gemm_nn(
  m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32, accumulate: i32, A: usize, B: usize, C: usize, scratch: usize,
): void {
  product(false, m, n, k, lda, ldb, ldc, accumulate, A, B, C, scratch);
}

/** C[m×n] = Aᵀ·B with A[k×m], B[k×n], or C += …; n a multiple of 8. */
export function gemm_tn(
  m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32, accumulate: i32, A: usize, B: usize, C: usize, scratch: usize,
): void {
  product(true, m, n, k, lda, ldb, ldc, accumulate, A, B, C, scratch);
}

/** out[c][r] = x[r][c] for x[rows×cols]; out's pad columns rows … ldo−1 become zero. */
export function transpose(rows: i32, cols: i32, ldx: i32, ldo: i32, x: usize, out: usize): void {
  const step = <usize>ldo << 2;
  for (let r = 0; r < ldo; r++) {
    let to = out + (<usize>r << 2);
    if (r < rows) {
      const from = x + ((<usize>r * <usize>ldx) << 2);
      for (let c = 0; c < cols; c++, to += step) store<f32>(to, load<f32>(from + (<usize>c << 2)));
    } else {
      for (let c = 0; c < cols; c++, to += step) store<f32>(to, 0);
    }
  }
}
