// lethe recommend: the best items for a user, for many of them, or for somebody who is not in the model.

import type { Model } from '../../model/model.ts';
import { isCold } from '../../model/popular.ts';
import { ON_COLD, ON_UNKNOWN, type RecommendOptions, recommend as recommendTo } from '../../model/recommend.ts';
import { recommendMany } from '../../model/recommend-many.ts';
import { recommendFor } from '../../newcomers/recommend-for.ts';
import type { Command, Context } from '../command.ts';
import { DATA_FLAGS, openTrainedData } from '../data.ts';
import { readModel, requireWritable, writeWhole } from '../files.ts';
import { FILTER_FLAGS, itemFilter } from '../item-filter.ts';
import { listsContent, type NamedList } from '../list-tables.ts';
import { idsGiven, idsOf } from '../lists.ts';
import { ON_FLAG, SPARK_FLAGS } from '../on-spark.ts';
import { recommendInStore } from '../recommend-in-store.ts';
import { recommendOnSpark } from '../spark-commands.ts';
import { isStore, suppressedItems, suppressedUsers } from '../store.ts';
import { tableKind } from '../table-files.ts';
import { count, fields, itemTable } from '../terminal.ts';
import { UsageError } from '../usage.ts';

const WHOM = ['user', 'users', 'history'] as const;

export const recommend: Command = {
  name: 'recommend',
  summary: 'The best items for a user, for many users, or for somebody who is not in the model.',
  usage: 'MODEL [DATA]|STORE --user ID | --users all|A,B|@FILE [--out FILE] | --history A,B,C [-k 10]',
  operands: [1, 2],
  flags: [
    { name: 'user', takes: 'ID', doc: 'The user, by the id that DATA has.' },
    { name: 'users', takes: 'all|A,B|@FILE', many: true, doc: 'Many users: all of the model, a list, or a file of ids.' },
    { name: 'history', takes: 'A,B|@FILE', many: true, doc: 'Items of somebody who is not in the model, in place of a user.' },
    { name: 'out', takes: 'FILE', doc: 'Write the lists of --users to FILE, which ends in .csv, .ndjson or .parquet.' },
    { name: 'k', short: 'k', takes: 'K', default: '10', doc: 'Length of the list.' },
    {
      name: 'on-cold',
      takes: 'WAY',
      default: 'popular',
      doc: `What somebody without training rows is served: ${ON_COLD.join(', ')}.`,
    },
    {
      name: 'on-unknown',
      takes: 'WAY',
      default: 'throw',
      doc: `What happens to ids of --users that the model does not know: ${ON_UNKNOWN.join(', ')}. Of a history, skip leaves items out.`,
    },
    { name: 'include-seen', doc: 'Rank items too that the user has interacted with.' },
    { ...ON_FLAG, doc: 'Rank on Spark: an address as in `lethe train`.' },
    ...SPARK_FLAGS,
    ...FILTER_FLAGS,
    ...DATA_FLAGS,
  ],
  notes: 'DATA is needed for users; for a history it brings titles.',
  async run(context) {
    const { args } = context;
    if (args.has('on')) return recommendOnSpark(context);
    const [modelPath, dataPath] = args.operands;
    const [whom, ...more] = WHOM.filter((flag) => args.has(flag));
    if (whom === undefined || more.length > 0)
      throw new UsageError(`expected one of ${WHOM.map((flag) => `--${flag}`).join(', ')}${whom ? ', got several' : ''}`);
    const out = args.text('out');
    if (out !== undefined) {
      if (whom !== 'users') throw new UsageError('--out is for the lists of --users');
      tableKind('--out', out);
      await requireWritable('--out', out);
    }
    const stored = dataPath === undefined && isStore(modelPath);
    if (dataPath === undefined && whom !== 'history' && !stored)
      throw new UsageError(`recommend expected MODEL DATA, got ${JSON.stringify(modelPath)}`);
    const k = args.integer('k', 10, { min: 1 });
    const onCold = args.oneOf('on-cold', ON_COLD);
    const onUnknown = args.oneOf('on-unknown', ON_UNKNOWN);
    if (stored && whom === 'user' && !FILTER_FLAGS.some(({ name }) => args.has(name)))
      return recommendInStore(context, { k, ...(onCold && { onCold }) });
    const model = await readModel(modelPath);
    const filter = withoutSuppressed(model, await itemFilter(args, model));
    const data = dataPath === undefined && !stored ? undefined : (await openTrainedData(context, dataPath, model)).train;
    const options = { k, data, includeSeen: args.on('include-seen'), ...(onCold && { onCold }), ...filter };
    if (whom === 'user') return forOne(context, model, options);
    if (whom === 'history') return forHistory(context, model, options, onUnknown === 'skip');
    return forMany(context, model, { ...options, ...(onUnknown && { onUnknown }) }, out);
  },
};

/** Items that are being forgotten are in no list, whatever was asked for. */
function withoutSuppressed<F extends { exclude?: string[] }>(model: Model, filter: F): F {
  const gone = suppressedItems(model);
  return gone.length === 0 ? filter : { ...filter, exclude: [...(filter.exclude ?? []), ...gone] };
}

function forOne({ args, terminal }: Context, model: Model, options: RecommendOptions): void {
  const user = args.required('user');
  const items = (suppressedUsers(model).has(user) ? [] : recommendTo(model, user, options)).map(({ cold: _, ...item }) => item);
  const cold = isCold(options.data!, model.users.indexOf(user));
  if (cold)
    terminal.note(
      `user ${JSON.stringify(user)} has no training rows: ` +
        `${options.onCold === 'empty' ? 'nothing is served' : 'the most popular items are served'}`,
    );
  terminal.result({ user, ...(cold && { cold }), items }, itemTable(items));
}

async function forHistory({ args, terminal }: Context, model: Model, options: RecommendOptions, ignoreUnknown: boolean): Promise<void> {
  const history = (await idsGiven(args, 'history'))!;
  const items = recommendFor(model, history, { ...options, ignoreUnknown, seed: args.seed });
  const unknown = history.filter((id) => model.items.indexOf(id) < 0);
  if (unknown.length > 0)
    terminal.note(`passed over ${count(unknown.length, 'item')} of the history that the model does not know: ${unknown[0]}`);
  terminal.result({ history, items }, itemTable(items));
}

async function forMany(context: Context, model: Model, options: RecommendOptions, out: string | undefined): Promise<void> {
  const { args, terminal, signal } = context;
  const asked = await usersAsked(context);
  // Who is being forgotten gets no list.
  const gone = suppressedUsers(model);
  const users = gone.size === 0 ? asked : (asked === 'all' ? [...model.users] : asked).filter((id) => !gone.has(id));
  const lists = recommendMany(model, users, { ...options, signal, onProgress: terminal.progress, threads: args.threads });
  const figures = { users: 0, skipped: 0, cold: 0, rows: 0 };
  const counted = async function* (): AsyncGenerator<NamedList> {
    for await (const { user, items } of lists) {
      if (items.length === 0 && model.users.indexOf(user) < 0) figures.skipped++;
      else figures.users++;
      if (items[0]?.cold) figures.cold++;
      figures.rows += items.length;
      yield { of: user, items };
    }
  };
  const tell = (): void => {
    if (figures.skipped > 0) terminal.note(`passed over ${count(figures.skipped, 'user')} whom the model does not know`);
    if (figures.cold > 0) terminal.note(`${count(figures.cold, 'user')} without training rows: the most popular items are served`);
  };
  if (out === undefined) {
    const found: NamedList[] = [];
    for await (const list of counted()) found.push(list);
    tell();
    terminal.result(
      { ...figures, lists: found.map(({ of, items }) => ({ user: of, items })) },
      found.map(({ of, items }) => `user ${of}\n${itemTable(items)}`).join('\n\n'),
    );
    return;
  }
  const titled = options.data!.titles.size > 0;
  await writeWhole(new Map([[out, await listsContent(tableKind('--out', out), 'user', titled, counted())]]));
  tell();
  terminal.result({ ...figures, k: options.k, out }, fields([...Object.entries(figures), ['saved', out]]));
}

/** Of `all` and a file that is called so, the word means all. */
async function usersAsked({ args }: Context): Promise<readonly string[] | 'all'> {
  const given = args.all('users');
  if (given.includes('all')) {
    if (given.length > 1) throw new UsageError('--users all stands alone');
    return 'all';
  }
  const ids: string[] = [];
  for (const text of given) for (const id of await idsOf('--users', text, args.text('column'))) ids.push(id);
  return ids;
}
