// How data are read: what the caller may say, checked, and what of it is remembered.
import * as check from '../base/check.ts';
import type { RunControl } from '../base/run-control.ts';
import { type CoreRule, coreRuleIn } from '../data/core.ts';
import { DUPLICATES, type DuplicatePolicy } from '../data/duplicates.ts';
import { parseLikes } from '../data/likes.ts';
import { type ReadingRecord, readingOf } from '../data/reading.ts';
import type { NamedContent } from './bytes.ts';
import type { ColumnNames, GivenColumns } from './columns.ts';
import { ENCODINGS, type Encoding } from './encoding.ts';
import { delimiterNamed, type Said } from './layout.ts';
import { DECIMALS, type Decimal } from './numbers.ts';
import { PACKAGES, type Packages } from './packages.ts';
import { FORMATS, type FormatName } from './readers/index.ts';

/** How data are to be read where it is not to be found out. */
export interface ReadOptions extends CoreRule {
  /** The reader to use; default: found out from the name and the first lines. */
  readonly format?: FormatName;
  /**
   * Columns by their names in a header, or by their numbers from 1; an empty name leaves a value or time column out.
   * Default: the usual names. Numbers say that there is no header, unless `header` says that there is one.
   */
  readonly columns?: ColumnNames;
  /** What separates columns: tab, comma, semicolon, bar, blank, blanks (any number), or the sign, once or twice. Default: found out. */
  readonly delimiter?: string;
  /** Whether the first line names the columns. Default: as the format has it. */
  readonly header?: boolean;
  /** The sign before decimals, point or comma. Default: point, or comma where it is clear in a table with semicolons. */
  readonly decimal?: Decimal;
  /** A sign: lines that begin with it are no rows. Default: leading lines that begin with `# ` are none; `''`: all lines are rows. */
  readonly comments?: string;
  /** How the text is encoded. Default: UTF-16 where its byte-order mark says so, else UTF-8. */
  readonly encoding?: Encoding;
  /**
   * What counts as a like, in training and in test: `value>=4`, `value>0`, or another column of the file, `playtime>=60`.
   * Rows that are none are left out. Default: all rows are kept, and those above 0 are likes.
   */
  readonly likes?: string;
  /** What happens to pairs that occur more than once; default `last`. */
  readonly duplicates?: DuplicatePolicy;
  /** A file of interactions for testing: the source is then what is trained on. It is read as the source is. */
  readonly test?: NamedContent;
  /** The same for validation. */
  readonly validation?: NamedContent;
  /** Item titles: a file to read them from; or false for none. Default: the file among the sources that belongs to the data. */
  readonly titles?: NamedContent | false;
  /** Item features (`*_feat.npy` among the sources): which modalities to read, or false for none. Default: all. */
  readonly features?: readonly string[] | false;
  /** What messages call the data; default: the file's own name. */
  readonly name?: string;
  /** Packages that readers of Parquet and Arrow need, where they cannot be found by name: in bundles and pages. */
  readonly packages?: Packages;
  /** Told in one line as which format the data are read, and which columns were taken for what. */
  readonly onNote?: (note: string) => void;
  /** Aborting makes the reader throw the signal's reason and let go of the source. */
  readonly signal?: RunControl['signal'];
  /** Told now and then how many bytes of interactions were read (unpacked), of how many; 0 where that is not known. */
  readonly onProgress?: RunControl['onProgress'];
}

const OPTIONS =
  'format columns delimiter header decimal comments encoding likes duplicates test validation titles features name packages onNote ' +
  'signal onProgress kCore minUserCount minItemCount minValue';

/** @throws TypeError, RangeError for options that are none. */
export function checkOptions(options: ReadOptions): void {
  check.knownKeys('readDataset', options, OPTIONS.split(' '));
  if (options.signal !== undefined) check.like('signal', options.signal, 'an AbortSignal', ['throwIfAborted']);
  for (const name of ['onNote', 'onProgress'] as const) check.optionalFunction(name, options[name]);
  if (options.name !== undefined) check.string('name', options.name);
  if (options.format !== undefined) check.oneOf('format', options.format, Object.keys(FORMATS));
  if (options.duplicates !== undefined) check.oneOf('duplicates', options.duplicates, DUPLICATES);
  if (options.header !== undefined) check.boolean('header', options.header);
  if (options.decimal !== undefined) check.oneOf('decimal', options.decimal, DECIMALS);
  if (options.encoding !== undefined) check.oneOf('encoding', options.encoding, ENCODINGS);
  if (options.comments !== undefined) commentSign(options.comments);
  if (options.packages !== undefined) check.knownKeys('packages', options.packages, PACKAGES);
  for (const name of ['test', 'validation'] as const)
    if (options[name] !== undefined) check.like(name, options[name], 'a file, {name, chunks}', ['name', 'chunks']);
  coreRuleIn(options);
  if (options.delimiter !== undefined) check.string('delimiter', options.delimiter);
  if (options.likes !== undefined) check.string('likes', options.likes);
  if (options.columns !== undefined) {
    check.knownKeys('columns', options.columns, ['user', 'item', 'value', 'time']);
    for (const [role, name] of Object.entries(options.columns))
      if (name !== undefined) check.string(`columns.${role}`, typeof name === 'number' ? String(name) : name);
  }
}

/** A sign that comments begin with; empty for none. @throws RangeError. */
export function commentSign(sign: string): string {
  check.string('comments', sign);
  if (/^[!-/:-@[-`{-~]{0,3}$/.test(sign)) return sign;
  throw new RangeError(`"comments" expected one to three signs such as # or //, or nothing for none; got ${check.describe(sign)}`);
}

/** What is said of tables, checked. */
export function saidIn({ columns = {}, delimiter, header, likes, decimal }: ReadOptions): Said {
  return {
    columns: filledIn(columns),
    ...(delimiter !== undefined && { delimiter: delimiterNamed(delimiter) }),
    ...(header !== undefined && { header }),
    ...(likes !== undefined && { likes: parseLikes(likes) }),
    ...(decimal !== undefined && { decimal }),
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

/** What a model remembers of it; what filters rows is added by the filters. */
export function remembered(options: ReadOptions): ReadingRecord | undefined {
  const { format, columns, delimiter, header, decimal, comments, encoding, duplicates, titles, test, validation } = options;
  return readingOf({
    format,
    columns: columns && filledIn(columns),
    delimiter,
    header,
    decimal,
    comments,
    encoding,
    duplicates,
    titles: titles ? titles.name : undefined,
    test: test?.name,
    validation: validation?.name,
  });
}
