// What a choice costs beside quality: for the best settings of each kind the size, the time to a list and the time to forget
// somebody, so that the best model is not chosen by one figure alone.
import * as check from '../base/check.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { forget } from '../forget/forget.ts';
import type { Exactness, Unlearner } from '../forget/method.ts';
import type { Model, ModelKind } from '../model/model.ts';
import type { Trial, Tuned } from './tune.ts';

/** One kind at its best settings. Times are medians of this machine, in seconds. */
export interface FrontRow {
  readonly model: string;
  readonly value: number;
  /** Training, with the best settings. */
  readonly fit: number;
  /** Numbers that the model holds, as bytes of a file. */
  readonly bytes: number;
  /** A list of ten for one user. */
  readonly list: number;
  /** Forgetting a user with a median number of interactions, by `method`. */
  readonly forget: number;
  readonly method: string;
  readonly exactness: Exactness;
  /** Whether no other row is better or equal in value, bytes, list and forget, and better in one. */
  readonly front: boolean;
}

const LISTS = 64;

/**
 * Trains the best settings of each kind again and measures them.
 * @param kinds where the kinds of `tuned` are found by name.
 * @param methodOf how a kind is made to forget.
 * @returns rows in the order of `tuned.bests`.
 * @example
 * const tuned = await tune(train, validation, { models: [als], trials: 2 });
 * const rows = await front(train, validation, tuned, MODELS, () => unlearnAls);
 */
export async function front(
  train: Dataset,
  validation: Dataset,
  tuned: Tuned,
  kinds: Readonly<Record<string, ModelKind>>,
  methodOf: (kind: ModelKind) => Unlearner,
  control: RunControl = {},
): Promise<FrontRow[]> {
  expectDataset('train', train);
  expectDataset('validation', validation);
  check.like('tuned', tuned, 'what tune found', ['bests']);
  for (const { model } of check.array('bests', tuned.bests))
    check.like(`kinds.${model}`, kinds?.[model], 'a kind of model', ['fit', 'capabilities']);
  if (typeof methodOf !== 'function') throw new TypeError(`"methodOf" expected a function, got ${check.describe(methodOf)}`);
  checkControl('front', control);
  const rows: Omit<FrontRow, 'front'>[] = [];
  for (const best of tuned.bests) {
    rows.push(await measured(train, validation, best, kinds[best.model], methodOf(kinds[best.model]), control));
    control.onProgress?.({ phase: 'front', done: rows.length, total: tuned.bests.length });
  }
  return rows.map((row) => ({ ...row, front: !rows.some((other) => dominates(other, row)) }));
}

async function measured(
  train: Dataset,
  validation: Dataset,
  { options, value }: Trial,
  kind: ModelKind,
  method: Unlearner,
  { signal, threads }: RunControl,
): Promise<Omit<FrontRow, 'front'>> {
  const started = performance.now();
  const model = await kind.fit(train, options, {
    signal,
    threads,
    ...(kind.capabilities.includes('gradient') && { validation }),
  });
  const fit = (performance.now() - started) / 1000;
  const { report } = await forget(
    model,
    train,
    { users: [medianUser(train)] },
    { method, heldOut: { validation }, signal, threads, digests: false },
  );
  return {
    model: kind.name,
    value: value!,
    fit,
    bytes: bytesOf(model),
    list: listSeconds(model, train),
    forget: report.seconds,
    method: method.name,
    exactness: report.exactness,
  };
}

function dominates(a: Omit<FrontRow, 'front'>, b: Omit<FrontRow, 'front'>): boolean {
  const pairs: [number, number][] = [
    [-a.value, -b.value],
    [a.bytes, b.bytes],
    [a.list, b.list],
    [a.forget, b.forget],
  ];
  return pairs.every(([mine, other]) => mine <= other) && pairs.some(([mine, other]) => mine < other);
}

function bytesOf(model: Model): number {
  return Array.from(model.parameters.values()).reduce((sum, { rows, cols }) => sum + rows * cols * 4, 0);
}

/** The user whose number of interactions is the median of those who have some; of equal ones the first. */
function medianUser({ users, userItems: { indptr } }: Dataset): string {
  const active = Array.from({ length: users.size }, (_, user) => user).filter((user) => indptr[user + 1] > indptr[user]);
  const degree = (user: number): number => indptr[user + 1] - indptr[user];
  active.sort((a, b) => degree(a) - degree(b) || a - b);
  return users.at(active[active.length >> 1])!;
}

function listSeconds(model: Model, train: Dataset): number {
  const { indptr } = train.userItems;
  const users = Array.from({ length: train.users.size }, (_, user) => user).filter((user) => indptr[user + 1] > indptr[user]);
  const times: number[] = [];
  for (let n = 0; n < LISTS; n++) {
    const user = users[Math.floor((n * users.length) / LISTS)];
    const started = performance.now();
    model.rank({ users: Int32Array.of(user), k: 10, exclude: train.userItems, history: train.userItems });
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[LISTS >> 1] / 1000;
}
