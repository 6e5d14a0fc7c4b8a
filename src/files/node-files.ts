// Files for Node, Deno and Bun. `node:` modules are imported when first used, so that browsers can load this file.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { type Chunks, type NamedContent, openChunks } from '../formats/bytes.ts';
import { readDataset } from '../formats/read.ts';
import type { ReadOptions } from '../formats/read-options.ts';
import { titlesBeside } from '../formats/titles.ts';
import { datasetFiles } from '../formats/write.ts';
import type { Platform } from './platform.ts';

const READ_SIZE = 1 << 20;

const fileSystem = () => import('node:fs/promises');
const paths = () => import('node:path');

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
};

function fail(error: unknown, what: string, source: string): never {
  const { code, message } = error as NodeJS.ErrnoException;
  throw new DataError(`${what}: ${REASONS[code ?? ''] ?? message}`, { source });
}

export const nodePlatform: Platform = {
  async *openFile(path) {
    const { open } = await fileSystem();
    const file = await open(path, 'r').catch((error) => fail(error, 'cannot be opened', path));
    try {
      for (;;) {
        const { bytesRead, buffer } = await file
          .read(new Uint8Array(READ_SIZE), 0, READ_SIZE)
          .catch((error) => fail(error, 'cannot be read', path));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },

  async listFolder(path) {
    const { stat, readdir } = await fileSystem();
    const found = await stat(path).catch((error) => fail(error, 'cannot be opened', path));
    if (!found.isDirectory()) return null;
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  },

  async writeFiles(files) {
    const { settleFolder, writeTogether } = await import('./whole-files.ts');
    const { dirname } = await paths();
    for (const path of files.keys()) settleFolder(dirname(path));
    await writeTogether(files).catch((error) => {
      if ((error as NodeJS.ErrnoException).code !== undefined) fail(error, 'cannot be written', [...files.keys()].join(', '));
      throw error;
    });
  },

  async makeFolder(path) {
    const { mkdir } = await fileSystem();
    await mkdir(path, { recursive: true }).catch((error) => fail(error, 'cannot be made', path));
  },
};

/** Options of reading from a path: other files are paths too. */
export type ReadFileOptions = Omit<ReadOptions, 'titles' | 'test' | 'validation'> & {
  readonly titles?: string | false;
  /** A file of interactions for testing: `path` is then what is trained on. It is read as `path` is. */
  readonly test?: string;
  /** The same for validation. */
  readonly validation?: string;
  /** Told of each file before it is opened, those included that were only found beside the data. */
  readonly onOpen?: (path: string) => void;
};

/**
 * Reads a data set from a file or a folder (Node, Deno, Bun).
 * @param path a file of interactions, or a folder that holds one, or `train`/`validation`/`test` files, with features.
 * @throws DataError naming file, line, expectation and finding; TypeError, RangeError for options.
 * @example
 * const ratings = await readDatasetFile('ratings.csv');
 */
export async function readDatasetFile(path: string, given: ReadFileOptions = {}): Promise<Dataset> {
  check.string('path', path);
  check.record('options', given);
  const { onOpen, test, validation, ...options } = given;
  for (const [name, at] of Object.entries({ test, validation })) if (at !== undefined) check.string(name, at);
  check.optionalFunction('onOpen', onOpen);
  const { join, dirname, basename } = await paths();
  const { stat } = await fileSystem();
  const opened = (at: string): Chunks => {
    onOpen?.(at);
    return nodePlatform.openFile(at);
  };
  const file = (at: string, size?: number): NamedContent => ({ name: at, chunks: () => opened(at), size, fresh: true });
  // What cannot be opened is an error only where it is read.
  const sized = async (at: string): Promise<NamedContent> =>
    file(
      at,
      await stat(at).then(
        ({ size }) => size,
        () => undefined,
      ),
    );
  const names = await nodePlatform.listFolder(path);
  const titles = typeof options.titles === 'string' ? file(options.titles) : options.titles;
  const heldOut = {
    ...(test !== undefined && { test: await sized(test) }),
    ...(validation !== undefined && { validation: await sized(validation) }),
  };
  if (names) {
    if (names.length === 0) throw new DataError('expected a file of interactions, found an empty folder', { source: path });
    return readDataset(await Promise.all(names.map((name) => sized(join(path, name)))), {
      ...options,
      ...heldOut,
      name: options.name ?? path,
      titles,
    });
  }
  const beside = (await nodePlatform.listFolder(dirname(path))) ?? [];
  const own = titlesBeside(
    basename(path),
    beside.map((name) => ({ name })),
  );
  return readDataset(await sized(path), { ...options, ...heldOut, titles: titles ?? (own && file(join(dirname(path), own.name))) });
}

/**
 * Writes a data set as a folder that `readDatasetFile` reads (Node, Deno, Bun); all files or none.
 * @param folder is made where it does not exist; files of the same names are replaced.
 * @returns the files' names.
 * @example
 * await writeDatasetFolder('retained', train);
 */
export async function writeDatasetFolder(folder: string, data: Dataset, name = 'data'): Promise<string[]> {
  check.string('folder', folder);
  const { join } = await paths();
  const files = datasetFiles(data, name);
  await nodePlatform.makeFolder(folder);
  const chunksOf = ({ chunks, name: source }: NamedContent): Chunks => openChunks(typeof chunks === 'function' ? chunks() : chunks, source);
  await nodePlatform.writeFiles(new Map(files.map((file) => [join(folder, file.name), chunksOf(file)])));
  return files.map((file) => file.name);
}
