// Kinds and methods by the names that a store writes down.
import { DataError } from '../base/errors.ts';
import type { Unlearner } from '../forget/method.ts';
import { LEARNERS } from '../learn/index.ts';
import type { Capability, ModelKind } from '../model/model.ts';
import { MODELS } from '../models/index.ts';
import { UNLEARNERS } from '../unlearn/index.ts';

/** @throws DataError for a kind that this version does not know. */
export function kindNamed(name: string, source: string): ModelKind {
  if (Object.hasOwn(MODELS, name)) return MODELS[name as keyof typeof MODELS];
  throw new DataError(`the store holds a model of kind "${name}", which this version does not know; use a newer one`, { source });
}

const BY_NAME: Readonly<Record<string, Unlearner>> = /* @__PURE__ */ Object.freeze(/* @__PURE__ */ Object.assign({}, UNLEARNERS, LEARNERS));

/** @throws RangeError that says which methods there are. */
export function methodNamed(name: string): Unlearner {
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  throw new RangeError(`"method" expected one of ${Object.keys(BY_NAME).join(', ')}; got ${JSON.stringify(name)}`);
}

export const capabilitiesOf = (kind: string): readonly Capability[] =>
  Object.hasOwn(MODELS, kind) ? MODELS[kind as keyof typeof MODELS].capabilities : [];

/** What a kind learns and forgets by where nothing is said: in stages, by algebra, by gradients, else by training anew. */
export function usualMethod({ kind }: { readonly kind: string }, work: 'learn' | 'forget', source: string): string {
  const { capabilities } = kindNamed(kind, source);
  if (capabilities.includes('leastSquares')) return 'converge';
  if (capabilities.includes('exactForget')) return 'downdate';
  if (capabilities.includes('gradient')) {
    if (work === 'forget') return 'mmrecun';
    if (Object.hasOwn(BY_NAME, 'replay')) return 'replay';
  }
  return 'retrain';
}
