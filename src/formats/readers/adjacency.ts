// Adjacency lists, as LightGCN's and NBPO's data have them: a line a user, `user item item …`, no values.
// A user without items is kept: its position is needed where another part of the split mentions it.

import { idOf } from '../columns.ts';
import type { Format } from '../format.ts';
import { eachLine } from '../text.ts';

const words = (line: string): string[] => line.split(/[ \t]+/).filter((word) => word !== '');

export const adjacency = {
  name: 'adjacency',
  summary: 'adjacency lists: a line a user, `user item item …`',
  header: false,
  detect(fileName, firstLines) {
    if (fileName.endsWith('.adj')) return true;
    const lines = firstLines.filter((line) => line.trim() !== '');
    if (lines.length === 0 || lines.some((line) => /[,;:"\t]/.test(line)) || !lines.every((line) => /^\S+( \S+)* *$/.test(line)))
      return false;
    const counts = new Set(lines.map((line) => words(line).length));
    // Three or four columns in every line may as well be user, item, value and time: the caller has to say.
    return lines.length === 1 || counts.size > 1 || /^(train|valid|validation|val|test)\./.test(fileName);
  },
  async read({ source, chunks, builder, part }) {
    await eachLine(chunks, source, (line, number) => {
      const [user, ...items] = words(line);
      if (user === undefined) return;
      idOf(user, 'user', source, number);
      for (const item of items) idOf(item, 'item', source, number);
      if (items.length === 0) builder.addUser(user);
      for (const item of items) builder.add(user, item, 1, undefined, part);
    });
  },
} satisfies Format;
