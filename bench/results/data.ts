// The real data that results are measured on, with their splits. They lie beside the project and are never part of it.
import { existsSync } from 'node:fs';
import { splitDataset } from '../../src/data/split.ts';
import { readDatasetFile } from '../../src/files/node-files.ts';
import type { Dataset } from '../../src/index.ts';

export const FOLDER = '../shared/data';

export interface SplitData {
  readonly name: string;
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** Whether the folder of real data is there; results need it. */
export const haveData = (): boolean => existsSync(FOLDER);

/** MovieLens sets on a per-user 80/10/10 split drawn by keyed hashing; gowalla on the published one, validation drawn from train. */
export async function load(name: 'gowalla' | 'ml-100k' | 'ml-1m' | 'ml-latest-small'): Promise<SplitData> {
  if (name === 'gowalla') {
    const data = await readDatasetFile(`${FOLDER}/gowalla`);
    const published = splitDataset(data, 'given', 1);
    const inner = splitDataset(published.train, 'per-user:0.9,0.1,0', 1);
    return { name, train: published.train, validation: inner.validation, test: published.test };
  }
  const file = { 'ml-100k': 'ml-100k/u.data', 'ml-1m': 'ml-1m/ratings.csv', 'ml-latest-small': 'ml-latest-small/ratings.csv' }[name];
  const { train, validation, test } = splitDataset(await readDatasetFile(`${FOLDER}/${file}`), 'per-user:0.8,0.1,0.1', 1);
  return { name, train, validation, test };
}

/** A set whose own files say what is train, validation and test. */
export async function loadGiven(name: string): Promise<SplitData> {
  const { train, validation, test } = splitDataset(await readDatasetFile(`${FOLDER}/${name}`), 'given', 1);
  return { name, train, validation, test };
}

/** `part` taken out of `data`: both over the same tables. */
export function minus(data: Dataset, part: Dataset): Dataset {
  const gone = part.userItems;
  return data.filter((_, u, i) => {
    let low = gone.indptr[u];
    let high = gone.indptr[u + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (gone.indices[middle] < i) low = middle + 1;
      else high = middle;
    }
    return !(low < gone.indptr[u + 1] && gone.indices[low] === i);
  });
}
