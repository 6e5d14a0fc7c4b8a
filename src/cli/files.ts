// Files of the command line: written whole or not at all, and models read with the file's name in every error.
import { existsSync, realpathSync, rmSync, statSync } from 'node:fs';
import { access, constants, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ModelError } from '../base/errors.ts';
import { deserialize, inspectFile, type ModelInfo, serialize } from '../files/serialize.ts';
import type { Model } from '../model/model.ts';
import { UsageError } from './usage.ts';

const unfinished = new Set<string>();

/** What a file is written from; text is UTF-8. */
export type FileContent = Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Writes all files, or none: each beside its place under a passing name, then all renamed.
 * @param files content by path.
 */
export async function writeWhole(files: ReadonlyMap<string, FileContent>): Promise<void> {
  const places: [temporary: string, path: string][] = [];
  try {
    for (const [path, content] of files) {
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
      unfinished.add(temporary);
      places.push([temporary, path]);
      await writeAll(temporary, content);
    }
    for (const [temporary, path] of places) await rename(temporary, path);
  } catch (error) {
    for (const [temporary] of places) await rm(temporary, { force: true });
    throw error;
  } finally {
    for (const [temporary] of places) unfinished.delete(temporary);
  }
}

async function writeAll(path: string, content: FileContent): Promise<void> {
  const file = await open(path, 'w');
  try {
    if (content instanceof Uint8Array) await file.writeFile(content);
    else for await (const piece of content) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what an interrupted write has left. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

let left = 'nothing was written';

/** Says what an interruption leaves behind. */
export function onInterrupt(what: string): void {
  left = what;
}
export const leftBehind = (): string => left;

/**
 * Makes sure, before the work begins, that its result can be written.
 * @param inputs files that must not be overwritten by it; those that the command writes too may not exist yet.
 */
export async function requireWritable(flag: string, path: string, inputs: readonly string[] = []): Promise<void> {
  for (const input of inputs) {
    if (samePlace(path, input))
      throw new UsageError(`${flag} ${path} would overwrite another file of this command, ${input}; name another place`);
  }
  const there = statSync(path, { throwIfNoEntry: false });
  // What is written whole takes the place of what was there: of a device too, such as /dev/null.
  if (there && !there.isFile())
    throw new UsageError(`${flag} expected a file, ${path} is ${there.isDirectory() ? 'a folder' : 'a device or a pipe'}`);
  await access(dirname(resolve(path)), constants.W_OK).catch((error: unknown) => cannotWrite(path, error));
}

/** Makes sure, before the work begins, that a folder can be written or made. */
export async function requireFolder(flag: string, path: string): Promise<void> {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  if (!statSync(there).isDirectory())
    throw new UsageError(`${flag} expected a folder, ${there === resolve(path) ? path : there} is a file`);
  await access(there, constants.W_OK).catch((error: unknown) => cannotWrite(path, error));
}

function samePlace(a: string, b: string): boolean {
  const real = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));
  return real(a) === real(b);
}

/** Makes a folder, with those above it. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => cannotWrite(path, error));
}

function cannotWrite(path: string, error: unknown): never {
  throw new Error(`cannot write ${path}: ${fileProblem(error) ?? (error as Error).message}`, { cause: error });
}

export async function readModel(path: string): Promise<Model> {
  return ofFile(path, async (bytes) => deserialize(bytes));
}

export async function readModelInfo(path: string): Promise<ModelInfo> {
  return ofFile(path, inspectFile);
}

/** @throws an error that names the file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    // An error of its own: those of newer Node's file functions have no stack to show with --debug.
    throw new Error(`${path}: ${fileProblem(error) ?? (error as Error).message}`, { cause: error });
  }
}

async function ofFile<T>(path: string, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  const bytes = await readBytes(path);
  try {
    return await use(bytes);
  } catch (error) {
    if (error instanceof ModelError) throw new ModelError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

export async function saveModel(path: string, model: Model, others: ReadonlyMap<string, FileContent> = new Map()): Promise<void> {
  await writeWhole(new Map<string, FileContent>([[path, await serialize(model)], ...others]));
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'is not a folder',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  ERR_FS_FILE_TOO_LARGE: 'the file is larger than 2 GiB',
};

/** What went wrong with a file, in words; undefined for other errors. */
export function fileProblem(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? PROBLEMS[code] : undefined;
}
