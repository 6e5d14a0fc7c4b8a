// The kernels of the fast build, inside the JavaScript. Nothing but src/fast.ts imports this file, so that who does not
// ask for them does not carry them. Swapped like src/wasm/embedded.ts (scripts/edge-embedded-fast.mjs).
import { kernelsSize, kernelsText } from '../../build/embedded-fast.ts';
import { bytesOfText } from './kernels-text.ts';

/** SHA-256 of the kernels' bytes, as hex. */
export { kernelsDigest as embeddedDigest } from '../../build/embedded-fast.ts';

/** The kernels, compiled. @throws WebAssembly.CompileError where the host has no relaxed SIMD. */
export function embeddedModule(): WebAssembly.Module {
  return new WebAssembly.Module(embeddedBytes());
}

/** The kernels' bytes. */
export function embeddedBytes(): Uint8Array<ArrayBuffer> {
  return bytesOfText(kernelsText, kernelsSize);
}
