// Lists on the command line and in files. Ids are taken exactly as they are given.

import { DataError } from '../base/errors.ts';
import { nodePlatform } from '../files/node-files.ts';
import { plainChunks } from '../formats/bytes.ts';
import { eachLine, eachRecord } from '../formats/text.ts';
import { noteInput } from './files.ts';
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

/** Ids from a list, or from a file that is named with an `@`. */
export async function idsOf(flag: string, text: string): Promise<string[]> {
  return text.startsWith('@') ? linesIn(text.slice(1)) : listOf(flag, text);
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
