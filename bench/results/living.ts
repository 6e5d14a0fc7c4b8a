// npm run results:living [-- PART…]: a recommender that learns and forgets in turns, beside gold on the same data. The first half of
// the interactions is trained, by time where there are times, and the rest is learned in batches, with a deletion after each.

import { untouched } from '../../src/forget/request.ts';
import {
  type AddedInteraction,
  type ComparedModel,
  certify,
  compare,
  type Dataset,
  digest,
  evaluate,
  type ForgetRequest,
  type Model,
  mmrecun,
  type ReviseOptions,
  revise,
} from '../../src/index.ts';
import { inOrder, type Stream, started } from './living-data.ts';
import { coldItems, newcomers } from './living-newcomers.ts';
import { SETTINGS, type Setting } from './living-settings.ts';
import { runParts } from './parts.ts';
import { timed } from './processor-time.ts';
import { type Cell, note, publish, published, type Table } from './report.ts';

const K = 20;
/** Points at which gold is trained. */
const POINTS = 10;
const BATCH = 1000;
/** Single interactions that a deletion of that sort takes. */
const FEW = 50;

/** Users, items and single interactions in turns, spread by the number of the batch; what is there now. */
function deletion(data: Dataset, n: number): ForgetRequest {
  const pick = (ids: readonly string[]): string => ids[(n * 7919 + 13) % ids.length];
  if (n % 3 === 0) return { users: [pick([...data.users])] };
  if (n % 3 === 1) return { items: [pick([...data.items])] };
  const { indptr, indices } = data.userItems;
  const pairs: [string, string][] = [];
  for (let k = 0; k < FEW; k++) {
    const entry = ((n * FEW + k) * 104729) % indices.length;
    let user = 0;
    while (entry >= indptr[user + 1]) user++;
    pairs.push([data.users.at(user)!, data.items.at(indices[entry])!]);
  }
  return { interactions: pairs };
}

/** A batch without what has been forgotten since: nobody is brought back. */
const stillWanted = (batch: readonly AddedInteraction[], gone: ReadonlySet<string>): AddedInteraction[] =>
  batch.filter(({ user, item }) => !gone.has(`u${user}`) && !gone.has(`i${item}`));

interface Living {
  model: Model;
  data: Dataset;
  readonly learned: number[];
  readonly forgotten: number[];
  readonly gone: Set<string>;
}

async function step(living: Living, batch: readonly AddedInteraction[], n: number, stream: Stream, setting: Setting): Promise<void> {
  const shared = { digests: false, ...(setting.validated && { validation: stream.over(stream.validation, living.data) }) };
  const learnBy = { ...shared, method: setting.learnBy, options: setting.learnOptions } as ReviseOptions;
  const learn = { interactions: stillWanted(batch, living.gone) };
  const came = await timed(() => revise(living.model, living.data, { learn }, learnBy));
  living.learned.push(came.seconds);
  const request = deletion(came.result.data, n);
  const method = setting.learnBy.forgets === false ? mmrecun : setting.learnBy;
  const options = setting.learnBy.forgets === false ? {} : setting.learnOptions;
  const validation = setting.validated && { validation: stream.over(stream.validation, came.result.data) };
  const forgetBy = { method, options, digests: false, ...validation } as ReviseOptions;
  const left = await timed(() => revise(came.result.model, came.result.data, { forget: request }, forgetBy));
  living.forgotten.push(left.seconds);
  for (const id of request.users ?? []) living.gone.add(`u${id}`);
  for (const id of request.items ?? []) living.gone.add(`i${id}`);
  living.model = left.result.model;
  living.data = left.result.data;
}

const recallOf = (model: Model, data: Dataset, stream: Stream): number =>
  evaluate(model, data, stream.over(stream.test, data), { k: K })[`recall@${K}`] as number;

/** A row at a point: the living model beside gold, and gold beside another gold. */
async function point(at: number, living: Living, stream: Stream, setting: Setting, costs: number[]): Promise<Cell[]> {
  const { model, data } = living;
  const validation = setting.validated ? { validation: stream.over(stream.validation, data) } : {};
  const fit = (seed?: number) => model.kind.fit(data, seed === undefined ? setting.options : { ...setting.options, seed }, validation);
  const trained = await timed(() => fit());
  costs.push(trained.seconds);
  const gold = trained.result;
  const other = 'seed' in model.kind.options ? await fit(2) : undefined;
  const contenders = [{ name: 'living', model }, { name: 'gold', model: gold }, ...(other ? [{ name: 'other', model: other }] : [])];
  const rows = compare(contenders, untouched(data), { gold, test: stream.over(stream.test, data), k: K });
  const [own, , floor] = rows as readonly ComparedModel[];
  const verdict = (await digest(model)) === (await digest(gold)) ? 'equal' : 'DIFFERS';
  const certificate = setting.certified ? (await certify(model, data)).status : null;
  const goldRecall = recallOf(gold, data, stream);
  const recall = recallOf(model, data, stream);
  return [
    at,
    data.interactions,
    recall,
    goldRecall,
    recall / goldRecall,
    own[`overlap@${K}`],
    floor?.[`overlap@${K}`] ?? null,
    own.scoreDistance,
    setting.exact ? verdict : null,
    certificate,
  ];
}

const COLUMNS = ['batches', 'interactions', 'recall@20', "gold's", 'of gold', 'overlap@20', 'floor', 'distance', 'digest', 'certificate'];

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

async function run(name: string, setting: Setting, again: boolean): Promise<void> {
  const section = `living-${name}`;
  if (!again && published(section)) return note(`${section} is published: left as it is`);
  const from = performance.now();
  const stream = await inOrder(setting.set);
  const first = started(stream);
  const validation = setting.validated ? { validation: stream.over(stream.validation, first) } : {};
  const original = await setting.kind.fit(first, setting.options, validation);
  const living: Living = { model: original, data: first, learned: [], forgotten: [], gone: new Set() };
  const batches: AddedInteraction[][] = [];
  for (let at = stream.half; at < stream.pairs.length; at += BATCH) batches.push(stream.pairs.slice(at, at + BATCH));
  const wanted = setting.batches ? batches.slice(0, setting.batches) : batches;
  const rows: Cell[][] = [];
  const costs: number[] = [];
  const every = Math.max(1, Math.floor(wanted.length / (setting.points ?? POINTS)));
  for (const [n, batch] of wanted.entries()) {
    await step(living, batch, n, stream, setting);
    if ((n + 1) % every !== 0 && n + 1 !== wanted.length) continue;
    rows.push(await point(n + 1, living, stream, setting, costs));
    note(`${section}: ${rows.at(-1)!.join(' ')}`);
  }
  rows.push(await stale(original, first, living, stream));
  const tables: Table[] = [{ columns: COLUMNS, rows }, timesOf(living, costs)];
  if (setting.deletions) tables.push(await drift(living, stream, setting));
  const command = `npm run results:living -- ${name}`;
  publish(section, { title: `Living: ${setting.title}`, command, text: [setting.text, WORDS], tables }, (performance.now() - from) / 1000);
}

const WORDS =
  'Half of the training interactions are trained, the rest learned in batches of 1,000, with a deletion of a user, an item or 50 single ' +
  'interactions after each, in turns. Gold is trained from scratch on the same data at each point; floor: overlap of two golds of ' +
  'different seeds; distance: of scores, relative. Last row, the control: the model of the first half, which has learned nothing.';

/** The control: the model of the start, tested on what the living one is tested on. */
async function stale(original: Model, first: Dataset, { data }: Living, stream: Stream): Promise<Cell[]> {
  const recall = recallOf(original, first, stream);
  return [`the first half's`, data.interactions, recall, null, null, null, null, null, null, null];
}

function timesOf({ learned, forgotten }: Living, costs: readonly number[]): Table {
  const retrain = quantile(costs, 0.5);
  const row = (what: string, values: readonly number[]): Cell[] => [
    what,
    values.length,
    quantile(values, 0.5) / retrain,
    quantile(values, 0.99) / retrain,
  ];
  return {
    caption: 'Processor time, as a share of that of training gold in the same run (on a machine with other work)',
    columns: ['what', 'times', 'median / retrain', '99th percentile / retrain'],
    rows: [row('learn a batch of 1,000', learned), row('a deletion', forgotten)],
  };
}

/** Deletions one after the other, nothing learned between them: whether errors add up. */
async function drift(living: Living, stream: Stream, setting: Setting): Promise<Table> {
  const own: Living = { ...living, learned: [], forgotten: [], gone: new Set(living.gone) };
  const rows: Cell[][] = [];
  const costs: number[] = [];
  const total = setting.deletions!;
  for (let n = 0; n < total; n++) {
    const { indptr, indices } = own.data.userItems;
    const entry = (n * 104729) % indices.length;
    let user = 0;
    while (entry >= indptr[user + 1]) user++;
    const forget: ForgetRequest =
      n % 10 === 0 ? deletion(own.data, 3 * n) : { interactions: [[own.data.users.at(user)!, own.data.items.at(indices[entry])!]] };
    const options = { method: setting.learnBy, options: setting.learnOptions, digests: false } as ReviseOptions;
    const { model, data } = await revise(own.model, own.data, { forget }, options);
    [own.model, own.data] = [model, data];
    if ((n + 1) % (total / 4) === 0) rows.push(await point(n + 1, own, stream, setting, costs));
  }
  return {
    caption: `${total} deletions in a row, a tenth of them users, the others single interactions`,
    columns: ['deletions', ...COLUMNS.slice(1)],
    rows,
  };
}

await runParts({
  ...Object.fromEntries(Object.entries(SETTINGS).map(([name, setting]) => [name, (again: boolean) => run(name, setting, again)])),
  newcomers,
  'cold-items': coldItems,
});
