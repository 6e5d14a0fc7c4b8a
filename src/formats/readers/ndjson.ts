// A JSON object a line (NDJSON, JSON Lines). Keys are columns, those of nested objects by their path: `user.id`.
import * as check from '../../base/check.ts';
import { DataError, type DataPlace } from '../../base/errors.ts';
import type { Format } from '../format.ts';
import { NamedRows, namesIn, valueAt } from '../named-rows.ts';
import { eachLine, firstLines } from '../text.ts';

export const ndjson = {
  name: 'ndjson',
  summary: 'a JSON object a line; keys name columns, nested ones by their path (user.id)',
  takes: ['columns', 'likes'],
  detect(fileName, [first = '']) {
    return /\.(ndjson|jsonl|jsonlines)$/.test(fileName) || /^\s*\{\s*"/.test(first);
  },
  async read(input) {
    const { source, chunks, head } = input;
    const sample = firstLines(head, 80)
      .map((line, n) => [line.replace(/^\ufeff/, ''), n + 1] as const)
      .filter(([line]) => line.trim() !== '')
      .map(([line, number]) => objectIn(line, { source, line: number }));
    if (sample.length === 0) return undefined;
    // Not every object has every key.
    const names = [...new Set(sample.flatMap((record) => namesIn(record)))];
    const rows = new NamedRows(
      input,
      names,
      sample.map((record) => names.map((name) => valueAt(record, name))),
      { source, line: 1 },
    );
    await eachLine(chunks, source, (line, number) => {
      if (line.trim() === '') return;
      const place = { source, line: number };
      const record = objectIn(line, place);
      rows.take(
        (column) => valueAt(record, names[column]),
        () => place,
      );
    });
    return rows.layout;
  },
} satisfies Format;

function objectIn(line: string, place: DataPlace): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new DataError(`expected a JSON object on the line (${(error as Error).message})`, place);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new DataError(`expected a JSON object on the line, found ${check.describe(value)}`, place);
}
