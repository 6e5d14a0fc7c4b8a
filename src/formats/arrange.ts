// Which of several files is what: interactions, the parts of a split, features, titles.
import { DataError } from '../base/errors.ts';
import { PART } from '../data/dataset.ts';
import type { NamedContent } from './bytes.ts';
import { baseName, isTitlesFile, KNOWN_DATA_NAMES, titlesBeside } from './titles.ts';

export interface Arranged {
  readonly data: readonly { readonly file: NamedContent; readonly part?: number }[];
  readonly features: readonly { readonly modality: string; readonly file: NamedContent }[];
  readonly titles?: NamedContent;
}

const PART_FILE = /^(?:.*[._-])?(train|valid|validation|val|test)(\.(inter|csv|tsv|txt|dat|data|adj|ndjson|jsonl|parquet|arrow|feather))?$/;
const PART_OF: Readonly<Record<string, keyof typeof PART>> = {
  train: 'train',
  valid: 'validation',
  validation: 'validation',
  val: 'validation',
  test: 'test',
};

/** Finds out which file is what. A lone file is the data, whatever its name. */
export function arrange(files: readonly NamedContent[]): Arranged {
  const features = files.flatMap((file) => {
    const modality = baseName(file.name).match(/^(.+)_feat\.npy$/)?.[1];
    return modality === undefined ? [] : [{ modality, file }];
  });
  if (files.length === 1) return { data: [{ file: files[0] }], features: [] };
  const rest = files.filter(({ name }) => !isTitlesFile(name) && !NOT_INTERACTIONS.some((pattern) => pattern.test(baseName(name))));

  const inter = rest.filter(({ name }) => baseName(name).endsWith('.inter'));
  const parts = rest.flatMap((file) => {
    const word = baseName(file.name).match(PART_FILE)?.[1];
    return word === undefined ? [] : [{ file, part: PART[PART_OF[word]] }];
  });
  const known = rest.filter(({ name }) => KNOWN_DATA_NAMES.includes(baseName(name)));
  if (inter.length === 1) return { data: [{ file: inter[0] }], features, titles: titlesBeside(inter[0].name, files) };
  if (parts.some(({ part }) => part === PART.train)) {
    if (new Set(parts.map(({ part }) => part)).size < parts.length) tooMany(parts.map(({ file }) => file));
    return { data: parts.sort((a, b) => a.part - b.part), features, titles: titlesBeside(parts[0].file.name, files) };
  }
  const candidates = known.length > 0 ? known : rest;
  if (candidates.length === 1) return { data: [{ file: candidates[0] }], features, titles: titlesBeside(candidates[0].name, files) };
  if (candidates.length > 1) tooMany(candidates);
  throw new DataError(`expected a file of interactions, found ${list(files.map(({ name }) => baseName(name)))}`, {
    source: files.length > 0 ? folderOf(files[0].name) : undefined,
  });
}

/** Files that lie in data folders and hold no interactions. */
const NOT_INTERACTIONS = [
  /^(readme|license|\.)|\.(npy|npz|md|json|ya?ml|html?|pdf|zip|py|ipynb|lethe)$/,
  /^(u\.(user|item|genre|info|occupation)|(user|item)_list\.txt)$/,
];

function tooMany(files: readonly NamedContent[]): never {
  throw new DataError(
    'expected one file of interactions, or one of each of train, validation and test; found ' +
      `${list(files.map(({ name }) => baseName(name)))}; ` +
      'name the file',
    { source: folderOf(files[0].name) },
  );
}

export function folderOf(name: string): string {
  const folder = name.replace(/[/\\][^/\\]*$/, '');
  return folder === '' || folder === name ? 'the folder' : folder;
}

export function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 12).join(', ') + (names.length > 12 ? `, and ${names.length - 12} more` : '');
}
