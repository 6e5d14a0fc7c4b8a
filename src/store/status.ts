// What a store says of itself to whoever runs it.
import type { Head, PartName } from './head.ts';
import { capabilitiesOf } from './registries.ts';

export interface StoreStatus {
  readonly model: string;
  readonly event: number;
  readonly users: number;
  readonly items: number;
  /** Interactions that the model stands for. */
  readonly interactions: number;
  readonly heldOut: Readonly<Record<Exclude<PartName, 'train'>, number>>;
  /** Promises to forget that are not carried out, and stages on the way to the optimum that are due. */
  readonly pending: { readonly forget: number; readonly since?: number; readonly stages: readonly ('b' | 'c')[] };
  readonly retrainDue: boolean;
  /** Why a retrain is due, or why not. */
  readonly why: string;
  readonly digest: string;
  readonly version: string;
  readonly bytes: number;
}

/** Share of the interactions that may come and go. */
const RETRAIN_AFTER = 0.2;

export function statusOf(head: Head, bytes: number): StoreStatus {
  const { train, ...heldOut } = head.interactions;
  const [first] = head.pending;
  return {
    model: head.model.kind,
    event: head.event,
    users: head.live.users,
    items: head.live.items,
    interactions: train,
    heldOut,
    pending: { forget: head.pending.length, ...(first && { since: first.time }), stages: stagesAfter(head.stage) },
    ...retrainDue(head),
    digest: head.digest,
    version: head.version,
    bytes,
  };
}

function stagesAfter(stage: Head['stage']): readonly ('b' | 'c')[] {
  if (stage === undefined) return [];
  return stage === 'a' ? ['b', 'c'] : ['c'];
}

function retrainDue({ model, trained, interactions, settings }: Head): { retrainDue: boolean; why: string } {
  if (trained.changed === 0) return { retrainDue: false, why: 'the model is what training on these data gives' };
  if (capabilitiesOf(model.kind).includes('leastSquares'))
    return { retrainDue: false, why: 'least squares converge to where a retrain ends; `certify` says how near' };
  const share = trained.changed / Math.max(1, interactions.train);
  const most = settings.retrainAfter ?? RETRAIN_AFTER;
  const text = `${(100 * share).toFixed(1)} % of the interactions came or left since it was trained, at event ${trained.event}`;
  return { retrainDue: share > most, why: `${text}; due above ${(100 * most).toFixed(0)} %` };
}
