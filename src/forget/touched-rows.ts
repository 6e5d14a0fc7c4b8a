// What methods that go on with least squares share: the objective for factors that ALS did not train, the rows that a
// forget set touches, and the side to solve first.

import * as option from '../base/options.ts';
import { type LeastSquaresOptions, leastSquaresOptions, type Side } from '../least-squares/objective.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { type AlsOptions, als } from '../models/als.ts';
import type { Partition } from './request.ts';

/** The objective's options, all optional. */
export const foreignObjective = /* @__PURE__ */ option.declareOptions(() => {
  const { factors: _factors, seed: _seed, ...objective } = leastSquaresOptions;
  return Object.fromEntries(
    Object.entries(objective).map(([name, spec]) => [
      name,
      { ...spec, default: undefined, doc: `${spec.doc} For factors that ALS did not train; ALS models keep their own.` },
    ]),
  ) as { [K in keyof typeof objective]: option.Option<option.OptionsOf<typeof objective>[K] | undefined> };
});

/** An ALS model's own options, or for foreign factors those given, with ALS defaults. */
export function optionsFor(model: BilinearModel, given: Partial<Omit<LeastSquaresOptions, 'factors' | 'seed'>>): AlsOptions {
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  if (model.kind.capabilities.includes('leastSquares')) {
    if (named.length > 0)
      throw new RangeError(`"${named[0][0]}" is the model's own: an ALS model is unlearned under the objective that trained it`);
    return model.options as AlsOptions;
  }
  return option.resolveOptions('als', als.options, { ...Object.fromEntries(named), factors: model.userFactors.cols });
}

/**
 * Remaining rows that lose a cell. A deleted user's cells touch items only: their users' rows are solved already for
 * item rows that have not moved yet; a deleted item's touch users only.
 */
export function touchedRows({ data, users, items, entries }: Partition): { users: Int32Array; items: Int32Array } {
  const { indptr, indices } = data.userItems;
  const userGone = flags(data.users.size, users);
  const itemGone = flags(data.items.size, items);
  const userTouched = new Uint8Array(data.users.size);
  const itemTouched = new Uint8Array(data.items.size);
  let user = 0;
  for (const e of entries) {
    while (e >= indptr[user + 1]) user++;
    if (!userGone[user]) userTouched[user] = 1;
    if (!itemGone[indices[e]]) itemTouched[indices[e]] = 1;
  }
  return { users: positions(userTouched), items: positions(itemTouched) };
}

/**
 * The side to solve first, so that what is forgotten has no direct influence left after one pass: a deleted user lives
 * on in item rows only, so items go first; else users (an items-first half sweep would repeat what is already solved).
 */
export function firstSide({ users, items, data, entries }: Partition): Side {
  const { indptr } = data.userItems;
  let ofUsers = 0;
  for (const user of users) ofUsers += indptr[user + 1] - indptr[user];
  return items.length === 0 && users.length > 0 && ofUsers === entries.length ? 'items' : 'users';
}

/** 1 at the listed positions. */
export function flags(size: number, listed: Int32Array): Uint8Array {
  const set = new Uint8Array(size);
  for (const position of listed) set[position] = 1;
  return set;
}

const positions = (set: Uint8Array): Int32Array => {
  const list: number[] = [];
  for (let p = 0; p < set.length; p++) if (set[p]) list.push(p);
  return Int32Array.from(list);
};
