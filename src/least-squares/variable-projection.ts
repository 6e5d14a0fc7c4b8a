// The objective as a function of one side alone, the other side being its best answer (variable projection): quasi-Newton
// and Newton directions for the smaller side, completed by the answer's change on the larger one. Its matrix is known by
// products: of the second derivative's blocks, and of the kept normal equations of the eliminated side.
import type { Field } from './float64-rows.ts';
import { other, type Side } from './objective.ts';
import type { Standing, Stationary } from './stationary.ts';

/** Steps that L-BFGS remembers. */
const MEMORY = 10;

/** Iterations for which the factored normal equations of a sweep serve as preconditioner; then a sweep makes new ones. */
export const KEPT_ITERATIONS = 10;

/** Products of a Newton step at most, and how far they bring the linear system. */
const MOST_PRODUCTS = 60;
const FORCING = 0.02;

class VariableProjection {
  readonly problem: Stationary;
  /** The side that stays, which is the smaller one, and the one that is eliminated. */
  readonly stays: Side;
  readonly goes: Side;
  readonly direction: Field;
  readonly gradient: number;
  readonly #change: number;
  /** How far the last direction was gone. */
  lastStep = 0;

  constructor(problem: Stationary) {
    if (!problem.keeps) {
      throw new RangeError('"accelerator" lbfgs keeps the factored equations of every row, which are more than 1 GB here; take ncg');
    }
    this.problem = problem;
    this.stays = problem.side('items').rows <= problem.side('users').rows ? 'items' : 'users';
    this.goes = other(this.stays);
    this.direction = problem.field();
    this.gradient = problem.room(this.stays);
    this.#change = problem.room(this.goes);
  }

  /** New normal equations: the eliminated side's at the present factors, the other's at its answer. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await this.problem.sweepInto(this.direction, this.goes, signal);
  }

  /** The gradient with the other side's answer taken into account: g_s − H_sg A⁻¹ g_g. */
  measure(): void {
    const { problem, stays, goes, gradient } = this;
    problem.stepKept(goes, 0, problem.gradient[goes], this.#change);
    problem.curvature(stays, 0, this.#change, gradient);
    problem.combineSide(stays, 1, problem.gradient[stays], 1, gradient);
  }

  /** to = (H_ss − H_sg A⁻¹ H_gs) p. */
  product(p: number, to: number): void {
    const { problem, stays, goes } = this;
    problem.curvature(goes, 0, p, this.#change);
    problem.stepKept(goes, 0, this.#change, this.#change);
    problem.curvature(stays, p, this.#change, to);
  }

  /** Completes the direction of the side that stays by the other side's answer, and goes to the minimum along it. @returns the change. */
  go(): number {
    const { problem, stays, goes, direction } = this;
    problem.curvature(goes, 0, direction[stays], direction[goes]);
    problem.combineSide(goes, 1, problem.gradient[goes], 1, direction[goes]);
    problem.stepKept(goes, 0, direction[goes], direction[goes]);
    const descent = problem.inner(problem.gradient, direction);
    const { step, change } = descent < 0 ? problem.line(direction, descent) : { step: 0, change: 0 };
    if (step > 0) problem.combine(step, direction, 1, problem.factors);
    this.lastStep = step;
    return change;
  }
}

/** L-BFGS on the smaller side, its first matrix the side's kept normal equations. */
export class LimitedMemory {
  readonly room: Field;
  readonly #projection: VariableProjection;
  readonly #room: { readonly step: number; readonly change: number }[];
  readonly #before: number;
  readonly #work: number;
  #pairs: { readonly step: number; readonly change: number; readonly curvature: number }[] = [];
  #iteration = 0;

  constructor(problem: Stationary) {
    const projection = (this.#projection = new VariableProjection(problem));
    this.#room = Array.from({ length: MEMORY }, () => ({ step: problem.room(projection.stays), change: problem.room(projection.stays) }));
    this.#before = problem.room(projection.stays);
    this.#work = problem.room(projection.stays);
    this.room = problem.field();
  }

  restart(): void {
    this.#pairs = [];
    this.#iteration = 0;
  }

  async step(_standing: Standing, _tolerance: number, signal?: AbortSignal): Promise<number> {
    const projection = this.#projection;
    const { problem, stays, direction, gradient } = projection;
    const iteration = this.#iteration++;
    if (iteration > 0) problem.combineSide(stays, projection.lastStep, direction[stays], 0, this.#work);
    if (iteration % KEPT_ITERATIONS === 0) await projection.refresh(signal);
    projection.measure();
    if (iteration > 0) this.#remember(this.#work);
    problem.combineSide(stays, 1, gradient, 0, this.#before);
    this.#direct();
    const change = projection.go();
    if (change < 0) return change;
    // the memory misleads: without it the direction is a step of the kept equations
    this.#pairs = [];
    this.#direct();
    return projection.go();
  }

  /** The step that was made, and the change of the gradient over it, if they show positive curvature. */
  #remember(step: number): void {
    const { problem, stays, gradient } = this.#projection;
    const oldest = this.#pairs.length === MEMORY ? this.#pairs[0] : undefined;
    const room = oldest ?? this.#room.find(({ step: at }) => this.#pairs.every((pair) => pair.step !== at))!;
    const kept = oldest ? this.#pairs.slice(1) : this.#pairs;
    problem.combineSide(stays, 1, step, 0, room.step);
    problem.combineSide(stays, 1, gradient, 0, room.change);
    problem.combineSide(stays, -1, this.#before, 1, room.change);
    const curvature = problem.innerSide(stays, room.step, room.change);
    this.#pairs = curvature > 0 ? [...kept, { step: room.step, change: room.change, curvature }] : kept;
  }

  /** Nocedal's two loops. */
  #direct(): void {
    const { problem, stays, direction, gradient } = this.#projection;
    const to = direction[stays];
    const q = this.#work;
    problem.combineSide(stays, 1, gradient, 0, q);
    const along: number[] = [];
    for (const { step, change, curvature } of [...this.#pairs].reverse()) {
      const a = problem.innerSide(stays, step, q) / curvature;
      problem.combineSide(stays, -a, change, 1, q);
      along.unshift(a);
    }
    problem.stepKept(stays, 0, q, to);
    this.#pairs.forEach(({ step, change, curvature }, n) =>
      problem.combineSide(stays, -along[n] - problem.innerSide(stays, change, to) / curvature, step, 1, to),
    );
  }
}

/** Newton steps, their equations solved by conjugate gradients, the kept normal equations being the preconditioner. */
export class Newton {
  products = 0;
  readonly #projection: VariableProjection;
  readonly #r: number;
  readonly #z: number;
  readonly #p: number;
  readonly #q: number;

  constructor(problem: Stationary) {
    this.#projection = new VariableProjection(problem);
    [this.#r, this.#z, this.#p, this.#q] = [0, 0, 0, 0].map(() => problem.room(this.#projection.stays));
  }

  get room(): Field {
    return this.#projection.direction;
  }

  restart(): void {} // it carries nothing from step to step

  async step({ residual }: Standing, tolerance: number, signal?: AbortSignal): Promise<number> {
    const projection = this.#projection;
    const { problem, stays, direction, gradient } = projection;
    const r = this.#r;
    const z = this.#z;
    const p = this.#p;
    const q = this.#q;
    const d = direction[stays];
    await projection.refresh(signal);
    projection.measure();
    problem.combineSide(stays, 0, d, 0, d);
    problem.combineSide(stays, -1, gradient, 0, r);
    const start = problem.innerSide(stays, r, r);
    const enough = Math.max(FORCING, (0.3 * tolerance) / residual);
    for (let product = 0, before = 0; product < MOST_PRODUCTS; product++) {
      if (!(problem.innerSide(stays, r, r) > enough * enough * start)) break;
      problem.stepKept(stays, 0, r, z); // minus the preconditioned residual
      const rz = -problem.innerSide(stays, r, z);
      problem.combineSide(stays, -1, z, product === 0 ? 0 : rz / before, p);
      before = rz;
      projection.product(p, q);
      this.products++;
      signal?.throwIfAborted();
      const curvature = problem.innerSide(stays, p, q);
      if (!(curvature > 0)) {
        // no minimum this way: what was found so far, or the direction itself
        if (product === 0) problem.combineSide(stays, 1, p, 0, d);
        break;
      }
      problem.combineSide(stays, rz / curvature, p, 1, d);
      problem.combineSide(stays, -rz / curvature, q, 1, r);
    }
    return projection.go();
  }
}
