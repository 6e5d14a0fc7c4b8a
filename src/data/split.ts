// Splits into train, validation and test that stay put when somebody is forgotten: an entry's part follows from its own
// keys and the seed, never from a running generator or from other users' rows.
// Promises fractions in expectation only: an exact share of every row could not be kept without moving other entries.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Key, pairKey, STREAM, uniform } from '../base/random.ts';
import { Dataset, expectDataset, PART, type SplitRecord, type Unseen } from './dataset.ts';

/** The parts of a data set, over the same tables, and how to draw them again. */
export interface Split extends Omit<SplitRecord, 'unseen'> {
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
  /** Rows of users and items that were held out as a whole; empty where none were. */
  readonly unseen: Dataset;
}

/** Whom to hold out as a whole, beside the split of rows. */
export interface SplitOptions {
  /** Share of users, by id, all of whose rows are in no part but `unseen`; 0 to 0.5, default 0. */
  readonly unseenUsers?: number;
  /** The same for items. */
  readonly unseenItems?: number;
}

type Shares = readonly [train: number, validation: number, test: number];
type Rule =
  | { readonly kind: 'leave-one-out' | 'given' | 'all' }
  | { readonly kind: 'per-user'; readonly shares: Shares }
  | { readonly kind: 'by-time'; readonly shares: Shares; readonly points?: readonly [validation: number, test: number] };

/** Shares that can be held out as a whole. */
export const UNSEEN_SHARE = /* @__PURE__ */ Object.freeze({ min: 0, max: 0.5 });

const RULES = 'per-user:0.8,0.1,0.1; leave-one-out; by-time:0.8,0.1,0.1; given; all';

/** Draws for different purposes from the same entry's keys. */
export const DRAW = /* @__PURE__ */ Object.freeze({ part: 0, holdOut: 1, order: 2, unseenUser: 3, unseenItem: 4 });

/**
 * Splits interactions into parts.
 *
 * - `per-user:A,B,C`: each entry by its own draw from (seed, user, item); A, B, C are shares in expectation, in every
 *   user's row as in the whole. Forgetting anything moves nothing else.
 * - `leave-one-out`: of each user the last entry is test, the one before validation, the rest train; last by time where
 *   there are times (equal times, and data without times: by draw). Of two entries one is test; a single one is train.
 *   Other users' rows never move. Of a user's own rows nothing moves while three and those two remain; if one of the
 *   two is forgotten, the next in line takes its place.
 * - `by-time:A,B,C`: by two points in time, such that shares A, B, C of the entries lie before, between and after them;
 *   entries of one time stay together. The points depend on all entries, so they are written into the rule that is
 *   returned, `by-time:@T1,T2` (validation from T1 on, test from T2 on): drawn again by that rule, nothing moves.
 * - `given`: the parts that the data bring. `all`: everything is train.
 *
 * With `unseenUsers` or `unseenItems`, a share of users or items is taken out first, each by its own draw from (seed, id):
 * all their rows are `unseen` and in no other part, so that no model has seen them. Forgetting anybody moves nobody else.
 *
 * @param rule as above; the result's `rule` is what to record and to pass when the split is drawn again.
 * @param seed 0..2^32−1; the record's is 0 where nothing is drawn.
 * @throws RangeError for a rule that cannot be read or a share outside 0 to 0.5; DataError where the data lack times or parts.
 * @example
 * const { train, test, unseen } = splitDataset(data, 'per-user:0.8,0.1,0.1', 1, { unseenUsers: 0.05 });
 */
export function splitDataset(data: Dataset, rule: string, seed = 1, options: SplitOptions = {}): Split {
  expectDataset('data', data);
  check.integer('seed', seed, { min: 0, max: 0xffffffff });
  const unseen = unseenShares(options);
  const { record: drawn, parts } = drawParts(data, parseRule(rule), seed);
  const record = unseen ? { ...drawn, seed, unseen } : drawn;
  const all = unseen ? withUnseen(data, parts, unseen, seed) : parts;
  const part = (wanted: number) => data.filter((entry) => all[entry] === wanted).withSplit(record);
  return {
    rule: record.rule,
    seed: record.seed,
    train: part(PART.train),
    validation: part(PART.validation),
    test: part(PART.test),
    unseen: part(PART.unseen),
  };
}

/**
 * Draws the split of a record again.
 * @param rule another rule than the record's, such as `given` for data that bring its parts.
 * @example
 * const { train: again } = redrawSplit(data, train.split);
 */
export function redrawSplit(data: Dataset, record: SplitRecord, as?: string): Split {
  check.like('record', record, "a split's record, with rule and seed", ['rule', 'seed']);
  const { rule, seed, unseen } = record;
  return splitDataset(data, as ?? rule, seed, { unseenUsers: unseen?.users, unseenItems: unseen?.items });
}

/** Undefined where nobody is held out as a whole. */
function unseenShares(options: SplitOptions): Unseen | undefined {
  check.knownKeys('splitDataset', options, ['unseenUsers', 'unseenItems']);
  const share = (name: keyof SplitOptions): number => check.number(name, options[name] ?? 0, UNSEEN_SHARE);
  const users = share('unseenUsers');
  const items = share('unseenItems');
  return users + items > 0 ? { ...(users > 0 && { users }), ...(items > 0 && { items }) } : undefined;
}

/** The parts with every row of a drawn user or item in `unseen`. */
function withUnseen(data: Dataset, parts: Uint8Array, { users = 0, items = 0 }: Unseen, seed: number): Uint8Array {
  const drawn = (side: 'users' | 'items', share: number, draw: number): boolean[] =>
    Array.from({ length: data[side].size }, (_, p) => share > 0 && uniform(seed, STREAM.split, data[side].key(p), draw) < share);
  const ofUser = drawn('users', users, DRAW.unseenUser);
  const ofItem = drawn('items', items, DRAW.unseenItem);
  const { rows, indptr, indices } = data.userItems;
  const all = Uint8Array.from(parts);
  for (let u = 0; u < rows; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) if (ofUser[u] || ofItem[indices[e]]) all[e] = PART.unseen;
  }
  return all;
}

/** The part of every entry, and the rule and seed that draw it again. */
function drawParts(data: Dataset, rule: Rule, seed: number): { record: SplitRecord; parts: Uint8Array } {
  const { kind } = rule;
  switch (kind) {
    case 'all':
      return { record: { rule: kind, seed: 0 }, parts: new Uint8Array(data.interactions) };
    case 'given':
      if (!data.parts)
        throw new DataError('expected data that bring a split (x_label, or train/validation/test files), found none', {
          source: data.source,
        });
      return { record: { rule: kind, seed: 0 }, parts: data.parts };
    case 'leave-one-out':
      return { record: { rule: kind, seed }, parts: leaveOneOut(data, seed) };
    case 'per-user':
      return { record: { rule: `${kind}:${rule.shares.join(',')}`, seed }, parts: perUser(data, rule.shares, seed) };
    case 'by-time': {
      if (!data.times) throw new DataError('"by-time" expected data with a time column, found none', { source: data.source });
      const [validation, test] = rule.points ?? timePoints(data.times, rule.shares);
      const parts = Uint8Array.from(data.times, (time) => partBefore(time, validation, test));
      return { record: { rule: `${kind}:@${validation},${test}`, seed: 0 }, parts };
    }
  }
}

/**
 * Draws a share of the entries to validate on, each by its own keys, independently of the split's draw.
 * @param fraction above 0 and below 1; a share in expectation.
 * @example
 * const { train: rest, validation: held } = holdOut(train, 0.1);
 */
export function holdOut(data: Dataset, fraction: number, seed = 1): { readonly train: Dataset; readonly validation: Dataset } {
  expectDataset('data', data);
  check.number('fraction', fraction, { above: 0 });
  if (fraction >= 1) throw new RangeError(`"fraction" expected a number > 0 and < 1, got ${fraction}`);
  check.integer('seed', seed, { min: 0, max: 0xffffffff });
  const held = new Uint8Array(data.interactions);
  eachKey(data, (entry, key) => {
    held[entry] = Number(uniform(seed, STREAM.split, key, DRAW.holdOut) < fraction);
  });
  return { train: data.filter((entry) => held[entry] === 0), validation: data.filter((entry) => held[entry] === 1) };
}

/** @throws RangeError that says which rules there are. */
function parseRule(text: string): Rule {
  check.string('split', text);
  const wrong = (): never => {
    throw new RangeError(`"split" expected one of: ${RULES}; got ${check.describe(text)}`);
  };
  const [kind, rest, ...more] = text.split(':');
  if (more.length > 0) wrong();
  if (kind === 'leave-one-out' || kind === 'given' || kind === 'all') return rest === undefined ? { kind } : wrong();
  if ((kind !== 'per-user' && kind !== 'by-time') || rest === undefined) return wrong();
  const absolute = kind === 'by-time' && rest.startsWith('@');
  const words = rest.slice(absolute ? 1 : 0).split(',');
  const numbers = words.map((word) => (word.trim() === '' ? NaN : Number(word)));
  if (numbers.some(Number.isNaN)) wrong();
  if (absolute) {
    if (kind !== 'by-time' || numbers.length !== 2 || numbers[0] > numbers[1]) return wrong();
    return { kind, shares: [1, 0, 0], points: [numbers[0], numbers[1]] };
  }
  const sum = numbers.reduce((total, share) => total + share, 0);
  if (numbers.length !== 3 || numbers.some((share) => share < 0) || !(numbers[0] > 0) || Math.abs(sum - 1) > 1e-9) {
    throw new RangeError(
      `"split" expected three shares, train above 0, that add up to 1, as in ${kind}:0.8,0.1,0.1; got ${check.describe(text)}`,
    );
  }
  return { kind, shares: [numbers[0], numbers[1], numbers[2]] };
}

/** Visits every entry with the key of its (user, item) pair. */
function eachKey(data: Dataset, visit: (entry: number, key: Key) => void): void {
  const { rows, indptr, indices } = data.userItems;
  const itemKeys = data.items.keys();
  for (let u = 0; u < rows; u++) {
    const user = data.users.key(u);
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      const item = indices[e];
      visit(e, pairKey(user, { lo: itemKeys[2 * item], hi: itemKeys[2 * item + 1] }));
    }
  }
}

/** Train below the first bound, test from the second on. */
function partBefore(value: number, validation: number, test: number): number {
  if (value >= test) return PART.test;
  return value >= validation ? PART.validation : PART.train;
}

function perUser(data: Dataset, [train, validation, test]: Shares, seed: number): Uint8Array {
  const parts = new Uint8Array(data.interactions);
  const end = test === 0 ? 1 : train + validation; // shares that add up to 1 but for rounding leave no test entry behind
  eachKey(data, (entry, key) => {
    const draw = uniform(seed, STREAM.split, key, DRAW.part);
    parts[entry] = partBefore(draw, train, end);
  });
  return parts;
}

function leaveOneOut(data: Dataset, seed: number): Uint8Array {
  const { rows, indptr } = data.userItems;
  const draws = new Float64Array(data.interactions);
  eachKey(data, (entry, key) => {
    draws[entry] = uniform(seed, STREAM.split, key, DRAW.order);
  });
  const parts = new Uint8Array(data.interactions);
  const { times } = data;
  const later = (a: number, b: number): boolean => b < 0 || (times && times[a] !== times[b] ? times[a] > times[b] : draws[a] > draws[b]);
  for (let u = 0; u < rows; u++) {
    const degree = indptr[u + 1] - indptr[u];
    let last = -1;
    let before = -1;
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      if (later(e, last)) [last, before] = [e, last];
      else if (later(e, before)) before = e;
    }
    if (degree >= 2) parts[last] = PART.test;
    if (degree >= 3) parts[before] = PART.validation;
  }
  return parts;
}

/** The times from which on entries are validation and test: those of the entries that stand first in their shares. */
function timePoints(times: Float64Array, [train, validation]: Shares): [number, number] {
  const sorted = Float64Array.from(times).sort();
  // A share that is 1 but for rounding must not cut off the last entry.
  const point = (share: number): number => sorted[Math.floor(share * sorted.length + 1e-6)] ?? Infinity;
  return [point(train), point(train + validation)];
}

/**
 * The inverse of `splitDataset`: one data set whose entries say which part they belong to.
 * @example
 * const whole = joinParts({ train, validation, test });
 */
export function joinParts(split: Pick<Split, 'train' | 'validation' | 'test'> & { readonly unseen?: Dataset }): Dataset {
  check.knownKeys('joinParts', split, ['rule', 'seed', 'train', 'validation', 'test', 'unseen', 'staleInteractions']);
  const { train, validation, test, unseen } = split;
  for (const [name, part] of Object.entries({ train, validation, test })) expectDataset(name, part);
  if (unseen !== undefined) expectDataset('unseen', unseen);
  const parts = [train, validation, test, ...(unseen ? [unseen] : [])];
  const { rows, cols } = train.userItems;
  const total = parts.reduce((sum, { interactions }) => sum + interactions, 0);
  const hasTimes = parts.every(({ times }) => times !== undefined);
  const joined = {
    indptr: new Int32Array(rows + 1),
    indices: new Int32Array(total),
    data: new Float32Array(total),
    parts: new Uint8Array(total),
    times: hasTimes ? new Float64Array(total) : undefined,
  };
  const at = parts.map(() => 0);
  for (let u = 0, n = 0; u < rows; u++) {
    for (;;) {
      // The part whose next item of this row comes first.
      let next = -1;
      let item = cols;
      for (let p = 0; p < parts.length; p++) {
        const { indptr, indices } = parts[p].userItems;
        if (at[p] < indptr[u + 1] && indices[at[p]] < item) [next, item] = [p, indices[at[p]]];
      }
      if (next < 0) break;
      joined.indices[n] = item;
      joined.data[n] = parts[next].userItems.data[at[next]];
      joined.parts[n] = next;
      if (joined.times) joined.times[n] = parts[next].times![at[next]];
      at[next]++;
      n++;
    }
    joined.indptr[u + 1] = n;
  }
  return new Dataset({
    ...train,
    userItems: { rows, cols, indptr: joined.indptr, indices: joined.indices, data: joined.data },
    times: joined.times,
    parts: joined.parts,
  });
}
