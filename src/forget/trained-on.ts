// Whether data are those that a model was trained on.
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireTables } from '../model/evaluate.ts';
import type { Model } from '../model/model.ts';

/** @throws DataError when `data` are not the interactions that the model was trained on. */
export function requireTrainedOn(model: Model, data: Dataset): void {
  requireTables(model, data);
  const { fingerprint } = model.provenance;
  if (data.fingerprint() !== fingerprint)
    throw new DataError(`the data are not those that the model was trained on: ${differing(fingerprint, data)}`, { source: data.source });
}

/** How the fingerprint of data differs from a model's, and what to do where it is for want of the key. */
export function differing(expected: string, data: Dataset): string {
  const keyed = expected.startsWith('keyed:');
  if (keyed && data.fingerprintKey === undefined) return 'its fingerprint was made with a key; give the same one';
  if (!keyed && data.fingerprintKey !== undefined) return 'its fingerprint was made without a key; give none';
  return `fingerprint expected ${expected}, found ${data.fingerprint()}${keyed ? ' (data or key are others)' : ''}`;
}
