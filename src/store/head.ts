// What a store says of itself: the one block that is text, small, and read first.
import { DataError } from '../base/errors.ts';
import { utf8, utf8Decoder } from '../base/host.ts';
import type { OptionValue } from '../base/options.ts';
import type { SplitRecord } from '../data/dataset.ts';
import type { ReadingRecord } from '../data/reading.ts';
import type { ForgetRequest } from '../forget/request.ts';
import type { Provenance } from '../model/model.ts';
import { findSealed } from './sealed.ts';
import type { Storage } from './storage.ts';

export const HEAD = 'head';
/** Of the layout of blocks. */
export const FORMAT = 1;

export const PARTS = /* @__PURE__ */ Object.freeze(['train', 'validation', 'test', 'unseen'] as const);
export type PartName = (typeof PARTS)[number];

/** How a store learns and forgets where a request does not say. */
export interface Settings {
  readonly learn?: Way;
  readonly forget?: Way;
  /** Share of the interactions that may come and go before a retrain is due, for kinds that are not exact; default 0.2. */
  readonly retrainAfter?: number;
}

/** A method by its name, and its options. */
export interface Way {
  readonly method: string;
  readonly options?: Readonly<Record<string, OptionValue>>;
}

/** Somebody who was promised to be forgotten: in no list from now on, and in no number once the work is done. */
export interface PendingForget {
  /** The event that asked for it. */
  readonly event: number;
  readonly request: ForgetRequest;
  readonly way: Way;
  readonly time: number;
}

export interface Head {
  readonly format: number;
  readonly version: string;
  /** Number of the last event; 0 for the start. */
  readonly event: number;
  /** SHA-256 of the model after it. */
  readonly digest: string;
  readonly users: number;
  readonly items: number;
  readonly live: { readonly users: number; readonly items: number };
  readonly interactions: Readonly<Record<PartName, number>>;
  readonly timed: boolean;
  readonly titled: boolean;
  readonly features: readonly { readonly name: string; readonly dims: number }[];
  readonly split: SplitRecord;
  readonly reading?: ReadingRecord;
  readonly fingerprintKey?: string;
  readonly model: {
    readonly kind: string;
    readonly options: Readonly<Record<string, OptionValue>>;
    readonly provenance: Provenance;
    readonly record: Readonly<Record<string, unknown>>;
    readonly parameters: readonly { readonly name: string; readonly rows: number; readonly cols: number }[];
  };
  readonly settings: Settings;
  readonly pending: readonly PendingForget[];
  /** The last stage that was reached where further ones are due. */
  readonly stage?: 'a' | 'b';
  /** Since the model was last trained: when that was, as an event, and interactions that came or left. */
  readonly trained: { readonly event: number; readonly changed: number };
}

export const writtenHead = (head: Head): Uint8Array => utf8(JSON.stringify(head));

/** @throws DataError for no store, one of a newer version, or a damaged one. */
export async function readHead(storage: Storage): Promise<Head> {
  const content = await findSealed(storage, HEAD);
  if (!content) throw new DataError('there is no store in it; `lethe init` or createStore makes one', { source: storage.name });
  const head = JSON.parse(utf8Decoder().decode(content)) as Head;
  if (head.format === FORMAT) return head;
  throw new DataError(`the store has format ${head.format}, written by version ${head.version}; this version reads format ${FORMAT}`, {
    source: storage.name,
  });
}
