// Reads tables of delimited text row by row, with a header or without, whatever the delimiter.

import { DataError } from '../base/errors.ts';
import { utf8 } from '../base/host.ts';
import type { DatasetBuilder } from '../data/builder.ts';
import { PART } from '../data/dataset.ts';
import { passes } from '../data/likes.ts';
import type { Chunks } from './bytes.ts';
import { fieldCount, idOf } from './columns.ts';
import { BLANKS, describeLayout, type Layout, layoutOf, SAMPLED, type Said } from './layout.ts';
import { type Decimal, finite, finiteValue, showComma, timeIn } from './numbers.ts';
import type { Packages } from './packages.ts';
import { PlainRows } from './plain-rows.ts';
import { delimiterOf, eachLine, eachRecord, firstLines, separatorLine } from './text.ts';

/** What a format's reader is given. */
export interface ReadInput {
  /** The name that messages use. */
  readonly source: string;
  readonly chunks: Chunks;
  /** The first bytes, to find the layout in. */
  readonly head: Uint8Array;
  readonly said: Said;
  readonly builder: DatasetBuilder;
  /** The PART that the file's name says; else what the rows say. */
  readonly part?: number;
  /** Told which columns were taken for what. */
  readonly note: (text: string) => void;
  /** Lets other work run, and an abort through; readers of streams have it between chunks. */
  readonly pause: () => Promise<void>;
  /** Packages that the caller has loaded, by name. */
  readonly packages?: Packages;
}

/** How a format's tables differ. */
export interface TableStyle {
  /** Whether a double quote has a meaning. */
  readonly quotes: boolean;
  /** Whether the first line is a row where nothing else is said. */
  readonly headless: boolean;
  /** Fewest columns of a table whose columns are neither named nor numbered. */
  readonly fewest: number;
  /** The delimiter that a first line uses. */
  readonly delimiterOf: (firstLine: string) => string;
}

/** Tables whose first line names the columns, quoted after RFC 4180. */
export const HEADED: TableStyle = { quotes: true, headless: false, fewest: 2, delimiterOf };

/** @returns the layout that was found; undefined where there is nothing. @throws DataError that names the line. */
export async function readTable(input: ReadInput, style: TableStyle = HEADED): Promise<Layout | undefined> {
  const { source, chunks, head, said, builder, part, note } = input;
  const sample = await sampled(head, said, style);
  if (!sample) return undefined;
  const { records, line, delimiter } = sample;
  const layout = layoutOf(records, delimiter, said, style, { source, line });
  const decimal = said.decimal ?? decimalIn(records, layout);
  note(describeLayout(layout) + (decimal === 'comma' ? '; decimal commas' : ''));
  const { at, width } = layout;
  const { likes } = said;
  const quotes = style.quotes && delimiter !== BLANKS;
  const plain = new PlainRows({ builder, columns: at, width, delimiter, blanks: delimiter === BLANKS, quotes, part, likes, decimal });
  let ahead = sample.skipped + (layout.names ? 1 : 0);
  // The first line of all goes the slow way, which drops a byte-order mark.
  let begun = false;
  const quick = (bytes: Uint8Array, begin: number): number => (begun && ahead === 0 ? plain.take(bytes, begin) : -1);
  const row = (fields: readonly string[], line: number): void => {
    begun = true;
    if (ahead > 0) {
      ahead--;
      return;
    }
    fieldCount(fields.length, width, source, line);
    const user = idOf(fields[at.user], 'user', source, line);
    const item = idOf(fields[at.item], 'item', source, line);
    const value = at.value < 0 ? undefined : finiteValue(fields[at.value], source, line, decimal);
    const time = at.time < 0 ? undefined : timeIn(fields[at.time], source, line, decimal);
    const label = part ?? (at.part < 0 ? undefined : partOf(fields[at.part], source, line));
    if (at.like < 0 || passes(likes!, finite(fields[at.like], likes!.column, source, line, decimal)))
      builder.add(user, item, value, time, label);
    else {
      // Who is known stays known, whether they like anything or not.
      builder.addUser(user);
      builder.addItem(item);
    }
  };
  if (quotes) await eachRecord(chunks, source, row, () => delimiter, { quick });
  else {
    const visit = (line: string, number: number): void => {
      const fields = fieldsOf(line, delimiter);
      if (fields.length > 0) row(fields, number);
    };
    await eachLine(chunks, source, visit, { quick });
  }
  return layout;
}

/** The fields of a line without quotes; none of an empty one. */
function fieldsOf(line: string, delimiter: string): string[] {
  if (delimiter === BLANKS) return line.split(/[ \t]+/).filter((word) => word !== '');
  return line === '' ? [] : line.split(delimiter);
}

/** Semicolons stand between fields where commas stand in numbers. */
function decimalIn(records: readonly (readonly string[])[], { at, delimiter, names }: Layout): Decimal {
  if (delimiter !== ';') return 'point';
  const rows = names ? records.slice(1) : records;
  const columns = [at.value, at.like].filter((column) => column >= 0);
  return columns.some((column) => showComma(rows.map((row) => row[column] ?? ''))) ? 'comma' : 'point';
}

/** The first records, the line that they begin at, and how many records before them are none. */
async function sampled(
  head: Uint8Array,
  { delimiter: said }: Said,
  style: TableStyle,
): Promise<{ records: (readonly string[])[]; line: number; delimiter: string; skipped: number } | undefined> {
  const lines = firstLines(head, SAMPLED * 4).map((line, n) => (n === 0 ? line.replace(/^\ufeff/, '') : line));
  let from = lines.findIndex((line) => line !== '');
  if (from < 0) return undefined;
  const separator = style.quotes ? separatorLine(lines[from]) : undefined;
  const skipped = separator === undefined ? 0 : 1;
  from += skipped;
  while (skipped > 0 && lines[from] === '') from++;
  if (from >= lines.length) return undefined;
  const delimiter = said ?? separator ?? style.delimiterOf(lines[from]);
  const records: (readonly string[])[] = [];
  if (!style.quotes || delimiter === BLANKS) {
    for (const line of lines.slice(from)) if (fieldsOf(line, delimiter).length > 0) records.push(fieldsOf(line, delimiter));
  } else {
    const text = utf8(lines.slice(from).join('\n'));
    // What is looked at may end within a quoted field: the reader will tell whether the data do.
    const stop = (error: unknown): void => {
      if (records.length === 0) throw error;
    };
    await eachRecord(
      (async function* () {
        yield text;
      })(),
      '',
      (fields) => records.push(fields),
      () => delimiter,
    ).catch(stop);
  }
  return records.length === 0 ? undefined : { records: records.slice(0, SAMPLED), line: from + 1, delimiter, skipped };
}

function partOf(label: string, source: string, line: number): number {
  if (label === '0') return PART.train;
  if (label === '1') return PART.validation;
  if (label === '2') return PART.test;
  if (label === '3') return PART.unseen;
  throw new DataError(`expected 0 (train), 1 (validation), 2 (test) or 3 (unseen) as x_label, found ${JSON.stringify(label)}`, {
    source,
    line,
  });
}
