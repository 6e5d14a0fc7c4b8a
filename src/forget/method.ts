// What an unlearning method is: the registry's entry, what it is given and what it gives back.
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import type { OptionSpecs, OptionsOf } from '../base/options.ts';
import type { Capability, FitControl, Model, ModelKind } from '../model/model.ts';
import { methodFor } from './default-method.ts';
import type { Partition } from './request.ts';

/**
 * `compacted`: where a fresh reading of what remains puts them, so that no position tells who left.
 * `kept`: where they were; whoever left leaves a hole.
 */
export type Positions = 'compacted' | 'kept';

/** What a method is given. */
export interface ForgetContext {
  readonly model: Model;
  readonly partition: Partition;
  readonly control: FitControl;
  /** Where ids shall stand in the end; a model over the tables of the retain set is always accepted. Default `kept`. */
  readonly positions?: Positions;
}

/** What a method has to say where its type does not say more. */
export type Details = Readonly<Record<string, unknown>>;

/** What a method gives back: a new model (the given one stays as it is) and what it has to say. */
export interface Forgotten<D extends Details = Details, M extends Model = Model> {
  readonly model: M;
  readonly details: D;
}

/** Exact: the same bytes as gold's, retrained from scratch on the retain set. Approximate: its distance to gold is measured. */
export type Exactness = 'exact' | 'approximate';

/**
 * An unlearning method: the registry's entry. `S`: its options; `D`: its figures, which the report holds; `M`: the model that
 * it makes, `Model` where that is of the kind that it was given.
 */
export interface Unlearner<S extends OptionSpecs = any, D extends Details = Details, M extends Model = Model> {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly exactness: Exactness;
  /** Whether it trains from scratch, so that no number of the given model enters the new one; default false. */
  readonly anew?: boolean;
  /** Whether it also carries out revisions in which interactions come; default false. */
  readonly learns?: boolean;
  /** False for a method that learns only. Default true. */
  readonly forgets?: boolean;
  /** Capabilities that it needs of a model's kind. */
  readonly needs: readonly Capability[];
  readonly options: S;
  forget(context: ForgetContext, options: OptionsOf<S>): Promise<Forgotten<D, M>>;
}

/** What a model with a capability does, for errors. */
export const CAPABLE: Readonly<Record<Capability, string>> = /* @__PURE__ */ Object.freeze({
  fit: 'are trained here',
  factors: 'are made of rows for users and items (als, bpr and the other networks)',
  leastSquares: 'are trained by least squares (als)',
  gradient: 'are trained by gradients (bpr, lightgcn and the other networks)',
  exactForget: 'forget by algebra (ease, item-knn)',
});

function otherMethods(kind: ModelKind): string {
  const own = methodFor(kind);
  return `${own && own !== 'retrain' ? `${own} is for such models, and ` : ''}retrain works on every model that can be trained here`;
}

/** @throws ModelError that says which models the method works on. @param instead what else there is. */
export function requireCompatible({ kind }: Model, method: Unlearner, instead = otherMethods(kind)): void {
  if (compatible(kind, method)) return;
  const missing = method.needs.filter((need) => !kind.capabilities.includes(need)).map((need) => CAPABLE[need]);
  throw new ModelError(
    `method "${method.name}" works on models that ${missing.join(' and ')}, and this is "${kind.name}"; ` +
      `choose another method: ${instead}`,
  );
}

/**
 * Whether a method can work on a kind of model.
 * @example
 * compatible(als, unlearnAls); // true
 * compatible(ease, unlearnAls); // false
 */
export function compatible(kind: ModelKind, method: Unlearner): boolean {
  check.like('kind', kind, 'a kind of model, such as als', ['name', 'capabilities', 'fit']);
  check.like('method', method, 'an unlearning method, such as retrain', ['name', 'needs', 'options', 'forget']);
  return method.needs.every((need) => kind.capabilities.includes(need));
}
