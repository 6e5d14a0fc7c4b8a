// The Baby set with the neighbour lists that came with it in place of features.
import { readFileSync } from 'node:fs';
import { readDatasetFile } from '../../src/files/node-files.ts';
import { Dataset, type Features, importNeighbors, openNpz } from '../../src/index.ts';

export async function babyWithNeighbors(folder: string): Promise<Dataset> {
  const data = await readDatasetFile(`${folder}/baby.inter`);
  const features = new Map<string, Features>();
  for (const name of ['text', 'image']) {
    const file = `${folder}/${name}_knn10.npz`;
    const npz = openNpz(readFileSync(file), file);
    const { data: nearest } = await npz.read('nbr');
    const { data: cosines } = await npz.read('cos');
    // Row numbers of the file are item ids; the data's positions follow the order of ids.
    const n = data.items.size;
    const k = 10;
    const modality: Features = { dims: 1, values: new Float32Array(n), present: new Uint8Array(n).fill(1) };
    const indices = new Int32Array(n * k).fill(-1);
    const values = new Float32Array(n * k);
    for (let i = 0; i < n; i++) {
      const row = Number(data.items.at(i)) * k;
      for (let j = 0; j < k; j++) {
        indices[i * k + j] = data.items.indexOf(String(nearest[row + j]));
        values[i * k + j] = Number(cosines[row + j]);
      }
    }
    importNeighbors(modality, { k, indices, cosines: values });
    features.set(name, modality);
  }
  return new Dataset({ ...data, features });
}
