// The kernels that come with the package, inside the JavaScript: one import, no file to copy, no fetch.
// The package's build for hosts that forbid compiling from bytes swaps exactly this file (scripts/edge-embedded.mjs).
import { kernelsSize, kernelsText } from '../../build/embedded.ts';
import { bytesOfText } from './kernels-text.ts';

/** SHA-256 of the kernels' bytes, as hex. */
export { kernelsDigest as embeddedDigest } from '../../build/embedded.ts';

/** The kernels, compiled. */
export function embeddedModule(): WebAssembly.Module {
  return new WebAssembly.Module(embeddedBytes());
}

/** The kernels' bytes. */
export function embeddedBytes(): Uint8Array<ArrayBuffer> {
  return bytesOfText(kernelsText, kernelsSize);
}
