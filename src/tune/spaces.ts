// What a search tries: for each kind of model the values that its options may take, and how long a trial trains. A kind's
// options that are not named here stay at their defaults. Values lie on grids, so that they are the same numbers everywhere.
import type { OptionValue } from '../base/options.ts';

/** The values of an option. */
export interface Axis {
  readonly values: readonly OptionValue[];
  /** Another option and the value without which this one means nothing. */
  readonly when?: readonly [option: string, value: OptionValue];
}

/** What is searched for a kind. */
export interface Space {
  readonly axes: Readonly<Record<string, Axis>>;
  /** The option that says how long a training is, and the longest of the search: first trials take a part of it. */
  readonly effort?: { readonly option: string; readonly full: number };
}

/** Four values to a decade, from 10^from up to 10^to. */
export function decades(from: number, to: number): number[] {
  const values: number[] = [];
  for (let exponent = from; exponent < to; exponent++) {
    for (const digits of ['1', '1.8', '3.2', '5.6']) values.push(Number(`${digits}e${exponent}`));
  }
  return [...values, Number(`1e${to}`)];
}

/** By kind. A kind that is not here is trained once, by its defaults. */
export const SPACES: Readonly<Record<string, Space>> = /* @__PURE__ */ spaces();

function spaces(): Readonly<Record<string, Space>> {
  const widths: Axis = { values: [32, 64, 128] };
  const penalty: Axis = { values: decades(-5, -1) };
  const layers: Axis = { values: [1, 2, 3] };
  const neighbors: Axis = { values: [5, 10, 20] };
  const gradient = (axes: Readonly<Record<string, Axis>>): Space => ({
    axes: { factors: widths, learningRate: { values: decades(-4, -2) }, ...axes },
    effort: { option: 'epochs', full: 200 },
  });
  return Object.freeze({
    als: {
      axes: {
        objective: { values: ['ials', 'implicit'] },
        factors: widths,
        regularization: { values: decades(-4, 1) },
        unobservedWeight: { values: decades(-2, 0), when: ['objective', 'ials'] },
        frequencyExponent: { values: [0.5, 1], when: ['objective', 'ials'] },
        alpha: { values: decades(0, 2), when: ['objective', 'implicit'] },
      },
      effort: { option: 'iterations', full: 15 },
    },
    ease: { axes: { regularization: { values: decades(0, 4) } } },
    'item-knn': {
      axes: {
        neighbors: { values: [20, 50, 100, 200, 400] },
        weighting: { values: ['cosine', 'tfidf', 'bm25'] },
        shrinkage: { values: [0, ...decades(0, 2)] },
        k1: { values: [0.5, 0.8, 1.2, 2, 4, 10], when: ['weighting', 'bm25'] },
        b: { values: [0, 0.25, 0.5, 0.75, 1], when: ['weighting', 'bm25'] },
      },
    },
    bpr: gradient({ regularization: { values: decades(-3, 0) }, negatives: { values: [1, 2, 4] } }),
    lightgcn: gradient({ regularization: penalty, layers }),
    vbpr: gradient({ regularization: { values: decades(-3, 0) } }),
    freedom: gradient({ regularization: { values: [0, ...decades(-5, -2)] }, layers, neighbors }),
    bm3: gradient({ regularization: { values: decades(-2, 0) }, layers, dropout: { values: [0.3, 0.5, 0.7] } }),
    mgcn: gradient({ regularization: penalty, layers, contrast: { values: decades(-3, 0) } }),
    cm3: gradient({ layers, neighbors, uniformity: { values: [0.5, 0.7, 0.9, 1.1] } }),
    lirdrec: gradient({ regularization: penalty, layers, neighbors }),
    slmrec: gradient({ layers, temperature: { values: [0.1, 0.2, 0.4] }, contrast: { values: decades(-3, 0) } }),
    lattice: gradient({ regularization: penalty, layers, neighbors }),
  } satisfies Record<string, Space>);
}

/** Values of a space's options, by name, without those that mean nothing beside the others. */
export type Point = Readonly<Record<string, OptionValue>>;

/** A point from an index into each axis. @param fixed options that are given, and no longer searched. */
export function pointAt(space: Space, indices: ReadonlyMap<string, number>, fixed: Point): Point {
  const point: Record<string, OptionValue> = { ...fixed };
  for (const [name, { values }] of openAxes(space, fixed)) point[name] = values[indices.get(name)!];
  for (const [name, { when }] of openAxes(space, fixed)) {
    if (when && when[0] in point && point[when[0]] !== when[1]) delete point[name];
  }
  return point;
}

/** The axes that are not fixed. */
export const openAxes = (space: Space, fixed: Point): [name: string, axis: Axis][] =>
  Object.entries(space.axes).filter(([name]) => fixed[name] === undefined);
