// `using model = …`: on hosts and for compilers that know of it, and no mention of it for those that do not.

/** `[Symbol.dispose]` where the compiler's library has it. */
export type Disposal = typeof Symbol extends { readonly dispose: infer Key extends symbol } ? { readonly [K in Key]: () => void } : object;

/** The same object, which `using` can end where the host has `Symbol.dispose`. */
export function withDisposal<T extends { dispose(): void }>(target: T): T & Disposal {
  const { dispose } = Symbol as { dispose?: symbol };
  if (dispose) Object.defineProperty(target, dispose, { value: () => target.dispose() });
  return target as T & Disposal;
}
