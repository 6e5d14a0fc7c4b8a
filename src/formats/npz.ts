// NumPy's `.npz`: a zip of `.npy` arrays, as numpy.savez, numpy.savez_compressed and the Python library `implicit` write
// them. Only members that are asked for are unpacked, so that others may hold what is not read here.
// Writes stored members, with fixed dates: the same arrays, the same bytes. No encryption, no files beyond 4 GB.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { isBytes, utf8, utf8Decoder } from '../base/host.ts';
import { concat, streamChunks, wholeBytes } from './bytes.ts';
import { type NpyArray, npyChunks, readNpy } from './npy.ts';

/** An opened `.npz`. */
export interface Npz {
  /** Names of its arrays, without `.npy`. */
  readonly names: readonly string[];
  /**
   * @param accept is told the shape before anything else is unpacked, and throws where it is not what was expected.
   * @throws DataError when there is no such array, or it is damaged or of a kind that is not read.
   */
  read(name: string, accept?: (shape: readonly number[]) => void): Promise<NpyArray>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const MAX_32 = 0xffffffff;
/** Bytes of a member that are unpacked before its header is read. */
const CHECKED_FIRST = 1 << 22;

interface Member {
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Opens the bytes of a `.npz`.
 * @param source the name that messages use.
 * @throws DataError when the bytes are no whole zip archive.
 */
export function openNpz(bytes: Uint8Array, source: string): Npz {
  if (!isBytes(bytes)) throw new TypeError(`"bytes" expected the bytes of a .npz (Uint8Array), got ${check.describe(bytes)}`);
  check.string('source', source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members = new Map<string, Member>();
  const fail = (message: string): never => {
    throw new DataError(message, { source });
  };
  try {
    for (const [name, member] of centralDirectory(view, bytes)) members.set(name.replace(/\.npy$/, ''), member);
  } catch (error) {
    // A DataView refuses to read beyond its end: the directory points outside of the file.
    if (error instanceof RangeError) fail('expected a whole .npz (zip) file, found a truncated or foreign one');
    throw error;
  }
  return {
    names: [...members.keys()],
    async read(name, accept) {
      const member = members.get(name);
      if (!member) return fail(`expected an array ${JSON.stringify(name)}, found ${[...members.keys()].join(', ') || 'none'}`);
      const place = `${source}, ${name}`;
      const chunks = unpacked(view, bytes, member, place);
      // What is small is checked as a whole before it is looked at, so that damage is called damage.
      return readNpy(member.size <= CHECKED_FIRST ? [await wholeBytes(chunks)] : chunks, place, accept);
    },
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

/** A member's bytes as they come, checked for length and checksum at the end; no more than a chunk beyond its size. */
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

/**
 * The bytes of a `.npz` with the given arrays, stored without compression: what numpy.load reads.
 * @throws RangeError beyond 4 GB, or when a shape does not fit its data.
 */
export function npzBytes(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  check.record('arrays', arrays);
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [key, array] of Object.entries(arrays)) {
    const name = utf8(`${key}.npy`);
    const content = npyChunks(array);
    const size = content.reduce((sum, piece) => sum + piece.length, 0);
    const fields = { name, size, crc: crc32(...content), offset };
    pieces.push(header(LOCAL, fields), name, ...content);
    directory.push(header(CENTRAL, fields), name);
    offset += 30 + name.length + size;
  }
  const directorySize = directory.reduce((sum, piece) => sum + piece.length, 0);
  if (offset + directorySize > MAX_32) throw new RangeError(`"arrays" expected at most ${MAX_32} bytes, got ${offset}`);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, directory.length / 2, true);
  end.setUint16(10, directory.length / 2, true);
  end.setUint32(12, directorySize, true);
  end.setUint32(16, offset, true);
  return concat([...pieces, ...directory, new Uint8Array(end.buffer)]);
}

/** A local or a central header: they share their fields, the central one has more. */
function header(
  signature: number,
  { name, size, crc, offset }: { name: Uint8Array; size: number; crc: number; offset: number },
): Uint8Array {
  const central = signature === CENTRAL;
  const view = new DataView(new ArrayBuffer(central ? 46 : 30));
  let at = 0;
  const u16 = (value: number): void => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const u32 = (value: number): void => {
    view.setUint32(at, value, true);
    at += 4;
  };
  u32(signature);
  if (central) u16(20); // made by version 2.0
  u16(20); // needed: version 2.0
  u16(0x0800); // the name is UTF-8
  u16(STORED);
  u16(0);
  u16(0x21); // 1 January 1980, the first date there is
  u32(crc);
  u32(size);
  u32(size);
  u16(name.length);
  if (central) {
    at = 42;
    u32(offset);
  }
  return new Uint8Array(view.buffer);
}

/** A 64-bit number that must be a safe integer. */
function wide(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
  if (!Number.isSafeInteger(value)) throw new RangeError();
  return value;
}

let table: Uint32Array | undefined;

/** The checksum of zip and gzip over pieces of bytes. */
function crc32(...pieces: readonly Uint8Array[]): number {
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
