// Unlearning by reverse and forward ranking, after MMRecUn (Sinha et al., "Multi-Modal Recommendation Unlearning for Legal,
// Licensing, and Modality Constraints", arXiv 2405.15328). The paper's equations could not be obtained: this is Lethe's own
// specification of the idea, with defaults that were chosen on real data; docs/models.md says how.
import * as option from '../base/options.ts';
import { FIRST_EPOCH, UnlearningRun } from '../forget/gradient-run.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import { adviceOn, type ForgetStatus, type GradientDetails, knownFigure, knownFigures, outcome } from '../forget/outcome.ts';
import { type RelearnOptions, relearn } from '../forget/relearn.ts';
import { ReverseSteps } from '../forget/reverse-steps.ts';
import type { Optimizer } from '../gradient/optimizer.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  alpha: option.number(0.5, { above: 0, max: 0.99 }, "Weight of the reverse loss; the retain set's loss has 1 - alpha."),
  form: option.word(
    'negated',
    ['negated', 'bounded'],
    'Reverse loss: negated pushes what the rest supports weakly, as gold would not rank it; bounded fights the ' +
      'best-learned pairs and ruins their neighbours.',
  ),
  ratio: option.number(10, { above: 0 }, "Retained pairs seen for each forgotten one in an epoch; never fewer than ten steps' worth."),
  schedule: option.word('joint', ['joint', 'alternating'], 'One step on both losses, or a reverse step and then a forward step.'),
  rows: option.word(
    'users',
    ['users', 'all', 'touched'],
    "Which rows a step moves: those of users, as forgotten pairs are theirs and items are everybody's; all " +
      'that a gradient reaches; or those named in its batches.',
  ),
  fast: option.boolean(false, 'Steps twice as long and at most 15 epochs: about twice as fast, nearer to the guard.'),
  learningRate: option.optionalNumber({ above: 0 }, 'Step size; default 0.002, or 0.004 when fast.'),
  epochs: option.optionalInteger({ min: 1 }, 'Most epochs; default 40, or 15 when fast or when there are no validation data to stop by.'),
  target: option.optionalNumber(
    { min: 0, max: 1 },
    'Recall@20 of the forgotten pairs to stop at; default from the validation pairs of the same users.',
  ),
  guard: option.number(
    0.95,
    { above: 0, max: 1 },
    'Share of the validation Recall@20 that must remain; the last epoch above it is kept. Training kept its ' +
      'best of many epochs, so that any other is some percent lower.',
  ),
  membershipFloor: option.number(
    0.5,
    { min: 0, max: 1 },
    'Stop as well when forgotten pairs no longer score above held-out ones: a membership AUC of this.',
  ),
  repairEpochs: option.optionalInteger(
    { min: 0 },
    'Forward epochs on the retain set before the reverse steps; default 0, for a modality 10, or 20 where its ' +
      'projection begins anew, after 5 of the projection alone.',
  ),
  relearnEpochs: option.integer(
    4,
    { min: 0 },
    'Epochs for whole users and items: the rows of the other side, which learned from them, begin anew and are ' +
      'trained alone on what remains. 0 keeps these rows, and what they learned.',
  ),
  jointEpochs: option.integer(3, { min: 0 }, 'Epochs of training on all rows after those of relearnEpochs.'),
  relearnRate: option.number(
    0.02,
    { above: 0 },
    'Step size of relearnEpochs; with sgd-pairs they take twice the steps of training instead.',
  ),
  ghost: option.optionalNumber(
    { min: 0 },
    'Weight of a deleted pair in relearnEpochs, against what the rows that stand still carry over of it; a retained pair has 1. ' +
      'Default: for users by how many of them remain, 0.2 where 2,000 do; for items 0.2.',
  ),
  settlingEpochs: option.integer(
    3,
    { min: 0 },
    'Epochs that train the fresh rows of emptied users and items alone: what remains draws them, through a ' +
      'graph of items where a model has one.',
  ),
  restartShare: option.number(
    0.1,
    { min: 0, max: 1 },
    'A modality revoked for more of the items than this has its projection trained anew.',
  ),
  scrub: option.boolean(
    false,
    "Also takes out of the others' rows what leans to where forgotten users began: steps against their seeded " +
      'rows, which stay fixed as probes.',
  ),
  seed: option.seed,
}));
type Options = option.OptionsOf<typeof options>;

/** Forward epochs after a modality was revoked: the rest must learn to do without it, and anew where its projection does. */
const MODALITY_EPOCHS = 10;
const RESTART_EPOCHS = 20;
/** Before them, epochs of the new projection alone: long steps that shrink. */
const ALONE_EPOCHS = 5;
const ALONE_RATE = 0.02;
const ALONE_DECAY = 0.7;
/** Fresh rows take longer steps than training does: they have its whole way to go. */
const SETTLING_RATE = 0.03;
/** A scrub's own settings: it stops after a few epochs, and takes more from the rest if it is gentler. */
const SCRUB = { alpha: 0.9, learningRate: 3e-3, form: 'negated', schedule: 'joint' } as const;
const SCRUB_EPOCHS = 20;
const FRESH_ROWS = 4;
/** Generations of rows that only measure: none of them is ever anybody's. */
const PROBE_GENERATION = 0x10000000;

/** Recall@20 of the forgotten pairs, of the validation data, and how well membership shows; null where nothing could be measured. */
type Figures = Readonly<Record<'forgetRecall' | 'validationRecall' | 'membershipAuc', number | null>>;
/** What `mmrecun` says beside what every run by gradients does. */
export type MmrecunDetails = GradientDetails & {
  /** Rows that had learned from whole users or items and learned anew. */
  readonly relearned?: Awaited<ReturnType<typeof relearn>>;
  /** Forward epochs on what remains, before the reverse ones. */
  readonly repairEpochs: number;
  readonly scrubbed?: Awaited<ReturnType<typeof scrub>> | undefined;
  /** The Recall@20 of forgotten pairs that the run aimed at; absent where there was no pair to reverse. */
  readonly target?: number | null;
  readonly before?: Figures;
  readonly after?: Figures;
};

async function forget(context: ForgetContext, given: Options): Promise<Forgotten<MmrecunDetails>> {
  const { seed, guard } = given;
  const run = new UnlearningRun(context);
  const { training, control } = run;
  const scrubbed = given.scrub && run.probes.pairs.interactions > 0 ? await scrub(run, given) : undefined;
  run.freshen(seed);
  const relearned = given.relearnEpochs > 0 ? await relearn(run, relearning(given)) : [];
  await settle(run, given);
  const restart = run.modality !== undefined && run.modality.items > given.restartShare * run.retain.items.live;
  const restarted = restart ? run.restartModality(seed) : undefined;
  const repairEpochs = given.repairEpochs ?? epochsOfRepair(run, restart);
  const repaired = await repair(run, given, repairEpochs, restarted);
  const done = { ...(relearned.length > 0 && { relearned }), repairEpochs: repaired, reversedPairs: run.pairs.interactions, scrubbed };
  const moved = relearned.length > 0 || repaired > 0 || scrubbed !== undefined;
  const sides = relearned.map(({ of }) => of);
  if (run.pairs.interactions === 0)
    return run.finish({ epochs: 0, ...outcome(moved, relearned.length > 0, run.remembered), ...done }, sides);

  const maxEpochs = given.epochs ?? (given.fast || !run.validation ? 15 : 40);
  const reference = run.reference();
  const target = given.target ?? run.tolerance * reference;
  const before = { forgetRecall: run.forgetRecall(), validationRecall: run.validationRecall(), membershipAuc: run.membershipAuc() };
  const floor = guard * before.validationRecall;
  // Comparisons with NaN are false: without validation data neither the target nor the guard ever speaks.
  const met = (recall: number, auc: number): boolean => recall <= target || auc <= given.membershipFloor;
  const stepper = new ReverseSteps(run, given, run.pairs);
  const kept = run.snapshot();
  let after = before;
  let epoch = 0;
  let status: ForgetStatus = met(before.forgetRecall, before.membershipAuc) ? 'target-met' : 'target-missed';
  kept.keep();
  while (status === 'target-missed' && epoch < maxEpochs) {
    await stepper.epoch(FIRST_EPOCH + ++epoch);
    const now = { forgetRecall: run.forgetRecall(), validationRecall: run.validationRecall(), membershipAuc: run.membershipAuc() };
    control.onProgress?.({ phase: 'forget', done: epoch, total: maxEpochs, objective: now.forgetRecall, validation: now.validationRecall });
    await training.breathe(control);
    if (now.validationRecall < floor) {
      kept.restore();
      epoch--;
      status = 'guarded';
      break;
    }
    after = now;
    kept.keep();
    if (met(now.forgetRecall, now.membershipAuc)) status = 'target-met';
  }
  if (status === 'target-met' && epoch === 0 && !moved) status = 'unmoved';
  const measured = run.validation !== undefined || given.target !== undefined;
  return run.finish(
    {
      epochs: epoch,
      status: measured ? status : 'unmeasured',
      ...done,
      target: knownFigure(target),
      before: knownFigures(before),
      after: knownFigures(after),
      ...adviceOn(measured ? status : 'unmeasured'),
    },
    sides,
  );
}

const relearning = ({ relearnEpochs, jointEpochs, relearnRate, ghost, seed }: Options): RelearnOptions => ({
  epochs: relearnEpochs,
  jointEpochs,
  reverse: ghost,
  learningRate: relearnRate,
  seed,
});

/** Without a modality there is nothing to get used to. */
function epochsOfRepair(run: UnlearningRun, restart: boolean): number {
  if (restart) return RESTART_EPOCHS;
  return run.modality ? MODALITY_EPOCHS : 0;
}

/**
 * Fresh rows go where gold's go: what remains draws them, through the graph of items where a model has one. Nothing else
 * moves; where the first step draws none of them, as no graph reaches them, they stay.
 */
async function settle(run: UnlearningRun, { seed, settlingEpochs }: Options): Promise<void> {
  const { training, control } = run;
  // Where scores are products of the rows themselves, no pair of others names them.
  if (training.network.pairs) return;
  const { batchSize } = training.options;
  const rows = run.freshRows();
  const values = (): number[] => [...rows].flatMap(([name, list]) => Array.from(list, (r) => training.matrices.get(name)!.row(r)[0]));
  const begun = values();
  const optimizer = run.optimizer();
  const sampler = run.retained(seed);
  for (let n = 0; n < settlingEpochs && begun.length > 0; n++) {
    const epoch = FIRST_EPOCH - 1 - n;
    const order = sampler.order(epoch);
    for (let start = 0, step = 0; start < order.length; start += batchSize, step++) {
      const batch = sampler.batch(order.subarray(start, start + batchSize), epoch);
      training.step(optimizer, SETTLING_RATE, { epoch, step }, (pass) => pass.loss(batch, 1), rows);
      if (n === 0 && step === 0 && values().every((value, k) => value === begun[k])) return;
      await training.breathe(control);
    }
  }
}

/**
 * Forward epochs on the retain set; where there are validation data, the best of them is kept, and its number
 * returned, else how many there were.
 * @param restarted rows of weights that begin anew: they go most of their way alone, before anything else follows them off course.
 */
async function repair(
  run: UnlearningRun,
  { seed, learningRate = 2e-3 }: Options,
  epochs: number,
  restarted?: ReadonlyMap<string, Int32Array>,
): Promise<number> {
  if (epochs === 0) return 0;
  const sampler = run.retained(seed);
  const kept = run.snapshot();
  let best = -1;
  let bestEpoch = 0;
  let done = 0;
  const epoch = async (optimizer: Optimizer, rate: number, rows?: ReadonlyMap<string, Int32Array>): Promise<void> => {
    await run.training.epoch(FIRST_EPOCH + ++done, sampler, optimizer, rate, run.control, rows);
    const recall = run.validationRecall();
    if (recall <= best) return;
    [best, bestEpoch] = [recall, done];
    kept.keep();
  };
  if (restarted)
    for (let e = 0, own = run.optimizer(), rate = ALONE_RATE; e < ALONE_EPOCHS; e++, rate *= ALONE_DECAY) await epoch(own, rate, restarted);
  const optimizer = run.optimizer();
  for (let e = 0; e < epochs; e++) await epoch(optimizer, restarted ? learningRate / 2 : learningRate);
  kept.restore();
  return run.validation ? bestEpoch : done;
}

/**
 * Other rows were drawn along the rows that forgotten users began with. Those rows come back as probes that do not move, and
 * the rest is stepped until they find their old items no better than fresh rows do.
 */
async function scrub(run: UnlearningRun, given: Options): Promise<{ epochs: number; before: number; after: number; freshRows: number }> {
  let level = 0;
  for (let generation = 1; generation <= FRESH_ROWS; generation++) {
    run.placeProbes(given.seed, PROBE_GENERATION + generation);
    level += run.probeRecall() / FRESH_ROWS;
  }
  run.placeProbes(run.training.options.seed, 0);
  const before = run.probeRecall();
  const stepper = new ReverseSteps(run, { ...given, ...SCRUB }, run.probes.pairs, run.rowsBesideProbes());
  let after = before;
  let epochs = 0;
  while (after > level && epochs < SCRUB_EPOCHS) {
    await stepper.epoch(FIRST_EPOCH - SCRUB_EPOCHS + epochs++);
    after = run.probeRecall();
    run.control.onProgress?.({ phase: 'scrub', done: epochs, total: SCRUB_EPOCHS, objective: after });
    await run.training.breathe(run.control);
  }
  run.clearProbes();
  return { epochs, before, after, freshRows: level };
}

/** Reverse ranking on what is forgotten, forward ranking on what remains (after Sinha et al. 2025). */
export const mmrecun = /* @__PURE__ */ Object.freeze({
  name: 'mmrecun',
  summary: 'Reverse ranking on what is forgotten, forward ranking on what remains, on a graph rebuilt without it.',
  exactness: 'approximate',
  needs: ['gradient'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
