// What the library needs of a host that has files. Browsers and edge workers have none: there, Blobs, Responses and
// bytes are passed in instead.
import type { Chunks } from '../formats/bytes.ts';

export interface Platform {
  /** The bytes of a file, read as they are asked for. @throws DataError when it cannot be read. */
  openFile(path: string): Chunks;
  /** Names of the files in a folder, ascending; null when the path is no folder. @throws DataError when there is nothing. */
  listFolder(path: string): Promise<string[] | null>;
  /** Writes a file whole or not at all: to a temporary name beside it, then renamed. */
  writeFileWhole(path: string, chunks: Iterable<Uint8Array> | Chunks): Promise<void>;
  /** Makes a folder, and those above it. */
  makeFolder(path: string): Promise<void>;
}
