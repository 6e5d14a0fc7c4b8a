// lethe compare: models side by side on retain, test and forget sets.
import { basename } from 'node:path';
import { forget as forgetRequest, gold as trainGold } from '../../forget/forget.ts';
import { contendersOf } from '../../forget/trained-data.ts';
import { type ComparedModel, type Contender, compare as compareModels } from '../../judge/compare.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel } from '../files.ts';
import { REQUEST_FLAGS, requestOf } from '../request.ts';
import { isStore } from '../store.ts';
import { forgottenText, table } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { METHOD_FLAG, methodNamed, methodOptions } from './forget.ts';

export const compare: Command = {
  name: 'compare',
  summary: 'Stand models side by side after forgetting, beside gold and the noise floor.',
  usage: 'MODEL… DATA|STORE --users A,B … [--gold] [--floor] [--method NAME]',
  operands: [1, Infinity],
  flags: [
    ...REQUEST_FLAGS,
    { name: 'gold', doc: 'Train gold (the same model from scratch on what remains), and measure overlap and distance against it.' },
    {
      name: 'golds',
      takes: 'N',
      doc:
        'Train N golds and N originals, of the next seeds: gradient models need five to be judged by what is left ' +
        'in others. Implies --gold.',
    },
    { name: 'floor', doc: 'Train a second gold with the next seed: how much two retrains differ.' },
    { ...METHOD_FLAG, doc: `${METHOD_FLAG.doc.slice(0, -1)}: run it on the original model too, timed.` },
    { name: 'k', short: 'k', takes: 'K', default: '20', doc: 'Length of the lists.' },
    ...DATA_FLAGS,
  ],
  options: methodOptions,
  notes:
    'The model that was trained on DATA as it is stands in the table as the original; the others must have ' +
    'been made to forget what is named here.',
  async run(context) {
    const { args, terminal, signal } = context;
    const last = args.operands.at(-1)!;
    // A store brings its own model beside its data.
    const stored = isStore(last);
    const paths = stored ? args.operands : args.operands.slice(0, -1);
    if (paths.length === 0) throw new UsageError(`compare expected MODEL DATA or STORE, got ${JSON.stringify(last)}`);
    const k = args.integer('k', 20, { min: 1 });
    const seeds = args.integer('golds', 1, { min: 1, max: 64 });
    const method = args.has('method') ? methodNamed(args.text('method')) : undefined;
    const request = await requestOf(args);
    if (method && !request) throw new UsageError('--method needs something to forget; use --users, --items, --interactions or --modality');
    const saved = await Promise.all(paths.map(readModel));
    const data = await openData(context, stored ? undefined : last, stored ? saved.at(-1) : saved[0]);
    const ignoreUnknown = args.on('ignore-unknown');
    const { original, models, partition, validation, test, unseen } = contendersOf(
      saved.map((model, i) => ({ name: paths[i], model })),
      data,
      request,
      { ignoreUnknown },
    );
    const control = { signal, onProgress: terminal.progress, threads: args.threads, ...(validation.interactions > 0 && { validation }) };

    const contenders: Contender[] = models.map((model, i) => ({ name: i === original ? 'original' : nameOf(paths, i), model }));
    if (method) {
      if (original < 0) throw new UsageError('--method needs the original model among the models');
      const { model, report } = await forgetRequest(models[original], partition.data, request!, {
        ...control,
        method,
        options: args.options(),
        ignoreUnknown,
        digests: false,
      });
      contenders.push({ name: method.name, model, seconds: report.seconds });
    }
    const base = models[Math.max(original, 0)];
    const nextSeed = (n: number): number | undefined => (typeof base.options.seed === 'number' ? (base.options.seed + n) >>> 0 : undefined);
    const timed = async (name: string, seed?: number): Promise<Contender> => {
      const started = performance.now();
      const model = await trainGold(base, partition, { ...control, ...(seed !== undefined && { seed }) });
      return { name, model, seconds: (performance.now() - started) / 1000 };
    };
    const gold = args.on('gold') || args.on('floor') || args.has('golds') ? await timed('gold') : undefined;
    if (gold) contenders.push(gold);
    const drawn = nextSeed(1) !== undefined;
    if ((args.on('floor') || seeds > 1) && !drawn)
      terminal.note(`a model of kind "${base.kind.name}" draws nothing at random: there is one gold, and no floor`);
    const floor = (args.on('floor') || seeds > 1) && drawn ? await timed('floor', nextSeed(1)) : undefined;
    if (floor && args.on('floor')) contenders.push(floor);
    const originals = original < 0 ? [] : [models[original]];
    const golds = [gold, floor].flatMap((trained) => trained?.model ?? []);
    for (let n = 1; n < seeds && drawn && original >= 0; n++) {
      terminal.note(`original and gold ${n + 1} of ${seeds}`);
      if (n > 1) golds.push(await trainGold(base, partition, { ...control, seed: nextSeed(n) }));
      originals.push(await base.kind.fit(partition.data, { ...base.options, seed: nextSeed(n) }, control));
    }
    signal.throwIfAborted();
    const compared = compareModels(contenders, partition, {
      k,
      ...(test.interactions > 0 && { test }),
      mask: [validation],
      gold: gold?.model,
      originals,
      golds,
      ...(unseen.interactions > 0 && { unseen }),
    });
    const { users, items, entries } = partition;
    const forgotten = { users: users.length, items: items.length, interactions: entries.length };
    terminal.result({ models: compared, forgotten, k }, `forgotten: ${forgottenText(forgotten)}\n\n${comparisonTable(compared, k)}`);
  },
};

/** Columns without anything in them are left out; a figure that is null because the original does as well as gold says so. */
export function comparisonTable(models: readonly ComparedModel[], k: number): string {
  const figures = ['influenceLeft', 'membershipAuc', 'membershipTpr@0.01', 'membershipLeft', 'membershipZ'] as const;
  const judged = figures.filter((column) => models.some((row) => row[column] !== null || lacksPower(row, column)));
  const columns = [`recall@${k}`, `ndcg@${k}`, `forgetRecall@${k}`, 'forgetScore', `overlap@${k}`, 'scoreDistance', ...judged, 'seconds'];
  return table(
    ['name', ...columns],
    models.map((row) => [
      row.name,
      ...columns.map((column) => (lacksPower(row, column) ? 'no power' : (row as unknown as Record<string, unknown>)[column])),
    ]),
  );
}

const lacksPower = ({ noPower }: ComparedModel, column: string): boolean => (noPower as readonly string[]).includes(column);

/** The file's name, or its path where names repeat. */
function nameOf(paths: readonly string[], i: number): string {
  const name = basename(paths[i]);
  return ['original', 'gold', 'floor'].includes(name) || paths.some((path, j) => j !== i && basename(path) === name) ? paths[i] : name;
}
