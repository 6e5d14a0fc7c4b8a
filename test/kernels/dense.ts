import type { Arena } from '../../src/wasm/memory.ts';
import { paddedWidth } from '../../src/wasm/tensor.ts';
import { gram, rowsUpTo, toGroups } from '../reference/als.ts';
import { factorRows } from './samples.ts';
import { type KernelTable, largest, near, same } from './table.ts';

const SIZES: readonly (readonly [rows: number, factors: number])[] = [
  [0, 8],
  [1, 1],
  [5, 3],
  [255, 8],
  [256, 17],
  [257, 64],
  [700, 100],
  [300, 256],
];

/** G64 after one call over zeros: pointer. */
function accumulate(arena: Arena, rows: number, ld: number, Y: number): number {
  const G64 = arena.allocZeroed(ld * ld * 8);
  const scratch = arena.alloc(arena.kernels.gram_accumulate_scratch(ld));
  arena.kernels.gram_accumulate(0, rows, ld, 1, 0, Y, G64, scratch);
  return G64;
}

export const dense: KernelTable = {
  gram_accumulate: {
    claim: 'within 1e-6 of the largest element, 0 to 700 rows, 1 to 256 factors; a list with sign −1 takes those rows away',
    check(arena) {
      for (const [rows, factors] of SIZES) {
        arena.scope(() => {
          const ld = paddedWidth(factors);
          const Y = factorRows(rows, rows, factors);
          const at = arena.upload(Y);
          const G64 = accumulate(arena, rows, ld, at);
          const full = toGroups(ld, gram(Y, ld, rowsUpTo(rows)));
          near(`${rows} × ${factors}`, arena.f64(G64, ld * ld), full, 1e-6, largest(full));
          const gone = rowsUpTo(rows).filter((r) => r % 3 === 1);
          const list = arena.upload(Int32Array.from(gone));
          const scratch = arena.alloc(arena.kernels.gram_accumulate_scratch(ld));
          arena.kernels.gram_accumulate(0, gone.length, ld, -1, list, at, G64, scratch);
          const left = toGroups(
            ld,
            gram(
              Y,
              ld,
              rowsUpTo(rows).filter((r) => r % 3 !== 1),
            ),
          );
          near(`${rows} × ${factors} less a third`, arena.f64(G64, ld * ld), left, 1e-6, largest(full));
        });
      }
    },
    bench: Object.fromEntries(
      [64, 128, 256].map((factors) => [
        `20,000 rows, f = ${factors}`,
        (arena: Arena) => {
          const rows = 20000;
          const Y = arena.upload(factorRows(1, rows, factors));
          const G64 = arena.allocZeroed(factors * factors * 8);
          const scratch = arena.alloc(arena.kernels.gram_accumulate_scratch(factors));
          return {
            work: rows * factors * (factors + 8),
            unit: 'flop',
            run: () => arena.kernels.gram_accumulate(0, rows, factors, 1, 0, Y, G64, scratch),
          };
        },
      ]),
    ),
  },
  gram_finish: {
    claim: 'the f64 matrix times the scale, rounded once; zero below the diagonal tiles',
    check(arena) {
      for (const ld of [8, 24, 64]) {
        const Y = factorRows(2, 40, ld);
        const G64 = accumulate(arena, 40, ld, arena.upload(Y));
        const G = arena.alloc(ld * ld * 4);
        arena.f32(G, ld * ld).fill(NaN);
        arena.kernels.gram_finish(ld, 0.3, G64, G);
        same(
          `ld ${ld}`,
          arena.f32(G, ld * ld),
          Float32Array.from(arena.f64(G64, ld * ld), (g) => 0.3 * g),
        );
      }
    },
  },
  gram_inner: {
    claim: 'within 1e-12 of Σ A_ij B_ij over the whole matrices',
    check(arena) {
      for (const ld of [8, 24, 64]) {
        const A = gram(factorRows(3, 40, ld), ld, rowsUpTo(40));
        const B = gram(factorRows(4, 40, ld), ld, rowsUpTo(40));
        const inner = A.reduce((sum, a, i) => sum + a * B[i], 0);
        near(
          `ld ${ld}`,
          [arena.kernels.gram_inner(ld, arena.upload(toGroups(ld, A)), arena.upload(toGroups(ld, B)))],
          [inner],
          1e-12,
          Math.abs(inner),
        );
      }
    },
  },
  gram_unpack: {
    claim: 'the whole symmetric matrix, row by row',
    check(arena) {
      for (const ld of [8, 24, 64]) {
        const M = Float32Array.from(gram(factorRows(5, 40, ld), ld, rowsUpTo(40)));
        const out = arena.alloc(ld * ld * 4);
        arena.kernels.gram_unpack(ld, arena.upload(Float32Array.from(toGroups(ld, M))), out);
        same(`ld ${ld}`, arena.f32(out, ld * ld), M);
      }
    },
  },
};
