// lethe similar: the items nearest to an item.
import { similarItems } from '../../model/recommend.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel } from '../files.ts';
import { itemTable } from '../terminal.ts';

export const similar: Command = {
  name: 'similar',
  summary: 'The items that are nearest to an item.',
  usage: 'MODEL [DATA] --item ID [-k 10]',
  operands: [1, 2],
  flags: [
    { name: 'item', takes: 'ID', required: true, doc: 'The item, by the id that the model was trained with.' },
    { name: 'k', short: 'k', takes: 'K', default: '10', doc: 'Length of the list.' },
    ...DATA_FLAGS,
  ],
  notes: 'DATA is needed for titles only.',
  async run(context) {
    const { args, terminal } = context;
    const [modelPath, dataPath] = args.operands;
    const item = args.required('item');
    const k = args.integer('k', 10, { min: 1 });
    const model = await readModel(modelPath);
    const titles = dataPath === undefined ? undefined : (await openData(context, dataPath, model)).alignTo(model.users, model.items).titles;
    const items = similarItems(model, item, { k, titles });
    terminal.result({ item, items }, itemTable(items));
  },
};
