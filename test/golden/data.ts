// Interactions for the golden suite: drawn by key, so they are the same on every runtime by construction.
import { DatasetBuilder, type Dataset } from '../../src/dataset.ts';
import { keyOf, pairKey, uniform } from '../../src/random.ts';

/** A stream number no other purpose uses. */
const STREAM_GOLDEN = 900;

/** Users `u0…`, items `i0…` in tastes that overlap, with ratings 1 to 5; one user and one item stay alone. */
export function goldenData(users = 60, items = 40): Dataset {
  const builder = new DatasetBuilder();
  for (let u = 0; u < users; u++) {
    const userId = `u${u}`;
    builder.addUser(userId);
    for (let i = 0; i < items; i++) {
      const key = pairKey(keyOf(userId), keyOf(`i${i}`));
      const chance = (u + i) % 4 === 0 ? 0.6 : 0.1;
      if (uniform(7, STREAM_GOLDEN, key) < chance) builder.add(userId, `i${i}`, 1 + Math.floor(uniform(7, STREAM_GOLDEN, key, 1) * 5));
    }
  }
  builder.addUser('u-alone');
  builder.addItem('i-alone');
  return builder.build();
}
