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
  for (let place = 0; place < lengths.length; place++) {
    if (lengths[place] === 0) continue;
    const own = reader.bytes(lengths[place] - 1);
    if (own.length === wanted.length && own.every((byte, n) => byte === wanted[n])) return place;
  }
  return -1;
}

function lengthsOf(reader: ByteReader): number[] {
  const count = reader.number();
  if (count > BLOCK_TEXTS) throw new RangeError(`the block expected ${BLOCK_TEXTS} texts at most, found ${count}`);
  return Array.from({ length: count }, () => reader.number());
}
