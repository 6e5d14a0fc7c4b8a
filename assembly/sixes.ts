// Gathered rows in sixes: of six rows the first four floats of each lie side by side, then the next four, so that dots and
// sums read one stream and need one pointer. Beyond the last row of a block its last six repeats its first, which nothing
// counts: coefficients there are zero, up to whole sixes. Widths are in bytes, multiples of 32.
import { madd, sums4 } from './simd';

/** Gathers n rows of Y into Z, and takes their dots with p on the way: sums as from `dotSixes`. */
export function gatherSixes(n: i32, bytes: usize, indices: usize, Y: usize, p: usize, z: usize, sums: usize): void {
  for (; n > 0; n -= 6, indices += 24, sums += 24, z += bytes * 6) {
    const y0 = Y + <usize>load<i32>(indices) * bytes;
    let y1 = y0, y2 = y0, y3 = y0, y4 = y0, y5 = y0;
    if (n > 1) y1 = Y + <usize>load<i32>(indices, 4) * bytes;
    if (n > 2) y2 = Y + <usize>load<i32>(indices, 8) * bytes;
    if (n > 3) y3 = Y + <usize>load<i32>(indices, 12) * bytes;
    if (n > 4) y4 = Y + <usize>load<i32>(indices, 16) * bytes;
    if (n > 5) y5 = Y + <usize>load<i32>(indices, 20) * bytes;
    gatherSix(bytes, y0, y1, y2, y3, y4, y5, p, z, sums);
  }
}

function gatherSix(bytes: usize, y0: usize, y1: usize, y2: usize, y3: usize, y4: usize, y5: usize, p: usize, z: usize, sums: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
  for (let k: usize = 0; k < bytes; k += 16, z += 96) {
    const x = v128.load(p + k);
    let y = v128.load(y0 + k);
    v128.store(z, y);
    s0 = madd(s0, y, x);
    y = v128.load(y1 + k);
    v128.store(z, y, 16);
    s1 = madd(s1, y, x);
    y = v128.load(y2 + k);
    v128.store(z, y, 32);
    s2 = madd(s2, y, x);
    y = v128.load(y3 + k);
    v128.store(z, y, 48);
    s3 = madd(s3, y, x);
    y = v128.load(y4 + k);
    v128.store(z, y, 64);
    s4 = madd(s4, y, x);
    y = v128.load(y5 + k);
    v128.store(z, y, 80);
    s5 = madd(s5, y, x);
  }
  v128.store(sums, sums4(s0, s1, s2, s3));
  v128.store(sums, sums4(s4, s5, s4, s5), 16);
}

/**
 * sums[i] = row i of Z · p for i < n, each summed over all lanes in order; up to whole sixes and two more, what lies
 * there is finite where the rows are. V8 loads a whole loop body first, and six sums with six loads are as many as its
 * registers hold (docs/kernels.md).
 */
export function dotSixes(n: i32, bytes: usize, z: usize, p: usize, sums: usize): void {
  for (; n > 0; n -= 6, sums += 24) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
    for (let k: usize = 0; k < bytes; k += 16, z += 96) {
      const x = v128.load(p + k);
      s0 = madd(s0, v128.load(z), x);
      s1 = madd(s1, v128.load(z, 16), x);
      s2 = madd(s2, v128.load(z, 32), x);
      s3 = madd(s3, v128.load(z, 48), x);
      s4 = madd(s4, v128.load(z, 64), x);
      s5 = madd(s5, v128.load(z, 80), x);
    }
    v128.store(sums, sums4(s0, s1, s2, s3));
    v128.store(sums, sums4(s4, s5, s4, s5), 16);
  }
}

/** out += Σ_i coefficients[i] · row i of Z, rows in order; coefficients are zero from n up to whole sixes. */
export function addSixes(n: i32, bytes: usize, z: usize, coefficients: usize, out: usize): void {
  for (const end = out + bytes; n > 0; n -= 6, coefficients += 24) {
    const a0 = v128.load32_splat(coefficients), a1 = v128.load32_splat(coefficients, 4), a2 = v128.load32_splat(coefficients, 8);
    const a3 = v128.load32_splat(coefficients, 12), a4 = v128.load32_splat(coefficients, 16), a5 = v128.load32_splat(coefficients, 20);
    for (let o = out; o < end; o += 16, z += 96) {
      let s = v128.load(o);
      s = madd(s, a0, v128.load(z));
      s = madd(s, a1, v128.load(z, 16));
      s = madd(s, a2, v128.load(z, 32));
      s = madd(s, a3, v128.load(z, 48));
      s = madd(s, a4, v128.load(z, 64));
      s = madd(s, a5, v128.load(z, 80));
      v128.store(o, s);
    }
  }
}
