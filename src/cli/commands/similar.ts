// lethe similar: the items nearest to an item, or to each of many.
import { breathe } from '../../base/breathe.ts';
import { DataError } from '../../base/errors.ts';
import type { Model } from '../../model/model.ts';
import { type Recommended, similarItems } from '../../model/recommend.ts';
import type { Command, Context } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel, requireWritable, writeWhole } from '../files.ts';
import { listsContent, type NamedList } from '../list-tables.ts';
import { COLUMN_FLAG, idsOf } from '../lists.ts';
import { isStore, suppressedItems } from '../store.ts';
import { tableKind } from '../table-files.ts';
import { fields, itemTable } from '../terminal.ts';
import { UsageError } from '../usage.ts';

/** Items between two breaths. */
const AT_ONCE = 16;

export const similar: Command = {
  name: 'similar',
  summary: 'The items that are nearest to an item, or to each of many.',
  usage: 'MODEL [DATA] --item ID | --items all|A,B|@FILE [--out FILE] [-k 10]',
  operands: [1, 2],
  flags: [
    { name: 'item', takes: 'ID', doc: 'The item, by the id that the model was trained with.' },
    { name: 'items', takes: 'all|A,B|@FILE', doc: 'Many items: all of the model, a list, or a file of ids.' },
    { name: 'out', takes: 'FILE', doc: 'Write the lists of --items to FILE, which ends in .csv, .ndjson or .parquet.' },
    { name: 'k', short: 'k', takes: 'K', default: '10', doc: 'Length of the list.' },
    COLUMN_FLAG,
    ...DATA_FLAGS,
  ],
  notes: 'DATA is needed for titles only.',
  async run(context) {
    const { args, terminal } = context;
    const [modelPath, dataPath] = args.operands;
    const out = args.text('out');
    if (args.has('item') === args.has('items')) throw new UsageError('expected one of --item, --items');
    if (out !== undefined) {
      if (!args.has('items')) throw new UsageError('--out is for the lists of --items');
      tableKind('--out', out);
      await requireWritable('--out', out);
    }
    const k = args.integer('k', 10, { min: 1 });
    const model = await readModel(modelPath);
    const titles =
      dataPath === undefined && !isStore(modelPath)
        ? undefined
        : (await openData(context, dataPath, model)).alignTo(model.users, model.items).titles;
    if (args.has('items')) return toMany(context, model, { k, titles }, out);
    const item = args.required('item');
    const items = nearest(model, item, { k, titles });
    terminal.result({ item, items }, itemTable(items));
  },
};

/** Without what a store is to forget. */
function nearest(model: Model, item: string, { k, titles }: SimilarOptions): Recommended[] {
  const gone = suppressedItems(model);
  if (gone.includes(item)) throw new DataError(`item ${JSON.stringify(item)} is not in the model`);
  return similarItems(model, item, { k: k + gone.length, titles })
    .filter(({ item: id }) => !gone.includes(id))
    .slice(0, k);
}

interface SimilarOptions {
  readonly k: number;
  readonly titles?: ReadonlyMap<number, string>;
}

async function toMany(context: Context, model: Model, options: SimilarOptions, out: string | undefined): Promise<void> {
  const { args, terminal, signal } = context;
  const asked = args.required('items');
  const ids =
    asked === 'all'
      ? [...model.items].filter((id) => !suppressedItems(model).includes(id))
      : await idsOf('--items', asked, args.text('column'));
  const figures = { items: 0, rows: 0 };
  const lists = async function* (): AsyncGenerator<NamedList> {
    for (const of of ids) {
      const items = nearest(model, of, options);
      figures.items++;
      figures.rows += items.length;
      yield { of, items };
      if (figures.items % AT_ONCE > 0) continue;
      terminal.progress({ phase: 'similar', done: figures.items, total: ids.length });
      await breathe();
      signal.throwIfAborted();
    }
  };
  if (out === undefined) {
    const found: NamedList[] = [];
    for await (const list of lists()) found.push(list);
    terminal.result(
      { ...figures, lists: found.map(({ of, items }) => ({ item: of, items })) },
      found.map(({ of, items }) => `item ${of}\n${itemTable(items)}`).join('\n\n'),
    );
    return;
  }
  const titled = options.titles !== undefined && options.titles.size > 0;
  await writeWhole(new Map([[out, await listsContent(tableKind('--out', out), 'item', titled, lists())]]));
  terminal.result({ ...figures, k: options.k, out }, fields([...Object.entries(figures), ['saved', out]]));
}
