// lethe train: fits a model and saves it.

import { MemoryError } from '../../base/errors.ts';
import type { Dataset, SplitRecord } from '../../data/dataset.ts';
import { type Split, splitDataset, UNSEEN_SHARE } from '../../data/split.ts';
import type { Checkpoint, GradientControl } from '../../gradient/gradient-model.ts';
import { type Certifiable, certifiable } from '../../judge/certifiable.ts';
import { digest } from '../../model/digest.ts';
import type { Model, ModelKind } from '../../model/model.ts';
import { MODELS, type ModelName } from '../../models/index.ts';
import type { MemoryPlan } from '../../wasm/memory.ts';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import type { Command, Context, Peek } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { requireWritable, saveModel } from '../files.ts';
import { asUsage, type Flag, type OptionSet } from '../flags.ts';
import { ON_FLAG, SPARK_FLAGS } from '../on-spark.ts';
import { trainOnSpark } from '../spark-commands.ts';
import { didYouMean } from '../suggest.ts';
import { bytesText, fields, kernelsLine, kernelsOf, secondsText, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';

/** The kind that `--model` names. */
export function modelKind(name: string | undefined): ModelKind {
  const names = Object.keys(MODELS);
  if (name === undefined) throw new UsageError(`--model is missing; there are ${names.join(', ')}`);
  if (!Object.hasOwn(MODELS, name))
    throw new UsageError(`--model expected one of ${names.join(', ')}; got ${JSON.stringify(name)}${didYouMean(name, names)}`);
  return MODELS[name as ModelName];
}

export function modelOptions(peek: Peek): OptionSet | undefined {
  const name = peek('model');
  return name === undefined ? undefined : { what: `model ${name}`, specs: modelKind(name).options };
}

/** What says how a model is trained, and on which rows. */
export const TRAINING_FLAGS: readonly Flag[] = [
  { name: 'model', takes: 'NAME', required: true, doc: `The kind of model: ${Object.keys(MODELS).join(', ')}.` },
  {
    name: 'split',
    takes: 'RULE',
    doc:
      'per-user:0.8,0.1,0.1, leave-one-out, by-time:0.8,0.1,0.1, given (what DATA brings) or all; default: given ' +
      'where DATA brings a split, else all.',
  },
  {
    name: 'unseen-users',
    takes: 'SHARE',
    doc: 'Hold out this share of users as a whole, such as 0.05: no model sees them, and `compare` judges a forgetting beside them.',
  },
  { name: 'unseen-items', takes: 'SHARE', doc: 'The same for items.' },
  {
    name: 'profile',
    takes: 'NAME',
    doc: 'certifiable: look for the regularization whose model can be certified at the smallest loss of validation NDCG (als).',
  },
  ...DATA_FLAGS,
];

export const train: Command = {
  name: 'train',
  summary: 'Fit a model to interactions and save it.',
  usage: 'DATA --model NAME --out MODEL [options of the model]',
  operands: [1, 1],
  flags: [
    { name: 'out', takes: 'MODEL', required: true, doc: 'The file to write.' },
    {
      name: 'checkpoint',
      takes: 'FILE',
      doc: 'Keep a checkpoint in FILE while training by gradients, and go on from it where it is there; removed when training is done.',
    },
    { name: 'checkpoint-every', takes: 'N', default: '10', doc: 'Epochs between two checkpoints.' },
    ...TRAINING_FLAGS,
    ON_FLAG,
    ...SPARK_FLAGS,
  ],
  options: modelOptions,
  async run(context) {
    const { args, terminal } = context;
    const [path] = args.operands;
    const kind = modelKind(args.text('model'));
    if (args.has('on')) return trainOnSpark(context, kind.name);
    profileOf(context, kind);
    const out = args.required('out');
    const checkpoint = args.text('checkpoint');
    const checkpointEvery = args.integer('checkpoint-every', 10, { min: 1 });
    await requireWritable('--out', out);
    if (checkpoint !== undefined) {
      if (!kind.capabilities.includes('gradient'))
        throw new UsageError(`--checkpoint is for models trained by gradients; "${kind.name}" is not`);
      await requireWritable('--checkpoint', checkpoint);
    }
    const { data, parts, model, seconds, found } = await fitted(context, path, {
      ...(checkpoint !== undefined && {
        checkpoint: resumed(checkpoint, terminal),
        checkpointEvery,
        onCheckpoint: (state: Checkpoint) => writeCheckpoint(checkpoint, state),
      }),
    });
    const { train: rows } = parts;
    await saveModel(out, model);
    if (checkpoint !== undefined) removeCheckpoint(checkpoint);
    const result = {
      model: kind.name,
      options: model.options,
      users: model.users.live,
      items: model.items.live,
      interactions: rows.interactions,
      split: rows.split,
      duplicates: data.duplicates,
      seconds,
      threads: model.record.threads,
      digest: await digest(model),
      ...kernelsOf(model),
      out,
      ...(found && { profile: { name: 'certifiable', chosen: found.chosen, best: found.best, price: found.price, trials: found.trials } }),
    };
    terminal.result(
      result,
      fields([
        ['model', kind.name],
        ['users', result.users],
        ['items', result.items],
        [
          'interactions',
          rows.interactions === data.interactions
            ? rows.interactions
            : `${rows.interactions} of ${data.interactions} (split ${splitText(rows.split)})`,
        ],
        ...(found
          ? [
              [
                'regularization',
                `${found.chosen.regularization} (validation NDCG@20 ${found.chosen.ndcg.toFixed(4)}; the certificate costs ` +
                  `${found.price.toFixed(4)})`,
              ] as const,
            ]
          : []),
        ['time', secondsText(seconds)],
        ['digest', result.digest],
        ...kernelsLine(model),
        ['saved', out],
      ]),
    );
  },
};

function profileOf({ args }: Context, { name }: ModelKind): 'certifiable' | undefined {
  const profile = args.oneOf('profile', ['certifiable'] as const);
  if (profile && name !== 'als') throw new UsageError(`--profile certifiable is for als, got ${name}`);
  return profile;
}

/** What `--model` makes of DATA by the flags, and what it was made of. */
export interface Fitted {
  readonly data: Dataset;
  readonly parts: Split;
  readonly model: Model;
  readonly seconds: number;
  readonly found?: Certifiable;
}

/** Reads, splits and trains as TRAINING_FLAGS say. */
export async function fitted(context: Context, path: string, more: GradientControl = {}): Promise<Fitted> {
  const { args, terminal, signal } = context;
  const kind = modelKind(args.text('model'));
  const profile = profileOf(context, kind);
  const data = await openData(context, path);
  const rule = args.text('split') ?? (data.parts ? 'given' : 'all');
  const parts = asUsage(() =>
    splitDataset(data, rule, args.seed, {
      unseenUsers: args.number('unseen-users', UNSEEN_SHARE),
      unseenItems: args.number('unseen-items', UNSEEN_SHARE),
    }),
  );
  const { train: rows, validation } = parts;
  const control = { signal, onProgress: terminal.progress, threads: args.threads };
  const plan = kind.plan?.(rows, args.options(), { threads: args.threads });
  if (plan) {
    if (plan.remedy !== '') throw new MemoryError(plan.bytes, plan.available, plan.remedy);
    terminal.note(`memory: ${planText(plan)}; beside it ${bytesText(arrayBytes(data))} of data`);
  }
  const started = performance.now();
  const found = profile && (await certifiable(rows, validation, args.options(), control));
  const trained = { ...control, ...(validation.interactions > 0 && { validation }), ...more };
  const model = found?.model ?? (await kind.fit(rows, args.options(), trained as GradientControl));
  const seconds = (performance.now() - started) / 1000;
  noteThreads(terminal, args.threads, model);
  return { data, parts, model, seconds, ...(found && { found }) };
}

function splitText({ rule, seed, unseen }: SplitRecord): string {
  const share = (of: 'users' | 'items'): string => (unseen?.[of] ? `, ${unseen[of]} of ${of} unseen` : '');
  return `${rule}, seed ${seed}${share('users')}${share('items')}`;
}

/** Says it where the host had fewer threads to give than were asked for, or the model uses fewer. */
function noteThreads(terminal: Terminal, asked: number | undefined, { kind, record }: Model): void {
  if (typeof record.threads === 'number' && record.threads < (asked ?? 1))
    terminal.note(`${record.threads} of ${asked} threads took part: more are not to be had here, or "${kind.name}" uses no more`);
}

function planText({ bytes, parts, available }: MemoryPlan): string {
  const each = Object.entries(parts)
    .map(([what, part]) => `${what} ${bytesText(part)}`)
    .join(', ');
  return `${bytesText(bytes)} of the ${bytesText(available)} that WebAssembly has (${each})`;
}

function arrayBytes({ userItems: { indptr, indices, data }, times, parts }: Dataset): number {
  return [indptr, indices, data, times, parts].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}

function resumed(path: string, terminal: Terminal): Checkpoint | undefined {
  const state = readCheckpoint(path);
  if (state) terminal.note(`going on from ${path}, after epoch ${state.epoch}`);
  return state;
}
