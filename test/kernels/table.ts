// What the tests and the benches know about a kernel. Every export of the kernels must stand in a table,
// or test/wasm/kernels.test.ts fails; sizes (names ending in _scratch or _bytes) are checked with the kernel they serve.
import type { Arena } from '../../src/wasm/memory.ts';

/** One timed piece of work: `run` is called over and over. */
export interface Timed {
  run(): void;
  /** Floating-point operations (of which float64 has half as many to a vector) or bytes of memory traffic in one run. */
  readonly work: number;
  readonly unit: 'flop' | 'flop64' | 'byte';
}

export interface KernelCheck {
  /** What holds, in words: the twin, the sizes and the threshold. */
  readonly claim: string;
  /** Compares the kernel with its float64 twin in test/reference/; throws when it is off. */
  check(arena: Arena): void;
  /** Work for the bench by size, such as `f = 64`. */
  readonly bench?: Readonly<Record<string, (arena: Arena) => Timed>>;
}

export type KernelTable = Readonly<Record<string, KernelCheck>>;

/** Fails unless |actual − expected| ≤ threshold·scale everywhere, NaN included. */
export function near(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>, threshold: number, scale = 1): void {
  if (actual.length !== expected.length) throw new Error(`${what}: length ${actual.length}, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] === expected[i] || Math.abs(actual[i] - expected[i]) <= threshold * scale) continue;
    throw new Error(`${what}: [${i}] is ${actual[i]}, expected ${expected[i]} within ${threshold} × ${scale}`);
  }
}

/** Fails unless both hold the same numbers, −0 and NaN told apart. */
export function same(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) throw new Error(`${what}: length ${actual.length}, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) throw new Error(`${what}: [${i}] is ${actual[i]}, expected ${expected[i]}`);
  }
}

/** Largest magnitude, at least 1e-30: the scale of relative comparisons. */
export function largest(values: ArrayLike<number>): number {
  let most = 1e-30;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
