// The judge of a forgetting: what is left of the forgotten in a model, by statistics that the original fails and gold passes.
// Where the original does as well as gold a figure is null and has no power; it never counts as met.

import * as check from '../base/check.ts';
import { expectPartition, type Partition } from '../forget/request.ts';
import { expectModel, type Model } from '../model/model.ts';
import { distanceLeft, enoughSeeds, projectionLeft, ScoreSpace, type Seeded } from './influence.ts';
import { aucError, setTest, userTest } from './membership.ts';
import { pairMargins, pairsOf } from './pair-margin.ts';
import { DEVIATIONS, deviationOf, isGone, LEAST_DISTANCE, LEAST_GOLDS, mean, type Standing, variance } from './power.ts';
import { reconstruction, type Signals, support } from './reconstruction.ts';
import { type Around, subjectsOf } from './subjects.ts';

/** What a model is judged beside. */
export interface Beside extends Around {
  /** Models before the forgetting, of one seed each; the first is the one that was made to forget. */
  readonly originals: readonly Model[];
  /** Models trained on what remains, of one seed each. Five golds or more give every figure; one gives those of one seed. */
  readonly golds: readonly Model[];
}

/** A figure that must come near gold's. */
export interface Figure {
  /** Null without power. */
  readonly value: number | null;
  /** The mean of golds, each measured as the model is. */
  readonly gold: number | null;
  readonly original: number | null;
  readonly power: boolean;
  /** Whether it is as near to gold's as it must be; null without power. */
  readonly met: boolean | null;
}

/** Whether it can be told who was deleted. */
export interface Membership {
  /** Who was asked for: users or items that lost everything, or single interactions. */
  readonly of: 'users' | 'items' | 'interactions';
  readonly members: number;
  readonly strangers: number;
  /** The members as a set: 0 is gold, 1 is nothing removed, below 0 was overdone. */
  readonly set: Standing & { readonly met: boolean | null };
  /** AUC of a single one against strangers, the difficulty taken off by golds of other seeds. */
  readonly auc: Figure;
  /** Share that is told at 1 % false positives; null without power of the AUC. */
  readonly 'tpr@0.01': number | null;
  /** AUC of one half by the other, by ridge, against the member's own held-out ones. */
  readonly support: Figure | null;
}

/** What the judge says of one model. */
export interface Judgement {
  /** What is left in the scores of those who remain. */
  readonly influence: Standing & {
    readonly met: boolean | null;
    /** False where there were too few golds and originals to measure by. */
    readonly measured: boolean;
  };
  readonly membership: readonly Membership[];
}

/** Distances to gold's figure that pass; two deviations where chance alone goes farther. */
const AUC_WITHIN = 0.06;
const SUPPORT_WITHIN = 0.03;

/** What is asked of every model, in the order of their membership rows. */
interface Question {
  readonly of: Membership['of'];
  readonly ask: (model: Model) => Signals | null;
  readonly support: (model: Model) => Float64Array | null;
}

/**
 * Judges models after one request.
 * @example
 * const judge = new Judge(partition, { originals: [model], golds: [goldModel], unseen, heldOut: [validation, test] });
 * judge.of(unlearned).influence.left; // 0 is gold, 1 is nothing removed
 */
export class Judge {
  readonly #originals: readonly Seeded[];
  readonly #golds: readonly Seeded[];
  readonly #space: ScoreSpace;
  readonly #questions: readonly Question[];
  readonly #signals = new Map<Question, WeakMap<Model, Signals | null>>();
  readonly #supports = new Map<Question, WeakMap<Model, Float64Array | null>>();

  /** @throws RangeError without an original or without a gold. */
  constructor(partition: Partition, beside: Beside) {
    expectPartition(partition);
    check.knownKeys('Judge', beside, ['originals', 'golds', 'unseen', 'heldOut']);
    const { originals, golds, ...around } = beside;
    for (const [name, models] of Object.entries({ originals, golds })) {
      if (check.array(name, models).length === 0) throw new RangeError(`"${name}" expected at least one model, got none`);
      for (const model of models) expectModel(name, model);
    }
    this.#originals = originals.map(seeded);
    this.#golds = golds.map(seeded);
    this.#space = new ScoreSpace(partition.retain);
    this.#questions = questionsOf(partition, around);
  }

  /** @param model over the same tables as the partition; originals and golds can be judged as well, each without itself. */
  of(model: Model): Judgement {
    return {
      influence: { ...judged(this.#influence(model)), measured: !this.#stepped || enoughSeeds(this.#originals, this.#golds) },
      membership: this.#questions.flatMap((question) => this.#membership(question, model) ?? []),
    };
  }

  #influence(model: Model): Standing {
    // Runs of one seed stay together where a model is solved and not stepped: there gold of the same seed is the measure.
    return this.#stepped
      ? projectionLeft(this.#space, seeded(model), this.#originals, this.#golds)
      : distanceLeft(this.#space, model, this.#originals[0].model, this.#golds[0].model);
  }

  get #stepped(): boolean {
    return this.#originals[0].model.kind.capabilities.includes('gradient');
  }

  #membership(question: Question, model: Model): Membership | null {
    const own = this.#asked(question, model);
    if (!own) return null;
    const all = (of: readonly Seeded[]): Signals[] => of.map((other) => this.#asked(question, other.model)!);
    const others = this.#golds.filter((gold) => gold.model !== model);
    const set = setTest(own, all(this.#originals), all(others.length > 0 ? others : this.#golds));
    const { auc, tpr } = this.#userTest(question, model, own);
    return {
      of: question.of,
      members: own.members.length,
      strangers: own.strangers.length,
      set: judged(set),
      auc,
      'tpr@0.01': auc.power ? tpr : null,
      support: this.#support(question, model),
    };
  }

  #userTest(question: Question, model: Model, own: Signals): { auc: Figure; tpr: number } {
    const found = (of: Model, signals: Signals) => userTest(signals, this.#references(question, of));
    const aucs = (of: readonly Seeded[]): number[] => of.map(({ model: other }) => found(other, this.#asked(question, other)!).auc);
    const { auc, tpr } = found(model, own);
    const error = aucError(own.members.length, own.strangers.length);
    return { auc: figure(auc, aucs(this.#originals), aucs(this.#golds), AUC_WITHIN, error), tpr };
  }

  /** Golds of other seeds than the model's; that of its own where there is no other. */
  #references(question: Question, model: Model): Signals[] {
    const { seed } = seeded(model);
    const others = this.#golds.filter((gold) => gold.seed !== seed);
    return (others.length > 0 ? others : this.#golds).map((gold) => this.#asked(question, gold.model)!);
  }

  #support(question: Question, model: Model): Figure | null {
    const of = (other: Model): Float64Array | null => remembered(this.#supports, question, other, question.support);
    const own = of(model);
    if (!own) return null;
    const means = (all: readonly Seeded[]): number[] => all.map((other) => mean(of(other.model)!));
    const gold = of(this.#golds[0].model)!;
    const error = Math.sqrt(variance(of(this.#originals[0].model)!.map((t, n) => t - gold[n])) / own.length);
    return figure(mean(own), means(this.#originals), means(this.#golds), SUPPORT_WITHIN, error);
  }

  #asked(question: Question, model: Model): Signals | null {
    return remembered(this.#signals, question, model, question.ask);
  }
}

function questionsOf(partition: Partition, around: Around): Question[] {
  const whole = (['users', 'items'] as const)
    .map((side) => subjectsOf(partition, side, around))
    .filter(({ members }) => members.length > 0)
    .map(
      (subjects): Question => ({
        of: subjects.side,
        ask: (model) => reconstruction(model, subjects),
        support: (model) => (around.heldOut?.length ? support(model, subjects) : null),
      }),
    );
  const pairs = pairsOf(partition, around);
  return pairs.users.length === 0
    ? whole
    : [...whole, { of: 'interactions', ask: (model) => pairMargins(model, pairs), support: () => null }];
}

const seeded = (model: Model): Seeded => ({ model, seed: typeof model.options.seed === 'number' ? model.options.seed : 0 });

const judged = (stood: Standing): Standing & { readonly met: boolean | null } => ({ ...stood, met: isGone(stood) });

/** It has power where originals lie farther above gold than passes, and than chance explains. */
function figure(value: number, originals: readonly number[], golds: readonly number[], within: number, error: number): Figure {
  const [original, gold] = [mean(originals), mean(golds)];
  const chance = golds.length >= LEAST_GOLDS ? Math.max(error, deviationOf(golds)) : error;
  const allowed = Math.max(within, DEVIATIONS * chance);
  const power = Number.isFinite(value) && original - gold > Math.max(within, LEAST_DISTANCE * chance);
  const known = (number: number): number | null => (Number.isFinite(number) ? number : null);
  return {
    value: power ? value : null,
    gold: known(gold),
    original: known(original),
    power,
    met: power ? Math.abs(value - gold) <= allowed : null,
  };
}

function remembered<Key, Found>(store: Map<Key, WeakMap<Model, Found>>, key: Key, model: Model, find: (model: Model) => Found): Found {
  const of = store.get(key) ?? new WeakMap<Model, Found>();
  store.set(key, of);
  if (!of.has(model)) of.set(model, find(model));
  return of.get(model)!;
}
