// forget(): a request carried out by a method, and gold, the judge of every method.
import * as check from '../base/check.ts';
import { type GivenOptions, type OptionSpecs, type OptionsOf, resolveOptions } from '../base/options.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { compacted } from '../model/compact.ts';
import { digest } from '../model/digest.ts';
import { byteComparable, checkFitControl, expectModel, type FitControl, type Model } from '../model/model.ts';
import {
  type Details,
  type Exactness,
  type ForgetContext,
  type Forgotten,
  type Positions,
  requireCompatible,
  type Unlearner,
} from './method.ts';
import type { ForgetStatus } from './outcome.ts';
import { expectPartition, type ForgetRequest, type Partition, partitionOf } from './request.ts';
import { requireTrainedOn } from './trained-on.ts';

/** What every report says. */
export type ForgetBasics = {
  readonly method: string;
  readonly exactness: Exactness;
  /** Users and items deleted, training interactions that left. */
  readonly forgotten: { readonly users: number; readonly items: number; readonly interactions: number };
  /** Interactions that left the held-out parts. */
  readonly heldOut?: number;
  /** What was asked for and is in no part of the data, where that was to be ignored. */
  readonly unknown?: { readonly users: number; readonly items: number; readonly interactions: number };
  readonly positions: Positions;
  /** What was reached, of methods that go by gradients; `unchanged` of every method where nothing trained on was named. */
  readonly status?: ForgetStatus;
  /** Wall time of the method itself. */
  readonly seconds: number;
  readonly digestBefore?: string;
  readonly digestAfter?: string;
  /** There, and false, where fast kernels made the old model or the new one: no claim is made about bytes then. */
  readonly kernels?: 'fast';
  readonly byteComparable?: false;
  /** Threads that took part, the calling one included: fewer than were asked for where the host had none to give. */
  readonly threads?: number;
};

/** The basics, and the method's own figures: passes or epochs, objective, residual … */
export type ForgetReport<D extends Details = Details> = ForgetBasics & D;

/** The other parts of a split, over the same tables. */
export interface HeldOut {
  readonly validation?: Dataset;
  readonly test?: Dataset;
  /** Users and items that were held out as a whole. */
  readonly unseen?: Dataset;
}

/** What forgets, and how the run is watched. */
export interface ForgetOptions<S extends OptionSpecs = any, D extends Details = Details, M extends Model = Model> extends FitControl {
  readonly method: Unlearner<S, D, M>;
  /** The method's options. */
  readonly options?: GivenOptions<S>;
  /** Go on without ids and interactions that are unknown, instead of refusing; default false. */
  readonly ignoreUnknown?: boolean;
  /**
   * The other parts of the split, over the same tables. Their interactions can be named too, leave with their users and
   * items, and are handed back; `validation` is what the method validates on.
   */
  readonly heldOut?: HeldOut;
  /** Where ids stand afterwards; default `compacted`, which tells nobody who left. */
  readonly positions?: Positions;
  /** Whether to compute the digests of the report; default true. */
  readonly digests?: boolean;
}

/** What `forget` hands back. */
export interface ForgetResult<M extends Model = Model, D extends Details = Details> {
  readonly model: M;
  /** The data that the model now stands for. */
  readonly data: Dataset;
  /** What remains of the held-out parts that were given, over the same tables. */
  readonly heldOut: HeldOut;
  /** What left, by the positions that there were. */
  readonly partition: Partition;
  readonly report: ForgetReport<D>;
}

/** The model that a method makes: of its own kind where it has one, else of the kind that it was given. */
export type ModelAfter<Given extends Model, Made extends Model> = Model extends Made ? Given : Made;

/**
 * Makes a model forget. The given model stays as it is.
 * @param data the interactions that the model was trained on.
 * @returns the new model, the data that it now stands for, and a report.
 * @throws DataError for unknown ids (named) and for data that are not the model's; RangeError for a request that is
 *   nothing or everything; ModelError when the method cannot work on this kind of model.
 * @example
 * const { model: unlearned, data: retained, report } = await forget(model, train, { users: ['196'] }, { method: unlearnAls });
 */
export async function forget<M extends Model, S extends OptionSpecs, D extends Details, Made extends Model>(
  model: M,
  data: Dataset,
  request: ForgetRequest,
  options: ForgetOptions<S, D, Made>,
): Promise<ForgetResult<ModelAfter<M, Made>, D>> {
  expectModel('model', model);
  expectDataset('data', data);
  checkFitControl('forget', options, ['method', 'options', 'ignoreUnknown', 'digests', 'heldOut', 'positions']);
  const { method, options: given, ignoreUnknown = false, digests = true, heldOut, positions = 'compacted', ...control } = options;
  check.like('method', method, 'an unlearning method, such as retrain', ['name', 'needs', 'options', 'forget']);
  check.boolean('digests', digests);
  check.oneOf('positions', positions, ['compacted', 'kept']);
  if (heldOut !== undefined) check.knownKeys('heldOut', heldOut, ['validation', 'test', 'unseen']);
  requireCompatible(model, method);
  const resolved = resolveOptions(method.name, method.options, given);
  requireTrainedOn(model, data);
  const names = (['validation', 'test', 'unseen'] as const).filter((name) => heldOut?.[name] !== undefined);
  const partition = partitionOf(data, request, { ignoreUnknown, heldOut: heldOut && names.map((name) => heldOut[name]!) });
  const remaining = Object.fromEntries(names.map((name, n) => [name, partition.heldOut[n]])) as HeldOut;
  const validation = control.validation ?? remaining.validation;
  const watched = { ...control, ...(validation && validation.interactions > 0 && { validation }) };
  // What only tested or validated a model is in none of its numbers.
  const acting = method.anew || !leavesTraining(partition) ? method : { ...method, forget: leaveUnchanged };
  const {
    model: unlearned,
    data: retained,
    seconds,
    details,
  } = await carryOut(acting, { model, partition, control: watched, positions }, resolved);
  const comparable = byteComparable(model) && byteComparable(unlearned);
  const { users, items, interactions } = partition.unknown;
  const passedOver = { users: users.length, items: items.length, interactions: interactions.length };
  const { threads } = unlearned.record;
  const report = {
    method: method.name,
    exactness: method.exactness,
    forgotten: { users: partition.users.length, items: partition.items.length, interactions: partition.entries.length },
    ...(partition.heldOutInteractions > 0 && { heldOut: partition.heldOutInteractions }),
    ...(users.length + items.length + interactions.length > 0 && { unknown: passedOver }),
    positions,
    seconds,
    ...(threads !== undefined && { threads }),
    ...details,
    ...(!comparable && { kernels: 'fast', byteComparable: false }),
    // Bytes of gold's that another host would not compute: only training anew, on this one, gives those of gold on this one.
    ...(!comparable && !method.anew && { exactness: 'approximate' }),
    ...(digests && { digestBefore: await digest(model), digestAfter: await digest(unlearned) }),
  };
  const over = (part: Dataset): Dataset => aligned(part, retained);
  return {
    model: unlearned as unknown as ModelAfter<M, Made>,
    data: retained,
    heldOut: Object.fromEntries(Object.entries(remaining).map(([name, part]) => [name, over(part)])),
    partition,
    report: report as unknown as ForgetReport<D>,
  };
}

/** What a method makes of a partition, with ids where they are to stand; `seconds` is its wall time. */
export async function carryOut<S extends OptionSpecs>(
  method: Unlearner<S>,
  context: ForgetContext & { readonly positions: Positions },
  options: OptionsOf<S>,
): Promise<{ model: Model; data: Dataset; seconds: number; details: Readonly<Record<string, unknown>> }> {
  const { partition, positions } = context;
  const started = performance.now();
  const { model: made, details } = await method.forget(context, options);
  const data = positions === 'kept' ? partition.retain : partition.retain.compacted(partition.kept);
  const model = positions === 'kept' ? made : compacted(made, data.users, data.items);
  return { model, data, seconds: (performance.now() - started) / 1000, details };
}

const leaveUnchanged = async ({ model }: ForgetContext): Promise<Forgotten> => ({
  model,
  details: {
    status: 'unchanged',
    note: 'nothing that the model was trained on was named: what it learned stays as it is, and the held-out data change',
  },
});

/** Whether a request takes nothing of what was trained on: held-out interactions alone, or no features that were there. */
const leavesTraining = ({ users, items, entries, modality }: Partition): boolean =>
  users.length + items.length + entries.length + (modality?.items.length ?? 0) === 0;

/** How gold is trained. */
export interface GoldControl extends FitControl {
  /** Another seed, for the noise floor between two golds. */
  readonly seed?: number;
  /** `kept`: as in the partition, beside which models are judged; `compacted`: as in what `forget` hands back. Default `kept`. */
  readonly positions?: Positions;
}

/**
 * Gold: the same kind, options and seed, trained from scratch on the retain set. The judge of every method.
 * @example
 * const judge = await gold(model, partition);
 * console.log(compare([{ name: 'original', model }], partition, { gold: judge }));
 */
export function gold<M extends Model>(model: M, partition: Partition, control: GoldControl = {}): Promise<M> {
  expectModel('model', model);
  expectPartition(partition);
  checkFitControl('gold', control, ['seed', 'positions']);
  const { seed, positions = 'kept', validation, ...rest } = control;
  check.oneOf('positions', positions, ['compacted', 'kept']);
  const data = positions === 'kept' ? partition.retain : partition.retain.compacted(partition.kept);
  const settings = seed === undefined ? model.options : { ...model.options, seed };
  return model.kind.fit(data, settings, { ...rest, ...(validation && { validation: aligned(validation, data) }) }) as Promise<M>;
}

/** A held-out part over the tables of the data, without the ids that these do not have. */
export function aligned(part: Dataset, { users, items }: Dataset): Dataset {
  return part.users.size === users.size && part.items.size === items.size ? part : part.alignTo(users, items);
}
