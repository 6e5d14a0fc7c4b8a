// What a user of the package would write, the same for every host: train, rank, forget, save, load.
import { DatasetBuilder, deserialize, digest, forget, serialize } from 'lethe';
import { als } from 'lethe/als';
import { unlearnAls } from 'lethe/unlearn-als';

/** @returns a line of digests, the same on every host. */
export async function story() {
  const builder = new DatasetBuilder();
  for (let u = 0; u < 12; u++) for (let i = 0; i < 9; i++) if ((u + i) % 3 === 0 || u === i) builder.add(`u${u}`, `i${i}`, 1 + (u % 5));
  const data = builder.build();
  const model = await als.fit(data, { factors: 8, iterations: 3 });
  const { model: unlearned } = await forget(model, data, { users: ['u3'] }, { method: unlearnAls });
  const loaded = await deserialize(await serialize(unlearned));
  const { items } = loaded.rank({ users: Int32Array.of(0, 1), k: 3 });
  return `${await digest(model)} ${await digest(loaded)} ${[...items].join(',')}`;
}
