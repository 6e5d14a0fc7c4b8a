// Which items may be in a list: by id (--exclude, --candidates), and by what a table says of them (--where).

import { DataError } from '../base/errors.ts';
import { plainName, USUAL_NAMES } from '../formats/columns.ts';
import type { Model } from '../model/model.ts';
import type { Arguments, Flag } from './flags.ts';
import { COLUMN_FLAG, idsGiven, recordsIn } from './lists.ts';
import { didYouMean } from './suggest.ts';
import { UsageError } from './usage.ts';

export const FILTER_FLAGS: readonly Flag[] = [
  { name: 'exclude', takes: 'A,B|@FILE', many: true, doc: 'Items that must not be ranked.' },
  { name: 'candidates', takes: 'A,B|@FILE', many: true, doc: 'Rank only these items.' },
  {
    name: 'where',
    takes: 'CONDITION',
    many: true,
    doc:
      "Rank only items of which the table says so: 'category=Drama', 'category!=Drama', 'genres~Drama' (one of those that | parts), " +
      "'year>=1990' (also >, <, <=). Several hold together.",
  },
  {
    name: 'items-table',
    takes: 'FILE',
    doc: 'The table that --where looks into: CSV or TSV with a header, one of its columns the item (item, item_id, id, …).',
  },
  COLUMN_FLAG,
];

/** What the flags say, as `recommend` takes it. */
export async function itemFilter(args: Arguments, model: Model): Promise<{ exclude?: string[]; candidates?: string[] }> {
  const exclude = await idsGiven(args, 'exclude');
  const named = await idsGiven(args, 'candidates');
  const table = args.text('items-table');
  if (!args.has('where')) {
    if (args.given('items-table')) throw new UsageError('--items-table is looked into by --where, which is not given');
    return { ...(exclude && { exclude }), ...(named && { candidates: named }) };
  }
  if (table === undefined) throw new UsageError('--where needs --items-table FILE, a table of what is known of items');
  const fitting = await itemsWhere(table, args.all('where'));
  const chosen = named ? named.filter((id) => fitting.has(id)) : [...fitting].filter((id) => model.items.indexOf(id) >= 0);
  if (chosen.length === 0) {
    const what = fitting.size === 0 ? 'no item' : `${fitting.size} items, none of which may be ranked`;
    throw new DataError(`${args.all('where').join(' and ')} leaves nothing to rank: ${what} in the table`, { source: table });
  }
  return { ...(exclude && { exclude }), candidates: chosen };
}

const TESTS: Readonly<Record<string, (found: string, wanted: string) => boolean>> = {
  '=': (found, wanted) => found === wanted,
  '!=': (found, wanted) => found !== wanted,
  '~': (found, wanted) => found.split('|').some((part) => part.trim() === wanted),
  '>=': (found, wanted) => Number(found) >= Number(wanted),
  '<=': (found, wanted) => Number(found) <= Number(wanted),
  '>': (found, wanted) => Number(found) > Number(wanted),
  '<': (found, wanted) => Number(found) < Number(wanted),
};

/** Ids of the rows that meet all conditions. */
async function itemsWhere(path: string, conditions: readonly string[]): Promise<Set<string>> {
  const { columns, rows } = await recordsIn(path);
  const item = itemColumn(columns, path);
  const tests = conditions.map((text) => {
    const [, name, sign, wanted] = /^(.+?)\s*(>=|<=|!=|=|~|>|<)\s*(.*)$/s.exec(text) ?? [];
    if (sign === undefined) throw new UsageError(`--where expected COLUMN=VALUE (also !=, ~, >=, <=, >, <), got ${JSON.stringify(text)}`);
    const at = columns.indexOf(name);
    if (at < 0)
      throw new UsageError(
        `--where: ${path} has no column ${JSON.stringify(name)}${didYouMean(name, columns)}; it has ${columns.join(', ')}`,
      );
    if (/[<>]/.test(sign) && (wanted.trim() === '' || Number.isNaN(Number(wanted))))
      throw new UsageError(`--where ${name}${sign} expected a number, got ${JSON.stringify(wanted)}`);
    // A cell that holds nothing is no number: it is neither above nor below one.
    return (row: readonly string[]): boolean => (!/[<>]/.test(sign) || row[at].trim() !== '') && TESTS[sign](row[at], wanted);
  });
  return new Set(rows.filter((row) => tests.every((test) => test(row))).map((row) => row[item]));
}

function itemColumn(columns: readonly string[], path: string): number {
  const plain = columns.map(plainName);
  const at = plain.findIndex((name) => USUAL_NAMES.item.includes(name));
  const found = at >= 0 ? at : plain.indexOf('id');
  if (found < 0)
    throw new DataError(`expected a header with a column of items (item, item_id, id, …), found ${columns.join(', ')}`, { source: path });
  return found;
}
