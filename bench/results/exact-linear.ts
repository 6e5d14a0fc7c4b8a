// The part `linear` of results:exact: models that forget by algebra, to the byte and at once, beside a refit.

import { keyOf, uniform } from '../../src/base/random.ts';
import { type Dataset, downdate, ease, evaluate, forget, gold, itemKnn, type Model, type ModelKind, partitionOf } from '../../src/index.ts';
import { digest } from '../../src/model/digest.ts';
import { load } from './data.ts';
import { RUN } from './exact-settings.ts';
import { timed } from './processor-time.ts';
import { type Cell, note, publish } from './report.ts';

/** EASE and item neighbours: forgetting to the byte, at once, and beside a refit; quality beside als. */
export async function linear(): Promise<void> {
  const rows: Cell[][] = [];
  const quality: Cell[][] = [];
  const { seconds } = await timed(async () => {
    for (const name of ['ml-1m', 'gowalla'] as const) {
      const { train, validation, test } = await load(name);
      const kinds: [string, ModelKind, object][] = [
        ['item-knn', itemKnn, {}],
        ['item-knn, bm25', itemKnn, { weighting: 'bm25' }],
      ];
      if (name === 'ml-1m') kinds.push(['ease', ease, { regularization: await bestLambda(train, validation) }]);
      const users = [...train.users].filter((id) => train.itemsOf(train.users.indexOf(id)).length > 0);
      for (const [title, kind, options] of kinds) {
        note(`${name}, ${title}`);
        const { result: model, seconds: fit } = await timed(() => kind.fit(train, options));
        const metrics = evaluate(model, train, test, { mask: [validation], k: 20 });
        quality.push([
          name,
          `${title} ${kind === ease ? `λ ${(options as { regularization: number }).regularization}` : ''}`.trim(),
          metrics['recall@20'],
          metrics['ndcg@20'],
          fit,
          model.memoryBytes / 1e6,
        ]);
        if (title.includes('bm25')) continue;
        for (const count of [1, 10, 1000]) {
          const request = { users: users.slice(100, 100 + count) };
          const cells: Cell[] = [];
          const partition = partitionOf(train, request);
          const fresh = await timed(() => gold(model, partition, RUN));
          const expected = await digest(fresh.result);
          for (const exact of kind === ease ? [true, false] : [true]) {
            const {
              result: { model: unlearned, details: report },
              seconds,
            } = await timed(() => downdate.forget({ model, partition, control: {} }, { exact }));
            const same = (await digest(unlearned)) === expected ? 'equal' : 'DIFFER';
            cells.push(seconds, exact ? same : largestDifference(unlearned, fresh.result));
            if (exact) cells.push(fresh.seconds / seconds);
            else cells.push(fresh.seconds / seconds, String(report.route));
          }
          while (cells.length < 7) cells.push(null);
          rows.push([name, title, `${count} user${count > 1 ? 's' : ''}`, fresh.seconds, ...cells]);
        }
        // a thousand users in random order, ten requests of a hundred
        if (kind === itemKnn) {
          let state: { model: Model; data: Dataset } = { model, data: train };
          const shuffled = users.slice(100, 1100).sort((a, b) => uniform(2, 9, keyOf(a)) - uniform(2, 9, keyOf(b)));
          for (let r = 0; r < 10; r++)
            state = await forget(
              state.model,
              state.data,
              { users: shuffled.slice(r * 100, (r + 1) * 100) },
              { method: downdate, positions: 'kept', digests: false },
            );
          const same = (await digest(state.model)) === (await digest(await itemKnn.fit(state.data, options)));
          rows.push([name, title, '10 × 100 users, shuffled', null, null, same ? 'equal' : 'DIFFER', null, null, null, null, null]);
        }
      }
    }
  });
  publish(
    'exact linear',
    {
      title: 'Forgetting by algebra: EASE and item neighbours',
      command: 'npm run results:exact -- linear',
      text: [
        'CPU seconds of a refit on the retain set; of `downdate` (exact: the bytes of the refit), and with `exact: false` (EASE: ' +
          "Woodbury; the largest difference of a weight to the refit's). " +
          'Times include making the new model, which leaves the given one as it is.',
        'EASE does not fit in memory on gowalla (40,981 items: 27 GB); it is refused before any work. On ml-1m its λ is the best of ' +
          '50 to 2,000 on validation.',
      ],
      tables: [
        {
          columns: [
            'data',
            'model',
            'deleted',
            'refit',
            'exact',
            'bytes',
            'times faster',
            'quick',
            'largest difference',
            'times faster',
            'route',
          ],
          rows,
        },
        { caption: 'Quality on the test part', columns: ['data', 'model', 'recall@20', 'ndcg@20', 'fit seconds', 'MB'], rows: quality },
      ],
    },
    seconds,
  );
}

async function bestLambda(train: Dataset, validation: Dataset): Promise<number> {
  let best = { lambda: 0, ndcg: 0 };
  for (const lambda of [50, 200, 500, 1000, 2000]) {
    const ndcg = evaluate(await ease.fit(train, { regularization: lambda, inverse: false }), train, validation, { k: 20 })['ndcg@20'];
    note(`ease λ ${lambda}: validation NDCG@20 ${ndcg.toFixed(4)}`);
    if (ndcg > best.ndcg) best = { lambda, ndcg };
  }
  return best.lambda;
}

function largestDifference(a: Model, b: Model): number {
  const [x, y] = [a, b].map((model) => model.parameters.get('weights')!.view());
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i] - y[i]));
  return largest;
}
