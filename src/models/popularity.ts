// Items by the number of users who have them: the floor that every report shows, and exact to forget.

import { declareOptions, resolveOptions } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import type { KeptPositions } from '../data/ids.ts';
import { requireLikes } from '../data/likes.ts';
import { ByPopularity } from '../model/by-popularity.ts';
import { compactRows } from '../model/compact.ts';
import {
  checkFit,
  type ExactForgetter,
  type FitControl,
  type Model,
  type ModelKind,
  provenanceOf,
  type Removal,
  type SavedModel,
  savedParameter,
} from '../model/model.ts';

const options = /* @__PURE__ */ declareOptions(() => ({}));

class PopularityModel extends ByPopularity implements ExactForgetter {
  async without({ retain }: Removal): Promise<{ model: Model; details: Record<string, unknown> }> {
    const { users, items } = retain;
    const model = new PopularityModel({
      kind: popularity,
      users,
      items,
      provenance: provenanceOf(retain, this),
      counts: retain.itemCounts(),
    });
    return { model, details: { exactness: 'exact' } };
  }
}

/** The most popular items for everybody: the floor to compare with. */
export const popularity = /* @__PURE__ */ Object.freeze({
  name: 'popularity',
  summary: 'Most popular items first, the same for everybody: the floor to compare with.',
  capabilities: ['fit', 'exactForget'],
  options,
  async fit(data: Dataset, given: object = {}, control: FitControl = {}): Promise<Model> {
    checkFit('popularity', data, control);
    resolveOptions('popularity', options, given);
    requireLikes('popularity', data);
    const counts = data.itemCounts();
    control.onProgress?.({ phase: 'train', done: 1, total: 1 });
    return new PopularityModel({ kind: popularity, users: data.users, items: data.items, provenance: provenanceOf(data), counts });
  },
  compact: (saved: SavedModel, kept: KeptPositions) => compactRows(saved, kept, () => ['items']),
  restore(saved: SavedModel): Model {
    return new PopularityModel({ ...saved, kind: popularity, counts: savedParameter(saved, 'counts', saved.items.size, 1).values });
  },
} as const) satisfies ModelKind<typeof options>;
