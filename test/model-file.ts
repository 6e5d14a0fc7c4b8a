// Model files that are whole and make no sense: a header that somebody changed, under a checksum that is right.
import { sha256 } from '../src/base/sha256.ts';

const HEAD = 16;
const HASH = 32;
const align16 = (bytes: number): number => (bytes + 15) & ~15;

/** The file with another checksum, that of its bytes. */
export async function signed(bytes: Uint8Array): Promise<Uint8Array> {
  const file = bytes.slice();
  file.set(await sha256(file.subarray(0, file.length - HASH)), file.length - HASH);
  return file;
}

/** The parts of a model file. */
export function opened(file: Uint8Array): { header: Record<string, any>; parameters: Uint8Array } {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(12, true);
  const header = JSON.parse(new TextDecoder().decode(file.slice(HEAD, HEAD + length)));
  return { header, parameters: file.slice(align16(HEAD + length), file.length - HASH) };
}

/** A model file of the given parts, with a checksum that is right. @param header text, or what is written as JSON. */
export async function modelFile(file: Uint8Array, header: unknown, parameters: Uint8Array): Promise<Uint8Array> {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const start = align16(HEAD + text.length);
  const bytes = new Uint8Array(start + parameters.length + HASH);
  bytes.set(file.subarray(0, HEAD));
  new DataView(bytes.buffer).setUint32(12, text.length, true);
  bytes.set(text, HEAD);
  bytes.set(parameters, start);
  return signed(bytes);
}
