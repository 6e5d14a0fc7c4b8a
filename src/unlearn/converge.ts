// Forgetting to the point where every retrain ends: stage a re-solves the rows that the forget set touches, stage b adds a
// few accelerated iterations, stage c goes on to the tolerance of training (src/least-squares/acceleration.ts). Each stage is a valid
// model. Approximate: equal to gold to the tolerance where both end in one point, which `certify` bounds without a retrain.

import * as check from '../base/check.ts';
import * as option from '../base/options.ts';
import { type ForgetContext, type Forgotten, requireCompatible, type Unlearner } from '../forget/method.ts';
import { expectPartition } from '../forget/request.ts';
import { firstSide, placeNewcomers, startingFactors, touchedRows } from '../forget/touched-rows.ts';
import { ACCELERATORS, accelerate, type Converged, POLISHES, TOLERANCES } from '../least-squares/acceleration.ts';
import { other } from '../least-squares/objective.ts';
import { type Standing, Stationary } from '../least-squares/stationary.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { checkFitControl, expectModel, provenanceOf } from '../model/model.ts';
import { AlsModel, type AlsOptions, als } from '../models/als.ts';
import { openTeam } from '../threads/team.ts';

const STAGES = ['a', 'b', 'c'] as const;
/** Where `converge` ends: touched rows, a few iterations, or the tolerance. */
export type Stage = (typeof STAGES)[number];

const options = /* @__PURE__ */ option.declareOptions(() => ({
  stage: option.word('c', STAGES, 'Where to end: a the rows that are touched, b a few accelerated iterations, c the tolerance.'),
  stageIterations: option.integer(3, { min: 1, max: 100 }, 'Accelerated iterations of stage b.'),
  tolerance: option.namedNumber(
    TOLERANCES,
    { min: 1e-13, max: 1 },
    "Relative gradient at which stage c ends; default the model's own, or tight.",
  ),
  accelerator: option.optionalWord(
    ACCELERATORS,
    "ncg (nonlinear conjugate gradients) or lbfgs (quasi-Newton on the smaller side); default the model's own, or ncg.",
  ),
  polish: option.optionalWord(POLISHES, "newton takes Newton steps below a relative gradient of 1e-6; default the model's own, or none."),
}));

/** The options of `converge`, all of them said. */
export type ConvergeOptions = option.OptionsOf<typeof options>;

/** What `converge` says of a stage. */
export type ConvergeDetails = {
  readonly stage: Stage;
  /** Stage a: rows that were solved. */
  readonly rows?: { readonly users: number; readonly items: number };
  /** Accelerated iterations so far. */
  readonly iterations: number;
  /** Products of the Newton steps, with `polish`. */
  readonly products?: number;
  /** Relative gradient. */
  readonly residual: number;
  readonly objective: number;
  /** Seconds since the first stage began. */
  readonly stageSeconds: number;
  /** Stage c: the relative gradient that was to be reached, and whether it was. */
  readonly tolerance?: number;
  readonly converged?: boolean;
};

/** A model on the way, and how far it has come. */
export interface StageResult extends Forgotten<ConvergeDetails, AlsModel> {
  readonly stage: Stage;
}

/**
 * The stages one after the other, up to the one asked for, so that a service can answer with the first and finish later.
 * @example
 * for await (const { stage, model: next } of forgetInStages({ model, partition, control: {} })) serve(next, stage);
 */
export async function* forgetInStages(
  context: ForgetContext,
  given: option.GivenOptions<typeof options> = {},
): AsyncGenerator<StageResult> {
  check.knownKeys('forgetInStages', context, ['model', 'partition', 'control', 'positions']);
  const { model, partition, control } = context;
  expectModel('model', model);
  requireCompatible(model, converge);
  expectPartition(partition);
  checkFitControl('forgetInStages', control);
  const { stage: last, stageIterations, tolerance: asked, accelerator, polish } = option.resolveOptions('converge', options, given);
  const bilinear = model as BilinearModel;
  const alsOptions = bilinear.options as unknown as AlsOptions;
  const tolerance = asked ?? alsOptions.tolerance ?? TOLERANCES.tight;
  const way = { ...control, accelerator: accelerator ?? alsOptions.accelerator, polish: polish ?? alsOptions.polish };
  const { retain } = partition;
  const team = await openTeam(control.threads);
  try {
    const started = performance.now();
    const problem = new Stationary(retain, alsOptions, team);
    const { userFactors, itemFactors } = startingFactors(bilinear, partition, alsOptions);
    problem.start(userFactors, itemFactors);
    let iterations = 0;
    let products = 0;
    const result = (stage: Stage, standing: Standing, more: object): StageResult => {
      const details = {
        stage,
        ...more,
        iterations,
        ...(way.polish === 'newton' && { products }),
        residual: standing.residual,
        objective: standing.objective + problem.constant(),
        stageSeconds: (performance.now() - started) / 1000,
      };
      return { stage, details, model: modelOf(problem, model, alsOptions, retain, details) };
    };
    const goOn = async (most?: number): Promise<Converged> => {
      const end = await accelerate(problem, tolerance, { ...way, most });
      iterations += end.iterations;
      products += end.products;
      return end;
    };
    placeNewcomers(partition, (side, rows) => problem.solveRows(side, rows));
    const touched = touchedRows(partition);
    const first = firstSide(partition);
    for (const side of [first, other(first)]) if (touched[side].length > 0) problem.solveRows(side, touched[side]);
    yield result('a', problem.measure(), { rows: { users: touched.users.length, items: touched.items.length } });
    if (last === 'a') return;
    const few = await goOn(stageIterations);
    yield result('b', few, {});
    if (last === 'b') return;
    const end = await goOn();
    yield result('c', end, { tolerance, converged: end.converged });
  } finally {
    await team.close();
  }
}

function modelOf(
  problem: Stationary,
  model: ForgetContext['model'],
  alsOptions: AlsOptions,
  retain: ForgetContext['partition']['retain'],
  details: object,
): AlsModel {
  return new AlsModel({
    kind: als,
    options: alsOptions,
    users: retain.users,
    items: retain.items,
    provenance: provenanceOf(retain, model),
    record: { ...model.record, threads: problem.team.threads, unlearned: details },
    userFactors: problem.dense('users'),
    itemFactors: problem.dense('items'),
  });
}

async function forget(context: ForgetContext, given: ConvergeOptions): Promise<Forgotten<ConvergeDetails, AlsModel>> {
  let result: StageResult | undefined;
  for await (result of forgetInStages(context, given));
  return { model: result!.model, details: result!.details };
}

/** Least squares to convergence on what remains, in stages; `certify` bounds how far any retrain can be. */
export const converge = /* @__PURE__ */ Object.freeze({
  name: 'converge',
  summary: 'Least squares to convergence on the retain set, in stages; the end can be certified.',
  exactness: 'approximate',
  learns: true,
  needs: ['leastSquares'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
