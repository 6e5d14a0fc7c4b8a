// How evenly rows are spread over the sphere.
import type { Variable } from '../tape.ts';

const TILE = 64;

/**
 * 1 × 1: log of the mean over pairs a < b of e^(4·u_a·u_b − 4·s_ab), where s_ab = v_a·v_b within [0, ceiling], or 1 without
 * v. For unit rows this is Wang and Isola's uniformity, log mean e^(−2‖u_a − u_b‖²); with v, pairs whose v are alike may
 * stay near each other. Exponents of unit rows lie within ±8, so that no maximum need be taken out. Pairs are computed by
 * tiles of rows, again for the gradient, and never held whole; sums in float64. Fewer than two rows: 0.
 */
export function logMeanExpPairs(u: Variable, v?: Variable, ceiling = 1): Variable {
  const { tape } = u, { arena } = tape, { kernels } = arena, n = u.rows, width = (n + 7) & ~7, y = tape.matrix(1, 1);
  if (n < 2) return tape.constant(y);
  /** e^(…) of each tile's pairs a < b, zero elsewhere; columns begin with the tile's first row. S holds v_a·v_b. */
  const tiles = (use: (begin: number, rows: number, cols: number, Z: number, S: number) => void): void => arena.scope(() => {
    const turn = (x: Variable): number => {
      const to = arena.alloc(x.cols * width * 4);
      kernels.transpose(n, x.cols, x.value.ld, width, x.pointer, to);
      return to;
    };
    const turnedU = turn(u), turnedV = v ? turn(v) : 0;
    const Z = arena.alloc(TILE * width * 4), S = v ? arena.alloc(TILE * width * 4) : 0, held = v ? arena.alloc(TILE * width * 4) : 0;
    const products = (x: Variable, turned: number, begin: number, rows: number, out: number): void =>
      kernels.gemm_nn(rows, width - begin, x.cols, x.value.ld, width, width - begin, 0, x.pointer + begin * x.value.ld * 4, turned + begin * 4, out);
    for (let begin = 0; begin < n; begin += TILE) {
      const rows = Math.min(TILE, n - begin), cols = width - begin, length = rows * cols;
      products(u, turnedU, begin, rows, Z);
      kernels.axpby(length, 4, 0, Z, Z);
      if (v) {
        products(v, turnedV, begin, rows, S);
        kernels.clamp(length, 0, ceiling, S, held);
        kernels.axpby(length, -4, 1, held, Z);
      }
      kernels.exp_f32(length, Z, Z);
      const e = arena.f32(Z, length), factor = v ? 1 : Math.fround(EXP_MINUS_4);
      for (let r = 0; r < rows; r++) {
        e.fill(0, r * cols, r * cols + r + 1);
        e.fill(0, r * cols + n - begin, (r + 1) * cols);
      }
      if (factor !== 1) kernels.axpby(length, factor, 0, Z, Z);
      use(begin, rows, cols, Z, S);
    }
  });
  let total = 0;
  tiles((_, rows, cols, Z) => { total += kernels.sum(rows * cols, Z); });
  y.row(0)[0] = kernels.log_f64(total) - kernels.log_f64((n * (n - 1)) / 2);
  return tape.record(y, v ? [u, v] : [u], (dy) => {
    const factor = (4 * dy.row(0)[0]) / total;
    const spread = (x: Variable, weight: number, begin: number, rows: number, cols: number, W: number): void => {
      if (!x.tracked) return;
      const { ld } = x.value, dx = x.intoGradient().pointer + begin * ld * 4, at = x.pointer + begin * ld * 4, count = n - begin;
      arena.scope(() => {
        const scaled = arena.alloc(rows * cols * 4);
        kernels.axpby(rows * cols, weight, 0, W, scaled);
        kernels.gemm_nn(rows, ld, count, cols, ld, ld, 1, scaled, at, dx);
        kernels.gemm_tn(count, ld, rows, cols, ld, ld, 1, scaled, at, dx);
      });
    };
    // Gradients are taken out of the arena's order before the tiles are: they must outlive them.
    if (u.tracked) u.intoGradient();
    if (v?.tracked) v.intoGradient();
    tiles((begin, rows, cols, Z, S) => {
      spread(u, factor, begin, rows, cols, Z);
      if (v?.tracked) arena.scope(() => {
        const inside = arena.allocZeroed(rows * cols * 4);
        kernels.clamp_backward(rows * cols, 0, ceiling, S, Z, inside);
        spread(v, -factor, begin, rows, cols, inside);
      });
    });
  });
}
/** e^−4 in float64. */
const EXP_MINUS_4 = 0.01831563888873418;
