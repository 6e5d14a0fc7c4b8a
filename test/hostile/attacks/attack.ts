// What an attack is: something prepared once, and rounds that each try a door and throw a Finding where it does not hold.
import { MODELS } from '../../../src/index.ts';
import type { Model, ModelKind } from '../../../src/model/model.ts';
import { clustered, smallOptions } from '../../fixtures.ts';
import type { Draw } from '../draw.ts';

/** @returns whether the door refused: a suite in which nothing is refused, or everything, attacks nothing. */
export type Round = (draw: Draw) => Promise<boolean>;

export interface Attack {
  readonly name: string;
  /** Milliseconds that a round may take; default 30,000. */
  readonly patience?: number;
  prepare(): Promise<Round>;
}

/** The data that most attacks are made on: 14 users, 12 items, two modalities. */
export const smallData = () => clustered(14, 12);

/** One small model of each kind. */
export async function smallModels(): Promise<Model[]> {
  const models: Model[] = [];
  const kinds: readonly ModelKind[] = Object.values(MODELS);
  for (const kind of kinds) {
    const quick = { ...('epochs' in kind.options && { epochs: 2 }), ...('factors' in kind.options && { factors: 4 }) };
    models.push(await kind.fit(smallData(), { ...smallOptions(kind.name), ...quick }));
  }
  return models;
}
