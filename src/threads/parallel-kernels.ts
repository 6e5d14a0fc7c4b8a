// Kernels on all threads of an arena's team, or on the one thread that is there: what gradient training is made of.
// Refuses nothing: work that is too small to be worth waking somebody up stays on the calling thread.

import type { Kernels } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Csr } from '../wasm/tensor.ts';
import type { Argument } from './board.ts';
import { type Plan, planEven, planRows, type RowKernel, type Team } from './team.ts';

/** Multiplications and additions that are worth a piece of their own: about a tenth of a millisecond. */
const PIECE = 1 << 19;
const MOST_PIECES = 16;
/** Rows or elements that stay together: whole tiles of products, whole cache lines of the rest. */
const UNIT = 64;
const TILE = 16;

const teams = /* @__PURE__ */ new WeakMap<Arena, Team>();

/** From now on work in the team's arena is shared among its threads. */
export function shareWork(team: Team): void {
  if (team.threads > 1) teams.set(team.arena, team);
}

/** Threads that share the work in an arena. */
export const threadsOf = (arena: Arena): number => teams.get(arena)?.threads ?? 1;

const whole = (argument: Argument): number => (typeof argument === 'number' ? argument : argument.base);

/** Calls a kernel of a range of rows over the pieces of a plan, or at once for rows 0 … rows. */
export function overRange(arena: Arena, kernel: RowKernel, rows: number, plan: () => Plan, args: readonly Argument[]): void {
  const team = teams.get(arena);
  if (team) team.runNow(kernel, plan(), args);
  else (arena.kernels[kernel] as (...values: number[]) => unknown)(0, rows, ...args.map(whole));
}

function overCount(arena: Arena, kernel: keyof Kernels, count: number, cost: number, unit: number, args: readonly Argument[]): void {
  const team = teams.get(arena);
  const pieces = team ? Math.min(MOST_PIECES, Math.floor((count * cost) / PIECE)) : 1;
  if (team && pieces > 1) team.runNow(kernel, planEven(count, Math.ceil(count / pieces / unit) * unit), args, false, true);
  else (arena.kernels[kernel] as (...values: number[]) => unknown)(count, ...args.map(whole));
}

/** Calls kernel(n, ...scalars, ...pointers) for float32 arrays of n elements, element by element. */
export function overElements(
  arena: Arena,
  kernel: keyof Kernels,
  n: number,
  scalars: readonly number[],
  pointers: readonly number[],
  cost = 2,
): void {
  overCount(arena, kernel, n, cost, UNIT, [...scalars, ...pointers.map((base) => ({ base, row: 4 }))]);
}

/** Calls kernel(rows, ...args), `cost` multiplications and additions each; args say where a row's data lie. */
export const overRows = (arena: Arena, kernel: keyof Kernels, rows: number, cost: number, args: readonly Argument[]): void =>
  overCount(arena, kernel, rows, cost, TILE, args);

/** Each thread has scratch of its own. */
function product(arena: Arena, kernel: 'gemm_nn' | 'gemm_tn', m: number, cost: number, args: readonly Argument[]): void {
  arena.scope(() => {
    const bytes = arena.kernels.gemm_scratch();
    overRows(arena, kernel, m, cost, [...args, { base: arena.alloc(threadsOf(arena) * bytes), thread: bytes }]);
  });
}

/**
 * What a product takes: shape, leading dimensions, 1 to add to what is there, and where the three matrices lie; as in
 * `gemm_nn` and `gemm_tn`.
 */
export type ProductArguments = readonly [
  m: number,
  n: number,
  k: number,
  lda: number,
  ldb: number,
  ldc: number,
  accumulate: number,
  A: number,
  B: number,
  C: number,
];

/** C = A·B, or C += …. */
export function multiplyInto(arena: Arena, ...[m, n, k, lda, ldb, ldc, accumulate, A, B, C]: ProductArguments): void {
  product(arena, 'gemm_nn', m, n * k, [n, k, lda, ldb, ldc, accumulate, { base: A, row: lda * 4 }, B, { base: C, row: ldc * 4 }]);
}

/** C = Aᵀ·B, or C += …. */
export function multiplyTurned(arena: Arena, ...[m, n, k, lda, ldb, ldc, accumulate, A, B, C]: ProductArguments): void {
  product(arena, 'gemm_tn', m, n * k, [n, k, lda, ldb, ldc, accumulate, { base: A, row: 4 }, B, { base: C, row: ldc * 4 }]);
}

/** Rows of a list that one piece takes. */
const LISTED = 128;

/** Y[r] = factor·(B[r] + S[r]·X) for the rows r of a list; as in `spmm_rows`. */
export function multiplySparseRows(S: Csr, rows: Int32Array, ld: number, factor: number, X: number, B: number, Y: number): void {
  const { arena } = S;
  const n = rows.length;
  arena.scope(() =>
    overRange(arena, 'spmm_rows', n, () => planEven(n, LISTED), [ld, factor, arena.upload(rows), S.indptr, S.indices, S.data, X, B, Y]),
  );
}

const plans = /* @__PURE__ */ new WeakMap<Csr, Plan>();

/** Y = B + S·X, B = 0 for none; as in `spmm`. */
export function multiplySparse(S: Csr, ld: number, X: number, B: number, Y: number): void {
  const { arena, rows } = S;
  overRange(
    arena,
    'spmm',
    rows,
    () => {
      // Cut once by what the rows hold: a matrix that is written over later is only cut less evenly.
      let plan = plans.get(S);
      if (!plan) {
        const starts = arena.i32(S.indptr, rows + 1);
        plans.set(S, (plan = planRows(rows, (r) => (starts[r + 1] - starts[r] + 1) * ld)));
      }
      return plan;
    },
    [ld, S.indptr, S.indices, S.data, X, B, Y],
  );
}
