// Item titles from the file that data sets bring beside their interactions.
// A titles file is taken by itself only where its ids are known to be those of the interactions: a renumbered copy of
// a data set often still lies beside the original's titles, and a wrong title is worse than none.

import { DataError } from '../base/errors.ts';
import { type NamedContent, plainChunks } from './bytes.ts';
import { plainName, USUAL_NAMES } from './columns.ts';
import { delimiterOf, eachLine, eachRecord } from './text.ts';

/** Interactions' file name → its titles' file name, in the data sets that have such pairs. */
const PAIRS: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({
  'u.data': 'u.item',
  'ratings.dat': 'movies.dat',
  'ratings.csv': 'movies.csv',
  'user_artists.dat': 'artists.dat',
});
/** Titles under these names belong to whatever lies beside them. */
const OWN_NAMES: readonly string[] = ['titles.tsv', 'titles.csv'];

/** The name in lower case, without folders and `.gz`. */
export function baseName(name: string): string {
  return name.split(/[/\\]/).at(-1)!.toLowerCase().replace(/\.gz$/, '');
}

export function isTitlesFile(name: string): boolean {
  const base = baseName(name);
  return OWN_NAMES.includes(base) || Object.values(PAIRS).includes(base);
}

/** The titles' file that belongs to the interactions' file, among files that lie beside it. */
export function titlesBeside<F extends { readonly name: string }>(dataName: string, files: readonly F[]): F | undefined {
  const wanted = [...OWN_NAMES, PAIRS[baseName(dataName)]];
  return wanted.map((name) => files.find((file) => baseName(file.name) === name)).find((file) => file !== undefined);
}

/** Names of interactions' files that data sets are known by. */
export const KNOWN_DATA_NAMES: readonly string[] = /* @__PURE__ */ Object.keys(PAIRS);

/**
 * Titles by item id; empty titles are left out. `u.item` and `movies.dat` have no header; other files name an item (or
 * `id`) and a `title` (or `name`) column. Bytes that are not UTF-8 are read as ISO 8859-1, which old data sets use.
 */
export async function readTitles(file: NamedContent): Promise<Map<string, string>> {
  const titles = new Map<string, string>();
  const source = file.name;
  const base = baseName(source);
  const chunks = plainChunks(file);
  const options = { latin1: true };
  const keep = (id: string | undefined, title: string | undefined): void => {
    if (id && title) titles.set(id, title);
  };
  if (base === 'u.item' || base === 'movies.dat') {
    await eachLine(
      chunks,
      source,
      (line) => {
        const [id, title] = line.split(base === 'u.item' ? '|' : '::');
        keep(id, title);
      },
      options,
    );
    return titles;
  }
  let at: { id: number; title: number } | undefined;
  const row = (fields: readonly string[], line: number): void => {
    if (at) {
      keep(fields[at.id], fields[at.title]);
      return;
    }
    const plain = fields.map(plainName);
    at = {
      id: plain.findIndex((name) => name === 'id' || USUAL_NAMES.item.includes(name)),
      title: plain.findIndex((name) => name === 'title' || name === 'name'),
    };
    if (at.id < 0 || at.title < 0) {
      throw new DataError(
        'expected a header with an item column and a title column; the columns there are: ' +
          `${fields.map((f) => JSON.stringify(f)).join(', ')}`,
        { source, line },
      );
    }
  };
  if (base.endsWith('.dat')) await eachLine(chunks, source, (line, number) => row(line.split('\t'), number), options);
  else await eachRecord(chunks, source, row, delimiterOf, options);
  return titles;
}
