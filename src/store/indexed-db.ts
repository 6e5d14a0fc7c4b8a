// Blocks in IndexedDB, in browsers.
import { DataError } from '../base/errors.ts';
import type { Storage } from './storage.ts';

const TABLE = 'blocks';

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was given up'));
  });

/**
 * A database of the page's origin. One tab at a time writes: the others are refused by the Web Locks that the page holds.
 * @throws DataError where the host has no IndexedDB, or another tab has the store open.
 * @example
 * const store = await openStore(await indexedDbStorage('recommender'));
 */
export async function indexedDbStorage(name: string): Promise<Storage> {
  if (typeof indexedDB === 'undefined') throw new DataError('this host has no IndexedDB; use another storage', { source: name });
  const release = await lock(name);
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
  const database = await done(request).catch((error) => {
    release();
    throw error;
  });
  const table = (mode: IDBTransactionMode): IDBObjectStore =>
    database.transaction(TABLE, mode, { durability: 'strict' }).objectStore(TABLE);
  const within = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  return {
    name,
    read: async (key) => (await done(table('readonly').get(key))) as Uint8Array | undefined,
    keys: async (prefix) => ((await done(table('readonly').getAllKeys(within(prefix)))) as string[]).sort(),
    async write(changes) {
      const blocks = table('readwrite');
      const end = committed(blocks.transaction);
      try {
        for (const [key, bytes] of changes) {
          if (bytes === null) blocks.delete(key);
          else blocks.put(bytes, key);
        }
      } catch (error) {
        // What was put before would be committed all the same: an error of a call ends no transaction.
        blocks.transaction.abort();
        await end.catch(() => {});
        throw error;
      }
      await end;
    },
    compact: async () => {},
    async bytes() {
      const blocks = (await done(table('readonly').getAll())) as Uint8Array[];
      return blocks.reduce((sum, { length }) => sum + length, 0);
    },
    async close() {
      database.close();
      release();
    },
  };
}

/** Held until it is let go, or the page is gone. */
function lock(name: string): Promise<() => void> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    locks
      .request(`lethe store ${name}`, { ifAvailable: true }, (held) => {
        if (held === null) throw new DataError('the store is open in another tab; close that one first', { source: name });
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}
