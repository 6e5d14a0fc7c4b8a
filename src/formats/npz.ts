// NumPy's `.npz`: a zip of `.npy` arrays, as numpy.savez, numpy.savez_compressed and the Python library `implicit` write
// them. Only members that are asked for are unpacked, so that others may hold what is not read here.
// Writes stored members, with fixed dates: the same arrays, the same bytes. No encryption, no files beyond 4 GB.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { isBytes, utf8 } from '../base/host.ts';
import { concat, wholeBytes } from './bytes.ts';
import { type NpyArray, npyChunks, readNpy } from './npy.ts';
import { CENTRAL, crc32, LOCAL, MAX_32, openZip, STORED } from './zip.ts';

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
/** Bytes of a member that are unpacked before its header is read. */
const CHECKED_FIRST = 1 << 22;

/**
 * Opens the bytes of a `.npz`.
 * @param source the name that messages use.
 * @throws DataError when the bytes are no whole zip archive.
 * @example
 * const archive = openNpz(exportFactors(model).bytes, 'factors.npz');
 */
export function openNpz(bytes: Uint8Array, source: string): Npz {
  if (!isBytes(bytes)) throw new TypeError(`"bytes" expected the bytes of a .npz (Uint8Array), got ${check.describe(bytes)}`);
  check.string('source', source);
  const zip = openZip(bytes, source, '.npz (zip) file');
  // Of two members of one name, the last stands.
  const members = new Map(zip.names.map((member) => [member.replace(/\.npy$/, ''), member]));
  return {
    names: [...members.keys()],
    async read(name, accept) {
      const member = members.get(name);
      if (member === undefined)
        throw new DataError(`expected an array ${JSON.stringify(name)}, found ${[...members.keys()].join(', ') || 'none'}`, { source });
      const place = `${source}, ${name}`;
      const chunks = zip.chunks(member, place);
      // What is small is checked as a whole before it is looked at, so that damage is called damage.
      return readNpy(zip.size(member) <= CHECKED_FIRST ? [await wholeBytes(chunks)] : chunks, place, accept);
    },
  };
}

/**
 * The bytes of a `.npz` with the given arrays, stored without compression: what numpy.load reads.
 * @throws RangeError beyond 4 GB, or when a shape does not fit its data.
 * @example
 * const bytes = npzBytes({ x: { shape: [2], data: Float32Array.of(1, 2) } });
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
