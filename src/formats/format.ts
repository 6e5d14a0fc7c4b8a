// What a format of interactions is: the registry's entry.
import type { ReadInput } from './columns.ts';

/** A text format that interactions are read from. It is handed a stream and touches no files. */
export interface Format {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Whether a header names the columns, so that `columns` applies. */
  readonly header: boolean;
  /**
   * Whether data look like this format.
   * @param fileName lower case, without folders and `.gz`; empty where the data have none.
   * @param firstLines at most 20; the last one may be cut short only when it is the only one.
   */
  detect(fileName: string, firstLines: readonly string[]): boolean;
  /** Adds every interaction to `input.builder`. @throws DataError that names the line. */
  read(input: ReadInput): Promise<void>;
}
