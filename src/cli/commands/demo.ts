// lethe demo: the whole story on generated data: train, recommend, forget, look again, compare with gold.

import type { Dataset } from '../../data/dataset.ts';
import { generate } from '../../data/generate.ts';
import { splitDataset } from '../../data/split.ts';
import { forget, gold } from '../../forget/forget.ts';
import type { ForgetRequest } from '../../forget/request.ts';
import { compare } from '../../judge/compare.ts';
import { digest } from '../../model/digest.ts';
import { evaluate } from '../../model/evaluate.ts';
import { type Recommended, recommend } from '../../model/recommend.ts';
import { als } from '../../models/als.ts';
import { popularity } from '../../models/popularity.ts';
import { unlearnAls } from '../../unlearn/unlearn-als.ts';
import type { Command } from '../command.ts';
import { secondsText, table } from '../terminal.ts';
import { comparisonTable } from './compare.ts';

const SHAPE = { users: 600, items: 300, interactions: 18000 };
const OPTIONS = { factors: 16, iterations: 30, regularization: 5, alpha: 4 };
const K = 10;

export const demo: Command = {
  name: 'demo',
  summary: 'The whole story on generated data: train, recommend, forget, compare with gold.',
  usage: '',
  operands: [0, 0],
  flags: [],
  async run({ args, terminal, signal }) {
    const { seed, threads } = args;
    const control = { signal, threads, onProgress: terminal.progress };
    const data = await generate({ ...SHAPE, seed }, control);
    const { train, validation, test, rule } = splitDataset(data, 'per-user:0.8,0.1,0.1', seed);
    const [model, trainSeconds] = await timed(() => als.fit(train, { ...OPTIONS, seed }, control));
    const evaluation = evaluate(model, train, test, { mask: [validation] });
    const floor = evaluate(await popularity.fit(train), train, test, { mask: [validation] });

    const { watched, request } = whatToForget(train);
    const listOf = (from: typeof model, seen: Dataset): Recommended[] => recommend(from, watched, { k: K, data: seen });
    const before = listOf(model, train);
    // The item at the head of the watched user's list is forgotten too, so that its absence shows.
    const whole: ForgetRequest = { ...request, items: [before[0].item] };
    const { model: unlearned, data: retained, partition, report } = await forget(model, train, whole, { method: unlearnAls, ...control });
    const after = listOf(unlearned as typeof model, retained);

    const [goldModel, goldSeconds] = await timed(() => gold(model, partition, control));
    const [floorModel, floorSeconds] = await timed(() => gold(model, partition, { ...control, seed: seed < 0xffffffff ? seed + 1 : 0 }));
    const models = compare(
      [
        { name: 'original', model },
        { name: 'unlearned', model: unlearned, seconds: report.seconds },
        { name: 'gold', model: goldModel, seconds: goldSeconds },
        { name: 'floor', model: floorModel, seconds: floorSeconds },
      ],
      partition,
      { test, mask: [validation], gold: goldModel },
    );

    const digestOfModel = await digest(model);
    const result = {
      model: {
        model: 'als',
        options: model.options,
        users: model.users.live,
        items: model.items.live,
        interactions: train.interactions,
        split: rule,
        seconds: trainSeconds,
        digest: digestOfModel,
        'recall@20': evaluation['recall@20'],
        'ndcg@20': evaluation['ndcg@20'],
        popularity: { 'recall@20': floor['recall@20'], 'ndcg@20': floor['ndcg@20'] },
      },
      recommend: { user: watched, before, after },
      forget: { request: whole, ...report },
      compare: { models },
    };
    const name = (item: string): string => data.titles.get(data.items.indexOf(item)) ?? item;
    const [[, pairItem]] = whole.interactions!;
    terminal.result(
      result,
      [
        `1. Data: ${data.users.live} users, ${data.items.live} items, ${data.interactions} interactions, generated from seed ${seed}.`,
        '',
        `2. Train: als with ${model.options.factors} factors in ${secondsText(trainSeconds)}. Recall@20 on ` +
          `held-out interactions ${evaluation['recall@20'].toFixed(3)}; ` +
          `recommending the most popular gives ${floor['recall@20'].toFixed(3)}.`,
        '',
        `3. Forget: user ${whole.users![0]}; the item "${name(whole.items![0])}"; and that user ${watched} has liked "${name(pairItem)}".`,
        `   ${report.forgotten.interactions} interactions leave. ${report.method}: ${String(report.passes)} passes ` +
          `in ${secondsText(report.seconds)}; the result is ${report.exactness}.`,
        '',
        `4. What user ${watched} is recommended, before and after:`,
        '',
        table(
          ['rank', 'before', 'score', 'after', 'score'],
          before.map(({ item, score }, i) => [i + 1, name(item), score, after[i] ? name(after[i].item) : '', after[i]?.score ?? null]),
        ),
        '',
        '5. Beside gold, which was trained from scratch without what was forgotten. The floor is a second gold with another',
        '   seed: closer to gold than that cannot be told from chance. The original shows what not forgetting looks like.',
        '',
        comparisonTable(models, 20),
        '',
        '   recall, ndcg   on held-out interactions of those who remain      forgetRecall  forgotten items that the lists bring back',
        "   overlap        share of gold's top 20 lists                      forgetScore   mean score of what was forgotten",
        "   scoreDistance  of all scores from gold's, relative",
        '',
        `digest before ${report.digestBefore}`,
        `digest after  ${report.digestAfter}`,
        '',
        'Your own data: lethe train DATA --model als --out MODEL',
      ].join('\n'),
    );
  },
};

/** A user to forget, and another whose list is watched and who takes one interaction back: both with ordinary histories. */
function whatToForget(train: Dataset): { watched: string; request: ForgetRequest } {
  const ordinary = Array.from({ length: train.users.size }, (_, u) => u).filter(
    (u) => train.itemsOf(u).length >= 20 && train.itemsOf(u).length <= 40,
  );
  const [forgotten, watched] = ordinary;
  const [item] = train.itemsOf(watched);
  const watchedId = train.users.at(watched)!;
  return { watched: watchedId, request: { users: [train.users.at(forgotten)!], interactions: [[watchedId, train.items.at(item)!]] } };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, seconds: number]> {
  const started = performance.now();
  const result = await work();
  return [result, (performance.now() - started) / 1000];
}
