// The one fit loop of models that are trained by gradients: epochs, early stop on validation Recall@20, the best epoch kept,
// progress, abort, checkpoints.

import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import { type GivenOptions, type OptionValue, resolveOptions } from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import type { KeptPositions } from '../data/ids.ts';
import { requireDisjoint } from '../data/overlap.ts';
import { compactRows, type RowOwners } from '../model/compact.ts';
import { checkFit, type Model, type SavedModel, savedParameter } from '../model/model.ts';
import { type Team, withTeam } from '../threads/team.ts';
import { kernelBuild } from '../wasm/kernels.ts';
import { Matrix } from '../wasm/tensor.ts';
import {
  type Checkpoint,
  type GradientControl,
  type GradientKind,
  GradientModel,
  type GradientSpec,
  type TRAINING,
  type TrainingOptions,
} from './gradient-model.ts';
import { Optimizer } from './optimizer.ts';
import { Training } from './training.ts';

/** Whose rows a trained matrix or a served one holds, by its name. */
function ownersOf(name: string, userTables: readonly string[] = []): RowOwners {
  if (name === 'nodes') return ['users', 'items'];
  if (name === 'userFactors' || name === 'noiseUsers' || name.startsWith('userRows-') || userTables.includes(name)) return ['users'];
  return name === 'itemFactors' || name === 'itemRows' || name === 'noiseItems' ? ['items'] : [];
}

/** The registry's entry for a network. */
export function gradientKind<S extends typeof TRAINING>(spec: GradientSpec<S>): GradientKind<S> {
  const kind: GradientKind<S> = Object.freeze({
    name: spec.name,
    summary: spec.summary,
    capabilities: ['fit', 'factors', 'gradient'] as const,
    options: spec.options,
    network: spec.network,
    fit: async (data: Dataset, given: GivenOptions<S> = {}, control: GradientControl = {}) =>
      fit(kind, data, resolveOptions(spec.name, spec.options, given) as unknown as TrainingOptions, control),
    compact: (saved: SavedModel, kept: KeptPositions) => compactRows(saved, kept, (name) => ownersOf(name, spec.userTables)),
    restore(saved: SavedModel): Model {
      const width = saved.parameters.get('itemFactors')?.cols ?? 1;
      const userFactors = savedParameter(saved, 'userFactors', saved.users.size, width);
      const itemFactors = savedParameter(saved, 'itemFactors', saved.items.size, width);
      return new GradientModel({ ...saved, kind, userFactors, itemFactors }, saved.parameters);
    },
  });
  return kind;
}

async function fit(kind: GradientKind, data: Dataset, options: TrainingOptions, control: GradientControl): Promise<GradientModel> {
  checkFit(kind.name, data, control, ['checkpoint', 'onCheckpoint', 'checkpointEvery']);
  check.optionalFunction('onCheckpoint', control.onCheckpoint);
  return withTeam(control.threads, (team) => fitWith(team, kind, data, options, control));
}

async function fitWith(
  team: Team,
  kind: GradientKind,
  data: Dataset,
  options: TrainingOptions,
  control: GradientControl,
): Promise<GradientModel> {
  if (control.start)
    throw new TypeError(`"start" is not known to model "${kind.name}": it begins from its seed; use a checkpoint to go on`);
  const { checkpoint, onCheckpoint, checkpointEvery = 10 } = control;
  // Held-out rows of deleted users and items must not decide when training stops.
  const held = control.validation?.filter((_, user, item) => data.users.at(user) !== null && data.items.at(item) !== null);
  const validation = held?.interactions ? held : undefined;
  if (validation) requireDisjoint(data, validation);
  const training = new Training(kind, data, options, team);
  const { arena, matrices } = training;
  const optimizer = new Optimizer(arena, matrices, { name: options.optimizer, weightDecay: options.weightDecay });
  const best = new Map<string, Matrix>(
    validation ? Array.from(matrices, ([name, { rows, cols }]) => [name, new Matrix(arena, rows, cols)] as const) : [],
  );
  const pairs = training.pairs();
  const state = { epoch: 0, bestEpoch: 0, bestRecall: -1, misses: 0, objective: 0 };
  const everything = (): [string, Matrix][] => [
    ...matrices,
    ...optimizer.state(),
    ...Array.from(best, ([name, m]) => [`${name}/best`, m] as [string, Matrix]),
  ];
  const capture = (): Checkpoint => ({
    kind: kind.name,
    options: options as unknown as Record<string, OptionValue>,
    fingerprint: data.fingerprint(),
    kernels: kernelBuild(),
    epoch: state.epoch,
    steps: optimizer.steps,
    bestEpoch: state.bestEpoch,
    bestRecall: state.bestRecall,
    misses: state.misses,
    matrices: new Map(everything().map(([name, m]) => [name, m.toArray()])),
  });
  training.begin();
  if (checkpoint) {
    requireSame(checkpoint, kind, data, options);
    for (const [name, matrix] of everything()) matrix.load(checkpoint.matrices.get(name)!);
    optimizer.steps = checkpoint.steps;
    Object.assign(state, {
      epoch: checkpoint.epoch,
      bestEpoch: checkpoint.bestEpoch,
      bestRecall: checkpoint.bestRecall,
      misses: checkpoint.misses,
    });
  }
  let rate = options.learningRate;
  for (let e = 0; e < state.epoch; e++) rate *= options.learningRateDecay;
  while (state.epoch < options.epochs && state.misses <= options.patience) {
    const epoch = state.epoch + 1;
    state.objective = await training.epoch(epoch, pairs, optimizer, rate, control);
    state.epoch = epoch;
    rate *= options.learningRateDecay;
    let recall: number | undefined;
    if (validation && (epoch % options.evaluateEvery === 0 || epoch === options.epochs)) {
      recall = training.recall(validation.userItems, data.userItems);
      if (recall > state.bestRecall) {
        Object.assign(state, { bestEpoch: epoch, bestRecall: recall, misses: 0 });
        for (const [name, matrix] of best) matrix.view().set(matrices.get(name)!.view());
      } else state.misses++;
    }
    if (onCheckpoint && epoch % checkpointEvery === 0) onCheckpoint(capture());
    control.onProgress?.({ phase: 'train', done: epoch, total: options.epochs, objective: state.objective, validation: recall });
    await training.breathe(control);
  }
  if (state.bestEpoch > 0) for (const [name, matrix] of best) matrices.get(name)!.view().set(matrix.view());
  const { epoch, bestEpoch, bestRecall, objective } = state;
  return training.model({
    epochs: epoch,
    objective,
    ...(validation && { bestEpoch, validationRecall: bestRecall }),
    threads: team.threads,
  });
}

function requireSame(checkpoint: Checkpoint, kind: GradientKind, data: Dataset, options: TrainingOptions): void {
  const differs = Object.entries(options).find(([name, value]) => name !== 'epochs' && checkpoint.options[name] !== value);
  if (checkpoint.kind !== kind.name) throw new ModelError(`the checkpoint expected model "${checkpoint.kind}", found "${kind.name}"`);
  if (differs) throw new ModelError(`the checkpoint expected ${differs[0]} ${checkpoint.options[differs[0]]}, found ${differs[1]}`);
  // Those of before there were two builds have no name.
  const made = checkpoint.kernels ?? 'default';
  if (made !== kernelBuild())
    throw new ModelError(
      `the checkpoint was made by the ${made} kernels, and the ${kernelBuild()} ones are in use: go on with those that began`,
    );
  if (checkpoint.fingerprint !== data.fingerprint()) throw new ModelError('the checkpoint was made with other training data');
}
