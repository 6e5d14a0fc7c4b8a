// DATA on the command line: the flags that say how it is read, and reading it.

import { existsSync } from 'node:fs';
import { DataError } from '../base/errors.ts';
import { coreRuleOf, withoutCoreRule } from '../data/core.ts';
import type { Dataset } from '../data/dataset.ts';
import { DUPLICATES } from '../data/duplicates.ts';
import { parseLikes } from '../data/likes.ts';
import type { ReadingRecord } from '../data/reading.ts';
import { type ReadFileOptions, readDatasetFile } from '../files/node-files.ts';
import { asRead, type TrainedData, trainedData } from '../forget/trained-data.ts';
import { wholeBytes } from '../formats/bytes.ts';
import type { ColumnNames } from '../formats/columns.ts';
import { ENCODINGS } from '../formats/encoding.ts';
import { delimiterNamed } from '../formats/layout.ts';
import { DECIMALS } from '../formats/numbers.ts';
import { readDataset } from '../formats/read.ts';
import { commentSign } from '../formats/read-options.ts';
import { FORMATS, type FormatName } from '../formats/readers/index.ts';
import type { Model } from '../model/model.ts';
import type { Context } from './command.ts';
import { noteInput } from './files.ts';
import { asUsage, type Flag } from './flags.ts';
import { linesIn, listOf } from './lists.ts';
import { storeData, storeParts } from './store.ts';
import { count } from './terminal.ts';
import { UsageError } from './usage.ts';

export const DATA_FLAGS: readonly Flag[] = [
  { name: 'format', takes: 'NAME', doc: `How DATA is read: ${Object.keys(FORMATS).join(', ')}. Found out where absent.` },
  {
    name: 'columns',
    takes: 'ROLE=NAME,…',
    doc: 'Columns by name, or by number from 1 where no line names them: user=…,item=…,value=…,time=…; value= for none.',
  },
  {
    name: 'delimiter',
    takes: 'SIGN',
    doc: 'What separates columns: tab, comma, semicolon, bar, blank, blanks (any number), or the sign itself. Found out where absent.',
  },
  { name: 'decimal', takes: 'point|comma', doc: 'The sign before decimals. A comma is found out in tables with semicolons alone.' },
  { name: 'comments', takes: 'SIGN', doc: 'Lines that begin with it are no rows. By default those before the table that begin with "# ".' },
  { name: 'encoding', takes: 'NAME', doc: `How the text is encoded: ${ENCODINGS.join(', ')}. UTF-16 is found out by its byte-order mark.` },
  { name: 'test', takes: 'FILE', doc: 'Interactions for testing, read as DATA is: DATA is then what is trained on.' },
  { name: 'validation', takes: 'FILE', doc: 'The same for validation.' },
  { name: 'header', takes: 'yes|no', doc: 'Whether the first line names the columns. Found out where absent.' },
  {
    name: 'likes',
    takes: 'RULE',
    doc: "Which rows are likes, in training and in test: 'value>=4', 'value>0', or another column of the file. By default those above 0.",
  },
  { name: 'k-core', takes: 'N', doc: 'Leaves out users and items until all that remain have N rows. Decided once, before any split.' },
  { name: 'min-user-count', takes: 'N', doc: 'Rows that every user must have; the same, for users.' },
  { name: 'min-item-count', takes: 'N', doc: 'Rows that every item must have.' },
  { name: 'min-value', takes: 'NUMBER', doc: 'Leaves out rows of a lower value, before anything is counted.' },
  { name: 'titles', takes: 'FILE', doc: 'A table of item titles; by default the one that lies beside the data.' },
  {
    name: 'duplicates',
    takes: 'POLICY',
    default: 'last',
    doc: `What happens to pairs that occur more than once: ${DUPLICATES.join(', ')}.`,
  },
  {
    name: 'fingerprint-key',
    takes: '@FILE',
    doc: 'A file with a secret of 16 characters or more: fingerprints of the data are made with it, and only its holder can compute them.',
  },
];

/** Options of reading that a model remembers, under the names that flags have. */
const REMEMBERED = 'format columns delimiter header decimal comments encoding likes duplicates titles test validation'.split(
  ' ',
) as (keyof ReadingRecord)[];

/**
 * Reads DATA, or standard input where the path is `-`.
 * @param path none for the data of the store that the model came from.
 * @param bytes of standard input, where they were read already.
 * @param model what is not said is read as this model's data were; its fingerprint will tell whether they are those.
 */
export async function openData(context: Context, path: string | undefined, model?: Model, bytes?: Uint8Array): Promise<Dataset> {
  if (path === undefined) return storeData(model);
  const { terminal } = context;
  const said = await saidIn(context, model);
  const notes: string[] = [];
  const data = await readAs(context, path, said, model, notes, bytes);
  // After the data were read: an error is one line.
  for (const note of notes) terminal.note(note);
  if (data.duplicates > 0) {
    const kept = data.times ? 'the latest stands' : 'the largest value stands';
    const summed = (said.duplicates ?? model?.provenance.reading?.duplicates) === 'sum';
    terminal.note(`${path}: ${count(data.duplicates, 'repeated (user, item) pair')}; ${summed ? 'values summed' : kept}`);
  }
  if (data.acrossParts > 0) {
    terminal.note(`${path}: ${count(data.acrossParts, 'pair')} in several parts of the split; they count in the first of them alone`);
  }
  return keyed(data, context.args.text('fingerprint-key'));
}

/** A secret does not stand on the command line, where every other process sees it. */
async function keyed(data: Dataset, flag: string | undefined): Promise<Dataset> {
  if (flag === undefined) return data;
  if (!flag.startsWith('@')) throw new UsageError('--fingerprint-key expected @FILE, a file that holds the secret');
  const [key, ...more] = await linesIn(flag.slice(1));
  if (more.length > 0) throw new DataError('expected one line, the secret, found more', { source: flag.slice(1) });
  return data.withFingerprintKey(key);
}

/** What the flags say. */
async function saidIn({ args }: Context, model?: Model): Promise<ReadFileOptions> {
  const columns = await columnsOf(args.text('columns'));
  const header = args.oneOf('header', ['yes', 'no'] as const);
  const said = {
    format: args.oneOf('format', Object.keys(FORMATS) as FormatName[]),
    columns,
    delimiter: args.text('delimiter'),
    header: header && header === 'yes',
    decimal: args.oneOf('decimal', DECIMALS),
    comments: args.text('comments'),
    encoding: args.oneOf('encoding', ENCODINGS),
    test: args.text('test'),
    validation: args.text('validation'),
    kCore: args.has('k-core') ? args.integer('k-core', 1, { min: 1 }) : undefined,
    minUserCount: args.has('min-user-count') ? args.integer('min-user-count', 1, { min: 1 }) : undefined,
    minItemCount: args.has('min-item-count') ? args.integer('min-item-count', 1, { min: 1 }) : undefined,
    minValue: args.number('min-value', {}),
    likes: args.text('likes'),
    duplicates: args.oneOf('duplicates', DUPLICATES),
    titles: args.text('titles'),
  };
  if (said.likes !== undefined) asUsage(() => parseLikes(said.likes!), '--likes');
  if (said.comments !== undefined) asUsage(() => commentSign(said.comments!), '--comments');
  if (said.delimiter !== undefined) asUsage(() => delimiterNamed(said.delimiter!), '--delimiter');
  // What the configuration says is for data of which no model remembers more.
  const remembers = (name: string): boolean => args.configured(name) && Object.hasOwn(model?.provenance.reading ?? {}, name);
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => value !== undefined && !remembers(name)));
}

/**
 * By what was said, else as a model remembers. Data that were written after a forgetting are laid out in another way than
 * those that the model was trained on, and hold likes alone: what is remembered and does not fit them is found out anew.
 */
async function readAs(
  { terminal, signal }: Context,
  path: string,
  said: ReadFileOptions,
  model: Model | undefined,
  notes: string[],
  bytes?: Uint8Array,
): Promise<Dataset> {
  const control = { signal, onProgress: terminal.progress, ...(!model && { onNote: (text: string) => notes.push(text) }) };
  // A model knows its data by their fingerprint: what was taken for what needs no word then.
  const remembered = model?.provenance.reading;
  const standardInput = path === '-' ? (bytes ?? (await wholeBytes(process.stdin))) : undefined;
  const read = (options: ReadFileOptions): Promise<Dataset> => {
    if (!standardInput) return readDatasetFile(path, { ...options, ...control, onOpen: noteInput });
    const { titles, test, validation, ...rest } = options;
    for (const [name, file] of Object.entries({ titles, test, validation }))
      if (typeof file === 'string') throw new UsageError(`--${name} is for files; standard input brings interactions alone`);
    return readDataset({ name: 'standard input', chunks: standardInput }, { ...rest, ...control });
  };
  if (!model || !remembered) return read(said);
  const { titles, test, validation, ...rest } = withoutCoreRule(remembered);
  const files = Object.entries({ titles, test, validation }).filter(([, file]) => file !== undefined && existsSync(file) && path !== '-');
  const kept = Object.fromEntries(files);
  const known = (data: Dataset): Dataset =>
    asRead(model, data.withReading({ ...withoutCoreRule(remembered), ...coreRuleOf(data.reading) }));
  try {
    return known(await read({ ...(rest as ReadFileOptions), ...kept, ...said }));
  } catch (error) {
    if (!(error instanceof DataError || error instanceof TypeError) || !REMEMBERED.some((name) => name in remembered)) throw error;
    const { duplicates } = rest as ReadFileOptions;
    const found = await read({ ...(duplicates && { duplicates }), ...(kept.titles && { titles: kept.titles }), ...said }).catch(() => {
      throw error;
    });
    return known(found);
  }
}

/** DATA as the model knows it, for serving and testing. */
export async function openTrainedData(context: Context, path: string | undefined, model: Model): Promise<TrainedData> {
  if (path === undefined) return storeParts(model);
  const parts = trainedData(model, await openData(context, path, model), { allowStale: true });
  if (parts.staleInteractions > 0) {
    context.terminal.note(
      `${path} still holds ${count(parts.staleInteractions, 'interaction')} that the model has forgotten; they count as seen`,
    );
  }
  return parts;
}

/** The columns by role that `--columns` names. */
export async function columnsOf(text: string | undefined): Promise<ColumnNames | undefined> {
  if (text === undefined) return undefined;
  const columns: Record<string, string> = {};
  for (const pair of await listOf('--columns', text)) {
    const equals = pair.indexOf('=');
    const role = pair.slice(0, equals);
    if (equals < 0 || !['user', 'item', 'value', 'time'].includes(role)) {
      throw new UsageError(`--columns expected user=…,item=…,value=…,time=…, got ${JSON.stringify(pair)}`);
    }
    columns[role] = pair.slice(equals + 1);
  }
  return columns;
}
