// From bytes or a compiled module to callable kernels, and from a kernel's status to an error.
// The only file that knows how WebAssembly is instantiated.

import type { instantiate } from '../../build/kernels.d.ts';
import { kernelsInterface } from '../../build/kernels-interface.ts';
import { describe } from '../base/check.ts';
import { MemoryError, ModelError } from '../base/errors.ts';
import { isBuffer, isResponse } from '../base/host.ts';
import { hex, sha256 } from '../base/sha256.ts';
import { VERSION } from '../base/version.ts';
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

/** What the smallest instance takes: one page. */
const LEAST_BYTES = 65536;

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

/** SHA-256 (hex) of the kernels in use; `unknown` for a module that was given compiled, since nobody can say what is in it. */
export const digestInUse = (): string => (inUse ?? defaultKernels).digest;

/**
 * Uses the given kernels from now on, for hosts that forbid compiling from bytes or that fetch the `.wasm` themselves,
 * and for those who choose the fast build.
 * @param source a compiled module, the bytes, a Response with them, or what `lethe/fast` exports.
 * @throws TypeError for what is none of these, or kernels of another version, and for bytes that are no
 *   module; Error where the host cannot run the fast build. The kernels that were in use stay in use then.
 * @example
 * await loadKernels(defaultKernels); // or fetch('/assets/kernels.wasm'), a compiled module, or fastKernels
 */
export async function loadKernels(source: NamedKernels | WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given: unknown = await source;
  if (isNamed(given)) return use(given, given.module());
  if (isModule(given)) {
    const module = given as WebAssembly.Module;
    return use({ digest: 'unknown', module: () => module, bytes: noBytes }, module);
  }
  const data = isResponse(given) ? await given.arrayBuffer() : given;
  if (!isBuffer(data) && !ArrayBuffer.isView(data)) {
    throw new TypeError(`loadKernels expected a module, bytes, a Response or what lethe/fast exports, got ${describe(given)}`);
  }
  // A copy: what was given may change. Threads need it, see kernelsBytes.
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data.slice(0));
  const module = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>).catch((error: Error) => {
    throw new TypeError(`loadKernels expected a WebAssembly module, got ${bytes.length} bytes that are none (${error.message})`, {
      cause: error,
    });
  });
  use({ digest: hex(await sha256(bytes)), module: () => module, bytes: () => bytes }, module);
}

function isNamed(given: unknown): given is NamedKernels {
  const { digest, module, bytes } = (typeof given === 'object' && given !== null ? given : {}) as Partial<NamedKernels>;
  return typeof digest === 'string' && typeof module === 'function' && typeof bytes === 'function';
}

/** Of whatever realm: a sandbox may compile in another than it runs code in. */
const isModule = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object WebAssembly.Module]';

function use(kernels: NamedKernels, module: WebAssembly.Module): void {
  requireInterface(module);
  inUse = kernels;
  compiled = module;
  build = isFast(module) ? 'fast' : 'default';
}

/** @throws TypeError unless the module has the functions that this version calls, and imports nothing. */
function requireInterface(module: WebAssembly.Module): void {
  const names = WebAssembly.Module.exports(module).filter(({ name }) => name !== FAST_MARK);
  let hash = 0x811c9dc5;
  const text = names
    .map(({ name, kind }) => `${kind} ${name}`)
    .sort()
    .join('\n');
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  if (hash === kernelsInterface && WebAssembly.Module.imports(module).length === 0) return;
  throw new TypeError(
    `loadKernels expected the kernels of lethe ${VERSION} (kernels.wasm of the same package), got a module with other ` +
      `functions (${names.length})`,
  );
}

/** The fast build says so itself, by an export, wherever its bytes come from. */
const FAST_MARK = 'relaxed';
const isFast = (module: WebAssembly.Module): boolean => WebAssembly.Module.exports(module).some(({ name }) => name === FAST_MARK);

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
  try {
    return new WebAssembly.Instance(module, memory ? { env: { memory } } : {}).exports as unknown as Kernels;
  } catch (error) {
    // Engines have room for some thousand memories, and for as many gigabytes as the process may address.
    if (error instanceof RangeError)
      throw new MemoryError(LEAST_BYTES, 0, `the host has no room for another memory (${error.message}); let other models go`);
    throw error;
  }
}

/**
 * Turns a kernel's status into an error: 0 is fine, r > 0 says that row r − 1 failed.
 * @param rowName names the row in the user's own terms, with the remedy.
 */
export function checkStatus(status: number, rowName: (row: number) => string): void {
  if (status !== 0) throw new ModelError(rowName(status - 1));
}
