// MovieLens files without a header: `u.data` (tabs) and `ratings.dat` (two colons): user, item, rating and perhaps time.
// Any text of that shape is read too. Fields are never quoted.

import { DataError } from '../../base/errors.ts';
import { fieldCount, finite, finiteValue, idOf } from '../columns.ts';
import type { Format } from '../format.ts';
import { PlainRows } from '../plain-rows.ts';
import { eachLine } from '../text.ts';

const delimiterIn = (line: string): string => (line.includes('\t') ? '\t' : '::');
const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

export const movielens = {
  name: 'movielens',
  summary: 'MovieLens u.data (tabs) and ratings.dat (::): user, item, value and perhaps time, no header',
  header: false,
  detect(fileName, firstLines) {
    if (/^(u\.data|u[1-5ab]\.(base|test)|ratings\.dat)$/.test(fileName)) return true;
    const lines = firstLines.filter((line) => line !== '');
    return (
      lines.length > 0 &&
      lines.every((line) => {
        const fields = line.split(delimiterIn(line));
        return (fields.length === 3 || fields.length === 4) && fields.slice(2).every(isNumber);
      })
    );
  },
  async read({ source, chunks, builder, part }) {
    let delimiter = '';
    let width = 0;
    let plain: PlainRows | undefined;
    await eachLine(
      chunks,
      source,
      (line, number) => {
        if (line === '') return;
        delimiter ||= delimiterIn(line);
        const fields = line.split(delimiter);
        if (width === 0) {
          width = fields.length;
          if (width !== 3 && width !== 4) {
            throw new DataError(`expected user, item, value and perhaps time separated by tabs or "::", found ${width} fields`, {
              source,
              line: number,
            });
          }
          const columns = { user: 0, item: 1, value: 2, time: width === 4 ? 3 : -1, part: -1 };
          plain = new PlainRows({ builder, columns, width, delimiter, quotes: false, part });
        }
        fieldCount(fields.length, width, source, number);
        builder.add(
          idOf(fields[0], 'user', source, number),
          idOf(fields[1], 'item', source, number),
          finiteValue(fields[2], source, number),
          width === 4 ? finite(fields[3], 'time', source, number) : undefined,
          part,
        );
      },
      { quick: (bytes, begin) => (plain ? plain.take(bytes, begin) : -1) },
    );
  },
} satisfies Format;
