// How an event is carried out, and what it hands back.
import * as check from '../base/check.ts';
import type { OptionValue } from '../base/options.ts';
import type { RunControl } from '../base/run-control.ts';
import type { Settings } from './head.ts';
import type { StoreEvent } from './journal.ts';
import { methodNamed } from './registries.ts';

/** How an event is carried out. */
export interface EventOptions extends RunControl {
  /** A method by its name; default the store's setting, or what suits the kind of model. */
  readonly method?: string;
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** Milliseconds since 1970 to write down; default now. */
  readonly time?: number;
}

export interface ForgetEventOptions extends EventOptions {
  /** Go on without what is unknown; default false. */
  readonly ignoreUnknown?: boolean;
}

/** What an event did. */
export interface EventResult {
  readonly event: StoreEvent;
  /** What the method says of it. */
  readonly report: Readonly<Record<string, unknown>>;
}

const CONTROL = ['signal', 'onProgress', 'threads', 'time'];

/** @throws TypeError, RangeError for options that make no sense. */
export function checkOptions(what: string, options: EventOptions, more: readonly string[] = []): void {
  check.knownKeys(what, options, [...CONTROL, 'method', 'options', ...more]);
  if (options.time !== undefined) check.number('time', options.time, {});
}

/** @throws TypeError, RangeError for settings that make no sense. */
export function checkedSettings(settings: Settings): Settings {
  check.knownKeys('settings', settings, ['learn', 'forget', 'retrainAfter']);
  for (const work of ['learn', 'forget'] as const) {
    const way = settings[work];
    if (way === undefined) continue;
    check.knownKeys(`settings.${work}`, way, ['method', 'options']);
    methodNamed(way.method);
  }
  if (settings.retrainAfter !== undefined) check.number('retrainAfter', settings.retrainAfter, { above: 0 });
  return settings;
}
