// Learning by gradients: steps on the pairs that came, beside a sample of the old ones, so that what was learned is not lost. Rows of
// new ids begin where training would begin them, and everything derived from data (graphs, degrees, negatives) is rebuilt first.
// Approximate: docs/living.md says how far from a retrain it ends.

import * as option from '../base/options.ts';
import type { Ledger } from '../forget/gradient-run.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import type { Partition } from '../forget/request.ts';
import type { GradientModel } from '../gradient/gradient-model.ts';
import { begin } from '../gradient/network.ts';
import { Optimizer } from '../gradient/optimizer.ts';
import { PairSampler, type SamplerOptions } from '../gradient/sampling.ts';
import { Training } from '../gradient/training.ts';
import { withTeam } from '../threads/team.ts';
import type { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  epochs: option.integer(50, { min: 1, max: 1000 }, 'Most passes over the pairs that came, each beside another sample of the old ones.'),
  replay: option.number(10, { min: 0, max: 1e6 }, 'Old pairs in a pass, for each that came.'),
  patience: option.integer(10, { min: 1 }, 'Passes without a better validation Recall@20 before it stops; needs validation data.'),
  learningRate: option.optionalNumber({ above: 0 }, "Step size of Adam, whose moments begin at zero; default the model's own."),
  seed: option.seed,
}));

/** Epochs are numbered from here on, so that their draws are none of training's and none of forgetting's. */
const FIRST_EPOCH = 2_000_000;
/** Epochs that a revision has to itself. */
const EPOCHS_EACH = 1000;
/** Share of the interactions after which, all requests together, a retrain is due. */
const RETRAIN_SHARE = 0.5;

type ReplayOptions = option.OptionsOf<typeof options>;

function forget(context: ForgetContext, given: ReplayOptions): Promise<Forgotten> {
  return withTeam(context.control.threads, async (team) => {
    const { partition, control } = context;
    const { retain } = partition;
    const model = context.model as GradientModel;
    const training = new Training(model.kind, retain, model.options as never, team);
    training.take(model);
    beginNewcomers(training, partition);
    const ledger = ledgerAfter(model, partition);
    const first = FIRST_EPOCH + (ledger.requests % 1000) * EPOCHS_EACH;
    const optimizer = new Optimizer(training.arena, training.matrices);
    const sampler = new PairSampler(retain, given.seed, [retain], training.options as SamplerOptions);
    const validation = control.validation?.interactions ? control.validation : undefined;
    training.network.beginEpoch?.(first);
    const recall = (): number | undefined => validation && training.recall(validation.userItems, retain.userItems);
    const before = recall();
    const best = { epoch: 0, recall: -1, matrices: new Map<Matrix, Float32Array>() };
    const rate = given.learningRate ?? training.options.learningRate;
    let objective = 0;
    let done = 0;
    while (done < given.epochs && done - best.epoch < given.patience + (validation ? 0 : given.epochs)) {
      const e = ++done;
      objective = await replayEpoch(training, sampler, optimizer, { epoch: first + e, rate, replay: given.replay }, context);
      const now = recall();
      if (now !== undefined && now > best.recall) {
        Object.assign(best, { epoch: e, recall: now });
        for (const matrix of training.matrices.values()) best.matrices.set(matrix, matrix.view().slice());
      }
      control.onProgress?.({ phase: 'learn', done: e, total: given.epochs, objective, validation: now });
    }
    for (const [matrix, values] of best.matrices) matrix.view().set(values);
    const share = ledger.interactions / ledger.of;
    const details = {
      epochs: done,
      objective,
      ...(validation && { validationBefore: before, validationAfter: best.recall, keptEpoch: best.epoch }),
      learnedSinceTraining: share,
      retrainDue: share > RETRAIN_SHARE,
    };
    return { model: training.model({ ...model.record, learned: ledger }, model), details };
  });
}

/** Rows of new users and items, with the values that training from scratch would begin them with. */
function beginNewcomers(training: Training, { retain, arrivals }: Partition): void {
  for (const [name, parameter] of training.network.parameters) {
    for (const block of parameter.blocks) {
      const only = block.owner === 'shared' || parameter.fixed ? undefined : arrivals?.[block.owner];
      if (only && only.length > 0) begin(name, parameter, block, retain, training.options.seed, 0, only);
    }
  }
}

interface Pass {
  readonly epoch: number;
  readonly rate: number;
  readonly replay: number;
}

/** One pass over the pairs that came and a keyed sample of the old ones, in the order of the epoch. @returns the mean loss. */
async function replayEpoch(
  training: Training,
  sampler: PairSampler,
  optimizer: Optimizer,
  { epoch, rate, replay }: Pass,
  { partition: { arrivals }, control }: ForgetContext,
): Promise<number> {
  const came = new Uint8Array(sampler.data.interactions);
  for (const entry of arrivals?.entries ?? []) came[entry] = 1;
  let old = Math.floor(replay * (arrivals?.entries.length ?? 0));
  const order = sampler.order(epoch).filter((entry) => came[entry] === 1 || old-- > 0);
  for (const name of training.network.beginEpoch?.(epoch) ?? []) optimizer.restart(name);
  const { batchSize } = training.options;
  let total = 0;
  for (let start = 0, step = 0; start < order.length; start += batchSize, step++) {
    const entries = order.subarray(start, start + batchSize);
    const batch = sampler.batch(entries, epoch);
    total += training.step(optimizer, rate, { epoch, step }, (pass) => pass.loss(batch, 1)) * entries.length;
    await training.breathe(control);
  }
  return order.length > 0 ? total / order.length : 0;
}

function ledgerAfter({ record }: GradientModel, { data, arrivals }: Partition): Ledger {
  const { requests = 0, interactions = 0, of = data.interactions } = (record.learned ?? {}) as Partial<Ledger>;
  return { requests: requests + 1, interactions: interactions + (arrivals?.entries.length ?? 0), of };
}

/** Goes on with training by gradients over what came and what is replayed of the rest. */
export const replay = /* @__PURE__ */ Object.freeze({
  name: 'replay',
  summary: 'Learn by gradients: steps on what came, beside a sample of what was there.',
  exactness: 'approximate',
  learns: true,
  forgets: false,
  needs: ['gradient'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
