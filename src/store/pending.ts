// What is promised and not yet done, and what the promises suppress.
import type { ForgetRequest } from '../forget/request.ts';
import type { Additions } from '../learn/additions.ts';
import type { PendingForget } from './head.ts';
import { namesIn, type StoreEvent } from './journal.ts';

/** Users who get no list, and items that are in none. */
export interface Suppressed {
  readonly users: ReadonlySet<string>;
  readonly items: ReadonlySet<string>;
}

export const suppressedIn = (pending: readonly PendingForget[]): Suppressed => ({
  users: new Set(pending.flatMap(({ request }) => request.users ?? [])),
  items: new Set(pending.flatMap(({ request }) => request.items ?? [])),
});

/** The promises after an event, and what this one has forgotten: other promises do not name it any more either. */
export function pendingAfter(
  pending: readonly PendingForget[],
  { kind, number, time, forget, way, of }: StoreEvent,
): { pending: readonly PendingForget[]; forgotten?: ForgetRequest } {
  if (kind === 'forget') return { pending: [...pending, { event: number, request: forget!, way: way!, time }] };
  if (kind !== 'forgotten') return { pending };
  const forgotten = pending.find(({ event }) => event === of)!.request;
  const others = pending.filter(({ event }) => event !== of);
  return { forgotten, pending: others.map((each) => ({ ...each, request: without(each.request, forgotten) })) };
}

function without({ users, items, interactions, modality }: ForgetRequest, gone: ForgetRequest): ForgetRequest {
  const names = namesIn(gone);
  const left = interactions?.filter(
    ([user, item]) => !names.users.has(user) && !names.items.has(item) && !names.pairs.has(JSON.stringify([user, item])),
  );
  return {
    ...(users && { users: users.filter((id) => !names.users.has(id)) }),
    ...(items && { items: items.filter((id) => !names.items.has(id)) }),
    ...(left && { interactions: left }),
    ...(modality && { modality: { ...modality, ...(modality.items && { items: modality.items.filter((id) => !names.items.has(id)) }) } }),
  };
}

/** A request as plain lists that nobody else holds. */
export function plainRequest({ users, items, interactions, modality, ...rest }: ForgetRequest): ForgetRequest {
  return {
    ...rest,
    ...(users && { users: [...users] }),
    ...(items && { items: [...items] }),
    ...(interactions && { interactions: interactions.map((pair) => (Array.isArray(pair) ? ([...pair] as [string, string]) : pair)) }),
    ...(modality && { modality: { ...modality } }),
  };
}

/** Additions as they are written down: rows of features are plain lists. */
export function plainAdditions({ features, ...rest }: Additions): Additions {
  if (typeof features !== 'object' || features === null) return { ...rest, ...(features !== undefined && { features }) };
  const plain = (rows: Readonly<Record<string, ArrayLike<number>>>) =>
    Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, ArrayBuffer.isView(row) ? Array.from(row as Float32Array) : row]));
  return { ...rest, features: Object.fromEntries(Object.entries(features).map(([name, rows]) => [name, plain(rows)])) };
}
