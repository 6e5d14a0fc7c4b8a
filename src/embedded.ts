// The kernels that come with the package, inside the JavaScript: one import, no file to copy, no fetch.
// The package's build for hosts that forbid compiling from bytes swaps exactly this file (scripts/edge-embedded.mjs).
import { kernelsHex } from '../build/embedded.ts';

/** SHA-256 of the kernels' bytes, as hex. */
export { kernelsDigest as embeddedDigest } from '../build/embedded.ts';

/** The kernels, compiled. */
export function embeddedModule(): WebAssembly.Module {
  return new WebAssembly.Module(embeddedBytes());
}

/** The kernels' bytes. */
export function embeddedBytes(): Uint8Array<ArrayBuffer> {
  const digit = (at: number): number => {
    const code = kernelsHex.charCodeAt(at);
    return (code & 15) + (code >> 6) * 9; // '0' to '9' are 0x30 to 0x39, 'a' to 'f' 0x61 to 0x66
  };
  const bytes = new Uint8Array(kernelsHex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = digit(2 * i) * 16 + digit(2 * i + 1);
  return bytes;
}
