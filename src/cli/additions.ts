// What `lethe learn` reads: any file of interactions that `train` reads, or NDJSON, a line each for an interaction, a user or an item.

import { createReadStream } from 'node:fs';
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { plainChunks, wholeBytes } from '../formats/bytes.ts';
import { eachLine } from '../formats/text.ts';
import type { AddedInteraction, Additions } from '../learn/additions.ts';
import type { StoreState } from '../store/state.ts';
import type { Context } from './command.ts';
import { openData } from './data.ts';
import { noteInput } from './files.ts';

/** Additions, and where each interaction was said. */
export interface ReadAdditions {
  readonly additions: Additions;
  readonly lines?: readonly number[];
}

export async function readAdditions(context: Context, path: string, { model, parts }: StoreState): Promise<ReadAdditions> {
  if (/\.(ndjson|jsonl)(\.gz)?$/i.test(path)) return ndjson(path, () => fileChunks(path));
  if (path === '-') {
    const bytes = await wholeBytes(process.stdin);
    if (firstLetter(bytes) === '{') return ndjson('standard input', () => bytes);
    return { additions: ofData(await openData(context, path, model, bytes), parts.train) };
  }
  return { additions: ofData(await openData(context, path, model), parts.train) };
}

const firstLetter = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().slice(0, 1);

function fileChunks(path: string): AsyncIterable<Uint8Array> {
  noteInput(path);
  return createReadStream(path);
}

/** Times are left out where the store has none. */
function ofData(data: Dataset, { times: timed }: Dataset): Additions {
  const { rows, indptr, indices, data: values } = data.userItems;
  const interactions: AddedInteraction[] = [];
  for (let u = 0; u < rows; u++)
    for (let e = indptr[u]; e < indptr[u + 1]; e++)
      interactions.push({
        user: data.users.at(u)!,
        item: data.items.at(indices[e])!,
        value: values[e],
        ...(timed && data.times && { time: data.times[e] }),
      });
  const titles = Object.fromEntries(Array.from(data.titles, ([item, title]) => [data.items.at(item)!, title]));
  return { interactions, ...(data.titles.size > 0 && { titles }) };
}

const KEYS = ['user', 'item', 'value', 'time', 'title', 'features'];

async function ndjson(source: string, chunks: () => AsyncIterable<Uint8Array> | Uint8Array): Promise<ReadAdditions> {
  const interactions: AddedInteraction[] = [];
  const lines: number[] = [];
  const users: string[] = [];
  const items: string[] = [];
  const titles: Record<string, string> = Object.create(null);
  const features: Record<string, Record<string, number[]>> = Object.create(null);
  await eachLine(plainChunks({ name: source, chunks }), source, (text, line) => {
    if (text.trim() === '') return;
    const { user, item, value, time, title, features: rows, ...rest } = parsed(text, source, line);
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new DataError(`expected the keys ${KEYS.join(', ')}, found "${unknown}"`, { source, line });
    if (title !== undefined) titles[item] = title;
    for (const [name, row] of Object.entries(rows ?? {})) (features[name] ??= Object.create(null))[item] = row as number[];
    if (user !== undefined && item !== undefined) {
      interactions.push({ user, item, ...(value !== undefined && { value }), ...(time !== undefined && { time }) });
      lines.push(line);
    } else if (user !== undefined) users.push(user);
    else if (title === undefined && rows === undefined) items.push(item);
  });
  const additions = {
    ...(interactions.length > 0 && { interactions }),
    ...(users.length > 0 && { users }),
    ...(items.length > 0 && { items }),
    ...(Object.keys(titles).length > 0 && { titles: { ...titles } }),
    ...(Object.keys(features).length > 0 && {
      features: Object.fromEntries(Object.entries(features).map(([name, rows]) => [name, { ...rows }])),
    }),
  };
  return { additions, lines };
}

function parsed(text: string, source: string, line: number): any {
  let value: any;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DataError(`expected a JSON object such as {"user":"7","item":"50","value":4}, found ${text.slice(0, 60)}`, { source, line });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`expected a JSON object, found ${text.slice(0, 60)}`, { source, line });
  for (const key of ['user', 'item'] as const) {
    // Ids that are whole numbers are written without quotes by many.
    if (Number.isSafeInteger(value[key])) value[key] = String(value[key]);
    if (value[key] !== undefined && typeof value[key] !== 'string')
      throw new DataError(`expected "${key}" as text, found ${JSON.stringify(value[key])}`, { source, line });
  }
  if (value.user === undefined && value.item === undefined)
    throw new DataError('expected a "user" or an "item", found neither', { source, line });
  if (value.item === undefined && (value.title !== undefined || value.features !== undefined))
    throw new DataError('a title and features belong to an "item", found none', { source, line });
  if (value.features !== undefined && (typeof value.features !== 'object' || value.features === null))
    throw new DataError('expected "features" by modality, as in {"text":[0.1,0.7]}', { source, line });
  return value;
}

/** The error with the line in the place of the interaction's number. */
export function withLine(error: unknown, source: string, lines: readonly number[] | undefined): unknown {
  if (!(error instanceof Error) || !lines) return error;
  const [, number] = /\binteractions\[(\d+)\]/.exec(error.message) ?? [];
  const line = number === undefined ? undefined : lines[Number(number)];
  return line === undefined ? error : new DataError(error.message, { source, line });
}
