// What a stranger writes on the second day: a shop's orders in, lists out, somebody new, somebody who leaves, and proof that it worked;
// the model saved, and served by a worker. Strict TypeScript, nothing but the package. Ends with a line that is the same everywhere.
import { Worker } from 'node:worker_threads';
import {
  type AlsModel,
  type Certificate,
  type ComparedModel,
  certify,
  compare,
  converge,
  type Dataset,
  DataError,
  datasetFrom,
  digest,
  evaluate,
  forget,
  gold,
  type Partition,
  type Recommended,
  recommend,
  recommendFor,
  serialize,
  similarItems,
  splitDataset,
} from 'lethe';
import { als } from 'lethe/als';

/** What the shop's database has. */
interface Order {
  readonly customer: string;
  readonly product: string;
  readonly pieces: number;
}

const SHELVES: Readonly<Record<string, readonly string[]>> = {
  breakfast: ['oats', 'honey', 'milk', 'coffee', 'bread', 'jam'],
  dinner: ['pasta', 'tomatoes', 'basil', 'parmesan', 'olives', 'wine'],
  garden: ['seeds', 'spade', 'gloves', 'soil', 'pots', 'twine'],
  office: ['paper', 'pens', 'folders', 'stapler', 'ink', 'notebook'],
};

/** A little generator of its own, so that the orders are the same on every host. */
function* dice(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Customers buy from two shelves each, and now and then anything. */
function orders(customers: number): Order[] {
  const roll = dice(7);
  const next = (below: number): number => Math.floor(roll.next().value * below);
  const shelves = Object.values(SHELVES);
  const everything = shelves.flat();
  return Array.from({ length: customers }, (_, c) => c).flatMap((c) => {
    const own = [...(shelves[c % shelves.length] ?? []), ...(shelves[next(shelves.length)] ?? [])];
    return Array.from({ length: 9 }, (): Order => {
      const from = next(10) === 0 ? everything : own;
      return { customer: `customer-${c}`, product: from[next(from.length)] ?? 'milk', pieces: 1 + next(3) };
    });
  });
}

/** Rows of the shop's own shape: which field is what, and what two orders of one thing mean. */
const datasetOf = (rows: readonly Order[]): Promise<Dataset> =>
  datasetFrom(rows, { user: 'customer', item: 'product', value: 'pieces', duplicates: 'sum' });

const names = (list: readonly Recommended[]): string => list.map(({ item }) => item).join('+');

/** The lists, as the shop's pages show them. */
function lists(model: AlsModel, train: Dataset): string[] {
  return [
    names(recommend(model, 'customer-3', { k: 3, data: train })),
    names(recommendFor(model, ['spade', { item: 'soil', value: 2 }], { k: 2 })),
    names(similarItems(model, 'pasta', { k: 2 })),
  ];
}

/** Whether asking for somebody who is not there says so, by name. */
function refusesStrangers(model: AlsModel, train: Dataset): boolean {
  try {
    recommend(model, 'nobody', { data: train });
    return false;
  } catch (error) {
    return error instanceof DataError && error.message.includes('"nobody"');
  }
}

interface Departure {
  readonly model: AlsModel;
  readonly data: Dataset;
  readonly partition: Partition;
  /** The relative gradient at which forgetting ended. */
  readonly residual: number;
}

async function leave(model: AlsModel, train: Dataset, customer: string, onStep: (done: number) => void): Promise<Departure> {
  const { model: left, data, partition, report } = await forget(
    model,
    train,
    { users: [customer] },
    { method: converge, options: { tolerance: 'limit' }, onProgress: ({ done }) => onStep(done) },
  );
  return { model: left, data, partition, residual: report.residual };
}

/** How far the original and the new model are from one that never saw the customer. */
async function judged(original: AlsModel, { model, partition }: Departure): Promise<readonly number[]> {
  const judge: AlsModel = await gold(original, partition);
  const contenders = [
    { name: 'original', model: original },
    { name: 'forgotten', model },
  ];
  const table: readonly ComparedModel[] = compare(contenders, partition, { gold: judge });
  return table.map(({ scoreDistance }) => scoreDistance ?? Number.NaN);
}

/** Serves the file in a worker, as a server would that must not wait. */
function servedElsewhere(file: Uint8Array, customers: readonly string[]): Promise<string> {
  const worker = new Worker(new URL('./shop-worker.mjs', import.meta.url), { workerData: { file, customers } });
  return new Promise((done, fail) => {
    worker.once('message', (answer: string) => {
      void worker.terminate();
      done(answer);
    });
    worker.once('error', fail);
  });
}

const { train, test } = splitDataset(await datasetOf(orders(120)), 'per-user:0.8,0,0.2', 1);
const model = await als.fit(train, { factors: 8, regularization: 1, alpha: 2, tolerance: 'limit' });
const found: number = evaluate(model, train, test, { k: 5 })['recall@5'] ?? 0;
let steps = 0;
const departed = await leave(model, train, 'customer-3', (done) => {
  steps = Math.max(steps, done);
});
const [before = 0, after = 0] = await judged(model, departed);
const certificate: Certificate = await certify(departed.model, departed.data);
const file = await serialize(departed.model);
const elsewhere = await servedElsewhere(file, ['customer-4', 'customer-5']);
const here = names(recommend(departed.model, ['customer-4', 'customer-5'], { k: 3, onCold: 'empty' }).flat());

const checks: Readonly<Record<string, boolean>> = {
  'finds half of what was kept aside': found > 0.5,
  'names whom it does not know': refusesStrangers(model, train),
  'converged again': departed.residual <= 1e-9 && steps > 0,
  'nearer to gold than before': after < before,
  'the customer is gone': departed.model.users.indexOf('customer-3') < 0 && !new TextDecoder().decode(file).includes('"customer-3"'),
  'a worker serves the same': elsewhere === here,
};
const failed = Object.entries(checks).flatMap(([what, met]) => (met ? [] : [what]));
if (failed.length > 0) throw new Error(`not so: ${failed.join('; ')}`);
console.log([await digest(model), await digest(departed.model), certificate.status, ...lists(model, train), here].join(' '));
