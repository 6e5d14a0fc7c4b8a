// Interactions for the golden suite: drawn by key, so they are the same on every runtime by construction.

import { keyOf, pairKey, uniform } from '../../src/base/random.ts';
import { type Dataset, DatasetBuilder, type Features } from '../../src/index.ts';

/** A stream number no other purpose uses. */
const STREAM_GOLDEN = 900;
const MODALITIES = { text: 12, image: 8 };

/** Users `u0…`, items `i0…` with tastes that overlap, ratings 1 to 5, two modalities; one user and one item stay alone. */
export function goldenData(users = 60, items = 40): { train: Dataset; test: Dataset } {
  const builder = new DatasetBuilder();
  const held = new Set<string>();
  for (let u = 0; u < users; u++) {
    const userId = `u${u}`;
    builder.addUser(userId);
    for (let i = 0; i < items; i++) {
      const itemId = `i${i}`;
      const key = pairKey(keyOf(userId), keyOf(itemId));
      const always = u < 4 && u * 3 === i; // the requests of the suite name these
      const draw = (index: number): number => uniform(7, STREAM_GOLDEN, key, index);
      if (!always && draw(0) >= ((u + i) % 4 === 0 ? 0.6 : 0.1)) continue;
      builder.add(userId, itemId, 1 + Math.floor(draw(1) * 5), u * 1000 + i);
      if (!always && draw(2) < 0.2) held.add(`${userId} ${itemId}`);
    }
  }
  builder.addUser('u-alone');
  builder.addItem('i-alone');
  const all = builder.build();
  const features = new Map(Object.entries(MODALITIES).map(([name, dims]) => [name, featuresOf(all, name, dims)]));
  const isHeld = (user: number, item: number): boolean => held.has(`${all.users.at(user)} ${all.items.at(item)}`);
  const withFeatures = builder.build('last', { features });
  return {
    train: withFeatures.filter((_, user, item) => !isHeld(user, item)),
    test: withFeatures.filter((_, user, item) => isHeld(user, item)),
  };
}

/** Features that follow the items' taste, with noise; the last item has none. */
function featuresOf(data: Dataset, name: string, dims: number): Features {
  const values = new Float32Array(data.items.size * dims);
  const present = new Uint8Array(data.items.size).fill(1);
  for (let i = 0; i < data.items.size; i++) {
    const id = data.items.at(i)!;
    if (id === 'i-alone') {
      present[i] = 0;
      continue;
    }
    const key = pairKey(keyOf(id), keyOf(name));
    for (let d = 0; d < dims; d++)
      values[i * dims + d] = (d % 4 === Number(id.slice(1)) % 4 ? 1 : 0) + 0.5 * uniform(7, STREAM_GOLDEN, key, d);
  }
  return { dims, values, present };
}
