// Files of the command line: what is read is never what is written, and models are read with the file's name in every error.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ModelError } from '../base/errors.ts';
import { deserialize, inspectFile, type ModelInfo, serialize } from '../files/serialize.ts';
import { type FileContent, settleFolder, writeTogether } from '../files/whole-files.ts';
import type { Model } from '../model/model.ts';
import { isStore, readStoreModel } from './store.ts';
import { UsageError } from './usage.ts';

/** Files that this process reads, and files that it will write, by the flag that named them: nothing is both. */
const inputs = new Set<string>();
const outputs = new Map<string, string>();

/**
 * Says that a file is about to be read; whatever opens one says so here.
 * @throws UsageError where it is one that will be written.
 */
export function noteInput(path: string): void {
  settleFolder(dirname(resolve(path)));
  inputs.add(path);
  for (const [output, flag] of outputs) if (samePlace(output, path)) wouldOverwrite(flag, output, path);
}

/** Makes sure, before the work begins, that its result can be written, and takes no file away that the command reads or writes. */
export async function requireWritable(flag: string, path: string): Promise<void> {
  settleFolder(dirname(resolve(path)));
  for (const other of [...inputs, ...outputs.keys()]) if (samePlace(path, other)) wouldOverwrite(flag, path, other);
  const there = statSync(path, { throwIfNoEntry: false });
  // What is written whole takes the place of what was there: of a device too, such as /dev/null.
  if (there && !there.isFile())
    throw new UsageError(`${flag} expected a file, ${path} is ${there.isDirectory() ? 'a folder' : 'a device or a pipe'}`);
  await access(dirname(resolve(path)), constants.W_OK).catch((error: unknown) => cannotWrite(path, error));
  outputs.set(path, flag);
}

function wouldOverwrite(flag: string, path: string, other: string): never {
  throw new UsageError(`${flag} ${path} would overwrite another file of this command, ${other}; name another place`);
}

/** The same file by what it is, whatever links lead to it; or the same place, where there is none yet. */
function samePlace(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  if (one && other) return one.dev === other.dev && one.ino === other.ino;
  return one === other && placeOf(a) === placeOf(b);
}

function placeOf(path: string): string {
  const folder = dirname(resolve(path));
  return join(existsSync(folder) ? realpathSync(folder) : folder, basename(path));
}

/** Writes all files, or none; afterwards an interruption says that they are there. */
export async function writeWhole(files: ReadonlyMap<string, FileContent>): Promise<void> {
  await writeTogether(files);
  onInterrupt(`${[...files.keys()].join(' and ')} ${files.size === 1 ? 'was' : 'were'} written`);
}

let left = 'nothing was written';

/** Says what an interruption leaves behind. */
export function onInterrupt(what: string): void {
  left = what;
}
export const leftBehind = (): string => left;

/** Makes sure, before the work begins, that a folder can be written or made. */
export async function requireFolder(flag: string, path: string): Promise<void> {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  if (!statSync(there).isDirectory())
    throw new UsageError(`${flag} expected a folder, ${there === resolve(path) ? path : there} is a file`);
  await access(there, constants.W_OK).catch((error: unknown) => cannotWrite(path, error));
}

/** Makes a folder, with those above it. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => cannotWrite(path, error));
}

function cannotWrite(path: string, error: unknown): never {
  throw new Error(`cannot write ${path}: ${fileProblem(error) ?? (error as Error).message}`, { cause: error });
}

export async function readModel(path: string): Promise<Model> {
  if (isStore(path)) return readStoreModel(path);
  return ofFile(path, async (bytes) => deserialize(bytes));
}

export async function readModelInfo(path: string): Promise<ModelInfo> {
  if (isStore(path)) return inspectFile(await serialize(await readStoreModel(path)));
  return ofFile(path, inspectFile);
}

/** @throws an error that names the file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  noteInput(path);
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
