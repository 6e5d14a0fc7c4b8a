// Alternating least squares: the normal equations of a data set, half sweeps over users or items, the objective's value and
// the distance from stationarity. It serves every procedure that sweeps: training, Unlearn-ALS, folding in. The objective
// itself stands in objective.ts.

import { STREAM } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Varying } from '../threads/board.ts';
import { Team } from '../threads/team.ts';
import { checkStatus } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { Csr, Matrix, paddedWidth, type SparseRows } from '../wasm/tensor.ts';
import { cellArguments, cellWeightsOf, checkValues, type LeastSquaresOptions, other, type Side, weightArguments } from './objective.ts';
import { planLeastSquares } from './problem-memory.ts';
import { ProblemSide } from './problem-side.ts';

/** How far factors are from a stationary point of the objective. */
export interface Residual {
  /** Largest |A x − b| / |b| of a row; infinite where b is zero and A x is not, and where either is no number. */
  readonly largest: number;
  /** Square root of Σ|A x − b|² / Σ|b|². */
  readonly overall: number;
}

/** The ALS problem of one data set, with its present factors, in one arena. */
export class LeastSquares {
  readonly options: LeastSquaresOptions;
  readonly arena: Arena;
  readonly #data: Dataset;
  readonly #sides: Readonly<Record<Side, ProblemSide>>;
  readonly #team: Team;
  readonly #gram32: number;
  readonly #gramParts: number;
  /** The first thread's scratch, and the bytes from one thread's to the next's. */
  readonly #scratch: number;
  readonly #scratchBytes: number;
  readonly #ld: number;

  /**
   * @param cells the cells by user and by item, where they are not all of the data's: rows that are left out are empty
   *   and must not be asked for. For work on a few rows.
   * @param team whose arena the problem lives in and whose threads work on it; default one thread.
   * @throws DataError when values make no sense for the objective; MemoryError.
   */
  constructor(
    data: Dataset,
    options: LeastSquaresOptions,
    cells?: { readonly userItems: SparseRows; readonly itemUsers: SparseRows },
    team = new Team(),
  ) {
    if (!cells) checkValues(data, options);
    const { arena } = team;
    this.options = options;
    this.arena = arena;
    this.#team = team;
    this.#data = data;
    const { kernels } = arena;
    const ld = (this.#ld = paddedWidth(options.factors));
    const plan = planLeastSquares(
      cells ? { interactions: (cells.userItems.indices.length + cells.itemUsers.indices.length) / 2, ...cells } : data,
      options,
      team.threads,
      kernels,
    );
    arena.reserve(plan.bytes, plan.remedy);
    const userItems = Csr.from(arena, cells?.userItems ?? data.userItems);
    const itemUsers = cells ? Csr.from(arena, cells.itemUsers) : userItems.transpose();
    this.#sides = {
      users: new ProblemSide(userItems, data.items.live, options),
      items: new ProblemSide(itemUsers, data.users.live, options),
    };
    this.#gram32 = arena.alloc(ld * ld * 4);
    const parts = Math.max(...[userItems.rows, itemUsers.rows].map((rows) => kernels.gram_parts(rows, ld)));
    this.#gramParts = parts > 1 ? arena.alloc(parts * ld * ld * 8) : 0;
    this.#scratchBytes = plan.parts.scratch / team.threads;
    this.#scratch = arena.alloc(this.#scratchBytes * team.threads);
  }

  get userFactors(): Matrix {
    return this.#sides.users.factors;
  }
  get itemFactors(): Matrix {
    return this.#sides.items.factors;
  }

  /** Keyed random rows for both sides: a row depends on its own id and the seed alone. */
  initialize(): void {
    this.#sides.users.initialize(this.#data.users.keys(), STREAM.userFactors);
    this.#sides.items.initialize(this.#data.items.keys(), STREAM.itemFactors);
  }

  /** Takes over factors [rows × factors]: matrices, or dense values without pads. */
  start(userFactors: Matrix | ArrayLike<number>, itemFactors: Matrix | ArrayLike<number>): void {
    for (const [side, given] of [
      ['users', userFactors],
      ['items', itemFactors],
    ] as const) {
      const { factors: M } = this.#sides[side];
      const length = given instanceof Matrix ? given.rows * given.cols : given.length;
      if (length !== M.rows * M.cols) {
        throw new RangeError(`factors of ${side} expected ${M.rows} x ${M.cols} values, got ${length}`);
      }
      if (given instanceof Matrix) M.view().set(given.view());
      else M.load(given);
    }
    this.touch();
  }

  /** Makes rows without observations zero, which is their solution: nothing of what they were reaches the other side. */
  clearEmptyRows(): void {
    for (const side of ['users', 'items'] as const) this.#sides[side].clearEmptyRows();
  }

  /** To be called when factors were changed from outside: what was derived from them is computed anew. */
  touch(): void {
    for (const side of ['users', 'items'] as const) this.#sides[side].gramFresh = false;
  }

  /** Solves all rows of one side for the other side's present rows. Yields to other work between blocks of rows. */
  async halfSweep(side: Side, signal?: AbortSignal): Promise<void> {
    const state = this.#sides[side];
    const { kernel, args } = this.#solver(side, 0, this.#scaledGram(other(side)));
    state.gramFresh = false;
    this.#checkStatuses(side, await this.#team.run(kernel, state.plan, args, true, signal));
  }

  /** Both half sweeps, `first` first. */
  async sweep(first: Side = 'users', signal?: AbortSignal): Promise<void> {
    await this.halfSweep(first, signal);
    await this.halfSweep(other(first), signal);
  }

  /**
   * Solves only the listed rows of one side, and keeps that side's Gram matrix by taking the old rows out and the new
   * ones in, so that the other side can follow without a pass over all rows.
   * @param rows ascending positions.
   * @param last whether nothing follows that would need the Gram matrix.
   */
  solveRows(side: Side, rows: Int32Array, last = false): void {
    if (rows.length === 0) return;
    const gram = this.#scaledGram(other(side));
    const state = this.#sides[side];
    const plan = state.planOf(rows);
    const solve = (list: number): void => {
      const { kernel, args } = this.#solver(side, list, gram);
      this.#checkStatuses(side, this.#team.runNow(kernel, plan, args, true));
    };
    if (last) {
      state.gramFresh = false;
      this.arena.scope(() => solve(this.arena.upload(rows)));
    } else {
      this.replaceRows(side, rows, solve);
    }
  }

  /** Changes the listed rows by `change` and brings the side's Gram matrix up to date with as much work as they are. */
  replaceRows(side: Side, rows: Int32Array, change: (list: number) => void): void {
    if (rows.length === 0) return;
    const state = this.#sides[side];
    this.#gram(side);
    this.arena.scope(() => {
      const list = this.arena.upload(rows);
      const accumulate = (sign: number): void =>
        this.arena.kernels.gram_accumulate(0, rows.length, this.#ld, sign, list, state.factors.pointer, state.gram, this.#scratch);
      accumulate(-1);
      change(list);
      accumulate(1);
    });
  }

  /** Makes the listed rows zero. */
  clearRows(side: Side, rows: Int32Array): void {
    const { factors } = this.#sides[side];
    this.replaceRows(side, rows, () => rows.forEach((row) => factors.row(row).fill(0)));
  }

  /** The objective L in float64; the constant part included, so that a perfect fit without regularization is 0. */
  objective(): number {
    const { kernels } = this.arena;
    const { users, items } = this.#sides;
    const { base } = cellWeightsOf(this.options);
    const weights = weightArguments(this.options);
    const X = users.factors.pointer;
    const Y = items.factors.pointer;
    const unobserved = base === 0 ? 0 : base * kernels.gram_inner(this.#ld, this.#gram('users'), this.#gram('items'));
    // In the parts of the Gram matrices and in their order, whatever the number of threads or machines.
    const total = (parts: Float64Array): number => parts.reduce((sum, part) => sum + part, 0);
    const observed = total(
      this.#team.runNow('als_objective_rows', users.gramPlan, [this.#ld, ...weights, ...cellArguments(users.cells), X, Y]),
    );
    return unobserved + observed + total(this.#penalties(users)) + total(this.#penalties(items));
  }

  #penalties({ gramPlan, regularization, factors }: ProblemSide): Float64Array {
    const rows = [this.#ld, { base: regularization, row: 4 }, { base: factors.pointer, row: this.#ld * 4 }];
    return this.#team.runNow('als_penalty_rows', gramPlan, rows, false, true);
  }

  /** Residual of one side's normal equations: zero for both sides at a stationary point. */
  residual(side: Side): Residual {
    const { cells, regularization, factors } = this.#sides[side];
    const opposite = this.#sides[other(side)];
    const { base } = cellWeightsOf(this.options);
    const weights = weightArguments(this.options);
    const gram = base === 0 ? 0 : this.#gram(other(side));
    return this.arena.scope(() => {
      const out = this.arena.alloc(cells.rows * 16);
      this.#team.runNow('als_residual_rows', this.#sides[side].plan, [
        this.#ld,
        ...weights,
        ...cellArguments(cells),
        regularization,
        base,
        gram,
        opposite.factors.pointer,
        factors.pointer,
        { base: out, row: 16 },
        this.#scratchOfThread(),
      ]);
      const squares = this.arena.f64(out, cells.rows * 2);
      let largest = 0;
      let difference = 0;
      let target = 0;
      for (let r = 0; r < cells.rows; r++) {
        // A row that should be zero and is not misses its equations without limit; so does one that is no number.
        const off = squares[2 * r] === 0 ? 0 : squares[2 * r] / squares[2 * r + 1];
        if (!(off <= largest)) largest = Number.isNaN(off) ? Infinity : off;
        difference += squares[2 * r];
        target += squares[2 * r + 1];
      }
      return { largest: Math.sqrt(largest), overall: difference === 0 ? 0 : Math.sqrt(difference / target) };
    });
  }

  /** Solution of one user's normal equations for another right-hand side [factors], for explaining a score. */
  solveFor(user: number, rightHandSide: Float32Array): Float32Array {
    const { cells, regularization } = this.#sides.users;
    const { ws, w0, explicit } = cellWeightsOf(this.options);
    const gram = this.#scaledGram('items');
    return this.arena.scope(() => {
      const { arena } = this;
      const padded = new Float32Array(this.#ld);
      padded.set(rightHandSide);
      const rhs = arena.upload(padded);
      const out = arena.alloc(this.#ld * 4);
      const scratch = arena.alloc(arena.kernels.als_sweep_cholesky_scratch(this.#ld));
      const status = arena.kernels.als_solve_rhs(
        user,
        this.options.factors,
        this.#ld,
        ws,
        w0,
        explicit,
        ...cellArguments(cells),
        regularization,
        gram,
        this.itemFactors.pointer,
        rhs,
        out,
        scratch,
      );
      checkStatus(status, () => this.#singular('users', user));
      return arena.f32(out, this.options.factors).slice();
    });
  }

  /** t of an entry's value: its coefficient on the right-hand side. */
  target(value: number): number {
    const { ts, t0, explicit } = cellWeightsOf(this.options);
    return value > 0 || explicit ? ts * value + t0 : 0;
  }

  /** The kernel of a half sweep and what it is given after the range of rows, or of places in a list of rows. */
  #solver(side: Side, list: number, gram: number): { kernel: 'als_sweep_cg' | 'als_sweep_cholesky'; args: (number | Varying)[] } {
    const { cells, regularization, factors } = this.#sides[side];
    const { factors: f, solver, cgSteps } = this.options;
    const weights = weightArguments(this.options);
    const Y = this.#sides[other(side)].factors.pointer;
    const X = factors.pointer;
    const problem = [list, ...cellArguments(cells), regularization, gram, Y, X, this.#scratchOfThread()];
    return solver === 'cg'
      ? { kernel: 'als_sweep_cg', args: [f, this.#ld, ...weights, cgSteps, ...problem] }
      : { kernel: 'als_sweep_cholesky', args: [f, this.#ld, ...weights, ...problem] };
  }

  #scratchOfThread(): Varying {
    return { base: this.#scratch, thread: this.#scratchBytes };
  }

  /** The first failure in the order of dealing: all before it were solved, whoever did it. */
  #checkStatuses(side: Side, statuses: Float64Array): void {
    checkStatus(statuses.find((status) => status !== 0) ?? 0, (row) => this.#singular(side, row));
  }

  #singular(side: Side, row: number): string {
    const id = this.#data[side].at(row);
    return (
      `the normal equations of ${side === 'users' ? 'user' : 'item'} ${JSON.stringify(id)} have no unique solution in float32; ` +
      `raise "regularization" (now ${this.options.regularization})`
    );
  }

  /** The other side's share of the left-hand side, base · YᵀY in f32; 0 where the objective has none. */
  #scaledGram(side: Side): number {
    const { base } = cellWeightsOf(this.options);
    if (base === 0) return 0;
    this.arena.kernels.gram_finish(this.#ld, base, this.#gram(side), this.#gram32);
    return this.#gram32;
  }

  #gram(side: Side): number {
    const { gram, gramPlan, factors, gramFresh } = this.#sides[side];
    if (gramFresh) return gram;
    // Each part of the rows has a sum of its own, and the sums are added in order, with one thread too.
    const size = this.#ld * this.#ld;
    const parts = gramPlan.costs.length;
    const into = parts > 1 ? this.#gramParts : gram;
    const sums = this.arena.f64(into, parts * size).fill(0);
    this.#team.runNow('gram_accumulate', gramPlan, [
      this.#ld,
      1,
      0,
      factors.pointer,
      { base: into, piece: size * 8 },
      this.#scratchOfThread(),
    ]);
    if (parts > 1) {
      const total = this.arena.f64(gram, size);
      total.set(sums.subarray(0, size));
      for (let part = 1; part < parts; part++) for (let k = 0; k < size; k++) total[k] += sums[part * size + k];
    }
    this.#sides[side].gramFresh = true;
    return gram;
  }
}
