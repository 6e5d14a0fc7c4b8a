// npm run results:exact [-- PART… --again]: how far training and forgetting go to one point, what the certificate says of it, and
// what the models that forget by algebra cost. Parts: ml-100k, ml-1m, gowalla, linear; without one, all.
// What is published already is not measured again but with --again, so that a long run can be continued. Times are the
// process's CPU seconds on both its threads, so that other work on the machine does not count.

import { keyOf, uniform } from '../../src/base/random.ts';
import {
  type AlsModel,
  type AlsOptions,
  als,
  type Certificate,
  certifiable,
  certify,
  type Dataset,
  downdate,
  ease,
  evaluate,
  type ForgetRequest,
  forget,
  forgetInStages,
  gold,
  itemKnn,
  type Model,
  type ModelKind,
  type Partition,
  partitionOf,
} from '../../src/index.ts';
import { type AccelerateControl, accelerate } from '../../src/least-squares/acceleration.ts';
import { type Standing, Stationary } from '../../src/least-squares/stationary.ts';
import { digest } from '../../src/model/digest.ts';
import { withTeam } from '../../src/threads/team.ts';
import { load, type SplitData } from './data.ts';
import { runParts } from './parts.ts';
import { type Cell, note, publish, published, type Section } from './report.ts';

/** CPU seconds of the process so far. */
const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function timed<T>(work: () => Promise<T> | T): Promise<{ result: T; seconds: number }> {
  const started = spent();
  const result = await work();
  return { result, seconds: spent() - started };
}

const RUN = { threads: 2 } as const;

type Name = 'ml-100k' | 'ml-1m' | 'gowalla';
type Kind = 'one user' | '1% users' | '1% items' | '1% cells' | '5% cells';

interface Setting {
  readonly title: string;
  readonly options: Partial<AlsOptions>;
  /** Sweeps that plain ALS is given. */
  readonly sweeps: number;
  /** Gold of another seed beside, for the first kind. */
  readonly otherSeed: boolean;
}

/** What is deleted, each from the same trained model. */
const KINDS: readonly Kind[] = ['one user', '1% users', '1% items', '1% cells', '5% cells'];
const IALS = { objective: 'ials', unobservedWeight: 0.3, iterations: 5 } as const;
const SETTINGS: Readonly<Record<Name, readonly Setting[]>> = {
  'ml-100k': [
    {
      title: 'ials, 32 factors, λ .03 (certifiable)',
      options: { ...IALS, factors: 32, regularization: 0.03, tolerance: 1e-9 },
      sweeps: 100,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .015 (best quality)',
      options: { ...IALS, factors: 32, regularization: 0.015, tolerance: 1e-8 },
      sweeps: 100,
      otherSeed: true,
    },
    {
      title: 'implicit, 16 factors, λ 80 (certifiable)',
      options: { factors: 16, regularization: 80, iterations: 5, tolerance: 1e-9 },
      sweeps: 100,
      otherSeed: true,
    },
  ],
  'ml-1m': [
    {
      title: 'ials, 32 factors, λ .015 (certifiable)',
      options: { ...IALS, factors: 32, regularization: 0.015, tolerance: 1e-8 },
      sweeps: 30,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .005 (best quality)',
      options: { ...IALS, factors: 32, regularization: 0.005, tolerance: 1e-7 },
      sweeps: 30,
      otherSeed: true,
    },
  ],
  // bounded: its many small communities make the spectrum flat, and the way long where λ is near where the model gains a rank
  gowalla: [
    {
      title: 'ials, 16 factors, λ .06 (certifiable)',
      options: { ...IALS, unobservedWeight: 0.01, factors: 16, regularization: 0.06, tolerance: 1e-7 },
      sweeps: 20,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .005 (best quality of 32 factors)',
      options: { ...IALS, unobservedWeight: 0.01, factors: 32, regularization: 0.005, tolerance: 1e-5 },
      sweeps: 20,
      otherSeed: false,
    },
  ],
};

/** What the profile `certifiable` is given. */
const PROFILES: Partial<Record<Name, { readonly title: string; readonly options: Partial<AlsOptions> }>> = {
  'ml-100k': { title: 'ials, 32 factors', options: { ...IALS, factors: 32 } },
};

/** The request of a kind, drawn by key. */
function requestOf(data: Dataset, kind: Kind): ForgetRequest {
  const drawn = (id: string, share: number): boolean => uniform(1, 9, keyOf(id)) < share;
  const users = [...data.users].filter((id) => data.itemsOf(data.users.indexOf(id)).length > 0);
  if (kind === 'one user') {
    // one of average activity
    const mean = data.interactions / users.length;
    const size = (id: string): number => data.itemsOf(data.users.indexOf(id)).length;
    return { users: [users.reduce((best, id) => (Math.abs(size(id) - mean) < Math.abs(size(best) - mean) ? id : best))] };
  }
  if (kind === '1% users') return { users: users.filter((id) => drawn(id, 0.01)) };
  if (kind === '1% items') return { items: [...data.items].filter((id) => drawn(id, 0.01)) };
  const share = kind === '1% cells' ? 0.01 : 0.05;
  const interactions: [string, string][] = [];
  for (const user of users)
    for (const item of data.itemsOf(data.users.indexOf(user))) {
      const id = data.items.at(item)!;
      if (drawn(`${user} ${id}`, share)) interactions.push([user, id]);
    }
  return { interactions };
}

/** ‖A − B‖ / ‖B‖ and ‖A − B‖ over all scores of at most 1,500 users, spread evenly; the second is scaled up to all. */
function distance(a: AlsModel, b: AlsModel): { relative: number; absolute: number } {
  const step = Math.max(1, Math.floor(a.users.size / 1500));
  const f = b.userFactors.cols;
  const dense = (m: AlsModel): Float32Array => m.itemFactors.toArray();
  const [ya, yb] = [dense(a), dense(b)];
  let difference = 0;
  let size = 0;
  for (let u = 0; u < a.users.size; u += step) {
    const xa = a.userFactors.row(u).slice();
    const xb = b.userFactors.row(u).slice();
    for (let i = 0, at = 0; i < a.items.size; i++, at += f) {
      let s = 0;
      let t = 0;
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

const text = (value: number): string => value.toExponential(1);
/** σ as its distance from 1, which is what counts. */
const sigma = ({ sigma: s }: Certificate): string | null => (s === null ? null : s > 1.0001 ? s.toFixed(4) : `1 + ${text(s - 1)}`);

/** Iterations (and Newton products) and seconds at which the residual first was at most each mark. */
class Marks {
  readonly #started = spent();
  readonly #marks: readonly number[];
  readonly #reached = new Map<number, string>();
  constructor(tolerance: number) {
    this.#marks = [1e-3, 1e-5, tolerance];
  }
  readonly see = ({ residual }: Standing, iteration: number, products = 0): void => {
    for (const mark of this.#marks) {
      if (residual <= mark && !this.#reached.has(mark))
        this.#reached.set(mark, `${iteration}${products > 0 ? ` + ${products}` : ''} · ${(spent() - this.#started).toFixed(1)} s`);
    }
  };
  cells(): (string | null)[] {
    return this.#marks.map((mark) => this.#reached.get(mark) ?? null);
  }
}

/** How one goes there; the rarer ways are shown for few starts. */
const WAYS: Readonly<Record<string, AccelerateControl>> = {
  'conjugate gradients': {},
  'L-BFGS': { accelerator: 'lbfgs' },
  'with Newton': { polish: 'newton' },
};

const TABLES = {
  settings: {
    caption: 'Settings',
    keys: 1,
    columns: ['setting', 'NDCG@20', 'recall@20', 'trained', 'relative gradient', 'status', 'σ ≤', 'relative bound', 'certified in'],
  },
  ways: {
    caption: 'The way there: iterations (with Newton: + products) and CPU seconds to a relative gradient of',
    keys: 3,
    columns: ['setting', 'from', 'method', '1e-3', '1e-5', 'the tolerance'],
  },
  stages: {
    caption: 'Stages: relative difference of all scores to gold of the same seed, and time',
    keys: 2,
    columns: ['setting', 'deleted', 'no change', 'stage a', 'stage b', 'stage c', 'gold', 'times faster a · b · c'],
  },
  meeting: {
    caption: 'Where they meet, and what the certificate says',
    keys: 2,
    columns: [
      'setting',
      'deleted',
      'to gold',
      'gold to gold of another seed',
      'status',
      'σ ≤',
      'relative bound',
      'bound',
      'true difference',
      'within',
    ],
  },
  controls: {
    caption: 'What the certificate must refuse',
    keys: 2,
    columns: ['setting', 'model', 'status', 'row furthest off', 'σ ≤', 'relative bound'],
  },
  profile: {
    caption: 'The profile `certifiable`: every regularization that it tried, and the price in NDCG@20 of validation',
    keys: 2,
    columns: ['setting', 'λ', 'NDCG@20', 'status', 'σ ≤', 'relative bound', 'price'],
  },
} as const;

/** A section that grows row by row, so that a run that was ended goes on where it was. */
class Sheet {
  readonly #name: string;
  readonly #section: Omit<Section, 'tables'>;
  readonly #rows: Map<string, Cell[][]>;
  #seconds: number;
  constructor(name: string, section: Omit<Section, 'tables'>, again: boolean) {
    const before = again ? undefined : published(name);
    this.#name = name;
    this.#section = section;
    this.#seconds = before?.measured.seconds ?? 0;
    this.#rows = new Map(
      Object.entries(TABLES).map(([table, { caption }]) => [
        table,
        (before?.tables.find((other) => other.caption === caption)?.rows ?? []).map((row) => [...row]),
      ]),
    );
  }
  has(table: keyof typeof TABLES, ...key: readonly Cell[]): boolean {
    return this.#rows.get(table)!.some((row) => key.every((cell, c) => row[c] === cell));
  }
  put(table: keyof typeof TABLES, ...rows: readonly (readonly Cell[])[]): void {
    const held = this.#rows.get(table)!;
    for (const row of rows) {
      const at = held.findIndex((other) => row.slice(0, TABLES[table].keys).every((cell, c) => cell === other[c]));
      held.splice(at < 0 ? held.length : at, at < 0 ? 0 : 1, [...row]);
    }
  }
  async measure(what: string, work: () => Promise<void>): Promise<void> {
    note(`${this.#name}: ${what}`);
    this.#seconds += (await timed(work)).seconds;
    const tables = (Object.keys(TABLES) as (keyof typeof TABLES)[]).map((table) => ({
      caption: TABLES[table].caption,
      columns: TABLES[table].columns,
      rows: this.#rows.get(table)!,
    }));
    publish(this.#name, { ...this.#section, tables: tables.filter(({ rows }) => rows.length > 0) }, this.#seconds);
  }
}

/** The ways to the tolerance from given factors, in float64 throughout. */
async function ways(
  sheet: Sheet,
  { title, options, sweeps }: Setting,
  from: string,
  data: Dataset,
  start: AlsModel,
  all: boolean,
): Promise<void> {
  const tolerance = als.options.tolerance.check('tolerance', options.tolerance)!;
  const go = (method: string, work: (problem: Stationary, marks: Marks) => Promise<unknown>): Promise<void> =>
    withTeam(RUN.threads, async (team) => {
      const problem = new Stationary(data, start.options, team);
      const marks = new Marks(tolerance);
      problem.start(start.userFactors, start.itemFactors);
      await work(problem, marks);
      sheet.put('ways', [title, from, method, ...marks.cells()]);
    });
  for (const [method, way] of Object.entries(WAYS)) {
    if (method === 'conjugate gradients' || all)
      await go(method, (problem, marks) => accelerate(problem, tolerance, { ...way, most: 400, onIteration: marks.see }));
  }
  if (all)
    await go(`plain, ${sweeps} sweeps`, async (problem, marks) => {
      for (let sweep = 0; sweep <= sweeps; sweep++) {
        if (sweep > 0) {
          await problem.halfSweep('users');
          await problem.halfSweep('items');
        }
        marks.see(problem.measure(), sweep);
      }
    });
}

async function refused(title: string, model: AlsModel, train: Dataset, partition: Partition): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  const show = (what: string, { status, largestRowResidual, sigma: s, relativeBound }: Certificate): void =>
    void rows.push([title, what, status, largestRowResidual, s, relativeBound]);
  show('the model itself', await certify(model, train, RUN));
  show('the original model on the retain set', await certify(model, partition.retain, { ...RUN, ignoreFingerprint: true }));
  show(
    'stopped after 15 sweeps',
    await certify(await als.fit(train, { ...model.options, tolerance: undefined, iterations: 15 }, RUN), train),
  );
  show(
    'an eighth of the factors',
    await certify(await als.fit(train, { ...model.options, factors: model.options.factors >> 3, tolerance: 1e-7 }, RUN), train, RUN),
  );
  const row = model.userFactors.row(11);
  const at = row.reduce((best, x, c) => (Math.abs(x) > Math.abs(row[best]) ? c : best), 0);
  const kept = row[at];
  row[at] *= 1.01;
  show('one entry changed by 1%', await certify(model, train, RUN));
  model.userFactors.row(11)[at] = kept;
  const wrong = train.filter((entry) => entry % 10 !== 0);
  show('the right model with a tenth of its data missing', await certify(model, wrong, { ...RUN, ignoreFingerprint: true }));
  return rows;
}

/** One request: the stages, gold, and the certificate of where they end. */
async function request(sheet: Sheet, { title, otherSeed }: Setting, kind: Kind, model: AlsModel, partition: Partition): Promise<void> {
  const goldRun = await timed(() => gold(model, partition, RUN));
  const goldModel = goldRun.result as AlsModel;
  const rows: { seconds: number; iterations: number; relative: number }[] = [];
  let unlearned = model;
  let elsewhere = 0;
  const started = spent();
  for await (const { model: staged, details } of forgetInStages({ model, partition, control: RUN })) {
    const seconds = spent() - started - elsewhere;
    const before = spent();
    unlearned = staged as AlsModel;
    rows.push({ seconds, iterations: details.iterations as number, relative: distance(unlearned, goldModel).relative });
    elsewhere += spent() - before;
  }
  const [a, b, c] = rows;
  sheet.put('stages', [
    title,
    kind,
    distance(model, goldModel).relative,
    `${text(a.relative)} · ${a.seconds.toFixed(2)} s`,
    `${text(b.relative)} · ${b.seconds.toFixed(2)} s`,
    `${text(c.relative)} · ${c.seconds.toFixed(1)} s · ${c.iterations} it.`,
    `${goldRun.seconds.toFixed(1)} s · ${goldModel.record.accelerated} it.`,
    `${(goldRun.seconds / a.seconds).toFixed(0)} · ${(goldRun.seconds / b.seconds).toFixed(0)} · ${(goldRun.seconds / c.seconds).toFixed(1)}`,
  ]);
  const seed =
    otherSeed && kind === KINDS[0] ? distance((await gold(model, partition, { ...RUN, seed: 2 })) as AlsModel, goldModel).relative : null;
  const shown = await certify(unlearned, partition.retain, RUN);
  const { absolute, relative } = distance(unlearned, goldModel);
  sheet.put('meeting', [
    title,
    kind,
    relative,
    seed,
    shown.status,
    sigma(shown),
    shown.relativeBound,
    shown.bound,
    absolute,
    shown.bound === null ? null : absolute <= shown.bound ? 'yes' : 'NO',
  ]);
}

async function setting(sheet: Sheet, { train, test, validation }: SplitData, each: Setting): Promise<void> {
  const { title, options } = each;
  const certifiableSetting = title.includes('certifiable');
  const left = KINDS.filter((kind) => !sheet.has('meeting', title, kind));
  const COLD = 'cold, after 5 sweeps';
  const starts = [COLD, ...KINDS].filter((from) => !sheet.has('ways', title, from === COLD ? from : `the model, ${from} deleted`));
  if (left.length + starts.length === 0 && sheet.has('settings', title) && (!certifiableSetting || sheet.has('controls', title))) return;
  let model!: AlsModel;
  await sheet.measure(title, async () => {
    const cold = await timed(() => als.fit(train, options, RUN));
    model = cold.result;
    if (sheet.has('settings', title)) return;
    const quality = evaluate(model, train, test, { mask: [validation], k: 20 });
    const { result: shown, seconds } = await timed(() => certify(model, train, RUN));
    sheet.put('settings', [
      title,
      quality['ndcg@20'],
      quality['recall@20'],
      `${cold.seconds.toFixed(1)} s · ${model.record.accelerated} it.`,
      text(model.record.residual as number),
      shown.status,
      sigma(shown),
      shown.relativeBound,
      `${seconds.toFixed(1)} s`,
    ]);
  });
  for (const kind of left)
    await sheet.measure(`${title}, ${kind}`, () => request(sheet, each, kind, model, partitionOf(train, requestOf(train, kind))));
  if (certifiableSetting && !sheet.has('controls', title)) {
    await sheet.measure(`${title}, what must be refused`, async () =>
      sheet.put('controls', ...(await refused(title, model, train, partitionOf(train, requestOf(train, KINDS[0]))))),
    );
  }
  for (const from of starts) {
    const cold = from === COLD;
    await sheet.measure(`${title}, from ${from}`, async () =>
      ways(
        sheet,
        each,
        cold ? from : `the model, ${from} deleted`,
        cold ? train : partitionOf(train, requestOf(train, from as Kind)).retain,
        cold ? await als.fit(train, { ...options, tolerance: undefined }, RUN) : model,
        cold || from === KINDS[0],
      ),
    );
  }
}

async function converging(name: Name, again: boolean): Promise<void> {
  const data = await load(name);
  const { train, validation } = data;
  const sheet = new Sheet(
    `exact ${name}`,
    {
      title: `To one point, with a certificate: ${name}`,
      command: `npm run results:exact -- ${name}`,
      text: [
        `${train.users.live} users, ${train.items.live} items, ${train.interactions} training interactions; α₀ of ials ${SETTINGS[name][0].options.unobservedWeight}. ` +
          'Two threads; float64 from the fifth sweep on. Trained, stages, gold: CPU seconds of both threads together and accelerated iterations.',
        'Saved factors are float32: differences below about 1e-7 are rounding.',
        'Stage b goes over all interactions in each of its three iterations, gold in each of some sixty to a hundred: what looks at everything even once cannot be hundreds of times as fast as gold. ' +
          'Stage a looks at the rows that are touched, but reads and measures everything once for its report. Stage c starts some three decades nearer than gold and goes at the same rate.',
      ],
    },
    again,
  );
  for (const each of SETTINGS[name]) await setting(sheet, data, each);
  const profile = PROFILES[name];
  if (!profile || sheet.has('profile', profile.title)) return;
  await sheet.measure(`profile certifiable, ${profile.title}`, async () => {
    const { trials, chosen, price } = await certifiable(train, validation, profile.options, RUN);
    sheet.put(
      'profile',
      ...trials.map((trial): Cell[] => [
        profile.title,
        trial.regularization,
        trial.ndcg,
        trial.status,
        trial.sigma,
        trial.relativeBound,
        trial === chosen ? price : null,
      ]),
    );
  });
}

/** EASE and item neighbours: forgetting to the byte, at once, and beside a refit; quality beside als. */
async function linear(): Promise<void> {
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
            cells.push(
              seconds,
              exact ? ((await digest(unlearned)) === expected ? 'equal' : 'DIFFER') : largestDifference(unlearned, fresh.result),
            );
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
              { method: downdate, digests: false },
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
        "CPU seconds of a refit on the retain set; of `downdate` (exact: the bytes of the refit), and with `exact: false` (EASE: Woodbury; the largest difference of a weight to the refit's). " +
          'Times include making the new model, which leaves the given one as it is.',
        'EASE does not fit in memory on gowalla (40,981 items: 27 GB); it is refused before any work. On ml-1m its λ is the best of 50 to 2,000 on validation.',
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

await runParts({
  'ml-100k': (again) => converging('ml-100k', again),
  linear,
  'ml-1m': (again) => converging('ml-1m', again),
  gowalla: (again) => converging('gowalla', again),
});
