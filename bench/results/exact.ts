// npm run results:exact [-- PART…]: how far training and forgetting go to one point, what the certificate says of it, and
// what the models that forget by algebra cost. Parts: ml-100k, ml-1m, gowalla, linear; without one, all.
import {
  als, certify, downdate, ease, evaluate, forget, forgetInStages, gold, itemKnn, partitionOf,
  type AlsModel, type AlsOptions, type Certificate, type Dataset, type ForgetRequest, type Model, type ModelKind, type Partition,
} from '../../src/index.ts';
import { digest } from '../../src/digest.ts';
import { keyOf, uniform } from '../../src/random.ts';
import { Stationary, type Standing } from '../../src/stationary.ts';
import { haveData, load } from './data.ts';
import { note, publish, timed, type Table } from './report.ts';

type Name = 'ml-100k' | 'ml-1m' | 'gowalla';
type Kind = 'one user' | '1% users' | '1% items' | '1% cells' | '5% cells';

interface Setting {
  readonly title: string;
  readonly options: Partial<AlsOptions>;
  /** What is deleted; the dearer settings show fewer kinds. */
  readonly kinds: readonly Kind[];
  /** Sweeps that plain ALS is given. */
  readonly sweeps: number;
  /** Gold of another seed, for the first kind. */
  readonly otherSeed: boolean;
}

const ALL: readonly Kind[] = ['one user', '1% users', '1% items', '1% cells', '5% cells'];
const IALS = { objective: 'ials', unobservedWeight: 0.3, iterations: 5 } as const;
const SETTINGS: Readonly<Record<Name, readonly Setting[]>> = {
  'ml-100k': [
    { title: 'ials, 32 factors, λ .03 (certifiable)', options: { ...IALS, factors: 32, regularization: 0.03, tolerance: 1e-9 }, kinds: ALL, sweeps: 100, otherSeed: true },
    { title: 'ials, 32 factors, λ .015 (best quality)', options: { ...IALS, factors: 32, regularization: 0.015, tolerance: 1e-8 }, kinds: ['one user', '1% users', '1% cells'], sweeps: 100, otherSeed: true },
    { title: 'implicit, 16 factors, λ 80 (certifiable)', options: { factors: 16, regularization: 80, iterations: 5, tolerance: 1e-9 }, kinds: ALL, sweeps: 100, otherSeed: true },
  ],
  'ml-1m': [
    { title: 'ials, 32 factors, λ .03 (certifiable)', options: { ...IALS, factors: 32, regularization: 0.03, tolerance: 1e-8 }, kinds: ['one user', '1% cells'], sweeps: 0, otherSeed: false },
  ],
  gowalla: [
    { title: 'ials, 16 factors, λ .1 (certifiable)', options: { objective: 'ials', unobservedWeight: 0.03, iterations: 5, factors: 16, regularization: 0.1, tolerance: 1e-7 }, kinds: ['one user', '1% users'], sweeps: 0, otherSeed: false },
  ],
};

/** The request of a kind, drawn by key. */
function requestOf(data: Dataset, kind: Kind): ForgetRequest {
  const drawn = (id: string, share: number): boolean => uniform(1, 9, keyOf(id)) < share;
  const users = [...data.users].filter((id) => data.itemsOf(data.users.indexOf(id)).length > 0);
  if (kind === 'one user') {
    // one of average activity
    const mean = data.interactions / users.length, size = (id: string): number => data.itemsOf(data.users.indexOf(id)).length;
    return { users: [users.reduce((best, id) => (Math.abs(size(id) - mean) < Math.abs(size(best) - mean) ? id : best))] };
  }
  if (kind === '1% users') return { users: users.filter((id) => drawn(id, 0.01)) };
  if (kind === '1% items') return { items: [...data.items].filter((id) => drawn(id, 0.01)) };
  const share = kind === '1% cells' ? 0.01 : 0.05, interactions: [string, string][] = [];
  for (const user of users) for (const item of data.itemsOf(data.users.indexOf(user))) {
    const id = data.items.at(item)!;
    if (drawn(`${user} ${id}`, share)) interactions.push([user, id]);
  }
  return { interactions };
}

/** ‖A − B‖ / ‖B‖ and ‖A − B‖ over all scores of at most 1,500 users, spread evenly; the second is scaled up to all. */
function distance(a: AlsModel, b: AlsModel): { relative: number; absolute: number } {
  const step = Math.max(1, Math.floor(a.users.size / 1500)), f = b.userFactors.cols;
  const dense = (m: AlsModel): Float32Array => m.itemFactors.toArray();
  const [ya, yb] = [dense(a), dense(b)];
  let difference = 0, size = 0;
  for (let u = 0; u < a.users.size; u += step) {
    const xa = a.userFactors.row(u).slice(), xb = b.userFactors.row(u).slice();
    for (let i = 0, at = 0; i < a.items.size; i++, at += f) {
      let s = 0, t = 0;
      for (let c = 0; c < f; c++) {
        s += xa[c] * ya[at + c];
        t += xb[c] * yb[at + c];
      }
      difference += (s - t) * (s - t);
      size += t * t;
    }
  }
  return { relative: Math.sqrt(difference / size), absolute: Math.sqrt(difference * step) };
}

const MARKS = [1e-3, 1e-5, 1e-7];

/** Iterations and seconds at which the residual first was at most each mark. */
class Marks {
  readonly #started = performance.now();
  readonly #reached = new Map<number, string>();
  see({ residual }: Standing, iteration: number): void {
    for (const mark of MARKS) if (residual <= mark && !this.#reached.has(mark)) this.#reached.set(mark, `${iteration} · ${((performance.now() - this.#started) / 1000).toFixed(1)} s`);
  }
  cells(): (string | null)[] {
    return MARKS.map((mark) => this.#reached.get(mark) ?? null);
  }
}

async function setting(train: Dataset, test: Dataset, validation: Dataset, { title, options, kinds, sweeps, otherSeed }: Setting): Promise<Table[]> {
  note(title);
  const { tolerance } = als.options;
  const target = tolerance.check('tolerance', options.tolerance)!;
  const start = await als.fit(train, { ...options, tolerance: undefined });
  const cold = await timed(() => als.fit(train, options));
  const model = cold.result, seconds = cold.seconds;
  const ndcg = evaluate(model, train, test, { mask: [validation], k: 20 });
  const certificate = await timed(() => certify(model, train));
  note(`trained in ${seconds.toFixed(1)} s; ${certificate.result.statement}`);

  // the way there, accelerated and plain, cold and after one deletion, in float64 throughout
  const ways: (string | number | null)[][] = [];
  const way = async (name: string, data: Dataset, from: AlsModel, plain: boolean): Promise<void> => {
    const problem = new Stationary(data, model.options), marks = new Marks();
    problem.start(from.userFactors, from.itemFactors);
    if (plain) {
      for (let sweep = 0; sweep <= sweeps; sweep++) {
        if (sweep > 0) {
          await problem.halfSweep('users');
          await problem.halfSweep('items');
        }
        marks.see(problem.measure(), sweep);
      }
    } else await problem.converge(target, { onIteration: (standing, iteration) => marks.see(standing, iteration) });
    ways.push([name, plain ? `plain, ${sweeps} sweeps` : 'accelerated', ...marks.cells()]);
  };
  await way('cold, after 5 sweeps', train, start, false);
  if (sweeps > 0) await way('cold, after 5 sweeps', train, start, true);

  const stages: (string | number | null)[][] = [], meeting: (string | number | null)[][] = [];
  for (const kind of kinds) {
    const partition = partitionOf(train, requestOf(train, kind));
    note(`${kind}: gold`);
    const goldRun = await timed(() => gold(model, partition)), goldModel = goldRun.result as AlsModel;
    const rows: { stage: string; seconds: number; iterations: number; relative: number }[] = [];
    let unlearned = model;
    const started = performance.now();
    let elsewhere = 0;
    for await (const { stage, model: staged, details } of forgetInStages({ model, partition, control: {} })) {
      const seconds = (performance.now() - started - elsewhere) / 1000, before = performance.now();
      unlearned = staged as AlsModel;
      rows.push({ stage, seconds, iterations: details.iterations as number, relative: distance(unlearned, goldModel).relative });
      elsewhere += performance.now() - before;
    }
    const [a, b, c] = rows;
    stages.push([kind, distance(model, goldModel).relative, `${text(a.relative)} · ${a.seconds.toFixed(2)} s`, `${text(b.relative)} · ${b.seconds.toFixed(1)} s`,
      `${text(c.relative)} · ${c.seconds.toFixed(1)} s · ${c.iterations} it.`, `${goldRun.seconds.toFixed(1)} s · ${goldModel.record.accelerated} it.`,
      `${(goldRun.seconds / a.seconds).toFixed(0)} · ${(goldRun.seconds / b.seconds).toFixed(0)} · ${(goldRun.seconds / c.seconds).toFixed(1)}`]);
    const other = otherSeed && kind === kinds[0] ? distance((await gold(model, partition, { seed: 2 })) as AlsModel, goldModel).relative : null;
    const shown = await certify(unlearned, partition.retain), { absolute, relative } = distance(unlearned, goldModel);
    meeting.push([kind, relative, other, shown.status, sigma(shown), shown.relativeBound, shown.bound, absolute, shown.bound === null ? null : absolute <= shown.bound ? 'yes' : 'NO']);
    if (kind === kinds[0]) {
      await way(`after ${kind}`, partition.retain, model, false);
      if (sweeps > 0) await way(`after ${kind}`, partition.retain, model, true);
      if (/certifiable/.test(title)) controls.push(...await refused(title, model, train, partition));
    }
  }
  const caption = `${title}: NDCG@20 ${ndcg['ndcg@20'].toFixed(4)}, recall@20 ${ndcg['recall@20'].toFixed(4)}; trained in ${seconds.toFixed(1)} s ` +
    `(${model.record.accelerated} accelerated iterations to ${text(model.record.residual as number)}); ${certificate.result.status}, σ ≤ ${sigma(certificate.result)}, ` +
    `relative bound ${certificate.result.relativeBound === null ? 'none' : text(certificate.result.relativeBound)}, in ${certificate.seconds.toFixed(1)} s`;
  return [
    { caption, columns: ['way', 'method', ...MARKS.map((mark) => `to ${text(mark)}`)], rows: ways },
    { caption: 'Stages: relative difference of all scores to gold of the same seed, and time', columns: ['deleted', 'no change', 'stage a', 'stage b', 'stage c', 'gold', 'times faster a · b · c'], rows: stages },
    { caption: 'Where they meet, and what the certificate says', columns: ['deleted', 'to gold', 'gold to gold of another seed', 'status', 'σ ≤', 'relative bound', 'bound', 'true difference', 'within'], rows: meeting },
  ];
}

const text = (value: number): string => value.toExponential(1);
/** σ as its distance from 1, which is what counts. */
const sigma = ({ sigma: s }: Certificate): string | null => (s === null ? null : s > 1.0001 ? s.toFixed(4) : `1 + ${text(s - 1)}`);

const controls: (string | number | null)[][] = [];

async function refused(title: string, model: AlsModel, train: Dataset, partition: Partition): Promise<(string | number | null)[][]> {
  const rows: (string | number | null)[][] = [];
  const show = (what: string, { status, largestRowResidual, sigma: s, relativeBound }: Certificate): void => void rows.push([title, what, status, largestRowResidual, s, relativeBound]);
  show('the model itself', await certify(model, train));
  show('the original model on the retain set', await certify(model, partition.retain, { ignoreFingerprint: true }));
  show('stopped after 15 sweeps', await certify(await als.fit(train, { ...model.options, tolerance: undefined, iterations: 15 }), train));
  show('an eighth of the factors', await certify(await als.fit(train, { ...model.options, factors: model.options.factors >> 3, tolerance: 1e-7 }), train));
  const row = model.userFactors.row(11), at = row.reduce((best, x, c) => (Math.abs(x) > Math.abs(row[best]) ? c : best), 0), kept = row[at];
  row[at] *= 1.01;
  show('one entry changed by 1%', await certify(model, train));
  model.userFactors.row(11)[at] = kept;
  const wrong = train.filter((entry) => entry % 10 !== 0);
  show('the right model with a tenth of its data missing', await certify(model, wrong, { ignoreFingerprint: true }));
  return rows;
}

async function converging(name: Name): Promise<void> {
  const { train, test, validation } = await load(name);
  controls.length = 0;
  const { result: tables, seconds } = await timed(async () => {
    const all: Table[] = [];
    for (const each of SETTINGS[name]) all.push(...await setting(train, test, validation, each));
    return all;
  });
  publish(`exact ${name}`, {
    title: `To one point, with a certificate: ${name}`,
    command: `npm run results:exact -- ${name}`,
    text: [
      `${train.users.live} users, ${train.items.live} items, ${train.interactions} training interactions; α₀ of ials ${SETTINGS[name][0].options.unobservedWeight}. ` +
        'One thread; float64 from the fifth sweep on. Ways: iterations and seconds to a relative gradient of each mark.',
      'Saved factors are float32: differences below about 1e-7 are rounding.',
      'Times were taken on two cores that other work shared: the counts of iterations are the robust figure.',
    ],
    tables: [...tables, ...(controls.length > 0 ? [{ caption: 'What the certificate must refuse', columns: ['setting', 'model', 'status', 'row furthest off', 'σ ≤', 'relative bound'], rows: [...controls] }] : [])],
  }, seconds);
}

/** EASE and item neighbours: forgetting to the byte, at once, and beside a refit; quality beside als. */
async function linear(): Promise<void> {
  const rows: (string | number | null)[][] = [], quality: (string | number | null)[][] = [];
  const { seconds } = await timed(async () => {
    for (const name of ['ml-1m', 'gowalla'] as const) {
      const { train, validation, test } = await load(name);
      const kinds: [string, ModelKind, object][] = [['item-knn', itemKnn, {}], ['item-knn, bm25', itemKnn, { weighting: 'bm25' }]];
      if (name === 'ml-1m') kinds.push(['ease', ease, { regularization: await bestLambda(train, validation) }]);
      const users = [...train.users].filter((id) => train.itemsOf(train.users.indexOf(id)).length > 0);
      for (const [title, kind, options] of kinds) {
        note(`${name}, ${title}`);
        const { result: model, seconds: fit } = await timed(() => kind.fit(train, options));
        const metrics = evaluate(model, train, test, { mask: [validation], k: 20 });
        quality.push([name, `${title} ${kind === ease ? `λ ${(options as { regularization: number }).regularization}` : ''}`.trim(), metrics['recall@20'], metrics['ndcg@20'], fit, model.memoryBytes / 1e6]);
        if (title.includes('bm25')) continue;
        for (const count of [1, 10, 1000]) {
          const request = { users: users.slice(100, 100 + count) };
          const cells: (string | number | null)[] = [];
          const partition = partitionOf(train, request);
          const fresh = await timed(() => gold(model, partition)), expected = await digest(fresh.result);
          for (const exact of kind === ease ? [true, false] : [true]) {
            const { model: unlearned, report } = await forget(model, train, request, { method: downdate, options: { exact }, digests: false });
            cells.push(report.seconds, exact ? ((await digest(unlearned)) === expected ? 'equal' : 'DIFFER') : largestDifference(unlearned, fresh.result));
            if (exact) cells.push(fresh.seconds / report.seconds);
            else cells.push(fresh.seconds / report.seconds, String(report.route));
          }
          while (cells.length < 7) cells.push(null);
          rows.push([name, title, `${count} user${count > 1 ? 's' : ''}`, fresh.seconds, ...cells]);
        }
        // a thousand users in random order, ten requests of a hundred
        if (kind === itemKnn) {
          let state: { model: Model; data: Dataset } = { model, data: train };
          const shuffled = users.slice(100, 1100).sort((a, b) => uniform(2, 9, keyOf(a)) - uniform(2, 9, keyOf(b)));
          for (let r = 0; r < 10; r++) state = await forget(state.model, state.data, { users: shuffled.slice(r * 100, (r + 1) * 100) }, { method: downdate, digests: false });
          const same = (await digest(state.model)) === (await digest(await itemKnn.fit(state.data, options)));
          rows.push([name, title, '10 × 100 users, shuffled', null, null, same ? 'equal' : 'DIFFER', null, null, null, null, null]);
        }
      }
    }
  });
  publish('exact linear', {
    title: 'Forgetting by algebra: EASE and item neighbours',
    command: 'npm run results:exact -- linear',
    text: [
      'Seconds of a refit on the retain set; of `downdate` (exact: the bytes of the refit), and with `exact: false` (EASE: Woodbury; the largest difference of a weight to the refit\'s). ' +
        'Times include making the new model, which leaves the given one as it is.',
      'EASE does not fit in memory on gowalla (40,981 items: 27 GB); it is refused before any work. On ml-1m its λ is the best of 50 to 2,000 on validation.',
    ],
    tables: [
      { columns: ['data', 'model', 'deleted', 'refit', 'exact', 'bytes', 'times faster', 'quick', 'largest difference', 'times faster', 'route'], rows },
      { caption: 'Quality on the test part', columns: ['data', 'model', 'recall@20', 'ndcg@20', 'fit seconds', 'MB'], rows: quality },
    ],
  }, seconds);
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

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  'ml-100k': () => converging('ml-100k'), linear, 'ml-1m': () => converging('ml-1m'), gowalla: () => converging('gowalla'),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; known: ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
if (!haveData()) {
  console.error('results need the real data at ../shared/data, which is not there: nothing measured');
  process.exit(1);
}
for (const name of asked.length > 0 ? asked : Object.keys(PARTS)) {
  note(`part ${name}`);
  await PARTS[name]();
}
