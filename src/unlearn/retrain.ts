// Gold itself: train again, from scratch, on what remains. Exact for every model; as dear as training.
import { declareOptions } from '../base/options.ts';
import { gold } from '../forget/forget.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';

const options = /* @__PURE__ */ declareOptions(() => ({}));

/** Trains from scratch on what remains: exact for every model, and the judge of all others. */
export const retrain = /* @__PURE__ */ Object.freeze({
  name: 'retrain',
  summary: 'Train from scratch on the retain set: exact, and the judge of all others.',
  exactness: 'exact',
  anew: true,
  learns: true,
  needs: ['fit'],
  options,
  forget: async ({ model, partition, control, positions }: ForgetContext): Promise<Forgotten<Record<never, never>>> => ({
    model: await gold(model, partition, { ...control, ...(positions && { positions }) }),
    details: {},
  }),
} as const) satisfies Unlearner<typeof options>;
