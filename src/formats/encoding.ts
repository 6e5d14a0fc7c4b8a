// Text in other encodings than UTF-8, turned into it chunk by chunk. By hand, as not every host knows more than UTF-8.
import { DataError } from '../base/errors.ts';
import type { Chunks } from './bytes.ts';

/** How text is encoded: `latin-1` is ISO 8859-1, a byte a character; `utf-16` goes by its byte-order mark, little-endian without one. */
export const ENCODINGS = ['utf-8', 'latin-1', 'utf-16'] as const;
/** How the text of a file is written. */
export type Encoding = (typeof ENCODINGS)[number];

/** What a byte-order mark says; UTF-8 has its own, which the readers of lines drop. */
export const marksUtf16 = (head: Uint8Array): boolean => (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);

/** The text as UTF-8. @throws DataError for halves of characters. */
export function asUtf8(chunks: Chunks, encoding: Encoding, source: string): Chunks {
  if (encoding === 'latin-1') return fromLatin1(chunks);
  return encoding === 'utf-16' ? fromUtf16(chunks, source) : chunks;
}

async function* fromLatin1(chunks: Chunks): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (chunk.every((byte) => byte < 0x80)) {
      yield chunk;
      continue;
    }
    const out = new Uint8Array(chunk.length * 2);
    let at = 0;
    for (const byte of chunk) {
      if (byte < 0x80) out[at++] = byte;
      else {
        out[at++] = 0xc0 | (byte >> 6);
        out[at++] = 0x80 | (byte & 0x3f);
      }
    }
    yield out.subarray(0, at);
  }
}

async function* fromUtf16(chunks: Chunks, source: string): AsyncGenerator<Uint8Array> {
  /** The first byte of a unit whose second is in the next chunk, and the first half of a character; −1 where there is none. */
  let odd = -1;
  let high = -1;
  let bigEndian: boolean | undefined;
  const broken = (): never => {
    throw new DataError('expected UTF-16 text, found half of a character', { source });
  };
  for await (const chunk of chunks) {
    const out = new Uint8Array((chunk.length + 3) * 2);
    let to = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (odd < 0) {
        odd = chunk[at];
        continue;
      }
      const second = chunk[at];
      bigEndian ??= odd === 0xfe && second === 0xff;
      const unit: number = bigEndian ? (odd << 8) | second : odd | (second << 8);
      odd = -1;
      if (unit >= 0xdc00 && unit <= 0xdfff) {
        if (high < 0) broken();
        to = putCode(out, to, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
        high = -1;
      } else {
        if (high >= 0) broken();
        if (unit >= 0xd800 && unit <= 0xdbff) high = unit;
        else to = putCode(out, to, unit);
      }
    }
    if (to > 0) yield out.subarray(0, to);
  }
  if (odd >= 0 || high >= 0) broken();
}

/** Writes a character as UTF-8. @returns where the next one goes. */
function putCode(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code;
    return at + 1;
  }
  const bytes = [1, 2, 3].find((more) => code < 1 << (5 * more + 6)) ?? 3;
  out[at] = ((0xff00 >> (bytes + 1)) & 0xff) | (code >> (6 * bytes));
  for (let k = 1; k <= bytes; k++) out[at + k] = 0x80 | ((code >> (6 * (bytes - k))) & 0x3f);
  return at + bytes + 1;
}
