// Blocks with a checksum over their key and content, and contents that are longer than a block may be, in parts. So a block that is
// damaged, cut short or at another's place is refused by name.
import { DataError } from '../base/errors.ts';
import { utf8 } from '../base/host.ts';
import { sha256 } from '../base/sha256.ts';
import { LARGEST_BLOCK, type Storage } from './storage.ts';

const CHECK_BYTES = 8;
/** Bytes of a part, and before those of the first one how many there are. */
const PART_BYTES = LARGEST_BLOCK - CHECK_BYTES - 4;

async function checksum(key: string, content: Uint8Array): Promise<Uint8Array> {
  const name = utf8(`${key}\n`);
  const all = new Uint8Array(name.length + content.length);
  all.set(name);
  all.set(content, name.length);
  return (await sha256(all)).subarray(0, CHECK_BYTES);
}

const partKey = (key: string, part: number): string => (part === 0 ? key : `${key}.${part}`);

/** The blocks that a content makes: one, or several parts where it is long. */
export async function sealed(key: string, content: Uint8Array): Promise<Map<string, Uint8Array>> {
  const parts = Math.max(1, Math.ceil(content.length / PART_BYTES));
  const blocks = new Map<string, Uint8Array>();
  for (let part = 0; part < parts; part++) {
    const name = partKey(key, part);
    const own = content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    const bytes = new Uint8Array(4 + own.length + CHECK_BYTES);
    new DataView(bytes.buffer).setUint32(0, parts, true);
    bytes.set(own, 4);
    bytes.set(await checksum(name, bytes.subarray(0, 4 + own.length)), 4 + own.length);
    blocks.set(name, bytes);
  }
  return blocks;
}

/** The content under a key. @throws DataError that names the block where it is missing or damaged. */
export async function readSealed(storage: Storage, key: string): Promise<Uint8Array> {
  const content = await findSealed(storage, key);
  if (content) return content;
  throw new DataError(`block "${key}" is missing; restore the store from a backup`, { source: storage.name });
}

/** The same; undefined where there is no such block. */
export async function findSealed(storage: Storage, key: string): Promise<Uint8Array | undefined> {
  const first = await openPart(storage, key);
  if (!first || first.parts === 1) return first?.content;
  const all = [first.content];
  for (let part = 1; part < first.parts; part++) {
    const next = await openPart(storage, partKey(key, part));
    if (!next) throw damaged(storage, key, 'a part of it is missing');
    all.push(next.content);
  }
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const content of all) {
    whole.set(content, at);
    at += content.length;
  }
  return whole;
}

async function openPart(storage: Storage, key: string): Promise<{ parts: number; content: Uint8Array } | undefined> {
  const bytes = await storage.read(key);
  if (bytes === undefined) return undefined;
  const end = bytes.length - CHECK_BYTES;
  if (end < 4) throw damaged(storage, key, 'it is cut short');
  const expected = await checksum(key, bytes.subarray(0, end));
  if (expected.some((byte, n) => byte !== bytes[end + n])) throw damaged(storage, key);
  return { parts: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), content: bytes.subarray(4, end) };
}

export const damaged = (storage: Storage, key: string, why = 'its checksum does not match'): DataError =>
  new DataError(`block "${key}" is damaged: ${why}; restore the store from a backup`, { source: storage.name });

/** What reading a block's content makes of it. @throws DataError that names the block where that fails. */
export async function readAs<T>(storage: Storage, key: string, read: (content: Uint8Array) => T): Promise<T> {
  const content = await readSealed(storage, key);
  try {
    return read(content);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw damaged(storage, key, error.message);
    throw error;
  }
}
