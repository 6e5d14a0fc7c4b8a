// How data were read, as far as it was said: what a model remembers, so that later commands read the same data alike.

/** How data were read, as far as it was said; saved with a model that was trained on them. */
export interface ReadingRecord {
  readonly format?: string;
  /** Names, or numbers from 1, of columns; an empty name leaves one out. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly delimiter?: string;
  readonly header?: boolean;
  /** What counts as a like; rows that are none have left. */
  readonly likes?: string;
  readonly duplicates?: string;
  /** Name of the file that titles came from. */
  readonly titles?: string;
  /** Names of the files that held-out rows came from. */
  readonly test?: string;
  readonly validation?: string;
  readonly decimal?: string;
  /** The sign that lines which are no rows begin with. */
  readonly comments?: string;
  readonly encoding?: string;
  /** Rows that users, items or both had at least; who had fewer was left out. */
  readonly kCore?: number;
  readonly minUserCount?: number;
  readonly minItemCount?: number;
  /** Rows of a lower value were left out. */
  readonly minValue?: number;
}

/** The record without what was not said; undefined where nothing was. */
export function readingOf(said: ReadingRecord): ReadingRecord | undefined {
  const entries = Object.entries(said).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
