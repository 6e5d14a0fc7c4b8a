// The registry of methods that models learn by: key = name on the command line and in reports.
import type { Unlearner } from '../forget/method.ts';
import { converge } from '../unlearn/converge.ts';
import { downdate } from '../unlearn/downdate.ts';
import { retrain } from '../unlearn/retrain.ts';
import { unlearnAls } from '../unlearn/unlearn-als.ts';

import { replay } from './replay.ts';

/** The registry of methods that let a model learn: by their names on the command line and in reports. */
export const LEARNERS = /* @__PURE__ */ Object.freeze({
  converge,
  downdate,
  replay,
  retrain,
  'unlearn-als': unlearnAls,
} as const) satisfies Readonly<Record<string, Unlearner>>;

/** The name of such a method. */
export type LearnerName = keyof typeof LEARNERS;
