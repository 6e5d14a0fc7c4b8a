// Descent steps on parameters x with gradient g, n elements (a multiple of four); weight decay is coupled: g + decay·x.
// For single rows a caller passes the row's pointers; the global step count decides Adam's corrections, so that the dense
// and the row-wise form agree on the rows that both move.
import { madd } from './simd';

/** x ← x − rate·(g + decay·x). */
export function sgd(n: i32, rate: f32, decay: f32, g: usize, x: usize): void {
  const r = f32x4.splat(-rate), w = f32x4.splat(decay);
  for (const end = x + (<usize>n << 2); x < end; x += 16, g += 16) {
    const v = v128.load(x);
    v128.store(x, madd(v, r, madd(v128.load(g), w, v)));
  }
}

/** s ← s + g²; x ← x − rate·g/(√s + 1e-10) (Duchi et al. 2011). */
export function adagrad(n: i32, rate: f32, decay: f32, g: usize, s: usize, x: usize): void {
  const r = f32x4.splat(-rate), w = f32x4.splat(decay), tiny = f32x4.splat(1e-10);
  for (const end = x + (<usize>n << 2); x < end; x += 16, g += 16, s += 16) {
    const v = v128.load(x), d = madd(v128.load(g), w, v), sum = madd(v128.load(s), d, d);
    v128.store(s, sum);
    v128.store(x, madd(v, r, f32x4.div(d, f32x4.add(f32x4.sqrt(sum), tiny))));
  }
}

/**
 * m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; x ← x − rate·(m/c₁) / (√(v/c₂) + ε) with c = 1 − β^t (Kingma, Ba 2015).
 * @param first, second 1/c₁ and 1/c₂
 */
export function adam(
  n: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, first: f32, second: f32, decay: f32, g: usize, m: usize, v: usize, x: usize,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2), a1 = f32x4.splat(1 - beta1), a2 = f32x4.splat(1 - beta2);
  const r = f32x4.splat(-rate * first), c2 = f32x4.splat(second), e = f32x4.splat(epsilon), w = f32x4.splat(decay);
  for (const end = x + (<usize>n << 2); x < end; x += 16, g += 16, m += 16, v += 16) {
    const p = v128.load(x), d = madd(v128.load(g), w, p);
    const mean = madd(f32x4.mul(b1, v128.load(m)), a1, d), square = madd(f32x4.mul(b2, v128.load(v)), a2, f32x4.mul(d, d));
    v128.store(m, mean);
    v128.store(v, square);
    v128.store(x, madd(p, r, f32x4.div(mean, f32x4.add(f32x4.sqrt(f32x4.mul(c2, square)), e))));
  }
}

/** `adam` on the rows of a list, each named once. */
export function adam_rows(
  count: i32, ld: i32, rows: usize, rate: f32, beta1: f32, beta2: f32, epsilon: f32, first: f32, second: f32, decay: f32,
  g: usize, m: usize, v: usize, x: usize,
): void {
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const at = (<usize>load<u32>(rows + k) * <usize>ld) << 2;
    adam(ld, rate, beta1, beta2, epsilon, first, second, decay, g + at, m + at, v + at, x + at);
  }
}

/** `sgd` on the rows of a list. */
export function sgd_rows(count: i32, ld: i32, rows: usize, rate: f32, decay: f32, g: usize, x: usize): void {
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const at = (<usize>load<u32>(rows + k) * <usize>ld) << 2;
    sgd(ld, rate, decay, g + at, x + at);
  }
}

/** `adagrad` on the rows of a list. */
export function adagrad_rows(count: i32, ld: i32, rows: usize, rate: f32, decay: f32, g: usize, s: usize, x: usize): void {
  for (let k: usize = 0; k < <usize>count << 2; k += 4) {
    const at = (<usize>load<u32>(rows + k) * <usize>ld) << 2;
    adagrad(ld, rate, decay, g + at, s + at, x + at);
  }
}
