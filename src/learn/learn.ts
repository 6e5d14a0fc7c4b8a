// learn(), the mirror of forget(), and revise(), which does both in one go.

import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import { type OptionSpecs, type OptionsOf, resolveOptions } from '../base/options.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { aligned, carryOut, type ForgetOptions, forget, type HeldOut } from '../forget/forget.ts';
import { type Exactness, type Positions, requireCompatible, type Unlearner } from '../forget/method.ts';
import type { Partition } from '../forget/request.ts';
import { requireTrainedOn } from '../forget/trained-on.ts';
import { digest } from '../model/digest.ts';
import { byteComparable, checkFitControl, expectModel, type Model } from '../model/model.ts';
import type { Additions } from './additions.ts';
import { type RevisionRequest, revisionOf } from './revision.ts';

/** What was learned, and what the method has to say. */
export interface LearnReport {
  readonly method: string;
  readonly exactness: Exactness;
  /** New users, items and interactions, and interactions that have another value or time now. */
  readonly learned: { readonly users: number; readonly items: number; readonly interactions: number; readonly changed: number };
  /** Interactions that were in the data as they are; left out where there are none. */
  readonly unchanged?: number;
  /** Titles and rows of features that came or changed. */
  readonly titles?: number;
  readonly features?: number;
  /** Users and items deleted and interactions that left, where the request forgets too. */
  readonly forgotten?: { readonly users: number; readonly items: number; readonly interactions: number };
  readonly positions: Positions;
  /** Wall time of the method itself. */
  readonly seconds: number;
  readonly digestBefore?: string;
  readonly digestAfter?: string;
  /** There, and false, where fast kernels made the old model or the new one: no claim is made about bytes then. */
  readonly kernels?: 'fast';
  readonly byteComparable?: false;
  /** The method's own figures: rows solved, objective, residual … */
  readonly [detail: string]: unknown;
}

/** What learns, and how the run is watched. */
export interface LearnOptions<S extends OptionSpecs = any> extends Omit<ForgetOptions<S>, 'ignoreUnknown'> {}

/** What revises, and how the run is watched. */
export interface ReviseOptions<S extends OptionSpecs = any> extends ForgetOptions<S> {
  /** What forgets, where `method` only learns: then one follows the other, forgetting first. */
  readonly forgetBy?: { readonly method: Unlearner; readonly options?: object };
}

/** What `learn` and `revise` hand back. */
export interface LearnResult {
  readonly model: Model;
  /** The data that the model now stands for. */
  readonly data: Dataset;
  /** What remains of the held-out parts that were given, over the same tables: a pair that was learned is held out no more. */
  readonly heldOut: HeldOut;
  /** What left and what came, by the positions of the data before with room for the new ids. */
  readonly partition: Partition;
  readonly report: LearnReport;
}

/** What a kind of model learns by, by capability; `retrain` serves all. */
const LEARNS_BY = /* @__PURE__ */ Object.freeze({
  leastSquares: 'converge or unlearn-als',
  exactForget: 'downdate',
  gradient: 'replay',
} as const);

/**
 * Makes a model learn. The given model and data stay as they are; when anything of the additions is refused, nothing is learned.
 * @param data the interactions that the model was trained on.
 * @returns the new model, the data that it now stands for, and a report.
 * @throws DataError for data that are not the model's and for additions that contradict them, by place and name; TypeError, RangeError
 *   for what is no addition; ModelError when the method cannot work on this kind of model.
 * @example
 * const additions = { interactions: [{ user: '196', item: '50', value: 5 }] };
 * const { model: grown, data: all } = await learn(model, train, additions, { method: converge, options: { stage: 'a' } });
 */
export function learn<S extends OptionSpecs>(
  model: Model,
  data: Dataset,
  additions: Additions,
  options: LearnOptions<S>,
): Promise<LearnResult> {
  check.record('additions', additions);
  return revised('learn', model, data, { learn: additions }, options);
}

/**
 * Makes a model learn and forget in one go: data before, data after, and one piece of work between them.
 * @param request `{ learn, forget }`, either or both; what one names the other must not.
 * @example
 * await revise(model, train, { learn: additions, forget: { users: ['7'] } }, { method: converge });
 */
export async function revise<S extends OptionSpecs>(
  model: Model,
  data: Dataset,
  request: RevisionRequest,
  options: ReviseOptions<S>,
): Promise<LearnResult> {
  check.knownKeys('a request to revise', request, ['learn', 'forget']);
  const { forgetBy, ...rest } = options;
  if (forgetBy === undefined || request.forget === undefined) return revised('revise', model, data, request, rest);
  check.knownKeys('forgetBy', forgetBy, ['method', 'options']);
  // What cannot be learned is refused before anything is forgotten.
  const names = heldOutNames(rest.heldOut);
  const positions = rest.positions ?? 'compacted';
  const heldOut = names.map((name) => rest.heldOut![name]!);
  revisionOf(model, data, request, { positions, ignoreUnknown: rest.ignoreUnknown ?? false, heldOut });
  const { options: _, ...shared } = rest;
  const left = await forget(model, data, request.forget, { ...shared, ...forgetBy } as ForgetOptions);
  if (request.learn === undefined) return { ...left, report: { ...left.report, learned: NOTHING } };
  const { ignoreUnknown: __, ...control } = rest;
  const came = await revised('revise', left.model, left.data, { learn: request.learn }, { ...control, heldOut: left.heldOut });
  const { forgotten, digestBefore, seconds, method } = left.report;
  const report = {
    ...came.report,
    forgotten,
    forgottenBy: method,
    seconds: seconds + came.report.seconds,
    ...(digestBefore && { digestBefore }),
  };
  return { ...came, report };
}

const NOTHING = /* @__PURE__ */ Object.freeze({ users: 0, items: 0, interactions: 0, changed: 0 });

const heldOutNames = (heldOut: HeldOut | undefined) =>
  (['validation', 'test', 'unseen'] as const).filter((name) => heldOut?.[name] !== undefined);

async function revised<S extends OptionSpecs>(
  what: string,
  model: Model,
  data: Dataset,
  request: RevisionRequest,
  options: ForgetOptions<S>,
): Promise<LearnResult> {
  expectModel('model', model);
  expectDataset('data', data);
  checkFitControl(what, options, ['method', 'options', 'digests', 'heldOut', 'positions', ...(what === 'revise' ? ['ignoreUnknown'] : [])]);
  const { method, options: given, digests = true, heldOut, positions = 'compacted', ignoreUnknown = false, ...control } = options;
  check.like('method', method, 'a method, such as retrain', ['name', 'needs', 'options', 'forget']);
  check.boolean('digests', digests);
  check.boolean('ignoreUnknown', ignoreUnknown);
  check.oneOf('positions', positions, ['compacted', 'kept']);
  if (heldOut !== undefined) check.knownKeys('heldOut', heldOut, ['validation', 'test', 'unseen']);
  requireLearner(model, method, request);
  const resolved: OptionsOf<S> = resolveOptions(method.name, method.options, given);
  requireTrainedOn(model, data);
  const held: HeldOut = { ...heldOut, ...(!heldOut?.validation && control.validation && { validation: control.validation }) };
  const names = heldOutNames(held);
  const parts = names.map((name) => held[name]!);
  const revision = revisionOf(model, data, request, { positions, ignoreUnknown, ...(parts.length > 0 && { heldOut: parts }) });
  const { partition, learned, unchanged, titles, features } = revision;
  const remaining: HeldOut = Object.fromEntries(names.map((name, n) => [name, partition.heldOut[n]]));
  const { validation } = remaining;
  const watched = { ...control, validation: validation?.interactions ? validation : undefined };
  const context = { model: revision.model, partition, control: watched, positions };
  const { model: grown, data: all, seconds, details } = await carryOut(method, context, resolved);
  const comparable = byteComparable(model) && byteComparable(grown);
  const { users, items, entries } = partition;
  const report: LearnReport = {
    method: method.name,
    exactness: method.exactness,
    learned,
    ...(unchanged > 0 && { unchanged }),
    ...(titles > 0 && { titles }),
    ...(features > 0 && { features }),
    ...(request.forget && {
      forgotten: { users: users.length, items: items.length, interactions: entries.length - learned.changed },
    }),
    positions,
    seconds,
    ...details,
    ...(!comparable && { kernels: 'fast', byteComparable: false }),
    ...(!comparable && !method.anew && { exactness: 'approximate' }),
    ...(digests && { digestBefore: await digest(model), digestAfter: await digest(grown) }),
  };
  const over = Object.fromEntries(Object.entries(remaining).map(([name, part]) => [name, aligned(part, all)]));
  return { model: grown, data: all, heldOut: over, partition, report };
}

/** @throws ModelError that says by what a model of this kind learns. */
function requireLearner(model: Model, method: Unlearner, request: RevisionRequest): void {
  const { capabilities, name } = model.kind;
  const ways = (Object.keys(LEARNS_BY) as (keyof typeof LEARNS_BY)[]).filter((need) => capabilities.includes(need));
  const instead = `a model of kind "${name}" learns by ${[...ways.map((need) => LEARNS_BY[need]), 'retrain'].join(', or by ')}`;
  if (request.learn !== undefined && method.learns !== true)
    throw new ModelError(`method "${method.name}" forgets and cannot learn; ${instead}`);
  if (request.forget !== undefined && method.forgets === false)
    throw new ModelError(`method "${method.name}" learns and cannot forget; say by "forgetBy" what forgets, such as mmrecun`);
  requireCompatible(model, method, instead);
}
