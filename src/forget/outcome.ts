// What a run of forgetting by gradients says of itself: status words that follow what was done and measured, and what rows of
// what remains keep. No word claims more than was measured: a target that a method set itself is not gold.

import type { Dataset } from '../data/dataset.ts';

export type Side = 'users' | 'items';

/**
 * `unchanged`: the request names nothing that the model was trained on, and the model has the bytes it had.
 * `unmoved`: no parameter of what remains moved. `unmeasured`: something moved, and nothing says how far.
 * `relearned`: rows that had learned from whole users or items began anew.
 * `target-met`, `target-missed`, `guarded`: a loop ended by the target that the method measured, by its number of epochs, or by
 * what had to remain. None of them says how much is left: that takes gold, and a judge.
 */
export type ForgetStatus = 'unchanged' | 'unmoved' | 'unmeasured' | 'relearned' | 'target-met' | 'target-missed' | 'guarded';

/** Users and items that lose all interactions and had some with the other side of what remains, and these interactions. */
export interface Remembered {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly usersPairs: Dataset;
  readonly itemsPairs: Dataset;
}

/** In words, what rows keep of whole users and items, but for those of whom they relearned. */
export function keptOf({ users, items }: Remembered, relearned: readonly Side[] = []): { readonly keeps?: string } {
  const of = [
    users.length > 0 && !relearned.includes('users') ? `the rows of items keep what they learned from ${users.length} forgotten users` : '',
    items.length > 0 && !relearned.includes('items') ? `the rows of users keep what they learned from ${items.length} forgotten items` : '',
  ];
  const keeps = of.filter((words) => words !== '').join('; ');
  return keeps === '' ? {} : { keeps };
}

/** What a run by gradients says of itself at its end. */
export type GradientDetails = {
  /** Epochs of the method's own steps. */
  readonly epochs: number;
  readonly status: ForgetStatus;
  /** What to do about what may be left. */
  readonly advice?: string;
  readonly keeps?: string;
  /** Pairs whose ranking was reversed. */
  readonly reversedPairs?: number;
  readonly rowsBegunAnew: number;
  /** The modality that was revoked, and of how many items. */
  readonly modality?: { readonly name: string; readonly items: number };
  /** Share of the interactions forgotten since training from scratch. */
  readonly forgottenSinceTraining: number;
  readonly retrainDue: boolean;
};

/** Of a run that measured nothing. */
export function outcome(
  moved: boolean,
  relearned: boolean,
  remembered: Remembered,
): { readonly status: ForgetStatus; readonly advice?: string } {
  if (relearned) return { status: 'relearned' };
  const { keeps } = keptOf(remembered);
  return {
    status: moved ? 'unmeasured' : 'unmoved',
    ...(keeps && { advice: `${keeps}: retrain, or forget by mmrecun with relearnEpochs` }),
  };
}

/** What to do after a loop that stops by what it measures. */
export function adviceOn(status: ForgetStatus): { readonly advice?: string } {
  if (status === 'target-met')
    return { advice: "the method's own target was met, which does not say what is left in the scores of others: compare with gold" };
  if (status === 'unmeasured') return { advice: 'give validation data, so that the run stops by what it measures' };
  if (status === 'unmoved') return { advice: 'the target was met before any step, which does not say what is left: compare with gold' };
  return { advice: 'the target was not reached: retrain, or forget with other options' };
}

/** What could not be measured is null in a report, never NaN. */
export const knownFigure = (value: number): number | null => (Number.isFinite(value) ? value : null);
export const knownFigures = <K extends string>(figures: Readonly<Record<K, number>>): Record<K, number | null> =>
  Object.fromEntries(Object.entries<number>(figures).map(([name, value]) => [name, knownFigure(value)])) as Record<K, number | null>;
