// The journal: what happened, numbered in the order in which it was accepted. The state after event n is a function of the start and
// of the events up to n, so that whoever applies the same events has the same digest after each. What names somebody forgotten loses
// its content; number, kind, time and digest stay.
import { utf8, utf8Decoder } from '../base/host.ts';
import type { ForgetRequest } from '../forget/request.ts';
import type { Additions } from '../learn/additions.ts';
import type { Settings, Way } from './head.ts';
import { findSealed } from './sealed.ts';
import type { Storage } from './storage.ts';

/**
 * `learn`; `forget` (asked for, suppressed from now on); `forgotten` (carried out: no number holds them any more); `converge` (a stage of
 * the way to the optimum); `compact`; `retrain`; `settings`.
 */
export type EventKind = 'learn' | 'forget' | 'forgotten' | 'converge' | 'compact' | 'retrain' | 'settings';

/** What is to be done. */
export interface Action {
  readonly kind: EventKind;
  /** How, for `learn` and `forget`. */
  readonly way?: Way;
  readonly learn?: Additions;
  readonly forget?: ForgetRequest;
  /** For `forgotten`: the event that asked for it. */
  readonly of?: number;
  /** For `converge`. */
  readonly stage?: 'b' | 'c';
  readonly settings?: Settings;
}

/** An action that was done. */
export interface StoreEvent extends Action {
  /** From 1; the start is 0. */
  readonly number: number;
  /** Milliseconds since 1970, by the clock of whoever accepted it; in no digest. */
  readonly time: number;
  /** SHA-256 of the model afterwards. */
  readonly digest: string;
  /** What was done, in numbers. */
  readonly counts?: Readonly<Record<string, number>>;
  /** There, and true, where the content named somebody who has been forgotten since: `learn` or `forget` is gone. */
  readonly blanked?: true;
}

export const JOURNAL = 'journal/';
export const eventKey = (number: number): string => `${JOURNAL}${String(number).padStart(12, '0')}`;

export const writtenEvent = (event: StoreEvent): Uint8Array => utf8(JSON.stringify(event));

export async function readEvent(storage: Storage, number: number): Promise<StoreEvent | undefined> {
  const content = await findSealed(storage, eventKey(number));
  return content && (JSON.parse(utf8Decoder().decode(content)) as StoreEvent);
}

/** The event without what names anybody. */
export function blanked({ learn: _, forget: __, ...event }: StoreEvent): StoreEvent {
  return { ...event, blanked: true };
}

/** Whether the content of an event names somebody or something that is forgotten. */
export function namesForgotten({ learn, forget }: StoreEvent, { users, items, pairs, features }: Names): boolean {
  const pair = (user: string, item: string): boolean => users.has(user) || items.has(item) || pairs.has(pairName(user, item));
  if (learn) {
    const { interactions = [], titles = {}, features: rows = {} } = learn;
    if (interactions.some(({ user, item }) => pair(user, item))) return true;
    if ((learn.users ?? []).some((id) => users.has(id)) || (learn.items ?? []).some((id) => items.has(id))) return true;
    if (Object.keys(titles).some((id) => items.has(id))) return true;
    if (Object.entries(rows).some(([name, own]) => Object.keys(own).some((id) => items.has(id) || features?.(name, id)))) return true;
  }
  if (forget) {
    if ((forget.users ?? []).some((id) => users.has(id)) || (forget.items ?? []).some((id) => items.has(id))) return true;
    if ((forget.interactions ?? []).some(([user, item]) => pair(user, item))) return true;
    if ((forget.modality?.items ?? []).some((id) => items.has(id) || features?.(forget.modality!.name, id))) return true;
  }
  return false;
}

/** Who is forgotten. */
export interface Names {
  readonly users: ReadonlySet<string>;
  readonly items: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
  readonly features?: (modality: string, item: string) => boolean;
}

const pairName = (user: string, item: string): string => JSON.stringify([user, item]);

export function namesIn({ users = [], items = [], interactions = [], modality }: ForgetRequest): Names {
  const named = modality?.items && new Set(modality.items);
  return {
    users: new Set(users),
    items: new Set(items),
    pairs: new Set(interactions.map(([user, item]) => pairName(user, item))),
    ...(modality && { features: (name, item) => name === modality.name && (named?.has(item) ?? true) }),
  };
}
