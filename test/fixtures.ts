// Small data whose answers are known, and small settings for each registered model.
import { Dataset, DatasetBuilder, type Features, forget, MODELS } from '../src/index.ts';

/**
 * Even users have even items, odd users odd ones; user u lacks the items of its own colour that lie `gap` apart from it,
 * so that exactly these must be ranked first.
 */
export function checkerboard(users = 24, items = 16): { data: Dataset; missing: (user: number) => string[] } {
  const builder = new DatasetBuilder();
  const missing = (u: number): string[] => [`i${String(itemFor(u, items)).padStart(2, '0')}`];
  for (let u = 0; u < users; u++) {
    for (let i = u % 2; i < items; i += 2) {
      const id = `i${String(i).padStart(2, '0')}`;
      if (!missing(u).includes(id)) builder.add(`u${String(u).padStart(2, '0')}`, id);
    }
  }
  return { data: withFeatures(builder.build(), 2), missing };
}
const itemFor = (u: number, items: number): number => (u % 2) + 2 * (Math.floor(u / 2) % (items / 2));

/** Users and items with tastes in clusters, by a fixed rule: irregular row lengths, values 1 to 5. */
export function clustered(users = 60, items = 40, seed = 7): Dataset {
  const builder = new DatasetBuilder();
  let state = seed;
  const draw = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 4294967296;
  for (let u = 0; u < users; u++) {
    builder.add(`u${u}`, `i${(u * 7) % items}`, 3);
    for (let i = 0; i < items; i++) {
      const near = i % 4 === u % 4;
      if (draw() < (near ? 0.5 : 0.06) * (1 - i / (2 * items))) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(draw() * 5));
    }
  }
  return withFeatures(builder.build(), 4);
}

/** The same data, whose items carry two modalities that tell the `tastes` (item number modulo that) apart. */
export function withFeatures(data: Dataset, tastes: number): Dataset {
  const taste = (i: number): number => Number(data.items.at(i)!.replace(/\D/g, '')) % tastes;
  const modality = (dims: number, noise: number): Features => ({
    dims,
    present: new Uint8Array(data.items.size).fill(1),
    values: Float32Array.from(
      { length: data.items.size * dims },
      (_, k) => (k % dims === taste(Math.floor(k / dims)) ? 1 : 0) + noise * (((k * 7919) % 101) / 101),
    ),
  });
  return new Dataset({
    ...data,
    features: new Map([
      ['text', modality(tastes + 2, 0.2)],
      ['audio', modality(tastes + 1, 0.5)],
    ]),
  });
}

/** Settings that train in milliseconds; a model that is not listed is tested with its defaults. */
const SMALL: Record<string, object> = {
  als: { factors: 4, iterations: 10, regularization: 3, alpha: 4 },
  ...Object.fromEntries(
    Object.values(MODELS)
      .filter(({ capabilities }) => (capabilities as readonly string[]).includes('gradient'))
      .map(({ name, options }) => [
        name,
        { factors: 8, epochs: 12, learningRate: 0.05, batchSize: 64, ...('hidden' in options && { hidden: 8 }) },
      ]),
  ),
};
export const smallOptions = (name: string): object => SMALL[name] ?? {};

/** Models that rank the same items for everybody. */
export const IMPERSONAL = new Set(['popularity']);

export const modelKinds = Object.values(MODELS);

/** forget() that leaves everybody's position as it was, so that rows before and after can be held side by side. */
export const forgetInPlace: typeof forget = (model, data, request, options) =>
  forget(model, data, request, { positions: 'kept', ...options });
