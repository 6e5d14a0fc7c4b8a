// One batch of Bayesian personalised ranking for plain factors, without the tape: what the tape's gather, dot, loss and
// scatter do, in one pass over the rows.
import { sigmoidf, softplusf } from './math';
import { high64, low64, madd, sum2, sum4 } from './simd';

/**
 * Adds the gradient of weight·Σ softplus(−sign·x), x = U_u·(V_p − V_n), to G, and returns that sum (f64).
 * U, V and G's two parts are tables with the same ld; triples (users, positives, negatives) in ascending order:
 * dU_u += g(V_p − V_n), dV_p += g·U_u, dV_n −= g·U_u with g = −sign·weight·σ(−sign·x) (Rendle et al. 2009).
 */
export function bpr_gradient(
  count: i32, ld: i32, sign: f32, weight: f32, users: usize, positives: usize, negatives: usize, U: usize, V: usize, dU: usize, dV: usize,
): f64 {
  const stride = <usize>ld << 2;
  let loss: f64 = 0;
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const atU = <usize>load<u32>(users + k) * stride;
    const atP = <usize>load<u32>(positives + k) * stride, atN = <usize>load<u32>(negatives + k) * stride;
    const u = U + atU, p = V + atP, n = V + atN;
    // Two scores, each summed as `row_dot` does, so that the tape and this kernel agree to the bit on x.
    let p0 = f32x4.splat(0), p1 = p0, n0 = p0, n1 = p0;
    for (let c: usize = 0; c < stride; c += 32) {
      const a = v128.load(u + c), b = v128.load(u + c, 16);
      p0 = madd(p0, a, v128.load(p + c));
      p1 = madd(p1, b, v128.load(p + c, 16));
      n0 = madd(n0, a, v128.load(n + c));
      n1 = madd(n1, b, v128.load(n + c, 16));
    }
    const x = -sign * (sum4(f32x4.add(p0, p1)) - sum4(f32x4.add(n0, n1)));
    loss += softplusf(x);
    const g = f32x4.splat(-sign * weight * sigmoidf(x));
    const du = dU + atU, dp = dV + atP, dn = dV + atN;
    for (let c: usize = 0; c < stride; c += 16) {
      const a = v128.load(u + c), step = f32x4.mul(g, a);
      v128.store(du + c, madd(v128.load(du + c), g, f32x4.sub(v128.load(p + c), v128.load(n + c))));
      v128.store(dp + c, f32x4.add(v128.load(dp + c), step));
      v128.store(dn + c, f32x4.sub(v128.load(dn + c), step));
    }
  }
  return loss * weight;
}

/** Σ ‖X[index[k]]‖² over k < count, a row as often as it is named: f64, lanes in order. */
export function gathered_squares(count: i32, ld: i32, index: usize, X: usize): f64 {
  const stride = <usize>ld << 2;
  let s0 = f64x2.splat(0), s1 = s0;
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const x = X + <usize>load<u32>(index + k) * stride;
    for (let c: usize = 0; c < stride; c += 16) {
      const v = v128.load(x + c), low = low64(v), high = high64(v);
      s0 = f64x2.add(s0, f64x2.mul(low, low));
      s1 = f64x2.add(s1, f64x2.mul(high, high));
    }
  }
  return sum2(f64x2.add(s0, s1));
}

/** Y[index[k]] += weight·X[index[k]] for k = 0, 1, … */
export function scatter_scaled(count: i32, ld: i32, weight: f32, index: usize, X: usize, Y: usize): void {
  const stride = <usize>ld << 2, w = f32x4.splat(weight);
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const at = <usize>load<u32>(index + k) * stride;
    for (let c = at; c < at + stride; c += 16) v128.store(Y + c, madd(v128.load(Y + c), w, v128.load(X + c)));
  }
}
