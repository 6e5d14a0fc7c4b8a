// The registry of models: key = file name = name on the command line = name in saved files.
import type { ModelKind } from '../model/model.ts';
import { als } from './als.ts';
import { bm3 } from './bm3.ts';
import { bpr } from './bpr.ts';
import { cm3 } from './cm3.ts';
import { ease } from './ease.ts';
import { freedom } from './freedom.ts';
import { itemKnn } from './item-knn.ts';
import { lattice } from './lattice.ts';
import { lightgcn } from './lightgcn.ts';
import { lirdrec } from './lirdrec.ts';
import { mgcn } from './mgcn.ts';
import { popularity } from './popularity.ts';
import { slmrec } from './slmrec.ts';
import { vbpr } from './vbpr.ts';

/** The registry of models, by their names on the command line and in saved files. */
export const MODELS = /* @__PURE__ */ Object.freeze({
  als,
  bm3,
  bpr,
  cm3,
  ease,
  freedom,
  'item-knn': itemKnn,
  lattice,
  lightgcn,
  lirdrec,
  mgcn,
  popularity,
  slmrec,
  vbpr,
} as const) satisfies Readonly<Record<string, ModelKind>>;

/** The name of a kind of model. */
export type ModelName = keyof typeof MODELS;
