// What the library takes from its host and not every host has where it should be: a test runner's page (jsdom) has no
// TextDecoder and no WebCrypto while Node around it has both, and values come from another realm than the classes that
// `instanceof` asks for.

interface NodeModules {
  readonly 'node:crypto': { createHash(name: 'sha256'): { update(bytes: Uint8Array): { digest(): Uint8Array } } };
  readonly 'node:util': { readonly TextDecoder: typeof TextDecoder; readonly TextEncoder: typeof TextEncoder };
}

/** A module of Node's own, where there is Node; Next's edge sandbox has a `process` that throws when it is asked. */
export function nodeModule<K extends keyof NodeModules>(name: K): NodeModules[K] | undefined {
  try {
    const { process } = globalThis as { process?: { getBuiltinModule?(name: K): NodeModules[K] | undefined } };
    return process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}

/** A decoder of UTF-8. @param strict throws for bytes that are not UTF-8, and keeps a byte-order mark. */
export function utf8Decoder(strict = false): TextDecoder {
  const Decoder = typeof TextDecoder === 'undefined' ? nodeModule('node:util')!.TextDecoder : TextDecoder;
  return new Decoder('utf-8', { fatal: strict, ignoreBOM: strict });
}

/** The text as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  const Encoder = typeof TextEncoder === 'undefined' ? nodeModule('node:util')!.TextEncoder : TextEncoder;
  return new Encoder().encode(text);
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array';
export const isBuffer = (value: unknown): value is ArrayBuffer => tagOf(value) === 'ArrayBuffer';
export const isBlob = (value: unknown): value is Blob => tagOf(value) === 'Blob' || tagOf(value) === 'File';
export const isFile = (value: unknown): value is File => tagOf(value) === 'File';
export const isResponse = (value: unknown): value is Response => tagOf(value) === 'Response';
export const isStream = (value: unknown): value is ReadableStream<Uint8Array> => tagOf(value) === 'ReadableStream';
