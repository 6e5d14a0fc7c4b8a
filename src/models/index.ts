// The registry of models: key = file name = name on the command line = name in saved files.
import type { ModelKind } from '../model.ts';
import { als } from './als.ts';
import { bm3 } from './bm3.ts';
import { bpr } from './bpr.ts';
import { ease } from './ease.ts';
import { freedom } from './freedom.ts';
import { itemKnn } from './item-knn.ts';
import { lightgcn } from './lightgcn.ts';
import { mgcn } from './mgcn.ts';
import { popularity } from './popularity.ts';
import { vbpr } from './vbpr.ts';

export const MODELS = Object.freeze({
  als,
  bm3,
  bpr,
  ease,
  freedom,
  'item-knn': itemKnn,
  lightgcn,
  mgcn,
  popularity,
  vbpr,
} as const) satisfies Readonly<Record<string, ModelKind>>;

export type ModelName = keyof typeof MODELS;
