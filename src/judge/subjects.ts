// Who is asked for: users or items that a request emptied (members), and such as no model has seen (strangers), with their
// histories. Both sides have one shape; only what is alive on the other side counts, since gold has rows of nothing else.

import { pairKey, STREAM, uniform } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Partition } from '../forget/request.ts';
import type { Side } from '../least-squares/objective.ts';
import { unionRows } from '../model/evaluate.ts';
import type { SparseRows } from '../wasm/tensor.ts';

/** What the judge knows beside the partition; all over the tables of the partition's data. */
export interface Around {
  /** Rows of users and items that no model has seen. */
  readonly unseen?: Dataset;
  /** Held-out rows of those who were trained on: validation, test. */
  readonly heldOut?: readonly Dataset[];
}

/** Users or items to ask for. */
export interface Subjects {
  readonly side: Side;
  /** Positions on their side, ascending: emptied by the request, and never seen. */
  readonly members: Int32Array;
  readonly strangers: Int32Array;
  /** Their histories by position, divided in two by key. */
  readonly halves: readonly [SparseRows, SparseRows];
  /** Everything that they ever had, in any part. */
  readonly known: SparseRows;
  /** What they had in held-out parts alone. */
  readonly heldOut: SparseRows;
  /** 1 for what is alive on the other side: it keeps an id and interactions. */
  readonly alive: Uint8Array;
  /** Keys of their side, as of all draws. */
  readonly keys: Uint32Array;
}

/** Shortest history that has two halves. */
const SHORTEST = 2;

/** Rows by user, or by item. */
export const rowsBy = (side: Side, data: Dataset): SparseRows => (side === 'users' ? data.userItems : transposed(data.userItems));

/** 1 for users or items that keep an id and interactions. */
export function aliveIn(retain: Dataset, side: Side): Uint8Array {
  const counts =
    side === 'items' ? retain.itemCounts() : Int32Array.from({ length: retain.users.size }, (_, u) => retain.itemsOf(u).length);
  return Uint8Array.from(counts, (n, p) => (n > 0 && retain[side].at(p) !== null ? 1 : 0));
}

/**
 * The users (or items) that a request emptied and that can be asked for, beside those that no model has seen.
 * Whoever lost all interactions only because the other side was deleted has nothing alive left and is none of them.
 * @param seed of the halves.
 */
export function subjectsOf({ data, retain }: Partition, side: Side, { unseen, heldOut = [] }: Around, seed = 1): Subjects {
  const opposite = side === 'users' ? 'items' : 'users';
  const alive = aliveIn(retain, opposite);
  const before = rowsBy(side, data);
  const after = rowsBy(side, retain);
  const never = unseen && rowsBy(side, unseen);
  const size = (rows: SparseRows, r: number): number => rows.indptr[r + 1] - rows.indptr[r];
  const living = (rows: SparseRows, r: number): Int32Array => itemsOf(rows, r).filter((i) => alive[i] === 1);
  const all = Array.from({ length: before.rows }, (_, r) => r);
  const emptied = all.filter((r) => size(before, r) > 0 && size(after, r) === 0);
  const strange = never ? all.filter((r) => size(never, r) > 0 && size(before, r) === 0) : [];
  const parts = [data, ...heldOut, ...(unseen ? [unseen] : [])].map((part) => rowsBy(side, part));
  const known = unionRows(parts);
  const open = alive.reduce((sum, one) => sum + one, 0);
  const fits = (rows: SparseRows) => (r: number) => {
    const had = living(rows, r).length;
    return had >= SHORTEST && living(known, r).length < open;
  };
  const members = Int32Array.from(emptied.filter(fits(before)));
  const strangers = Int32Array.from(never ? strange.filter(fits(never)) : []);
  const histories = listed(before, [
    [members, before],
    [strangers, never ?? before],
  ]);
  return {
    side,
    members,
    strangers,
    halves: halved(histories, alive, data[side].keys(), data[opposite].keys(), seed),
    known,
    heldOut: heldOut.length > 0 ? unionRows(heldOut.map((part) => rowsBy(side, part))) : empty(before),
    alive,
    keys: data[side].keys(),
  };
}

/** Row `r`, ascending. */
export const itemsOf = ({ indptr, indices }: SparseRows, r: number): Int32Array => indices.subarray(indptr[r], indptr[r + 1]);

/** The given rows of each source in their places; all others are empty. */
function listed({ rows, cols }: SparseRows, from: readonly (readonly [Int32Array, SparseRows])[]): SparseRows {
  const source = new Map<number, SparseRows>();
  for (const [positions, rows] of from) for (const p of positions) source.set(p, rows);
  return build(rows, cols, (r, add) => {
    const own = source.get(r);
    if (own) for (let e = own.indptr[r]; e < own.indptr[r + 1]; e++) add(own.indices[e], own.data[e]);
  });
}

/** Each row's living entries in the order of their draws: the first half, and the rest. */
function halved(
  rows: SparseRows,
  alive: Uint8Array,
  own: Uint32Array,
  others: Uint32Array,
  seed: number,
): readonly [SparseRows, SparseRows] {
  const inFirst = new Uint8Array(rows.indices.length);
  for (let r = 0; r < rows.rows; r++) {
    const draws: [entry: number, draw: number][] = [];
    for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++) {
      const i = rows.indices[e];
      if (alive[i] === 0) continue;
      const key = pairKey({ lo: own[2 * r], hi: own[2 * r + 1] }, { lo: others[2 * i], hi: others[2 * i + 1] });
      draws.push([e, uniform(seed, STREAM.halves, key)]);
    }
    draws.sort(([a, x], [b, y]) => x - y || a - b);
    for (const [entry] of draws.slice(0, draws.length >> 1)) inFirst[entry] = 1;
  }
  const part = (first: number): SparseRows =>
    build(rows.rows, rows.cols, (r, add) => {
      for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++)
        if (inFirst[e] === first && alive[rows.indices[e]] === 1) add(rows.indices[e], rows.data[e]);
    });
  return [part(1), part(0)];
}

function build(rows: number, cols: number, fill: (row: number, add: (index: number, value: number) => void) => void): SparseRows {
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let r = 0; r < rows; r++) {
    fill(r, (index, value) => {
      indices.push(index);
      values.push(value);
    });
    indptr[r + 1] = indices.length;
  }
  return { rows, cols, indptr, indices: Int32Array.from(indices), data: Float32Array.from(values) };
}

const empty = ({ rows, cols }: SparseRows): SparseRows => build(rows, cols, () => {});

/** Rows by column, ascending. */
export function transposed({ rows, cols, indptr, indices, data }: SparseRows): SparseRows {
  const starts = new Int32Array(cols + 1);
  for (const c of indices) starts[c + 1]++;
  for (let c = 0; c < cols; c++) starts[c + 1] += starts[c];
  const next = starts.slice(0, cols);
  const to = { rows: cols, cols: rows, indptr: starts, indices: new Int32Array(indices.length), data: new Float32Array(indices.length) };
  for (let r = 0; r < rows; r++) {
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const at = next[indices[e]]++;
      to.indices[at] = r;
      to.data[at] = data[e];
    }
  }
  return to;
}
