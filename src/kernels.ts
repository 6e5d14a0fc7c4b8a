// From bytes or a compiled module to callable kernels, and from a kernel's status to an error.
// The only file that knows how WebAssembly is instantiated.
import { instantiateSync } from '@assemblyscript/loader';
import type { instantiate } from '../build/kernels.d.ts';
import { embeddedBytes, embeddedModule } from './embedded.ts';
import { ModelError } from './errors.ts';

/** The kernels of one WebAssembly instance, over its own linear memory. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

let defaultModule: WebAssembly.Module | undefined;
let embedded: WebAssembly.Module | undefined;
let givenBytes: Uint8Array | undefined;

/** The compiled kernels, shared by all instances: those given to `loadKernels`, else the embedded copy. */
export function kernelsModule(): WebAssembly.Module {
  return (defaultModule ??= embedded ??= embeddedModule());
}

/**
 * Uses the given kernels from now on, for hosts that forbid compiling from bytes or that fetch the `.wasm` themselves.
 * @param source a compiled module, the bytes, or a Response with them.
 */
export async function loadKernels(source: WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given = await source;
  if (given instanceof WebAssembly.Module) {
    defaultModule = given;
    givenBytes = undefined;
    return;
  }
  const bytes = typeof Response !== 'undefined' && given instanceof Response ? await given.arrayBuffer() : (given as BufferSource);
  defaultModule = await WebAssembly.compile(bytes);
  // A copy: what was given may change. Threads need it, see kernelsBytes.
  givenBytes = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice() : new Uint8Array(bytes).slice();
}

/** The bytes of the kernels in use. @throws TypeError where the host has them as a compiled module only. */
export function kernelsBytes(): Uint8Array {
  if (defaultModule && givenBytes === undefined && defaultModule !== embedded) throw new TypeError('the kernels were given as a compiled module');
  return givenBytes ?? embeddedBytes();
}

/**
 * A new instance with a linear memory of its own.
 * @param memory the memory to work in, for a module that imports it.
 */
export function instantiateKernels(module: WebAssembly.Module = kernelsModule(), memory?: WebAssembly.Memory): Kernels {
  // The loader's type asks for its managed-memory helpers, which pointer kernels do not have.
  return instantiateSync(module, memory ? { env: { memory } } : {}).exports as unknown as Kernels;
}

/**
 * Turns a kernel's status into an error: 0 is fine, r > 0 says that row r − 1 failed.
 * @param rowName names the row in the user's own terms, with the remedy.
 */
export function checkStatus(status: number, rowName: (row: number) => string): void {
  if (status !== 0) throw new ModelError(rowName(status - 1));
}
