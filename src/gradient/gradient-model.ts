// What a model trained by gradients is: the options of its training, the kind that a file of models/ declares, and the model
// that comes out, which keeps the network's parameters beside the rows that serve.

import {
  declareOptions,
  type GivenOptions,
  integer,
  number,
  type OptionSpecs,
  type OptionsOf,
  type OptionValue,
  seed,
  word,
} from '../base/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { BilinearModel } from '../model/bilinear.ts';
import type { BilinearParts, DenseFactors } from '../model/factor-model.ts';
import type { FitControl, ModelKind } from '../model/model.ts';
import type { KernelBuild } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { Matrix } from '../wasm/tensor.ts';
import type { Network } from './network.ts';
import { OPTIMIZERS, type OptimizerName } from './optimizer.ts';

/** Options of every gradient model. */
export const TRAINING = /* @__PURE__ */ declareOptions(() => ({
  factors: integer(64, { min: 1, max: 4096 }, 'Width of the embeddings.'),
  learningRate: number(1e-3, { above: 0 }, 'Step size of the optimiser.'),
  learningRateDecay: number(1, { above: 0, max: 1 }, 'Factor on the step size after each epoch.'),
  optimizer: word<OptimizerName>('adam', OPTIMIZERS, 'Rule of descent.'),
  weightDecay: number(0, { min: 0 }, 'Coupled weight decay on all parameters.'),
  epochs: integer(200, { min: 1 }, 'Most passes over the interactions.'),
  batchSize: integer(2048, { min: 1 }, 'Interactions in a step.'),
  patience: integer(10, { min: 1 }, 'Evaluations without a better validation Recall@20 before training stops; needs validation data.'),
  evaluateEvery: integer(1, { min: 1 }, 'Epochs between evaluations on the validation data.'),
  seed,
})) satisfies OptionSpecs;
export type TrainingOptions = OptionsOf<typeof TRAINING>;

/** What a gradient model's file declares. */
export interface GradientSpec<S extends typeof TRAINING> {
  readonly name: string;
  readonly summary: string;
  readonly options: S;
  /** Parameters with a row per user whose names do not say so. */
  readonly userTables?: readonly string[];
  /** Makes parameters (zero) and constants in the arena. */
  network(arena: Arena, data: Dataset, options: OptionsOf<S>): Network;
}

/** A model kind whose loss can be stepped on. */
export interface GradientKind<S extends typeof TRAINING = any> extends ModelKind<S> {
  readonly network: GradientSpec<S>['network'];
  fit(data: Dataset, options?: GivenOptions<S>, control?: GradientControl): Promise<GradientModel>;
}

/** Everything that training needs to go on to the same bytes; structured-cloneable. */
export interface Checkpoint {
  readonly kind: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly fingerprint: string;
  /** The kernels that made it. */
  readonly kernels: KernelBuild;
  /** Epochs done. */
  readonly epoch: number;
  readonly steps: number;
  readonly bestEpoch: number;
  readonly bestRecall: number;
  readonly misses: number;
  /** Dense matrices by name: parameters, moments, best parameters. */
  readonly matrices: ReadonlyMap<string, Float32Array>;
}

/** How training by gradients is watched, stopped, and gone on with. */
export interface GradientControl extends FitControl {
  /** Goes on from here: same kind, options (but for `epochs`) and data. */
  readonly checkpoint?: Checkpoint;
  /** Called after every `checkpointEvery` epochs (default 10). */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
  readonly checkpointEvery?: number;
}

/** What training by gradients records. */
export type GradientRecord = {
  /** Epochs done. */
  readonly epochs?: number;
  /** The loss of the last epoch. */
  readonly objective?: number;
  /** The epoch that was kept, by its Recall@20 on the validation data. */
  readonly bestEpoch?: number;
  readonly validationRecall?: number;
  /** Threads that took part, the calling one included. */
  readonly threads?: number;
  /** What was forgotten since: requests, and interactions `of` those trained on. */
  readonly unlearned?: { readonly requests: number; readonly interactions: number; readonly of: number };
  /** What was learned since, likewise. */
  readonly learned?: { readonly requests: number; readonly interactions: number; readonly of: number };
};

/** A bilinear model that also keeps what it was trained to: its network's parameters. */
export class GradientModel extends BilinearModel {
  declare readonly kind: GradientKind;
  declare readonly record: GradientRecord;
  readonly #trained = new Map<string, Matrix>();

  constructor(parts: BilinearParts, trained: Iterable<readonly [string, Matrix | DenseFactors]>) {
    super(parts);
    for (const [name, source] of trained) {
      // Some networks train the very rows that are served.
      if (name === 'userFactors' || name === 'itemFactors') continue;
      this.#trained.set(
        name,
        new Matrix(this.arena, source.rows, source.cols).load(source instanceof Matrix ? source.toArray() : source.values),
      );
    }
  }
  override get parameters(): ReadonlyMap<string, Matrix> {
    return new Map([...super.parameters, ...this.#trained]);
  }
}
