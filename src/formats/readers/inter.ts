// The `.inter` table of MMRec and RecBole: tab-separated with a header, typed (`user_id:token`) or not;
// `x_label` 0, 1, 2, 3 puts a row into train, validation, test, unseen.
import { type Format, OF_TABLES } from '../format.ts';
import { readTable } from '../table.ts';

export const inter = {
  name: 'inter',
  summary: 'MMRec and RecBole .inter, typed headers (name:token) too; x_label 0/1/2/3 = train/validation/test/unseen',
  takes: OF_TABLES,
  detect(fileName, firstLines) {
    return fileName.endsWith('.inter') || /(^|\t)(x_label|\w+:(token|float)(_seq)?)(\t|$)/.test(firstLines[0] ?? '');
  },
  read: (input) => readTable(input),
} satisfies Format;
