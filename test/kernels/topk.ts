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

function checkTopk(arena: Arena): void {
  for (const [users, items, factors, k] of SHAPES) {
    arena.scope(() => {
      const { X, Y, ld } = tables(users, users, items, factors);
      const kernels = arena.kernels;
      const list = Int32Array.from(counts(users), (u) => users - 1 - u);
      const at = { X: arena.upload(X), list: arena.upload(list), packed: arena.alloc(kernels.packed_items_bytes(items, ld)) };
      kernels.pack_items(items, ld, arena.upload(Y), at.packed);
      const ids = arena.alloc(users * k * 4);
      const scores = arena.alloc(users * k * 4);
      const scratch = arena.alloc(kernels.topk_scratch(k, items, ld));
      for (const { seen, allowed, indptr, indices, bits } of filters(arena, items, users, items)) {
        // All users at once, then in parts of 1, 2, 3, …, which take other paths.
        for (const [begin, end] of [[0, users], ...parts(users)]) {
          kernels.topk(begin, end, k, items, ld, at.list, at.X, at.packed, indptr, indices, bits, ids, scores, scratch);
          compareLists(arena, begin, end, list, X, Y, ld, items, k, { seen, allowed }, ids, scores);
        }
      }
    });
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
    const packed = arena.alloc(kernels.packed_items_bytes(items, ld));
    kernels.pack_items(items, ld, arena.upload(factorRows(1, items, ld)), packed);
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
      run: () => kernels.topk(0, users, k, items, ld, list, X, packed, indptr, indices, 0, ids, scores, scratch),
    };
  };

export const topk: KernelTable = {
  pack_items: {
    claim: 'groups of eight items transposed, missing items zero',
    check(arena) {
      for (const [items, ld] of [
        [1, 8],
        [8, 16],
        [33, 24],
      ]) {
        const Y = factorRows(items, items, ld);
        const bytes = arena.kernels.packed_items_bytes(items, ld);
        const packed = arena.alloc(bytes);
        arena.f32(packed, bytes / 4).fill(NaN);
        arena.kernels.pack_items(items, ld, arena.upload(Y), packed);
        const expected = Float32Array.from(
          { length: bytes / 4 },
          (_, at) => Y[(Math.floor(at / (8 * ld)) * 8 + (at % 8)) * ld + ((at >> 3) % ld)] ?? 0,
        );
        same(`${items} items`, arena.f32(packed, bytes / 4), expected);
      }
    },
  },
  topk: {
    claim:
      'same items and same bits as sorting all scores: ties, NaN, infinities, seen and forbidden items, any number of users, k > items',
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
