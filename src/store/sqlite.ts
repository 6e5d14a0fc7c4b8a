// Blocks in an SQLite file: Node >= 22.5 and Deno by node:sqlite, Bun by bun:sqlite, Node 20 by the package better-sqlite3.
// A rollback journal and not a write-ahead log, with `secure_delete`: when a transaction has ended there is one file, and what was
// replaced or removed is overwritten in it; a process that is killed leaves a journal that the next one rolls back and removes.

import { DataError } from '../base/errors.ts';
import type { Storage } from './storage.ts';

/** What the three packages have in common, as far as it is needed here. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}
interface Statement {
  get(...values: unknown[]): any;
  all(...values: unknown[]): any[];
  run(...values: unknown[]): unknown;
}

const FILE = 'store.sqlite';
const LOCK = 'lock.sqlite';
/** Milliseconds that a reader waits for a writer's commit. */
const PATIENCE = 10_000;

export interface SqliteOptions {
  /** Makes the folder where there is none; default false. */
  readonly create?: boolean;
  /** Only reads, beside a process that writes; default false. */
  readonly readOnly?: boolean;
  /** Milliseconds to wait for another process that has the store open for writing; default 0: refuse at once. */
  readonly wait?: number;
  /** Overwrite what is removed; default true. False is for showing that it makes a difference. */
  readonly secureDelete?: boolean;
}

/**
 * The storage in a folder: `store.sqlite`, and `lock.sqlite`, which is empty and locked while a process may write.
 * @throws DataError where there is no store, where another process has it open, and on Node below
 *   22.5 without better-sqlite3.
 * @example
 * const store = await openStore(await sqliteStorage('store'));
 */
export async function sqliteStorage(folder: string, options: SqliteOptions = {}): Promise<Storage> {
  const { existsSync, mkdirSync, statSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { create = false, readOnly = false, wait = 0, secureDelete = true } = options;
  const source = folder;
  const file = join(folder, FILE);
  if (!create && !existsSync(file)) throw new DataError('there is no store; `lethe init` makes one', { source });
  const open = await opener();
  if (create) mkdirSync(folder, { recursive: true });
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw inWords(error, source);
    }
  };
  const lock = readOnly ? undefined : guarded(() => locked(open(join(folder, LOCK)), wait, source));
  try {
    return guarded(() => storageOf(open(file), { folder, file, readOnly, secureDelete }, lock, statSync, guarded));
  } catch (error) {
    lock?.close();
    throw error;
  }
}

/** @throws DataError that says what to do where this host has no SQLite. */
export async function requireSqlite(): Promise<void> {
  await opener();
}

/** A database that stays locked for as long as it is open: the system takes the lock away with the process, however that ends. */
function locked(lock: Database, wait: number, source: string): Database {
  try {
    lock.exec(`PRAGMA busy_timeout = ${wait}`);
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new DataError('another process has the store open for writing; wait until it has ended, or stop it', { source });
  }
  return lock;
}

interface Place {
  readonly folder: string;
  readonly file: string;
  readonly readOnly: boolean;
  readonly secureDelete: boolean;
}

function storageOf(
  database: Database,
  { folder, file, readOnly, secureDelete }: Place,
  lock: Database | undefined,
  statSync: (path: string) => { size: number },
  guarded: <T>(work: () => T) => T,
): Storage {
  database.exec(`PRAGMA busy_timeout = ${PATIENCE}`);
  database.exec(`PRAGMA secure_delete = ${secureDelete ? 'ON' : 'OFF'}`);
  database.exec('PRAGMA temp_store = MEMORY');
  if (!readOnly) {
    database.exec('PRAGMA synchronous = EXTRA');
    database.prepare('PRAGMA journal_mode = DELETE').get();
    database.exec('CREATE TABLE IF NOT EXISTS blocks (key TEXT PRIMARY KEY, bytes BLOB NOT NULL)');
  }
  const one = database.prepare('SELECT bytes FROM blocks WHERE key = ?');
  const named = database.prepare('SELECT key FROM blocks WHERE key >= ? AND key < ? ORDER BY key');
  const put = database.prepare('INSERT INTO blocks (key, bytes) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes');
  const remove = database.prepare('DELETE FROM blocks WHERE key = ?');
  const change = (changes: ReadonlyMap<string, Uint8Array | null>): void => {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const [key, bytes] of changes) {
        if (bytes === null) remove.run(key);
        else put.run(key, bytes);
      }
      database.exec('COMMIT');
    } catch (error) {
      try {
        database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself, as for a full disk.
      }
      throw error;
    }
  };
  return {
    name: folder,
    async read(key) {
      const row = guarded(() => one.get(key));
      return row ? new Uint8Array(row.bytes) : undefined;
    },
    keys: async (prefix) => guarded(() => named.all(prefix, `${prefix}\uffff`)).map(({ key }) => key),
    async write(changes) {
      if (readOnly) throw new DataError('the store was opened for reading only', { source: folder });
      guarded(() => change(changes));
    },
    compact: async () => void guarded(() => database.exec('VACUUM')),
    bytes: async () => statSync(file).size,
    async close() {
      database.close();
      lock?.close();
    },
  };
}

const codeOf = (error: unknown): string => String((error as { errstr?: string; code?: string }).errstr ?? '') + (error as Error).message;
const isBusy = (error: unknown): boolean => /locked|busy/i.test(codeOf(error));

/** What SQLite says, in words that name the store. */
function inWords(error: unknown, source: string): unknown {
  if (error instanceof DataError) return error;
  const text = codeOf(error);
  if (isBusy(error)) return new DataError('another process holds the store for longer than could be waited for', { source });
  if (/full/i.test(text)) return new DataError('no space left on the device; nothing was changed', { source });
  if (/not a database|malformed|corrupt/i.test(text))
    return new DataError(`its file is damaged (${(error as Error).message}); restore it from a backup`, { source });
  return new DataError(`its file cannot be used: ${(error as Error).message}`, { source });
}

/** Opens a file by what the host has. @throws DataError that says what to install where it has nothing. */
async function opener(): Promise<(file: string) => Database> {
  // Names as values: bundlers must not look for modules that other hosts have.
  const load = (name: string): Promise<any> => import(name);
  const { Bun } = globalThis as { Bun?: unknown };
  if (Bun) {
    const { Database } = await load('bun:sqlite');
    return (file) => fromBun(new Database(file, { create: true, readwrite: true }));
  }
  const native = await withoutWarning(() => load('node:sqlite')).catch(() => undefined);
  if (native) return (file) => new native.DatabaseSync(file);
  const { createRequire } = await import('node:module');
  const peer = await load('better-sqlite3').catch(async () => {
    try {
      // Beside the program that is run, where the library itself lies elsewhere.
      return { default: createRequire(`${process.cwd()}/`)('better-sqlite3') };
    } catch {
      return undefined;
    }
  });
  if (peer) return (file) => new peer.default(file);
  throw new DataError(
    'a store needs SQLite, which Node has from 22.5 on: use a newer Node, Deno or Bun, or add the package: npm install better-sqlite3',
  );
}

/** Bun hands bytes and rows over as the others do; only its statements are named otherwise. */
function fromBun(database: { exec(sql: string): void; query(sql: string): Statement; close(): void }): Database {
  return { exec: (sql) => database.exec(sql), prepare: (sql) => database.query(sql), close: () => database.close() };
}

/** Node 22 and 23 warn on stderr that SQLite is young, once it is loaded: a result would come with a line of noise. */
async function withoutWarning<T>(work: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]): void => {
    if (!/SQLite/.test(String(warning))) (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return await work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
