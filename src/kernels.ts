// From bytes or a compiled module to callable kernels, and from a kernel's status to an error.
// The only file that knows how WebAssembly is instantiated.
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../build/kernels.d.ts';
import { embeddedModule } from './embedded.ts';
import { ModelError } from './errors.ts';

/** The kernels of one WebAssembly instance, over its own linear memory. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

let defaultModule: WebAssembly.Module | undefined;

/** The compiled kernels, shared by all instances: those given to `loadKernels`, else the embedded copy. */
export function kernelsModule(): WebAssembly.Module {
  return (defaultModule ??= embeddedModule());
}

/**
 * Uses the given kernels from now on, for hosts that forbid compiling from bytes or that fetch the `.wasm` themselves.
 * @param source a compiled module, the bytes, or a Response with them.
 */
export async function loadKernels(source: WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given = await source;
  if (given instanceof WebAssembly.Module) defaultModule = given;
  else if (typeof Response !== 'undefined' && given instanceof Response) {
    defaultModule = await WebAssembly.compile(await given.arrayBuffer());
  } else defaultModule = await WebAssembly.compile(given as BufferSource);
}

/** A new instance with a linear memory of its own. */
export function instantiateKernels(module: WebAssembly.Module = kernelsModule()): Kernels {
  // The loader's type asks for its managed-memory helpers, which pointer kernels do not have.
  return instantiateSync(module, {}).exports as unknown as Kernels;
}

/**
 * Turns a kernel's status into an error: 0 is fine, r > 0 says that row r − 1 failed.
 * @param rowName names the row in the user's own terms, with the remedy.
 */
export function checkStatus(status: number, rowName: (row: number) => string): void {
  if (status !== 0) throw new ModelError(rowName(status - 1));
}
