// The commands that can be handed over to Spark: what each asks for, what it cannot have there, and what it shows of the report.
import { UNSEEN_SHARE } from '../data/split.ts';
import type { ForgetRequest } from '../forget/request.ts';
import { ON_COLD } from '../model/recommend.ts';
import type { Context } from './command.ts';
import { requireWritable } from './files.ts';
import type { Arguments } from './flags.ts';
import { addressOf, outOf, placeOf, runOnSpark } from './on-spark.ts';
import { fields, forgottenText, itemTable, secondsText, table } from './terminal.ts';
import { UsageError } from './usage.ts';

function without(args: Arguments, ...flags: string[]): void {
  const given = flags.find((name) => args.has(name));
  if (given) throw new UsageError(`--${given} does not go together with --on`);
}

/** The place of `--out`, checked before the work begins. */
async function writableOut(args: Arguments): Promise<Record<string, unknown>> {
  const path = args.required('out');
  const out = outOf(path);
  if (!out.shards) await requireWritable('--out', path);
  return out;
}

export async function trainOnSpark(context: Context, kind: string): Promise<void> {
  const { args, terminal } = context;
  const address = addressOf(args.required('on'));
  if (kind !== 'als') throw new UsageError(`--on trains als, got --model ${kind}`);
  without(args, 'checkpoint', 'checkpoint-every', 'profile', 'titles');
  const out = await writableOut(args);
  const given = {
    split: args.text('split'),
    splitSeed: args.seed,
    unseenUsers: args.number('unseen-users', UNSEEN_SHARE),
    unseenItems: args.number('unseen-items', UNSEEN_SHARE),
    duplicates: args.text('duplicates'),
    likes: args.text('likes'),
  };
  const result = await runOnSpark(context, address, args.operands[0], { command: 'train', options: { ...args.options(), ...given }, out });
  const shown = ['users', 'items', 'interactions'].map((name) => [name, result[name]] as const);
  terminal.result(
    result,
    fields([['model', kind], ['on', address], ...shown, ['time', secondsText(result.seconds as number)], ...lastOf(result, 'digest')]),
  );
}

const lastOf = (result: Record<string, unknown>, ...names: string[]): [string, unknown][] => [
  ...names.map((name): [string, unknown] => [name, result[name]]),
  ['saved', result.out],
];

/** Options of unlearn-als that it has on Spark too. */
const OPTIONS = ['way', 'passes', 'tolerance', 'local'];

export async function forgetOnSpark(context: Context, method: string, request: ForgetRequest): Promise<void> {
  const { args, terminal } = context;
  const address = addressOf(args.required('on'));
  if (method !== 'retrain' && method !== 'unlearn-als')
    throw new UsageError(`--on forgets by retrain or unlearn-als, got --method ${method}`);
  without(args, 'retain-out', 'modality', 'of-items', 'titles');
  if (args.text('positions') === 'kept') throw new UsageError('--positions kept does not go together with --on');
  const given = Object.entries(args.options()).filter(([, value]) => value !== undefined && value !== false);
  const strange = given.find(([name]) => !OPTIONS.includes(name));
  if (strange) throw new UsageError(`the option ${strange[0]} of ${method} does not go together with --on`);
  const { local, ...options } = Object.fromEntries(given);
  const out = await writableOut(args);
  const [model, data] = args.operands;
  const report = await runOnSpark(context, address, data, {
    command: 'forget',
    model: placeOf(model),
    request: { ...request, ...options, method: local ? 'local' : method, ignore_unknown: args.on('ignore-unknown') },
    out,
  });
  terminal.result(
    report,
    fields([
      ['method', `${method} (${report.exactness})`],
      ['on', address],
      ['forgotten', forgottenText(report.forgotten as Parameters<typeof forgottenText>[0])],
      ['time', secondsText(report.seconds as number)],
      ...lastOf(report, 'digestBefore', 'digestAfter'),
    ]),
  );
}

export async function recommendOnSpark(context: Context): Promise<void> {
  const { args, terminal } = context;
  const address = addressOf(args.required('on'));
  without(args, 'users', 'history', 'out', 'exclude', 'candidates', 'where', 'on-unknown');
  const user = args.required('user');
  const [model, data] = args.operands;
  if (data === undefined) throw new UsageError('recommend --on expected MODEL DATA');
  const report = await runOnSpark(context, address, data, {
    command: 'recommend',
    model: placeOf(model),
    users: [user],
    k: args.integer('k', 10, { min: 1 }),
    includeSeen: args.on('include-seen'),
    onCold: args.oneOf('on-cold', ON_COLD) ?? 'popular',
  });
  terminal.result(report, itemTable(report.items as { item: string; score: number }[]));
}

export async function evaluateOnSpark(context: Context, address: string, part: string, k: readonly number[]): Promise<void> {
  const { args, terminal } = context;
  const [model, data] = args.operands;
  const report = await runOnSpark(context, address, data, { command: 'evaluate', model: placeOf(model), part, k });
  const names = [...new Set(Object.keys(report).flatMap((key) => (key.includes('@') ? [key.split('@')[0]] : [])))];
  const rows = names.map((name) => [name, ...k.map((cutoff) => report[`${name}@${cutoff}`])]);
  terminal.result(report, `als on ${part}, ${report.users} users\n\n${table(['metric', ...k.map((cutoff) => `@${cutoff}`)], rows)}`);
}
