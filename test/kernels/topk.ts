import type { Arena } from '../../src/wasm/memory.ts';
import { paddedWidth, type SparseRows } from '../../src/wasm/tensor.ts';
import { bitmap, ranked, score } from '../reference/topk.ts';
import { draws, factorRows, sparseRows } from './samples.ts';
import { type KernelTable, near, same, type Timed } from './table.ts';

const counts = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Factors with few distinct values, so that scores tie, and one row each that gives NaN and infinite scores. */
function tables(
  seed: number,
  users: number,
  items: number,
  factors: number,
): { X: Float32Array<ArrayBuffer>; Y: Float32Array<ArrayBuffer>; ld: number } {
  const ld = paddedWidth(factors);
  const coarse = (x: number) => Math.round(x * 2) / 2;
  const X = factorRows(seed, users, factors).map(coarse);
  const Y = factorRows(seed + 1, items, factors).map(coarse);
  if (items > 4) {
    Y[2 * ld] = NaN;
    Y[3 * ld] = Infinity;
  }
  return { X, Y, ld };
}

/** Rows for whom the bounds are tight, wide, useless or void: the ways that a ranking can take beyond its first items. */
const LARGE: readonly (readonly [
  name: string,
  users: number,
  items: number,
  factors: number,
  k: number,
  at: (x: number, r: number) => number,
])[] = [
  ['flat norms', 35, 1501, 16, 10, (x) => x],
  ['norms that fall', 17, 1501, 64, 20, (x, r) => x / (1 + r / 20)],
  ['scores that tie', 18, 900, 8, 65, (x) => Math.round(x * 2) / 2],
  ['all zero', 5, 700, 8, 20, () => 0],
  ['next to nothing', 9, 700, 24, 20, (x) => x * 1e-24],
  ['as large as is bounded', 9, 700, 24, 20, (x) => x * 1e16],
  ['too large to be bounded', 9, 700, 24, 20, (x) => x * 1e19],
  ['magnitudes far apart', 9, 700, 24, 20, (x, r) => x * 10 ** ((r % 40) - 20)],
];

function largeTables(shape: (typeof LARGE)[number]): { X: Float32Array<ArrayBuffer>; Y: Float32Array<ArrayBuffer>; ld: number } {
  const [, users, items, factors, , at] = shape;
  const ld = paddedWidth(factors);
  const Y = factorRows(items, items, factors).map((x, i) => at(x, Math.floor(i / ld)));
  return { X: factorRows(users, users, factors).map((x) => at(x, 0)), Y, ld };
}

interface Filters {
  readonly seen: SparseRows | null;
  readonly allowed: Uint8Array | null;
}
function filters(
  arena: Arena,
  seed: number,
  users: number,
  items: number,
): (Filters & { readonly indptr: number; readonly indices: number; readonly bits: number })[] {
  const next = draws(seed);
  const seen = sparseRows(
    seed,
    counts(users).map((u) => Math.floor(items * [0, 0.1, 0.9, 1][u % 4])),
    items,
    () => 1,
  );
  const allowed = Uint8Array.from({ length: items }, () => (next() < 0.7 ? 1 : 0));
  const [indptr, indices, bits] = [arena.upload(seen.indptr), arena.upload(seen.indices), arena.upload(bitmap(allowed))];
  return [
    { seen: null, allowed: null, indptr: 0, indices: 0, bits: 0 },
    { seen, allowed: null, indptr, indices, bits: 0 },
    { seen, allowed, indptr, indices, bits },
  ];
}

const SHAPES: readonly (readonly [users: number, items: number, factors: number, k: number])[] = [
  [1, 1, 1, 1],
  [2, 5, 3, 7],
  [5, 8, 8, 3],
  [21, 33, 17, 10],
  [18, 100, 64, 64],
  [19, 100, 64, 65],
  [6, 90, 3, 200],
  [37, 203, 100, 20],
];

/** 0..1, 1..3, 3..6, … up to n. */
function parts(n: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let begin = 0, size = 1; begin < n; begin += size++) ranges.push([begin, Math.min(n, begin + size)]);
  return ranges;
}

function packedItems(arena: Arena, items: number, ld: number, Y: number): number {
  const packed = arena.alloc(arena.kernels.packed_items_bytes(items, ld));
  arena.kernels.pack_items(items, ld, Y, packed, arena.alloc(arena.kernels.pack_items_scratch(items)));
  return packed;
}

interface Tables {
  readonly X: Float32Array<ArrayBuffer>;
  readonly Y: Float32Array<ArrayBuffer>;
  readonly ld: number;
}

/** All users at once, then in parts of 1, 2, 3, …, which take other paths. @param spoil what is done to the packed items. */
function checkLists(arena: Arena, { X, Y, ld }: Tables, k: number, spoil?: (packed: number) => void): void {
  const { kernels } = arena;
  const users = X.length / ld;
  const items = Y.length / ld;
  const list = Int32Array.from(counts(users), (u) => users - 1 - u);
  const at = { X: arena.upload(X), Y: arena.upload(Y), list: arena.upload(list) };
  const packed = packedItems(arena, items, ld, at.Y);
  spoil?.(packed);
  const ids = arena.alloc(users * k * 4);
  const scores = arena.alloc(users * k * 4);
  const bytes = kernels.topk_scratch(k, items, ld);
  const scratch = arena.alloc(bytes + 64);
  arena.u8(scratch + bytes, 64).fill(77);
  for (const { seen, allowed, indptr, indices, bits } of filters(arena, items, users, items)) {
    for (const [begin, end] of [[0, users], ...parts(users)]) {
      kernels.topk(begin, end, k, items, ld, at.list, at.X, at.Y, packed, indptr, indices, bits, ids, scores, scratch);
      compareLists(arena, begin, end, list, X, Y, ld, items, k, { seen, allowed }, ids, scores);
    }
  }
  same('bytes behind the scratch', arena.u8(scratch + bytes, 64), new Uint8Array(64).fill(77));
}

function checkTopk(arena: Arena): void {
  for (const [users, items, factors, k] of SHAPES) arena.scope(() => checkLists(arena, tables(users, users, items, factors), k));
  for (const shape of LARGE) arena.scope(() => checkLists(arena, largeTables(shape), shape[4]));
  checkBoundsMatter(arena);
}

/** Bytes from `packed` to the first block, of a block, and of its bound of what rounding costs: as in assembly/packed-items.ts. */
const HEADER = 32;
const BLOCK = 32;
const ROUNDING = 4;

/** The control: with bounds that are too small by half the norms' product, lists come out wrong. */
function checkBoundsMatter(arena: Arena): void {
  const shape = LARGE[0];
  const blocks = Math.ceil(shape[2] / 24);
  let message = 'nothing';
  try {
    arena.scope(() =>
      checkLists(arena, largeTables(shape), shape[4], (packed) => {
        for (let b = 0; b < blocks; b++) arena.f32(packed + HEADER + b * BLOCK + ROUNDING, 1)[0] = -0.5;
      }),
    );
  } catch (error) {
    message = (error as Error).message;
  }
  if (!/^(items|scores) of user/.test(message)) throw new Error(`bounds below the truth must give wrong lists, gave ${message}`);
}

/** What pack_items promises: every item has a place, norms fall but for the keys' width, and no bound is below what it bounds. */
function checkPacked(arena: Arena, items: number, ld: number): void {
  const Y = factorRows(items, items, ld).map((x, at) => x / (1 + Math.floor(at / ld)));
  const packed = packedItems(arena, items, ld, arena.upload(Y));
  const blocks = Math.ceil(items / 24);
  const order = arena.i32(packed + HEADER + blocks * BLOCK, items);
  const place = arena.i32(packed + HEADER + blocks * BLOCK + items * 4, items);
  same(
    'places',
    Array.from(order, (item) => place[item]),
    counts(items),
  );
  const cells = arena.kernels.packed_items_bytes(items, ld) - 16 - blocks * 3 * ld * 16;
  const norm = (row: ArrayLike<number>) => Math.sqrt(Array.from(row).reduce((sum, v) => sum + v * v, 0));
  let last = Infinity;
  for (let at = items - 1, later = 0; at >= 0; at--) {
    const [, rounding, kept, reach, scale] = arena.f32(packed + HEADER + Math.floor(at / 24) * BLOCK, 5);
    const row = Y.subarray(order[at] * ld, (order[at] + 1) * ld);
    const cell = packed + cells + (at >> 3) * ld * 16 + (at & 7) * 4;
    const integerAt = (c: number) => new Int16Array(arena.u8(cell + (c >> 1) * 32 + (c & 1) * 2, 2).slice().buffer)[0];
    const integers = counts(ld).map(integerAt);
    later = Math.max(later, norm(row));
    const lost = norm(integers.map((q, c) => row[c] - q * scale));
    const within = rounding >= lost && kept >= norm(integers.map((q) => q * scale)) && reach >= later && lost <= norm(row) / 100;
    if (!within) throw new Error(`bounds of item ${order[at]} of ${items}: ${rounding} ${kept} ${reach}, lost ${lost}, norm ${norm(row)}`);
  }
  for (const item of order) {
    const mine = norm(Y.subarray(item * ld, (item + 1) * ld));
    if (mine > last * 1.04) throw new Error(`item ${item} of norm ${mine} comes after one of norm ${last}`);
    last = mine;
  }
}

function compareLists(
  arena: Arena,
  begin: number,
  end: number,
  list: Int32Array,
  X: Float32Array,
  Y: Float32Array,
  ld: number,
  items: number,
  k: number,
  { seen, allowed }: Filters,
  ids: number,
  scores: number,
): void {
  for (let q = begin; q < end; q++) {
    const expected = ranked(
      counts(items).map((i) => score(X, list[q], Y, i, ld)),
      k,
      list[q],
      seen,
      allowed,
    );
    const from = (q - begin) * k * 4;
    same(`items of user ${list[q]} of ${list.length} in ${begin}..${end}`, arena.i32(ids + from, k), expected.ids);
    same(
      `scores of user ${list[q]}`,
      arena.f32(scores + from, k).map((s) => s + 0),
      expected.scores.map((s) => s + 0),
    );
  }
}

const benchTopk =
  (users: number, items: number, ld: number) =>
  (arena: Arena): Timed => {
    const kernels = arena.kernels;
    const k = 20;
    const Y = arena.upload(factorRows(1, items, ld));
    const packed = packedItems(arena, items, ld, Y);
    const X = arena.upload(factorRows(2, users, ld));
    const list = arena.upload(Int32Array.from(counts(users)));
    const seen = sparseRows(
      3,
      counts(users).map((u) => 20 + (u % 7) * 30),
      items,
      () => 1,
    );
    const indptr = arena.upload(seen.indptr);
    const indices = arena.upload(seen.indices);
    const ids = arena.alloc(users * k * 4);
    const scores = arena.alloc(users * k * 4);
    const scratch = arena.alloc(kernels.topk_scratch(k, items, ld));
    return {
      work: 2 * users * items * ld,
      unit: 'flop',
      run: () => kernels.topk(0, users, k, items, ld, list, X, Y, packed, indptr, indices, 0, ids, scores, scratch),
    };
  };

export const topk: KernelTable = {
  pack_items: {
    claim: 'every item has a place by falling norm; 16-bit integers near its row, and bounds that are no less than they bound',
    check(arena) {
      for (const [items, ld] of [
        [1, 8],
        [8, 16],
        [33, 24],
        [200, 64],
      ]) {
        arena.scope(() => checkPacked(arena, items, ld));
      }
    },
  },
  topk: {
    claim:
      'items and bits of sorting all scores: ties, NaN, infinities, seen or forbidden items, k > items; bounds that are too small fail',
    check: checkTopk,
    bench: {
      '1,000 users, 3.7k items, f = 64': benchTopk(1000, 3706, 64),
      '1,000 users, 3.7k items, f = 128': benchTopk(1000, 3706, 128),
      'one user, 3.7k items, f = 64': benchTopk(1, 3706, 64),
      'one user, 10.7k items, f = 64': benchTopk(1, 10677, 64),
    },
  },
  select_topk: {
    claim: 'same items and scores as sorting each row: ties, NaN, seen and forbidden items, k > items',
    check(arena) {
      for (const [rows, items, , k] of SHAPES) {
        const next = draws(items);
        const ld = items + 3;
        const rowIds = Int32Array.from(counts(rows), (r) => rows - 1 - r);
        const scores = Float32Array.from(
          { length: rows * ld },
          () => [NaN, Infinity, -Infinity][Math.floor(next() * 30)] ?? Math.round(next() * 20),
        );
        const at = arena.upload(scores);
        const list = arena.upload(rowIds);
        const ids = arena.alloc(rows * k * 4);
        const out = arena.alloc(rows * k * 4);
        const scratch = arena.alloc(arena.kernels.select_topk_scratch(k, items));
        for (const { seen, allowed, indptr, indices, bits } of filters(arena, items, rows, items)) {
          arena.kernels.select_topk(rows, items, k, at, ld, list, indptr, indices, bits, ids, out, scratch);
          for (let r = 0; r < rows; r++) {
            const expected = ranked(scores.subarray(r * ld, r * ld + items), k, rowIds[r], seen, allowed);
            same(`items of row ${r} of ${rows} × ${items}`, arena.i32(ids + r * k * 4, k), expected.ids);
            same(`scores of row ${r}`, arena.f32(out + r * k * 4, k), expected.scores);
          }
        }
      }
    },
  },
  score_pairs: {
    claim: 'the bits of a float32 sum in order of the coordinates, which are those of topk; any number of pairs',
    check(arena) {
      for (const factors of [1, 8, 17, 64]) {
        const ld = paddedWidth(factors);
        const X = factorRows(6, 9, factors);
        const Y = factorRows(7, 13, factors);
        for (let n = 1; n < 12; n++) {
          const users = Int32Array.from(counts(n), (p) => (p * 5) % 9);
          const items = Int32Array.from(counts(n), (p) => (p * 7) % 13);
          const out = arena.alloc(64);
          arena.f32(out, 16).fill(7);
          arena.kernels.score_pairs(n, ld, arena.upload(users), arena.upload(items), arena.upload(X), arena.upload(Y), out);
          same(
            `${n} pairs`,
            arena.f32(out, 16),
            counts(16).map((p) => (p < n ? score(X, users[p], Y, items[p], ld) : 7)),
          );
        }
      }
    },
  },
  row_normalize: {
    claim: 'within 1e-7 of unit rows, magnitudes from 1e-40 to 1e38; zero rows stay zero',
    check(arena) {
      const scales = [1, 0, 1e-40, 1e38, 3];
      const X = factorRows(9, 5, 17).map((x, at) => x * scales[Math.floor(at / 24)]);
      const at = arena.upload(X);
      const expected = X.map((x, at) => {
        const row = Math.floor(at / 24) * 24;
        const norm = Math.sqrt(X.subarray(row, row + 24).reduce((sum, v) => sum + v * v, 0));
        return norm > 0 ? x / norm : 0;
      });
      arena.kernels.row_normalize(5, 24, at, at);
      near('rows', arena.f32(at, 120), expected, 1e-7);
    },
  },
};
