// Whole ALS iterations (both half sweeps, Gram matrices included) for the bench.
import type { Arena } from '../../src/wasm/memory.ts';
import { Csr, paddedWidth } from '../../src/wasm/tensor.ts';
import { factorRows, powerLaw } from './samples.ts';
import type { Timed } from './table.ts';

const ALPHA = 40;
const STEPS = 3;

/** Rows that one call solves: between calls, the engine can replace code that it has compiled better meanwhile. */
const ROWS_PER_CALL = 256;

export const alsIteration =
  (solver: 'cholesky' | 'cg', users: number, items: number, nnz: number, factors: number) =>
  (arena: Arena): Timed => {
    const { kernels } = arena;
    const ld = paddedWidth(factors);
    const entries = powerLaw(users, items, nnz);
    const rows = Csr.from(arena, entries);
    const cols = rows.transpose();
    const small = (n: number, seed: number): number => arena.upload(factorRows(seed, n, factors).map((x) => x * 0.1));
    const X = small(users, 1);
    const Y = small(items, 2);
    const G64 = arena.alloc(ld * ld * 8);
    const G = arena.alloc(ld * ld * 4);
    const longest = Math.max(
      ...[rows, cols].map((csr) =>
        arena.i32(csr.indptr, csr.rows + 1).reduce((most, end, r, all) => Math.max(most, r ? end - all[r - 1] : 0), 0),
      ),
    );
    const scratch = arena.alloc(
      Math.max(kernels.als_sweep_cholesky_scratch(ld), kernels.als_sweep_cg_scratch(ld, longest), kernels.gram_accumulate_scratch(ld)),
    );
    const regularization = (csr: Csr): number => {
      const reg = arena.alloc(csr.rows * 4);
      kernels.als_regularization(csr.rows, csr.indptr, 0.01, 0, 0, reg);
      return reg;
    };
    const sides = [
      { csr: rows, reg: regularization(rows), from: Y, to: X },
      { csr: cols, reg: regularization(cols), from: X, to: Y },
    ];
    const run = (): void => {
      for (const { csr, reg, from, to } of sides) {
        arena.f64(G64, ld * ld).fill(0);
        kernels.gram_accumulate(0, csr.cols, ld, 1, 0, from, G64, scratch);
        kernels.gram_finish(ld, 1, G64, G);
        for (let begin = 0; begin < csr.rows; begin += ROWS_PER_CALL) {
          const end = Math.min(csr.rows, begin + ROWS_PER_CALL);
          if (solver === 'cholesky')
            kernels.als_sweep_cholesky(
              begin,
              end,
              factors,
              ld,
              ALPHA,
              0,
              ALPHA,
              1,
              0,
              0,
              csr.indptr,
              csr.indices,
              csr.data,
              reg,
              G,
              from,
              to,
              scratch,
            );
          else
            kernels.als_sweep_cg(
              begin,
              end,
              factors,
              ld,
              ALPHA,
              0,
              ALPHA,
              1,
              0,
              STEPS,
              0,
              csr.indptr,
              csr.indices,
              csr.data,
              reg,
              G,
              from,
              to,
              scratch,
            );
        }
      }
    };
    const all = users + items;
    const gram = all * ld * (ld + 8);
    const cholesky = 2 * rows.nnz * ld * (ld + 8 + 2) + all * (ld ** 3 / 3 + 2 * ld * ld);
    const cg = (STEPS + 1) * (2 * rows.nnz * 4 * ld + all * 2 * ld * ld);
    return { run, work: gram + (solver === 'cholesky' ? cholesky : cg), unit: 'flop' };
  };

/** An iteration at MovieLens-1M's shape for several numbers of factors. */
export const alsBenches = (solver: 'cholesky' | 'cg', factors: readonly number[]): Record<string, (arena: Arena) => Timed> =>
  Object.fromEntries(factors.map((f) => [`iteration, ML-1M shape, f = ${f}`, alsIteration(solver, 6040, 3706, 1e6, f)]));
