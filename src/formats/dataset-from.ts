// Rows that a program holds (objects, tuples, columns, an Arrow table, whatever can be walked through) as a data set.
// Takes ids, numbers and times as the program has them, and refuses with the row and the field what is none.
import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { RunControl } from '../base/run-control.ts';
import { DatasetBuilder } from '../data/builder.ts';
import { CORE_RULES, type CoreRule, coreOf, coreRuleIn } from '../data/core.ts';
import type { Dataset } from '../data/dataset.ts';
import { DUPLICATES, type DuplicatePolicy } from '../data/duplicates.ts';
import { likesOf } from '../data/likes.ts';
import type { PART_NAMES } from '../data/rows.ts';
import { EXPECTED, floatOf, idOf, partOf, timeOf } from './field-values.ts';
import { type ArrowTable, type FieldReader, ROLES, type Role, readersOf, type Said } from './row-fields.ts';

/** An id as programs have them: a number is a whole one, and stands for its digits. */
export type Id = string | number | bigint;
/** A time as programs have them: seconds since 1970 or any other number that orders; a Date or ISO 8601 becomes seconds. */
export type Time = number | bigint | string | Date;
/** A part of a split by its name or its number. */
export type Part = (typeof PART_NAMES)[number] | 0 | 1 | 2 | 3;

/** What else `datasetFrom` is told. */
export interface RowOptions extends Pick<RunControl, 'signal' | 'onProgress'>, CoreRule {
  /** What happens to pairs that occur more than once; default `last`. */
  readonly duplicates?: DuplicatePolicy;
  /** What counts as a like, in training and in test: `value>=4`, `value>0`. Default: all rows are kept, and those above 0 are likes. */
  readonly likes?: string;
  /** What messages call the rows; default `rows`. */
  readonly name?: string;
}

type Places<Row extends readonly unknown[]> = number extends Row['length'] ? number : Exclude<Partial<Row>['length'], Row['length']>;
type Names<Row, Value> = {
  [K in keyof Row]-?: unknown extends Row[K] ? K : [Exclude<Row[K], null | undefined>] extends [Value] ? K : never;
}[keyof Row];
/** A property of a row by its name or place, or what reads it. */
export type Field<Row, Value> =
  | (Row extends readonly unknown[] ? Places<Row> : Names<Row, Value> & string)
  | ((row: Row, index: number) => Value);
type RoleOf<Row, Role extends string, Value> = Row extends readonly unknown[] | { readonly [R in Role]: Value }
  ? { readonly [R in Role]?: Field<Row, Value> }
  : { readonly [R in Role]: Field<Row, Value> };
/** Which field of a row is what; `user`, `item`, `value`, `time` and `part` are found by themselves, `null` leaves one out. */
export type RowFields<Row> = RoleOf<Row, 'user', Id> &
  RoleOf<Row, 'item', Id> & {
    readonly value?: Field<Row, number | bigint> | null;
    readonly time?: Field<Row, Time> | null;
    readonly part?: Field<Row, Part> | null;
  };

/** Arrays, or typed arrays, of one length. */
export type RowColumns<C> = { readonly [K in keyof C]: ArrayLike<unknown> };
type ColumnNamed<C, Role extends string> = Role extends keyof C ? { readonly [R in Role]?: keyof C } : { readonly [R in Role]: keyof C };
/** Which column is what, where the names do not say it. */
export type ColumnFields<C> = ColumnNamed<C, 'user'> &
  ColumnNamed<C, 'item'> & { readonly [R in 'value' | 'time' | 'part']?: keyof C | null };

/** Which column of an Arrow table is what. */
export type ArrowFields = { readonly [R in 'user' | 'item']?: string } & { readonly [R in 'value' | 'time' | 'part']?: string | null };

type Options<Fields> = Record<never, never> extends Fields ? [options?: Fields & RowOptions] : [options: Fields & RowOptions];

/** Rows between two points where other work may run: a few milliseconds. */
const BREATH = 1 << 12;

/**
 * A data set of rows that a program holds: an array, an iterable or an async iterable of objects or tuples (user, item,
 * value, time); an object of columns; an Arrow table. Properties `user`, `item`, `value`, `time` and `part` are found by
 * themselves, others are named, or read by a function.
 * @param rows are walked through once.
 * @returns a promise; other work may run, and `signal` may abort, every few milliseconds.
 * @throws DataError naming the row, the field, what was expected and found; TypeError, RangeError for options.
 * @example
 * const data = await datasetFrom([{ who: 'ann', what: 7, stars: 5 }, { who: 'bob', what: 7, stars: 3 }], {
 *   user: 'who', item: (row) => `film ${row.what}`, value: 'stars',
 * });
 */
export function datasetFrom(rows: ArrowTable, options?: ArrowFields & RowOptions): Promise<Dataset>;
export function datasetFrom<Row>(rows: Iterable<Row> | AsyncIterable<Row>, ...options: Options<RowFields<Row>>): Promise<Dataset>;
export function datasetFrom<C extends RowColumns<C>>(columns: C, ...options: Options<ColumnFields<C>>): Promise<Dataset>;
export async function datasetFrom(rows: unknown, given: Said & RowOptions = {}): Promise<Dataset> {
  check.knownKeys('datasetFrom', given, [...ROLES, ...CORE_RULES, 'duplicates', 'likes', 'name', 'signal', 'onProgress']);
  const { duplicates = 'last', likes, name = 'rows', signal, onProgress, kCore, minUserCount, minItemCount, minValue, ...said } = given;
  const rule = coreRuleIn({ kCore, minUserCount, minItemCount, minValue });
  check.oneOf('duplicates', duplicates, DUPLICATES);
  check.string('name', name);
  if (likes !== undefined) check.string('likes', likes);
  check.optionalFunction('onProgress', onProgress);
  if (signal !== undefined) check.like('signal', signal, 'an AbortSignal', ['throwIfAborted']);
  const { source, count, readers } = readersOf(rows, said, name);
  const builder = new DatasetBuilder();
  const pause = async (done: number): Promise<void> => {
    onProgress?.({ phase: 'read', done, total: count });
    await breathe();
    check.aborted(signal);
  };
  check.aborted(signal);
  let index = 0;
  let take: ((row: unknown, index: number) => void) | undefined;
  if (Symbol.asyncIterator in source) {
    for await (const row of source) {
      (take ??= taker(builder, readers(row), name))(row, index);
      if (++index % BREATH === 0) await pause(index);
    }
  } else {
    for (const row of source) {
      (take ??= taker(builder, readers(row), name))(row, index);
      if (++index % BREATH === 0) await pause(index);
    }
  }
  if (index === 0) throw new DataError('expected interactions, found no row', { source: name });
  const reading = given.duplicates && { duplicates: given.duplicates };
  const data = await builder.settle(duplicates, { source: name, reading }, { signal });
  const liked = likes === undefined ? data : likesOf(data, likes);
  return rule ? coreOf(liked, rule) : liked;
}

/** Takes a row into the builder. */
function taker(builder: DatasetBuilder, readers: Readonly<Partial<Record<Role, FieldReader>>>, name: string) {
  return (row: unknown, index: number): void => {
    const read = <T>(role: Role, convert: (value: unknown) => T | undefined): T | undefined => {
      const reader = readers[role];
      if (!reader) return undefined;
      const value = reader(row, index);
      const converted = convert(value);
      if (converted === undefined) refuse(name, index, role, value);
      return converted;
    };
    const user = read('user', idOf)!;
    const item = read('item', idOf)!;
    const value = read('value', floatOf);
    const time = read('time', timeOf);
    const part = read('part', partOf);
    try {
      builder.add(user, item, value, time, part);
    } catch (error) {
      throw new DataError((error as Error).message, { source: `${name}[${index}]` });
    }
  };
}

function refuse(name: string, index: number, role: Role, found: unknown): never {
  throw new DataError(`expected ${EXPECTED[role]}, as the ${role}; found ${check.describe(found)}`, { source: `${name}[${index}]` });
}
