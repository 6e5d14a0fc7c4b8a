// From bytes or a compiled module to callable kernels, and from a kernel's status to an error.
// The only file that knows how WebAssembly is instantiated.

import type { instantiate } from '../../build/kernels.d.ts';
import { ModelError } from '../base/errors.ts';
import { isResponse } from '../base/host.ts';
import { hex, sha256 } from '../base/sha256.ts';
import { embeddedBytes, embeddedDigest, embeddedModule } from './embedded.ts';

/** The kernels of one WebAssembly instance, over its own linear memory. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/**
 * Whose multiply-adds the kernels have: `default` rounds twice on every host, which is what makes bytes equal everywhere;
 * `fast` (`lethe/fast`, docs/fast.md) rounds as the host does quickest, and its models are marked with this name.
 */
export type KernelBuild = 'default' | 'fast';

/** Kernels that come with the package under a name of their own, such as those of `lethe/fast`. */
export interface NamedKernels {
  /** SHA-256 of the bytes, as hex. */
  readonly digest: string;
  /** @throws Error where the host cannot run them. */
  module(): WebAssembly.Module;
  bytes(): Uint8Array;
}

/** The kernels that come with the package and give the same bytes on every host. */
export const defaultKernels: NamedKernels = /* @__PURE__ */ Object.freeze({
  digest: embeddedDigest,
  module: embeddedModule,
  bytes: embeddedBytes,
});

// Not the object above: who never calls `loadKernels` need not carry it.
let inUse: NamedKernels | undefined;
let build: KernelBuild = 'default';
let compiled: WebAssembly.Module | undefined;

/** The compiled kernels, shared by all instances: those given to `loadKernels`, else the embedded copy. */
export function kernelsModule(): WebAssembly.Module {
  return (compiled ??= inUse ? inUse.module() : embeddedModule());
}

/** Which build the kernels in use are. */
export const kernelBuild = (): KernelBuild => build;

/** SHA-256 (hex) of the kernels in use; of those that a caller gave, only where they are the fast ones. */
export const digestInUse = (): string => (inUse ?? defaultKernels).digest;

/**
 * Uses the given kernels from now on, for hosts that forbid compiling from bytes or that fetch the `.wasm` themselves,
 * and for those who choose the fast build.
 * @param source a compiled module, the bytes, a Response with them, or what `lethe/fast` exports.
 * @throws Error where the host cannot run the fast build; the kernels that were in use stay in use.
 */
export async function loadKernels(source: NamedKernels | WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given = await source;
  if ('digest' in given && 'module' in given) return use(given, given.module());
  if (given instanceof WebAssembly.Module) {
    return use({ digest: isFast(given) ? 'unknown' : embeddedDigest, module: () => given, bytes: noBytes }, given);
  }
  const data = isResponse(given) ? await given.arrayBuffer() : (given as BufferSource);
  const module = await WebAssembly.compile(data);
  // A copy: what was given may change. Threads need it, see kernelsBytes.
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data).slice();
  use(
    {
      digest: isFast(module) ? hex(await sha256(bytes)) : embeddedDigest,
      module: () => module,
      bytes: () => bytes,
    },
    module,
  );
}

function use(kernels: NamedKernels, module: WebAssembly.Module): void {
  inUse = kernels;
  compiled = module;
  build = isFast(module) ? 'fast' : 'default';
}

/** The fast build says so itself, by an export, wherever its bytes come from. */
const isFast = (module: WebAssembly.Module): boolean => WebAssembly.Module.exports(module).some(({ name }) => name === 'relaxed');

function noBytes(): never {
  throw new TypeError('the kernels were given as a compiled module');
}

/** The bytes of the kernels in use. @throws TypeError where the host has them as a compiled module only. */
export function kernelsBytes(): Uint8Array {
  return inUse ? inUse.bytes() : embeddedBytes();
}

/**
 * A new instance with a linear memory of its own.
 * @param memory the memory to work in, for a module that imports it.
 */
export function instantiateKernels(module: WebAssembly.Module = kernelsModule(), memory?: WebAssembly.Memory): Kernels {
  // The loader of AssemblyScript would add helpers for managed memory, which pointer kernels do not have: a test holds the two equal.
  return new WebAssembly.Instance(module, memory ? { env: { memory } } : {}).exports as unknown as Kernels;
}

/**
 * Turns a kernel's status into an error: 0 is fine, r > 0 says that row r − 1 failed.
 * @param rowName names the row in the user's own terms, with the remedy.
 */
export function checkStatus(status: number, rowName: (row: number) => string): void {
  if (status !== 0) throw new ModelError(rowName(status - 1));
}
