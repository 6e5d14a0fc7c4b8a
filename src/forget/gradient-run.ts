// What the gradient methods of unlearning share: a network over the retain set with the model's parameters, a request
// taken apart, and the measures that a run is steered by. Everything derived from data (graphs, degrees, samplers,
// neighbours) is rebuilt from the retain set before any step.

import { ModelError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { GradientModel } from '../gradient/gradient-model.ts';
import { type Block, begin, type Parameter } from '../gradient/network.ts';
import { Optimizer } from '../gradient/optimizer.ts';
import { PairSampler } from '../gradient/sampling.ts';
import { Tape } from '../gradient/tape.ts';
import { Training } from '../gradient/training.ts';
import type { Matrix } from '../wasm/tensor.ts';
import type { Details, ForgetContext, Forgotten } from './method.ts';
import { type GradientDetails, keptOf, type Remembered, type Side } from './outcome.ts';
import { standardised } from './standard-scores.ts';

/** Epochs of unlearning are numbered from here on, so that their draws are none of training's. */
export const FIRST_EPOCH = 1_000_000;

/** A request over single pairs is small below this: its recall is too noisy to stop on closely. */
const SMALL_REQUEST = 1000;
/** Share of the interactions after which, all requests together, a retrain is due. */
const RETRAIN_SHARE = 0.05;

/** Interactions forgotten, or learned, since the last training from scratch; kept in the model's record. */
export interface Ledger {
  readonly requests: number;
  readonly interactions: number;
  /** Interactions that the model was trained on from scratch. */
  readonly of: number;
}

/** A run of forgetting by gradients. */
export class UnlearningRun {
  readonly training: Training;
  readonly retain: Dataset;
  /** Held-out interactions of what remains; undefined where the caller gave none. */
  readonly validation?: Dataset;
  /** Forgotten pairs whose user and item both keep interactions: the ones that steps work on. */
  readonly pairs: Dataset;
  /** Users and items that keep their id and lose all interactions. */
  readonly emptied: { readonly users: Int32Array; readonly items: Int32Array };
  readonly modality?: { readonly name: string; readonly items: number };
  /** Users who lose all interactions, with or without their id, and those interactions: what a scrub probes with. */
  readonly probes: { readonly users: Int32Array; readonly pairs: Dataset };
  /** Users and items that are wholly forgotten, and from whom rows of what remains learned. */
  readonly remembered: Remembered;
  readonly #model: GradientModel;
  readonly #context: ForgetContext;

  constructor(context: ForgetContext, { keepEmptied = false } = {}) {
    const { partition, control } = context;
    const { data, retain } = partition;
    const model = (this.#model = context.model as GradientModel);
    this.#context = context;
    this.retain = retain;
    const live = (user: number, item: number): boolean => retain.users.at(user) !== null && retain.items.at(item) !== null;
    const held = control.validation?.filter((_, user, item) => live(user, item));
    this.validation = held?.interactions ? held : undefined;
    this.training = new Training(model.kind, retain, model.options as never);
    const modalities = this.training.network.modalities ?? [];
    if (partition.modality) {
      if (!modalities.includes(partition.modality.name)) {
        throw new ModelError(
          `model "${model.kind.name}" does not use modality "${partition.modality.name}": there is nothing of it to forget; ` +
            `it uses ${modalities.join(', ') || 'none'}`,
        );
      }
      this.modality = { name: partition.modality.name, items: partition.modality.items.length };
    }
    this.training.take(model);
    this.training.network.beginEpoch?.(FIRST_EPOCH);

    const gone = new Uint8Array(data.interactions);
    for (const entry of partition.entries) gone[entry] = 1;
    const before = data.itemCounts();
    const after = retain.itemCounts();
    const row = (d: Dataset, u: number): number => d.userItems.indptr[u + 1] - d.userItems.indptr[u];
    this.emptied = {
      users: positions(retain.users.size, (u) => retain.users.at(u) !== null && row(data, u) > 0 && row(retain, u) === 0),
      items: positions(retain.items.size, (i) => retain.items.at(i) !== null && before[i] > 0 && after[i] === 0),
    };
    const probed = positions(data.users.size, (u) => row(data, u) > 0 && row(retain, u) === 0);
    const isProbe = new Set(probed);
    this.probes = { users: probed, pairs: data.filter((_, user, item) => isProbe.has(user) && after[item] > 0) };
    const itemsPairs = data.filter((_, user, item) => after[item] === 0 && row(retain, user) > 0);
    const lost = itemsPairs.itemCounts();
    this.remembered = {
      users: positions(data.users.size, (u) => row(this.probes.pairs, u) > 0),
      items: positions(data.items.size, (i) => lost[i] > 0),
      usersPairs: this.probes.pairs,
      itemsPairs,
    };
    this.pairs = data
      .filter((entry, user, item) => gone[entry] === 1 && live(user, item) && (keepEmptied || (row(retain, user) > 0 && after[item] > 0)))
      .withTables(retain.users, retain.items);
  }

  /** The interactions before the request. */
  get data(): Dataset {
    return this.#context.partition.data;
  }
  /** The rows that the model served before it. */
  get served(): Readonly<Record<Side, Matrix>> {
    return { users: this.#model.userFactors, items: this.#model.itemFactors };
  }
  /** Users or items that keep interactions. */
  living(side: Side): Int32Array {
    const counts = side === 'items' ? this.retain.itemCounts() : undefined;
    return positions(this.retain[side].size, (p) => (counts ? counts[p] : this.retain.itemsOf(p).length) > 0);
  }
  /** Whether a side's whole rows are what was asked: by id, or half of the interactions or more; a rare item's last one is neither. */
  asksWhole(side: Side): boolean {
    const { partition } = this.#context;
    return partition[side].length > 0 || 2 * this.remembered[`${side}Pairs`].interactions >= partition.entries.length;
  }
  /**
   * Rows of a side that keeps interactions begin anew. @returns them and all shared weights, by parameter: what moves
   * while the other side stands still.
   */
  beginSide(side: Side, seed: number): Map<string, Int32Array> {
    const living = this.living(side);
    for (const [name, parameter] of this.training.network.parameters) {
      for (const block of parameter.blocks)
        if (block.owner === side) begin(name, parameter, block, this.retain, seed, this.#generation, living);
    }
    return this.#rowsOf(({ owner, rows }) => {
      if (owner === 'shared') return Int32Array.from({ length: rows }, (_, r) => r);
      return owner === side ? living : [];
    });
  }
  get #generation(): number {
    return (this.#ledger()?.requests ?? 0) + 1;
  }

  /** Gives the probed users' rows the values that training began with (generation 0), or fresh ones. */
  placeProbes(seed: number, generation: number): void {
    this.#probeRows((name, parameter, block) =>
      begin(name, parameter, block, this.#context.partition.data, seed, generation, this.probes.users),
    );
  }
  /** Empties the probed users' rows again. */
  clearProbes(): void {
    this.#probeRows((_, { matrix }, block) => {
      for (const user of this.probes.users) matrix.row(block.from + user).fill(0);
    });
  }
  #probeRows(visit: (name: string, parameter: Parameter, block: Block) => void): void {
    for (const [name, parameter] of this.training.network.parameters) {
      for (const block of parameter.blocks) if (block.owner === 'users') visit(name, parameter, block);
    }
  }
  /** The rows of emptied users and items, by parameter. */
  freshRows(): Map<string, Int32Array> {
    return this.#rowsOf(({ owner }) => (owner === 'shared' ? [] : this.emptied[owner]));
  }
  /** The rows of all users, by parameter. */
  userRows(): Map<string, Int32Array> {
    return this.#rowsOf(({ owner, rows }) => (owner === 'users' ? Int32Array.from({ length: rows }, (_, r) => r) : []));
  }
  #rowsOf(ofBlock: (block: Block) => Iterable<number>): Map<string, Int32Array> {
    return new Map(
      Array.from(this.training.network.parameters, ([name, { blocks }]) => [
        name,
        Int32Array.from(blocks.flatMap((block) => Array.from(ofBlock(block), (r) => block.from + r))),
      ]),
    );
  }
  /** All rows but the probes', by parameter: what may move while they are asked. */
  rowsBesideProbes(): Map<string, Int32Array> {
    const probed = new Set(this.probes.users);
    return new Map(
      Array.from(this.training.network.parameters)
        .filter(([, { blocks }]) => blocks.some(({ owner }) => owner === 'users'))
        .map(([name, { matrix, blocks }]) => {
          const users = blocks.find(({ owner }) => owner === 'users')!;
          return [name, positions(matrix.rows, (r) => r < users.from || r >= users.from + users.rows || !probed.has(r - users.from))];
        }),
    );
  }
  probeRecall(): number {
    return this.training.recall(this.probes.pairs.userItems, this.retain.userItems);
  }

  /** What the caller watches and stops the run by. */
  get control(): ForgetContext['control'] {
    return this.#context.control;
  }

  /**
   * Rows of emptied users and items begin anew, by a key of their own: not the row that training began with, to which
   * other rows were drawn and still lean.
   */
  freshen(seed: number): void {
    const generation = this.#generation;
    for (const [name, parameter] of this.training.network.parameters) {
      for (const block of parameter.blocks) {
        const only = block.owner === 'shared' ? new Int32Array(0) : this.emptied[block.owner];
        if (only.length > 0) begin(name, parameter, block, this.retain, seed, generation, only);
      }
    }
  }

  /** The weights that projected a modality begin anew. @returns their rows, by parameter. */
  restartModality(seed: number): Map<string, Int32Array> {
    const rows = this.#rowsOf(() => []);
    for (const [name, parameter] of this.training.network.parameters) {
      if (!name.endsWith(`:${this.modality?.name}`)) continue;
      for (const block of parameter.blocks) begin(name, parameter, block, this.retain, seed, this.#generation);
      rows.set(
        name,
        Int32Array.from({ length: parameter.matrix.rows }, (_, r) => r),
      );
    }
    return rows;
  }

  optimizer(): Optimizer {
    return new Optimizer(this.training.arena, this.training.matrices);
  }
  retained(seed: number): PairSampler {
    return new PairSampler(this.retain, seed);
  }
  /** Forgotten pairs; their negatives are items that the user neither keeps nor forgets. */
  forgotten(seed: number, pairs = this.pairs): PairSampler {
    return new PairSampler(pairs, seed, [this.retain, pairs]);
  }

  /** Recall@20 of the forgotten pairs, only retained ones masked. NaN where there are none. */
  forgetRecall(): number {
    return this.training.recall(this.pairs.userItems, this.retain.userItems);
  }
  /** Recall@20 on the validation data; NaN without them. */
  validationRecall(): number {
    return this.validation ? this.training.recall(this.validation.userItems, this.retain.userItems) : NaN;
  }
  /**
   * What a model that never saw the forgotten pairs would score on them: the recall of the same users' validation pairs, or of
   * all users' where those have none. Measured once, before the first step: later it would fall with the model.
   */
  reference(): number {
    if (!this.validation) return NaN;
    const { indptr } = this.pairs.userItems;
    const same = this.validation.filter((_, user) => indptr[user] < indptr[user + 1]);
    return same.interactions > 0 ? this.training.recall(same.userItems, this.retain.userItems) : this.validationRecall();
  }
  /** How far above the reference forgotten pairs may still rank. */
  get tolerance(): number {
    return this.pairs.interactions < SMALL_REQUEST ? 1.1 : 1.05;
  }

  /**
   * Probability that a forgotten pair scores above a held-out pair, each by its distance from the user's mean score in
   * standard deviations. ½ tells nothing; below ½ the pairs were over-forgotten, which tells as much as above.
   */
  membershipAuc(): number {
    if (!this.validation || this.pairs.interactions === 0) return NaN;
    const { arena } = this.training;
    return arena.scope(() => {
      const { users, items } = this.training.network.factors(new Tape(arena));
      const standard = standardised(users.value, items.value);
      const { indptr } = this.pairs.userItems;
      const rows = (d: Dataset): number[] => {
        const scores: number[] = [];
        for (let u = 0; u < d.users.size; u++)
          if (indptr[u] < indptr[u + 1]) for (const score of standard(u, d.itemsOf(u))) scores.push(score);
        return scores;
      };
      return areaUnderCurve(rows(this.pairs), rows(this.validation!));
    });
  }

  /** The parameters as they are, and the way back to them. */
  snapshot(): { keep(): void; restore(): void } {
    const { matrices } = this.training;
    const kept = new Map<Matrix, Float32Array>();
    return {
      keep: () => {
        for (const matrix of matrices.values()) kept.set(matrix, matrix.view().slice());
      },
      restore: () => {
        for (const [matrix, values] of kept) matrix.view().set(values);
      },
    };
  }

  /** The unlearned model with its ledger, and the report. */
  finish<D extends Details & Pick<GradientDetails, 'epochs' | 'status'>>(
    details: D,
    relearned: readonly Side[] = [],
  ): Forgotten<D & GradientDetails, GradientModel> {
    const { data, entries } = this.#context.partition;
    const earlier = this.#ledger();
    const ledger: Ledger = {
      requests: (earlier?.requests ?? 0) + 1,
      interactions: (earlier?.interactions ?? 0) + entries.length,
      of: earlier?.of ?? data.interactions,
    };
    const share = ledger.interactions / ledger.of;
    const { epochs, ...record } = this.#model.record;
    return {
      model: this.training.model({ ...record, epochs, threads: this.training.team.threads, unlearned: ledger }, this.#model),
      details: {
        ...details,
        rowsBegunAnew: this.emptied.users.length + this.emptied.items.length,
        ...keptOf(this.remembered, relearned),
        ...(this.modality && { modality: this.modality }),
        forgottenSinceTraining: share,
        retrainDue: share > RETRAIN_SHARE,
      },
    };
  }

  #ledger(): Ledger | undefined {
    return this.#model.record.unlearned as Ledger | undefined;
  }
}

function positions(n: number, wanted: (position: number) => boolean): Int32Array {
  return Int32Array.from({ length: n }, (_, p) => p).filter(wanted);
}

/** P(a > b) + ½ P(a = b) for a, b drawn from two lists. */
export function areaUnderCurve(above: ArrayLike<number>, below: ArrayLike<number>): number {
  const a = Float64Array.from(above).sort();
  const b = Float64Array.from(below).sort();
  let wins = 0;
  let less = 0;
  let notMore = 0; // values of b below the one of a that is looked at, and those that are not above it
  for (const score of a) {
    while (less < b.length && b[less] < score) less++;
    while (notMore < b.length && b[notMore] <= score) notMore++;
    wins += (less + notMore) / 2;
  }
  return wins / (a.length * b.length);
}
