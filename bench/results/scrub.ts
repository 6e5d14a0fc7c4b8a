// What a scrub takes out of the rows of others, and what it costs: a part of results:mmrecun.

import { areaUnderCurve, UnlearningRun } from '../../src/forget/gradient-run.ts';
import { type Partition, partitionOf } from '../../src/forget/request.ts';
import { Tape } from '../../src/gradient/tape.ts';
import { forget, type Model, mmrecun } from '../../src/index.ts';
import { COMMON, cpuSeconds, DEFAULTS, figures, fitted, fittedSeeds, KINDS, load, mean, range, requestOf, type SetName } from './judged.ts';
import { type Cell, note, publish, type Table } from './report.ts';

/**
 * AUC of forgotten users' items among all, user by user, for the rows that training began these users with, put back into
 * the network as they were: what somebody finds who knows the seed. ½ is nothing. Then the same for fresh rows.
 */
function seedTrace(model: Model, partition: Partition): { readonly own: number; readonly fresh: number } {
  const run = new UnlearningRun({ model, partition, control: {} });
  const { training, probes } = run;
  const { arena, network } = training;
  const auc = (seed: number, generation: number): number => {
    run.placeProbes(seed, generation);
    return arena.scope(() => {
      const { users, items } = network.factors(new Tape(arena));
      const rows = Array.from({ length: items.rows }, (_, i) => items.value.row(i).slice());
      const open = partition.retain.itemCounts();
      return mean(
        Array.from(probes.users)
          .filter((u) => probes.pairs.itemsOf(u).length > 0)
          .map((u) => {
            const x = users.value.row(u);
            const score = (i: number): number => rows[i].reduce((sum, y, c) => sum + y * x[c], 0);
            const had = new Set(probes.pairs.itemsOf(u));
            return areaUnderCurve(
              [...had].map(score),
              Array.from(rows.keys())
                .filter((i) => open[i] > 0 && !had.has(i))
                .map(score),
            );
          }),
      );
    });
  };
  return { own: auc(training.options.seed, 0), fresh: mean([1, 2, 3, 4].map((generation) => auc(training.options.seed, generation))) };
}

/** What a scrub takes out of the rest, and what it costs. */
export async function scrubbing(name: SetName): Promise<void> {
  const started = cpuSeconds();
  const split = await load(name);
  const tables: Table[] = [];
  for (const kindName of ['lightgcn', 'freedom']) {
    const kind = KINDS[kindName];
    const options = { ...COMMON, ...DEFAULTS[kindName] };
    const { model: original } = await fitted(kind, split, { ...options, seed: 1 });
    const request = requestOf(split.train, 'users');
    const partition = partitionOf(split.train, request);
    const golds = await fittedSeeds(kind, { train: partition.retain, validation: split.validation }, options);
    const [gold] = golds;
    const rows: Cell[][] = [];
    const measured = golds.map(({ model }) => ({ ...figures(model, partition, split, gold.model), ...seedTrace(model, partition) }));
    const average = (key: 'test' | 'forgotten' | 'own' | 'fresh'): number => mean(measured.map((f) => f[key]));
    const goldSeconds = mean(golds.map(({ seconds }) => seconds));
    const line = (label: string, model: Model, time: number | null, note = ''): void => {
      const { test, forgotten } = figures(model, partition, split, gold.model);
      const { own, fresh } = seedTrace(model, partition);
      rows.push([label, test, test / average('test'), forgotten, forgotten / average('forgotten'), own, fresh, time, note]);
    };
    line('original', original, null);
    rows.push([
      'gold, mean of 3',
      average('test'),
      1,
      average('forgotten'),
      1,
      average('own'),
      average('fresh'),
      1,
      `forget recall ${range(measured.map(({ forgotten }) => forgotten))}; seed trace ${range(measured.map(({ own }) => own))}`,
    ]);
    for (const scrub of [false, true]) {
      const before = cpuSeconds();
      const { model, report } = await forget(original, split.train, request, {
        method: mmrecun,
        validation: split.validation,
        positions: 'kept',
        digests: false,
        options: { scrub },
      });
      const took = report.scrubbed as { epochs: number; before: number; after: number; freshRows: number } | undefined;
      line(
        scrub ? 'mmrecun, scrub' : 'mmrecun',
        model,
        (cpuSeconds() - before) / goldSeconds,
        took
          ? `${took.epochs} epochs: the probes' recall@20 ${took.before.toFixed(4)} to ${took.after.toFixed(4)}, of fresh rows ` +
              `${took.freshRows.toFixed(4)}`
          : '',
      );
      note(`${name} ${kindName} ${JSON.stringify(rows.at(-1))}`);
    }
    tables.push({
      caption:
        `${kindName}: ${partition.entries.length} interactions of ` + `${new Set(request.interactions!.map(([user]) => user)).size} users`,
      columns: ['model', 'test recall@20', 'of gold', 'forget recall@20', 'of gold', 'seed trace AUC', 'of fresh rows', 'time / gold', ''],
      rows,
    });
    publish(
      `gradient-5-scrub-${name}`,
      {
        title: `MMRecUn: scrub (5 % of users of ${name})`,
        command: `npm run results:mmrecun -- scrub-${name}`,
        text: [
          "Seed trace: the forgotten users' rows are put back as training began them, which whoever knows the seed can do, and rank " +
            'all items that are left: the AUC of the items that were forgotten among the others, mean over these users. ' +
            'Beside it the same for rows of four other keys. Gold never saw the interactions; what its rows find is chance and the ' +
            'way of popular items. Everything else as in the tables of forgetting.',
        ],
        tables,
      },
      cpuSeconds() - started,
    );
  }
}
