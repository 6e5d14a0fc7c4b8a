// Lines that are no rows: comments before a table, or wherever a sign that the caller names begins a line. They become
// empty lines, which all readers pass over, so that the numbers of lines in messages stay those of the file.

import type { Chunks } from './bytes.ts';
import { concat } from './bytes.ts';

const FEED = 10;

/** Where the leading lines end that begin with `# ` or are nothing but `#`; 0 where there is none. */
export function leadingComments(head: Uint8Array): number {
  let at = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  let end = 0;
  while (head[at] === 35 && [32, 9, 35, FEED, 13].includes(head[at + 1])) {
    const feed = head.indexOf(FEED, at);
    if (feed < 0) break;
    at = end = feed + 1;
  }
  return end;
}

/** Drops the leading lines and keeps their line ends. @param length of them. */
export async function* withoutHead(chunks: Chunks, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of chunks) {
    if (left > 0) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      yield part.filter((byte) => byte === FEED);
      if (part.length < chunk.length) yield chunk.subarray(part.length);
    } else yield chunk;
  }
}

/** Drops lines that begin with a sign, wherever they are. @param sign of ASCII. */
export async function* withoutLines(chunks: Chunks, sign: string): AsyncGenerator<Uint8Array> {
  const bytes = Uint8Array.from(sign, (character) => character.charCodeAt(0));
  /** A line's beginning that may be the sign, kept until it is all there. */
  let begun = new Uint8Array(0);
  let atBegin = true;
  let dropping = false;
  let first = true;
  for await (const next of chunks) {
    const chunk = begun.length > 0 ? concat([begun, next]) : next;
    begun = new Uint8Array(0);
    let kept = 0;
    for (let at = 0; at < chunk.length; ) {
      if (atBegin) {
        const mark = first && chunk[at] === 0xef ? 3 : 0;
        if (chunk.length - at < bytes.length + mark && couldBe(chunk, at + mark, bytes)) {
          if (at > kept) yield chunk.subarray(kept, at);
          begun = chunk.slice(at);
          kept = chunk.length;
          break;
        }
        dropping = bytes.every((byte, n) => chunk[at + mark + n] === byte);
        if (dropping && at > kept) yield chunk.subarray(kept, at);
        atBegin = first = false;
        if (dropping) kept = at;
      }
      const feed = chunk.indexOf(FEED, at);
      const end = feed < 0 ? chunk.length : feed;
      if (dropping) kept = end;
      at = end + 1;
      if (feed >= 0) {
        atBegin = true;
        dropping = false;
      }
    }
    if (kept < chunk.length) yield chunk.subarray(kept);
  }
  if (begun.length > 0) yield begun;
}

const couldBe = (chunk: Uint8Array, at: number, sign: Uint8Array): boolean =>
  sign.every((byte, n) => at + n >= chunk.length || chunk[at + n] === byte);
