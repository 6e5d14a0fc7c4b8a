// Adjacency lists, as LightGCN's and NBPO's data have them: a line a user, `user item item …`, no values.
// A user without items is kept: its position is needed where another part of the split mentions it.

import { isCanonicalInteger } from '../../data/ids.ts';
import { idOf } from '../columns.ts';
import { type Format, OF_TEXT } from '../format.ts';
import { eachLine } from '../text.ts';

/** Files of a split. */
const PART_NAME = /^(train|valid|validation|val|test)\./;

const words = (line: string): string[] => line.split(/[ \t]+/).filter((word) => word !== '');

export const adjacency = {
  name: 'adjacency',
  summary: 'adjacency lists: a line a user, `user item item …`',
  takes: OF_TEXT,
  detect(fileName, firstLines) {
    if (fileName.endsWith('.adj')) return true;
    const rows = firstLines.filter((line) => line.trim() !== '').map(words);
    // Numbers, a line a user, no item twice: anything else separated by blanks may be prose, or a table of some columns.
    const numbers = rows.every((row) => row.every(isCanonicalInteger));
    if (rows.length === 0 || !numbers || new Set(rows.map(([user]) => user)).size < rows.length) return false;
    if (rows.some(([, ...items]) => new Set(items).size < items.length)) return false;
    const widths = new Set(rows.map((row) => row.length));
    if (widths.size > 1) return rows.some((row) => row.length > 2);
    // As many in each line: three or four may as well be user, item, value and time; so the caller has to say.
    const [width] = widths;
    return width > 4 || (width === 2 && PART_NAME.test(fileName));
  },
  async read({ source, chunks, builder, part, note }) {
    note('a line a user, then items, all values 1, no time');
    await eachLine(chunks, source, (line, number) => {
      const [user, ...items] = words(line);
      if (user === undefined) return;
      idOf(user, 'user', source, number);
      for (const item of items) idOf(item, 'item', source, number);
      if (items.length === 0) builder.addUser(user);
      for (const item of items) builder.add(user, item, 1, undefined, part);
    });
    return undefined;
  },
} satisfies Format;
