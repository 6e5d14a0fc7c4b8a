// How evenly rows are spread over the sphere.

import { multiplyInto, multiplyTurned } from '../../threads/parallel-kernels.ts';
import { paddedWidth } from '../../wasm/tensor.ts';
import type { Variable } from '../tape.ts';
import { countsOf } from './distinct.ts';
import { pass } from './pointwise.ts';

const TILE = 64;

/**
 * 1 × 1: log of the mean over pairs a < b of e^(4·u_a·u_b − 4·s_ab), where s_ab = v_a·v_b within [0, ceiling], or 1 without
 * v. For unit rows this is Wang and Isola's uniformity, log mean e^(−2‖u_a − u_b‖²); with v, pairs whose v are alike may
 * stay near each other. Exponents of unit rows lie within ±8, so that no maximum need be taken out. `of` names the row of
 * each thing, by default one each: rows that several share are computed once and count as often. Pairs are computed by
 * tiles of rows, with their gradient, and never held; sums in float64. Fewer than two things: 0.
 */
export function logMeanExpPairs(u: Variable, v?: Variable, ceiling = 1, of?: Int32Array): Variable {
  const { tape } = u;
  const { arena } = tape;
  const { kernels } = arena;
  const n = of?.length ?? u.rows;
  const { rows } = u;
  const width = paddedWidth(rows);
  const y = tape.matrix(1, 1);
  if (n < 2) return tape.constant(y);
  const parts = (v ? [u, v] : [u]).map((x) => ({ x, ld: x.value.ld, slope: x.tracked ? tape.matrix(rows, x.cols) : undefined }));
  let total = 0;
  arena.scope(() => {
    const counts = arena.upload(countsOf(rows, of));
    const squares = parts.map(({ x, ld }) => {
      const turned = arena.alloc(x.cols * width * 4);
      kernels.transpose(rows, x.cols, ld, width, x.pointer, turned);
      return { turned, tile: arena.alloc(TILE * width * 4) };
    });
    for (let begin = 0; begin < rows; begin += TILE) {
      // Columns begin with the tile's first row: what lies left of it was seen from the other side.
      const some = Math.min(TILE, rows - begin);
      const cols = width - begin;
      const count = rows - begin;
      parts.forEach(({ x, ld }, k) =>
        multiplyInto(
          arena,
          some,
          cols,
          x.cols,
          ld,
          width,
          cols,
          0,
          x.pointer + begin * ld * 4,
          squares[k].turned + begin * 4,
          squares[k].tile,
        ),
      );
      kernels.spread_rows(some, cols, ceiling, counts + begin * 4, v ? squares[1].tile : 0, squares[0].tile);
      total += kernels.sum(some * cols, squares[0].tile);
      parts.forEach(({ x, ld, slope }, k) => {
        if (!slope) return;
        const from = x.pointer + begin * ld * 4;
        const to = slope.pointer + begin * ld * 4;
        multiplyInto(arena, some, ld, count, cols, ld, ld, 1, squares[k].tile, from, to);
        multiplyTurned(arena, count, ld, some, cols, ld, ld, 1, squares[k].tile, from, to);
      });
    }
  });
  y.row(0)[0] = kernels.log_f64(total) - kernels.log_f64((n * (n - 1)) / 2);
  return tape.record(
    y,
    parts.map(({ x }) => x),
    (dy) =>
      parts.forEach(({ x, slope }, k) => {
        if (slope) pass(x, slope, ((k === 0 ? 4 : -4) * dy.row(0)[0]) / total);
      }),
  );
}
