// CSV, TSV and the like: a header names the columns; quoting after RFC 4180. MovieLens' `ratings.csv` is one.
import { findColumns } from '../columns.ts';
import { type Format, OF_TABLES } from '../format.ts';
import { readTable } from '../table.ts';
import { delimiterOf, separatorLine } from '../text.ts';

export const csv = {
  name: 'csv',
  summary: 'CSV or TSV with a header that names user, item and perhaps value and time columns (ratings.csv)',
  takes: OF_TABLES,
  detect(fileName, firstLines) {
    if (/\.(csv|tsv)$/.test(fileName)) return true;
    const [first = '', second = ''] = firstLines;
    const header = separatorLine(first) === undefined ? first : second;
    return (
      findColumns(
        header.split(delimiterOf(header)).map((name) => name.replace(/^"(.*)"$/, '$1')),
        {},
      ) !== null
    );
  },
  read: (input) => readTable(input),
} satisfies Format;
