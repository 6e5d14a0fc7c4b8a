// The entry `lethe/store`: a model and its data in one place, which learns and forgets.

export { createStore, openStore, type StoreStart } from './create.ts';
export { type DurableObjectStorageLike, type DurableObjectTransactionLike, durableObjectStorage } from './durable-object.ts';
export type { EventOptions, EventResult, ForgetEventOptions } from './event-options.ts';
export type { Settings, Way } from './head.ts';
export { indexedDbStorage } from './indexed-db.ts';
export type { Action, EventKind, StoreEvent } from './journal.ts';
export { memoryStorage } from './memory-storage.ts';
export type { Suppressed } from './pending.ts';
export { type SqliteOptions, sqliteStorage } from './sqlite.ts';
export type { StoreState } from './state.ts';
export type { StoreStatus } from './status.ts';
export { LARGEST_BLOCK, type Storage } from './storage.ts';
export { Store } from './store.ts';
