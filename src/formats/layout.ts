// How a table of delimited text is laid out: its delimiter, whether its first line names the columns, and which column is
// what. Found from the first rows and from what the caller says; refuses what could be meant in two ways.
import { DataError, type DataPlace } from '../base/errors.ts';
import { type LikeRule, VALUE_COLUMN } from '../data/likes.ts';
import { findColumns, type GivenColumns, plainName, USUAL_NAMES } from './columns.ts';
import { type Decimal, looksNumeric } from './numbers.ts';
import type { ColumnPositions } from './plain-rows.ts';

/** What the caller says of a table; what is absent is found out. */
export interface Said {
  readonly columns: GivenColumns;
  readonly delimiter?: string;
  readonly header?: boolean;
  readonly likes?: LikeRule;
  readonly decimal?: Decimal;
}

export interface Layout {
  readonly delimiter: string;
  /** The first line's names; undefined where it is a row as others are. */
  readonly names?: readonly string[];
  readonly at: ColumnPositions;
  readonly width: number;
}

/** Records that are looked at. */
export const SAMPLED = 20;
/** Whole numbers from here on are times in seconds rather than values: 1973. */
const EARLIEST_TIME = 1e8;

const isPosition = (name: string | undefined): boolean => name !== undefined && /^[1-9][0-9]*$/.test(name);
const byNumber = (columns: GivenColumns): boolean =>
  Object.values(columns).some(isPosition) && Object.values(columns).every((name) => name === '' || isPosition(name));

/**
 * @param records the first ones, as fields; one at least.
 * @param style whether a first line is a row where nothing else is said, and how many columns there are then at least.
 * @throws DataError for columns that are missing or not clear.
 */
export function layoutOf(
  records: readonly (readonly string[])[],
  delimiter: string,
  said: Said,
  style: { readonly headless: boolean; readonly fewest: number },
  place: DataPlace,
): Layout {
  const [first] = records;
  const numbered = byNumber(said.columns);
  if (numbered && !style.headless && said.header === undefined && findColumns(first, {}) !== null)
    throw new DataError(
      `columns are given by number, and the first line looks like their names (${listed(first)}); say header yes or no`,
      place,
    );
  const header = said.header ?? !(style.headless || numbered);
  const rows = header ? records.slice(1) : records;
  const at = header ? findColumns(first, said.columns, place) : positions(said.columns, first.length, style.fewest, place);
  requireDistinct(at, place);
  at.like = likeColumn(said.likes, at, header ? first : undefined, first.length, place);
  const layout: Layout = { delimiter, at, width: first.length, ...(header && { names: first }) };
  if (said.columns.value === undefined) requireClearValue(layout, rows, place);
  return layout;
}

/** Columns without names: as they are numbered, else user, item, value, time. */
function positions(columns: GivenColumns, width: number, fewest: number, place: DataPlace): ColumnPositions {
  const found = { user: -1, item: -1, value: -1, time: -1, part: -1, like: -1 };
  const roles = ['user', 'item', 'value', 'time'] as const;
  if (!roles.some((role) => columns[role])) {
    if (width < fewest || width > 4)
      throw new DataError(
        `expected user, item, ${fewest > 2 ? 'value' : 'perhaps value'} and perhaps time, found ${width} fields; number the columns, ` +
          'as in columns user=1,item=2,value=3',
        place,
      );
    roles.slice(0, width).forEach((role, column) => {
      found[role] = columns[role] === '' ? -1 : column;
    });
    return found;
  }
  for (const role of roles) {
    const given = columns[role];
    if (given === undefined || given === '') {
      if (role === 'user' || role === 'item')
        throw new DataError(`expected the number of the ${role} column; number it, as in columns user=1,item=2`, place);
      continue;
    }
    if (!isPosition(given) || Number(given) > width)
      throw new DataError(
        `expected a number from 1 to ${width} as the ${role} column, since no line names the columns, got ${JSON.stringify(given)}`,
        place,
      );
    found[role] = Number(given) - 1;
  }
  return found;
}

function requireDistinct(at: ColumnPositions, place: DataPlace): void {
  const taken = new Map<number, string>();
  for (const [role, column] of Object.entries(at)) {
    if (column < 0) continue;
    const other = taken.get(column);
    if (other !== undefined) throw new DataError(`column ${column + 1} is given as ${other} and as ${role}; they must be two`, place);
    taken.set(column, role);
  }
}

/** The column that a rule about likes looks at, where it is not the value. */
function likeColumn(
  rule: LikeRule | undefined,
  at: ColumnPositions,
  names: readonly string[] | undefined,
  width: number,
  place: DataPlace,
): number {
  if (!rule || rule.column === VALUE_COLUMN) return -1;
  const named = names ? names.findIndex((name) => name === rule.column || plainName(name) === plainName(rule.column)) : -1;
  const column = named < 0 && isPosition(rule.column) && Number(rule.column) <= width ? Number(rule.column) - 1 : named;
  if (column < 0)
    throw new DataError(
      `expected a column ${JSON.stringify(rule.column)} to tell likes by, found ` +
        `${names ? listed(names) : `${width} columns without names`}`,
      place,
    );
  return column === at.value ? -1 : column;
}

/** Refuses rows whose values may be in another column than the one that is taken, or in one that is not. */
function requireClearValue({ names, at, width }: Layout, rows: readonly (readonly string[])[], place: DataPlace): void {
  if (rows.length === 0) return;
  const every = (column: number, test: (text: string) => boolean): boolean =>
    rows.every((row) => row.length !== width || test(row[column]));
  if (!names) {
    const isTime = (text: string): boolean => Number.isInteger(Number(text)) && Number(text) >= EARLIEST_TIME;
    if (at.value >= 0 && every(at.value, isTime))
      throw new DataError(
        `column ${at.value + 1} may be a time or a value; say columns user=${at.user + 1},item=${at.item + 1},time=${at.value + 1} or ` +
          `…,value=${at.value + 1}`,
        place,
      );
    return;
  }
  const usual = names.filter((name) => USUAL_NAMES.value.includes(plainName(name)));
  if (usual.length > 1) throw new DataError(`values may be in ${listed(usual)}; say which in columns, as in value=${usual[0]}`, place);
  if (at.value >= 0) return;
  const taken = Object.values(at);
  const candidates = names.filter((_, column) => !taken.includes(column) && every(column, looksNumeric));
  if (candidates.length > 0)
    throw new DataError(
      `values may be in ${listed(candidates)}, or nowhere; say it in columns: value=${candidates[0]}, or value= where there are none`,
      place,
    );
}

const listed = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

/** Which columns were taken for what, in one line. */
export function describeLayout({ names, at, width }: Layout): string {
  const column = (position: number): string => (names ? JSON.stringify(names[position]) : `column ${position + 1}`);
  const roles = [
    `user = ${column(at.user)}`,
    `item = ${column(at.item)}`,
    at.value < 0 ? 'no value (all 1)' : `value = ${column(at.value)}`,
    at.time < 0 ? 'no time' : `time = ${column(at.time)}`,
    ...(at.part < 0 ? [] : [`part of the split = ${column(at.part)}`]),
    ...(at.like < 0 ? [] : [`likes by ${column(at.like)}`]),
  ];
  const taken = Object.values(at);
  const left = Array.from({ length: width }, (_, position) => position).filter((position) => !taken.includes(position));
  return roles.join(', ') + (left.length > 0 ? `; left out: ${left.map(column).join(', ')}` : '');
}

const DELIMITERS: Readonly<Record<string, string>> = {
  tab: '\t',
  '\\t': '\t',
  comma: ',',
  semicolon: ';',
  bar: '|',
  blank: ' ',
  space: ' ',
};
/** The delimiter that is a run of blanks and tabs; before the first field and after the last there may be some, too. */
export const BLANKS = 'blanks';

/** A delimiter by its name or as it is. @throws RangeError. */
export function delimiterNamed(text: string): string {
  if (text === BLANKS) return BLANKS;
  const delimiter = Object.hasOwn(DELIMITERS, text) ? DELIMITERS[text] : text;
  if (/^([^\w"\r\n.\-+])\1?$/.test(delimiter) && delimiter.charCodeAt(0) < 128) return delimiter;
  throw new RangeError(
    `"delimiter" expected tab, comma, semicolon, bar, blank, blanks (any number of them), or a sign once or twice (as in ::), ` +
      `got ${JSON.stringify(text)}`,
  );
}
