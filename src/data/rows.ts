// The interactions of a data set one by one, in the user's words.
import type { SparseRows } from '../wasm/tensor.ts';
import type { IdTable } from './ids.ts';

/** Names of the parts of a split, by their numbers. */
export const PART_NAMES = ['train', 'validation', 'test', 'unseen'] as const;

/** One interaction. */
export interface DatasetRow {
  readonly user: string;
  readonly item: string;
  readonly value: number;
  /** Seconds since 1970, or what else the source orders by; absent where it has no times. */
  readonly time?: number;
  /** Absent where the source brings no split. */
  readonly part?: (typeof PART_NAMES)[number];
}

interface Rows {
  readonly users: IdTable;
  readonly items: IdTable;
  readonly userItems: SparseRows;
  readonly times?: Float64Array;
  readonly parts?: Uint8Array;
}

export function* rowsOf({ users, items, userItems, times, parts }: Rows): Generator<DatasetRow, void> {
  const { rows, indptr, indices, data } = userItems;
  for (let u = 0; u < rows; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      yield {
        user: users.at(u)!,
        item: items.at(indices[e])!,
        value: data[e],
        ...(times && { time: times[e] }),
        ...(parts && { part: PART_NAMES[parts[e]] }),
      };
    }
  }
}
