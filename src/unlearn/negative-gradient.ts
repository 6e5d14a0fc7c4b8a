// A baseline (amnesiac): climb the ranking loss of what is forgotten, with nothing that holds the rest in place.

import * as option from '../base/options.ts';
import { FIRST_EPOCH, UnlearningRun } from '../forget/gradient-run.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import { type GradientDetails, outcome } from '../forget/outcome.ts';
import { bprLoss } from '../gradient/ops/losses.ts';
import { sum } from '../gradient/ops/reduce.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  epochs: option.integer(30, { min: 1 }, 'Passes over the forgotten pairs.'),
  learningRate: option.number(1e-3, { above: 0 }, 'Step size of Adam, whose moments begin at zero.'),
  seed: option.seed,
}));

async function forget(
  context: ForgetContext,
  { epochs, learningRate, seed }: option.OptionsOf<typeof options>,
): Promise<Forgotten<GradientDetails>> {
  const run = new UnlearningRun(context, { keepEmptied: true });
  const { training, pairs, control } = run;
  if (pairs.interactions > 0) {
    const optimizer = run.optimizer();
    const sampler = run.forgotten(seed);
    const { batchSize } = training.options;
    for (let e = 1; e <= epochs; e++) {
      const number = FIRST_EPOCH + e;
      const order = sampler.order(number);
      training.network.beginEpoch?.(number);
      for (let start = 0, step = 0; start < order.length; start += batchSize, step++) {
        const { users, positives, negatives } = sampler.batch(order.subarray(start, start + batchSize), number);
        training.step(optimizer, learningRate, { epoch: number, step }, (pass) =>
          sum(bprLoss(pass.scores(users, positives), pass.scores(users, negatives)), -1 / users.length),
        );
        await training.breathe(control);
      }
      control.onProgress?.({ phase: 'negative-gradient', done: e, total: epochs });
    }
  }
  const moved = pairs.interactions > 0;
  return run.finish({
    epochs: moved ? epochs : 0,
    reversedPairs: pairs.interactions,
    ...outcome(moved, false, run.remembered),
  });
}

/** A baseline: climbs the loss of what is forgotten. */
export const negativeGradient = /* @__PURE__ */ Object.freeze({
  name: 'negative-gradient',
  summary: 'Climb the loss of what is forgotten, and nothing else: a baseline.',
  exactness: 'approximate',
  needs: ['gradient'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
