// The fast build of the kernels (`lethe/fast`): the same sources with relaxed multiply-adds, chosen by name and never by
// default. What it computes differs in the last bits between hosts; models that it made are marked. docs/fast.md.
import { embeddedBytes, embeddedDigest, embeddedModule } from './wasm/embedded-fast.ts';
import type { NamedKernels } from './wasm/kernels.ts';

/** A module of nothing but a relaxed multiply-add, to ask a host whether it knows that. */
const PROBE = /* @__PURE__ */ Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  19,
  1,
  17,
  0,
  65,
  0,
  253,
  15,
  65,
  0,
  253,
  15,
  65,
  0,
  253,
  15,
  253,
  133,
  2,
  11,
);

/** Whether this host has relaxed SIMD, which the fast kernels need. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(PROBE);

/**
 * The fast kernels, for `loadKernels`, before the first model is made.
 * @example
 * import { loadKernels } from 'lethe';
 * import { fastKernels } from 'lethe/fast';
 * await loadKernels(fastKernels);
 */
export const fastKernels: NamedKernels = /* @__PURE__ */ Object.freeze({
  digest: embeddedDigest,
  module(): WebAssembly.Module {
    if (!hasRelaxedSimd()) {
      throw new Error(
        "the fast kernels need relaxed SIMD, which this host's WebAssembly does not have: " +
          'use the default kernels, or a host that has it (Node 22 or newer, Deno, Bun, Chromium, Firefox)',
      );
    }
    return embeddedModule();
  },
  bytes: embeddedBytes,
});
