// Single interactions that were forgotten, against held-out ones of the same users: how far each stands above the user's
// other items. The user and the item keep their rows, so there is nothing to fold in.

import type { Dataset } from '../data/dataset.ts';
import type { Partition } from '../forget/request.ts';
import type { Model } from '../model/model.ts';
import type { Signals } from './reconstruction.ts';
import { type Around, aliveIn, itemsOf } from './subjects.ts';

/** Forgotten pairs whose user and item both remain, and held-out pairs of the same users. */
export interface Pairs {
  readonly users: Int32Array;
  readonly forgotten: readonly Int32Array[];
  readonly heldOut: readonly Int32Array[];
  readonly retain: Dataset;
  readonly living: Int32Array;
}

export function pairsOf({ data, retain, entries }: Partition, { heldOut = [] }: Around): Pairs {
  const alive = { users: aliveIn(retain, 'users'), items: aliveIn(retain, 'items') };
  const gone = new Uint8Array(data.interactions);
  for (const entry of entries) gone[entry] = 1;
  const forgotten = data.filter((entry, user, item) => gone[entry] === 1 && alive.users[user] === 1 && alive.items[item] === 1);
  const held = heldOut.map(({ userItems }) => userItems);
  const users = Int32Array.from({ length: data.users.size }, (_, u) => u).filter((u) => forgotten.itemsOf(u).length > 0);
  return {
    users,
    forgotten: Array.from(users, (u) => forgotten.itemsOf(u)),
    heldOut: Array.from(users, (u) => Int32Array.from(held.flatMap((rows) => [...itemsOf(rows, u)])).filter((i) => alive.items[i] === 1)),
    retain,
    living: Int32Array.from(alive.items.keys()).filter((i) => alive.items[i] === 1),
  };
}

/** Each pair's score in standard deviations of the user's scores above their mean, over all items that are alive. */
export function pairMargins(model: Model, { users, forgotten, heldOut, retain, living }: Pairs): Signals {
  const members: number[] = [];
  const strangers: number[] = [];
  users.forEach((user, n) => {
    const ask = (items: Int32Array): Float32Array => model.scorePairs(new Int32Array(items.length).fill(user), items, retain.userItems);
    const all = ask(living);
    let sum = 0;
    let square = 0;
    for (const score of all) sum += score;
    const mean = sum / all.length;
    for (const score of all) square += (score - mean) * (score - mean);
    const deviation = Math.sqrt(square / all.length);
    const margin = (score: number): number => (deviation > 0 ? (score - mean) / deviation : 0);
    members.push(...Array.from(ask(forgotten[n]), margin));
    strangers.push(...Array.from(ask(heldOut[n]), margin));
  });
  return { members: Float64Array.from(members), strangers: Float64Array.from(strangers) };
}
