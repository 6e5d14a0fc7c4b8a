// Files that are written whole or not at all, several as one act (Node, Deno, Bun). Each is written beside its place under a
// passing name that nobody else has, and renamed when all are there. What a killed process leaves is finished or cleared by
// the next that comes to the folder: a record of the renames, written before the first of them, says which.

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** What a file is written from; text is UTF-8. */
export type FileContent = Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** Names that are in use, or will be cleared when the process is interrupted. */
const unfinished = /* @__PURE__ */ new Set<string>();

const PASSING = /^\.lethe-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.(part|commit)$/;
/** Milliseconds after which what another machine left is taken for left behind: nothing is written for so long. */
const ABANDONED = 24 * 3600 * 1000;

/** Where process numbers mean something: a machine since its start, and a container on it. */
const host: string = /* @__PURE__ */ hostMark();

function hostMark(): string {
  return createHash('sha256').update([hostname(), bootId(), pidNamespace()].join('\n')).digest('hex').slice(0, 8);
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    return '';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

const passingName = (folder: string, kind: 'part' | 'commit'): string =>
  join(folder, `.lethe-${host}-${process.pid}-${randomBytes(8).toString('hex')}.${kind}`);

/**
 * Writes all files, or none.
 * @param files content by path; files of these names are replaced.
 * @throws what the content or the file system throws; nothing has changed then, unless the message says what has.
 */
export async function writeTogether(files: ReadonlyMap<string, FileContent>): Promise<void> {
  const renames: Rename[] = [];
  try {
    for (const [path, content] of files) {
      const temporary = reserve(path);
      renames.push([temporary, resolve(path)]);
      await writeAll(temporary, content);
    }
    commit(renames);
  } finally {
    for (const [temporary] of renames) release(temporary);
  }
}

/** The same for one file whose bytes are there, without letting anything happen in between. */
export function writeAtOnce(path: string, bytes: Uint8Array): void {
  const temporary = reserve(path);
  try {
    writeFileSync(temporary, bytes, { flag: 'wx' });
    renameSync(temporary, path);
  } finally {
    release(temporary);
  }
}

function reserve(path: string): string {
  const temporary = passingName(dirname(resolve(path)), 'part');
  unfinished.add(temporary);
  return temporary;
}

function release(temporary: string): void {
  rmSync(temporary, { force: true });
  unfinished.delete(temporary);
}

async function writeAll(path: string, content: FileContent): Promise<void> {
  // Exclusive: not even a link that somebody put there is followed.
  const file = await open(path, 'wx');
  try {
    if (ArrayBuffer.isView(content)) await file.writeFile(content);
    else for await (const piece of content) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

type Rename = readonly [temporary: string, path: string];

/** Synchronous: no signal is handled between two renames, and a kill between them is mended by the record. */
function commit(renames: readonly Rename[]): void {
  const records: string[] = [];
  const done: string[] = [];
  try {
    if (renames.length > 1) for (const folder of foldersOf(renames)) records.push(record(folder, renames));
    for (const [temporary, path] of renames) {
      renameSync(temporary, path);
      done.push(path);
    }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (done.length === 0) throw error;
    throw Object.assign(new Error(`${done.join(' and ')} was written, what belongs to it was not: ${message}`), { code });
  } finally {
    for (const path of records) release(path);
  }
}

const foldersOf = (renames: readonly Rename[]): Set<string> => new Set(renames.map(([, path]) => dirname(path)));

function record(folder: string, renames: readonly Rename[]): string {
  const path = passingName(folder, 'commit');
  unfinished.add(path);
  const file = openSync(path, 'wx');
  try {
    writeFileSync(file, JSON.stringify(renames));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}

/** Removes what an interrupted write has left. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

/**
 * Finishes or clears what killed processes have left in a folder: renames that had begun are finished, all else is removed.
 * What belongs to a living process, to another user, or to another machine within a day stays.
 */
export function settleFolder(folder: string): void {
  const left = leftIn(folder);
  for (const path of left.filter((name) => name.endsWith('.commit'))) {
    for (const [temporary, target] of renamesIn(path)) if (existsSync(temporary)) renameSync(temporary, target);
    rmSync(path, { force: true });
  }
  for (const path of left) rmSync(path, { force: true });
}

function leftIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // whoever reads or writes there says what is wrong
  }
  return names.filter((name) => isLeft(folder, name)).map((name) => join(folder, name));
}

function isLeft(folder: string, name: string): boolean {
  const [, from, pid] = name.match(PASSING) ?? [];
  if (from === undefined) return false;
  const { uid, mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
  if (mtimeMs === undefined || (process.getuid && uid !== process.getuid())) return false;
  return from === host ? !lives(Number(pid)) : Date.now() - mtimeMs > ABANDONED;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The renames of a record; none where it was not written to its end, since then none had begun. */
function renamesIn(path: string): Rename[] {
  let renames: unknown;
  try {
    renames = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
  const isRename = (pair: unknown): pair is Rename =>
    Array.isArray(pair) &&
    pair.every((part) => typeof part === 'string') &&
    PASSING.test(basename(pair[0])) &&
    dirname(pair[0]) === dirname(pair[1]);
  return Array.isArray(renames) && renames.every(isRename) ? renames : [];
}
