// What results:living measures: a part for each set, kind and way.
import {
  als,
  bpr,
  converge,
  downdate,
  ease,
  itemKnn,
  LEARNERS,
  lightgcn,
  type ModelKind,
  popularity,
  type Unlearner,
} from '../../src/index.ts';
import type { SetName } from './living-data.ts';

export interface Setting {
  readonly title: string;
  readonly text: string;
  readonly set: SetName;
  readonly kind: ModelKind;
  readonly options: object;
  readonly learnBy: Unlearner;
  readonly learnOptions?: object;
  /** Whether bytes are to be gold's. */
  readonly exact?: boolean;
  readonly certified?: boolean;
  readonly validated?: boolean;
  /** Batches that are learned; default all. */
  readonly batches?: number;
  readonly points?: number;
  /** Deletions in a row afterwards. */
  readonly deletions?: number;
}

const CERTIFIABLE = { objective: 'ials', unobservedWeight: 0.3, iterations: 5, factors: 32, regularization: 0.03, tolerance: 1e-9 };
const SWEEPS = { objective: 'ials', factors: 64, unobservedWeight: 0.3, regularization: 0.01, iterations: 15 };
const GRADIENT = { factors: 64, epochs: 300, patience: 10, evaluateEvery: 2 };

export const SETTINGS: Readonly<Record<string, Setting>> = {
  'ml-100k-als': {
    title: 'als to convergence on ml-100k, by time',
    text: 'ials, 32 factors, α₀ 0.3, λ 0.03, tolerance 1e-9; `converge`, stage c.',
    set: 'ml-100k',
    kind: als,
    options: CERTIFIABLE,
    learnBy: converge,
    certified: true,
  },
  'ml-100k-als-stage-a': {
    title: 'als, stage a alone, on ml-100k, by time',
    text: 'ials, 64 factors, α₀ 0.3, λ 0.01, 15 sweeps; `unlearn-als`, local.',
    set: 'ml-100k',
    kind: als,
    options: SWEEPS,
    learnBy: LEARNERS['unlearn-als'],
    learnOptions: { local: true },
    deletions: 1000,
  },
  'ml-1m-als-stage-a': {
    title: 'als, stage a alone, on ml-1m, order drawn',
    text: 'ials, 64 factors, α₀ 0.3, λ 0.01, 15 sweeps; `unlearn-als`, local. 60 batches of the second half; the set has no times.',
    set: 'ml-1m',
    kind: als,
    options: SWEEPS,
    learnBy: LEARNERS['unlearn-als'],
    learnOptions: { local: true },
    batches: 60,
    points: 2,
  },
  ...Object.fromEntries(
    [popularity, itemKnn, ease].map((kind): [string, Setting] => [
      `ml-100k-${kind.name}`,
      {
        title: `${kind.name} on ml-100k, by time`,
        text: 'Default options; `downdate`, exact.',
        set: 'ml-100k',
        kind,
        options: {},
        learnBy: downdate,
        exact: true,
        // Each batch and each deletion factors anew.
        ...(kind === ease && { batches: 15, points: 3 }),
      },
    ]),
  ),
  ...Object.fromEntries(
    [bpr, lightgcn].map((kind): [string, Setting] => [
      `lfm2k-${kind.name}`,
      {
        title: `${kind.name} on lfm2k, order drawn`,
        text: '64 factors, at most 300 epochs, patience 10; learns by `replay`, forgets by `mmrecun`, both with validation.',
        set: 'lfm2k',
        kind,
        options: { ...GRADIENT, ...(kind === bpr && { regularization: 1 }) },
        learnBy: LEARNERS.replay,
        validated: true,
        batches: 8,
        points: 1,
      },
    ]),
  ),
};
