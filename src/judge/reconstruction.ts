// How well a model finds one half of a history from the other. Whoever was trained on is found better than whoever was not:
// what their rows taught the other side is still there, whether or not their own row is.

import { areaUnderCurve } from '../forget/gradient-run.ts';
import { BilinearModel } from '../model/bilinear.ts';
import type { Model } from '../model/model.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import { type FoldIn, foldInOf, ridgeFoldIn } from './fold-in.ts';
import { frozenSide } from './frozen.ts';
import { itemsOf, type Subjects } from './subjects.ts';

/** What one model says of members and of strangers, one number each. */
export interface Signals {
  readonly members: Float64Array;
  readonly strangers: Float64Array;
}

/**
 * AUC of the half that was not given against what is alive and was never had, mean of both directions.
 * @returns null where the model cannot be asked from this side.
 */
export function reconstruction(model: Model, subjects: Subjects): Signals | null {
  const foldIn = foldInOf(model, subjects);
  if (!foldIn) return null;
  const { alive, known } = subjects;
  const living = Int32Array.from(alive.keys()).filter((p) => alive[p] === 1);
  const never = (r: number): Int32Array => {
    const had = new Set(itemsOf(known, r));
    return living.filter((p) => !had.has(p));
  };
  return {
    members: bothWays(subjects, foldIn, subjects.members, never),
    strangers: bothWays(subjects, foldIn, subjects.strangers, never),
  };
}

/**
 * The support test: rows by ridge, and the half that was not given against the member's own held-out items. It needs
 * neither strangers nor a gold: its floor is near one half by construction.
 * @returns one number for each member that has held-out items; null for models without rows.
 */
export function support(model: Model, subjects: Subjects): Float64Array | null {
  if (!(model instanceof BilinearModel)) return null;
  const heldOut = (r: number): Int32Array => itemsOf(subjects.heldOut, r).filter((p) => subjects.alive[p] === 1);
  const asked = subjects.members.filter((r) => heldOut(r).length > 0);
  return bothWays(subjects, ridgeFoldIn(frozenSide(model, subjects)), asked, heldOut);
}

function bothWays({ halves: [a, b] }: Subjects, foldIn: FoldIn, of: Int32Array, against: (r: number) => Int32Array): Float64Array {
  const one = oneWay(foldIn, of, a, b, against);
  const two = oneWay(foldIn, of, b, a, against);
  return one.map((auc, n) => (auc + two[n]) / 2);
}

function oneWay(foldIn: FoldIn, of: Int32Array, given: SparseRows, sought: SparseRows, against: (r: number) => Int32Array): Float64Array {
  const scoresOf = foldIn(given, of);
  const found = new Float64Array(of.length);
  of.forEach((r, n) => {
    const scores = scoresOf(n);
    const at = (positions: Int32Array): Float64Array => Float64Array.from(positions, (p) => scores[p]);
    found[n] = areaUnderCurve(at(itemsOf(sought, r)), at(against(r)));
  });
  return found;
}
