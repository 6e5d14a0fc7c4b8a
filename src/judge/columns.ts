// What the judge says of a model, as columns of a table: one number each, and which of them are worth nothing.

import type { Judgement } from './judge.ts';

/** Columns of the judge; null where there is nothing to ask, nobody to ask beside, or no power. */
export interface JudgedColumns {
  /** What is left of the forgotten in the scores of those who remain: 0 is gold, 1 nothing removed, below 0 overdone. */
  readonly influenceLeft: number | null;
  /** AUC by which a member (a deleted user, else item, else interaction) is told from one that no model has seen; 0.5 is nothing. */
  readonly membershipAuc: number | null;
  /** Share of members that are told at 1 % false positives. */
  readonly 'membershipTpr@0.01': number | null;
  /** The members as a set, on the scale of `influenceLeft`, and its deviations from golds. */
  readonly membershipLeft: number | null;
  readonly membershipZ: number | null;
  /** False where a column is null because the original does as well as gold; null where nothing was asked. */
  readonly power: boolean | null;
  /** The columns that `power` is false for. */
  readonly noPower: readonly JudgedColumn[];
}
export type JudgedColumn = 'influenceLeft' | 'membershipAuc' | 'membershipLeft';

export function judgedColumns(judgement: Judgement | undefined): JudgedColumns {
  const influence = judgement?.influence;
  const membership = judgement?.membership[0];
  const asked: readonly (readonly [JudgedColumn, { readonly power: boolean; readonly measured: boolean } | undefined])[] = [
    ['influenceLeft', influence],
    ['membershipAuc', membership && { power: membership.auc.power, measured: membership.strangers > 0 }],
    ['membershipLeft', membership && { power: membership.set.power, measured: membership.strangers > 0 }],
  ];
  const measured = asked.filter(([, figure]) => figure?.measured);
  const noPower = measured.filter(([, figure]) => !figure!.power).map(([column]) => column);
  return {
    influenceLeft: influence?.left ?? null,
    membershipAuc: membership?.auc.value ?? null,
    'membershipTpr@0.01': membership?.['tpr@0.01'] ?? null,
    membershipLeft: membership?.set.left ?? null,
    membershipZ: membership?.set.z ?? null,
    power: measured.length > 0 ? noPower.length === 0 : null,
    noPower,
  };
}
