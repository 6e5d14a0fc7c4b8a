// The least-squares problem of a data set in float64, and what is computed of it on the way to a stationary point: sweeps,
// gradients, second derivatives, the exact minimum along a direction. How one gets there stands in acceleration.ts. Rows
// are shared among a team's threads; the objective is objective.ts's.
import type { Dataset } from '../data/dataset.ts';
import type { Argument, Varying } from '../threads/board.ts';
import { planRows, Team } from '../threads/team.ts';
import { checkStatus } from '../wasm/kernels.ts';
import { Csr, type Matrix, paddedWidth } from '../wasm/tensor.ts';
import { type Field, Float64Rows, SIDES, traceOfProduct } from './float64-rows.ts';
import { cellArguments, cellWeightsOf, type LeastSquaresOptions, other, type Side, weightArguments } from './objective.ts';
import { quarticMinimum } from './quartic-line-search.ts';
import { squaresAlong } from './squares-along.ts';
import { keepsFactors, type Rows, rowsOf, solveCost, stationaryBytes } from './stationary-rows.ts';

/** How near to a stationary point factors are. */
export interface Standing {
  /** ‖∇L‖ / (2‖D(X, Y)‖), D the regularization: 0 at a stationary point. */
  readonly residual: number;
  /** The same of the row that is furthest off. */
  readonly largestRow: number;
  /** The objective without its constant part. */
  readonly objective: number;
}

export class Stationary extends Float64Rows {
  readonly options: LeastSquaresOptions;
  readonly base: number;
  /** Whether factored normal equations are kept, to be used as preconditioner. */
  readonly keeps: boolean;
  readonly factors: Field;
  /** Half the gradient; valid after `measure`. */
  readonly gradient: Field;
  readonly #data: Dataset;
  readonly #sides: Readonly<Record<Side, Rows>>;
  readonly #scratch: number;
  readonly #scratchBytes: number;
  readonly #sums: number;
  readonly #cross: number;

  /**
   * @param team whose arena the problem lives in and whose threads work on it; default one thread.
   * @throws MemoryError, which names the bytes of the whole.
   */
  constructor(data: Dataset, options: LeastSquaresOptions, team = new Team()) {
    const { userItems } = data;
    const ld = paddedWidth(options.factors);
    const { arena } = team;
    super(team, ld, { users: userItems.rows, items: userItems.cols });
    this.options = options;
    this.#data = data;
    this.base = cellWeightsOf(options).base;
    arena.reserve(stationaryBytes(data, options.factors));
    this.keeps = keepsFactors(data, options.factors);
    const cells = Csr.from(arena, userItems);
    const users = rowsOf(arena, ld, options, cells, data.items.live, this.keeps);
    const items = rowsOf(arena, ld, options, cells.transpose(), data.users.live, this.keeps);
    this.#sides = { users, items };
    this.factors = { users: users.factors, items: items.factors };
    this.gradient = { users: users.gradient, items: items.gradient };
    this.#scratchBytes = Math.ceil(arena.kernels.als64_solve_scratch(ld) / 64) * 64;
    this.#scratch = arena.alloc(this.#scratchBytes * team.threads);
    this.#sums = arena.alloc(users.passes.costs.length * 5 * 8);
    this.#cross = arena.alloc(6 * ld * ld * 8);
  }

  /** Starts from factors in float32. Rows without observations start at zero, their solution, unless they are to be judged. */
  start(userFactors: Matrix, itemFactors: Matrix, { keepEmptyRows = false } = {}): void {
    for (const [side, M] of [
      ['users', userFactors],
      ['items', itemFactors],
    ] as const) {
      const { factors, rows, cells } = this.#sides[side];
      const to = this.arena.f64(factors, rows * this.ld);
      const from = M.view();
      const indptr = this.arena.i32(cells.indptr, rows + 1);
      to.set(from);
      for (let r = 0; r < rows; r++) if (!keepEmptyRows && indptr[r] === indptr[r + 1]) to.fill(0, r * this.ld, (r + 1) * this.ld);
    }
  }

  /** Dense float32 copy [rows × factors] of one side. */
  dense(side: Side): { rows: number; cols: number; values: Float32Array } {
    const { rows, factors } = this.#sides[side];
    const { factors: cols } = this.options;
    const { ld } = this;
    const values = new Float32Array(rows * cols);
    const from = this.arena.f64(factors, rows * ld);
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) values[r * cols + c] = from[r * ld + c];
    return { rows, cols, values };
  }

  /** What a certificate needs of a side: where its numbers lie. */
  side(side: Side): Rows {
    return this.#sides[side];
  }

  /** Solves all rows of one side for the other's present rows. */
  async halfSweep(side: Side, signal?: AbortSignal): Promise<void> {
    await this.#solveSide(side, this.factors[other(side)], this.factors[side], false, signal);
  }

  /** Solves the listed rows only. */
  solveRows(side: Side, rows: Int32Array): void {
    const opposite = this.factors[other(side)];
    const gram = this.#gramOf(other(side), opposite);
    const indptr = this.arena.i32(this.#sides[side].cells.indptr, this.#sides[side].rows + 1);
    const plan = planRows(rows.length, (k) => solveCost(this.ld, indptr[rows[k] + 1] - indptr[rows[k]]));
    this.arena.scope(() =>
      this.#check(
        side,
        this.team.runNow(
          'als64_solve',
          plan,
          this.#solveArguments(side, this.arena.upload(rows), gram, opposite, this.factors[side], false),
          true,
        ),
      ),
    );
  }

  /** What a sweep, `first` first, makes of the factors. Its factored normal equations are kept where there is room. */
  async sweepInto(to: Field, first: Side, signal?: AbortSignal): Promise<void> {
    await this.#solveSide(first, this.factors[other(first)], to[first], true, signal);
    await this.#solveSide(other(first), to[first], to[other(first)], true, signal);
  }

  /**
   * What a sweep, users first, would make of the factors if its normal equations were still those of the last one: near, and
   * far cheaper.
   */
  sweepKept(to: Field): void {
    this.stepKept('users', this.factors.users, this.gradient.users, to.users);
    this.#gradient('items', this.factors.items, to.users, to.items);
    this.stepKept('items', this.factors.items, to.items, to.items);
  }

  /** to = X − A⁻¹ g for the kept normal equations A of a side; X may be 0, to may be g. */
  stepKept(side: Side, X: number, g: number, to: number): void {
    const { steps, kept } = this.#sides[side];
    this.team.runNow('als64_step', steps, [this.options.factors, this.ld, kept, X, g, to, this.#scratchOfThread()]);
  }

  /** Gradients of both sides at the present factors, and what they say. @param objective where it is known already. */
  measure(objective?: number): Standing {
    let gradient = 0;
    let scale = 0;
    let penalty = 0;
    let largest = 0;
    for (const name of SIDES) {
      const side = this.#sides[name];
      this.#gradient(name, side.factors, this.factors[other(name)], side.gradient);
      gradient += this.innerSide(name, side.gradient, side.gradient);
      penalty += this.innerSide(name, side.factors, side.factors, side.regularization);
      const reg = this.arena.f32(side.regularization, side.rows);
      const g = this.arena.f64(side.gradient, side.rows * this.ld);
      const x = this.arena.f64(side.factors, side.rows * this.ld);
      for (let r = 0; r < side.rows; r++) {
        let own = 0;
        let size = 0;
        for (let c = r * this.ld; c < (r + 1) * this.ld; c++) {
          own += g[c] * g[c];
          size += x[c] * x[c];
        }
        const square = reg[r] * reg[r] * size;
        scale += square;
        // A row of zeros that has a gradient, one that no regularization holds, or one that is no number is off without limit.
        const off = own === 0 && size === 0 ? 0 : own / square;
        if (!(off <= largest)) largest = Number.isFinite(off) ? off : Infinity;
      }
    }
    return {
      residual: gradient === 0 ? 0 : Math.sqrt(gradient / scale),
      largestRow: Math.sqrt(largest),
      objective: objective ?? this.#observed()[0] + this.#background() + penalty,
    };
  }

  /** The objective, constant part included: a perfect fit without regularization is 0. */
  objective(): number {
    return this.measure().objective + this.constant();
  }

  /** The part of the objective that no factors change. */
  constant(): number {
    const { ts, t0, explicit } = cellWeightsOf(this.options);
    return this.#data.userItems.data.reduce((sum, v) => {
      const t = v > 0 || explicit ? ts * v + t0 : 0;
      return sum + (explicit ? t * t : t);
    }, 0);
  }

  /** Σ t s over the observed cells: the observed part of the objective with no weights. */
  targetProducts(): number {
    const [, , ...target] = weightArguments(this.options);
    return -this.#observed(undefined, [0, 0, ...target])[0] / 2;
  }

  /**
   * The step along a direction to the least objective, and how much that lowers it.
   * @param descent ⟨gradient, direction⟩ < 0.
   */
  line(direction: Field, descent: number): { step: number; change: number } {
    return quarticMinimum(...this.quartic(direction, descent));
  }

  /** The objective's change along a direction as a quartic of the step: the coefficients of its powers 1 to 4. */
  quartic(direction: Field, slope: number): [number, number, number, number] {
    let [, , quadratic, cubic, quartic] = this.#observed(direction);
    for (const name of SIDES) quadratic += this.innerSide(name, direction[name], direction[name], this.#sides[name].regularization);
    if (this.base !== 0) {
      const all = squaresAlong(this, this.factors, direction, this.#cross);
      quadratic += this.base * all.quadratic;
      cubic += this.base * all.cubic;
      quartic += this.base * all.quartic;
    }
    return [2 * slope, quadratic, cubic, quartic];
  }

  /** Half the second derivative of one side's rows along dX of its own (0: none) and dY of the other side. */
  curvature(name: Side, dX: number, dY: number, to: number): void {
    const weights = weightArguments(this.options);
    const side = this.#sides[name];
    const opposite = other(name);
    const Y = this.factors[opposite];
    const gram = dX ? this.#gramOf(opposite, Y) : 0;
    let turned = 0;
    if (this.base !== 0) {
      // base (dYᵀY + YᵀdY)
      turned = this.#sides[opposite].turned;
      this.gram(opposite, this.base, dY, Y, turned);
      const K = this.arena.f64(turned, this.ld * this.ld);
      const { ld } = this;
      for (let i = 0; i < ld; i++) for (let j = 0; j <= i; j++) K[i * ld + j] = K[j * ld + i] = K[i * ld + j] + K[j * ld + i];
    }
    this.team.runNow('als64_curvature', side.passes, [
      this.ld,
      ...weights,
      ...cellArguments(side.cells),
      ...[side.regularization, gram, turned, side.factors, dX, Y, dY, to],
    ]);
  }

  /** The observed cells on the line along a direction: coefficients of powers 0 to 4; without one, of power 0 alone. */
  #observed(direction?: Field, weights: readonly number[] = weightArguments(this.options)): readonly number[] {
    const { passes, cells } = this.#sides.users;
    const pieces = passes.costs.length;
    const sums = this.arena.f64(this.#sums, 5 * pieces).fill(0);
    this.team.runNow('als64_line', passes, [
      this.ld,
      ...weights,
      ...cellArguments(cells),
      this.factors.users,
      direction?.users ?? 0,
      this.factors.items,
      direction?.items ?? 0,
      { base: this.#sums, piece: 40 },
    ]);
    return [0, 1, 2, 3, 4].map((power) => {
      let sum = 0;
      for (let piece = 0; piece < pieces; piece++) sum += sums[5 * piece + power];
      return sum;
    });
  }

  /** base · Σ over all cells of s²; after `#gradient` of both sides, whose Gram matrices it uses. */
  #background(): number {
    const { users, items } = this.#sides;
    const square = this.ld * this.ld;
    return this.base === 0 ? 0 : traceOfProduct(this.arena.f64(users.gram, square), this.arena.f64(items.gram, square)) / this.base;
  }

  /** Half the gradient of one side at rows X for given rows Y of the other. */
  #gradient(name: Side, X: number, Y: number, out: number): void {
    const weights = weightArguments(this.options);
    const side = this.#sides[name];
    this.team.runNow('als64_gradient', side.passes, [
      this.ld,
      ...weights,
      ...cellArguments(side.cells),
      side.regularization,
      this.#gramOf(other(name), Y),
      Y,
      X,
      out,
    ]);
  }

  async #solveSide(side: Side, Y: number, X: number, keep: boolean, signal?: AbortSignal): Promise<void> {
    const gram = this.#gramOf(other(side), Y);
    this.#check(
      side,
      await this.team.run('als64_solve', this.#sides[side].solves, this.#solveArguments(side, 0, gram, Y, X, keep), true, signal),
    );
  }

  #solveArguments(side: Side, list: number, gram: number, Y: number, X: number, keep: boolean): Argument[] {
    const { cells, regularization, kept } = this.#sides[side];
    const problem = [this.options.factors, this.ld, ...weightArguments(this.options), list, ...cellArguments(cells), regularization];
    return [...problem, gram, Y, X, keep ? kept : 0, this.#scratchOfThread()];
  }

  /** The first failure in the order of dealing. */
  #check(side: Side, statuses: Float64Array): void {
    checkStatus(
      statuses.find((status) => status !== 0) ?? 0,
      (row) =>
        `the normal equations of ${side === 'users' ? 'user' : 'item'} ${JSON.stringify(this.#data[side].at(row))} ` +
        `have no unique solution in float64; raise "regularization" (now ${this.options.regularization})`,
    );
  }

  #scratchOfThread(): Varying {
    return { base: this.#scratch, thread: this.#scratchBytes };
  }

  /** base · YᵀY of a side's rows; 0 where the objective has none. */
  #gramOf(side: Side, Y: number): number {
    if (this.base === 0) return 0;
    const { gram } = this.#sides[side];
    this.gram(side, this.base, Y, Y, gram);
    return gram;
  }
}
