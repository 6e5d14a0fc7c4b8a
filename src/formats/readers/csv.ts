// CSV, TSV and the like: a header names the columns; quoting after RFC 4180. MovieLens' `ratings.csv` is one.
import { findColumns, readTable } from '../columns.ts';
import type { Format } from '../format.ts';
import { delimiterOf } from '../text.ts';

export const csv = {
  name: 'csv',
  summary: 'CSV or TSV with a header that names user, item and perhaps value and time columns (ratings.csv)',
  header: true,
  detect(fileName, firstLines) {
    if (/\.(csv|tsv)$/.test(fileName)) return true;
    const header = firstLines[0]?.replace(/^\ufeff/, '');
    if (header === undefined) return false;
    return (
      findColumns(
        header.split(delimiterOf(header)).map((name) => name.replace(/^"(.*)"$/, '$1')),
        {},
      ) !== null
    );
  },
  read: readTable,
} satisfies Format;
