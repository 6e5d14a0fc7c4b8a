// STORE on the command line: a folder that `lethe init` made, in the place of MODEL and DATA.

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { joinParts } from '../data/split.ts';
import type { TrainedData } from '../forget/trained-data.ts';
import type { Model } from '../model/model.ts';
import { openStore } from '../store/create.ts';
import { sqliteStorage } from '../store/sqlite.ts';
import type { StoreState } from '../store/state.ts';
import type { Store } from '../store/store.ts';
import type { Arguments, Flag } from './flags.ts';
import { UsageError } from './usage.ts';

export const WAIT_FLAG: Flag = {
  name: 'wait',
  takes: 'SECONDS',
  default: '0',
  doc: 'How long to wait while another process has STORE open for writing.',
};

/** Whether a path is a store; anything else is a model's file. */
export const isStore = (path: string): boolean => existsSync(join(path, 'store.sqlite'));

/** @throws DataError for a path that is no store; UsageError for a file, such as a model without its data. */
export function requireStore(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`expected MODEL DATA, or a STORE that \`lethe init\` made in their place; ${path} is a file`);
  if (!isStore(path)) throw new DataError('there is no store; `lethe init` makes one', { source: path });
}

/** Takes away what was begun and could not be finished. */
export function removeStore(path: string): void {
  for (const file of ['store.sqlite', 'store.sqlite-journal', 'lock.sqlite', 'lock.sqlite-journal'])
    rmSync(join(path, file), { force: true });
}

/** Stores by the model that was read from them. */
const behind = new Map<Model, { readonly store: Store; readonly state: StoreState; readonly path: string }>();

/** The model of a store, which is opened for reading beside whoever writes. */
export async function readStoreModel(path: string): Promise<Model> {
  const store = await openStore(await sqliteStorage(path, { readOnly: true }));
  const state = await store.state();
  await store.close();
  behind.set(state.model, { store, state, path });
  return state.model;
}

/** The parts of the split that a store's model was trained in. @throws UsageError for a model that came from a file. */
export function storeParts(model: Model | undefined): TrainedData {
  const { train, validation, test, unseen } = stateBehind(model).parts;
  return { ...train.split, train, validation, test, unseen, staleInteractions: 0 };
}

/** All data of a store, with their parts. @throws UsageError for a model that came from a file. */
export const storeData = (model: Model | undefined): Dataset => joinParts(stateBehind(model).parts);

function stateBehind(model: Model | undefined): StoreState {
  const found = model && behind.get(model);
  if (!found) throw new UsageError('expected MODEL DATA, or a STORE that `lethe init` made in their place');
  return found.state;
}

/** Items that no list may show: those that a store is to forget. */
export const suppressedItems = (model: Model): readonly string[] => [...(behind.get(model)?.store.suppressed.items ?? [])];

/** Users who get no list. */
export const suppressedUsers = (model: Model): ReadonlySet<string> => behind.get(model)?.store.suppressed.users ?? new Set();

/** Opens a store for writing while `work` runs; where the work fails the store is as it was. */
export async function withStore<T>(args: Arguments, work: (store: Store) => Promise<T>): Promise<T> {
  const [path] = args.operands;
  requireStore(path);
  const wait = 1000 * (args.number('wait', { min: 0, max: 86_400 }) ?? 0);
  const store = await openStore(await sqliteStorage(path, { wait }));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
