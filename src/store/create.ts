// The beginning of a store, and the way back to one.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { requireTrainedOn } from '../forget/trained-on.ts';
import { digest } from '../model/digest.ts';
import { expectModel, type Model } from '../model/model.ts';
import { checkedSettings } from './event-options.ts';
import { HEAD, type Head, PARTS, readHead, type Settings, writtenHead } from './head.ts';
import { sealed } from './sealed.ts';
import { changedBlocks, factsOf, type StoreState } from './state.ts';
import type { Storage } from './storage.ts';
import { Store } from './store.ts';

/** What a store begins with: a model, the rows that it was trained on, and what its split held out. */
export interface StoreStart {
  readonly model: Model;
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test?: Dataset;
  readonly unseen?: Dataset;
  readonly settings?: Settings;
}

/**
 * Makes a store of a model and its data.
 * @throws DataError where the storage holds one already, and for data that are not the model's.
 * @example
 * const store = await createStore(memoryStorage(), { model, train });
 */
export async function createStore(storage: Storage, start: StoreStart): Promise<Store> {
  check.knownKeys('a store', start, ['model', 'train', 'validation', 'test', 'unseen', 'settings']);
  const { model, train, settings = {} } = start;
  expectModel('model', model);
  expectDataset('train', train);
  requireTrainedOn(model, train);
  if ((await storage.read(HEAD)) !== undefined) throw new DataError('there is a store in it already', { source: storage.name });
  const none = train.filter(() => false);
  const { validation = none, test = none, unseen = none } = start;
  const parts = { train: train.withSplit(model.provenance.split), validation, test, unseen };
  for (const name of PARTS) {
    expectDataset(name, parts[name]);
    if (parts[name].users.size !== train.users.size || parts[name].items.size !== train.items.size)
      throw new RangeError(`"${name}" expected the tables of "train"; align it with alignTo()`);
  }
  const state: StoreState = { model, parts };
  const head: Head = {
    ...factsOf(state),
    event: 0,
    digest: await digest(model),
    settings: checkedSettings(settings),
    pending: [],
    trained: { event: 0, changed: 0 },
  };
  const changes = await changedBlocks(undefined, state);
  for (const [key, bytes] of await sealed(HEAD, writtenHead(head))) changes.set(key, bytes);
  await storage.write(changes);
  return new Store(storage, head, state);
}

/**
 * Opens a store; nothing but its head is read until it is asked for.
 * @throws DataError for no store, one of a newer version, or a damaged one.
 */
export async function openStore(storage: Storage): Promise<Store> {
  check.like('storage', storage, 'a storage, such as memoryStorage()', ['read', 'write', 'keys']);
  return new Store(storage, await readHead(storage));
}
