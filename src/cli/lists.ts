// Lists on the command line and in files. Ids are taken exactly as they are given.

import { DataError } from '../base/errors.ts';
import { nodePlatform } from '../files/node-files.ts';
import { plainChunks } from '../formats/bytes.ts';
import { delimiterOf, eachLine, eachRecord } from '../formats/text.ts';
import { noteInput } from './files.ts';
import type { Arguments } from './flags.ts';
import { UsageError } from './usage.ts';

/** The fields of a comma-separated list, quoted as in CSV where a field holds a comma. */
export async function listOf(flag: string, text: string): Promise<string[]> {
  const records: (readonly string[])[] = [];
  try {
    await eachRecord(
      plainChunks({ name: flag, chunks: text }),
      flag,
      (record) => records.push(record),
      () => ',',
    );
  } catch (error) {
    throw error instanceof DataError ? new UsageError(error.message) : error;
  }
  if (records.length !== 1 || records[0].includes(''))
    throw new UsageError(`${flag} expected a list separated by commas, got ${JSON.stringify(text)}`);
  return [...records[0]];
}

export const COLUMN_FLAG = {
  name: 'column',
  takes: 'NAME',
  doc: 'In files of ids (@FILE) with several columns or a header: the column of the ids, by name, or by number from 1 without a header.',
} as const;

/** Ids from a list, or from a file that is named with an `@`. @param column of such a file, as `--column` says. */
export async function idsOf(flag: string, text: string, column?: string): Promise<string[]> {
  if (!text.startsWith('@')) return listOf(flag, text);
  return column === undefined ? linesIn(text.slice(1)) : columnIn(text.slice(1), column);
}

/** Ids of a flag that may be given several times; undefined where it is not. */
export async function idsGiven(args: Arguments, flag: string): Promise<string[] | undefined> {
  if (!args.has(flag)) return undefined;
  const ids: string[] = [];
  for (const text of args.all(flag)) for (const id of await idsOf(`--${flag}`, text, args.text('column'))) ids.push(id);
  return ids;
}

/** One column of a table: by the name that its first line gives it, or by number from 1 where no line names them. */
async function columnIn(path: string, column: string): Promise<string[]> {
  const ids: string[] = [];
  let at = /^[1-9]\d*$/.test(column) ? Number(column) - 1 : -1;
  await eachRecord(
    fileChunks(path),
    path,
    (fields, line) => {
      if (at < 0) {
        at = fields.indexOf(column);
        if (at >= 0) return;
        const there = fields.map((name) => JSON.stringify(name)).join(', ');
        throw new DataError(`expected a header with the column ${JSON.stringify(column)} (--column), found ${there}`, {
          source: path,
          line,
        });
      }
      const id = fields[at];
      if (id === undefined)
        throw new DataError(`expected a column ${column} (--column), found ${fields.length} fields`, { source: path, line });
      if (id === '') throw new DataError(`expected an id in the column ${column} (--column), found none`, { source: path, line });
      ids.push(id);
    },
    delimiterOf,
  );
  if (ids.length === 0) throw new DataError(`expected ids in the column ${column} (--column), found none`, { source: path });
  return ids;
}

/** A table with a header, as records by column, each with its line. */
export async function recordsIn(
  path: string,
): Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }> {
  let columns: readonly string[] | undefined;
  const rows: (readonly string[])[] = [];
  await eachRecord(
    fileChunks(path),
    path,
    (fields, line) => {
      if (!columns) columns = fields;
      else if (fields.length === columns.length) rows.push(fields);
      else throw new DataError(`expected ${columns.length} fields, as the header has, found ${fields.length}`, { source: path, line });
    },
    delimiterOf,
    { latin1: true },
  );
  if (!columns) throw new DataError('expected a table with a header, found nothing', { source: path });
  return { columns, rows };
}

/** One id per line, whatever characters it holds. */
export async function linesIn(path: string): Promise<string[]> {
  const ids: string[] = [];
  await eachLine(fileChunks(path), path, (line) => {
    if (line !== '') ids.push(line);
  });
  if (ids.length === 0) throw new DataError('expected one id per line, found none', { source: path });
  return ids;
}

/** `user,item` or tab-separated per line, quoted as in CSV. */
export async function pairsIn(path: string): Promise<[user: string, item: string][]> {
  const pairs: [string, string][] = [];
  await eachRecord(
    fileChunks(path),
    path,
    (fields, line) => {
      if (fields.length !== 2)
        throw new DataError(`expected a user and an item separated by a comma or a tab, found ${fields.length} fields`, {
          source: path,
          line,
        });
      if (fields.includes('')) throw new DataError('expected a user and an item, found an empty field', { source: path, line });
      pairs.push([fields[0], fields[1]]);
    },
    (first) => (first.includes('\t') ? '\t' : ','),
  );
  if (pairs.length === 0) throw new DataError('expected a user and an item per line, found none', { source: path });
  return pairs;
}

function fileChunks(path: string): AsyncGenerator<Uint8Array> {
  noteInput(path);
  return plainChunks({ name: path, chunks: () => nodePlatform.openFile(path) });
}
