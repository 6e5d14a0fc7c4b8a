// Alternating least squares for implicit and explicit feedback. The mathematics is in least-squares/; this file trains,
// and answers what only an ALS model can: why an item was recommended, and what somebody unknown would like.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import * as option from '../base/options.ts';
import { Dataset, expectDataset } from '../data/dataset.ts';
import { IdTable, type KeptPositions } from '../data/ids.ts';
import { requireInteractions, requireLikes } from '../data/likes.ts';
import { ACCELERATORS, accelerate, POLISHES, TOLERANCES } from '../least-squares/acceleration.ts';
import { leastSquaresOptions } from '../least-squares/objective.ts';
import { LeastSquares } from '../least-squares/problem.ts';
import { planLeastSquares } from '../least-squares/problem-memory.ts';
import { Stationary } from '../least-squares/stationary.ts';
import { BilinearModel } from '../model/bilinear.ts';
import { compactRows } from '../model/compact.ts';
import {
  type CellShape,
  type Contribution,
  checkFit,
  type FitControl,
  type ModelKind,
  provenanceOf,
  type Ranking,
  type SavedModel,
  savedParameter,
} from '../model/model.ts';
import { withTeam } from '../threads/team.ts';
import type { MemoryPlan } from '../wasm/memory.ts';
import type { SparseRows } from '../wasm/tensor.ts';

const options = /* @__PURE__ */ option.declareOptions(() => ({
  ...leastSquaresOptions,
  iterations: option.integer(15, { min: 1, max: 100000 }, 'Sweeps: each solves all users, then all items.'),
  tolerance: option.namedNumber(
    TOLERANCES,
    { min: 1e-13, max: 1 },
    'Go on after the sweeps, accelerated and in float64, until the relative gradient is this small (fast 1e-4, tight 1e-6, limit ' +
      '1e-9), so that the model can be certified.',
  ),
  accelerator: option.optionalWord(
    ACCELERATORS,
    'With `tolerance`: ncg (nonlinear conjugate gradients, the default) or lbfgs (quasi-Newton on the smaller side, the other eliminated).',
  ),
  polish: option.optionalWord(
    POLISHES,
    'With `tolerance`: newton takes Newton steps below a relative gradient of 1e-6; none, the default, does not.',
  ),
}));

const TAKES_DISLIKES = '; objective "explicit" takes ratings of either sign, "implicit" with confidence: true takes dislikes';

/** The options of `als`, all of them said. */
export type AlsOptions = option.OptionsOf<typeof options>;

/** An interaction of somebody the model does not know. */
export interface FoldInItem {
  readonly item: string;
  /** Default 1. */
  readonly value?: number;
}

/** What the training of an ALS model records, and what was done to it since. */
export type AlsRecord = {
  /** Sweeps done. */
  readonly iterations?: number;
  /** The objective at the end. */
  readonly objective?: number;
  /** By how much the last sweep lowered the objective, relative to it; null where there was only one. */
  readonly decrease?: number | null;
  /** There where training began from given factors. */
  readonly start?: true;
  /** There for factors that were trained elsewhere. */
  readonly imported?: true;
  /** With a `tolerance`: accelerated iterations after the sweeps, Newton's products, and the relative gradient at the end. */
  readonly accelerated?: number;
  readonly products?: number;
  readonly residual?: number;
  /** Whether the tolerance was reached. */
  readonly converged?: boolean;
  /** Threads that took part, the calling one included. */
  readonly threads?: number;
  /** What the last method that made it forget had to say. */
  readonly unlearned?: Readonly<Record<string, unknown>>;
};

/** A trained ALS model. */
export class AlsModel extends BilinearModel {
  declare readonly options: Readonly<AlsOptions>;
  declare readonly record: AlsRecord;

  /**
   * Which of the user's own items made the score of an item (Hu, Koren, Volinsky 2008, §5):
   * score = Σ_j (y_iᵀ A_u⁻¹ y_j) t_j over the user's items j.
   * @param data the interactions that the model was trained on.
   * @returns the score that the present item factors give, and the contributions, largest first.
   * @throws DataError for ids that the model does not know.
   */
  explain(data: Dataset, userId: string, itemId: string): { score: number; contributions: Contribution[] } {
    expectDataset('data', data);
    const user = knownPosition('user', this.users, userId);
    const item = knownPosition('item', this.items, itemId);
    const { indptr, indices, data: values } = data.userItems;
    const begin = indptr[user];
    const end = indptr[user + 1];
    const problem = this.#problemOf(indices.subarray(begin, end), values.subarray(begin, end));
    const weights = problem.solveFor(0, this.itemFactors.row(item).slice());
    let score = 0;
    const contributions = Array.from({ length: end - begin }, (_, n): Contribution => {
      const row = this.itemFactors.row(indices[begin + n]);
      let dot = 0;
      for (let c = 0; c < row.length; c++) dot += weights[c] * row[c];
      const contribution = problem.target(values[begin + n]) * dot;
      score += contribution;
      return { item: this.items.at(indices[begin + n])!, contribution };
    });
    return { score, contributions: contributions.sort((a, b) => b.contribution - a.contribution) };
  }

  /**
   * The row of a user who is not in the model, from what they interacted with: one exact solve, nothing else changes.
   * @returns the user's factors, f32[factors].
   * @throws DataError for an item that the model does not know.
   */
  foldIn(interactions: readonly FoldInItem[]): Float32Array {
    return this.#foldIn(this.#historyOf(interactions));
  }

  /**
   * Ranks items for a user who is not in the model.
   * @param request as for `rank`; the items given are left out unless `includeSeen`.
   */
  rankFor(interactions: readonly FoldInItem[], request: { k: number; includeSeen?: boolean; allowed?: Uint8Array }): Ranking {
    const history = this.#historyOf(interactions);
    const factors = this.#foldIn(history);
    check.knownKeys('rankFor', request, ['k', 'includeSeen', 'allowed']);
    const includeSeen = check.boolean('includeSeen', request.includeSeen ?? false);
    const { allowed } = request;
    const k = check.integer('k', request.k, { min: 1 });
    return this.rankRows({ rows: 1, cols: factors.length, values: factors }, { k, allowed, exclude: includeSeen ? undefined : history });
  }

  #foldIn({ indices, data }: SparseRows): Float32Array {
    const problem = this.#problemOf(indices, data);
    problem.solveRows('users', Int32Array.of(0));
    return problem.userFactors.row(0).slice();
  }

  /** Ascending, distinct items: a repeated item counts once, with its last value. */
  #historyOf(interactions: readonly FoldInItem[]): SparseRows {
    const at = new Map<number, number>();
    for (const interaction of check.array('interactions', interactions)) {
      check.knownKeys('an interaction', interaction, ['item', 'value']);
      const { item, value = 1 } = interaction;
      at.set(knownPosition('item', this.items, item), check.number('value', value));
    }
    const indices = Int32Array.from(at.keys()).sort();
    const data = Float32Array.from(indices, (i) => at.get(i)!);
    return { rows: 1, cols: this.items.size, indptr: Int32Array.of(0, indices.length), indices, data };
  }

  /** The normal equations of a single user over the model's items. */
  #problemOf(indices: Int32Array, data: Float32Array): LeastSquares {
    const userItems = { rows: 1, cols: this.items.size, indptr: Int32Array.of(0, indices.length), indices, data };
    const { iterations: _, tolerance: __, accelerator: ___, polish: ____, ...problemOptions } = this.options;
    const problem = new LeastSquares(new Dataset({ users: new IdTable(['']), items: this.items, userItems }), {
      ...problemOptions,
      solver: 'cholesky',
    });
    problem.start(new Float32Array(this.options.factors), this.itemFactors.toArray());
    return problem;
  }
}

function knownPosition(what: 'user' | 'item', table: IdTable, id: string): number {
  const position = table.indexOf(check.string(what, id));
  if (position < 0) throw new DataError(`${what} ${JSON.stringify(id)} is not in the model`);
  return position;
}

async function fit(data: Dataset, given: option.GivenOptions<typeof options> = {}, control: FitControl = {}): Promise<AlsModel> {
  checkFit('als', data, control);
  const resolved = option.resolveOptions('als', options, given);
  const { iterations, tolerance, accelerator, polish, ...problemOptions } = resolved;
  for (const [name, value] of Object.entries({ accelerator, polish })) {
    if (value !== undefined && tolerance === undefined)
      throw new RangeError(`"${name}" is of use with a "tolerance" only; give one, or leave it out`);
  }
  if (resolved.objective === 'explicit' || resolved.confidence) requireInteractions('als', data);
  else requireLikes(`als, objective ${resolved.objective}`, data, TAKES_DISLIKES);
  const { signal, onProgress, start, threads } = control;
  return withTeam(threads, async (team) => {
    const problem = new LeastSquares(data, problemOptions, undefined, team);
    if (start) {
      problem.start(start.userFactors, start.itemFactors);
      problem.clearEmptyRows();
    } else {
      problem.initialize();
    }
    // The objective costs a pass over the data: it is computed where somebody looks, and at the end, where the last
    // relative decrease tells how far the model is from convergence.
    const objectives: number[] = [];
    for (let iteration = 1; iteration <= iterations; iteration++) {
      await problem.sweep('users', signal);
      if (onProgress || iteration >= iterations - 1) objectives.push(problem.objective());
      onProgress?.({ phase: 'train', done: iteration, total: iterations, objective: objectives.at(-1) });
    }
    const parts = { kind: als, options: resolved, users: data.users, items: data.items, provenance: provenanceOf(data) };
    const record = {
      iterations,
      objective: objectives.at(-1),
      decrease: lastDecrease(objectives),
      ...(start && { start: true }),
      threads: team.threads,
    };
    if (tolerance === undefined)
      return new AlsModel({ ...parts, record, userFactors: problem.userFactors, itemFactors: problem.itemFactors });
    const limit = new Stationary(data, problemOptions, team);
    limit.start(problem.userFactors, problem.itemFactors);
    const {
      iterations: accelerated,
      products,
      residual,
      converged,
    } = await accelerate(limit, tolerance, { ...control, accelerator, polish });
    return new AlsModel({
      ...parts,
      record: { ...record, objective: limit.objective(), accelerated, ...(polish === 'newton' && { products }), residual, converged },
      userFactors: limit.dense('users'),
      itemFactors: limit.dense('items'),
    });
  });
}

/** The sweeps' memory. With a `tolerance` a second one follows, in float64, once the sweeps' results are there. */
function plan(
  data: CellShape,
  given: option.GivenOptions<typeof options> = {},
  { threads = 1 }: Pick<FitControl, 'threads'> = {},
): MemoryPlan {
  return planLeastSquares(data, option.resolveOptions('als', options, given), threads);
}

/** (L_{k−1} − L_k) / L_k of the last sweep; null where there was only one. */
export function lastDecrease(objectives: readonly number[]): number | null {
  const last = objectives.at(-1);
  const before = objectives.at(-2);
  return last === undefined || before === undefined || last === 0 ? null : (before - last) / last;
}

function restore(saved: SavedModel): AlsModel {
  const resolved = option.resolveOptions('als', options, saved.options);
  return new AlsModel({
    ...saved,
    kind: als,
    options: resolved,
    userFactors: savedParameter(saved, 'userFactors', saved.users.size, resolved.factors),
    itemFactors: savedParameter(saved, 'itemFactors', saved.items.size, resolved.factors),
  });
}

/** Alternating least squares: for likes (Hu-Koren-Volinsky, Rendle's iALS) and for ratings (ALS-WR). The first model to try. */
export const als = /* @__PURE__ */ Object.freeze({
  name: 'als',
  summary: "Alternating least squares (Hu-Koren-Volinsky, Rendle's iALS, ALS-WR).",
  capabilities: ['fit', 'factors', 'leastSquares'],
  options,
  fit,
  plan,
  compact: (saved: SavedModel, kept: KeptPositions) => compactRows(saved, kept, (name) => (name === 'userFactors' ? ['users'] : ['items'])),
  restore,
} as const) satisfies ModelKind<typeof options>;
