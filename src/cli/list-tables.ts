// Ranked lists for many, as a table or a file: a row for each place of a list.

import type { FileContent } from '../files/whole-files.ts';
import type { Recommended } from '../model/recommend.ts';
import { type Row, type TableColumn, type TableKind, tableContent } from './table-files.ts';

/** What somebody, or something, is given. */
export interface NamedList {
  readonly of: string;
  readonly items: readonly Recommended[];
}

/** Rows that are written together. */
const ROWS_AT_ONCE = 4096;

/** The lists' file, made while they are found. @param what whom or what the lists are of, as the first column is called. */
export function listsContent(
  kind: TableKind,
  what: 'user' | 'item',
  titled: boolean,
  lists: AsyncIterable<NamedList>,
): Promise<FileContent> {
  const columns: TableColumn[] = [
    { name: what, type: 'text' },
    { name: 'rank', type: 'whole' },
    { name: what === 'user' ? 'item' : 'similar', type: 'text' },
    { name: 'score', type: 'single' },
    ...(titled ? [{ name: 'title', type: 'text', sparse: true } as const] : []),
    ...(what === 'user' ? [{ name: 'cold', type: 'yes', sparse: true } as const] : []),
  ];
  return tableContent(kind, columns, rowBlocks(what, titled, lists));
}

async function* rowBlocks(what: 'user' | 'item', titled: boolean, lists: AsyncIterable<NamedList>): AsyncGenerator<Row[]> {
  let rows: Row[] = [];
  for await (const { of, items } of lists) {
    items.forEach(({ item, score, title, cold }, n) => {
      rows.push([of, n + 1, item, score, ...(titled ? [title] : []), ...(what === 'user' ? [cold] : [])]);
    });
    if (rows.length < ROWS_AT_ONCE) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}
