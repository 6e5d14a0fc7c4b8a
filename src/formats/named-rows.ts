// Rows whose fields have names and are values already: JSON objects, columns of Parquet and Arrow. Which column is what is
// settled as in a table with a header; what a field holds is taken as a program's values are.

import * as check from '../base/check.ts';
import { DataError, type DataPlace } from '../base/errors.ts';
import { checkId } from '../data/ids.ts';
import { passes } from '../data/likes.ts';
import { EXPECTED, floatOf, idOf, numeric, partOf, timeOf } from './field-values.ts';
import { describeLayout, type Layout, layoutOf, SAMPLED } from './layout.ts';
import type { ReadInput } from './table.ts';

/** Reads a row's field by the number of its column. */
export type ReadField = (column: number) => unknown;

/** Takes rows of one source into its builder. */
export class NamedRows {
  readonly layout: Layout;
  readonly #input: ReadInput;

  /** @param sample the first rows. @throws DataError for columns that are missing or not clear. */
  constructor(input: ReadInput, names: readonly string[], sample: readonly (readonly unknown[])[], place: DataPlace) {
    const records = [names, ...sample.slice(0, SAMPLED).map((row) => row.map(shown))];
    this.#input = input;
    this.layout = layoutOf(records, '', { ...input.said, header: true }, { headless: false, fewest: 2 }, place);
    input.note(describeLayout(this.layout));
  }

  /** @param place of the row, for messages. @throws DataError naming it. */
  take(read: ReadField, place: () => DataPlace): void {
    const { at } = this.layout;
    const { builder, part, said } = this.#input;
    const field = <T>(role: keyof typeof EXPECTED, convert: (value: unknown) => T | undefined): T | undefined => {
      const column = at[role];
      if (column < 0) return undefined;
      const value = read(column);
      const converted = convert(value);
      if (converted !== undefined) return converted;
      throw new DataError(`expected ${EXPECTED[role]}, as the ${role}; found ${check.describe(value)}`, place());
    };
    const user = this.#id('user', field('user', idOf)!, place);
    const item = this.#id('item', field('item', idOf)!, place);
    const value = field('value', (given) => floatOf(numeric(given)));
    const time = field('time', (given) => timeOf(numeric(given)));
    const label = part ?? field('part', (given) => partOf(numeric(given)));
    if (at.like >= 0) {
      const like = floatOf(numeric(read(at.like)));
      if (like === undefined)
        throw new DataError(`expected a finite number as the ${said.likes!.column}, found ${check.describe(read(at.like))}`, place());
      if (!passes(said.likes!, like)) {
        builder.addUser(user);
        builder.addItem(item);
        return;
      }
    }
    builder.add(user, item, value, time, label);
  }

  #id(role: 'user' | 'item', id: string, place: () => DataPlace): string {
    try {
      return checkId(role, id);
    } catch (error) {
      throw new DataError((error as Error).message, place());
    }
  }
}

/** A field as the text that a table would have. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}

/** A value in nested records by the names on the way; a name that holds the points itself comes first. */
export function valueAt(row: unknown, name: string): unknown {
  if (typeof row !== 'object' || row === null) return undefined;
  if (Object.hasOwn(row, name)) return (row as Record<string, unknown>)[name];
  for (let point = name.indexOf('.'); point > 0; point = name.indexOf('.', point + 1)) {
    const head = name.slice(0, point);
    if (!Object.hasOwn(row, head)) continue;
    const found = valueAt((row as Record<string, unknown>)[head], name.slice(point + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names of a record's fields, those of nested records with their names before a point. */
export function namesIn(record: object, before = ''): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    const nested = typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
    return nested ? namesIn(value, `${before}${key}.`) : [before + key];
  });
}
