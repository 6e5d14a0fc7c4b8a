// Whether data are those that a model was trained on.
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireTables } from '../model/evaluate.ts';
import type { Model } from '../model/model.ts';

/** @throws DataError when `data` are not the interactions that the model was trained on. */
export function requireTrainedOn(model: Model, data: Dataset): void {
  requireTables(model, data);
  const found = data.fingerprint();
  const expected = model.provenance.fingerprint;
  if (found !== expected) {
    throw new DataError(`the data are not those that the model was trained on: fingerprint expected ${expected}, found ${found}`, {
      source: data.source,
    });
  }
}
