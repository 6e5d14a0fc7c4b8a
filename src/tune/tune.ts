// Finds the settings of models on validation data: the defaults, then successive halving (Jamieson & Talwalkar 2016) in rounds. A
// round draws nine settings of a kind, trains all of them for a ninth of the time, the better third for a third, the best in
// full; half of what later rounds draw lies near the best so far. Test data have no part in it.
import * as check from '../base/check.ts';
import { DataError, MemoryError, ModelError } from '../base/errors.ts';
import { type OptionValue, resolveOptions } from '../base/options.ts';
import { keyOf, STREAM, uniform } from '../base/random.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { requireDisjoint } from '../data/overlap.ts';
import { evaluate } from '../model/evaluate.ts';
import { METRICS, type MetricName } from '../model/metrics.ts';
import type { Model, ModelKind } from '../model/model.ts';
import { withTeam } from '../threads/team.ts';
import { openAxes, type Point, pointAt, SPACES, type Space } from './spaces.ts';

/** One training. */
export interface Trial {
  readonly model: string;
  /** What was set; all else is the kind's default. */
  readonly options: Point;
  /** The part of a full training that this one had: 1 in the end. */
  readonly effort: number;
  /** The validation metric; null where training failed. */
  readonly value: number | null;
  /** Why it failed. */
  readonly error?: string;
  /** Wall time of training and evaluation: no part of what a seed repeats. */
  readonly seconds: number;
}

/** What a search found. */
export interface Tuned {
  /** Such as `ndcg@20`. */
  readonly metric: `${MetricName}@${number}`;
  /** The best trial of all that trained in full. */
  readonly best: Trial;
  /** The best of each kind, best first. */
  readonly bests: readonly Trial[];
  /** In their order. */
  readonly trials: readonly Trial[];
  /** Kinds that could not be trained on these data, and why. */
  readonly refused: readonly { readonly model: string; readonly reason: string }[];
  /** What ended the search: all trials that were allowed, the time, or nothing new was left to try. */
  readonly ended: 'trials' | 'time' | 'space';
}

/** What to search, by which metric, and for how long. */
export interface TuneOptions extends RunControl {
  /** Kinds to search among. */
  readonly models: readonly ModelKind[];
  /** Most trainings, beside the defaults of each kind; the same number and seed give the same trials. Default 40 for each kind, and
   * as many as the time allows where `seconds` are given. */
  readonly trials?: number;
  /** Seconds after which no training begins; default none. How many trainings that allows depends on the machine. */
  readonly seconds?: number;
  /** Default ndcg. */
  readonly metric?: MetricName;
  /** Cutoff of the metric; default 20. */
  readonly k?: number;
  /** Default 1: of the draws, and of the models. */
  readonly seed?: number;
  /** Options by kind that are set, and not searched. */
  readonly fixed?: Readonly<Record<string, Point>>;
  /** Called after each trial. */
  readonly onTrial?: (trial: Trial, number: number) => void;
}

/** Settings of a round, and how many of them go on from a rung to the next. */
const WIDTH = 9;
const THIRD = 3;
/** Kinds whose best is below this part of the best of all leave the search after their first round. */
const HOPELESS = 0.6;

/**
 * Searches the settings of one or more kinds for the best validation metric. A kind's defaults are always among its trials.
 * @param train what models train on.
 * @param validation held-out interactions, over the same tables.
 * @returns the best trial and all others; `MODELS[best.model].fit(train, best.options)` is its model, to the byte; kinds that
 *   stop early need `{ validation }` for it.
 * @throws TypeError, RangeError for options; DataError without validation interactions, or where no kind can use the data;
 *   what the signal was aborted with.
 * @example
 * const { best } = await tune(train, validation, { models: [als, ease], trials: 60 });
 * // best: { model: 'ease', options: { regularization: 320 }, value: 0.31, … }
 */
export async function tune(train: Dataset, validation: Dataset, options: TuneOptions): Promise<Tuned> {
  const search = new Search(train, validation, options);
  return search.run();
}

/** A kind in the search. */
interface Contender {
  readonly kind: ModelKind;
  readonly space: Space;
  readonly fixed: Point;
  /** Indices and value of the best full training. */
  best?: { readonly indices: ReadonlyMap<string, number>; readonly value: number };
  round: number;
  drawn: number;
}

interface Candidate {
  readonly indices: ReadonlyMap<string, number>;
  readonly point: Point;
}

/** What tells settings from others. */
const nameOf = (kind: ModelKind, point: Point): string =>
  `${kind.name} ${JSON.stringify(Object.entries(point).sort(([a], [b]) => (a < b ? -1 : 1)))}`;

class Search {
  readonly #train: Dataset;
  readonly #validation: Dataset;
  readonly #options: TuneOptions;
  readonly #metric: MetricName;
  readonly #k: number;
  readonly #most: number;
  readonly #until: number;
  readonly #tried = new Set<string>();
  readonly #trials: Trial[] = [];
  readonly #refused: { model: string; reason: string }[] = [];
  #contenders: Contender[];

  constructor(train: Dataset, validation: Dataset, options: TuneOptions) {
    expectDataset('train', train);
    expectDataset('validation', validation);
    const { models, trials, seconds, metric, k, seed, fixed = {}, onTrial } = options;
    checkControl('tune', options, ['models', 'trials', 'seconds', 'metric', 'k', 'seed', 'fixed', 'onTrial']);
    check.optionalFunction('onTrial', onTrial);
    if (check.array('models', models).length === 0) throw new RangeError('"models" expected a kind at least, got none');
    for (const kind of models) check.like('models', kind, 'kinds of models, such as als', ['name', 'fit', 'options']);
    if (validation.interactions === 0)
      throw new DataError('a search needs validation interactions; hold some out, as with --split per-user:0.8,0.1,0.1');
    requireDisjoint(train, validation);
    this.#train = train;
    this.#validation = validation;
    this.#options = { ...options, seed: check.integer('seed', seed ?? 1, { min: 0, max: 0xffffffff }) };
    this.#metric = check.oneOf('metric', metric ?? 'ndcg', Object.keys(METRICS) as MetricName[]);
    this.#k = check.integer('k', k ?? 20, { min: 1 });
    const most = trials === undefined ? undefined : check.integer('trials', trials, { min: 1 });
    this.#most = models.length + (most ?? (seconds === undefined ? 40 * models.length : Number.POSITIVE_INFINITY));
    this.#until = performance.now() + 1000 * check.number('seconds', seconds ?? 1e9, { above: 0 });
    check.knownKeys(
      'fixed',
      fixed,
      models.map(({ name }) => name),
    );
    this.#contenders = models.map((kind) => {
      resolveOptions(kind.name, kind.options, fixed[kind.name]);
      return { kind, space: SPACES[kind.name] ?? { axes: {} }, fixed: fixed[kind.name] ?? {}, round: 0, drawn: 0 };
    });
  }

  async run(): Promise<Tuned> {
    // The defaults of every kind, in full: whatever ends the search, there is an answer, and it is no worse than they are.
    for (const contender of [...this.#contenders]) {
      const candidate = { indices: new Map(), point: contender.fixed };
      this.#tried.add(nameOf(contender.kind, contender.fixed));
      if ((await this.#try(contender, candidate, 1)) === undefined) this.#leave(contender);
    }
    while (this.#contenders.length > 0 && this.#goesOn()) {
      for (const contender of this.#contenders) {
        if (!this.#goesOn()) break;
        if (!(await this.#round(contender))) this.#leave(contender);
      }
      const top = this.#bests()[0]?.value ?? 0;
      this.#contenders = this.#contenders.filter(({ best }) => best === undefined || best.value >= HOPELESS * top);
    }
    const bests = this.#bests();
    if (bests.length === 0) throw this.#nothing();
    const { length } = this.#trials;
    let ended: Tuned['ended'] = performance.now() >= this.#until ? 'time' : 'space';
    if (length >= this.#most) ended = 'trials';
    return { metric: this.#name, best: bests[0], bests, trials: this.#trials, refused: this.#refused, ended };
  }

  #leave(contender: Contender): void {
    this.#contenders = this.#contenders.filter((other) => other !== contender);
  }

  get #name(): Tuned['metric'] {
    return `${this.#metric}@${this.#k}`;
  }

  #goesOn(): boolean {
    return this.#trials.length < this.#most && performance.now() < this.#until;
  }

  #bests(): Trial[] {
    const bests = new Map<string, Trial>();
    for (const trial of this.#trials.filter(({ effort, value }) => effort === 1 && value !== null)) {
      const standing = bests.get(trial.model);
      if (!standing || trial.value! > standing.value!) bests.set(trial.model, trial);
    }
    return [...bests.values()].sort((a, b) => b.value! - a.value!);
  }

  #nothing(): Error {
    const failed = this.#trials.find(({ error }) => error !== undefined);
    const reasons = this.#refused.map(({ model, reason }) => `${model}: ${reason}`);
    return new DataError(`no kind could be trained: ${[...reasons, ...(failed ? [`${failed.model}: ${failed.error}`] : [])].join('; ')}`);
  }

  /** A round of a kind; false where it is of no more use. */
  async #round(contender: Contender): Promise<boolean> {
    let standing = this.#draw(contender);
    if (standing.length === 0) return false;
    const { effort } = contender.space;
    const rungs = effort ? [1 / (THIRD * THIRD), 1 / THIRD, 1] : [1];
    for (const rung of rungs) {
      const results: { candidate: Candidate; value: number }[] = [];
      for (const candidate of standing) {
        if (!this.#goesOn()) break;
        const value = await this.#try(contender, candidate, rung);
        if (value === undefined) return false;
        if (value !== null) results.push({ candidate, value });
      }
      results.sort((a, b) => b.value - a.value);
      const go = rung === 1 ? results.length : Math.max(1, Math.ceil(results.length / THIRD));
      standing = results.slice(0, go).map(({ candidate }) => candidate);
    }
    contender.round++;
    return true;
  }

  /** The value of a trial; null where it failed, undefined where the kind cannot use the data at all. */
  async #try({ kind, space, fixed }: Contender, { point }: Candidate, part: number): Promise<number | null | undefined> {
    const { signal, threads, seed, onTrial, onProgress } = this.#options;
    const started = performance.now();
    const options: Record<string, OptionValue> = { ...point, ...('seed' in kind.options && fixed.seed === undefined && { seed }) };
    const { effort } = space;
    // A given length of training is not stretched; a part of it is never nothing.
    const full = effort && ((fixed[effort.option] as number | undefined) ?? effort.full);
    if (effort && full) options[effort.option] = Math.max(1, Math.ceil(full * part));
    let value: number | null = null;
    let error: string | undefined;
    try {
      const model = await kind.fit(this.#train, options, {
        signal,
        threads,
        ...(kind.capabilities.includes('gradient') && { validation: this.#validation }),
      });
      value = await this.#valueOf(model);
    } catch (caught) {
      signal?.throwIfAborted();
      if (caught instanceof DataError) {
        this.#refused.push({ model: kind.name, reason: caught.message });
        return undefined;
      }
      if (!(caught instanceof ModelError || caught instanceof MemoryError)) throw caught;
      error = caught.message;
    }
    const trial: Trial = {
      model: kind.name,
      options,
      effort: part,
      value,
      ...(error !== undefined && { error }),
      seconds: (performance.now() - started) / 1000,
    };
    this.#trials.push(trial);
    onTrial?.(trial, this.#trials.length);
    onProgress?.({
      phase: 'tune',
      done: this.#trials.length,
      total: this.#most + this.#options.models.length,
      validation: this.#bests()[0]?.value ?? undefined,
    });
    if (part === 1 && value !== null) this.#remember(trial, point);
    return value;
  }

  #valueOf(model: Model): Promise<number> {
    const { threads } = this.#options;
    return withTeam(threads, async (team) => {
      const figures = evaluate(model, this.#train, this.#validation, { k: this.#k, metrics: [this.#metric], team });
      return figures[this.#name];
    });
  }

  #remember({ model, value }: Trial, point: Point): void {
    const contender = this.#contenders.find(({ kind }) => kind.name === model);
    if (!contender || (contender.best && contender.best.value >= value!)) return;
    const { kind, space, fixed } = contender;
    const indices = openAxes(space, fixed).map(([name, { values }]) => {
      const at = point[name] ?? kind.options[name].default;
      // A default need not lie on the grid.
      const index = values.includes(at) ? values.indexOf(at) : values.findIndex((v) => typeof v === 'number' && v >= at);
      return [name, index < 0 ? values.length - 1 : index] as const;
    });
    contender.best = { indices: new Map(indices), value: value! };
  }

  /** New settings of a kind: anywhere, later half of them near the best. */
  #draw(contender: Contender): Candidate[] {
    const { kind, space, fixed } = contender;
    const drawn: Candidate[] = [];
    const take = (indices: ReadonlyMap<string, number>, point: Point): void => {
      const name = nameOf(kind, point);
      if (this.#tried.has(name)) return;
      this.#tried.add(name);
      drawn.push({ indices, point });
    };
    const axes = openAxes(space, fixed);
    if (axes.length === 0) return drawn;
    // Small spaces end: where most draws were there before, what is found is all.
    for (let tries = 0; drawn.length < WIDTH && tries < WIDTH * 20; tries++) {
      const near = contender.round > 0 && tries % 2 === 0 ? contender.best?.indices : undefined;
      const indices = new Map(axes.map(([name, { values }]) => [name, this.#indexOf(contender, name, values.length, near?.get(name))]));
      contender.drawn++;
      take(indices, pointAt(space, indices, fixed));
    }
    return drawn;
  }

  /** An index into an axis: anywhere, or at most a quarter of the axis from where the best is. */
  #indexOf({ kind, drawn }: Contender, axis: string, length: number, best: number | undefined): number {
    const draw = uniform(this.#options.seed!, STREAM.tune, keyOf(`${kind.name} ${axis}`), drawn);
    if (best === undefined) return Math.floor(draw * length);
    const reach = Math.max(1, Math.floor(length / 4));
    return Math.min(length - 1, Math.max(0, best - reach + Math.floor(draw * (2 * reach + 1))));
  }
}
