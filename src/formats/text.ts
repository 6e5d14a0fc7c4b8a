// Lines and delimited records out of streams of bytes: what the readers of text formats share.
// A line is held, never a file; whatever breaks a rule is named with its source and line.

import { DataError, type DataPlace } from '../base/errors.ts';
import { utf8Decoder } from '../base/host.ts';
import type { Chunks } from './bytes.ts';
import { concat } from './bytes.ts';

/** Longest line that is read, in bytes: a binary file must not be mistaken for one endless line. */
export const LONGEST_LINE = 16 * 1024 * 1024;

export interface LineOptions {
  /** Keep a carriage return before the line feed, for formats whose quoted fields may hold one. */
  readonly keepReturns?: boolean;
  /** Read lines that are not UTF-8 as ISO 8859-1 instead of refusing them. */
  readonly latin1?: boolean;
  /**
   * Takes the line that begins at `begin` as bytes, and says where the next one begins; −1 leaves it to `visit`.
   * It is asked first for every line but those that `visit` has asked for together.
   */
  readonly quick?: (bytes: Uint8Array, begin: number) => number;
}

/** Bytes of lines that are decoded together after one that was not taken as bytes: its like often follow. */
const SLOW_PIECE = 1 << 14;

/**
 * Calls back for every line, without its line end; a byte-order mark is dropped; the last line needs no line feed.
 * @throws DataError for bytes that are not UTF-8 and for a line beyond `LONGEST_LINE`.
 */
export async function eachLine(
  chunks: Chunks,
  source: string,
  visit: (line: string, number: number) => void,
  options: LineOptions = {},
): Promise<void> {
  const { quick } = options;
  let number = 0;
  let pending: Uint8Array[] = [];
  let pendingLength = 0;
  const lines = (bytes: Uint8Array): void => {
    // Splitting at line-feed bytes first keeps every UTF-8 sequence whole.
    for (let line of decodeLines(bytes, number + 1, source, options.latin1 === true)) {
      number++;
      if (number === 1 && line.charCodeAt(0) === 0xfeff) line = line.slice(1);
      if (!options.keepReturns && line.charCodeAt(line.length - 1) === 13) line = line.slice(0, -1);
      visit(line, number);
    }
  };
  const take = (bytes: Uint8Array): void => {
    if (!quick || bytes.length > LONGEST_LINE) {
      lines(bytes);
      return;
    }
    for (let begin = 0; begin <= bytes.length; ) {
      const next = quick(bytes, begin);
      if (next >= 0) number++;
      begin = next >= 0 ? next : slowly(bytes, begin);
    }
  };
  /** Lines from `begin` on that end within some bytes, one at least. @returns where the next one begins. */
  const slowly = (bytes: Uint8Array, begin: number): number => {
    let end = bytes.length;
    if (end - begin > SLOW_PIECE) {
      end = bytes.subarray(0, begin + SLOW_PIECE).lastIndexOf(10);
      if (end < begin) end = bytes.indexOf(10, begin);
      if (end < 0) end = bytes.length;
    }
    lines(bytes.subarray(begin, end));
    return end + 1;
  };
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(10);
    if (end >= 0) {
      // Only the line that two chunks share is copied.
      const first = pending.length === 0 ? -1 : chunk.indexOf(10);
      if (first >= 0) take(concat([...pending, chunk.subarray(0, first)]));
      if (first < end) take(chunk.subarray(first + 1, end));
      pending = [];
      pendingLength = 0;
    }
    if (end + 1 < chunk.length) {
      pending.push(chunk.subarray(end + 1));
      pendingLength += chunk.length - end - 1;
      if (pendingLength > LONGEST_LINE) tooLong({ source, line: number + 1 });
    }
  }
  if (pendingLength > 0) take(concat(pending));
}

/** The first complete lines of the given bytes, at most `most`; for telling formats apart. */
export function firstLines(head: Uint8Array, most = 20): string[] {
  const text = utf8Decoder().decode(head);
  const lines = text.split('\n');
  // What stands after the last line feed may be half a line, unless it is all there is.
  if (lines.length > 1) lines.pop();
  return lines.slice(0, most).map((line) => line.replace(/\r$/, ''));
}

function decodeLines(bytes: Uint8Array, first: number, source: string, latin1: boolean): string[] {
  const decoder = utf8Decoder(true);
  try {
    const lines = decoder.decode(bytes).split('\n');
    if (bytes.length > LONGEST_LINE)
      for (let i = 0; i < lines.length; i++) if (lines[i].length > LONGEST_LINE) tooLong({ source, line: first + i });
    return lines;
  } catch (error) {
    if (error instanceof DataError) throw error;
  }
  const lines: string[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed;
    const line = bytes.subarray(start, end);
    try {
      lines.push(decoder.decode(line));
    } catch {
      if (!latin1) throw new DataError('expected UTF-8 text, found bytes that are not', { source, line: first + lines.length });
      lines.push(Array.from(line, (byte) => String.fromCharCode(byte)).join(''));
    }
    start = end + 1;
  }
  return lines;
}

function tooLong(place: DataPlace): never {
  throw new DataError(`expected a line of at most ${LONGEST_LINE} bytes, found a longer one`, place);
}

/**
 * Calls back for every record of delimited text with quoting after RFC 4180: a field in double quotes may hold
 * delimiters, line ends and doubled quotes. Blank lines are skipped. The first line decides the delimiter.
 * @param visit gets the fields and the line that the record begins at.
 */
export async function eachRecord(
  chunks: Chunks,
  source: string,
  visit: (fields: readonly string[], line: number) => void,
  delimiterOf: (firstLine: string) => string,
  options: LineOptions = {},
): Promise<void> {
  let delimiter = '';
  let open: string[] = []; // the lines of a record whose quoted field has not ended yet
  let openLength = 0;
  let begin = 0;
  const { quick } = options;
  await eachLine(
    chunks,
    source,
    (line, number) => {
      if (open.length === 0) {
        if (line === '' || line === '\r') return;
        if (delimiter === '') delimiter = delimiterOf(line);
        begin = number;
        if (!line.includes('"')) {
          visit((line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line).split(delimiter), number);
          return;
        }
      }
      open.push(line);
      openLength += line.length + 1;
      if (openLength > LONGEST_LINE) tooLong({ source, line: begin });
      // Inside a quoted field only a line with an odd number of quotes can end it: others need no look at the whole.
      if (open.length > 1 && (line.split('"').length - 1) % 2 === 0) return;
      const fields = quotedFields(open.join('\n'), delimiter, { source, line: begin });
      if (!fields) return;
      open = [];
      openLength = 0;
      visit(fields, begin);
    },
    { ...options, keepReturns: true, quick: quick && ((bytes, from) => (open.length > 0 ? -1 : quick(bytes, from))) },
  );
  if (open.length > 0) throw new DataError('expected a closing double quote, found the end of the data', { source, line: begin });
}

/** The fields of a record, or null when a quoted field is still open at its end. */
function quotedFields(text: string, delimiter: string, place: DataPlace): string[] | null {
  const fields: string[] = [];
  const end = text.endsWith('\r') ? text.length - 1 : text.length;
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let value = '';
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) return null;
        value += text.slice(from, quote);
        from = quote + 1;
        if (text[from] !== '"') break;
        value += '"';
        from++;
      }
      fields.push(value);
      at = from;
      if (at < end && text[at] !== delimiter) {
        throw new DataError(
          `expected ${nameOf(delimiter)} or the line's end after a closing double quote, found ${JSON.stringify(text[at])}`,
          place,
        );
      }
    } else {
      const next = text.indexOf(delimiter, at);
      const stop = next < 0 || next > end ? end : next;
      fields.push(text.slice(at, stop));
      at = stop;
    }
    if (at >= end) return fields;
    at++;
  }
}

/** The delimiter that a line such as `sep=;` names, as spreadsheets write before the header; else undefined. */
export const separatorLine = (line: string): string | undefined => line.match(/^"?sep=(\t|[,;|])"?\r?$/i)?.[1];

/** The delimiter that a header line uses: the most frequent of tab, comma, semicolon and bar outside of quotes. */
export function delimiterOf(line: string): string {
  const header = line.replace(/"[^"]*"/g, '');
  let best = ',';
  let most = 0;
  for (const candidate of ['\t', ',', ';', '|']) {
    const count = header.split(candidate).length - 1;
    if (count > most) [best, most] = [candidate, count];
  }
  return best;
}

export function nameOf(delimiter: string): string {
  return delimiter === '\t' ? 'a tab' : JSON.stringify(delimiter);
}
