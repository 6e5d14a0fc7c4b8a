// A baseline: train on with the retain set alone, from the given parameters, on the graph rebuilt from it.
// What is forgotten fades only as far as the rest overwrites it.

import * as option from '../base/options.ts';
import { FIRST_EPOCH, UnlearningRun } from '../forget/gradient-run.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import { type GradientDetails, outcome } from '../forget/outcome.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  epochs: option.integer(10, { min: 1 }, 'Passes over the retain set.'),
  learningRate: option.number(1e-3, { above: 0 }, 'Step size of Adam, whose moments begin at zero.'),
  seed: option.seed,
}));

async function forget(
  context: ForgetContext,
  { epochs, learningRate, seed }: option.OptionsOf<typeof options>,
): Promise<Forgotten<GradientDetails>> {
  const run = new UnlearningRun(context);
  run.freshen(seed);
  const optimizer = run.optimizer();
  const sampler = run.retained(seed);
  for (let e = 1; e <= epochs; e++) {
    const objective = await run.training.epoch(FIRST_EPOCH + e, sampler, optimizer, learningRate, run.control);
    run.control.onProgress?.({ phase: 'finetune', done: e, total: epochs, objective });
  }
  return run.finish({ epochs, ...outcome(true, false, run.remembered) });
}

/** A baseline: trains on with what remains. */
export const finetune = /* @__PURE__ */ Object.freeze({
  name: 'finetune',
  summary: 'Train on with the retain set alone: a baseline.',
  exactness: 'approximate',
  needs: ['gradient'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
