import type { Arena } from '../../src/wasm/memory.ts';
import { Csr, paddedWidth, type SparseRows } from '../../src/wasm/tensor.ts';
import { easeWeights, inverse, knnSimilarities, pairCounts } from '../reference/linear.ts';
import { draws, sparseRows } from './samples.ts';
import { type KernelTable, largest, near, same } from './table.ts';

/** A symmetric positive definite matrix: random, with a heavy diagonal. */
function definite(seed: number, n: number): Float64Array {
  const next = draws(seed);
  const A = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) A[i * n + j] = A[j * n + i] = next() - 0.3;
    A[i * n + i] += n;
  }
  return A;
}

/** Inverse of A in the arena by the kernels, `width` pivots at a time; its status. */
function sweepAll(arena: Arena, n: number, A: number, width: number): number {
  const scratch = arena.alloc(arena.kernels.spd_sweep_scratch(n, width));
  for (let begin = 0; begin < n; begin += width) {
    const status = arena.kernels.spd_sweep(n, begin, Math.min(width, n - begin), A, scratch);
    if (status !== 0) return status;
  }
  return 0;
}

const baskets = (seed: number): SparseRows =>
  sparseRows(
    seed,
    Array.from({ length: 40 }, (_, u) => (u % 7) * 2),
    21,
    () => 1,
  );
const ITEMS = 21;
const M = 24;
const LAMBDA = 3;

/** The whole way to EASE's inverse as pairs: [gram, pairs]. */
function easeState(arena: Arena, rows: SparseRows): { G: number; P: number; scratch: number } {
  const { kernels } = arena;
  const csr = Csr.from(arena, rows);
  const G = arena.allocZeroed(ITEMS * M * 4);
  const P = arena.alloc(M * M * 8);
  const scratch = arena.alloc(M * 64 * 8);
  kernels.count_pairs(0, rows.rows, csr.indptr, csr.indices, 1, M, G);
  kernels.ease_system(ITEMS, M, LAMBDA, G, P);
  sweepAll(arena, M, P, 8);
  kernels.spd_finish(M, P);
  kernels.split_pairs(ITEMS, M, P, scratch);
  return { G, P, scratch };
}

/** Dense [items × items] float64 from pairs of float32. */
function joined(arena: Arena, P: number): Float64Array {
  const pairs = arena.f32(P, ITEMS * M * 2);
  return Float64Array.from({ length: ITEMS * ITEMS }, (_, at) => {
    const row = Math.floor(at / ITEMS) * 2 * M;
    const j = at % ITEMS;
    return pairs[row + j] + pairs[row + M + j];
  });
}

function easeInverse(rows: SparseRows): Float64Array {
  const system = pairCounts(rows);
  for (let i = 0; i < ITEMS; i++) system[i * ITEMS + i] += LAMBDA;
  return inverse(ITEMS, system);
}

const without = (rows: SparseRows, user: number): SparseRows => {
  const [from, to] = [rows.indptr[user], rows.indptr[user + 1]];
  const gone = to - from;
  return {
    ...rows,
    indptr: rows.indptr.map((p, r) => (r > user ? p - gone : p)),
    indices: Int32Array.from([...rows.indices.subarray(0, from), ...rows.indices.subarray(to)]),
    data: rows.data.slice(gone),
  };
};

export const dense64: KernelTable = {
  spd_sweep: {
    claim: 'with spd_finish the float64 inverse within 1e-13, n 8 to 264, any block width; names the bad pivot',
    check(arena) {
      for (const [n, width] of [
        [8, 8],
        [24, 16],
        [136, 64],
        [264, 128],
      ]) {
        arena.scope(() => {
          const given = definite(n, n);
          const A = arena.upload(given);
          same('status', [sweepAll(arena, n, A, width)], [0]);
          arena.kernels.spd_finish(n, A);
          const expected = inverse(n, given);
          near(`${n} by ${width}`, arena.f64(A, n * n), expected, 1e-13, largest(expected));
        });
      }
      const bad = definite(3, 24);
      for (let i = 0; i < 24; i++) bad[i * 24 + 17] = bad[17 * 24 + i] = bad[i * 24 + 3];
      bad[3 * 24 + 3] = bad[17 * 24 + 3] = bad[3 * 24 + 17] = 30;
      bad[17 * 24 + 17] = 29;
      same('row 17 repeats row 3, less something', [sweepAll(arena, 24, arena.upload(bad), 8)], [18]);
    },
    bench: Object.fromEntries(
      [512, 1024].map((n) => [
        `n = ${n}`,
        (arena: Arena) => {
          const given = definite(1, n);
          const A = arena.alloc(n * n * 8);
          const scratch = arena.alloc(arena.kernels.spd_sweep_scratch(n, 128));
          return {
            work: n * n * n,
            unit: 'flop64',
            run: () => {
              arena.f64(A, n * n).set(given);
              for (let begin = 0; begin < n; begin += 128) arena.kernels.spd_sweep(n, begin, 128, A, scratch);
            },
          };
        },
      ]),
    ),
  },
  spd_pivot: {
    claim: 'names the bad pivot, in a later block too; what it leaves is checked with spd_update',
    check(arena) {
      const n = 24;
      const bad = definite(3, n);
      bad[17 * n + 17] = -1;
      const A = arena.upload(bad);
      const scratch = arena.alloc(arena.kernels.spd_sweep_scratch(n, 8));
      const statuses = [0, 8, 16].map((begin) => {
        const status = arena.kernels.spd_pivot(n, begin, 8, A, scratch);
        if (status === 0) arena.kernels.spd_update(0, (n - begin - 8) / 4, n, begin + 8, 8, A, scratch);
        return status;
      });
      same('statuses', statuses, [0, 0, 18]);
    },
  },
  spd_update: {
    claim: 'after spd_pivot the Schur complement within 1e-13, in one range of rows or in three, to the same bit; rows before it untouched',
    check(arena) {
      for (const [n, width] of [
        [24, 8],
        [136, 64],
        [264, 128],
      ]) {
        const given = definite(n, n);
        const scratch = arena.alloc(arena.kernels.spd_sweep_scratch(n, width));
        const m = n - width;
        const groups = m / 4;
        const whole = arena.upload(given);
        const pieces = arena.upload(given);
        for (const [A, ranges] of [
          [whole, [[0, groups]]],
          [
            pieces,
            [
              [2, groups],
              [1, 2],
              [0, 1],
            ],
          ],
        ] as const) {
          same('status', [arena.kernels.spd_pivot(n, 0, width, A, scratch)], [0]);
          for (const [first, last] of ranges) arena.kernels.spd_update(first, last, n, width, width, A, scratch);
        }
        const corner = inverse(
          width,
          Float64Array.from({ length: width * width }, (_, at) => given[Math.floor(at / width) * n + (at % width)]),
        );
        const found: number[] = [];
        const expected: number[] = [];
        const result = arena.f64(whole, n * n);
        for (let i = width; i < n; i++) {
          for (let j = width; j <= i; j++) {
            let sum = given[i * n + j];
            for (let k = 0; k < width; k++)
              for (let l = 0; l < width; l++) sum -= given[i * n + k] * corner[k * width + l] * given[j * n + l];
            found.push(result[i * n + j]);
            expected.push(sum);
          }
          if (i > width + 40) break;
        }
        near(`${n} by ${width}`, found, expected, 1e-13, largest(given));
        same(`${n} in pieces`, arena.f64(pieces, n * n), result);
        same(`${n} rows before`, result.subarray(0, width * n), given.subarray(0, width * n));
      }
    },
  },
  spd_finish: {
    claim: 'mirrors and negates the lower triangle, whatever stands above it',
    check(arena) {
      const n = 24;
      const given = definite(5, n);
      const A = arena.upload(given.map((x, at) => (at % n > Math.floor(at / n) ? NaN : x)));
      arena.kernels.spd_finish(n, A);
      same(
        'all',
        arena.f64(A, n * n),
        given.map((x) => -x),
      );
    },
  },
  cholesky64: {
    claim: 'L Lᵀ = A within 1e-14, n 1 to 33, stride above n; refuses an indefinite row',
    check(arena) {
      for (const n of [1, 2, 7, 33]) {
        const ld = (n + 3) & ~1;
        const given = definite(n, n);
        const padded = new Float64Array(n * ld);
        for (let i = 0; i < n; i++) padded.set(given.subarray(i * n, i * n + n), i * ld);
        const A = arena.upload(padded);
        same('status', [arena.kernels.cholesky64(n, ld, A)], [0]);
        const L = arena.f64(A, n * ld);
        const product = given.map((_, at) => {
          const i = Math.floor(at / n);
          const j = at % n;
          let sum = 0;
          for (let k = 0; k <= Math.min(i, j); k++) sum += L[i * ld + k] * L[j * ld + k];
          return sum;
        });
        near(`n ${n}`, product, given, 1e-14, largest(given));
      }
      same('indefinite', [arena.kernels.cholesky64(2, 2, arena.upload(Float64Array.of(1, 2, 2, 1)))], [2]);
    },
  },
};

export const ease: KernelTable = {
  count_pairs: {
    claim: 'equals the dense XᵀX; a negative sign takes a row away again, to the bit',
    check(arena) {
      const rows = baskets(1);
      const csr = Csr.from(arena, rows);
      const G = arena.allocZeroed(ITEMS * M * 4);
      const dense = (): number[] =>
        Array.from({ length: ITEMS * ITEMS }, (_, at) => arena.f32(G, ITEMS * M)[Math.floor(at / ITEMS) * M + (at % ITEMS)]);
      arena.kernels.count_pairs(0, 40, csr.indptr, csr.indices, 1, M, G);
      same('all', dense(), pairCounts(rows));
      arena.kernels.count_pairs(6, 7, csr.indptr, csr.indices, -1, M, G);
      same('less user 6', dense(), pairCounts(without(rows, 6)));
    },
  },
  ease_system: {
    claim: 'G + λI with the identity in the pads',
    check(arena) {
      const G = arena.upload(Float32Array.from({ length: 3 * 8 }, (_, at) => (at % 8 < 3 ? at : 0)));
      const A = arena.alloc(8 * 8 * 8);
      arena.kernels.ease_system(3, 8, 0.5, G, A);
      same(
        'A',
        arena.f64(A, 64),
        Array.from({ length: 64 }, (_, at) => {
          const i = at >> 3;
          const j = at & 7;
          const identity = i === j ? 1 : 0;
          return i < 3 && j < 3 ? i * 8 + j + 0.5 * identity : identity;
        }),
      );
    },
  },
  split_pairs: {
    claim: 'high + low within 2^-47 of each number; pads become zero',
    check(arena) {
      const n = 8;
      const given = definite(2, n).map((x) => x / 3);
      const A = arena.upload(given);
      arena.kernels.split_pairs(7, n, A, arena.alloc(n * 8));
      const pairs = arena.f32(A, n * n * 2);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const expected = i < 7 && j < 7 ? given[i * n + j] : 0;
          near(`${i} ${j}`, [pairs[i * 16 + j] + pairs[i * 16 + 8 + j]], [expected], 2 ** -47, Math.abs(expected));
        }
      }
    },
  },
  ease_basket: {
    claim: 'the sum of the listed rows of the inverse, within 1e-15',
    check(arena) {
      const { P } = easeState(arena, baskets(2));
      const out = arena.alloc(M * 8);
      const list = [2, 5, 20];
      arena.kernels.ease_basket(3, arena.upload(Int32Array.from(list)), M, P, out);
      const dense = joined(arena, P);
      near(
        'sum',
        arena.f64(out, ITEMS),
        Array.from({ length: ITEMS }, (_, j) => list.reduce((sum, i) => sum + dense[i * ITEMS + j], 0)),
        1e-15,
      );
    },
  },
  ease_correct: {
    claim: 'a user of rank one leaves: the inverse of the counts without them, within 1e-12',
    check(arena) {
      const rows = baskets(3);
      const { P, scratch } = easeState(arena, rows);
      const user = 12;
      const basket = rows.indices.slice(rows.indptr[user], rows.indptr[user + 1]);
      const T = arena.alloc(M * 8);
      const Z = arena.alloc(M * 8);
      arena.kernels.ease_basket(basket.length, arena.upload(basket), M, P, T);
      const v = arena.f64(T, M);
      const h = basket.reduce((sum, i) => sum + v[i], 0);
      arena.f64(Z, M).set(v.map((x) => x / (h - 1)));
      arena.kernels.ease_correct(ITEMS, M, 1, T, Z, P, scratch);
      const expected = easeInverse(without(rows, user));
      near('P', joined(arena, P), expected, 1e-12, largest(expected));
    },
  },
  ease_clear_item: {
    claim: 'row and column zero, 1/λ on the diagonal, all else untouched',
    check(arena) {
      const { P } = easeState(arena, baskets(4));
      const before = joined(arena, P);
      arena.kernels.ease_clear_item(ITEMS, M, 9, 1 / LAMBDA, P);
      const expected = before.map((p, at) => {
        const i = Math.floor(at / ITEMS);
        const j = at % ITEMS;
        if (i === 9 && j === 9) return 1 / LAMBDA;
        return i === 9 || j === 9 ? 0 : p;
      });
      near('P', joined(arena, P), expected, 1e-15);
    },
  },
  ease_weights: {
    claim: 'EASE of the dense definition within 1e-6, zero diagonal; names a row whose inverse is not positive',
    check(arena) {
      const rows = baskets(5);
      const { P, scratch } = easeState(arena, rows);
      const B = arena.alloc(ITEMS * M * 4);
      same('status', [arena.kernels.ease_weights(ITEMS, M, P, B, scratch)], [0]);
      const weights = arena.f32(B, ITEMS * M);
      near(
        'B',
        Array.from({ length: ITEMS * ITEMS }, (_, at) => weights[Math.floor(at / ITEMS) * M + (at % ITEMS)]),
        easeWeights(rows, LAMBDA),
        1e-6,
      );
      arena.kernels.ease_clear_item(ITEMS, M, 4, -1, P);
      same('refused', [arena.kernels.ease_weights(ITEMS, M, P, B, scratch)], [5]);
    },
  },
  ease_residual: {
    claim: 'below 1e-12 for the true inverse, and the size of the fault for a wrong one',
    check(arena) {
      const { G, P, scratch } = easeState(arena, baskets(6));
      near('right', [arena.kernels.ease_residual(ITEMS, M, LAMBDA, 3, G, P, scratch)], [0], 1e-12);
      const csr = Csr.from(arena, {
        rows: 1,
        cols: ITEMS,
        indptr: Int32Array.of(0, 1),
        indices: Int32Array.of(3),
        data: Float32Array.of(1),
      });
      arena.kernels.count_pairs(0, 1, csr.indptr, csr.indices, 1, M, G);
      near('wrong', [arena.kernels.ease_residual(ITEMS, M, LAMBDA, 3, G, P, scratch)], [joined(arena, P)[3 * ITEMS + 3]], 1e-12);
    },
  },
  ease_scores: {
    claim: "the sum of the history's rows within 1e-6, users in any order, an empty history scores nothing",
    check(arena) {
      const rows = baskets(7);
      const { P, scratch } = easeState(arena, rows);
      const B = arena.alloc(ITEMS * M * 4);
      const csr = Csr.from(arena, rows);
      arena.kernels.ease_weights(ITEMS, M, P, B, scratch);
      const users = [12, 0, 5];
      const scores = arena.alloc(3 * M * 4);
      const weights = arena.f32(B, ITEMS * M).slice();
      arena.kernels.ease_scores(3, arena.upload(Int32Array.from(users)), csr.indptr, csr.indices, M, B, scores);
      near(
        'scores',
        arena.f32(scores, 3 * M),
        users.flatMap((u) =>
          Array.from({ length: M }, (_, j) =>
            [...rows.indices.subarray(rows.indptr[u], rows.indptr[u + 1])].reduce((sum, i) => sum + weights[i * M + j], 0),
          ),
        ),
        1e-6,
      );
    },
  },
};

const KNN = { neighbors: 5, weighting: 'cosine', shrinkage: 2, k1: 1, b: 0 } as const;

/** Lists of all items by the kernels, and what they were made from. */
function knnState(arena: Arena, rows: SparseRows, k: number = KNN.neighbors) {
  const users = Csr.from(arena, rows);
  const items = users.transpose();
  const ld = paddedWidth(k);
  const weights = arena.upload(new Float64Array(rows.rows).fill(1));
  const norms = arena.alloc(ITEMS * 8);
  arena.kernels.knn_norms(ITEMS, items.indptr, items.indices, weights, norms);
  const neighbors = arena.allocZeroed(ITEMS * ld * 4);
  const similarities = arena.allocZeroed(ITEMS * ld * 4);
  const all = arena.upload(Int32Array.from({ length: ITEMS }, (_, i) => i));
  const scratch = arena.allocZeroed(arena.kernels.knn_lists_scratch(ITEMS));
  const list = (rowsAt: number, count: number): void =>
    arena.kernels.knn_lists(
      0,
      count,
      rowsAt,
      ITEMS,
      k,
      ld,
      KNN.shrinkage,
      users.indptr,
      users.indices,
      items.indptr,
      items.indices,
      weights,
      norms,
      neighbors,
      similarities,
      scratch,
    );
  list(all, ITEMS);
  return { users, items, ld, weights, norms, neighbors, similarities, list };
}

export const itemKnn: KernelTable = {
  knn_norms: {
    claim: "sums of the weights of each item's users, exact for whole numbers",
    check(arena) {
      const rows = baskets(8);
      const items = Csr.from(arena, rows).transpose();
      const norms = arena.alloc(ITEMS * 8);
      const weights = Float64Array.from({ length: 40 }, (_, u) => u);
      arena.kernels.knn_norms(ITEMS, items.indptr, items.indices, arena.upload(weights), norms);
      same(
        'norms',
        arena.f64(norms, ITEMS),
        Array.from({ length: ITEMS }, (_, i) => {
          let sum = 0;
          for (let u = 0; u < 40; u++) if (rows.indices.subarray(rows.indptr[u], rows.indptr[u + 1]).includes(i)) sum += u;
          return sum;
        }),
      );
    },
  },
  knn_lists: {
    claim: 'the best of the dense similarities, ties by position, 1 to 30 neighbours of 21 items',
    check(arena) {
      for (const k of [1, 5, 30]) {
        const rows = baskets(9);
        const { neighbors, similarities, ld } = knnState(arena, rows, k);
        const dense = knnSimilarities(rows, KNN);
        for (let i = 0; i < ITEMS; i++) {
          const row = Array.from(dense.subarray(i * ITEMS, (i + 1) * ITEMS), Math.fround);
          const best = [...row.keys()]
            .filter((j) => row[j] > 0)
            .sort((a, b) => row[b] - row[a] || a - b)
            .slice(0, k);
          const padded = (values: number[]): number[] => Array.from({ length: ld }, (_, n) => values[n] ?? 0);
          same(`neighbours of ${i}`, arena.f32(neighbors, ITEMS * ld).subarray(i * ld, i * ld + ld), padded(best.map((j) => j + 1)));
          near(
            `similarities of ${i}`,
            arena.f32(similarities, ITEMS * ld).subarray(i * ld, i * ld + ld),
            padded(best.map((j) => row[j])),
            1e-7,
          );
        }
      }
    },
  },
  knn_refresh: {
    claim: 'with the flagged lists counted anew, the bytes of lists from scratch, 60 random deletions; leaving them stale is caught',
    check(arena) {
      let flagged = 0;
      for (let seed = 0; seed < 60; seed++) {
        arena.scope(() => {
          const rows = baskets(100 + seed);
          const before = knnState(arena, rows);
          const user = 1 + (seed % 39);
          // every second time a whole user, else every other cell of theirs
          const basket = rows.indices.subarray(rows.indptr[user], rows.indptr[user + 1]);
          const gone = basket.filter((_, n) => seed % 2 === 0 || n % 2 === 0);
          const at = rows.indptr[user];
          const kept = [...rows.indices.keys()].filter((e) => e < at || e >= at + basket.length || !gone.includes(rows.indices[e]));
          const left: SparseRows = {
            ...rows,
            indptr: rows.indptr.map((p, r) => (r > user ? p - gone.length : p)),
            indices: Int32Array.from(kept, (e) => rows.indices[e]),
            data: Float32Array.from(kept, () => 1),
          };
          const fresh = knnState(arena, left);
          const size = ITEMS * fresh.ld;
          const changed = new Uint8Array(ITEMS);
          for (const item of gone) changed[item] = 1;
          const flags = arena.upload(changed);
          const rescan = arena.allocZeroed(ITEMS);
          const scratch = arena.allocZeroed(arena.kernels.knn_refresh_scratch(ITEMS));
          const others = basket.filter((item) => !gone.includes(item));
          arena.kernels.knn_refresh(
            gone.length,
            arena.upload(Int32Array.from(gone)),
            flags,
            others.length,
            arena.upload(others),
            ITEMS,
            KNN.neighbors,
            fresh.ld,
            KNN.shrinkage,
            fresh.users.indptr,
            fresh.users.indices,
            fresh.items.indptr,
            fresh.items.indices,
            fresh.weights,
            fresh.norms,
            before.neighbors,
            before.similarities,
            rescan,
            scratch,
          );
          const stale = [...arena.u8(rescan, ITEMS)];
          flagged += stale.filter((s) => s).length;
          // what the kernel vouches for must be right already
          for (let i = 0; i < ITEMS; i++) {
            if (stale[i]) continue;
            const row = (matrix: number): Float32Array => arena.f32(matrix, size).subarray(i * fresh.ld, (i + 1) * fresh.ld);
            same(`seed ${seed}, neighbours of ${i}`, row(before.neighbors), row(fresh.neighbors));
            same(`seed ${seed}, similarities of ${i}`, row(before.similarities), row(fresh.similarities));
          }
          same('scratch is clean', arena.f64(scratch, ITEMS), new Float64Array(ITEMS));
        });
      }
      if (flagged === 0) throw new Error('no list was ever flagged: the test has no power');
    },
  },
  knn_scores: {
    claim: "the sums over the history's lists within 1e-6, users in any order",
    check(arena) {
      const rows = baskets(10);
      const { users: csr, neighbors, similarities, ld } = knnState(arena, rows);
      const users = [12, 0, 33];
      const scores = arena.alloc(3 * M * 4);
      arena.kernels.knn_scores(
        3,
        arena.upload(Int32Array.from(users)),
        csr.indptr,
        csr.indices,
        ITEMS,
        KNN.neighbors,
        ld,
        neighbors,
        similarities,
        scores,
        M,
      );
      const names = arena.f32(neighbors, ITEMS * ld);
      const values = arena.f32(similarities, ITEMS * ld);
      near(
        'scores',
        arena.f32(scores, 3 * M),
        users.flatMap((u) => {
          const row = new Float64Array(M);
          for (const i of rows.indices.subarray(rows.indptr[u], rows.indptr[u + 1])) {
            for (let n = 0; n < KNN.neighbors; n++) if (names[i * ld + n] > 0) row[names[i * ld + n] - 1] += values[i * ld + n];
          }
          return [...row];
        }),
        1e-6,
      );
    },
  },
};
