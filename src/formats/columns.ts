// Columns of tables with a header: which one is the user, the item, the value, the time; and reading rows by them.
// Names are recognised whatever their case and separators; what is not recognised must be named by the caller.

import { DataError, type DataPlace } from '../base/errors.ts';
import type { ColumnPositions } from './plain-rows.ts';

/** What a column can stand for. */
export type ColumnRole = Exclude<keyof ColumnPositions, 'like'>;
/** Columns that the user gives, by name or by number from 1; an empty name leaves a column out. */
export type ColumnNames = Partial<Record<'user' | 'item' | 'value' | 'time', string | number>>;

/** The same as text. */
export type GivenColumns = Partial<Record<'user' | 'item' | 'value' | 'time', string>>;

/** Usual names, lower case and without `_`, `-`, `.` and blanks. */
export const USUAL_NAMES: Record<ColumnRole, readonly string[]> = {
  user: ['user', 'userid', 'uid', 'users', 'username', 'reviewerid', 'customer', 'customerid', 'visitorid', 'sessionid', 'playerid'],
  item: [
    'item',
    'itemid',
    'iid',
    'items',
    'movie',
    'movieid',
    'product',
    'productid',
    'parentasin',
    'asin',
    'book',
    'bookid',
    'isbn',
    'artist',
    'artistid',
    'track',
    'trackid',
    'song',
    'songid',
    'game',
    'gameid',
    'business',
    'businessid',
    'article',
    'articleid',
    'newsid',
    'videoid',
  ],
  value: [
    'value',
    'rating',
    'ratings',
    'score',
    'stars',
    'overall',
    'weight',
    'count',
    'plays',
    'playcount',
    'listeningcount',
    'confidence',
    'bookrating',
    'clicks',
  ],
  time: ['time', 'timestamp', 'ts', 'unixtime', 'unixreviewtime'],
  part: ['xlabel'],
};

const ROLES: readonly ColumnRole[] = ['user', 'item', 'value', 'time', 'part'];

/** A header's name without a `:type` and in the form of the usual names. */
export function plainName(name: string): string {
  return name
    .trim()
    .replace(/:[a-z_]+$/, '')
    .toLowerCase()
    .replace(/[_\-. ]/g, '');
}

/**
 * Finds the columns in a header: by the names given, else by the usual ones.
 * @returns null when the user or the item column is missing and `place` is absent.
 * @throws DataError that says which columns there are.
 */
export function findColumns(header: readonly string[], names: GivenColumns, place: DataPlace): ColumnPositions;
export function findColumns(header: readonly string[], names: GivenColumns, place?: DataPlace): ColumnPositions | null;
export function findColumns(header: readonly string[], names: GivenColumns = {}, place?: DataPlace): ColumnPositions | null {
  const plain = header.map(plainName);
  const taken = new Set<number>();
  const found = { user: -1, item: -1, value: -1, time: -1, part: -1, like: -1 };
  const missing = (role: string, wanted: string): null => {
    if (!place) return null;
    throw new DataError(
      `expected a header with ${wanted} for the ${role}; the columns there are: ${header.map((h) => JSON.stringify(h)).join(', ')}. ` +
        `Name the right one in "columns", as ${role}, or number the columns where the first line is a row`,
      place,
    );
  };
  for (const role of ROLES) {
    const given = role === 'part' ? undefined : names[role];
    if (given === '') {
      if (role === 'user' || role === 'item') return missing(role, 'a column');
      continue;
    }
    if (given !== undefined) {
      found[role] = header.findIndex((name) => name === given || name.trim().replace(/:[a-z_]+$/, '') === given);
      if (found[role] < 0 && /^[1-9][0-9]*$/.test(given) && Number(given) <= header.length) found[role] = Number(given) - 1;
      if (found[role] < 0) return missing(role, `a column ${JSON.stringify(given)}`);
    } else {
      for (const usual of USUAL_NAMES[role]) {
        const at = plain.indexOf(usual);
        if (at >= 0 && !taken.has(at)) {
          found[role] = at;
          break;
        }
      }
      if (found[role] < 0 && (role === 'user' || role === 'item')) return missing(role, `a column such as "${role}" or "${role}Id"`);
    }
    if (found[role] >= 0) taken.add(found[role]);
  }
  return found;
}

/** An id is any text but the empty one. */
export function idOf(text: string, role: 'user' | 'item', source: string, line: number): string {
  const what = role === 'item' ? 'an item' : 'a user';
  if (text === '') throw new DataError(`expected ${what} id, found an empty field`, { source, line });
  if (text.includes('\0'))
    throw new DataError(`expected ${what} id, found the character U+0000 in ${JSON.stringify(text)}`, { source, line });
  return text;
}

/** @throws DataError unless a line has as many fields as were expected. */
export function fieldCount(found: number, expected: number, source: string, line: number): void {
  if (found !== expected) throw new DataError(`expected ${expected} fields, found ${found}`, { source, line });
}
