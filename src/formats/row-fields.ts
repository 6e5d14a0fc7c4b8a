// Which field of a program's rows is what: found by its name, named, or read by a function, for objects, tuples, columns
// and Arrow tables. What could be meant in two ways is refused, as in files.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';

export const ROLES = ['user', 'item', 'value', 'time', 'part'] as const;
export type Role = (typeof ROLES)[number];
/** What the caller says of the fields: a name, a place, a function; null for none. */
export type Said = Readonly<Partial<Record<Role, unknown>>>;
export type FieldReader = (row: any, index: number) => unknown;
type Readers = Readonly<Partial<Record<Role, FieldReader>>>;

/** An Arrow table as far as it is asked: `apache-arrow`'s and whatever else has its form. */
export interface ArrowTable {
  readonly numRows: number;
  getChild(name: any): ArrowVector | null;
  readonly schema?: { readonly fields: readonly { readonly name: unknown }[] };
}
/** A column of an Arrow table, as far as it is read. */
export interface ArrowVector {
  readonly length: number;
  get?(index: number): unknown;
  toArray?(): ArrayLike<unknown>;
  readonly type?: unknown;
}

/** What is walked through, how many there are (0 where that is not known), and how a row's fields are read. */
interface RowSource {
  readonly source: Iterable<unknown> | AsyncIterable<unknown>;
  readonly count: number;
  /** @param first the first row. */
  readonly readers: (first: unknown) => Readers;
}

/** @throws TypeError for what cannot be walked through; DataError for fields that are not there or not clear. */
export function readersOf(rows: unknown, said: Said, name: string): RowSource {
  if (typeof rows !== 'object' || rows === null) return refuse(rows);
  if (isArrow(rows)) return columnRows(new ArrowColumns(rows), said, name);
  if (ArrayBuffer.isView(rows)) return refuse(rows);
  if (Symbol.asyncIterator in rows || Symbol.iterator in rows) {
    return {
      source: rows as Iterable<unknown> | AsyncIterable<unknown>,
      count: Array.isArray(rows) ? rows.length : 0,
      readers: (first) => rowReaders(first, said, name),
    };
  }
  if (Object.prototype.toString.call(rows) !== '[object Object]') return refuse(rows);
  return columnRows(new PlainColumns(rows as Record<string, unknown>), said, name);
}

function refuse(rows: unknown): never {
  throw new TypeError(
    '"rows" expected an array or another iterable of objects or tuples, an object of columns, or an Arrow table; ' +
      `got ${check.describe(rows)}${typeof rows === 'string' ? '; text is read by readDataset' : ''}`,
  );
}

function isArrow(value: object): value is ArrowTable {
  const { numRows, getChild } = value as Partial<ArrowTable>;
  return typeof numRows === 'number' && typeof getChild === 'function';
}

/** Objects by the names of their properties, tuples by place. */
function rowReaders(first: unknown, said: Said, name: string): Readers {
  if (typeof first !== 'object' || first === null)
    throw new DataError(`expected an object or a tuple as a row, found ${check.describe(first)}`, { source: `${name}[0]` });
  const tuple = Array.isArray(first);
  const fields = tuple ? first.map((_, place) => place) : Object.keys(first);
  const find = tuple
    ? (role: Role): number | undefined => (ROLES.indexOf(role) < Math.min(4, first.length) ? ROLES.indexOf(role) : undefined)
    : (role: Role): string | undefined => (role in first && (first as Record<string, unknown>)[role] !== undefined ? role : undefined);
  const isNumber = (field: string | number): boolean => typeof (first as Record<string, unknown>)[field] === 'number';
  const kind = tuple ? 'place' : 'property';
  const chosen = choose({ said, find, has: (field) => field in first, fields, isNumber, kind, source: `${name}[0]`, functions: true });
  const reader = (field: unknown): FieldReader => {
    if (typeof field === 'function') return field as FieldReader;
    return (row, index) => {
      if (typeof row === 'object' && row !== null) return row[field as string];
      throw new DataError(`expected an object or a tuple as a row, found ${check.describe(row)}`, { source: `${name}[${index}]` });
    };
  };
  return mapped(chosen, reader);
}

/** Columns of a table by name. */
interface Columns {
  readonly names: readonly string[];
  column(name: string): { readonly length: number; readonly at: (index: number) => unknown } | undefined;
}

class PlainColumns implements Columns {
  readonly names: readonly string[];
  constructor(readonly columns: Readonly<Record<string, unknown>>) {
    this.names = Object.keys(columns);
  }
  column(name: string) {
    if (!Object.hasOwn(this.columns, name)) return undefined;
    const column = this.columns[name] as ArrayLike<unknown>;
    if (!Array.isArray(column) && (!ArrayBuffer.isView(column) || !('length' in column)))
      throw new TypeError(`column "${name}" expected an array or a typed array, got ${check.describe(column)}`);
    return { length: column.length, at: (index: number) => column[index] };
  }
}

export class ArrowColumns implements Columns {
  constructor(readonly table: ArrowTable) {}
  get names(): readonly string[] {
    return this.table.schema?.fields.map((field) => String(field.name)) ?? [];
  }
  column(name: string) {
    const vector = this.table.getChild(name);
    if (!vector) return undefined;
    const { length } = vector;
    // By `get` where there is one: arrays know no nulls, and hold times, halves and decimals as raw bits.
    const array = typeof vector.get === 'function' ? undefined : vector.toArray?.();
    const at = array ? (index: number) => array[index] : (index: number) => vector.get!(index);
    // Arrow's own times come as milliseconds, whatever unit they are kept in.
    if (!/^(Timestamp|Date)/.test(String(vector.type))) return { length, at };
    return { length, at: (index: number) => inSeconds(at(index)) };
  }
}

const inSeconds = (value: unknown): unknown => (typeof value === 'number' ? value / 1000 : value);

function columnRows(columns: Columns, said: Said, name: string): RowSource {
  const found = new Map<string, NonNullable<ReturnType<Columns['column']>>>();
  const has = (field: unknown): boolean => {
    const column = typeof field === 'string' ? columns.column(field) : undefined;
    if (column) found.set(field as string, column);
    return column !== undefined;
  };
  const isNumber = (field: string | number): boolean => has(field) && typeof found.get(String(field))!.at(0) === 'number';
  const find = (role: Role): string | undefined => (has(role) ? role : undefined);
  const chosen = choose({ said, find, has, fields: columns.names, isNumber, kind: 'column', source: name, functions: false });
  const count = found.get(chosen.user as string)!.length;
  for (const field of Object.values(chosen)) {
    const { length } = found.get(field as string)!;
    if (length === count) continue;
    throw new DataError(`expected columns of one length, found ${count} in "${chosen.user}" and ${length} in "${field}"`, { source: name });
  }
  const readers = mapped(chosen, (field) => {
    const { at } = found.get(field as string)!;
    return (_, index) => at(index);
  });
  return {
    source: (function* () {
      for (let index = 0; index < count; index++) yield index;
    })(),
    count,
    readers: () => readers,
  };
}

type Chosen = Partial<Record<Role, unknown>>;

interface Choice {
  readonly said: Said;
  /** The field that has a role where nothing is said. */
  readonly find: (role: Role) => string | number | undefined;
  readonly has: (field: any) => boolean;
  readonly fields: readonly (string | number)[];
  readonly isNumber: (field: string | number) => boolean;
  /** What a field is called. */
  readonly kind: string;
  readonly source: string;
  /** Whether a function may read a field. */
  readonly functions: boolean;
}

/** Settles which field has which role. */
function choose({ said, find, has, fields, isNumber, kind, source, functions }: Choice): Chosen {
  const chosen: Chosen = {};
  const listed = fields.map((field) => JSON.stringify(field)).join(', ');
  for (const role of ROLES) {
    const field = said[role] === undefined ? find(role) : said[role];
    if (field === undefined || field === null) {
      if (role !== 'user' && role !== 'item') continue;
      throw new DataError(`expected a ${kind} for the ${role}, found ${listed || 'none'}; name the right one, as ${role}`, { source });
    }
    if (typeof field === 'function') {
      if (!functions) throw new TypeError(`"${role}" expected the name of a column, got a function`);
    } else if (typeof field !== 'string' && typeof field !== 'number') {
      throw new TypeError(`"${role}" expected a ${kind} by name${functions ? ', or a function' : ''}, got ${check.describe(field)}`);
    } else if (!has(field)) {
      throw new DataError(`expected a ${kind} ${JSON.stringify(field)} for the ${role}, found ${listed || 'none'}`, { source });
    }
    chosen[role] = field;
  }
  if (said.value === undefined && chosen.value === undefined) requireClearValue(chosen, fields, isNumber, source);
  return chosen;
}

/** Values of 1 are for rows that have no numbers beside. */
function requireClearValue(
  chosen: Chosen,
  fields: readonly (string | number)[],
  isNumber: (field: string | number) => boolean,
  source: string,
): void {
  // What a function reads is not known.
  if (Object.values(chosen).some((field) => typeof field === 'function')) return;
  const taken = Object.values(chosen);
  const candidate = fields.find((field) => !taken.includes(field) && isNumber(field));
  if (candidate === undefined) return;
  throw new DataError(
    `values may be in ${JSON.stringify(candidate)}, or nowhere; say value: ${JSON.stringify(candidate)}, or value: null where ` +
      'there are none',
    { source },
  );
}

const mapped = (chosen: Chosen, reader: (field: unknown) => FieldReader): Readers =>
  Object.fromEntries(Object.entries(chosen).map(([role, field]) => [role, reader(field)]));
