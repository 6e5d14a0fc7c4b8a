// The `.inter` table of MMRec and RecBole: tab-separated with a header, typed (`user_id:token`) or not;
// `x_label` 0, 1, 2 puts a row into train, validation, test.
import { readTable } from '../columns.ts';
import type { Format } from '../format.ts';

export const inter = {
  name: 'inter',
  summary: 'MMRec and RecBole .inter, typed headers (name:token) too; x_label 0/1/2 = train/validation/test',
  header: true,
  detect(fileName, firstLines) {
    return fileName.endsWith('.inter') || /(^|\t)(x_label|\w+:(token|float)(_seq)?)(\t|$)/.test(firstLines[0] ?? '');
  },
  read: readTable,
} satisfies Format;
