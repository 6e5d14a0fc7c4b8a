// Blocks in the storage of a Cloudflare Durable Object. Its values hold less than 2 MB, and a call takes 128 of them; both are
// written in one transaction. The platform keeps 30 days of point-in-time recovery, which nobody can switch off: docs/store.md.
import * as check from '../base/check.ts';
import type { Storage } from './storage.ts';

/** What is asked of `ctx.storage`. */
export interface DurableObjectStorageLike {
  get(key: string): Promise<unknown>;
  list(options: { prefix: string; start?: string; startAfter?: string; limit: number }): Promise<Map<string, unknown>>;
  transaction<T>(closure: (transaction: DurableObjectTransactionLike) => Promise<T>): Promise<T>;
  sync?(): Promise<void>;
}
export interface DurableObjectTransactionLike {
  put(entries: Record<string, unknown>): Promise<void>;
  delete(keys: string[]): Promise<number>;
}

/** Entries that one call may put or delete. */
const AT_ONCE = 128;
/** Blocks that are looked at together: a megabyte each at most. */
const LISTED = 16;

/**
 * The storage of a Durable Object.
 * @param storage `ctx.storage`.
 * @param prefix of its keys there, so that other values can lie beside.
 * @throws TypeError for what is no such storage.
 * @example
 * const store = await openStore(durableObjectStorage(ctx.storage));
 */
export function durableObjectStorage(storage: DurableObjectStorageLike, prefix = 'lethe:'): Storage {
  check.like('storage', storage, "a Durable Object's storage (ctx.storage)", ['get', 'list', 'transaction']);
  async function* listed(begin: string): AsyncGenerator<[key: string, value: Uint8Array]> {
    for (let startAfter: string | undefined; ; ) {
      const page = await storage.list({ prefix: prefix + begin, limit: LISTED, ...(startAfter !== undefined && { startAfter }) });
      for (const [key, value] of page) {
        startAfter = key;
        yield [key.slice(prefix.length), value as Uint8Array];
      }
      if (page.size < LISTED) return;
    }
  }
  return {
    name: 'the Durable Object',
    async read(key) {
      const value = await storage.get(prefix + key);
      return value === undefined ? undefined : new Uint8Array(value as Uint8Array);
    },
    async keys(begin) {
      const keys: string[] = [];
      for await (const [key] of listed(begin)) keys.push(key);
      return keys;
    },
    async write(changes) {
      const all = [...changes];
      await storage.transaction(async (transaction) => {
        for (let n = 0; n < all.length; n += AT_ONCE) {
          const some = all.slice(n, n + AT_ONCE);
          const put = some.filter(([, bytes]) => bytes !== null).map(([key, bytes]) => [prefix + key, bytes] as const);
          const gone = some.filter(([, bytes]) => bytes === null).map(([key]) => prefix + key);
          if (put.length > 0) await transaction.put(Object.fromEntries(put));
          if (gone.length > 0) await transaction.delete(gone);
        }
      });
      await storage.sync?.();
    },
    compact: async () => {},
    async bytes() {
      let sum = 0;
      for await (const [key, value] of listed('')) sum += prefix.length + key.length + value.length;
      return sum;
    },
    close: async () => {},
  };
}
