// Float64 twins of whole networks: the loss of a batch from the parameters, on dense tables. Graphs and neighbours are
// made here again, so that the twin shares nothing with the library but the parameters' values.
import type { Dataset, Features } from '../../src/index.ts';
import type { Batch } from '../../src/sampling.ts';
import { cell, dot, product, sigmoid, softplus, table, type Table } from './tables.ts';

export type Parameters = ReadonlyMap<string, Table>;
export type Twin = (data: Dataset, parameters: Parameters, batch: Batch, options: Record<string, number>, context: TwinContext) => number;
/** What a twin is told beside: the draws that the library made. */
export interface TwinContext {
  readonly mix?: (item: number) => number;
}

export const map = (t: Table, f: (x: number) => number): Table => table(t.rows, t.cols, (r, c) => f(cell(t, r, c)));
export const zip = (s: Table, t: Table, f: (x: number, y: number) => number): Table => table(s.rows, s.cols, (r, c) => f(cell(s, r, c), cell(t, r, c)));
const plus = (...all: Table[]): Table => all.reduce((s, t) => zip(s, t, (x, y) => x + y));
const times = (s: Table, t: Table): Table => zip(s, t, (x, y) => x * y);
const scaled = (t: Table, w: (r: number) => number): Table => table(t.rows, t.cols, (r, c) => w(r) * cell(t, r, c));
const pick = (t: Table, rows: ArrayLike<number>): Table => table(rows.length, t.cols, (r, c) => cell(t, rows[r], c));
const slice = (t: Table, from: number, rows: number): Table => table(rows, t.cols, (r, c) => cell(t, from + r, c));
const below = (s: Table, t: Table): Table => table(s.rows + t.rows, s.cols, (r, c) => (r < s.rows ? cell(s, r, c) : cell(t, r - s.rows, c)));
const beside = (...all: Table[]): Table => all.reduce((s, t) => table(s.rows, s.cols + t.cols, (r, c) => (c < s.cols ? cell(s, r, c) : cell(t, r, c - s.cols))));
const unit = (t: Table): Table => {
  const norms = Array.from({ length: t.rows }, (_, r) => Math.sqrt(dot(t, r, t, r)));
  return scaled(t, (r) => (norms[r] > 0 ? 1 / norms[r] : 0));
};
const dense = (x: Table, W: Table, b?: Table): Table => {
  const y = product(x, W);
  return b ? table(y.rows, y.cols, (r, c) => cell(y, r, c) + b.at[c]) : y;
};
const squares = (t: Table): number => t.at.reduce((s, v) => s + v * v, 0);
const softmax = (t: Table, open: (r: number, c: number) => boolean = () => true): Table => {
  const e = table(t.rows, t.cols, (r, c) => (open(r, c) ? Math.exp(cell(t, r, c)) : 0));
  return table(t.rows, t.cols, (r, c) => {
    let sum = 0;
    for (let k = 0; k < t.cols; k++) sum += cell(e, r, k);
    return sum > 0 ? cell(e, r, c) / sum : 0;
  });
};

export const modalitiesOf = (data: Dataset): [string, Features][] =>
  [...data.features].sort(([a], [b]) => (a === 'text' ? -1 : b === 'text' ? 1 : a < b ? -1 : 1));
const features = ({ dims, values, present }: Features): Table => table(present.length, dims, (r, c) => (present[r] ? values[r * dims + c] : 0));

/** Â of users and items. */
function adjacency(data: Dataset): Table {
  const users = data.users.size, n = users + data.items.size, A = table(n, n, () => 0);
  for (let u = 0; u < users; u++) for (const i of data.itemsOf(u)) A.at[u * n + users + i] = A.at[(users + i) * n + u] = 1;
  const degrees = Array.from({ length: n }, (_, r) => A.at.subarray(r * n, (r + 1) * n).reduce((a, b) => a + b, 0));
  return table(n, n, (r, c) => cell(A, r, c) / Math.sqrt((degrees[r] + 1e-7) * (degrees[c] + 1e-7)));
}

/** Nearest items of each by cosine, positive ones only, ties by lower index. */
function nearest(t: Table, present: Uint8Array, k: number): number[][] {
  const u = unit(t);
  return Array.from({ length: t.rows }, (_, r) => (!present[r] ? [] : Array.from({ length: t.rows }, (_, c) => c)
    .filter((c) => present[c] && dot(u, r, u, c) > 0).sort((a, b) => dot(u, r, u, b) - dot(u, r, u, a) || a - b).slice(0, k)));
}

/** s_ij / √(r_i r_j) over the nearest. */
export function weightedGraph(t: Table, lists: readonly number[][]): Table {
  const u = unit(t), sums = lists.map((list, i) => list.reduce((s, j) => s + dot(u, i, u, j), 0));
  return table(t.rows, t.rows, (i, j) => (lists[i].includes(j) ? dot(u, i, u, j) / Math.sqrt(sums[i] * sums[j]) : 0));
}

const layersOf = (A: Table, x: Table, layers: number, weight: number): Table => {
  let total = x, layer = x;
  for (let l = 0; l < layers; l++) total = plus(total, (layer = product(A, layer)));
  return map(total, (v) => weight * v);
};

const meanOver = (n: number, f: (k: number) => number): number => Array.from({ length: n }, (_, k) => f(k)).reduce((a, b) => a + b, 0) / n;
const bprOf = (U: Table, I: Table, { users, positives, negatives }: Batch): number =>
  meanOver(users.length, (k) => softplus(dot(U, users[k], I, negatives[k]) - dot(U, users[k], I, positives[k])));
/** Cross-entropy of the diagonal of A·Bᵀ/τ. */
const diagonal = (a: Table, b: Table, temperature: number): number => meanOver(a.rows, (r) => {
  let z = 0;
  for (let s = 0; s < b.rows; s++) z += Math.exp(dot(a, r, b, s) / temperature);
  return Math.log(z) - dot(a, r, b, r) / temperature;
});

const mgcn: Twin = (data, P, batch, { layers, neighbors, regularization, contrast, temperature }) => {
  const users = data.users.size, items = data.items.size, n = users + items, A = adjacency(data), list = modalitiesOf(data);
  const of = (name: string): [Table, Table] => [P.get(`weight-${name}`)!, P.get(`bias-${name}`)!];
  const nodes = P.get('nodes')!, Q = slice(nodes, users, items), C = layersOf(A, nodes, layers, 1 / (layers + 1));
  const R = table(users, items, (r, c) => cell(A, r, users + c));
  const Z = list.map(([name, f]) => {
    const F = features(f), S = weightedGraph(F, nearest(F, f.present, neighbors));
    const H = product(S, times(Q, map(dense(dense(F, ...of(`projection:${name}`)), ...of(`gate:${name}`)), sigmoid)));
    return below(product(R, H), H);
  });
  const open = (r: number, m: number): boolean => r < users || list[m][1].present[r - users] === 1;
  const a = softmax(beside(...Z.map((z) => product(map(dense(z, ...of('query')), Math.tanh), P.get('attention')!))), open);
  const c = plus(...Z.map((z, m) => scaled(z, (r) => cell(a, r, m))));
  const own = Z.map((z, m) => scaled(times(map(dense(C, ...of(`preference:${list[m][0]}`)), sigmoid), zip(z, c, (x, y) => x - y)), (r) => (open(r, m) ? 1 : 0)));
  const side = map(plus(...own, c), (v) => v / (list.length + 1)), E = plus(C, side);
  const at = [batch.users, batch.positives.map((i) => i + users), batch.negatives.map((i) => i + users)];
  const agree = (index: Int32Array): number => diagonal(unit(pick(side, index)), unit(pick(C, index)), temperature);
  return bprOf(slice(E, 0, users), slice(E, users, n - users), batch)
    + (regularization / 2 / batch.users.length) * at.reduce((s, index) => s + squares(pick(E, index)), 0)
    + contrast * (agree(at[1]) + agree(at[0]));
};

export const TWINS: Readonly<Record<string, Twin>> = { mgcn };
