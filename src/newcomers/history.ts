// What somebody has had who is not in a model, as rows of positions.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { Model } from '../model/model.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/** One interaction of a history: the item's id, or with the value that it has (default 1). */
export type HistoryEntry = string | { readonly item: string; readonly value?: number };

/** What somebody has interacted with, in any order; an item that occurs twice counts once, with its last value. */
export type History = readonly HistoryEntry[];

/** Whether a value below or at zero means something to the model's objective. */
function takesDislikes({ options }: Model): boolean {
  return options.objective === 'explicit' || options.confidence === true;
}

/**
 * The histories over the model's items, a row for each.
 * @param ignoreUnknown leave out items that the model does not know, instead of refusing.
 * @throws DataError that names an item which the model does not know; TypeError, RangeError for what is no history.
 */
export function historyRows(model: Model, histories: readonly History[], ignoreUnknown: boolean): SparseRows {
  const indptr = new Int32Array(histories.length + 1);
  const indices: number[] = [];
  const data: number[] = [];
  histories.forEach((history, n) => {
    const at = new Map<number, number>();
    for (const entry of check.array('history', history)) {
      if (typeof entry !== 'string') check.knownKeys('an entry of a history', entry, ['item', 'value']);
      const { item, value = 1 } = typeof entry === 'string' ? { item: entry } : entry;
      const position = model.items.indexOf(check.string('item', item));
      check.number('value', value);
      if (!(value > 0) && !takesDislikes(model))
        throw new RangeError(
          `"value" of item ${check.describe(item)} expected a number above 0, got ${value}: a model of kind "${model.kind.name}" takes ` +
            'every entry for a like; leave out what is none',
        );
      if (position >= 0) at.set(position, value);
      else if (!ignoreUnknown)
        throw new DataError(`item ${JSON.stringify(item)} is not in the model; leave it out of the history, or ignore unknown ones`);
    }
    for (const position of Int32Array.from(at.keys()).sort()) {
      indices.push(position);
      data.push(at.get(position)!);
    }
    indptr[n + 1] = indices.length;
  });
  return { rows: histories.length, cols: model.items.size, indptr, indices: Int32Array.from(indices), data: Float32Array.from(data) };
}
