// Graphs for propagation: users and items by their interactions, items and items by their features.
import * as check from '../base/check.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import type { IdTable } from '../data/ids.ts';
import { multiplyInto } from '../threads/parallel-kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import { type Csr, Matrix, type SparseRows } from '../wasm/tensor.ts';

const EPSILON = 1e-7;

/**
 * The symmetric graph of users and items, users first: weight (deg_u + ε)^-½ (deg_i + ε)^-½ on each interaction, both ways.
 * @param kept 1 for entries that are part of it; default all. Degrees are those of the part.
 */
export function bipartiteGraph(data: Dataset, kept?: Uint8Array): SparseRows {
  const { rows: users, cols: items, indptr, indices } = data.userItems;
  const nodes = users + items;
  const degree = new Int32Array(nodes);
  const visit = (see: (user: number, node: number) => void): void => {
    for (let u = 0; u < users; u++) for (let e = indptr[u]; e < indptr[u + 1]; e++) if (!kept || kept[e]) see(u, users + indices[e]);
  };
  visit((u, i) => {
    degree[u]++;
    degree[i]++;
  });
  const starts = new Int32Array(nodes + 1);
  for (let v = 0; v < nodes; v++) starts[v + 1] = starts[v] + degree[v];
  const scale = Float64Array.from(degree, (d) => 1 / Math.sqrt(d + EPSILON));
  const cursor = starts.slice(0, nodes);
  const to = new Int32Array(starts[nodes]);
  const weight = new Float32Array(starts[nodes]);
  // Users ascend, and items ascend within each: both halves' rows come out ascending.
  visit((u, i) => {
    const w = scale[u] * scale[i];
    weight[cursor[u]] = w;
    to[cursor[u]++] = i;
    weight[cursor[i]] = w;
    to[cursor[i]++] = u;
  });
  return { rows: nodes, cols: nodes, indptr: starts, indices: to, data: weight };
}

/** Writes other rows of the same shape and number of entries over a CSR matrix, in its place. */
export function overwrite(target: Csr, rows: SparseRows): void {
  const { arena } = target;
  arena.i32(target.indptr, target.rows + 1).set(rows.indptr);
  arena.i32(target.indices, target.nnz).set(rows.indices);
  arena.f32(target.data, target.nnz).set(rows.data);
}

/** The nearest items of each: row i holds k entries, best first; index −1 where there are fewer. */
export interface Neighbors {
  readonly k: number;
  readonly indices: Int32Array;
  readonly cosines: Float32Array;
}

const BLOCK = 64;
const imported = /* @__PURE__ */ new WeakMap<Float32Array, Neighbors>();
const computed = /* @__PURE__ */ new WeakMap<Float32Array, Map<string, Neighbors>>();

/**
 * Uses given neighbours for a modality instead of computing them, such as those that were published with a data set
 * without its features.
 * @example
 * const text = data.features.get('text')!;
 * const { size } = data.items;
 * importNeighbors(text, { k: 1, indices: new Int32Array(size), cosines: new Float32Array(size) });
 */
export function importNeighbors(features: Features, neighbors: Neighbors): void {
  check.like('features', features, 'features of a modality, as in data.features', ['dims', 'values', 'present']);
  check.like('neighbors', neighbors, 'neighbours', ['k', 'indices', 'cosines']);
  const items = features.present.length;
  const k = check.integer('k', neighbors.k, { min: 1 });
  for (const name of ['indices', 'cosines'] as const) {
    if (neighbors[name].length === items * k) continue;
    throw new RangeError(`"${name}" expected ${items} rows of ${k} neighbours, got ${neighbors[name].length} values`);
  }
  for (const place of neighbors.indices) check.integer('indices', place, { min: -1, max: items - 1 });
  imported.set(features.values, neighbors);
}

/**
 * Nearest items by cosine of their features, an item itself included, positive cosines only. Items without features or
 * without an id have no neighbours and are nobody's. Kept for as long as the features are.
 */
export function nearestByFeatures(arena: Arena, { dims, values, present }: Features, items: IdTable, k: number): Neighbors {
  const given = imported.get(values);
  const open = Uint8Array.from({ length: items.size }, (_, i) => (present[i] && items.at(i) !== null ? 1 : 0));
  if (given) return { ...given, indices: given.indices.map((j, at) => (j >= 0 && open[j] && open[Math.floor(at / given.k)] ? j : -1)) };
  let kept = computed.get(values);
  if (!kept) computed.set(values, (kept = new Map()));
  const closed: number[] = [];
  open.forEach((flag, i) => flag || closed.push(i));
  const key = `${k} ${closed.join(' ')}`;
  let found = kept.get(key);
  if (!found) kept.set(key, (found = arena.scope(() => nearestRows(arena, new Matrix(arena, items.size, dims).load(values), open, k))));
  return found;
}

/** Nearest rows of each row of X by cosine, itself included, positive cosines only; `open` 0 for rows that have and are none. */
export function nearestRows(arena: Arena, X: Matrix, open: Uint8Array, k: number): Neighbors {
  const { kernels } = arena;
  const n = X.rows;
  const { ld } = X;
  const width = (n + 7) & ~7;
  const unit = arena.alloc(X.bytes);
  const norms = arena.alloc(n * 4);
  const turned = arena.alloc(X.cols * width * 4);
  kernels.unit_rows(n, ld, X.pointer, unit, norms);
  kernels.transpose(n, X.cols, ld, width, unit, turned);
  const Z = arena.alloc(BLOCK * width * 4);
  const index = arena.alloc(n * k * 4);
  const value = arena.alloc(n * k * 4);
  const mask = arena.upload(open);
  for (let begin = 0; begin < n; begin += BLOCK) {
    const rows = Math.min(BLOCK, n - begin);
    multiplyInto(arena, rows, width, X.cols, ld, width, width, 0, unit + begin * ld * 4, turned, Z);
    kernels.select_neighbors(rows, n, width, k, 0, mask, Z, index + begin * k * 4, value + begin * k * 4);
  }
  const indices = arena.i32(index, n * k).slice();
  const cosines = arena.f32(value, n * k).slice();
  // A closed row's features are zero or no longer anybody's: it found nothing that it may keep.
  for (let i = 0; i < n; i++) if (!open[i]) indices.fill(-1, i * k, (i + 1) * k);
  return { k, indices, cosines };
}

/**
 * Mixed item graph: row i is the mean of its neighbours in each modality, weighted by modality. Where an item has no
 * neighbours in a modality, the others share its weight, so that every row sums to 1 or is empty.
 */
export function itemGraph(items: number, parts: readonly { readonly weight: number; readonly neighbors: Neighbors }[]): SparseRows {
  const indptr = new Int32Array(items + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let i = 0; i < items; i++) {
    const found = parts.map(({ neighbors: { k, indices: list } }) => list.subarray(i * k, (i + 1) * k).filter((j) => j >= 0));
    const total = parts.reduce((sum, { weight }, p) => sum + (found[p].length > 0 ? weight : 0), 0);
    const row = new Map<number, number>();
    parts.forEach(({ weight }, p) => found[p].forEach((j) => row.set(j, (row.get(j) ?? 0) + weight / total / found[p].length)));
    for (const j of [...row.keys()].sort((a, b) => a - b)) {
      indices.push(j);
      data.push(row.get(j)!);
    }
    indptr[i + 1] = indices.length;
  }
  return { rows: items, cols: items, indptr, indices: Int32Array.from(indices), data: Float32Array.from(data) };
}
