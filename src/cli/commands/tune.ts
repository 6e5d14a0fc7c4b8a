// lethe tune: the settings of models, found on validation data; test data are opened once, for the winner.

import { DataError } from '../../base/errors.ts';
import type { OptionValue } from '../../base/options.ts';
import { splitDataset } from '../../data/split.ts';
import { defaultMethod } from '../../forget/default-method.ts';
import { evaluate } from '../../model/evaluate.ts';
import { METRICS, type MetricName } from '../../model/metrics.ts';
import type { ModelKind } from '../../model/model.ts';
import { MODELS, type ModelName } from '../../models/index.ts';
import { withTeam } from '../../threads/team.ts';
import { type FrontRow, front } from '../../tune/front.ts';
import { tune as search, type Trial, type Tuned } from '../../tune/tune.ts';
import { UNLEARNERS } from '../../unlearn/index.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { requireWritable, writeWhole } from '../files.ts';
import { type Arguments, asUsage, kebab } from '../flags.ts';
import { listOf } from '../lists.ts';
import { bytesText, fields, secondsText, table } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { modelKind } from './train.ts';

const SPLIT = 'per-user:0.8,0.1,0.1';

export const tune: Command = {
  name: 'tune',
  summary: 'Search the settings of models on validation data.',
  usage: 'DATA --model A,B [--budget 10m] [--trials N] [--out BEST.json]',
  operands: [1, 1],
  flags: [
    { name: 'model', takes: 'A,B', required: true, doc: `Kinds to search among: ${Object.keys(MODELS).join(', ')}.` },
    { name: 'budget', takes: 'TIME', default: '10m', doc: 'No training begins after that, such as 90s, 10m or 2h; none with --trials.' },
    {
      name: 'trials',
      takes: 'N',
      doc: 'So many trainings, beside the defaults of each kind: the same number and seed repeat every trial.',
    },
    { name: 'metric', takes: 'NAME', default: 'ndcg', doc: `What is searched for: ${Object.keys(METRICS).join(', ')}.` },
    { name: 'k', short: 'k', takes: 'K', default: '20', doc: 'Length of the lists.' },
    { name: 'set', takes: 'KIND.OPTION=VALUE', many: true, doc: 'An option that is set and not searched, such as als.factors=64.' },
    {
      name: 'split',
      takes: 'RULE',
      doc: `What is held out; default: given where DATA brings a split, else ${SPLIT}.`,
    },
    {
      name: 'front',
      doc: 'Measure the best of each kind beside quality too: its size, the time to a list and the time to forget somebody.',
    },
    { name: 'out', takes: 'FILE', doc: 'Write the best settings there, as JSON.' },
    ...DATA_FLAGS,
  ],
  notes: 'Test rows are opened once, for the best settings of all, after the search.',
  async run(context) {
    const { args, terminal, signal } = context;
    const models = (await listOf('--model', args.required('model'))).map((name) => modelKind(name));
    const out = args.text('out');
    if (out !== undefined) await requireWritable('--out', out);
    const trials = args.has('trials') ? args.integer('trials', 1, { min: 1 }) : undefined;
    const seconds = trials === undefined || args.has('budget') ? secondsOf(args.text('budget') ?? '10m') : undefined;
    const metric = args.oneOf('metric', Object.keys(METRICS) as MetricName[]) ?? 'ndcg';
    const k = args.integer('k', 20, { min: 1 });
    const fixed = settings(args, models);
    const data = await openData(context, args.operands[0]);
    const rule = args.text('split') ?? (data.parts ? 'given' : SPLIT);
    const { train, validation, test, ...split } = asUsage(() => splitDataset(data, rule, args.seed));
    if (validation.interactions === 0)
      throw new DataError(`the split ${split.rule} has no validation rows to search on; give one such as --split ${SPLIT}`, {
        source: data.source,
      });
    const started = performance.now();
    const control = { signal, threads: args.threads };
    const tuned = await search(train, validation, {
      ...control,
      onProgress: terminal.progress,
      models,
      trials,
      seconds,
      metric,
      k,
      seed: args.seed,
      fixed,
    });
    const rows = args.on('front')
      ? await front(train, validation, tuned, MODELS, (kind) => UNLEARNERS[defaultMethod(kind)], control)
      : undefined;
    const { best } = tuned;
    const kind = MODELS[best.model as ModelName] as ModelKind;
    const tested = test.interactions > 0 && (await testFigures());
    const settled = { model: best.model, options: best.options, split: rule, [tuned.metric]: best.value };
    const command = commandLine(args.operands[0], best, rule, args);
    if (out !== undefined) await writeWhole(new Map([[out, Buffer.from(`${JSON.stringify(settled, null, 2)}\n`)]]));
    const result = {
      metric: tuned.metric,
      best: { ...settled, effort: best.effort },
      test: tested || null,
      bests: tuned.bests,
      ...(rows && { front: rows }),
      trials: tuned.trials,
      refused: tuned.refused,
      ended: tuned.ended,
      split: { rule: split.rule, seed: split.seed },
      seconds: (performance.now() - started) / 1000,
      command,
      ...(out !== undefined && { out }),
    };
    terminal.result(result, text(result, tuned, rows));

    async function testFigures(): Promise<Readonly<Record<string, number>>> {
      const model = await kind.fit(train, best.options, { ...control, ...(kind.capabilities.includes('gradient') && { validation }) });
      const figures = await withTeam(args.threads, async (team) => evaluate(model, train, test, { k, mask: [validation], team }));
      return Object.fromEntries(Object.entries(figures).filter(([name]) => name.includes('@'))) as Record<string, number>;
    }
  },
};

/** `90`, `90s`, `10m`, `2h`, in seconds. */
function secondsOf(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text.trim());
  const seconds = parts ? Number(parts[1]) * { s: 1, m: 60, h: 3600 }[(parts[2] ?? 's') as 's' | 'm' | 'h'] : 0;
  if (seconds > 0) return seconds;
  throw new UsageError(`--budget expected a time such as 90s, 10m or 2h, got ${JSON.stringify(text)}`);
}

/** `--set als.factors=64`, checked by the option's declaration. */
function settings(args: Arguments, models: readonly ModelKind[]): Record<string, Record<string, OptionValue>> {
  const fixed: Record<string, Record<string, OptionValue>> = {};
  for (const given of args.all('set')) {
    const parts = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(given);
    if (!parts) throw new UsageError(`--set expected KIND.OPTION=VALUE, such as als.factors=64, got ${JSON.stringify(given)}`);
    const [, name, option, text] = parts;
    const kind = models.find((each) => each.name === name);
    if (!kind) throw new UsageError(`--set ${given}: "${name}" is not among the kinds of --model`);
    const declared = Object.entries(kind.options).find(([key]) => key === option || kebab(key) === option);
    if (!declared)
      throw new UsageError(`--set ${given}: ${name} has no option "${option}"; it has ${Object.keys(kind.options).join(', ')}`);
    const [key, spec] = declared as [string, ModelKind['options'][string]];
    fixed[name] = { ...fixed[name], [key]: asUsage(() => spec.check(`--set ${name}.${key}`, parsed(spec.kind, text))) as OptionValue };
  }
  return fixed;
}

function parsed(kind: string, text: string): OptionValue {
  if (kind === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  return kind === 'word' || text.trim() === '' ? text : Number(text);
}

/** The command that trains the best settings. */
function commandLine(path: string, { model, options }: Trial, rule: string, args: Arguments): string {
  const flags = Object.entries(options)
    .filter(([name]) => name !== 'seed')
    .map(([name, value]) => `--${kebab(name)} ${value}`);
  const seed = args.has('seed') ? [`--seed ${args.seed}`] : [];
  const quoted = /^[\w./@:-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  return ['lethe train', quoted, '--model', model, ...flags, '--split', rule, ...seed, '--out', `${model}.lethe`].join(' ');
}

const optionsText = (options: Trial['options']): string =>
  Object.entries(options)
    .filter(([name]) => name !== 'seed')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || 'its defaults';

function text(
  result: {
    readonly test: Readonly<Record<string, number>> | null;
    readonly seconds: number;
    readonly command: string;
    readonly out?: string;
  },
  { metric, best, bests, trials, refused, ended }: Tuned,
  rows?: readonly FrontRow[],
): string {
  const figure = (value: number | null): string => (value === null ? 'failed' : value.toFixed(4));
  const perKind = table(
    ['model', `validation ${metric}`, 'trials', 'settings'],
    bests.map((each) => [
      each.model,
      figure(each.value),
      trials.filter(({ model }) => model === each.model).length,
      optionsText(each.options),
    ]),
  );
  const costs =
    rows &&
    table(
      ['model', metric, 'size', 'a list', 'to forget a user', 'by', 'exactness', 'on the front'],
      rows.map(({ model, value, bytes, list, forget, method, exactness, front: on }) => [
        model,
        value.toFixed(4),
        bytesText(bytes),
        `${(list * 1e6).toFixed(0)} us`,
        forget < 1 ? `${(forget * 1000).toFixed(1)} ms` : secondsText(forget),
        method,
        exactness,
        on ? 'yes' : 'no',
      ]),
    );
  const reasons = { trials: 'all trials done', time: 'the time is over', space: 'nothing new was left to try' };
  const lines = fields([
    ['best', `${best.model}: ${optionsText(best.options)}`],
    [`validation ${metric}`, figure(best.value)],
    [`test ${metric}`, result.test ? figure(result.test[metric]) : 'no test rows'],
    ['ended', `${reasons[ended]}: ${trials.length} trainings in ${secondsText(result.seconds)}`],
    ...refused.map(({ model, reason }) => [`no ${model}`, reason] as const),
    ...(result.out === undefined ? [] : [['saved', result.out] as const]),
  ]);
  return [lines, perKind, ...(costs ? [costs] : []), result.command].join('\n\n');
}
