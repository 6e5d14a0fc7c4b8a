// SHA-256 by what the host has. Where there is Node's own, a small input is hashed on the spot: WebCrypto takes longer to
// start and to come back than the hashing itself, which a process that opens a model to answer one request notices.
import { isBuffer, nodeModule } from './host.ts';

/** Bytes up to which hashing may hold up other work: a few milliseconds. */
const AT_ONCE = 1 << 24;

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  // Engines refuse views on shared memory; they copy all others themselves.
  const own = isBuffer(bytes.buffer) ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const web = globalThis.crypto?.subtle;
  const node = own.length <= AT_ONCE || !web ? nodeModule('node:crypto') : undefined;
  return new Uint8Array(node ? node.createHash('sha256').update(own).digest() : await web.digest('SHA-256', own));
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
