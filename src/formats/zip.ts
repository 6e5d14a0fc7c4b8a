// Zip archives: their directory, and members as streams, checked for length and checksum. Stored and deflated members, also
// of zip64; no encryption, nothing that is spread over several files.
import { DataError } from '../base/errors.ts';
import { utf8Decoder } from '../base/host.ts';
import { streamChunks } from './bytes.ts';

/** An opened archive. */
export interface Zip {
  /** Names of its members, in the directory's order. */
  readonly names: readonly string[];
  /** Bytes of a member once unpacked; −1 where there is none of the name. */
  size(name: string): number;
  /** A member's bytes as they come, no more than a chunk beyond its size. @throws DataError, naming it by `place`. */
  chunks(name: string, place: string): AsyncGenerator<Uint8Array>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
export const CENTRAL = 0x02014b50;
export const LOCAL = 0x04034b50;
export const STORED = 0;
const DEFLATED = 8;
export const MAX_32 = 0xffffffff;

interface Member {
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** @param what the file should be, for the message. @throws DataError when the bytes are no whole zip archive. */
export function openZip(bytes: Uint8Array, source: string, what = 'zip archive'): Zip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members = new Map<string, Member>();
  try {
    for (const [name, member] of centralDirectory(view, bytes)) members.set(name, member);
  } catch (error) {
    // A DataView refuses to read beyond its end: the directory points outside of the file.
    if (error instanceof RangeError) throw new DataError(`expected a whole ${what}, found a truncated or foreign one`, { source });
    throw error;
  }
  return {
    names: [...members.keys()],
    size: (name) => members.get(name)?.size ?? -1,
    chunks: (name, place) => unpacked(view, bytes, members.get(name)!, place),
  };
}

function* centralDirectory(view: DataView, bytes: Uint8Array): Generator<[string, Member]> {
  // The end record stands last, but for a comment of up to 64 kB.
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0 || bytes.length - end > 22 + 0xffff) throw new RangeError();
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === LOCATOR_64) {
    const end64 = wide(view, end - 20 + 8);
    if (view.getUint32(end64, true) !== END_64) throw new RangeError();
    count = wide(view, end64 + 32);
    at = wide(view, end64 + 48);
  }
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== CENTRAL) throw new RangeError();
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const sizes = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), offset: view.getUint32(at + 42, true) };
    // Zip64: the fields that do not fit stand in an extra field, in this order, only those that do not fit.
    for (let extra = at + 46 + nameLength, stop = extra + extraLength; extra + 4 <= stop; extra += 4 + view.getUint16(extra + 2, true)) {
      if (view.getUint16(extra, true) !== 1) continue;
      let field = extra + 4;
      for (const key of ['size', 'packed', 'offset'] as const) {
        if (sizes[key] !== MAX_32) continue;
        sizes[key] = wide(view, field);
        field += 8;
      }
    }
    const name = utf8Decoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    yield [
      name,
      {
        ...sizes,
        method: view.getUint16(at + 10, true),
        encrypted: (view.getUint16(at + 8, true) & 1) === 1,
        crc: view.getUint32(at + 16, true),
      },
    ];
    at += 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  }
}

async function* unpacked(view: DataView, bytes: Uint8Array, member: Member, source: string): AsyncGenerator<Uint8Array> {
  const { method, encrypted, crc, packed, size, offset } = member;
  const fail = (message: string): never => {
    throw new DataError(message, { source });
  };
  if (encrypted) fail('is encrypted');
  if (method !== STORED && method !== DEFLATED) fail(`expected a stored or deflated member, found compression method ${method}`);
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL) fail('is not where the directory says');
  // Names and extra fields may differ in length from the directory's.
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) fail('is truncated');
  const raw = bytes.subarray(start, start + packed);
  let length = 0;
  let running = -1;
  for await (const chunk of method === STORED ? [raw] : inflated(raw, source)) {
    length += chunk.length;
    if (length > size) break;
    running = crcOf(running, chunk);
    yield chunk;
  }
  if (length !== size) fail(`expected ${size} bytes, found ${length > size ? 'more' : length}`);
  if (~running >>> 0 !== crc) fail('is damaged: its checksum does not match');
}

async function* inflated(raw: Uint8Array, source: string): AsyncGenerator<Uint8Array> {
  const stream = new Blob([raw as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  try {
    yield* streamChunks(stream);
  } catch (error) {
    throw new DataError(`cannot be inflated (${(error as Error).message})`, { source });
  }
}

/** A 64-bit number that must be a safe integer. */
function wide(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
  if (!Number.isSafeInteger(value)) throw new RangeError();
  return value;
}

let table: Uint32Array | undefined;

/** The checksum of zip and gzip over pieces of bytes. */
export function crc32(...pieces: readonly Uint8Array[]): number {
  return ~pieces.reduce(crcOf, -1) >>> 0;
}

/** The running checksum, which begins at −1 and is inverted at the end. */
function crcOf(crc: number, piece: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  for (let i = 0; i < piece.length; i++) crc = (crc >>> 8) ^ table[(crc ^ piece[i]) & 255];
  return crc;
}
