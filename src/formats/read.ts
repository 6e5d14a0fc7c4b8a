// From any source (text, bytes, Blob, Response, stream, or several named files) to a Dataset: finds out which file is
// what and which format it has, and hands streams to the readers. Opens no files: `platform/` does.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { isBytes, isFile } from '../base/host.ts';
import type { RunControl } from '../base/run-control.ts';
import { DatasetBuilder } from '../data/builder.ts';
import { Dataset, PART } from '../data/dataset.ts';
import { DUPLICATES, type DuplicatePolicy } from '../data/duplicates.ts';
import type { IdTable } from '../data/ids.ts';
import { likesOf, likesText, parseLikes, VALUE_COLUMN } from '../data/likes.ts';
import { readingOf } from '../data/reading.ts';
import { type Chunks, type Content, inPieces, type NamedContent, peekBytes, plainChunks, plainSize } from './bytes.ts';
import type { ColumnNames, GivenColumns } from './columns.ts';
import { alignFeatures, type FeatureMatrix, readFeatureMatrix } from './feature-files.ts';
import type { Format } from './format.ts';
import { delimiterNamed, type Layout, type Said } from './layout.ts';
import { FORMATS, type FormatName } from './readers/index.ts';
import { firstLines } from './text.ts';
import { baseName, isTitlesFile, KNOWN_DATA_NAMES, readTitles, titlesBeside } from './titles.ts';

/** Bytes that are looked at to tell formats apart. */
const SNIFFED = 65536;
/** Bytes between two points where other work may run: some tens of milliseconds. */
const BREATH = 1 << 22;

export interface ReadOptions {
  /** The reader to use; default: found out from the name and the first lines. */
  readonly format?: FormatName;
  /**
   * Columns by their names in a header, or by their numbers from 1; an empty name leaves a value or time column out.
   * Default: the usual names. Numbers say that there is no header, unless `header` says that there is one.
   */
  readonly columns?: ColumnNames;
  /** What separates columns: tab, comma, semicolon, bar, blank, or the sign itself, once or twice. Default: found out. */
  readonly delimiter?: string;
  /** Whether the first line names the columns. Default: as the format has it. */
  readonly header?: boolean;
  /**
   * What counts as a like, in training and in test: `value>=4`, `value>0`, or another column of the file, `playtime>=60`.
   * Rows that are none are left out. Default: all rows are kept, and those above 0 are likes.
   */
  readonly likes?: string;
  /** What happens to pairs that occur more than once; default `last`. */
  readonly duplicates?: DuplicatePolicy;
  /** Item titles: a file to read them from; or false for none. Default: the file among the sources that belongs to the data. */
  readonly titles?: NamedContent | false;
  /** Item features (`*_feat.npy` among the sources): which modalities to read, or false for none. Default: all. */
  readonly features?: readonly string[] | false;
  /** What messages call the data; default: the file's own name. */
  readonly name?: string;
  /** Told in one line as which format the data are read, and which columns were taken for what. */
  readonly onNote?: (note: string) => void;
  /** Aborting makes the reader throw the signal's reason and let go of the source. */
  readonly signal?: RunControl['signal'];
  /** Told now and then how many bytes of interactions were read (unpacked), of how many; 0 where that is not known. */
  readonly onProgress?: RunControl['onProgress'];
}

/** Content, content with a name, or several files, of which one or a `train`/`validation`/`test` set holds interactions. */
export type DataSource = Content | NamedContent | readonly (NamedContent | File)[];

/**
 * Reads interactions, and titles and features where the source has them.
 * @param source a string is the text itself, not a path.
 * @throws DataError naming source, line, expectation and finding; TypeError, RangeError for options.
 * @example
 * const data = await readDataset('user,item,rating\nann,tea,5\nbob,tea,3\n');
 */
export async function readDataset(source: DataSource, options: ReadOptions = {}): Promise<Dataset> {
  checkOptions(options);
  const arranged = arrange(namedFiles(source, options.name));
  const said = saidIn(options);
  const builder = new DatasetBuilder();
  const notes = new Set<string>();
  let found: Read | undefined;
  const watch = watcher(
    arranged.data.map(({ file }) => plainSize(file)),
    options,
  );
  for (const { file, part } of arranged.data) {
    const note = (text: string): void => {
      if (!notes.has(text)) options.onNote?.(`${file.name}: ${text}`);
      notes.add(text);
    };
    found = await readInteractions({ file, part, options, said, builder, watch, note, before: found?.format });
  }
  const name = options.name ?? (arranged.data.length === 1 ? arranged.data[0].file.name : folderOf(arranged.data[0].file.name));
  if (builder.length === 0) throw new DataError('expected interactions, found none', { source: name });

  const matrices = new Map<string, FeatureMatrix>();
  for (const { modality, file } of arranged.features) {
    if (options.features === false || (options.features && !options.features.includes(modality))) continue;
    const matrix = await readFeatureMatrix(file);
    matrices.set(modality, matrix);
    // Rows belong to items by number, so items without interactions join the table.
    for (let row = 0; row < matrix.rows; row++) builder.addItem(String(row));
  }
  for (const modality of options.features || []) {
    if (!matrices.has(modality))
      throw new DataError(`expected a file ${modality}_feat.npy, found ${list(arranged.features.map((f) => f.modality))}`, {
        source: name,
      });
  }
  const titlesFile = options.titles === false ? undefined : (options.titles ?? arranged.titles);
  const titles = titlesFile && (await readTitles(titlesFile));
  options.signal?.throwIfAborted();
  const data = await builder.settle(options.duplicates, { source: name }, { signal: options.signal });
  const reading = readingOf({
    format: options.format,
    columns: options.columns && filledIn(options.columns),
    delimiter: options.delimiter,
    header: options.header,
    duplicates: options.duplicates,
    titles: options.titles ? options.titles.name : undefined,
  });
  const read = new Dataset({
    ...data,
    reading,
    titles: titles && titlesByPosition(titles, data.items),
    features: new Map(Array.from(matrices, ([modality, matrix]) => [modality, alignFeatures(matrix, data.items)])),
  });
  if (!said.likes) return read;
  // By another column than the value, the readers have left out what is no like.
  if (found?.layout && found.layout.at.like >= 0) return read.withReading({ ...reading, likes: options.likes });
  return likesOf(read, likesText({ ...said.likes, column: VALUE_COLUMN }));
}

/** What is said of tables, checked. */
function saidIn({ columns = {}, delimiter, header, likes }: ReadOptions): Said {
  return {
    columns: filledIn(columns),
    ...(delimiter !== undefined && { delimiter: delimiterNamed(delimiter) }),
    ...(header !== undefined && { header }),
    ...(likes !== undefined && { likes: parseLikes(likes) }),
  };
}

/** Numbers as text, and nothing where nothing was said. */
function filledIn(columns: ColumnNames): GivenColumns {
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([, name]) => name !== undefined)
      .map(([role, name]) => [role, String(name)]),
  );
}

type Watch = (chunks: Chunks) => Chunks;

/** Counts the bytes of files that are read one after the other, and lets other work, and an abort, come between. */
function watcher(sizes: readonly number[], { signal, onProgress }: ReadOptions): Watch {
  const total = sizes.includes(0) ? 0 : sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  let pause = BREATH;
  return async function* (chunks) {
    signal?.throwIfAborted();
    for await (const chunk of chunks) {
      yield chunk;
      signal?.throwIfAborted();
      done += chunk.length;
      if (done < pause) continue;
      pause = done + BREATH;
      onProgress?.({ phase: 'read', done, total: done > total ? 0 : total });
      await breathe();
    }
  };
}

/** What a file was found to be. */
interface Read {
  readonly format: Format;
  readonly layout?: Layout;
}

interface Reading {
  readonly file: NamedContent;
  readonly part?: number;
  readonly options: ReadOptions;
  readonly said: Said;
  readonly builder: DatasetBuilder;
  readonly watch: Watch;
  readonly note: (text: string) => void;
  /** The format of the files before this one: parts of a split are alike. */
  readonly before?: Format;
}

/** Reads one file of interactions with the format that is named or found. */
async function readInteractions({ file, part, options, said, builder, watch, note, before }: Reading): Promise<Read> {
  const source = file.name;
  const { head, all } = await peekBytes(watch(inPieces(plainChunks(file))), SNIFFED);
  if (head.length === 0) throw new DataError('expected interactions, found an empty file', { source });
  const format = options.format === undefined ? detect(source, head, options, before) : FORMATS[options.format];
  const given = (['columns', 'delimiter', 'header', 'likes'] as const).find((name) => options[name] !== undefined);
  if (given !== undefined && !format.table) throw new TypeError(`"${given}" applies to tables, and ${source} is read as ${format.name}`);
  const layout = await format.read({
    source,
    chunks: all,
    head,
    said,
    builder,
    part,
    note: (text) => note(`read as ${format.name}, ${text}`),
  });
  return { format, layout };
}

function detect(source: string, head: Uint8Array, options: ReadOptions, before: Format | undefined): Format {
  const found = (what: string): never => {
    throw new DataError(`expected interactions as text, found ${what}`, { source });
  };
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3) found('a zip archive; unpack it first');
  if (head[0] === 0x93 && head[1] === 0x4e) found('a NumPy array; name a folder that holds interactions beside it');
  if (head.subarray(0, 1024).includes(0)) found('binary data');
  const lines = firstLines(head);
  const name = baseName(source);
  if (/^\s*<(!doctype|html|\?xml|head|body)/i.test(lines.join('\n'))) found('a web page');
  const format = Object.values(FORMATS).find((candidate) => candidate.detect(name, lines));
  const table = (['delimiter', 'header', 'columns'] as const).some((name) => options[name] !== undefined);
  // What is said of a table overrules what was guessed.
  if (table && (format === undefined || !format.table || options.delimiter !== undefined)) return FORMATS.csv;
  if (format ?? before) return (format ?? before)!;
  throw new DataError(
    `its format is none that is recognised; name one of ${Object.keys(FORMATS).join(', ')}, or say which columns there are ` +
      '(columns user=1,item=2,value=3 by number, or by the names in the first line, and delimiter). ' +
      `It begins with ${JSON.stringify((lines[0] ?? '').slice(0, 80))}`,
    { source },
  );
}

const OPTIONS = 'format columns delimiter header likes duplicates titles features name onNote signal onProgress';

function checkOptions(options: ReadOptions): void {
  check.knownKeys('readDataset', options, OPTIONS.split(' '));
  if (options.signal !== undefined) check.like('signal', options.signal, 'an AbortSignal', ['throwIfAborted']);
  for (const name of ['onNote', 'onProgress'] as const) check.optionalFunction(name, options[name]);
  if (options.name !== undefined) check.string('name', options.name);
  if (options.format !== undefined) check.oneOf('format', options.format, Object.keys(FORMATS));
  if (options.duplicates !== undefined) check.oneOf('duplicates', options.duplicates, DUPLICATES);
  if (options.header !== undefined) check.boolean('header', options.header);
  if (options.delimiter !== undefined) check.string('delimiter', options.delimiter);
  if (options.likes !== undefined) check.string('likes', options.likes);
  if (options.columns !== undefined) {
    check.knownKeys('columns', options.columns, ['user', 'item', 'value', 'time']);
    for (const [role, name] of Object.entries(options.columns))
      if (name !== undefined) check.string(`columns.${role}`, typeof name === 'number' ? String(name) : name);
  }
}

function namedFiles(source: DataSource, name: string | undefined): NamedContent[] {
  if (Array.isArray(source) && !source.some((entry) => isBytes(entry))) {
    return (source as readonly (NamedContent | File)[]).map((entry) => named(entry) ?? refuse(entry));
  }
  const single = named(source);
  return [single ?? { name: name ?? 'data', chunks: source as Content }];
}

function named(source: unknown): NamedContent | undefined {
  if (isFile(source)) return { name: source.name, chunks: source };
  return typeof source === 'object' && source !== null && 'name' in source && 'chunks' in source ? (source as NamedContent) : undefined;
}

function refuse(entry: unknown): never {
  throw new TypeError(`a list of sources expected files or {name, chunks}, got ${check.describe(entry)}`);
}

interface Arranged {
  readonly data: readonly { readonly file: NamedContent; readonly part?: number }[];
  readonly features: readonly { readonly modality: string; readonly file: NamedContent }[];
  readonly titles?: NamedContent;
}

const PART_FILE = /^(?:.*[._-])?(train|valid|validation|val|test)(\.(inter|csv|tsv|txt|dat|data|adj))?$/;
const PART_OF: Readonly<Record<string, keyof typeof PART>> = {
  train: 'train',
  valid: 'validation',
  validation: 'validation',
  val: 'validation',
  test: 'test',
};

/** Finds out which file is what. A lone file is the data, whatever its name. */
function arrange(files: readonly NamedContent[]): Arranged {
  const features = files.flatMap((file) => {
    const modality = baseName(file.name).match(/^(.+)_feat\.npy$/)?.[1];
    return modality === undefined ? [] : [{ modality, file }];
  });
  if (files.length === 1) return { data: [{ file: files[0] }], features: [] };
  const rest = files.filter(({ name }) => !isTitlesFile(name) && !NOT_INTERACTIONS.some((pattern) => pattern.test(baseName(name))));

  const inter = rest.filter(({ name }) => baseName(name).endsWith('.inter'));
  const parts = rest.flatMap((file) => {
    const word = baseName(file.name).match(PART_FILE)?.[1];
    return word === undefined ? [] : [{ file, part: PART[PART_OF[word]] }];
  });
  const known = rest.filter(({ name }) => KNOWN_DATA_NAMES.includes(baseName(name)));
  if (inter.length === 1) return { data: [{ file: inter[0] }], features, titles: titlesBeside(inter[0].name, files) };
  if (parts.some(({ part }) => part === PART.train)) {
    if (new Set(parts.map(({ part }) => part)).size < parts.length) tooMany(parts.map(({ file }) => file));
    return { data: parts.sort((a, b) => a.part - b.part), features, titles: titlesBeside(parts[0].file.name, files) };
  }
  const candidates = known.length > 0 ? known : rest;
  if (candidates.length === 1) return { data: [{ file: candidates[0] }], features, titles: titlesBeside(candidates[0].name, files) };
  if (candidates.length > 1) tooMany(candidates);
  throw new DataError(`expected a file of interactions, found ${list(files.map(({ name }) => baseName(name)))}`, {
    source: files.length > 0 ? folderOf(files[0].name) : undefined,
  });
}

/** Files that lie in data folders and hold no interactions. */
const NOT_INTERACTIONS = [
  /^(readme|license|\.)|\.(npy|npz|md|json|ya?ml|html?|pdf|zip|py|ipynb|lethe)$/,
  /^(u\.(user|item|genre|info|occupation)|(user|item)_list\.txt)$/,
];

function tooMany(files: readonly NamedContent[]): never {
  throw new DataError(
    'expected one file of interactions, or one of each of train, validation and test; found ' +
      `${list(files.map(({ name }) => baseName(name)))}; ` +
      'name the file',
    { source: folderOf(files[0].name) },
  );
}

function titlesByPosition(titles: ReadonlyMap<string, string>, items: IdTable): Map<number, string> {
  const found = new Map<number, string>();
  for (const id of items) {
    const title = titles.get(id);
    if (title !== undefined) found.set(items.indexOf(id), title);
  }
  return found;
}

function folderOf(name: string): string {
  const folder = name.replace(/[/\\][^/\\]*$/, '');
  return folder === '' || folder === name ? 'the folder' : folder;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 12).join(', ') + (names.length > 12 ? `, and ${names.length - 12} more` : '');
}
