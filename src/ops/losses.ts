// Losses over pairs: ranking, and contrast within a batch.
import type { Variable } from '../tape.ts';

/**
 * [1 × n]: softplus(−sign·(p − n)) of two [1 × n] score variables. Sign 1 asks that p rank above n, sign −1 the reverse.
 * Unlike −log(σ(x) + ε) it keeps its slope for badly ranked pairs.
 */
export function bprLoss(positive: Variable, negative: Variable, sign: 1 | -1 = 1): Variable {
  const { tape } = positive, { kernels } = tape.arena;
  const y = tape.matrix(1, positive.cols), width = y.ld;
  kernels.bpr_loss(y.cols, width, sign, positive.pointer, negative.pointer, y.pointer);
  return tape.record(y, [positive, negative], (dy) => {
    kernels.bpr_loss_backward(width, sign, positive.pointer, negative.pointer, dy.pointer,
      positive.intoGradient().pointer, negative.intoGradient().pointer);
  });
}

const TILE = 64;

/**
 * 1 × 1: mean over rows r of −log( e^{a_r·b_r/τ} / Σ_s e^{a_r·b_s/τ} ), the cross-entropy of the diagonal of A·Bᵀ/τ.
 * The square of scores is computed by tiles of rows, again for the gradient, and never held whole.
 */
export function infoNce(a: Variable, b: Variable, temperature: number): Variable {
  const { tape } = a, { arena } = tape, { kernels } = arena;
  const n = a.rows, d = a.cols, ld = a.value.ld, width = (n + 7) & ~7;
  /** Softmax rows of each tile, given to `use`. */
  const tiles = (use: (begin: number, rows: number, Z: number, losses: number, logs: number) => void): void => arena.scope(() => {
    const turned = arena.alloc(d * width * 4), Z = arena.alloc(TILE * width * 4);
    const losses = arena.alloc(TILE * 4), logs = arena.alloc(TILE * 4);
    kernels.transpose(n, d, ld, width, b.pointer, turned);
    for (let begin = 0; begin < n; begin += TILE) {
      const rows = Math.min(TILE, n - begin);
      kernels.gemm_nn(rows, width, d, ld, width, width, 0, a.pointer + begin * ld * 4, turned, Z);
      kernels.axpby(rows * width, 1 / temperature, 0, Z, Z);
      kernels.diagonal_softmax(begin, begin + rows, n, width, Z, losses, logs);
      use(begin, rows, Z, losses, logs);
    }
  });
  let total = 0;
  tiles((_, rows, __, losses, logs) => {
    kernels.log_f32(rows, logs, logs);
    const l = arena.f32(losses, rows), s = arena.f32(logs, rows);
    for (let r = 0; r < rows; r++) total += l[r] + s[r];
  });
  const y = tape.matrix(1, 1);
  y.row(0)[0] = total / n;
  return tape.record(y, [a, b], (dy) => {
    const da = a.tracked ? a.intoGradient().pointer : 0, db = b.tracked ? b.intoGradient().pointer : 0;
    const factor = dy.row(0)[0] / (n * temperature);
    tiles((begin, rows, Z) => {
      const z = arena.f32(Z, rows * width);
      for (let r = 0; r < rows; r++) z[r * width + begin + r] -= 1;
      kernels.axpby(rows * width, factor, 0, Z, Z);
      if (da) kernels.gemm_nn(rows, ld, n, width, ld, ld, 1, Z, b.pointer, da + begin * ld * 4);
      if (db) kernels.gemm_tn(n, ld, rows, width, ld, ld, 1, Z, a.pointer + begin * ld * 4, db);
    });
  });
}
