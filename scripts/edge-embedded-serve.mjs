// Stands in for src/wasm/embedded.ts in lethe/serve where bytes may not be compiled (workerd, edge-light): the host compiles the file.
// "?module" is how wrangler, Vercel and Next.js are told that the compiled module is wanted, not an instance.
import module from './kernels.serve.wasm?module';

export { kernelsDigest as embeddedDigest } from '../../build/embedded-serve.js';

export function embeddedModule() {
  if (Object.prototype.toString.call(module) !== '[object WebAssembly.Module]') {
    throw new TypeError('this host gave no compiled module for "kernels.serve.wasm?module"; give one to loadKernels()');
  }
  // A sandbox may compile in another realm than the one it runs code in; the loader asks by instanceof.
  return module instanceof WebAssembly.Module ? module : Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}

export function embeddedBytes() {
  throw new TypeError('this host has the kernels as a compiled module only, not as bytes');
}
