// What a file is: unpacked, decoded, and told by its bytes, its name and its first lines.
import { DataError } from '../base/errors.ts';
import { type Chunks, inPieces, type NamedContent, peekBytes, plainChunks, plainSize, rawChunks, wholeBytes } from './bytes.ts';
import { leadingComments, withoutHead, withoutLines } from './comments.ts';
import { asUtf8, marksUtf16 } from './encoding.ts';
import type { Format } from './format.ts';
import type { ReadOptions } from './read-options.ts';
import { FORMATS } from './readers/index.ts';
import { firstLines } from './text.ts';
import { baseName } from './titles.ts';
import { openZip } from './zip.ts';

/** Bytes that are looked at to tell formats apart. */
const SNIFFED = 65536;

const formats = (): readonly Format[] => Object.values(FORMATS);

/** A file whose format is known, from its first byte on. */
export interface Opened {
  readonly format: Format;
  readonly head: Uint8Array;
  readonly chunks: Chunks;
}

const isZip = (head: Uint8Array): boolean => head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);

/** The members of a lone zip archive as files; the file itself where it is none. */
export async function unzipped(file: NamedContent): Promise<NamedContent[]> {
  const { head, all } = await peekBytes(rawChunks(file), 4);
  if (!isZip(head)) return [{ ...file, chunks: () => all, size: plainSize(file) || undefined, fresh: true }];
  const zip = openZip(await wholeBytes(all), file.name);
  // What systems add to archives is no data.
  const names = zip.names.filter((name) => !/(^|\/)(__MACOSX\/|\.|$)/.test(name) && !name.endsWith('/'));
  if (names.length === 0) throw new DataError('expected interactions, found an empty zip archive', { source: file.name });
  return names.map((name) => {
    const place = `${file.name}/${name}`;
    return { name: place, chunks: () => zip.chunks(name, place), size: zip.size(name) };
  });
}

/**
 * @param watch sees the bytes as they are unpacked.
 * @param before the format of the files before this one: parts of a split are alike.
 * @throws DataError for what no format is found for.
 */
export async function openInteractions(
  file: NamedContent,
  options: ReadOptions,
  watch: (chunks: Chunks) => Chunks,
  before: Format | undefined,
): Promise<Opened> {
  const source = file.name;
  const raw = await peekBytes(watch(inPieces(plainChunks(file))), 16);
  if (raw.head.length === 0) throw new DataError('expected interactions, found an empty file', { source });
  const named: Format | undefined = options.format === undefined ? undefined : FORMATS[options.format];
  const binary = named ?? formats().find((format) => format.binary && format.detect('', [], raw.head));
  if (binary?.binary) {
    if (!binary.detect('', [], raw.head)) throw new DataError(`expected ${binary.name}, found other bytes`, { source });
    return { format: binary, head: raw.head, chunks: raw.all };
  }
  refuseBinary(raw.head, source);
  const encoding = options.encoding ?? (marksUtf16(raw.head) ? 'utf-16' : 'utf-8');
  const text = asUtf8(raw.all, encoding, source);
  const sign = options.comments || undefined;
  const opened = await peekBytes(sign ? withoutLines(text, sign) : text, SNIFFED);
  if (opened.head.subarray(0, 1024).includes(0)) notText('binary data', source);
  const comments = options.comments === undefined ? leadingComments(opened.head) : 0;
  const { head, all } = comments > 0 ? await peekBytes(withoutHead(opened.all, comments), SNIFFED) : opened;
  const format = named ?? detect(source, head, options, before);
  return { format, head, chunks: all };
}

function notText(what: string, source: string): never {
  throw new DataError(`expected interactions as text, found ${what}`, { source });
}

function refuseBinary(head: Uint8Array, source: string): void {
  if (isZip(head)) notText('a zip archive within others; unpack it first', source);
  if (head[0] === 0x93 && head[1] === 0x4e) notText('a NumPy array; name a folder that holds interactions beside it', source);
}

function detect(source: string, head: Uint8Array, options: ReadOptions, before: Format | undefined): Format {
  const lines = firstLines(head, 40)
    .map((line, n) => (n === 0 ? line.replace(/^\ufeff/, '') : line))
    .filter((line) => line !== '')
    .slice(0, 20);
  const [first = ''] = lines;
  const name = baseName(source);
  if (/^\s*<(!doctype|html|\?xml|head|body)/i.test(lines.join('\n'))) notText('a web page', source);
  if (/^\s*\[\s*(\{|$)/.test(first)) notText('one JSON array; write an object a line (ndjson)', source);
  const format = formats().find((candidate) => !candidate.binary && candidate.detect(name, lines, head));
  const table = (['delimiter', 'header', 'columns'] as const).some((said) => options[said] !== undefined);
  const isTable = format?.takes.includes('delimiter') ?? false;
  // What is said of a table overrules what was guessed; columns may be said of objects as well.
  const overruled = !isTable && !(options.delimiter === undefined && options.header === undefined && format?.takes.includes('columns'));
  if (table && (overruled || options.delimiter !== undefined)) return FORMATS.csv;
  if (format ?? before) return (format ?? before)!;
  if (first.startsWith('#')) {
    throw new DataError('the first line begins with #: say comments # where such lines are no rows, or name the format', { source });
  }
  throw new DataError(
    `its format is none that is recognised; name one of ${Object.keys(FORMATS).join(', ')}, or say which columns there are ` +
      '(columns user=1,item=2,value=3 by number, or by the names in the first line, and delimiter). ' +
      `It begins with ${JSON.stringify(first.slice(0, 80))}`,
    { source },
  );
}
