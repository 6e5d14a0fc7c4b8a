// Ids outside, positions inside: what a request's ids are to a model.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { IdTable } from '../data/ids.ts';

/** 1 for items that may be ranked; undefined where all may. @throws DataError for ids that the model does not know. */
export function allowedItems(
  items: IdTable,
  { exclude = [], candidates }: { readonly exclude?: readonly string[]; readonly candidates?: readonly string[] },
): Uint8Array | undefined {
  const wanted = check.array('candidates', candidates ?? []);
  const unwanted = check.array('exclude', exclude);
  if (!candidates && unwanted.length === 0) return undefined;
  const allowed = new Uint8Array(items.size).fill(candidates ? 0 : 1);
  for (const id of wanted) allowed[positionOf('item', items, id)] = 1;
  for (const id of unwanted) allowed[positionOf('item', items, id)] = 0;
  return allowed;
}

/** @throws DataError that names an id which the model does not know. */
export function positionOf(what: 'user' | 'item', table: IdTable, id: string): number {
  const position = table.indexOf(check.string(what, id));
  if (position < 0) throw new DataError(`${what} ${JSON.stringify(id)} is not in the model`);
  return position;
}
