// The registry of models: key = file name = name on the command line = name in saved files.
import type { ModelKind } from '../model.ts';
import { als } from './als.ts';
import { ease } from './ease.ts';
import { itemKnn } from './item-knn.ts';
import { popularity } from './popularity.ts';

export const MODELS = Object.freeze({
  als,
  ease,
  'item-knn': itemKnn,
  popularity,
} as const) satisfies Readonly<Record<string, ModelKind>>;

export type ModelName = keyof typeof MODELS;
