// Unlearn-ALS (Xu, Sun, Yang, Yao, Wang: "Netflix and Forget", arXiv 2302.06676): deleted cells become unobserved, as a
// retrain would see them, and ALS goes on from the given factors. It works on any bilinear model's factors; the result
// is the least-squares model of the retain set near which they lie. Approximate: see docs/unlearning.md for how near.

import * as option from '../base/options.ts';
import type { ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import type { Partition } from '../forget/request.ts';
import { firstSide, flags, foreignObjective, optionsFor, touchedRows } from '../forget/touched-rows.ts';
import type { LeastSquaresOptions } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import type { BilinearModel } from '../model/bilinear.ts';
import { provenanceOf } from '../model/model.ts';
import { AlsModel, als, lastDecrease } from '../models/als.ts';
import { type Team, withTeam } from '../threads/team.ts';
import type { SparseRows } from '../wasm/tensor.ts';

const options = Object.freeze({
  passes: option.optionalInteger(
    { min: 0, max: 100000 },
    "Full passes (each solves all users and all items); default: as many as the model's recorded convergence allows.",
  ),
  tolerance: option.optionalNumber(
    { above: 0, max: 1 },
    "Stop when the retain objective's relative decrease in a pass is at most this; at most `passes`, or 100.",
  ),
  local: option.boolean(false, 'Only re-solve the rows that the forget set touches: an answer within milliseconds.'),
  ...foreignObjective,
});

type UnlearnAlsOptions = option.OptionsOf<typeof options>;

/** A model whose last sweep still lowered the objective by more than this was stopped early, not converged. */
const CONVERGED = 1e-3;

async function forget({ model, partition, control }: ForgetContext, given: UnlearnAlsOptions): Promise<Forgotten> {
  const { passes, tolerance, local, ...objective } = given;
  const bilinear = model as BilinearModel;
  const alsOptions = optionsFor(bilinear, objective);
  const { iterations: _, ...problemOptions } = alsOptions;
  const modelOf = ({ problem: { userFactors, itemFactors }, details }: Outcome): Forgotten => ({
    model: new AlsModel({
      kind: als,
      options: alsOptions,
      users: partition.retain.users,
      items: partition.retain.items,
      provenance: provenanceOf(partition.retain, model),
      record: { ...model.record, unlearned: details },
      // Beside the factors a local pass holds the cells of few rows.
      userFactors,
      itemFactors,
      takeOver: local,
    }),
    details,
  });
  // A local pass is over before threads have started.
  if (local) return modelOf(localPass(bilinear, partition, problemOptions));
  return withTeam(control.threads, async (team) =>
    modelOf(await fullPasses(bilinear, partition, problemOptions, { passes, tolerance }, control, team)),
  );
}

interface Outcome {
  readonly problem: LeastSquares;
  readonly details: Readonly<Record<string, unknown>>;
}

async function fullPasses(
  model: BilinearModel,
  partition: Partition,
  problemOptions: LeastSquaresOptions,
  stop: { passes?: number; tolerance?: number },
  control: ForgetContext['control'],
  team: Team,
): Promise<Outcome> {
  const problem = new LeastSquares(partition.retain, problemOptions, undefined, team);
  problem.start(model.userFactors, model.itemFactors);
  problem.clearEmptyRows();
  const first = firstSide(partition);
  const most = stop.passes ?? (stop.tolerance === undefined ? defaultPasses(model.record) : 100);
  const objectives = [problem.objective()];
  let reached = stop.tolerance === undefined;
  while (objectives.length <= most) {
    await problem.sweep(first, control.signal);
    objectives.push(problem.objective());
    control.onProgress?.({ phase: 'unlearn', done: objectives.length - 1, total: most, objective: objectives.at(-1) });
    if (stop.tolerance !== undefined && lastDecrease(objectives)! <= stop.tolerance) {
      reached = true;
      break;
    }
  }
  const trained = model.record.decrease;
  const notes = [
    ...(reached ? [] : [`the tolerance ${stop.tolerance} was not reached in ${most} passes: allow more`]),
    ...(typeof trained === 'number' && trained > CONVERGED
      ? [
          `training was stopped while a sweep still lowered the objective by ${trained.toExponential(1)}: ` +
            'each further pass is further training, and leads away from a retrain of the same number of sweeps',
        ]
      : []),
  ];
  return {
    problem,
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

/**
 * Rows that the forget set touches, each solved once: the users, then the items, with Gram matrices that lose what the
 * old rows added. Where only whole users (or only whole items) are deleted, one side suffices.
 */
function localPass(model: BilinearModel, partition: Partition, problemOptions: LeastSquaresOptions): Outcome {
  const { retain, users, items } = partition;
  const touched = touchedRows(partition);
  const problem = new LeastSquares(retain, problemOptions, cellsOf(retain.userItems, touched.users, touched.items));
  problem.start(model.userFactors, model.itemFactors);
  problem.clearRows('users', users);
  problem.clearRows('items', items);
  problem.solveRows('users', touched.users);
  problem.solveRows('items', touched.items, true);
  return { problem, details: { passes: 0, local: true, rows: { users: touched.users.length, items: touched.items.length } } };
}

/** The cells of the listed rows of either side; all other rows are empty. */
function cellsOf(userItems: SparseRows, users: Int32Array, items: Int32Array): { userItems: SparseRows; itemUsers: SparseRows } {
  const { rows, cols, indptr, indices, data } = userItems;
  const userIndptr = new Int32Array(rows + 1);
  const itemIndptr = new Int32Array(cols + 1);
  const wanted = flags(rows, users);
  const itemWanted = flags(cols, items);
  for (let u = 0; u < rows; u++) userIndptr[u + 1] = userIndptr[u] + (wanted[u] ? indptr[u + 1] - indptr[u] : 0);
  const userIndices = new Int32Array(userIndptr[rows]);
  const userData = new Float32Array(userIndptr[rows]);
  for (const u of users) {
    userIndices.set(indices.subarray(indptr[u], indptr[u + 1]), userIndptr[u]);
    userData.set(data.subarray(indptr[u], indptr[u + 1]), userIndptr[u]);
  }
  const found = items.length > 0 ? entriesIn(indices, itemWanted) : new Int32Array(0);
  for (const e of found) itemIndptr[indices[e] + 1]++;
  for (let i = 0; i < cols; i++) itemIndptr[i + 1] += itemIndptr[i];
  const cursor = itemIndptr.slice();
  const itemIndices = new Int32Array(found.length);
  const itemData = new Float32Array(found.length);
  let user = 0;
  for (const e of found) {
    while (e >= indptr[user + 1]) user++;
    const at = cursor[indices[e]]++;
    itemIndices[at] = user;
    itemData[at] = data[e];
  }
  return {
    userItems: { rows, cols, indptr: userIndptr, indices: userIndices, data: userData },
    itemUsers: { rows: cols, cols: rows, indptr: itemIndptr, indices: itemIndices, data: itemData },
  };
}

const SCAN = 4096;

/** Ascending entries whose item is wanted. */
function entriesIn(indices: Int32Array, wanted: Uint8Array): Int32Array {
  let found = new Int32Array(16 * SCAN);
  let n = 0;
  for (let start = 0; start < indices.length; start += SCAN) {
    if (n + SCAN > found.length) {
      const longer = new Int32Array(found.length * 2);
      longer.set(found);
      found = longer;
    }
    n = scan(indices, wanted, start, Math.min(indices.length, start + SCAN), found, n);
  }
  return found.subarray(0, n);
}

/** The one loop over all interactions: it does not branch (5 times as fast), and is called often, so that engines optimise it. */
function scan(indices: Int32Array, wanted: Uint8Array, begin: number, end: number, found: Int32Array, n: number): number {
  for (let e = begin; e < end; e++) {
    found[n] = e;
    n += wanted[indices[e]];
  }
  return n;
}

/** Passes that the training's own convergence bears: beyond it, a pass trains further than gold would. */
function defaultPasses(record: Readonly<Record<string, unknown>>): number {
  const { decrease } = record;
  return typeof decrease === 'number' && decrease > CONVERGED ? 1 : 3;
}

export const unlearnAls = Object.freeze({
  name: 'unlearn-als',
  summary: 'Unlearn-ALS: go on with ALS from the given factors, on the retain set (Xu et al. 2023).',
  exactness: 'approximate',
  needs: ['factors'],
  options,
  forget,
} as const) satisfies Unlearner<typeof options>;
