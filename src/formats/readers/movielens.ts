// MovieLens files without a header: `u.data` (tabs) and `ratings.dat` (two colons): user, item, rating and perhaps time.
// Any text of that shape is read too. Fields are never quoted.

import { isoSeconds } from '../../data/iso-time.ts';
import { type Format, OF_TABLES } from '../format.ts';
import { readTable, type TableStyle } from '../table.ts';

const delimiterIn = (line: string): string => (line.includes('\t') ? '\t' : '::');
const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));
const isTime = (text: string): boolean => isNumber(text) || !Number.isNaN(isoSeconds(text));

/** Without quotes and without a header. */
const PLAIN: TableStyle = { quotes: false, headless: true, fewest: 3, delimiterOf: delimiterIn };

export const movielens = {
  name: 'movielens',
  summary: 'MovieLens u.data (tabs) and ratings.dat (::): user, item, value and perhaps time, no header',
  takes: OF_TABLES,
  detect(fileName, firstLines) {
    if (/^(u\.data|u[1-5ab]\.(base|test)|ratings\.dat)$/.test(fileName)) return true;
    const lines = firstLines.filter((line) => line !== '');
    return (
      lines.length > 0 &&
      lines.every((line) => {
        const fields = line.split(delimiterIn(line));
        return (fields.length === 3 || fields.length === 4) && isNumber(fields[2]) && (fields.length === 3 || isTime(fields[3]));
      })
    );
  },
  read: (input) => readTable(input, PLAIN),
} satisfies Format;
