// lethe recommend: the best items for a user.

import { isCold } from '../../model/popular.ts';
import { ON_COLD, recommend as recommendFor } from '../../model/recommend.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openTrainedData } from '../data.ts';
import { readModel } from '../files.ts';
import { ON_FLAG, SPARK_FLAGS } from '../on-spark.ts';
import { recommendOnSpark } from '../spark-commands.ts';
import { itemTable } from '../terminal.ts';

export const recommend: Command = {
  name: 'recommend',
  summary: 'The best items for a user.',
  usage: 'MODEL DATA --user ID [-k 10] [--include-seen]',
  operands: [2, 2],
  flags: [
    { name: 'user', takes: 'ID', required: true, doc: 'The user, by the id that DATA has.' },
    { name: 'k', short: 'k', takes: 'K', default: '10', doc: 'Length of the list.' },
    {
      name: 'on-cold',
      takes: 'WAY',
      default: 'popular',
      doc: `What somebody without training rows is served: ${ON_COLD.join(', ')}.`,
    },
    { name: 'include-seen', doc: 'Rank items too that the user has interacted with.' },
    { ...ON_FLAG, doc: 'Rank on Spark: an address as in `lethe train`.' },
    ...SPARK_FLAGS,
    ...DATA_FLAGS,
  ],
  async run(context) {
    const { args, terminal } = context;
    if (args.has('on')) return recommendOnSpark(context);
    const [modelPath, dataPath] = args.operands;
    const user = args.required('user');
    const k = args.integer('k', 10, { min: 1 });
    const model = await readModel(modelPath);
    const { train } = await openTrainedData(context, dataPath, model);
    const onCold = args.oneOf('on-cold', ON_COLD) ?? 'popular';
    const found = recommendFor(model, user, { k, data: train, includeSeen: args.on('include-seen'), onCold });
    const items = found.map(({ cold: _, ...item }) => item);
    const cold = isCold(train, model.users.indexOf(user));
    if (cold)
      terminal.note(
        `user ${JSON.stringify(user)} has no training rows: ` +
          `${onCold === 'empty' ? 'nothing is served' : 'the most popular items are served'}`,
      );
    terminal.result({ user, ...(cold && { cold }), items }, itemTable(items));
  },
};
