// What the library needs of a host that has files. Browsers and edge workers have none: there, Blobs, Responses and
// bytes are passed in instead.
import type { Chunks } from '../formats/bytes.ts';

export interface Platform {
  /** The bytes of a file, read as they are asked for. @throws DataError when it cannot be read. */
  openFile(path: string): Chunks;
  /** Names of the files in a folder, ascending; null when the path is no folder. @throws DataError when there is nothing. */
  listFolder(path: string): Promise<string[] | null>;
  /** Writes all files whole, by path, or none of them: under passing names first, then renamed. */
  writeFiles(files: ReadonlyMap<string, Iterable<Uint8Array> | Chunks>): Promise<void>;
  /** Makes a folder, and those above it. */
  makeFolder(path: string): Promise<void>;
}
