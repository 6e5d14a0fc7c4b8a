// The drivers that every host has or can play: what the contract is walked over. Drivers of files add themselves in test/node/.
import { durableObjectStorage, indexedDbStorage, memoryStorage, type Storage } from '../../src/store/index.ts';

/** The storage of a Durable Object as Cloudflare documents it: 128 entries a call, values below 2 MB, whole transactions. */
export function durableObjectDouble() {
  const values = new Map<string, unknown>();
  const refuse = (what: string): never => {
    throw new RangeError(what);
  };
  return {
    values,
    get: async (key: string) => values.get(key),
    async list({ prefix, startAfter, limit }: { prefix: string; startAfter?: string; limit: number }) {
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix) && (startAfter === undefined || key > startAfter)).sort();
      return new Map(keys.slice(0, limit).map((key) => [key, values.get(key)]));
    },
    async transaction<T>(closure: (transaction: any) => Promise<T>): Promise<T> {
      const before = new Map(values);
      try {
        return await closure({
          async put(entries: Record<string, Uint8Array>) {
            if (Object.keys(entries).length > 128) refuse('more than 128 keys');
            for (const [key, value] of Object.entries(entries)) {
              if (value.length > 2 * 1024 * 1024 - 2048) refuse('a value of 2 MB');
              values.set(key, value.slice());
            }
          },
          async delete(keys: string[]) {
            if (keys.length > 128) refuse('more than 128 keys');
            return keys.filter((key) => values.delete(key)).length;
          },
        });
      } catch (error) {
        values.clear();
        for (const [key, value] of before) values.set(key, value);
        throw error;
      }
    },
  };
}

let made = 0;

/** Name → a fresh, empty storage. */
export const DRIVERS: Readonly<Record<string, () => Promise<Storage>>> = {
  memory: async () => memoryStorage(),
  'durable object': async () => durableObjectStorage(durableObjectDouble()),
  ...(typeof indexedDB === 'undefined' ? {} : { 'indexed db': () => indexedDbStorage(`test ${made++} ${performance.now()}`) }),
};
