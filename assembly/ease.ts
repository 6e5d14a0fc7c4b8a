// EASE (Steck 2019): G = XᵀX of binary baskets, P = (G + λI)⁻¹, B_ij = −P_ij / P_jj with a zero diagonal.
// P is kept as pairs of float32, row i = [high f32[m] | low f32[m]], m = items rounded up to eight: the bytes of float64,
// 48 of its 53 bits, and a plain float32 matrix to those who save it. Pads are zero.

/** G_ij += sign for all i, j of each row's basket; counts stay exact below 2^24. G f32[items × ld]. */
export function count_pairs(begin: i32, end: i32, indptr: usize, indices: usize, sign: f32, ld: i32, G: usize): void {
  for (let u = begin; u < end; u++) {
    const first = indices + (<usize>load<i32>(indptr + (<usize>u << 2)) << 2);
    const last = indices + (<usize>load<i32>(indptr + (<usize>u << 2), 4) << 2);
    for (let a = first; a < last; a += 4) {
      const row = G + ((<usize>load<i32>(a) * ld) << 2);
      for (let b = first; b < last; b += 4) {
        const at = row + (<usize>load<i32>(b) << 2);
        store<f32>(at, load<f32>(at) + sign);
      }
    }
  }
}

/** A = G + λI, padded with the identity. G f32[items × m] with zero pads, A f64[m × m]. */
export function ease_system(items: i32, m: i32, lambda: f64, G: usize, A: usize): void {
  for (let i = 0; i < m; i++) {
    const a = A + ((<usize>i * m) << 3);
    if (i < items) {
      const g = G + ((<usize>i * m) << 2);
      for (let j: usize = 0; j < <usize>m; j++) store<f64>(a + (j << 3), <f64>load<f32>(g + (j << 2)));
      store<f64>(a + (<usize>i << 3), <f64>load<f32>(g + (<usize>i << 2)) + lambda);
    } else {
      memory.fill(a, 0, <usize>m << 3);
      store<f64>(a + (<usize>i << 3), 1);
    }
  }
}

/** Rewrite rows of float64 as pairs of float32, in place; pad rows and columns become zero. A f64[m × m], scratch f64[m]. */
export function split_pairs(items: i32, m: i32, A: usize, scratch: usize): void {
  for (let i = 0; i < m; i++) {
    const row = A + ((<usize>i * m) << 3);
    if (i >= items) {
      memory.fill(row, 0, <usize>m << 3);
      continue;
    }
    memory.copy(scratch, row, <usize>m << 3);
    memory.fill(scratch + (<usize>items << 3), 0, <usize>(m - items) << 3);
    writeRow(m, scratch, row);
  }
}

/** out f64[m] = Σ of rows `rows[0..count)` of P, ascending as listed: the product of a basket with P. */
export function ease_basket(count: i32, rows: usize, m: i32, P: usize, out: usize): void {
  memory.fill(out, 0, <usize>m << 3);
  for (let r = 0; r < count; r++) {
    const high = P + ((<usize>load<i32>(rows + (<usize>r << 2)) * m) << 3), low = high + (<usize>m << 2);
    for (let j: usize = 0, end = <usize>m << 2; j < end; j += 16) {
      const at = out + (j << 1);
      const h = v128.load(high + j), l = v128.load(low + j);
      v128.store(at, f64x2.add(v128.load(at), joinLow(h, l)));
      v128.store(at, f64x2.add(v128.load(at, 16), joinHigh(h, l)), 16);
    }
  }
}

/**
 * P_i −= Σ_a T_ai Z_a for every row i, a ascending: the correction of Woodbury's identity with Z = M⁻¹ T.
 * T, Z f64[rank × m]; P in place; scratch f64[m].
 */
export function ease_correct(items: i32, m: i32, rank: i32, T: usize, Z: usize, P: usize, scratch: usize): void {
  const bytes = <usize>m << 3;
  for (let i = 0; i < items; i++) {
    const row = P + <usize>i * bytes;
    readRow(m, row, scratch);
    for (let a = 0; a < rank; a++) {
      const t = f64x2.splat(load<f64>(T + <usize>a * bytes + (<usize>i << 3)));
      const z = Z + <usize>a * bytes;
      for (let j: usize = 0; j < bytes; j += 32) {
        v128.store(scratch + j, f64x2.sub(v128.load(scratch + j), f64x2.mul(t, v128.load(z + j))));
        v128.store(scratch + j, f64x2.sub(v128.load(scratch + j, 16), f64x2.mul(t, v128.load(z + j, 16))), 16);
      }
    }
    writeRow(m, scratch, row);
  }
}

/** An item that nobody has: its row and column of P become zero, P_jj = 1/λ; likewise in G, all zero. G f32[items × m]. */
export function ease_clear_item(items: i32, m: i32, item: i32, inverse: f64, P: usize): void {
  memory.fill(P + ((<usize>item * m) << 3), 0, <usize>m << 3);
  for (let i = 0; i < items; i++) {
    const row = P + ((<usize>i * m) << 3) + (<usize>item << 2);
    store<f32>(row, 0);
    store<f32>(row + (<usize>m << 2), 0);
  }
  const at = P + ((<usize>item * m) << 3) + (<usize>item << 2);
  const high = <f32>inverse;
  store<f32>(at, high);
  store<f32>(at + (<usize>m << 2), <f32>(inverse - <f64>high));
}

/** B_ij = −P_ij · (1 / P_jj), B_ii = 0. B f32[items × m], scratch f64[m]. Returns r + 1 when P_rr is not positive. */
export function ease_weights(items: i32, m: i32, P: usize, B: usize, scratch: usize): i32 {
  memory.fill(scratch, 0, <usize>m << 3);
  for (let j = 0; j < items; j++) {
    const at = P + ((<usize>j * m) << 3) + (<usize>j << 2);
    const p = <f64>load<f32>(at) + <f64>load<f32>(at + (<usize>m << 2));
    if (!(p > 0)) return j + 1;
    store<f64>(scratch + (<usize>j << 3), -1.0 / p);
  }
  for (let i = 0; i < items; i++) {
    const high = P + ((<usize>i * m) << 3), low = high + (<usize>m << 2);
    const b = B + ((<usize>i * m) << 2);
    for (let j: usize = 0, end = <usize>m << 2; j < end; j += 16) {
      const h = v128.load(high + j), l = v128.load(low + j), s = scratch + (j << 1);
      const x = f32x4.demote_f64x2_zero(f64x2.mul(joinLow(h, l), v128.load(s)));
      const y = f32x4.demote_f64x2_zero(f64x2.mul(joinHigh(h, l), v128.load(s, 16)));
      v128.store(b + j, v128.shuffle<f32>(x, y, 0, 1, 4, 5));
    }
    store<f32>(b + (<usize>i << 2), 0);
  }
  return 0;
}

/** (G + λI) P e_j − e_j: its largest absolute entry, the error of column j of the inverse. scratch f64[m]. */
export function ease_residual(items: i32, m: i32, lambda: f64, item: i32, G: usize, P: usize, scratch: usize): f64 {
  readRow(m, P + ((<usize>item * m) << 3), scratch);
  let worst: f64 = 0;
  for (let i = 0; i < items; i++) {
    const g = G + ((<usize>i * m) << 2);
    let s0 = f64x2.splat(0), s1 = s0;
    for (let j: usize = 0, end = <usize>m << 2; j < end; j += 16) {
      const row = v128.load(g + j), at = scratch + (j << 1);
      s0 = f64x2.add(s0, f64x2.mul(f64x2.promote_low_f32x4(row), v128.load(at)));
      s1 = f64x2.add(s1, f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<f32>(row, row, 2, 3, 2, 3)), v128.load(at, 16)));
    }
    const sum = f64x2.add(s0, s1);
    const product = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) + lambda * load<f64>(scratch + (<usize>i << 3));
    worst = max(worst, abs(product - (i == item ? 1.0 : 0.0)));
  }
  return worst;
}

/** scores_r = Σ of rows of B over the history of user users[r], ascending. B f32[items × m], scores f32[count × m]. */
export function ease_scores(count: i32, users: usize, indptr: usize, indices: usize, m: i32, B: usize, scores: usize): void {
  const bytes = <usize>m << 2;
  memory.fill(scores, 0, <usize>count * bytes);
  for (let r = 0; r < count; r++, scores += bytes) {
    const u = indptr + (<usize>load<i32>(users + (<usize>r << 2)) << 2);
    const end = indices + (<usize>load<i32>(u, 4) << 2);
    for (let e = indices + (<usize>load<i32>(u) << 2); e < end; e += 4) {
      const b = B + <usize>load<i32>(e) * bytes;
      for (let j: usize = 0; j < bytes; j += 32) {
        v128.store(scores + j, f32x4.add(v128.load(scores + j), v128.load(b + j)));
        v128.store(scores + j, f32x4.add(v128.load(scores + j, 16), v128.load(b + j, 16)), 16);
      }
    }
  }
}

/** The first two, and the last two, of four pairs as float64. */
// @ts-ignore: decorator
@inline
function joinLow(high: v128, low: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(high), f64x2.promote_low_f32x4(low));
}
// @ts-ignore: decorator
@inline
function joinHigh(high: v128, low: v128): v128 {
  return joinLow(v128.shuffle<f32>(high, high, 2, 3, 2, 3), v128.shuffle<f32>(low, low, 2, 3, 2, 3));
}

function readRow(m: i32, row: usize, out: usize): void {
  const low = row + (<usize>m << 2);
  for (let j: usize = 0, end = <usize>m << 2; j < end; j += 16) {
    const h = v128.load(row + j), l = v128.load(low + j);
    v128.store(out + (j << 1), joinLow(h, l));
    v128.store(out + (j << 1), joinHigh(h, l), 16);
  }
}

function writeRow(m: i32, values: usize, row: usize): void {
  const low = row + (<usize>m << 2);
  for (let j: usize = 0, end = <usize>m << 2; j < end; j += 16) {
    const x = v128.load(values + (j << 1)), y = v128.load(values + (j << 1), 16);
    const hx = f32x4.demote_f64x2_zero(x), hy = f32x4.demote_f64x2_zero(y);
    const lx = f32x4.demote_f64x2_zero(f64x2.sub(x, f64x2.promote_low_f32x4(hx)));
    const ly = f32x4.demote_f64x2_zero(f64x2.sub(y, f64x2.promote_low_f32x4(hy)));
    v128.store(row + j, v128.shuffle<f32>(hx, hy, 0, 1, 4, 5));
    v128.store(low + j, v128.shuffle<f32>(lx, ly, 0, 1, 4, 5));
  }
}
