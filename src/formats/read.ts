// From any source (text, bytes, Blob, Response, stream, zip archive, or several named files) to a Dataset: hands streams to the
// readers and puts together what they found. Opens no files: `src/files/` does.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { isBytes, isFile } from '../base/host.ts';
import { DatasetBuilder } from '../data/builder.ts';
import { coreOf, coreRuleIn } from '../data/core.ts';
import { Dataset, PART } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import { likesOf, likesText, VALUE_COLUMN } from '../data/likes.ts';
import { type Arranged, arrange, folderOf, list } from './arrange.ts';
import { type Chunks, type Content, type NamedContent, plainSize } from './bytes.ts';
import { openInteractions, unzipped } from './detect.ts';
import { alignFeatures, type FeatureMatrix, readFeatureMatrix } from './feature-files.ts';
import type { Format, SaidName } from './format.ts';
import type { Layout, Said } from './layout.ts';
import { checkOptions, type ReadOptions, remembered, saidIn } from './read-options.ts';
import { readTitles } from './titles.ts';

/** Bytes between two points where other work may run: some milliseconds. */
const BREATH = 1 << 20;

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
  options.signal?.throwIfAborted();
  const named = namedFiles(source, options.name);
  const files = named.length === 1 ? await unzipped(named[0]) : named;
  const arranged = withHeldOut(arrange(files), options);
  const said = saidIn(options);
  const builder = new DatasetBuilder();
  const { layout } = await readAll(arranged, said, builder, options);
  const lone = arranged.data.length === 1 ? arranged.data[0].file.name : folderOf(arranged.data[0].file.name);
  const name = options.name ?? (files.length > 1 && named.length === 1 ? named[0].name : lone);
  if (builder.length === 0) throw new DataError('expected interactions, found none', { source: name });

  const matrices = await readFeatures(arranged, builder, options, name);
  const titlesFile = options.titles === false ? undefined : (options.titles ?? arranged.titles);
  const titles = titlesFile && (await readTitles(titlesFile));
  const data = await builder.settle(options.duplicates, { source: name }, { signal: options.signal });
  const reading = remembered(options);
  const read = new Dataset({
    ...data,
    reading,
    titles: titles && titlesByPosition(titles, data.items),
    features: new Map(Array.from(matrices, ([modality, matrix]) => [modality, alignFeatures(matrix, data.items)])),
  });
  const rule = coreRuleIn(options);
  const liked = likedIn(read, said, layout, options);
  return rule ? coreOf(liked, rule) : liked;
}

/** By another column than the value, the readers have left out what is no like. */
function likedIn(read: Dataset, { likes }: Said, layout: Layout | undefined, options: ReadOptions): Dataset {
  if (!likes) return read;
  if (layout && layout.at.like >= 0) return read.withReading({ ...read.reading, likes: options.likes });
  return likesOf(read, likesText({ ...likes, column: VALUE_COLUMN }));
}

/** The files that `test` and `validation` name, beside a lone one to train on. */
function withHeldOut(arranged: Arranged, { test, validation }: ReadOptions): Arranged {
  if (!test && !validation) return arranged;
  const [train, ...more] = arranged.data;
  if (more.length > 0 || train.part !== undefined)
    throw new DataError('the source brings a split by itself; leave out test and validation, or name its train file', {
      source: folderOf(train.file.name),
    });
  const heldOut = [
    ...(validation ? [{ file: validation, part: PART.validation }] : []),
    ...(test ? [{ file: test, part: PART.test }] : []),
  ];
  return { ...arranged, data: [{ file: train.file, part: PART.train }, ...heldOut] };
}

/** What a file was found to be. */
interface Read {
  readonly format?: Format;
  readonly layout?: Layout;
}

/** Reads all files of interactions. @returns what the last one was found to be. */
async function readAll({ data }: Arranged, said: Said, builder: DatasetBuilder, options: ReadOptions): Promise<Read> {
  const notes = new Set<string>();
  let found: Read = {};
  const watch = watcher(
    data.map(({ file }) => plainSize(file)),
    options,
  );
  const pause = async (): Promise<void> => {
    await breathe();
    options.signal?.throwIfAborted();
  };
  for (const { file, part } of data) {
    const source = file.name;
    const note = (text: string): void => {
      if (!notes.has(text)) options.onNote?.(`${source}: ${text}`);
      notes.add(text);
    };
    const { format, head, chunks } = await openInteractions(file, options, watch, found.format);
    refuseUntold(format, source, options);
    const layout = await format.read({
      source,
      chunks,
      head,
      said,
      builder,
      part,
      note: (text) => note(`read as ${format.name}, ${text}`),
      pause,
      packages: options.packages,
    });
    if ((options.test || options.validation) && layout && layout.at.part >= 0)
      throw new DataError('the rows say themselves which part of a split they belong to; leave out test and validation', { source });
    found = { format, layout };
  }
  return found;
}

/** @throws TypeError for what was said and does not apply to the format. */
function refuseUntold(format: Format, source: string, options: ReadOptions): void {
  const names: readonly SaidName[] = ['columns', 'delimiter', 'header', 'likes', 'decimal', 'comments', 'encoding'];
  const given = names.find((name) => options[name] !== undefined && !format.takes.includes(name));
  if (given === undefined) return;
  const what = { comments: 'text', encoding: 'text', columns: 'tables', likes: 'tables' }[given as string] ?? 'tables of delimited text';
  throw new TypeError(`"${given}" applies to ${what}, and ${source} is read as ${format.name}`);
}

/** Counts the bytes of files that are read one after the other, and lets other work, and an abort, come between. */
function watcher(sizes: readonly number[], { signal, onProgress }: ReadOptions): (chunks: Chunks) => Chunks {
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

async function readFeatures(
  { features }: Arranged,
  builder: DatasetBuilder,
  options: ReadOptions,
  source: string,
): Promise<Map<string, FeatureMatrix>> {
  const matrices = new Map<string, FeatureMatrix>();
  for (const { modality, file } of features) {
    if (options.features === false || (options.features && !options.features.includes(modality))) continue;
    const matrix = await readFeatureMatrix(file);
    matrices.set(modality, matrix);
    // Rows belong to items by number, so items without interactions join the table.
    for (let row = 0; row < matrix.rows; row++) builder.addItem(String(row));
  }
  for (const modality of options.features || []) {
    if (!matrices.has(modality))
      throw new DataError(`expected a file ${modality}_feat.npy, found ${list(features.map((f) => f.modality))}`, { source });
  }
  return matrices;
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

function titlesByPosition(titles: ReadonlyMap<string, string>, items: IdTable): Map<number, string> {
  const found = new Map<number, string>();
  for (const id of items) {
    const title = titles.get(id);
    if (title !== undefined) found.set(items.indexOf(id), title);
  }
  return found;
}
