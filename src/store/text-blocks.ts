// Ids and titles by position, in blocks: lengths, then all of the text as UTF-8. A position that is empty is told from a text that is.
import { utf8, utf8Decoder } from '../base/host.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** Positions in a block. */
export const BLOCK_TEXTS = 1024;

export const textBlocks = (size: number): number => Math.ceil(size / BLOCK_TEXTS);

export function textBlock(at: (position: number) => string | null | undefined, size: number, block: number): Uint8Array {
  const writer = new ByteWriter();
  const begin = block * BLOCK_TEXTS;
  const end = Math.min(size, begin + BLOCK_TEXTS);
  const texts = Array.from({ length: end - begin }, (_, n) => at(begin + n)).map((text) => (text == null ? null : utf8(text)));
  writer.number(end - begin);
  for (const text of texts) writer.number(text === null ? 0 : text.length + 1);
  for (const text of texts) if (text) writer.array(text);
  return writer.finish();
}

/** Hands each text over. @throws RangeError for a block that makes no sense. */
export function readTextBlock(bytes: Uint8Array, take: (place: number, text: string) => void): number {
  const reader = new ByteReader(bytes);
  const decoder = utf8Decoder(true);
  const lengths = lengthsOf(reader);
  lengths.forEach((length, place) => {
    if (length > 0) take(place, decoder.decode(reader.bytes(length - 1)));
  });
  reader.end();
  return lengths.length;
}

/** The place of a text in a block, without making texts of all others; −1. */
export function placeOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const reader = new ByteReader(bytes);
  const lengths = lengthsOf(reader);
  const texts = reader.rest();
  for (let place = 0, at = 0; place < lengths.length; place++) {
    if (lengths[place] === 0) continue;
    const end = at + lengths[place] - 1;
    if (end - at === wanted.length && endsAt(texts, end, wanted)) return place;
    at = end;
  }
  return -1;
}

/** From the last byte on: ids that are alike differ in their ends. */
function endsAt(texts: Uint8Array, end: number, wanted: Uint8Array): boolean {
  for (let n = 1; n <= wanted.length; n++) if (texts[end - n] !== wanted[wanted.length - n]) return false;
  return true;
}

function lengthsOf(reader: ByteReader): Int32Array {
  const count = reader.number();
  if (count > BLOCK_TEXTS) throw new RangeError(`the block expected ${BLOCK_TEXTS} texts at most, found ${count}`);
  const lengths = new Int32Array(count);
  for (let place = 0; place < count; place++) lengths[place] = reader.number();
  return lengths;
}
