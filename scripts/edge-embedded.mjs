// Stands in for src/embedded.ts where bytes may not be compiled (workerd, edge-light): the host compiles the file.
import module from './kernels.wasm';

export { kernelsDigest as embeddedDigest } from '../build/embedded.js';

export const embeddedModule = () => module;

export function embeddedBytes() {
  throw new TypeError('this host has the kernels as a compiled module only, not as bytes');
}
