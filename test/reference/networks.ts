// Float64 twins of whole networks: the loss of a batch from the parameters, on dense tables. Graphs and neighbours are
// made here again, so that the twin shares nothing with the library but the parameters' values.

import type { Batch } from '../../src/gradient/sampling.ts';
import type { Dataset, Features } from '../../src/index.ts';
import { cell, dot, product, sigmoid, softplus, type Table, table } from './tables.ts';

export type Parameters = ReadonlyMap<string, Table>;
export type Twin = (data: Dataset, parameters: Parameters, batch: Batch, options: Record<string, number>, context: TwinContext) => number;
/** What a twin is told beside: the draws that the library made. */
export interface TwinContext {
  readonly mix?: (item: number) => number;
  /** Chosen neighbours by modality and item. */
  readonly lists?: readonly number[][][];
  /** Values of all parameters that targets without a gradient are made of. */
  readonly still?: Parameters;
}

export const map = (t: Table, f: (x: number) => number): Table => table(t.rows, t.cols, (r, c) => f(cell(t, r, c)));
export const zip = (s: Table, t: Table, f: (x: number, y: number) => number): Table =>
  table(s.rows, s.cols, (r, c) => f(cell(s, r, c), cell(t, r, c)));
const plus = (...all: Table[]): Table => all.reduce((s, t) => zip(s, t, (x, y) => x + y));
const times = (s: Table, t: Table): Table => zip(s, t, (x, y) => x * y);
const scaled = (t: Table, w: (r: number) => number): Table => table(t.rows, t.cols, (r, c) => w(r) * cell(t, r, c));
const pick = (t: Table, rows: ArrayLike<number>): Table => table(rows.length, t.cols, (r, c) => cell(t, rows[r], c));
const slice = (t: Table, from: number, rows: number): Table => table(rows, t.cols, (r, c) => cell(t, from + r, c));
const below = (s: Table, t: Table): Table =>
  table(s.rows + t.rows, s.cols, (r, c) => (r < s.rows ? cell(s, r, c) : cell(t, r - s.rows, c)));
const beside = (...all: Table[]): Table =>
  all.reduce((s, t) => table(s.rows, s.cols + t.cols, (r, c) => (c < s.cols ? cell(s, r, c) : cell(t, r, c - s.cols))));
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
  [...data.features].sort(([a], [b]) => {
    if (a === 'text' || b === 'text') return a === 'text' ? -1 : 1;
    return a < b ? -1 : 1;
  });
const features = ({ dims, values, present }: Features): Table =>
  table(present.length, dims, (r, c) => (present[r] ? values[r * dims + c] : 0));

/** Features less their mean over the items that have them, of length 1. */
const centred = (f: Features): Table => {
  const t = features(f);
  const there = Array.from(f.present.keys()).filter((r) => f.present[r]);
  const mean = Array.from({ length: t.cols }, (_, c) => there.reduce((s, r) => s + cell(t, r, c), 0) / there.length);
  return unit(table(t.rows, t.cols, (r, c) => (f.present[r] ? cell(t, r, c) - mean[c] : 0)));
};

/** Â of users and items. */
function adjacency(data: Dataset): Table {
  const users = data.users.size;
  const n = users + data.items.size;
  const A = table(n, n, () => 0);
  for (let u = 0; u < users; u++) for (const i of data.itemsOf(u)) A.at[u * n + users + i] = A.at[(users + i) * n + u] = 1;
  const degrees = Array.from({ length: n }, (_, r) => A.at.subarray(r * n, (r + 1) * n).reduce((a, b) => a + b, 0));
  return table(n, n, (r, c) => cell(A, r, c) / Math.sqrt((degrees[r] + 1e-7) * (degrees[c] + 1e-7)));
}

/** Nearest items of each by cosine, positive ones only, ties by lower index. */
function nearest(t: Table, present: Uint8Array, k: number): number[][] {
  const u = unit(t);
  return Array.from({ length: t.rows }, (_, r) =>
    !present[r]
      ? []
      : Array.from({ length: t.rows }, (_, c) => c)
          .filter((c) => present[c] && dot(u, r, u, c) > 0)
          .sort((a, b) => dot(u, r, u, b) - dot(u, r, u, a) || a - b)
          .slice(0, k),
  );
}

/** s_ij / √(r_i r_j) over the nearest. */
export function weightedGraph(t: Table, lists: readonly number[][]): Table {
  const u = unit(t);
  const sums = lists.map((list, i) => list.reduce((s, j) => s + dot(u, i, u, j), 0));
  return table(t.rows, t.rows, (i, j) => (lists[i].includes(j) ? dot(u, i, u, j) / Math.sqrt(sums[i] * sums[j]) : 0));
}

const layersOf = (A: Table, x: Table, layers: number, weight: number): Table => {
  let total = x;
  let layer = x;
  for (let l = 0; l < layers; l++) total = plus(total, (layer = product(A, layer)));
  return map(total, (v) => weight * v);
};

const meanOver = (n: number, f: (k: number) => number): number => Array.from({ length: n }, (_, k) => f(k)).reduce((a, b) => a + b, 0) / n;
const bprOf = (U: Table, I: Table, { users, positives, negatives }: Batch): number =>
  meanOver(users.length, (k) => softplus(dot(U, users[k], I, negatives[k]) - dot(U, users[k], I, positives[k])));
/** Cross-entropy of the diagonal of A·Bᵀ/τ. */
const diagonal = (a: Table, b: Table, temperature: number): number =>
  meanOver(a.rows, (r) => {
    let z = 0;
    for (let s = 0; s < b.rows; s++) z += Math.exp(dot(a, r, b, s) / temperature);
    return Math.log(z) - dot(a, r, b, r) / temperature;
  });

const mgcn: Twin = (data, P, batch, { layers, neighbors, regularization, contrast, temperature }) => {
  const users = data.users.size;
  const items = data.items.size;
  const n = users + items;
  const A = adjacency(data);
  const list = modalitiesOf(data);
  const of = (name: string): [Table, Table] => [P.get(`weight-${name}`)!, P.get(`bias-${name}`)!];
  const nodes = P.get('nodes')!;
  const Q = slice(nodes, users, items);
  const C = layersOf(A, nodes, layers, 1 / (layers + 1));
  const R = table(users, items, (r, c) => cell(A, r, users + c));
  const Z = list.map(([name, f]) => {
    const F = features(f);
    const S = weightedGraph(F, nearest(F, f.present, neighbors));
    const H = product(S, times(Q, map(dense(dense(F, ...of(`projection:${name}`)), ...of(`gate:${name}`)), sigmoid)));
    return below(product(R, H), H);
  });
  const open = (r: number, m: number): boolean => r < users || list[m][1].present[r - users] === 1;
  const a = softmax(beside(...Z.map((z) => product(map(dense(z, ...of('query')), Math.tanh), P.get('attention')!))), open);
  const c = plus(...Z.map((z, m) => scaled(z, (r) => cell(a, r, m))));
  const own = Z.map((z, m) =>
    scaled(
      times(
        map(dense(C, ...of(`preference:${list[m][0]}`)), sigmoid),
        zip(z, c, (x, y) => x - y),
      ),
      (r) => (open(r, m) ? 1 : 0),
    ),
  );
  const side = map(plus(...own, c), (v) => v / (list.length + 1));
  const E = plus(C, side);
  const at = [batch.users, batch.positives.map((i) => i + users), batch.negatives.map((i) => i + users)];
  const agree = (index: Int32Array): number => diagonal(unit(pick(side, index)), unit(pick(C, index)), temperature);
  return (
    bprOf(slice(E, 0, users), slice(E, users, n - users), batch) +
    (regularization / 2 / batch.users.length) * at.reduce((s, index) => s + squares(pick(E, index)), 0) +
    contrast * (agree(at[1]) + agree(at[0]))
  );
};

/** Rows of items that have features of none of the modalities are nothing. */
const opened = (t: Table, ...list: Features[]): Table => scaled(t, (r) => (list.some(({ present }) => present[r]) ? 1 : 0));
const lrelu = (t: Table): Table => map(t, (v) => (v > 0 ? v : 0.01 * v));
/** Mean of the nearest in each modality, those that an item lacks left out. */
function mixedGraph(list: readonly [string, Features][], k: number, side: number): Table {
  const lists = list.map(([, f]) => nearest(features(f), f.present, k));
  const n = lists[0].length;
  const weights = list.map((_, m) => (m === 0 ? Math.max(side, 1 - side * (list.length - 1)) : side));
  return table(n, n, (i, j) => {
    const total = weights.reduce((s, w, m) => s + (lists[m][i].length > 0 ? w : 0), 0);
    return weights.reduce((s, w, m) => s + (lists[m][i].includes(j) ? w / total / lists[m][i].length : 0), 0);
  });
}
/** sin(λθ)/sin θ·a + sin((1−λ)θ)/sin θ·b, or the one that is there. */
const slerp = (a: Table, b: Table, share: (r: number) => number): Table =>
  table(a.rows, a.cols, (r, c) => {
    if (dot(a, r, a, r) === 0 || dot(b, r, b, r) === 0) return cell(a, r, c) + cell(b, r, c);
    const angle = Math.acos(dot(a, r, b, r));
    const w = share(r);
    return (Math.sin(w * angle) * cell(a, r, c) + Math.sin((1 - w) * angle) * cell(b, r, c)) / Math.sin(angle);
  });
/** log mean over a < b of e^f(a, b). */
const logMeanPairs = (n: number, f: (a: number, b: number) => number): number => {
  let sum = 0;
  for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) sum += Math.exp(f(a, b));
  return Math.log(sum / ((n * (n - 1)) / 2));
};
const columns = (t: Table, from: number, cols: number): Table => table(t.rows, cols, (r, c) => cell(t, r, from + c));

const cm3: Twin = (
  data,
  P,
  { users: u, positives, negatives },
  { factors, layers, neighbors, sideWeight, uniformity, ceiling },
  { mix: share },
) => {
  const users = data.users.size;
  const list = modalitiesOf(data);
  const of = (name: string): Table => P.get(name)!;
  const own = list.map(([name, f]) =>
    opened(product(lrelu(dense(centred(f), of(`hidden:${name}`), of(`hiddenBias:${name}`))), of(`output:${name}`)), f),
  );
  const points = list.map(([name, f]) => unit(opened(dense(centred(f), of(`direct:${name}`), of(`directBias:${name}`)), f)));
  const mix = slerp(points[0], points[1], share!);
  const names = [...list.map(([name]) => name), 'mix'];
  const X = beside(...[...own, mix].map((t, b) => unit(below(of(`userRows-${names[b]}`), t))));
  const Z = layersOf(adjacency(data), X, layers, 1);
  const w = softmax(of('attention'));
  const user = slice(Z, 0, users);
  const item = slice(Z, users, Z.rows - users);
  const U = beside(...names.map((_, b) => scaled(columns(user, b * factors, factors), (r) => cell(w, r, b))));
  const I = plus(item, product(mixedGraph(list, neighbors, sideWeight), item));
  const a = unit(pick(U, u));
  const p = unit(pick(I, positives));
  const q = unit(pick(I, negatives));
  const m = pick(mix, negatives);
  const apart = (t: Table, r: number, s: number): number =>
    t.at.slice(r * t.cols, (r + 1) * t.cols).reduce((sum, v, c) => sum + (v - cell(t, s, c)) ** 2, 0);
  const align = meanOver(u.length, (k) =>
    Array.from({ length: a.cols }, (_, c) => (cell(a, k, c) - cell(p, k, c)) ** 2).reduce((x, y) => x + y, 0),
  );
  return (
    align +
    (uniformity / 2) *
      (logMeanPairs(a.rows, (r, s) => -2 * apart(a, r, s)) +
        logMeanPairs(q.rows, (r, s) => -2 * (apart(q, r, s) - 2 + 2 * Math.min(ceiling, Math.max(0, dot(m, r, m, s))))))
  );
};

const lattice: Twin = (data, P, batch, { layers, neighbors, learned, regularization }, { lists }) => {
  const users = data.users.size;
  const items = data.items.size;
  const n = users + items;
  const list = modalitiesOf(data);
  const A = adjacency(data);
  const degrees = Array.from({ length: n }, (_, r) => A.at.subarray(r * n, (r + 1) * n).filter((v) => v > 0).length + 1);
  const M = table(n, n, (r, c) => (r === c || cell(A, r, c) > 0 ? 1 / degrees[r] : 0));
  const nodes = P.get('nodes')!;
  const Q = slice(nodes, users, items);
  const E = layersOf(M, nodes, layers, 1 / (layers + 1));
  const w = softmax(P.get('modalities')!);
  const projected = list.map(([name, f]) => dense(features(f), P.get(`weight:${name}`)!, P.get(`bias:${name}`)!));
  const C = plus(
    ...projected.map((t, m) => {
      const v = unit(t);
      const near = lists![m];
      return table(items, items, (i, j) => (near[i].includes(j) ? w.at[m] * dot(v, i, v, j) : 0));
    }),
  );
  const sums = Array.from({ length: items }, (_, i) => C.at.subarray(i * items, (i + 1) * items).reduce((x, y) => x + y, 0));
  const fresh = table(items, items, (i, j) => (cell(C, i, j) === 0 ? 0 : cell(C, i, j) / Math.sqrt(sums[i] * sums[j])));
  const original = plus(
    ...list.map(([, f], m) => map(weightedGraph(features(f), nearest(features(f), f.present, neighbors)), (v) => w.at[m] * v)),
  );
  const h = product(
    zip(fresh, original, (x, y) => learned * x + (1 - learned) * y),
    Q,
  );
  const U = slice(E, 0, users);
  const I = plus(slice(E, users, items), unit(h));
  const penalty = squares(pick(U, batch.users)) + squares(pick(I, batch.positives)) + squares(pick(I, batch.negatives));
  return bprOf(U, I, batch) + (regularization / 2 / batch.users.length) * penalty;
};
/** The neighbours that LATTICE chooses by what the features are projected to. */
export const chosenNeighbors = (data: Dataset, P: Parameters, k: number): number[][][] =>
  modalitiesOf(data).map(([name, f]) => nearest(dense(features(f), P.get(`weight:${name}`)!, P.get(`bias:${name}`)!), f.present, k));

const slmrec: Twin = (data, P, { users: u, positives }, { layers, temperature, contrast, contrastTemperature }) => {
  const users = data.users.size;
  const [text, ...others] = modalitiesOf(data);
  const list = [...others, text];
  const A = adjacency(data);
  const nodes = P.get('nodes')!;
  const of = (name: string, x: Table): Table => dense(x, P.get(`weight-${name}`)!, P.get(`bias-${name}`)!);
  const starts = [nodes, ...list.map(([name, f]) => below(slice(nodes, 0, users), opened(of(`projection:${name}`, unit(features(f))), f)))];
  const parts = starts.map((x) => layersOf(A, x, layers, 1 / (layers + 1)));
  const U = of('users', beside(...parts.map((x) => slice(x, 0, users))));
  const I = of('items', beside(...parts.map((x) => slice(x, users, x.rows - users))));
  let loss = diagonal(unit(pick(U, u)), unit(pick(I, positives)), temperature);
  list.forEach(([name, f], m) => {
    const at = positives.filter((i) => f.present[i]);
    const rows = (k: number): Table =>
      pick(
        parts[k],
        at.map((i) => i + users),
      );
    let id = rows(0);
    for (let k = 0; k <= m; k++) id = of(k === 0 ? 'id' : `id:${list[k][0]}`, id);
    const left = m === 0 ? id : of(`left:${name}`, id);
    loss +=
      (contrast * at.length * diagonal(left, product(rows(m + 1), P.get(`weight-right:${name}`)!), contrastTemperature)) / positives.length;
  });
  return loss;
};

/** BM3 without dropout: its targets are what `still` gives, so that differences leave them alone as the gradient does. */
const bm3: Twin = (data, P, { users: u, positives }, { layers, contrast, regularization }, { still }) => {
  const users = data.users.size;
  const items = data.items.size;
  const A = adjacency(data);
  const list = modalitiesOf(data);
  const rowsOf = (T: Parameters): { user: Table; item: Table; own: Table[] } => {
    const nodes = T.get('nodes')!;
    const E = layersOf(A, nodes, layers, 1 / (layers + 1));
    return {
      user: slice(E, 0, users),
      item: plus(slice(E, users, items), slice(nodes, users, items)),
      own: list.map(([name, f]) => dense(features(f), T.get(`weight:${name}`)!, T.get(`bias:${name}`)!)),
    };
  };
  const now = rowsOf(P);
  const fixed = rowsOf(still!);
  const f = (t: Table): Table => dense(t, P.get('predictor')!, P.get('predictorBias')!);
  /** 1 − cosine of the pairs that are open, as a share of all. */
  const apart = (a: Table, b: Table, open: (k: number) => boolean = () => true): number =>
    meanOver(a.rows, (k) => (open(k) ? 1 - dot(a, k, b, k) / Math.sqrt(dot(a, k, a, k) * dot(b, k, b, k)) : 0));
  const item = pick(fixed.item, positives);
  let loss = apart(f(pick(now.user, u)), item) + apart(f(pick(now.item, positives)), pick(fixed.user, u));
  list.forEach(([, { present }], m) => {
    const predicted = f(pick(now.own[m], positives));
    const has = (k: number): boolean => present[positives[k]] === 1;
    loss += contrast * (apart(predicted, item, has) + apart(predicted, pick(fixed.own[m], positives), has));
  });
  return loss + (regularization / items) * (Math.sqrt(squares(now.user)) + Math.sqrt(squares(now.item)));
};

const lirdrec: Twin = (data, P, batch, { factors, layers, neighbors, sideWeight, regularization }) => {
  const users = data.users.size;
  const list = modalitiesOf(data);
  const of = (name: string): Table => P.get(name)!;
  const transform = (t: Table): Table =>
    table(t.rows, t.cols, (r, k) => {
      let sum = 0;
      for (let j = 0; j < t.cols; j++) sum += cell(t, r, j) * Math.cos((Math.PI * (2 * j + 1) * k) / (2 * t.cols));
      return Math.sqrt((k === 0 ? 1 : 2) / t.cols) * sum;
    });
  const biased = (t: Table, b: Table): Table => table(t.rows, t.cols, (r, c) => cell(t, r, c) + b.at[c]);
  const hidden = [
    ...list.map(([name, f]): [string, Table] => [name, product(centred(f), of(`hidden:${name}`))]),
    ['transforms', plus(...list.map(([name, f]) => product(transform(centred(f)), of(`transform:${name}`))))] as [string, Table],
  ];
  const own = hidden.map(([name, t], b) =>
    opened(
      product(lrelu(biased(t, of(`hiddenBias:${name}`))), of(`output:${name}`)),
      ...(b < list.length ? [list[b][1]] : list.map(([, f]) => f)),
    ),
  );
  const Z = layersOf(adjacency(data), beside(...own.map((t, b) => unit(below(of(`userRows-${hidden[b][0]}`), t)))), layers, 1);
  const user = slice(Z, 0, users);
  const item = slice(Z, users, Z.rows - users);
  const blocks = own.map((_, b) => columns(user, b * factors, factors));
  const computed = beside(...blocks.map((z) => product(lrelu(dense(z, of('firstQuery'), of('firstQueryBias'))), of('secondQuery'))));
  const part = of('computedShare').at[0];
  const w = softmax(zip(computed, of('attention'), (x, y) => part * x + (1 - part) * y));
  const U = beside(...blocks.map((z, b) => scaled(z, (r) => cell(w, r, b))));
  const I = plus(item, product(mixedGraph(list, neighbors, sideWeight), item));
  return bprOf(U, I, batch) + regularization * (squares(U) / U.at.length + squares(I) / I.at.length);
};

export const TWINS: Readonly<Record<string, Twin>> = { bm3, cm3, lattice, lirdrec, mgcn, slmrec };
