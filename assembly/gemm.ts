// Dense products C[m×n] = A·B and its transposed forms, row-major f32, for the tape.
// Every element of C is one sum over k in ascending order, whatever the blocking: blocks only decide when a tile's
// running sums rest in C. Column counts are padded widths (multiples of eight); B's pad columns are zero, and so are C's.
import { madd } from './simd';

// 64 rows of A and 256 steps of k: 64 kB of A and a 8 kB panel of B stay in the caches while a panel is swept.
const ROWS: i32 = 64;
const STEPS: i32 = 256;

/** Adds `steps` outer products to the 4×8 tile at c. Element (i, p) of A lies at a + i·aRow + p·aStep (bytes). */
// @ts-ignore: decorator
@inline
function tile4(steps: i32, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, fresh: bool): void {
  const a1 = aRow, a2 = aRow * 2, a3 = aRow * 3;
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
  for (let p = 0; p < steps; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(c00, x, b0);
    c01 = madd(c01, x, b1);
    x = v128.load32_splat(a + a1);
    c10 = madd(c10, x, b0);
    c11 = madd(c11, x, b1);
    x = v128.load32_splat(a + a2);
    c20 = madd(c20, x, b0);
    c21 = madd(c21, x, b1);
    x = v128.load32_splat(a + a3);
    c30 = madd(c30, x, b0);
    c31 = madd(c31, x, b1);
    a += aStep;
    b += bStep;
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

/** The same for one row. */
// @ts-ignore: decorator
@inline
function tile1(steps: i32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize, fresh: bool): void {
  let c0 = fresh ? f32x4.splat(0) : v128.load(c), c1 = fresh ? f32x4.splat(0) : v128.load(c, 16);
  for (let p = 0; p < steps; p++) {
    const x = v128.load32_splat(a);
    c0 = madd(c0, x, v128.load(b));
    c1 = madd(c1, x, v128.load(b, 16));
    a += aStep;
    b += bStep;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
}

/** One panel of eight columns for up to ROWS rows. */
function panel(rows: i32, steps: i32, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, fresh: bool): void {
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    tile4(steps, a, aRow, aStep, b, bStep, c, cRow, fresh);
    a += aRow << 2;
    c += cRow << 2;
  }
  for (; i < rows; i++) {
    tile1(steps, a, aStep, b, bStep, c, fresh);
    a += aRow;
    c += cRow;
  }
}

function product(m: i32, n: i32, k: i32, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, accumulate: i32): void {
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + <usize>i * cRow, 0, <usize>n << 2);
    return;
  }
  for (let p = 0; p < k; p += STEPS) {
    const steps = min(STEPS, k - p), fresh = p == 0 && !accumulate;
    const bp = b + <usize>p * bStep;
    for (let i = 0; i < m; i += ROWS) {
      const rows = min(ROWS, m - i);
      const ai = a + <usize>i * aRow + <usize>p * aStep, ci = c + <usize>i * cRow;
      for (let j: usize = 0, end = <usize>n << 2; j < end; j += 32) panel(rows, steps, ai, aRow, aStep, bp + j, bStep, ci + j, cRow, fresh);
    }
  }
}

/** C[m×n] = A[m×k]·B[k×n], or C += …; n a multiple of 8. Leading dimensions in elements. */
export function gemm_nn(m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32, accumulate: i32, A: usize, B: usize, C: usize): void {
  product(m, n, k, A, <usize>lda << 2, 4, B, <usize>ldb << 2, C, <usize>ldc << 2, accumulate);
}

/** C[m×n] = Aᵀ·B with A[k×m], B[k×n], or C += …; n a multiple of 8. */
export function gemm_tn(m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32, accumulate: i32, A: usize, B: usize, C: usize): void {
  product(m, n, k, A, 4, <usize>lda << 2, B, <usize>ldb << 2, C, <usize>ldc << 2, accumulate);
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
