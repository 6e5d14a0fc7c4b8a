// What an action makes of a state: a function of the state and the action alone, so that replicas agree. Positions stay (`kept`):
// a change then rewrites few blocks; `compact` brings everybody into canonical order.

import { DataError } from '../base/errors.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Dataset } from '../data/dataset.ts';
import type { IdTable } from '../data/ids.ts';
import { forget, type HeldOut } from '../forget/forget.ts';
import { keptPositions, partitionOf, untouched } from '../forget/request.ts';
import { learn } from '../learn/learn.ts';
import { seatedData, seatedModel, seatsOf } from '../learn/seats.ts';
import { compacted } from '../model/compact.ts';
import type { Model } from '../model/model.ts';
import { converge, forgetInStages } from '../unlearn/converge.ts';
import { type Head, PARTS, type PartName, type PendingForget, type Way } from './head.ts';
import type { Action, StoreEvent } from './journal.ts';
import { methodNamed } from './registries.ts';
import { factsOf, type StoreState } from './state.ts';

/** What was made of a state. */
export interface Done {
  readonly state: StoreState;
  readonly counts: Readonly<Record<string, number>>;
  /** What the method says. */
  readonly report: Readonly<Record<string, unknown>>;
  /** The stage that was reached, where further ones are due. */
  readonly stage?: 'a' | 'b';
}

const heldOutOf = ({ parts: { validation, test, unseen } }: StoreState): HeldOut => ({ validation, test, unseen });
const stateOf = (model: Model, train: Dataset, { validation, test, unseen }: HeldOut): StoreState => ({
  model,
  parts: { train, validation: validation!, test: test!, unseen: unseen! },
});

/** @param pending the forgetting that `forgotten` carries out. @throws whatever the library refuses, with nothing changed. */
export async function carriedOut(
  state: StoreState,
  action: Action,
  pending: PendingForget | undefined,
  control: RunControl,
): Promise<Done> {
  switch (action.kind) {
    case 'learn':
      return learned(state, action, control);
    case 'forgotten':
      return forgotten(state, pending!, control);
    case 'converge':
      return converged(state, action.stage!, control);
    case 'compact':
      return compactedState(state, control);
    case 'retrain':
      return retrained(state, control);
    default:
      return { state, counts: {}, report: {} };
  }
}

/** Where a method goes by stages, the first one is what an event carries out; the others are events of their own. */
function inStages({ method, options = {} }: Way): { options: object; stage?: 'a' | 'b' } {
  if (method !== converge.name) return { options };
  const { stage = 'a' } = options as { stage?: 'a' | 'b' | 'c' };
  return { options: { ...options, stage }, ...(stage !== 'c' && { stage }) };
}

async function learned(state: StoreState, { learn: additions, way }: Action, control: RunControl): Promise<Done> {
  const { options, stage } = inStages(way!);
  const { model, data, heldOut, report } = await learn(state.model, state.parts.train, additions!, {
    ...control,
    method: methodNamed(way!.method),
    options,
    positions: 'kept',
    heldOut: heldOutOf(state),
    digests: false,
  });
  return { state: stateOf(model, data, heldOut), counts: report.learned, report, ...(stage && { stage }) };
}

async function forgotten(state: StoreState, { request, way }: PendingForget, control: RunControl): Promise<Done> {
  const { options, stage } = inStages(way);
  if (namesNothing(state, request)) return { state, counts: { users: 0, items: 0, interactions: 0 }, report: { method: way.method } };
  const { model, data, heldOut, report } = await forget(state.model, state.parts.train, request, {
    ...control,
    method: methodNamed(way.method),
    options,
    positions: 'kept',
    heldOut: heldOutOf(state),
    ignoreUnknown: true,
    digests: false,
  });
  return { state: stateOf(model, data, heldOut), counts: report.forgotten, report, ...(stage && { stage }) };
}

/** Whether another forgetting has taken away all that a request names. */
function namesNothing({ parts }: StoreState, { users = [], items = [], interactions = [], modality }: PendingForget['request']): boolean {
  const { train } = parts;
  if (modality || users.some((id) => train.users.indexOf(id) >= 0) || items.some((id) => train.items.indexOf(id) >= 0)) return false;
  return !interactions.some(([user, item]) => PARTS.some((name) => has(parts[name], user, item)));
}

const has = (part: Dataset, user: string, item: string): boolean => {
  const u = part.users.indexOf(user);
  return u >= 0 && part.itemsOf(u).includes(part.items.indexOf(item));
};

/** @throws DataError, RangeError for what cannot be asked for: unknown ids by name, nothing, everything. */
export function requireForgettable({ parts }: StoreState, request: PendingForget['request'], ignoreUnknown: boolean): void {
  partitionOf(parts.train, request, { ignoreUnknown, heldOut: [parts.validation, parts.test, parts.unseen] });
}

async function converged(state: StoreState, stage: 'b' | 'c', control: RunControl): Promise<Done> {
  const { model, parts } = state;
  const partition = untouched(parts.train, [parts.validation, parts.test, parts.unseen]);
  let last: { model: Model; details: Readonly<Record<string, unknown>> } | undefined;
  for await (const result of forgetInStages({ model, partition, control }, { stage })) last = result;
  return {
    state: { model: last!.model, parts },
    counts: {},
    report: { method: converge.name, ...last!.details },
    ...(stage === 'b' && { stage }),
  };
}

async function retrained({ model, parts }: StoreState, control: RunControl): Promise<Done> {
  const { validation } = parts;
  const fresh = await model.kind.fit(parts.train, model.options, { ...control, ...(validation.interactions > 0 && { validation }) });
  return { state: { model: fresh, parts }, counts: {}, report: { method: 'retrain' } };
}

/**
 * Everybody in the order of a fresh reading: no holes, no ids that nobody has anything of. Kinds that forget by algebra are computed
 * anew, as sums follow the order; all others carry their rows along.
 */
async function compactedState(state: StoreState, control: RunControl): Promise<Done> {
  const { train } = state.parts;
  const users = seatsOf(train.users, [], 'compacted');
  const items = seatsOf(train.items, [], 'compacted');
  const seated = mapParts(state, (part) => seatedData(part, users, items));
  const all = PARTS.map((name) => seated[name]);
  const kept = keptPositions(all, all, true);
  const parts = mapParts({ parts: seated }, (part) => part.compacted(kept));
  const left = { users: train.users.live - parts.train.users.size, items: train.items.live - parts.train.items.size };
  const same = (before: IdTable, after: IdTable): boolean => before.size === after.size && [...before].every((id, p) => after.at(p) === id);
  if (same(train.users, parts.train.users) && same(train.items, parts.train.items)) return { state, counts: left, report: {} };
  const moved = compacted(seatedModel(state.model, users, items), parts.train.users, parts.train.items);
  const anew = moved.kind.capabilities.includes('exactForget') && moved.kind.capabilities.includes('fit');
  const model = anew ? await moved.kind.fit(parts.train, moved.options, control) : moved;
  return { state: { model, parts }, counts: left, report: {} };
}

function mapParts({ parts }: Pick<StoreState, 'parts'>, change: (part: Dataset) => Dataset): Record<PartName, Dataset> {
  return Object.fromEntries(PARTS.map((name) => [name, change(parts[name])])) as Record<PartName, Dataset>;
}

/** @throws DataError for additions of somebody who is being forgotten. */
export function refuseSuppressed({ learn: additions = {} }: Action, users: ReadonlySet<string>, items: ReadonlySet<string>): void {
  const refuse = (what: string, id: string, place: string): never => {
    throw new DataError(
      `${place} names ${what} ${JSON.stringify(id)}, who is being forgotten; leave it out, or finish the forgetting first (lethe converge)`,
    );
  };
  (additions.interactions ?? []).forEach(({ user, item }, n) => {
    if (users.has(user)) refuse('user', user, `interactions[${n}]`);
    if (items.has(item)) refuse('item', item, `interactions[${n}]`);
  });
  for (const id of additions.users ?? []) if (users.has(id)) refuse('user', id, '"users"');
  for (const id of additions.items ?? []) if (items.has(id)) refuse('item', id, '"items"');
  for (const id of Object.keys(additions.titles ?? {})) if (items.has(id)) refuse('item', id, '"titles"');
  for (const rows of Object.values(additions.features ?? {}))
    for (const id of Object.keys(rows)) if (items.has(id)) refuse('item', id, '"features"');
}

/** The head after an event. */
export function headAfter(head: Head, { state, counts, report, stage }: Done, event: StoreEvent, pending: Head['pending']): Head {
  const { trained, stage: reached, settings } = head;
  const { kind, number, digest } = event;
  const moves = kind === 'learn' || kind === 'forgotten' || kind === 'converge';
  const anew = kind === 'retrain' || report.method === 'retrain' || report.exactness === 'exact';
  const changed = trained.changed + (kind === 'compact' ? 0 : (counts.interactions ?? 0) + (counts.changed ?? 0));
  const next = moves ? stage : reached;
  return {
    ...factsOf(state),
    event: number,
    digest,
    settings: event.settings ?? settings,
    pending,
    ...(next && !anew && { stage: next }),
    trained: anew ? { event: number, changed: 0 } : { event: trained.event, changed },
  };
}
