// Which method makes a kind of model forget where nobody names one.
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import type { ModelKind } from '../model/model.ts';

/** Names of methods in `UNLEARNERS`. */
export type DefaultMethod = 'downdate' | 'unlearn-als' | 'mmrecun' | 'retrain';

/**
 * The method that forgets on a kind of model where none is named: `downdate` where algebra does it exactly, `unlearn-als` for models
 * of least squares, `mmrecun` for networks, else `retrain`.
 * @returns its name in `UNLEARNERS`.
 * @throws ModelError for a kind that nothing works on.
 * @example
 * const { model } = await forget(trained, train, { users: ['7'] }, { method: UNLEARNERS[defaultMethod(trained.kind)] })
 */
export function defaultMethod(kind: ModelKind): DefaultMethod {
  check.like('kind', kind, 'a kind of model, such as als', ['name', 'capabilities', 'fit']);
  const method = methodFor(kind);
  if (!method) throw new ModelError(`no method makes a model of kind "${kind.name}" forget: it cannot be trained here`);
  return method;
}

/** The same for whoever asks first; undefined for a kind that nothing works on. */
export function methodFor({ capabilities }: ModelKind): DefaultMethod | undefined {
  const order = [
    ['exactForget', 'downdate'],
    ['leastSquares', 'unlearn-als'],
    ['gradient', 'mmrecun'],
    ['fit', 'retrain'],
  ] as const;
  return order.find(([capability]) => capabilities.includes(capability))?.[1];
}
