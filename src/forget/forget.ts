// forget(): a request carried out by a method, and gold, the judge of every method.
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import { type OptionSpecs, type OptionsOf, resolveOptions } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { digest } from '../model/digest.ts';
import { byteComparable, type FitControl, type Model } from '../model/model.ts';
import { compatible, type Exactness, type Unlearner } from './method.ts';
import { type ForgetRequest, type Partition, partitionOf } from './request.ts';
import { requireTrainedOn } from './trained-on.ts';

export interface ForgetReport {
  readonly method: string;
  readonly exactness: Exactness;
  /** Users and items deleted, training interactions that left. */
  readonly forgotten: { readonly users: number; readonly items: number; readonly interactions: number };
  /** Wall time of the method itself. */
  readonly seconds: number;
  readonly digestBefore?: string;
  readonly digestAfter?: string;
  /** There, and false, where fast kernels made the old model or the new one: no claim is made about bytes then. */
  readonly kernels?: 'fast';
  readonly byteComparable?: false;
  /** The method's own figures: passes or epochs, objective, residual … */
  readonly [detail: string]: unknown;
}

export interface ForgetOptions<S extends OptionSpecs = any> extends FitControl {
  readonly method: Unlearner<S>;
  /** The method's options. */
  readonly options?: Partial<OptionsOf<S>>;
  /** Go on without ids and interactions that are unknown, instead of refusing; default false. */
  readonly ignoreUnknown?: boolean;
  /** Whether to compute the digests of the report; default true. */
  readonly digests?: boolean;
}

/**
 * Makes a model forget. The given model stays as it is.
 * @param data the interactions that the model was trained on.
 * @returns the new model, the data that it now stands for, and a report.
 * @throws DataError for unknown ids (named) and for data that are not the model's; RangeError for a request that is
 *   nothing or everything; ModelError when the method cannot work on this kind of model.
 * @example
 * const { model: unlearned, data: retained, report } = await forget(model, train, { users: ['196'] }, { method: unlearnAls });
 */
export async function forget<S extends OptionSpecs>(
  model: Model,
  data: Dataset,
  request: ForgetRequest,
  options: ForgetOptions<S>,
): Promise<{ model: Model; data: Dataset; partition: Partition; report: ForgetReport }> {
  const { method, ignoreUnknown = false, digests = true, ...control } = options;
  if (!method) throw new TypeError(`"method" expected an unlearning method, got ${check.describe(method)}`);
  if (!compatible(model.kind, method)) {
    const missing = method.needs.filter((need) => !model.kind.capabilities.includes(need));
    throw new ModelError(`method "${method.name}" cannot work on a model of kind "${model.kind.name}": it needs ${missing.join(', ')}`);
  }
  const resolved = resolveOptions(method.name, method.options, options.options);
  requireTrainedOn(model, data);
  const partition = partitionOf(data, request, { ignoreUnknown });
  const started = performance.now();
  const { model: unlearned, details } = await method.forget({ model, partition, control }, resolved);
  const seconds = (performance.now() - started) / 1000;
  const comparable = byteComparable(model) && byteComparable(unlearned);
  const report: ForgetReport = {
    method: method.name,
    exactness: method.exactness,
    forgotten: { users: partition.users.length, items: partition.items.length, interactions: partition.entries.length },
    seconds,
    ...details,
    ...(!comparable && { kernels: 'fast', byteComparable: false }),
    // Bytes of gold's that another host would not compute: only training anew, on this one, gives those of gold on this one.
    ...(!comparable && !method.anew && { exactness: 'approximate' }),
    ...(digests && { digestBefore: await digest(model), digestAfter: await digest(unlearned) }),
  };
  return { model: unlearned, data: partition.retain, partition, report };
}

/**
 * Gold: the same kind, options and seed, trained from scratch on the retain set. The judge of every method.
 * @param control.seed another seed, for the noise floor between two golds.
 */
export function gold(model: Model, partition: Partition, control: FitControl & { readonly seed?: number } = {}): Promise<Model> {
  const { seed, ...rest } = control;
  return model.kind.fit(partition.retain, seed === undefined ? model.options : { ...model.options, seed }, rest);
}
