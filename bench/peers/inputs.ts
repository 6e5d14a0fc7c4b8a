// Makes the files that both sides read, once each: data sets from our generator, the real set baby where it is there,
// factors to start from.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Dataset } from '../../src/data/dataset.ts';
import { generate } from '../../src/data/generate.ts';
import { IdTable } from '../../src/data/ids.ts';
import { bipartiteGraph } from '../../src/gradient/graph.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Matrix, paddedWidth, type SparseRows } from '../../src/wasm/tensor.ts';
import { FOLDER, loadGiven } from '../results/data.ts';
import { encodeCsr, encodeDense, once, readCsr, readDense } from './files.ts';
import { type Job, SHAPES } from './jobs.ts';

/** Widths of the features of baby. */
const MODALITIES: Readonly<Record<string, number>> = { text: 384, image: 4096 };

/** Where a job's data lie. */
export const csrFile = (folder: string, name: string): string => join(folder, `${name}.csr`);
export const denseFile = (folder: string, name: string): string => join(folder, `${name}.f32`);
/** Factors to start from, and those that a ranking uses. */
export const startFile = (folder: string, data: string, factors: number, side: 'users' | 'items'): string =>
  denseFile(folder, `start-${data}-${factors}-${side}`);
export const trainedFile = (folder: string, data: string, factors: number, side: 'users' | 'items'): string =>
  denseFile(folder, `trained-${data}-${factors}-${side}`);

/** @throws Error that says what is not there. */
export async function makeInputs(folder: string, job: Job): Promise<void> {
  if (job.kind === 'gram' || job.kind === 'gemm') {
    const inner = job.kind === 'gram' ? job.factors : job.inner;
    await randomFile(denseFile(folder, `left-${job.rows}-${inner}`), job.rows, inner, 1);
    if (job.kind === 'gemm') await randomFile(denseFile(folder, `right-${inner}-${job.factors}`), inner, job.factors, 2);
    return;
  }
  if (job.data === 'baby') return baby(folder);
  const { graph, ...shape } = SHAPES[job.data];
  const file = await once(csrFile(folder, job.data), async () => {
    const data = await generate(shape);
    return encodeCsr(graph ? bipartiteGraph(data) : data.userItems);
  });
  if (!('factors' in job)) return;
  const { rows, cols } = readCsr(file);
  for (const [side, count] of [
    ['users', rows],
    ['items', cols],
  ] as const) {
    await randomFile(
      startFile(folder, job.data, job.factors, side),
      count,
      job.factors,
      side === 'users' ? 3 : 4,
      0.1 / Math.sqrt(job.factors),
    );
  }
}

async function baby(folder: string): Promise<void> {
  if (existsSync(csrFile(folder, 'baby'))) return;
  if (!existsSync(join(FOLDER, 'baby'))) throw new Error('the data set baby is not there');
  const { train } = await loadGiven('baby');
  for (const [name, dims] of Object.entries(MODALITIES))
    await randomFile(denseFile(folder, `baby-${name}`), train.items.size, dims, dims, 0.02);
  await once(csrFile(folder, 'baby'), () => encodeCsr(train.userItems));
}

/**
 * The interactions of baby with made-up features of the published widths: the real ones are not always there, and time
 * does not depend on them.
 */
export function withFeatures(folder: string, data: Dataset): Dataset {
  const present = new Uint8Array(data.items.size).fill(1);
  const features = new Map(
    Object.entries(MODALITIES).map(([name, dims]) => [
      name,
      { dims, values: readDense(denseFile(folder, `baby-${name}`)).values, present },
    ]),
  );
  return new Dataset({ ...data, features });
}

/** Normal numbers with a standard deviation. */
function randomFile(path: string, rows: number, cols: number, seed: number, scale = 1): Promise<string> {
  return once(path, () => {
    const arena = new Arena();
    const keys = Uint32Array.from({ length: rows * 2 }, (_, k) => (k & 1 ? 1 : k >> 1));
    const matrix = new Matrix(arena, rows, cols);
    arena.kernels.random_normal_rows(rows, cols, paddedWidth(cols), seed, 0, arena.upload(keys), scale, matrix.pointer);
    return encodeDense({ rows, cols, values: matrix.toArray() });
  });
}

/** Interactions with ids that are their positions. */
export function datasetOf(userItems: SparseRows): Dataset {
  const numbered = (count: number): IdTable => new IdTable(Array.from({ length: count }, (_, n) => String(n)));
  return new Dataset({ users: numbered(userItems.rows), items: numbered(userItems.cols), userItems });
}
