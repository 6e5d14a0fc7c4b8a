// The kernels that come with the package, inside the JavaScript: one import, no file to copy, no fetch.
// The package's build for hosts that forbid compiling from bytes swaps exactly this file (scripts/edge-embedded.mjs).
import { kernelsBase64 } from '../build/embedded.ts';

/** SHA-256 of the kernels' bytes, as hex. */
export { kernelsDigest as embeddedDigest } from '../build/embedded.ts';

/** The kernels, compiled. */
export function embeddedModule(): WebAssembly.Module {
  return new WebAssembly.Module(embeddedBytes());
}

/** The kernels' bytes. */
export function embeddedBytes(): Uint8Array<ArrayBuffer> {
  const binary = atob(kernelsBase64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
