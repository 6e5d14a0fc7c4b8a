// lethe evaluate: a model on the held-out part of its own split.

import * as check from '../../base/check.ts';
import { DataError } from '../../base/errors.ts';
import { evaluateAsync, type MetricMeans } from '../../model/evaluate.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openTrainedData } from '../data.ts';
import { readModel } from '../files.ts';
import { type Arguments, asUsage } from '../flags.ts';
import { listOf } from '../lists.ts';
import { isAddress, SPARK_FLAGS } from '../on-spark.ts';
import { evaluateOnSpark } from '../spark-commands.ts';
import { count, table } from '../terminal.ts';
import { UsageError } from '../usage.ts';

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Rank all items for users with held-out interactions, and count hits.',
  usage: 'MODEL DATA|STORE [-k 20] [--on test|validation]',
  operands: [1, 2],
  flags: [
    { name: 'k', short: 'k', takes: 'K', default: '20', doc: 'Length of the lists; several as 10,20.' },
    {
      name: 'on',
      takes: 'PART',
      many: true,
      default: 'test',
      doc: 'The part to evaluate on: test or validation. Also where: an address of Spark as in `lethe train`, --on test --on local[4].',
    },
    ...SPARK_FLAGS,
    ...DATA_FLAGS,
  ],
  async run(context) {
    const { args, terminal, signal } = context;
    const [modelPath, dataPath] = args.operands;
    const cutoffs = (await listOf('-k', args.text('k') ?? '20')).map((text) =>
      asUsage(() => check.integer('-k', Number(text), { min: 1 })),
    );
    const on = partOf(args);
    const address = args.all('on').find(isAddress);
    if (address) return evaluateOnSpark(context, address, on, cutoffs);
    const model = await readModel(modelPath);
    const { train, validation, test } = await openTrainedData(context, dataPath, model);
    const positives = on === 'test' ? test : validation;
    if (positives.interactions === 0) {
      throw new DataError(
        `nothing is left to evaluate on: the model was trained ` +
          `${train.split.rule === 'all' ? 'on all rows of the data' : `with the split ${train.split.rule}, which has no ${on} part`}; ` +
          'train with --split per-user:0.8,0.1,0.1 to hold rows out',
        { source: dataPath ?? modelPath },
      );
    }
    const metrics = await evaluateAsync(model, train, positives, {
      k: cutoffs,
      mask: on === 'test' ? [validation] : [],
      threads: args.threads,
      signal,
      onProgress: terminal.progress,
    });
    const names = [
      ...new Set(
        Object.keys(metrics)
          .filter((key) => key.includes('@'))
          .map((key) => key.split('@')[0]),
      ),
    ];
    const { cold, coldUsers, rmse, mae } = metrics;
    const rowsOf = (means: MetricMeans): (string | number)[][] =>
      names.map((name) => [name, ...cutoffs.map((k) => means[`${name}@${k}` as 'recall@20'])]);
    const head = ['metric', ...cutoffs.map((k) => `@${k}`)];
    const errors = rmse === null || mae === null ? '' : `\n\nerror of held-out values: rmse ${rmse.toFixed(4)}, mae ${mae.toFixed(4)}`;
    const coldText =
      cold === null
        ? ''
        : `\n\n${count(coldUsers, 'user')} without training rows, served the most popular items\n\n${table(head, rowsOf(cold))}`;
    terminal.result(
      { model: model.kind.name, on, ...metrics },
      `${model.kind.name} on ${on}, ${metrics.users} users\n\n${table(head, rowsOf(metrics))}${errors}${coldText}`,
    );
  },
};

/** The part that `--on` names, beside an address. */
function partOf(args: Arguments): 'test' | 'validation' {
  const [part = 'test', ...more] = args.all('on').filter((text) => !isAddress(text));
  if (more.length > 0) throw new UsageError('--on is given twice');
  return asUsage(() => check.oneOf('--on', part, ['test', 'validation'] as const));
}
