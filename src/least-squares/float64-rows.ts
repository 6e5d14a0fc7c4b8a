// Rows of users and of items in float64, and the algebra of them on all threads: sums over rows are made of parts that the
// data settle, so that their bytes do not depend on threads.
import type { Argument } from '../threads/board.ts';
import { type Plan, planEven, type Team } from '../threads/team.ts';
import type { Kernels } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Side } from './objective.ts';

/** What is summed over rows is summed in at most so many parts, of at least so many rows. */
export const PARTS = 16;
const PART_ROWS = 512;

export const SIDES = ['users', 'items'] as const;

/** Where rows of both sides lie, f64[rows × ld]. */
export type Field = Readonly<Record<Side, number>>;

/** Room for rows of both sides in a team's arena, and what is done with all of a side's rows. */
export class Float64Rows {
  readonly team: Team;
  readonly arena: Arena;
  /** Numbers from one row to the next. */
  readonly ld: number;
  /** How the rows of a side are cut for sums, and their elements. */
  readonly #plans: Readonly<Record<Side, { readonly rows: number; readonly parts: Plan; readonly elements: Plan }>>;
  /** f64[PARTS × ld × ld] for the sums of parts; 0 where no side has any. */
  readonly #partial: number;

  constructor(team: Team, ld: number, rows: Readonly<Record<Side, number>>) {
    this.team = team;
    this.arena = team.arena;
    this.ld = ld;
    const cut = (count: number): { rows: number; parts: Plan; elements: Plan } => {
      const each = Math.max(1, Math.ceil(count / Math.max(1, Math.min(PARTS, Math.floor(count / Math.max(PART_ROWS, 4 * ld))))));
      return { rows: count, parts: planEven(count, each), elements: planEven(count * ld, each * ld) };
    };
    this.#plans = { users: cut(rows.users), items: cut(rows.items) };
    this.#partial = SIDES.some((side) => this.#plans[side].parts.costs.length > 1) ? this.arena.alloc(PARTS * ld * ld * 8) : 0;
  }

  /** Room for rows of both sides, zero; to be released by the caller's mark. */
  field(): Field {
    return { users: this.room('users'), items: this.room('items') };
  }

  room(side: Side): number {
    return this.arena.allocZeroed(this.#plans[side].rows * this.ld * 8);
  }

  /** B = a A + b B, rows of one side or of both. */
  combine(a: number, A: Field, b: number, B: Field): void {
    for (const name of SIDES) this.combineSide(name, a, A[name], b, B[name]);
  }

  combineSide(side: Side, a: number, A: number, b: number, B: number): void {
    this.#counted('combine64', this.#plans[side].elements, [a, { base: A, row: 8 }, b, { base: B, row: 8 }]);
  }

  /** ⟨A, B⟩ over both sides, or over one. */
  inner(A: Field, B: Field): number {
    return SIDES.reduce((sum, name) => sum + this.innerSide(name, A[name], B[name]), 0);
  }

  /** @param weights f32[rows], or 0 for ones. */
  innerSide(side: Side, A: number, B: number, weights = 0): number {
    const row = this.ld * 8;
    return this.#counted('inner64', this.#plans[side].parts, [
      this.ld,
      weights && { base: weights, row: 4 },
      { base: A, row },
      { base: B, row },
    ]).reduce((sum, part) => sum + part, 0);
  }

  /** out = scale · AᵀB of a side's rows: parts of the rows have sums of their own, added in order. */
  gram(side: Side, scale: number, A: number, B: number, out: number): void {
    const { parts } = this.#plans[side];
    const size = this.ld * this.ld;
    const row = this.ld * 8;
    const count = parts.costs.length;
    const into = count > 1 ? this.#partial : out;
    this.#counted('gram64', parts, [this.ld, scale, { base: A, row }, { base: B, row }, { base: into, piece: size * 8 }]);
    if (count <= 1) return;
    const sums = this.arena.f64(into, count * size);
    const total = this.arena.f64(out, size);
    total.set(sums.subarray(0, size));
    for (let part = 1; part < count; part++) for (let k = 0; k < size; k++) total[k] += sums[part * size + k];
  }

  #counted(kernel: keyof Kernels, plan: Plan, args: readonly Argument[]): Float64Array {
    return this.team.runNow(kernel, plan, args, false, true);
  }
}

/** Σ_ij A_ij B_ij. */
export function traceOfProduct(A: Float64Array, B: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < A.length; i++) sum += A[i] * B[i];
  return sum;
}

/** Σ_ij A_ij B_ji. */
export function traceOfTransposed(A: Float64Array, B: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += A[i * n + j] * B[j * n + i];
  return sum;
}
