// Graphs over a data set in the form that the tape propagates over: items by their features, users by their items.
import type { Dataset } from '../data/dataset.ts';
import type { Arena } from '../wasm/memory.ts';
import { Csr, type SparseRows } from '../wasm/tensor.ts';
import { bipartiteGraph, itemGraph, type Neighbors, nearestByFeatures } from './graph.ts';
import type { FrozenFeatures } from './network.ts';
import type { Graph } from './ops/products.ts';

/** A matrix that is its own transpose. */
export const symmetric = (matrix: Csr): Graph => ({ matrix, transpose: matrix });
/** Any matrix, with its transpose made once. */
export const directed = (matrix: Csr): Graph => ({ matrix, transpose: matrix.transpose() });

/**
 * One graph of items from all modalities (FREEDOM): the mean of an item's neighbours in each. Every modality but the first
 * (text, where there is one) has weight `side`, the first what is left.
 */
export function similarItems(arena: Arena, data: Dataset, modalities: readonly FrozenFeatures[], k: number, side: number): Graph {
  const main = 1 - side * (modalities.length - 1);
  const parts = modalities.map(({ features }, m) => ({
    weight: m === 0 ? Math.max(main, side) : side,
    neighbors: nearestByFeatures(arena, features, data.items, k),
  }));
  return directed(
    Csr.from(
      arena,
      itemGraph(
        data.items.size,
        parts.filter(({ weight }) => weight > 0),
      ),
    ),
  );
}

/** The graph of items of one modality, edges weighted by cosine: s_ij / √(r_i r_j), r the sums of rows (LATTICE, MGCN). */
export function weightedItems(arena: Arena, data: Dataset, { features }: FrozenFeatures, k: number): Graph {
  return directed(Csr.from(arena, weighted(data.items.size, nearestByFeatures(arena, features, data.items, k))));
}

function weighted(items: number, { k, indices: nearest, cosines }: Neighbors): SparseRows {
  const sums = new Float64Array(items);
  const indptr = new Int32Array(items + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let at = 0; at < nearest.length; at++) if (nearest[at] >= 0) sums[Math.floor(at / k)] += cosines[at];
  for (let i = 0; i < items; i++) {
    const row = Array.from({ length: k }, (_, j) => i * k + j)
      .filter((at) => nearest[at] >= 0)
      .sort((a, b) => nearest[a] - nearest[b]);
    for (const at of row) {
      indices.push(nearest[at]);
      // A neighbour has itself as a neighbour, so its sum is never 0; imported lists may lack that.
      data.push(cosines[at] / Math.sqrt(sums[i] * (sums[nearest[at]] || 1)));
    }
    indptr[i + 1] = indices.length;
  }
  return { rows: items, cols: items, indptr, indices: Int32Array.from(indices), data: Float32Array.from(data) };
}

/** The graph of users and items, and the users' rows of it alone: users × items. */
export function interactionGraphs(arena: Arena, data: Dataset): { readonly both: Graph; readonly byUser: Graph } {
  const all = bipartiteGraph(data);
  const users = data.users.size;
  const end = all.indptr[users];
  const rows = {
    rows: users,
    cols: data.items.size,
    indptr: all.indptr.slice(0, users + 1),
    indices: all.indices.slice(0, end).map((node) => node - users),
    data: all.data.slice(0, end),
  };
  return { both: symmetric(Csr.from(arena, all)), byUser: directed(Csr.from(arena, rows)) };
}
