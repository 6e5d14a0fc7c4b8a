// The kernels that come with the package, inside the JavaScript: one import, no file to copy, no fetch.
// The package's build for hosts that forbid compiling from bytes swaps exactly this file (scripts/edge-embedded.mjs).
import { kernelsSize, kernelsText } from '../build/embedded.ts';

/** SHA-256 of the kernels' bytes, as hex. */
export { kernelsDigest as embeddedDigest } from '../build/embedded.ts';

/** The kernels, compiled. */
export function embeddedModule(): WebAssembly.Module {
  return new WebAssembly.Module(embeddedBytes());
}

/** The kernels' bytes, of the text that scripts/build.mjs made of them. */
export function embeddedBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(kernelsSize);
  for (let i = 0, n = 0, high = 0; i < kernelsText.length; i++) {
    const code = kernelsText.charCodeAt(i);
    if (code > 124) high = (code - 124) * 88; // '}' and '~' raise the byte that follows
    else {
      bytes[n++] = high + (code === 123 ? 57 : code - 35);
      high = 0;
    }
  }
  return bytes;
}
