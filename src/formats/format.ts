// What a format of interactions is: the registry's entry.
import type { Layout } from './layout.ts';
import type { ReadInput } from './table.ts';

/** What may be said of how rows are laid out. */
export type SaidName = 'columns' | 'delimiter' | 'header' | 'likes' | 'decimal' | 'comments' | 'encoding';
/** What may be said of delimited text. */
export const OF_TABLES = ['columns', 'delimiter', 'header', 'likes', 'decimal', 'comments', 'encoding'] as const satisfies SaidName[];
/** What may be said of text without columns. */
export const OF_TEXT = ['comments', 'encoding'] as const satisfies SaidName[];

/** A format that interactions are read from. It is handed a stream and touches no files. */
export interface Format {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** What may be said of it. */
  readonly takes: readonly SaidName[];
  /** It is no text: it gets the bytes as they are, and is told by them alone. */
  readonly binary?: true;
  /**
   * Whether data look like this format.
   * @param fileName lower case, without folders and `.gz`; empty where the data have none.
   * @param firstLines at most 20, none of them empty or a comment; the last one may be cut short only when it is the only one.
   * @param head the first bytes.
   */
  detect(fileName: string, firstLines: readonly string[], head: Uint8Array): boolean;
  /** Adds every interaction to `input.builder`. @returns the layout of a table. @throws DataError that names the line. */
  read(input: ReadInput): Promise<Layout | undefined>;
}
