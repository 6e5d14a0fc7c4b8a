// Blocks in memory: for tests, and for stores that live as long as a page.
import type { Storage } from './storage.ts';

/** A storage that is gone with the process. */
export function memoryStorage(name = 'memory'): Storage {
  const blocks = new Map<string, Uint8Array>();
  return {
    name,
    read: async (key) => blocks.get(key)?.slice(),
    keys: async (prefix) => [...blocks.keys()].filter((key) => key.startsWith(prefix)).sort(),
    async write(changes) {
      const own = Array.from(changes, ([key, bytes]) => [key, bytes && copyOf(bytes)] as const);
      for (const [key, bytes] of own) {
        if (bytes) blocks.set(key, bytes);
        else blocks.delete(key);
      }
    },
    compact: async () => {},
    bytes: async () => [...blocks].reduce((sum, [key, bytes]) => sum + key.length + bytes.length, 0),
    close: async () => {},
  };
}

const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
