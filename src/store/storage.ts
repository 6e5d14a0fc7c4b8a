// Where a store keeps its blocks: the whole of what is asked of a database. Drivers implement it, one file each, and one contract
// test holds them all to it.

/** Most bytes of a block that the store writes; Durable Objects refuse values of 2 MB. */
export const LARGEST_BLOCK = 1 << 20;

/** A set of blocks by key. Keys are short ASCII text and never hold an id. */
export interface Storage {
  /** For messages: a path, or the name that the host has for it. */
  readonly name: string;
  /** A block; undefined where there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin so, ascending. */
  keys(prefix: string): Promise<string[]>;
  /**
   * Writes all changes or none, durably; null removes a block. What was there before is in no byte of the storage afterwards,
   * as far as the host lets anybody say so (docs/store.md).
   * @throws with nothing changed.
   */
  write(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>;
  /** Gives unused room back, and rewrites what is left where that cleans up. */
  compact(): Promise<void>;
  /** Bytes that it takes, about. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}
