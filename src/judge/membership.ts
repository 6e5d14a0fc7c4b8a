// Two tests of who was a member, from the signals of models: are the members as a set found better than strangers are (set
// test), and can a single one be told (user test)? Both against golds, which never saw the members.

import { areaUnderCurve } from '../forget/gradient-run.ts';
import { mean, type Standing, standing, variance } from './power.ts';
import type { Signals } from './reconstruction.ts';

/** How much better members are found than strangers. */
const lead = ({ members, strangers }: Signals): number => mean(members) - mean(strangers);

/**
 * The set test: left = (D(x) − mean D(golds)) / (mean D(originals) − mean D(golds)), D = mean over members − mean over
 * strangers. Strangers cancel what longer training alone does.
 */
export function setTest(x: Signals, originals: readonly Signals[], golds: readonly Signals[]): Standing {
  return standing(lead(x), originals.map(lead), golds.map(lead), pairedError(originals[0], golds[0]));
}

/** Standard error of D(a) − D(b) over the people asked. */
function pairedError(a: Signals, b: Signals): number {
  const of = (side: keyof Signals): number => variance(a[side].map((t, n) => t - b[side][n])) / a[side].length;
  return Math.sqrt(of('members') + of('strangers'));
}

/** What the user test finds. */
export interface UserTest {
  /** AUC of members against strangers by the signal less its mean over reference golds; ½ tells nothing. */
  readonly auc: number;
  /** Share of members that are told where 1 % of strangers are taken for members. */
  readonly tpr: number;
}

/** @param references golds of other seeds than the model's: what they say of somebody is how hard that one is. */
export function userTest(x: Signals, references: readonly Signals[]): UserTest {
  const relative = (side: keyof Signals): Float64Array => x[side].map((t, n) => t - mean(references.map((gold) => gold[side][n])));
  const members = relative('members');
  const strangers = relative('strangers');
  return { auc: areaUnderCurve(members, strangers), tpr: truePositives(members, strangers, 0.01) };
}

/** Share of members above the threshold that lets at most `rate` of strangers through. */
export function truePositives(members: Float64Array, strangers: Float64Array, rate: number): number {
  const descending = strangers.slice().sort().reverse();
  const threshold = descending[Math.floor(rate * strangers.length)];
  let told = 0;
  for (const value of members) if (value > threshold) told++;
  return told / members.length;
}

/** Standard error of an AUC where there is nothing to tell (Mann-Whitney). */
export const aucError = (members: number, strangers: number): number => Math.sqrt((members + strangers + 1) / (12 * members * strangers));
