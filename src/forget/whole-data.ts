// What a certificate is about: the training rows of data after a request, every one of them. A model says here which split
// its rows were taken from, and nothing else: rows that it does not know are never left out in silence.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { expectModel, type Model } from '../model/model.ts';
import { type ForgetRequest, partitionOf } from './request.ts';
import { candidateSplits } from './trained-data.ts';
import { requireTrainedOn } from './trained-on.ts';

/**
 * The training rows that remain after a request, over the model's tables.
 * @param request what was forgotten; undefined for the data as they are.
 * @throws DataError when the data hold interactions of somebody or something that the model does not know and the request
 *   does not name, and when the model was trained neither on the rows nor on what remains of them.
 * @example
 * const retain = wholeRetain(unlearned, data, { users: ['196'] });
 * const { status } = await certify(unlearned, retain);
 */
export function wholeRetain(
  model: Model,
  data: Dataset,
  request: ForgetRequest | undefined,
  options: { readonly ignoreUnknown?: boolean } = {},
): Dataset {
  expectModel('model', model);
  if (request !== undefined) check.record('request', request);
  expectDataset('data', data);
  check.knownKeys('wholeRetain', options, ['ignoreUnknown']);
  const { fingerprint } = model.provenance;
  let first: Dataset | undefined;
  for (const { train, validation, test, unseen } of candidateSplits(model, data)) {
    const heldOut = [validation, test, unseen];
    const retain = request ? partitionOf(train, request, { ...options, heldOut }).retain : train;
    if (retain.fingerprint() === fingerprint || train.fingerprint() === fingerprint) return alignedWhole(retain, model);
    first ??= retain;
  }
  if (!first)
    throw new DataError('the model was trained on the train part of a split that its data brought; these data bring none', {
      source: data.source,
    });
  const aligned = alignedWhole(first, model);
  requireTrainedOn(model, aligned);
  return aligned;
}

/** The same rows over the model's tables. @throws DataError that names an interaction which would be lost. */
function alignedWhole(data: Dataset, { users, items }: Model): Dataset {
  const { indptr, indices, rows } = data.userItems;
  const knows = (table: Model['users'], id: string | null): boolean => id !== null && table.indexOf(id) >= 0;
  const itemKnown = indices.map((item) => (knows(items, data.items.at(item)) ? 1 : 0));
  for (let user = 0; user < rows; user++) {
    if (indptr[user] === indptr[user + 1]) continue;
    if (!knows(users, data.users.at(user))) throw unknown(data, 'user', data.users.at(user));
    const lost = itemKnown.subarray(indptr[user], indptr[user + 1]).indexOf(0);
    if (lost >= 0) throw unknown(data, 'item', data.items.at(indices[indptr[user] + lost]));
  }
  return data.alignTo(users, items);
}

function unknown({ source }: Dataset, what: 'user' | 'item', id: string | null): DataError {
  return new DataError(
    `the data hold interactions of ${what} ${JSON.stringify(id)}, which the model does not know: name in the request all that it has ` +
      'forgotten, or use the retained data that were written when it forgot',
    { source },
  );
}
