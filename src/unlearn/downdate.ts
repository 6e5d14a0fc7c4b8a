// Forgetting by algebra, for models that are a function of counts (EASE, item neighbours): subtract the counts, or add them where
// interactions come, then compute what follows from them. Exact to the byte by default; or at once, equal to a retrain but for rounding.

import * as option from '../base/options.ts';
import type { Exactness, ForgetContext, Forgotten, Unlearner } from '../forget/method.ts';
import type { ExactForgetter } from '../model/model.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  exact: option.boolean(true, 'The bytes of a retrain. false: the quickest correction (EASE: Woodbury), equal but for rounding.'),
}));

/** What `downdate` says. */
export type DowndateDetails = {
  /** `approximate` where a correction was taken that equals a retrain but for rounding. */
  readonly exactness?: Exactness;
  /** `ease`: the way, the rank of the change, how far the corrected inverse is off, or why there was none. */
  readonly route?: 'factorisation' | 'woodbury';
  readonly rank?: number;
  readonly residual?: number;
  readonly why?: string;
  /** `item-knn`: lists that were made anew. */
  readonly lists?: number;
};

/** Subtracts what is forgotten from a model's counts: exact, for `ease`, `itemKnn` and `popularity`. */
export const downdate = /* @__PURE__ */ Object.freeze({
  name: 'downdate',
  summary: "Subtract what is forgotten from the model's counts: exact, for models that are functions of counts.",
  exactness: 'exact',
  learns: true,
  needs: ['fit', 'exactForget'],
  options,
  forget: (
    { model, partition, control, positions }: ForgetContext,
    { exact }: option.OptionsOf<typeof options>,
  ): Promise<Forgotten<DowndateDetails>> =>
    (model as ExactForgetter).without({ ...partition, kept: positions === 'compacted' ? partition.kept : undefined }, exact, control),
} as const) satisfies Unlearner<typeof options>;
