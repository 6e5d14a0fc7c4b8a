// SHA-256 by what the host has. Where there is Node's own, a small input is hashed on the spot: WebCrypto takes longer to
// start and to come back than the hashing itself, which a process that opens a model to answer one request notices.

interface Host {
  readonly process?: {
    getBuiltinModule?(
      name: 'node:crypto',
    ): { createHash(name: 'sha256'): { update(bytes: Uint8Array): { digest(): Uint8Array } } } | undefined;
  };
}

/** Bytes up to which hashing may hold up other work: a few milliseconds. */
const AT_ONCE = 1 << 24;

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  // Engines refuse views on shared memory; they copy all others themselves.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const crypto = own.length <= AT_ONCE ? (globalThis as Host).process?.getBuiltinModule?.('node:crypto') : undefined;
  return new Uint8Array(crypto ? crypto.createHash('sha256').update(own).digest() : await globalThis.crypto.subtle.digest('SHA-256', own));
}
