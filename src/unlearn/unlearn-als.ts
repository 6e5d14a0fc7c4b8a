// Unlearn-ALS (Xu, Sun, Yang, Yao, Wang: "Netflix and Forget", arXiv 2302.06676): deleted cells become unobserved, as a
// retrain would see them, and ALS goes on from the given factors. Approximate: see docs/unlearning.md for how near.
//
// Gold stops where the original's training did, and that is never quite the end: further passes alone are further training,
// and lead away from gold. So the *change* is taken: passes with the forgotten data and passes without them start at the
// same factors, and the difference between their ends is added to the original. Where training itself took hardly more
// sweeps than that, it is done anew, and the result is gold.

import * as option from '../base/options.ts';
import { localPass } from '../forget/local-pass.ts';
import type { Exactness, ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import { furtherTraining, ledgerAfter, type Plan, planOf, type RetrainDue, retrainOf, shareOf, WAYS } from '../forget/pass-plan.ts';
import type { Partition } from '../forget/request.ts';
import { firstSide, placeNewcomers, startingFactors } from '../forget/touched-rows.ts';
import type { LeastSquaresOptions, Side } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { provenanceOf } from '../model/model.ts';
import { AlsModel, type AlsOptions, als, lastDecrease } from '../models/als.ts';
import { type Team, withTeam } from '../threads/team.ts';
import type { Matrix } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  way: option.optionalWord(
    WAYS,
    'passes: ALS goes on, on the retain set; change: what passes without the forgotten data change, less what the same passes with ' +
      'them change; default: by how far training had converged.',
  ),
  passes: option.optionalInteger(
    { min: 0, max: 100000 },
    'Full passes (each solves all users and all items); default: by request and convergence. Without `way`: of plain passes.',
  ),
  tolerance: option.optionalNumber(
    { above: 0, max: 1 },
    "Plain passes until the retain objective's relative decrease in a pass is at most this; at most `passes`, or 100.",
  ),
  local: option.boolean(false, 'Only re-solve the rows that the forget set touches: an answer within milliseconds.'),
}));

type UnlearnAlsOptions = option.OptionsOf<typeof options>;

/** What `unlearn-als` says. */
export type UnlearnAlsDetails = {
  /** Which way was taken, and why. */
  readonly way: Plan['way'];
  readonly why: string;
  /** Full passes over the data; of `retrain`, `sweeps` instead. */
  readonly passes?: number;
  readonly sweeps?: number;
  readonly order?: string;
  readonly objectiveBefore?: number;
  readonly objective?: number;
  /** By how much the last pass lowered the objective, relative to it. */
  readonly decrease?: number | null;
  /** How far rows are from the least-squares solution, relative. */
  readonly residual?: number;
  /** A local pass, and the rows that it solved. */
  readonly local?: true;
  readonly rows?: { readonly users: number; readonly items: number };
  readonly note?: string;
  readonly exactness?: Exactness;
} & RetrainDue;

interface Outcome {
  readonly threads: number;
  readonly userFactors: Matrix;
  readonly itemFactors: Matrix;
  readonly details: Omit<UnlearnAlsDetails, keyof RetrainDue | 'way' | 'why'>;
}

async function forget(
  { model, partition, control, positions }: ForgetContext,
  given: UnlearnAlsOptions,
): Promise<Forgotten<UnlearnAlsDetails, AlsModel>> {
  const bilinear = model as BilinearModel;
  const alsOptions = bilinear.options as unknown as AlsOptions;
  const ledger = ledgerAfter(bilinear, partition);
  const plan = planOf(bilinear, shareOf(ledger), given);
  if (plan.way === 'retrain') return trainedAnew(plan, alsOptions, partition, { ...control, positions });
  const outcome = await carryOut(plan, bilinear, partition, alsOptions, control);
  const details = { way: plan.way, why: plan.why, ...outcome.details, ...retrainOf(ledger) };
  return {
    model: new AlsModel({
      kind: als,
      options: alsOptions,
      users: partition.retain.users,
      items: partition.retain.items,
      provenance: provenanceOf(partition.retain, model),
      record: { ...model.record, threads: outcome.threads, unlearned: { ...details, ...ledger } },
      userFactors: outcome.userFactors,
      itemFactors: outcome.itemFactors,
      // Beside the factors a local pass holds the cells of few rows.
      takeOver: plan.way === 'local',
    }),
    details,
  };
}

/** Gold itself; what was forgotten since training begins to count anew. */
async function trainedAnew(
  { way, why }: Plan,
  alsOptions: AlsOptions,
  partition: Partition,
  { positions, signal, onProgress, threads }: ForgetContext['control'] & Pick<ForgetContext, 'positions'>,
): Promise<Forgotten<UnlearnAlsDetails, AlsModel>> {
  const retain = positions === 'compacted' ? partition.retain.compacted(partition.kept) : partition.retain;
  const model = await als.fit(retain, alsOptions, { signal, onProgress, threads });
  const { iterations, objective, decrease } = model.record;
  const ledger = { interactions: 0, of: retain.interactions };
  return { model, details: { exactness: 'exact', way, why, sweeps: iterations, objective, decrease, ...retrainOf(ledger) } };
}

async function carryOut(
  plan: Plan,
  model: BilinearModel,
  partition: Partition,
  problemOptions: LeastSquaresOptions,
  control: ForgetContext['control'],
): Promise<Outcome> {
  // A local pass is over before threads have started.
  if (plan.way === 'local') {
    const { problem, rows } = localPass(model, partition, problemOptions);
    return { ...factorsOf(problem), threads: 1, details: { passes: 0, local: true, rows } };
  }
  const first = firstSide(partition);
  if (plan.way === 'passes') {
    return withTeam(control.threads, (team) => plainPasses(plan, first, model, partition, problemOptions, control, team));
  }
  // One after the other, so that the two problems need not be in memory together.
  const withForgotten = await withTeam(control.threads, async (team) => {
    const problem = new LeastSquares(partition.data, problemOptions, undefined, team);
    problem.start(model.userFactors, model.itemFactors);
    await sweeps(problem, first, plan.passes, 0, control);
    return { users: problem.userFactors.toArray(), items: problem.itemFactors.toArray() };
  });
  return withTeam(control.threads, (team) => change(plan, first, model, withForgotten, partition, problemOptions, control, team));
}

const factorsOf = ({ userFactors, itemFactors }: LeastSquares): Pick<Outcome, 'userFactors' | 'itemFactors'> => ({
  userFactors,
  itemFactors,
});

async function sweeps(
  problem: LeastSquares,
  first: Side,
  passes: number,
  done: number,
  { signal, onProgress }: ForgetContext['control'],
): Promise<void> {
  for (let pass = 1; pass <= passes; pass++) {
    await problem.sweep(first, signal);
    onProgress?.({ phase: 'unlearn', done: done + pass, total: 2 * passes });
  }
}

/** The original, and what passes without the forgotten data change less what the same passes with them change. */
async function change(
  { passes }: Plan,
  first: Side,
  model: BilinearModel,
  withForgotten: Readonly<Record<Side, Float32Array>>,
  partition: Partition,
  problemOptions: LeastSquaresOptions,
  control: ForgetContext['control'],
  team: Team,
): Promise<Outcome> {
  const problem = startOn(partition, model, problemOptions, team);
  const objectiveBefore = problem.objective();
  await sweeps(problem, first, passes, passes, control);
  const { indptr } = partition.retain.userItems;
  const itemCounts = partition.retain.itemCounts();
  addChange(problem.userFactors, model.userFactors, withForgotten.users, (u) => indptr[u + 1] === indptr[u]);
  addChange(problem.itemFactors, model.itemFactors, withForgotten.items, (i) => itemCounts[i] === 0);
  problem.touch();
  return {
    ...factorsOf(problem),
    threads: team.threads,
    details: {
      passes,
      order: `${first} first`,
      objectiveBefore,
      objective: problem.objective(),
      residual: problem.residual(first).overall,
    },
  };
}

/** Turns rows into original + rows − reference; empty rows stay zero. */
function addChange(rows: Matrix, original: Matrix, reference: Float32Array, empty: (row: number) => boolean): void {
  for (let r = 0; r < rows.rows; r++) {
    if (empty(r)) continue;
    const row = rows.row(r);
    const before = original.row(r);
    for (let c = 0; c < rows.cols; c++) row[c] += before[c] - reference[r * rows.cols + c];
  }
}

async function plainPasses(
  { passes, tolerance }: Plan,
  first: Side,
  model: BilinearModel,
  partition: Partition,
  problemOptions: LeastSquaresOptions,
  { signal, onProgress }: ForgetContext['control'],
  team: Team,
): Promise<Outcome> {
  const problem = startOn(partition, model, problemOptions, team);
  const objectives = [problem.objective()];
  let reached = tolerance === undefined;
  while (objectives.length <= passes) {
    await problem.sweep(first, signal);
    objectives.push(problem.objective());
    onProgress?.({ phase: 'unlearn', done: objectives.length - 1, total: passes, objective: objectives.at(-1) });
    if (tolerance !== undefined && lastDecrease(objectives)! <= tolerance) {
      reached = true;
      break;
    }
  }
  const notes = [
    ...(reached ? [] : [`the tolerance ${tolerance} was not reached in ${passes} passes: allow more`]),
    ...furtherTraining(model.record),
  ];
  return {
    ...factorsOf(problem),
    threads: team.threads,
    details: {
      passes: objectives.length - 1,
      order: `${first} first`,
      objectiveBefore: objectives[0],
      objective: objectives.at(-1),
      decrease: lastDecrease(objectives),
      residual: problem.residual(first).overall,
      ...(notes.length > 0 && { note: notes.join('; ') }),
    },
  };
}

/** The retain set's problem at the given factors, with nothing left of rows that the request emptied. */
function startOn(partition: Partition, model: BilinearModel, problemOptions: LeastSquaresOptions, team: Team): LeastSquares {
  const problem = new LeastSquares(partition.retain, problemOptions, undefined, team);
  const { userFactors, itemFactors } = startingFactors(model, partition, problemOptions);
  problem.start(userFactors, itemFactors);
  problem.clearEmptyRows();
  placeNewcomers(partition, (side, rows) => problem.solveRows(side, rows));
  return problem;
}

/** Goes on with least squares from the given factors, without what is forgotten (Xu et al. 2023). */
export const unlearnAls = /* @__PURE__ */ Object.freeze({
  name: 'unlearn-als',
  summary: 'Unlearn-ALS: go on with ALS from the given factors, on the retain set (Xu et al. 2023).',
  exactness: 'approximate',
  learns: true,
  needs: ['leastSquares'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
