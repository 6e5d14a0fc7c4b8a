// npm run results:exact [-- PART… --again]: how far training and forgetting go to one point, what the certificate says of it, and
// what the models that forget by algebra cost. Parts: ml-100k, ml-1m, gowalla, linear; without one, all.
// What is published already is not measured again but with --again, so that a long run can be continued. Times are the
// process's CPU seconds on both its threads, so that other work on the machine does not count.

import {
  type AlsModel,
  als,
  type Certificate,
  certifiable,
  certify,
  type Dataset,
  evaluate,
  forgetInStages,
  gold,
  type Partition,
  partitionOf,
} from '../../src/index.ts';
import { type AccelerateControl, accelerate } from '../../src/least-squares/acceleration.ts';
import { Stationary } from '../../src/least-squares/stationary.ts';
import { withTeam } from '../../src/threads/team.ts';
import { load, type SplitData } from './data.ts';
import { linear } from './exact-linear.ts';
import { KINDS, type Kind, type Name, PROFILES, RUN, requestOf, SETTINGS, type Setting } from './exact-settings.ts';
import { Marks, Sheet, sigma, text } from './exact-sheet.ts';
import { runParts } from './parts.ts';
import { spent, timed } from './processor-time.ts';
import type { Cell } from './report.ts';

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

/** How one goes there; the rarer ways are shown for few starts. */
const WAYS: Readonly<Record<string, AccelerateControl>> = {
  'conjugate gradients': {},
  'L-BFGS': { accelerator: 'lbfgs' },
  'with Newton': { polish: 'newton' },
};

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
    `${(goldRun.seconds / a.seconds).toFixed(0)} · ${(goldRun.seconds / b.seconds).toFixed(0)} · ` +
      `${(goldRun.seconds / c.seconds).toFixed(1)}`,
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
    shown.bound === null ? null : yes(absolute <= shown.bound),
  ]);
}

const yes = (it: boolean): string => (it ? 'yes' : 'NO');

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
        `${train.users.live} users, ${train.items.live} items, ${train.interactions} training interactions; α₀ of ials ` +
          `${SETTINGS[name][0].options.unobservedWeight}. ` +
          'Two threads; float64 from the fifth sweep on. Trained, stages, gold: CPU seconds of both threads together and accelerated ' +
          'iterations.',
        'Saved factors are float32: differences below about 1e-7 are rounding.',
        'Stage b goes over all interactions in each of its three iterations, gold in each of some sixty to a hundred: what looks at ' +
          'everything even once cannot be hundreds of times as fast as gold. ' +
          'Stage a looks at the rows that are touched, but reads and measures everything once for its report. Stage c starts some ' +
          'three decades nearer than gold and goes at the same rate.',
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

await runParts({
  'ml-100k': (again) => converging('ml-100k', again),
  linear,
  'ml-1m': (again) => converging('ml-1m', again),
  gowalla: (again) => converging('gowalla', again),
});
