// Rows in float64, [· × ld], ld a multiple of eight, pads zero: their products, Gram matrices and combinations.
import { madd64, sum2 } from './simd';

/** Rows that pass together under all tiles of a Gram matrix. */
const ROWS: i32 = 64;

/** out = scale · Σ_r A_rᵀ B_r, f64[ld × ld], whole: blocks of 64 rows, each block's sum added to the blocks before. */
export function gram64(rows: i32, ld: i32, scale: f64, A: usize, B: usize, out: usize): void {
  const row = <usize>ld << 3;
  memory.fill(out, 0, <usize>ld * row);
  for (let begin = 0; begin < rows; begin += ROWS) {
    const count = min(ROWS, rows - begin);
    const a = A + <usize>begin * row, b = B + <usize>begin * row;
    for (let i: usize = 0; i < row; i += 32) {
      const g = out + (i >> 3) * row;
      for (let j: usize = 0; j < row; j += 32) gramTile(count, row, a + i, b + j, g + j);
    }
  }
  const s = f64x2.splat(scale);
  for (let at = out, end = out + <usize>ld * row; at < end; at += 16) v128.store(at, f64x2.mul(s, v128.load(at)));
}

function gramTile(count: i32, row: usize, a: usize, b: usize, g: usize): void {
  let c00 = f64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let r = 0; r < count; r++, a += row, b += row) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load64_splat(a);
    c00 = madd64(c00, s, b0);
    c01 = madd64(c01, s, b1);
    s = v128.load64_splat(a, 8);
    c10 = madd64(c10, s, b0);
    c11 = madd64(c11, s, b1);
    s = v128.load64_splat(a, 16);
    c20 = madd64(c20, s, b0);
    c21 = madd64(c21, s, b1);
    s = v128.load64_splat(a, 24);
    c30 = madd64(c30, s, b0);
    c31 = madd64(c31, s, b1);
  }
  v128.store(g, f64x2.add(v128.load(g), c00));
  v128.store(g, f64x2.add(v128.load(g, 16), c01), 16);
  g += row;
  v128.store(g, f64x2.add(v128.load(g), c10));
  v128.store(g, f64x2.add(v128.load(g, 16), c11), 16);
  g += row;
  v128.store(g, f64x2.add(v128.load(g), c20));
  v128.store(g, f64x2.add(v128.load(g, 16), c21), 16);
  g += row;
  v128.store(g, f64x2.add(v128.load(g), c30));
  v128.store(g, f64x2.add(v128.load(g, 16), c31), 16);
}

/** Σ_r reg_r A_r·B_r, or Σ_r A_r·B_r where reg is 0, row by row. */
export function inner64(rows: i32, ld: i32, reg: usize, A: usize, B: usize): f64 {
  const row = <usize>ld << 3;
  let sum: f64 = 0;
  for (let r = 0; r < rows; r++, A += row, B += row) {
    const d: f64 = reg ? <f64>load<f32>(reg + (<usize>r << 2)) : 1;
    sum += d * dotRow(A, B, row);
  }
  return sum;
}

/** B = a A + b B over n numbers, n even. */
export function combine64(n: i32, a: f64, A: usize, b: f64, B: usize): void {
  const s = f64x2.splat(a), t = f64x2.splat(b);
  for (let end = A + (<usize>n << 3); A < end; A += 16, B += 16) {
    v128.store(B, f64x2.add(f64x2.mul(s, v128.load(A)), f64x2.mul(t, v128.load(B))));
  }
}

/** a·b, bytes a multiple of 32. */
export function dotRow(a: usize, b: usize, bytes: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  for (let k: usize = 0; k < bytes; k += 32) {
    even = madd64(even, v128.load(a + k), v128.load(b + k));
    odd = madd64(odd, v128.load(a + k, 16), v128.load(b + k, 16));
  }
  return sum2(f64x2.add(even, odd));
}

/** out += s a. */
export function addScaled(s: f64, a: usize, out: usize, bytes: usize): void {
  const scale = f64x2.splat(s);
  for (let k: usize = 0; k < bytes; k += 16) v128.store(out + k, madd64(v128.load(out + k), scale, v128.load(a + k)));
}
