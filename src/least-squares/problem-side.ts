// One side of a least-squares problem, users or items: its factors, the observed cells by its rows, and what sweeps derive
// from them.

import { type Plan, planEven, planRows } from '../threads/team.ts';
import { type Csr, Matrix } from '../wasm/tensor.ts';
import { type LeastSquaresOptions, regularizationRule } from './objective.ts';

export class ProblemSide {
  readonly factors: Matrix;
  /** Observed cells by row of this side. */
  readonly cells: Csr;
  /** f32[rows] regularization. */
  readonly regularization: number;
  /** Gram matrix of the factors, f64, upper tiles; valid while `gramFresh`. */
  readonly gram: number;
  gramFresh = false;
  /** How the rows are shared out whose sums are summed in order: of the Gram matrix, of the objective. */
  readonly gramPlan: Plan;
  readonly #options: LeastSquaresOptions;
  #plan?: Plan;

  /** @param opposite ids of the other side. */
  constructor(cells: Csr, opposite: number, options: LeastSquaresOptions) {
    const { arena, rows } = cells;
    const { offset, exponent } = regularizationRule(options, opposite);
    this.cells = cells;
    this.#options = options;
    this.regularization = arena.alloc(rows * 4);
    arena.kernels.als_regularization(rows, cells.indptr, options.regularization, offset, exponent, this.regularization);
    this.factors = new Matrix(arena, rows, options.factors);
    const { ld } = this.factors;
    this.gram = arena.alloc(ld * ld * 8);
    this.gramPlan = planEven(rows, Math.max(1, Math.ceil(rows / arena.kernels.gram_parts(rows, ld))));
  }

  /** How the rows of a sweep are shared out; made when a sweep first asks for it. */
  get plan(): Plan {
    this.#plan ??= this.#planSweep(this.cells.rows, this.#lengths());
    return this.#plan;
  }

  /** The same for a sweep of the listed rows only. */
  planOf(rows: Int32Array): Plan {
    const entriesOf = this.#lengths();
    return this.#planSweep(rows.length, (k) => entriesOf(rows[k]));
  }

  /**
   * Keyed random rows, N(0, (initScale / √factors)²): a row depends on its own id and the seed alone.
   * Rows without observations start at zero, which is where the first half sweep puts them.
   * @param keys two words per row; those of rows without observations are overwritten.
   */
  initialize(keys: Uint32Array, stream: number): void {
    const { arena } = this.cells;
    const { factors, initScale, seed } = this.#options;
    const { rows, ld, pointer } = this.factors;
    this.#emptyRows((r) => keys.fill(0, 2 * r, 2 * r + 2));
    arena.scope(() =>
      arena.kernels.random_normal_rows(rows, factors, ld, seed, stream, arena.upload(keys), initScale / Math.sqrt(factors), pointer),
    );
    this.gramFresh = false;
  }

  /** Makes rows without observations zero, which is their solution. */
  clearEmptyRows(): void {
    this.#emptyRows((r) => this.factors.row(r).fill(0));
    this.gramFresh = false;
  }

  #emptyRows(each: (row: number) => void): void {
    const entriesOf = this.#lengths();
    for (let r = 0; r < this.cells.rows; r++) if (entriesOf(r) === 0) each(r);
  }

  /** Entries of each row, as long as the memory does not grow. */
  #lengths(): (row: number) => number {
    const { arena, indptr, rows } = this.cells;
    const ends = arena.i32(indptr, rows + 1);
    return (row) => ends[row + 1] - ends[row];
  }

  /** A plan for rows of so many entries each, by what the solver has to do for them. */
  #planSweep(rows: number, entriesOf: (row: number) => number): Plan {
    const { solver, cgSteps } = this.#options;
    const { ld } = this.factors;
    const gram = ld * ld;
    return solver === 'cg'
      ? planRows(rows, (r) => (2 * cgSteps + 3) * entriesOf(r) * ld + (cgSteps + 1) * gram, gram)
      : planRows(rows, (r) => (entriesOf(r) * (gram + 4 * ld)) / 2 + (gram * ld) / 6);
  }
}
