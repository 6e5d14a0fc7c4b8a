// Whole users and items live on in the rows of the other side, which learned from them. Those rows begin anew: they learn
// alone, from what remains, while the side of the deleted stands still, then all rows together. Steps against the deleted
// offset what the rows that stood still carry over. Shared weights move along and keep part of what they learned.

import { type Key, STREAM, uniform } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Moment } from '../gradient/network.ts';
import { add } from '../gradient/ops/pointwise.ts';
import { gather, rowDot } from '../gradient/ops/rows.ts';
import { Optimizer } from '../gradient/optimizer.ts';
import { PairDescent } from '../gradient/pair-descent.ts';
import { type Batch, PairSampler } from '../gradient/sampling.ts';
import type { Tape, Variable } from '../gradient/tape.ts';
import type { Matrix } from '../wasm/tensor.ts';
import { FIRST_EPOCH, type UnlearningRun } from './gradient-run.ts';
import type { Side } from './outcome.ts';
import { negatedLoss } from './reverse-loss.ts';

export interface RelearnOptions {
  /** Epochs of the fresh rows alone. */
  readonly epochs: number;
  /** Epochs of all rows after them. */
  readonly jointEpochs: number;
  /** Weight of a deleted pair's reverse loss beside a retained pair's loss; default by how many remain. */
  readonly reverse?: number;
  /** Step size of Adam; models that descend pair by pair take steps of their own. */
  readonly learningRate: number;
  readonly seed: number;
}

/** What was done for the deleted of one side. */
export interface Relearned {
  /** Deleted users (or items) from whom rows of the other side had learned. */
  readonly of: Side;
  readonly deleted: number;
  /** Rows of the other side that began anew. */
  readonly rowsBegunAnew: number;
  /** Weight of a deleted pair in the steps against the deleted. */
  readonly ghost: number;
}

/**
 * Weight of a deleted pair. The more users remain, the more steps answer one against the deleted: chosen on requests over sets of
 * 560 to 5,600 users; docs/models.md says which, and what a request by chance leaves. Items were well with one weight.
 */
const REVERSE = { users: 2000, weight: 0.2 } as const;
function reverseWeight(side: Side, users: number): number {
  if (side === 'items') return REVERSE.weight;
  const size = users / REVERSE.users;
  return REVERSE.weight * Math.sqrt(size * Math.sqrt(size));
}

/** Epochs of relearning are numbered from here on. */
const EPOCHS = FIRST_EPOCH - 10_000;
/** Fresh rows have the whole way of training to go: their steps by pairs are longer than its own. */
const PAIR_RATE = 2;
/** Deleted pairs in a step against them. */
const REVERSED = { batches: 512, pairs: 128 } as const;

/** Lets both sides forget the deleted of the other, as far as there are any. */
export async function relearn(run: UnlearningRun, options: RelearnOptions): Promise<Relearned[]> {
  const sides = (['users', 'items'] as const).filter((side) => run.remembered[`${side}Pairs`].interactions > 0 && run.asksWhole(side));
  if (sides.length === 0) return [];
  const done: Relearned[] = [];
  const pairs = run.training.options.optimizer === 'sgd-pairs' ? run.training.pairs() : undefined;
  const descent = pairs instanceof PairDescent ? pairs : undefined;
  for (const side of sides) {
    const ghosts = new Ghosts(run, side, options);
    const fresh = run.beginSide(side === 'users' ? 'items' : 'users', options.seed);
    if (descent) await byPairs(run, ghosts, fresh, options, descent);
    else await byBatches(run, ghosts, fresh, options);
    done.push({
      of: side,
      deleted: run.remembered[side].length,
      rowsBegunAnew: run.living(side === 'users' ? 'items' : 'users').length,
      ghost: ghosts.weight,
    });
  }
  await jointly(run, options, descent);
  return done;
}

/** Rows by parameter. */
type Rows = ReadonlyMap<string, Int32Array>;

/** Pairs in batches, by Adam. */
async function byBatches(run: UnlearningRun, ghosts: Ghosts, fresh: Rows, options: RelearnOptions): Promise<void> {
  const { training, control } = run;
  const { batchSize } = training.options;
  const optimizer = run.optimizer();
  const sampler = run.retained(options.seed);
  const weight = (ghosts.weight * ghosts.pairs.interactions) / run.retain.interactions;
  for (let e = 1; e <= options.epochs; e++) {
    const epoch = epochOf(ghosts, e);
    const order = sampler.order(epoch);
    training.network.beginEpoch?.(epoch);
    for (let start = 0, step = 0; start < order.length; start += batchSize, step++) {
      const batch = sampler.batch(order.subarray(start, start + batchSize), epoch);
      const against = ghosts.next(REVERSED.batches, { epoch, step });
      const lossOf = (pass: { loss(batch: Batch, weight: number): Variable }, tape: Tape): Variable =>
        weight > 0 ? add(pass.loss(batch, 1), ghosts.reverse(tape, against, weight)) : pass.loss(batch, 1);
      training.step(optimizer, options.learningRate, { epoch, step }, lossOf, fresh);
      await training.breathe(control);
    }
    control.onProgress?.({ phase: 'relearn', done: e, total: options.epochs });
  }
}

/** Pair by pair. The side that stands still moves within an epoch, and goes back at its end. */
async function byPairs(run: UnlearningRun, ghosts: Ghosts, fresh: Rows, options: RelearnOptions, pairs: PairDescent): Promise<void> {
  const { training, control } = run;
  const rate = PAIR_RATE * training.options.learningRate;
  const still = training.network.pairs![ghosts.of];
  const kept = still.view().slice();
  const descent = new Optimizer(training.arena, training.matrices, { name: 'sgd' });
  for (let e = 1; e <= options.epochs; e++) {
    const epoch = epochOf(ghosts, e);
    await training.epoch(epoch, pairs, descent, rate, control);
    still.view().set(kept);
    const { interactions } = ghosts.pairs;
    for (let start = 0, step = 0; start < interactions && ghosts.weight > 0; start += REVERSED.pairs, step++) {
      const against = ghosts.next(Math.min(REVERSED.pairs, interactions - start), { epoch, step });
      const weight = ghosts.weight * against.users.length;
      training.step(descent, rate, { epoch, step }, (_, tape) => ghosts.reverse(tape, against, weight), fresh);
      await training.breathe(control);
    }
    control.onProgress?.({ phase: 'relearn', done: e, total: options.epochs });
  }
}

/** All rows, as training moves them. */
async function jointly(run: UnlearningRun, { jointEpochs, seed }: RelearnOptions, descent?: PairDescent): Promise<void> {
  const { training, control } = run;
  const pairs = descent ?? run.retained(seed);
  const optimizer = run.optimizer();
  for (let e = 1; e <= jointEpochs; e++) {
    const objective = await training.epoch(EPOCHS + 5_000 + e, pairs, optimizer, training.options.learningRate, control);
    control.onProgress?.({ phase: 'rejoin', done: e, total: jointEpochs, objective });
  }
}

const epochOf = ({ of }: Ghosts, e: number): number => EPOCHS + (of === 'users' ? 0 : 2_000) + e;

/** The deleted while steps are taken against them: the rows that the model served for them, which stay as they were. */
class Ghosts {
  /** Their pairs with what remains. */
  readonly pairs: Dataset;
  /** Of one such pair's reverse loss, beside a retained pair's loss. */
  readonly weight: number;
  readonly #run: UnlearningRun;
  readonly #served: Matrix;
  readonly #seed: number;
  readonly #sampler: PairSampler;
  readonly #order: Int32Array;
  /** Positions of users that remain: what a deleted item is compared by. */
  readonly #others: Int32Array;
  #cursor = 0;

  constructor(
    run: UnlearningRun,
    readonly of: Side,
    { seed, reverse }: RelearnOptions,
  ) {
    this.#run = run;
    this.#seed = seed;
    this.pairs = run.remembered[`${of}Pairs`];
    this.#served = run.served[of];
    this.#sampler = new PairSampler(this.pairs, seed, of === 'users' ? [run.retain, this.pairs] : [this.pairs]);
    this.#order = this.#sampler.order(EPOCHS);
    this.#others = run.living('users');
    this.weight = reverse ?? reverseWeight(of, this.#others.length);
  }

  /** The next deleted pairs, round after round. */
  next(most: number, { epoch, step }: Moment): Batch {
    const n = Math.min(most, this.#order.length);
    const entries = Int32Array.from({ length: n }, (_, k) => this.#order[(this.#cursor + k) % this.#order.length]);
    this.#cursor = (this.#cursor + n) % this.#order.length;
    return this.#sampler.batch(entries, epoch, step);
  }

  /** −weight · (mean loss of these pairs): stepping on it makes the deleted find what they had no better than anything else. */
  reverse(tape: Tape, batch: Batch, weight: number): Variable {
    const [plus, minus] = this.#scores(tape, batch);
    return negatedLoss(tape, plus, minus, weight);
  }

  #scores(tape: Tape, { users, positives, negatives }: Batch): [Variable, Variable] {
    const rows = this.#run.training.network.factors(tape);
    const [own, other, had, hadNot] =
      this.of === 'users'
        ? [users, rows.items, positives, negatives]
        : [positives, rows.users, users, Int32Array.from(users, (user, k) => this.#stranger(user, positives[k]))];
    const ghost = tape.matrix(own.length, this.#served.cols);
    own.forEach((r, k) => ghost.row(k).set(this.#served.row(r)));
    const fixed = tape.constant(ghost);
    return [rowDot(fixed, gather(other, had)), rowDot(fixed, gather(other, hadNot))];
  }

  /** A user that a deleted item's user is compared with: one who remains and had not the item, by a draw of the pair's. */
  #stranger(user: number, item: number): number {
    const { data } = this.#run;
    const [u, i]: Key[] = [data.users.key(user), data.items.key(item)];
    const key: Key = { lo: (u.lo ^ i.hi) >>> 0, hi: (u.hi ^ i.lo) >>> 0 };
    for (let t = 0; t < 16; t++) {
      const other = this.#others[Math.floor(uniform(this.#seed, STREAM.negatives, key, this.#cursor * 16 + t) * this.#others.length)];
      if (!data.itemsOf(other).includes(item)) return other;
    }
    return user;
  }
}
