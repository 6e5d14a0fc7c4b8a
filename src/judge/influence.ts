// What is left of the forgotten in the scores of those who remain, over items that are alive: 0 is gold, 1 is nothing removed.
// Scores of factor models are never written out: inner products of score matrices follow from Gram matrices,
// ⟨P Qᵀ, R Sᵀ⟩ = Σ (PᵀR) ∘ (QᵀS).

import type { Dataset } from '../data/dataset.ts';
import { BilinearModel } from '../model/bilinear.ts';
import type { Model } from '../model/model.ts';
import { deviationOf, LEAST_GOLDS, mean, type Standing, standing } from './power.ts';
import { aliveIn } from './subjects.ts';

/** Users whose scores are written out for models without rows; evenly spread. */
const WRITTEN_USERS = 200;
/** Relative distance up to which two models are the same but for float32 rounding. */
const ROUNDING = 1e-6;

/** Rows side by side, [rows × width]. */
interface Rows {
  readonly width: number;
  readonly values: Float64Array;
}
/** A score matrix as X Yᵀ; of a model without rows, its written scores and nothing to multiply with. */
interface Scores {
  readonly X: Rows;
  readonly Y: Rows | null;
}

/** The scores of users who remain with items that are alive, and how they differ. */
export class ScoreSpace {
  readonly #retain: Dataset;
  readonly #users: Int32Array;
  readonly #items: Int32Array;
  readonly #scores = new WeakMap<Model, Scores>();
  readonly #products = new WeakMap<Model, WeakMap<Model, number>>();

  constructor(retain: Dataset) {
    this.#retain = retain;
    const living = (side: 'users' | 'items'): Int32Array => {
      const alive = aliveIn(retain, side);
      return Int32Array.from(alive.keys()).filter((p) => alive[p] === 1);
    };
    this.#users = living('users');
    this.#items = living('items');
  }

  /** ⟨S_a, S_b⟩, computed once for a pair. */
  product(a: Model, b: Model): number {
    const found = this.#products.get(a)?.get(b);
    if (found !== undefined) return found;
    const [p, q] = [this.#of(a), this.#of(b)];
    const product = inner(p.X, p.Y, q.X, q.Y);
    for (const [one, two] of [
      [a, b],
      [b, a],
    ])
      this.#products.set(one, (this.#products.get(one) ?? new WeakMap<Model, number>()).set(two, product));
    return product;
  }

  /** |S_a − S_b|_F, by the differences of rows: models that stayed together are told apart to float32 rounding. */
  distance(a: Model, b: Model): number {
    const [p, q] = [this.#of(a), this.#of(b)];
    const dX = minus(p.X, q.X);
    if (!p.Y || !q.Y) return Math.sqrt(inner(dX, null, dX, null));
    const dY = minus(p.Y, q.Y);
    const square = inner(dX, p.Y, dX, p.Y) + 2 * inner(dX, p.Y, q.X, dY) + inner(q.X, dY, q.X, dY);
    return Math.sqrt(Math.max(0, square));
  }

  #of(model: Model): Scores {
    let scores = this.#scores.get(model);
    if (!scores) this.#scores.set(model, (scores = this.#read(model)));
    return scores;
  }

  #read(model: Model): Scores {
    const users = this.#users;
    const items = this.#items;
    if (model instanceof BilinearModel) {
      const { userFactors, itemFactors } = model;
      return {
        X: gathered(userFactors.cols, users, (p) => userFactors.row(p)),
        Y: gathered(itemFactors.cols, items, (p) => itemFactors.row(p)),
      };
    }
    const step = Math.max(1, users.length / WRITTEN_USERS);
    const some = Int32Array.from({ length: Math.min(users.length, WRITTEN_USERS) }, (_, n) => users[Math.floor(n * step)]);
    const row = (u: number): Float32Array => model.scorePairs(new Int32Array(items.length).fill(u), items, this.#retain.userItems);
    return { X: gathered(items.length, some, row), Y: null };
  }
}

/**
 * |S_x − S_gold| / |S_original − S_gold|: for models whose runs of one seed stay together, and those that draw nothing.
 * @param original and gold of the model's own seed.
 */
export function distanceLeft(space: ScoreSpace, x: Model, original: Model, gold: Model): Standing {
  const whole = space.distance(original, gold);
  const power = whole > ROUNDING * Math.sqrt(space.product(gold, gold));
  return { left: power ? space.distance(x, gold) / whole : null, z: null, power };
}

/** A model of a seed: where it is compared, originals and golds of the same seed are left out, whose chance it shares. */
export interface Seeded {
  readonly model: Model;
  readonly seed: number;
}

/** Whether there is a direction without the seed in question, and a deviation along it. */
export const enoughSeeds = (originals: readonly Seeded[], golds: readonly Seeded[]): boolean =>
  golds.length >= LEAST_GOLDS && originals.length >= 2;

/**
 * The projection of S_x on (mean original − mean gold): for gradient models, whose golds differ by chance more than
 * originals do from them. Needs three golds and two originals.
 */
export function projectionLeft(space: ScoreSpace, x: Seeded, originals: readonly Seeded[], golds: readonly Seeded[]): Standing {
  if (!enoughSeeds(originals, golds)) return { left: null, z: null, power: false };
  const along = (of: Seeded): number => {
    const [from, to] = [golds, originals].map((all) => all.filter(({ seed }) => seed !== of.seed).map(({ model }) => model));
    const product = (a: readonly Model[], b: readonly Model[]): number => mean(a.map((p) => mean(b.map((q) => space.product(p, q)))));
    const floor = product(from, from);
    const across = product(to, from);
    const gap = product(to, to) - 2 * across + floor;
    return (product([of.model], to) - product([of.model], from) - across + floor) / gap;
  };
  const ofGolds = golds.map(along);
  return standing(along(x), originals.map(along), ofGolds, deviationOf(ofGolds));
}

function gathered(width: number, positions: Int32Array, row: (p: number) => ArrayLike<number>): Rows {
  const values = new Float64Array(positions.length * width);
  positions.forEach((p, n) => values.set(row(p), n * width));
  return { width, values };
}

function minus(a: Rows, b: Rows): Rows {
  if (a.width !== b.width) throw new RangeError(`models to compare expected rows of one width, got ${a.width} and ${b.width}`);
  return { width: a.width, values: a.values.map((value, n) => value - b.values[n]) };
}

/** ⟨P Qᵀ, R Sᵀ⟩, and ⟨P, R⟩ where there is nothing to multiply with. */
function inner(P: Rows, Q: Rows | null, R: Rows, S: Rows | null): number {
  if (!Q || !S) return dot(P.values, R.values);
  return dot(gram(P, R), gram(Q, S));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}

/** AᵀB, [width of A × width of B]. */
function gram(A: Rows, B: Rows): Float64Array {
  const [a, b] = [A.width, B.width];
  const sums = new Float64Array(a * b);
  for (let at = 0, bt = 0; at < A.values.length; at += a, bt += b) {
    for (let i = 0; i < a; i++) {
      const x = A.values[at + i];
      for (let j = 0; j < b; j++) sums[i * b + j] += x * B.values[bt + j];
    }
  }
  return sums;
}
