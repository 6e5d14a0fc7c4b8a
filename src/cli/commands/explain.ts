// lethe explain: which of a user's own items made an item's score.

import { ModelError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Model } from '../../model/model.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openTrainedData } from '../data.ts';
import { readModel } from '../files.ts';
import { table } from '../terminal.ts';

/** What a model that can explain itself offers. */
interface Explaining extends Model {
  explain(data: Dataset, user: string, item: string): { score: number; contributions: { item: string; contribution: number }[] };
}

export const explain: Command = {
  name: 'explain',
  summary: "Which of a user's own items made the score of an item.",
  usage: 'MODEL DATA|STORE --user ID --item ID [-k 10]',
  operands: [1, 2],
  flags: [
    { name: 'user', takes: 'ID', required: true, doc: 'The user.' },
    { name: 'item', takes: 'ID', required: true, doc: 'The item whose score is explained.' },
    { name: 'k', short: 'k', takes: 'K', default: '10', doc: 'How many contributions to show, the largest first.' },
    ...DATA_FLAGS,
  ],
  async run(context) {
    const { args, terminal } = context;
    const [modelPath, dataPath] = args.operands;
    const user = args.required('user');
    const item = args.required('item');
    const k = args.integer('k', 10, { min: 1 });
    const model = await readModel(modelPath);
    if (!('explain' in model)) throw new ModelError(`a model of kind "${model.kind.name}" cannot say what made a score`);
    const { train } = await openTrainedData(context, dataPath, model);
    const { score, contributions } = (model as Explaining).explain(train, user, item);
    const shown = contributions.slice(0, k).map((each) => {
      const title = train.titles.get(train.items.indexOf(each.item));
      return { ...each, ...(title !== undefined && { title }) };
    });
    terminal.result(
      { user, item, score, contributions: shown },
      `score ${score.toFixed(4)}\n\n${table(
        ['item', 'adds', 'title'],
        shown.map(({ item: own, contribution, title }) => [own, contribution, title ?? '']),
      )}`,
    );
  },
};
