// The registry of unlearning methods: key = file name = name on the command line and in reports.
import type { Unlearner } from '../forget/method.ts';
import { converge } from './converge.ts';
import { downdate } from './downdate.ts';
import { finetune } from './finetune.ts';
import { mmrecun } from './mmrecun.ts';
import { negativeGradient } from './negative-gradient.ts';
import { retrain } from './retrain.ts';
import { unlearnAls } from './unlearn-als.ts';

/** The registry of unlearning methods, by their names on the command line and in reports. */
export const UNLEARNERS = /* @__PURE__ */ Object.freeze({
  converge,
  downdate,
  finetune,
  mmrecun,
  'negative-gradient': negativeGradient,
  retrain,
  'unlearn-als': unlearnAls,
} as const) satisfies Readonly<Record<string, Unlearner>>;

/** The name of an unlearning method. */
export type UnlearnerName = keyof typeof UNLEARNERS;
