// The kinds of models as something that only serves needs them: restored from a file, without what trains them or lets them forget.

import { ModelError } from '../base/errors.ts';
import { type OptionSpecs, resolveOptions } from '../base/options.ts';
import type { Restorer } from '../files/model-file.ts';
import { leastSquaresOptions } from '../least-squares/objective.ts';
import { ByPopularity } from '../model/by-popularity.ts';
import { FactorModel } from '../model/factor-model.ts';
import { type Capability, type Model, type ModelKind, type SavedModel, savedParameter } from '../model/model.ts';
import { NeighborLists } from '../model/neighbor-lists.ts';
import { WeightedItems } from '../model/weighted-items.ts';
import { Arena } from '../wasm/memory.ts';
import type { Matrix } from '../wasm/tensor.ts';

/** A kind of model that can be opened and served. */
export interface ServedKind<M extends Model = Model> extends Restorer<M> {}

/** A kind of model by its name. @param restore is given what stands in `model.kind`: the name, and a word for whoever wants more of it. */
function served<M extends Model>(
  name: string,
  capabilities: readonly Capability[],
  restore: (saved: SavedModel & { readonly kind: ModelKind }) => M,
): ServedKind<M> {
  const refuse = (): never => {
    throw new ModelError(`lethe/serve trains nothing and changes no model: open the file by "lethe", which has "${name}" whole`);
  };
  const kind: ModelKind = { name, summary: '', capabilities, options: {}, fit: refuse, compact: refuse, restore: refuse };
  return { name, restore: (saved) => restore({ ...saved, kind }) };
}

function bilinear(saved: SavedModel & { readonly kind: ModelKind }): FactorModel {
  const width = saved.parameters.get('itemFactors')?.cols ?? 1;
  const userFactors = savedParameter(saved, 'userFactors', saved.users.size, width);
  const itemFactors = savedParameter(saved, 'itemFactors', saved.items.size, width);
  return new FactorModel({ ...saved, userFactors, itemFactors });
}

const network = (name: string): ServedKind<FactorModel> => served(name, ['factors', 'gradient'], bilinear);

/** The options of the least-squares problem, checked: folding in solves by them. */
function alsOptions({ options }: SavedModel): SavedModel['options'] {
  const specs = leastSquaresOptions as OptionSpecs;
  const own = Object.entries(options).filter(([name, value]) => value !== null && Object.hasOwn(specs, name));
  return { ...options, ...resolveOptions('als', specs, Object.fromEntries(own)) };
}

class ServedEase extends WeightedItems {
  get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([['weights', this.weights]]);
  }
}
class ServedItemKnn extends NeighborLists {}

/** Alternating least squares; somebody new is folded in exactly. */
export const als: ServedKind<FactorModel> = /* @__PURE__ */ served('als', ['factors', 'leastSquares'], (saved) =>
  bilinear({ ...saved, options: alsOptions(saved) }),
);
/** EASE. What its file holds for forgetting is not loaded. */
export const ease: ServedKind<WeightedItems> = /* @__PURE__ */ served('ease', [], (saved) => {
  const { size } = saved.items;
  const model = new ServedEase(saved, new Arena());
  model.weights.load(savedParameter(saved, 'weights', size, size).values);
  return model;
});
/** Nearest items by co-occurrence. */
export const itemKnn: ServedKind<NeighborLists> = /* @__PURE__ */ served('item-knn', [], (saved) => {
  const neighbors = saved.parameters.get('neighbors')?.cols ?? 1;
  return new ServedItemKnn({ ...saved, options: { ...saved.options, neighbors } }).load(saved);
});
/** The most popular items. */
export const popularity: ServedKind<ByPopularity> = /* @__PURE__ */ served(
  'popularity',
  [],
  (saved) => new ByPopularity({ ...saved, counts: savedParameter(saved, 'counts', saved.items.size, 1).values }),
);

/** Networks serve alike; somebody new is given the best row for their pairwise loss. */
export const bm3: ServedKind<FactorModel> = /* @__PURE__ */ network('bm3');
/** Pairwise ranking of free rows. */
export const bpr: ServedKind<FactorModel> = /* @__PURE__ */ network('bpr');
/** Calibrated modalities. */
export const cm3: ServedKind<FactorModel> = /* @__PURE__ */ network('cm3');
/** Frozen item graph. */
export const freedom: ServedKind<FactorModel> = /* @__PURE__ */ network('freedom');
/** Learned item graph. */
export const lattice: ServedKind<FactorModel> = /* @__PURE__ */ network('lattice');
/** Graph convolution. */
export const lightgcn: ServedKind<FactorModel> = /* @__PURE__ */ network('lightgcn');
/** Learning to rank over modalities. */
export const lirdrec: ServedKind<FactorModel> = /* @__PURE__ */ network('lirdrec');
/** Multi-view graph convolution. */
export const mgcn: ServedKind<FactorModel> = /* @__PURE__ */ network('mgcn');
/** Self-supervised multimedia. */
export const slmrec: ServedKind<FactorModel> = /* @__PURE__ */ network('slmrec');
/** Rows and features side by side. */
export const vbpr: ServedKind<FactorModel> = /* @__PURE__ */ network('vbpr');
