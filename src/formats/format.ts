// What a format of interactions is: the registry's entry.
import type { Layout } from './layout.ts';
import type { ReadInput } from './table.ts';

/** A text format that interactions are read from. It is handed a stream and touches no files. */
export interface Format {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Whether it has columns, so that `columns`, `delimiter` and `header` apply. */
  readonly table: boolean;
  /**
   * Whether data look like this format.
   * @param fileName lower case, without folders and `.gz`; empty where the data have none.
   * @param firstLines at most 20; the last one may be cut short only when it is the only one.
   */
  detect(fileName: string, firstLines: readonly string[]): boolean;
  /** Adds every interaction to `input.builder`. @returns the layout of a table. @throws DataError that names the line. */
  read(input: ReadInput): Promise<Layout | undefined>;
}
