// A model holds no interactions: this finds, in data that were read anew, the parts that it was trained on, validated on
// and tested on, and makes sure that they are those. Refuses data that are not the model's.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { coreOf, coreRuleOf } from '../data/core.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { likesOf, parseLikes, VALUE_COLUMN } from '../data/likes.ts';
import { redrawSplit, type Split } from '../data/split.ts';
import { expectModel, type Model } from '../model/model.ts';
import { renumbered } from '../model/renumber.ts';
import { type ForgetRequest, type Partition, partitionOf, untouched, withoutFeatures } from './request.ts';
import { differing, requireTrainedOn } from './trained-on.ts';

/** The parts of the split that a model was trained in, over the model's tables. */
export interface TrainedData extends Split {
  /** Single interactions that the model has forgotten and that `train` still holds: they count as seen. */
  readonly staleInteractions: number;
}

/** How strictly data must be the ones that a model was trained on. */
export interface TrainedDataOptions {
  /**
   * Also accept data that still hold single interactions which the model has forgotten since: who they were is not
   * recorded anywhere, only how many. Good for serving and testing; not for forgetting more. Default false.
   */
  readonly allowStale?: boolean;
}

/**
 * The split that a model recorded, drawn again.
 * @param data as they were read; ids that the model has forgotten are left out.
 * @throws DataError when the training part is not what the model was trained on.
 * @example
 * const { train: rows } = trainedData(model, data);
 */
export function trainedData(model: Model, data: Dataset, options: TrainedDataOptions = {}): TrainedData {
  expectModel('model', model);
  expectDataset('data', data);
  check.knownKeys('trainedData', options, ['allowStale']);
  const allowStale = check.boolean('allowStale', options.allowStale ?? false);
  const { split, fingerprint } = model.provenance;
  let first: Split | undefined;
  for (const drawn of candidateSplits(model, asRead(model, data))) {
    const parts = alignParts(drawn, model);
    if (parts.train.fingerprint() === fingerprint)
      return { ...parts, train: withoutRevoked(parts.train.withSplit(split)), staleInteractions: 0 };
    first ??= parts;
  }
  if (!first)
    throw new DataError('the model was trained on the train part of a split that its data brought; these data bring none', {
      source: data.source,
    });
  const staleInteractions = staleInteractionsIn(first.train, model);
  if (staleInteractions > 0) {
    if (allowStale) return { ...first, train: withoutRevoked(first.train.withSplit(split)), staleInteractions };
    throw new DataError(
      'the model has forgotten single interactions, and the data hold more than the model was trained on; ' +
        'use the retained data that were written when it forgot',
      { source: data.source },
    );
  }
  requireTrainedOn(model, first.train);
  throw new DataError('the data are not those that the model was trained on', { source: data.source });
}

/** The rows that were likes when the model was trained: its rule is the data's where these were read without it. */
function likedAs({ provenance: { reading } }: Model, data: Dataset): Dataset {
  const rule = reading?.likes;
  return rule === undefined || data.reading?.likes !== undefined || parseLikes(rule).column !== VALUE_COLUMN ? data : likesOf(data, rule);
}

/**
 * The rows that the model's rules of reading leave, of data that were read without them. A rule about counts was decided on the
 * data as they were: rows that remain after a forgetting are taken as they are, also where somebody has too few of them now.
 */
export function asRead(model: Model, data: Dataset): Dataset {
  const liked = likedAs(model, data);
  const rule = coreRuleOf(model.provenance.reading);
  if (!rule || coreRuleOf(data.reading)) return liked;
  const dense = coreOf(liked, rule);
  return fits(model, dense) || !fits(model, liked) ? dense : liked;
}

const fits = (model: Model, data: Dataset): boolean => {
  for (const drawn of candidateSplits(model, data))
    if (alignParts(drawn, model).train.fingerprint() === model.provenance.fingerprint) return true;
  return false;
};

/**
 * The model's split of the data, before ids are left out, since a split of fewer rows may be another split. Data that were
 * written after a forgetting lack those rows, and may carry their parts instead.
 */
export function* candidateSplits(model: Model, data: Dataset): Generator<Split> {
  const { split } = model.provenance;
  if (split.rule !== 'given') yield redrawSplit(data, split);
  if (data.parts && split.rule !== 'all') yield redrawSplit(data, split, 'given');
}

/** How many forgotten interactions the data may still hold, told by their number alone; 0 where that cannot be. */
function staleInteractionsIn(train: Dataset, model: Model): number {
  const { forgotten } = model.provenance.split;
  if (!forgotten) return 0;
  const extra = train.interactions - (forgotten.before - forgotten.interactions);
  return extra >= 1 && extra <= forgotten.interactions ? extra : 0;
}

/** Features that were revoked do not come back with data that are read anew. */
function withoutRevoked(train: Dataset): Dataset {
  return Object.entries(train.split.revoked ?? {}).reduce(
    (data, [name, ids]) =>
      data.features.has(name) ? withoutFeatures(data, { name, items: Int32Array.from(ids, (id) => data.items.indexOf(id)) }) : data,
    train,
  );
}

function alignParts({ rule, seed, train, validation, test, unseen }: Split, { users, items }: Model): Split {
  const aligned = (part: Dataset): Dataset => part.alignTo(users, items);
  return { rule, seed, train: aligned(train), validation: aligned(validation), test: aligned(test), unseen: aligned(unseen) };
}

/** A model and what it is called. */
export interface NamedModel {
  readonly name: string;
  readonly model: Model;
}

/** Models that can be compared after a forgetting, and what they are compared on. */
export interface Contenders {
  /** Position of the model that was trained on the data as they are; −1 where none was. */
  readonly original: number;
  /** The models, in the given order, over the tables of the partition. */
  readonly models: readonly Model[];
  readonly partition: Partition;
  readonly validation: Dataset;
  readonly test: Dataset;
  /** Users and items that were held out as a whole; empty where the split holds none. */
  readonly unseen: Dataset;
}

/**
 * Finds the model that was trained on `data` as they are, and makes sure that every other was trained on them too or on
 * what remains after the request. Without an original, the first model says how the data were split.
 * @param request what was forgotten; undefined compares models on the same data.
 * @throws DataError that names a model which belongs to neither.
 * @example
 * const { partition: parts } = contendersOf([{ name: 'original', model }], data, { users: ['7'] });
 */
export function contendersOf(
  models: readonly NamedModel[],
  data: Dataset,
  request: ForgetRequest | undefined,
  options: { readonly ignoreUnknown?: boolean } = {},
): Contenders {
  for (const named of check.array('models', models)) {
    check.record('models', named);
    expectModel(`the model ${check.describe(named.name)}`, named.model);
  }
  if (models.length === 0) throw new RangeError('"models" expected at least one model, got none');
  expectDataset('data', data);
  check.knownKeys('contendersOf', options, ['ignoreUnknown']);
  if (request !== undefined) check.record('request', request);
  let parts: Split | undefined;
  const original = models.findIndex(({ model }) => {
    for (const drawn of candidateSplits(model, asRead(model, data))) {
      // Whoever has forgotten whole users or items would fit data without those: here they must be all there. Features
      // are no part of a fingerprint: who has forgotten the modality that is named is no original either.
      if (drawn.train.fingerprint() !== model.provenance.fingerprint || hasRevoked(model, request?.modality)) continue;
      const { train, ...others } = alignParts(drawn, model);
      if (train.interactions !== drawn.train.interactions) continue; // whatever it says of itself, it does not know them all
      parts = { ...others, train: withoutRevoked(train.withSplit(model.provenance.split)) };
      return true;
    }
    return false;
  });
  if (!parts) {
    const [{ model }] = models;
    parts = redrawSplit(asRead(model, data), model.provenance.split);
  }
  const { train, validation, test, unseen } = parts;
  const heldOut = [validation, test, unseen];
  const partition = request ? partitionOf(train, request, { ...options, heldOut }) : untouched(train, heldOut);
  const known = [partition.retain.fingerprint(), train.fingerprint()];
  for (const { name, model } of models) {
    if (!known.includes(model.provenance.fingerprint)) {
      throw new DataError(
        `${name} was trained neither on the data nor on what remains of them after this request: ` +
          `${differing(model.provenance.fingerprint, partition.retain)}`,
        { source: data.source },
      );
    }
  }
  // Whoever trained from a file without the rows of the forgotten has the same ids at other positions.
  return { original, models: models.map(({ model }) => renumbered(model, train.users, train.items)), partition, validation, test, unseen };
}

/** Whether a model has forgotten a modality of any of the items that a request names. */
function hasRevoked({ provenance }: Model, modality: ForgetRequest['modality']): boolean {
  if (!modality) return false;
  const revoked = provenance.split.revoked?.[modality.name] ?? [];
  return modality.items ? modality.items.some((id) => revoked.includes(id)) : revoked.length > 0;
}
