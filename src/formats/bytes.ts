// Content from wherever it comes (a file, a Blob, a Response, a string) as a stream of byte chunks, gunzipped on the way.
// Nothing here knows a format, and nothing holds more than a chunk, except where whole bytes are asked for.

import { DataError } from '../base/errors.ts';
import { isBlob, isBuffer, isBytes, isResponse, isStream, utf8 } from '../base/host.ts';

/** A stream of bytes in pieces of any size. */
export type Chunks = AsyncIterable<Uint8Array>;

/** What bytes can be read from. A string is text, not a path: files are opened by `readDatasetFile`. */
export type Content =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** Content and the name that messages call it by; a function opens it only when it is read. */
export interface NamedContent {
  readonly name: string;
  readonly chunks: Content | (() => Content);
  /** Whether nobody fills the chunks again once they are given, so that they need not be copied. */
  readonly fresh?: boolean;
  /** Bytes that there are, where it is known beforehand and cannot be told from the content: for progress. */
  readonly size?: number;
}

/** Bytes or characters that are handed on at once where all are there already. */
const PIECE = 1 << 20;

/** The raw bytes of any content. @throws DataError for a failed Response; TypeError for what is no content. */
export async function* openChunks(content: Content, source: string, fresh = false): AsyncGenerator<Uint8Array> {
  if (typeof content === 'string') yield* encodedPieces(content);
  else if (isBytes(content)) yield content;
  else if (isBuffer(content)) yield new Uint8Array(content);
  else if (isBlob(content)) yield* blobChunks(content);
  else if (isResponse(content)) {
    if (!content.ok) throw new DataError(`expected a response with data, got HTTP status ${content.status}`, { source });
    if (content.body) yield* streamChunks(content.body);
  } else if (isStream(content)) yield* streamChunks(content);
  else if (isIterable(content)) {
    for await (const chunk of content as AsyncIterable<unknown>) {
      if (!isBytes(chunk)) throw new TypeError(`${source}: expected chunks of bytes (Uint8Array)`);
      // A copy: chunks are looked at ahead and queued, and whoever gave this one may fill it again.
      yield fresh ? chunk : new Uint8Array(chunk);
    }
  } else throw new TypeError(`${source}: expected text, bytes, a Blob, a Response, a stream or an iterable of bytes`);
}

/** The bytes of content with a name, as they are. */
export const rawChunks = ({ name, chunks, fresh }: NamedContent): AsyncGenerator<Uint8Array> =>
  openChunks(typeof chunks === 'function' ? chunks() : chunks, name, fresh);

/** The bytes of content with a name, gunzipped where they are gzip (told by the first two bytes, not by the name). */
export async function* plainChunks(file: NamedContent): AsyncGenerator<Uint8Array> {
  const { name } = file;
  const { head, all } = await peekBytes(rawChunks(file), 2);
  const isGzip = head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b;
  if (!isGzip) {
    if (/\.gz$/i.test(name) && head.length > 0) throw new DataError('is named .gz but does not hold gzip data', { source: name });
    yield* all;
    return;
  }
  let inner: unknown;
  const guarded = (async function* () {
    try {
      yield* all;
    } catch (error) {
      inner = error; // the source's own failure, to be told apart from broken gzip
      throw error;
    }
  })();
  try {
    yield* streamChunks(toStream(guarded).pipeThrough(new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>));
  } catch (error) {
    if (inner !== undefined) throw inner;
    throw new DataError(`expected whole gzip data, found them truncated or damaged (${(error as Error).message})`, { source: name });
  }
}

/** A test runner's Blob has no stream, and before it no bytes but through a FileReader. */
async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  if (typeof blob.stream === 'function') return yield* streamChunks(blob.stream());
  if (typeof blob.arrayBuffer === 'function') return yield new Uint8Array(await blob.arrayBuffer());
  yield await new Promise<Uint8Array>((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(new Uint8Array(reader.result as ArrayBuffer));
    reader.onerror = () => fail(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}

function* encodedPieces(text: string): Generator<Uint8Array> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE);
    // Both halves of a surrogate pair stay together.
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end++;
    yield utf8(text.slice(at, end));
    at = end;
  }
}

/** The same bytes in pieces that are short enough to decode, to count and to pause between. */
export async function* inPieces(chunks: Chunks): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
}

/** Bytes that content holds once unpacked, where that is known beforehand; else 0. */
export function plainSize({ name, chunks, size }: NamedContent): number {
  if (/\.gz$/i.test(name)) return 0;
  if (size !== undefined) return size;
  if (isBytes(chunks) || isBuffer(chunks)) return chunks.byteLength;
  return isBlob(chunks) ? chunks.size : 0;
}

/** All bytes in one array. */
export async function wholeBytes(chunks: Chunks): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return concat(pieces);
}

/** The first bytes, at least `wanted` where there are as many, and a stream that still begins with them. */
export async function peekBytes(chunks: Chunks, wanted: number): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  for (let length = 0; length < wanted; ) {
    const { done, value } = await iterator.next();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  const all = (async function* () {
    try {
      yield* pieces;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  return { head: concat(pieces), all };
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** A web stream of chunks, pulled one at a time. */
export function toStream(chunks: Chunks): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** Chunks of a web stream. Not all browsers' streams are iterable by themselves. */
export async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Also when the consumer stops early: lets go of the file or the connection.
    await reader.cancel().catch(() => undefined);
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
