// Recall while a network trains: the rows as they lie in its arena, on all of its threads.

import { topkScratch } from '../model/ranking-inputs.ts';
import { overRange, threadsOf } from '../threads/parallel-kernels.ts';
import { planEven } from '../threads/team.ts';
import type { Matrix, SparseRows } from '../wasm/tensor.ts';

const USERS_PER_CALL = 512;
const USERS_PER_PIECE = 32;

/**
 * Mean Recall@k over the users who have positives. NaN when there is no such user.
 * @param X rows of users; Y rows of items, of the same width.
 * @param allowed a bit for each item that may be ranked.
 * @param seen left out of the lists.
 */
export function meanRecall(X: Matrix, Y: Matrix, allowed: Uint32Array, positives: SparseRows, seen: SparseRows, k: number): number {
  const { arena } = X;
  const { kernels } = arena;
  const { ld } = Y;
  const users = Int32Array.from({ length: positives.rows }, (_, u) => u).filter((u) => positives.indptr[u] < positives.indptr[u + 1]);
  const packed = arena.alloc(kernels.packed_items_bytes(Y.rows, ld));
  const words = arena.upload(allowed);
  kernels.pack_items(Y.rows, ld, Y.pointer, packed, arena.alloc(kernels.pack_items_scratch(Y.rows)));
  let sum = 0;
  for (let start = 0; start < users.length; start += USERS_PER_CALL) {
    const block = users.subarray(start, start + USERS_PER_CALL);
    const n = block.length;
    arena.scope(() => {
      const indptr = new Int32Array(n + 1);
      for (let r = 0; r < n; r++) indptr[r + 1] = indptr[r] + seen.indptr[block[r] + 1] - seen.indptr[block[r]];
      const indices = new Int32Array(indptr[n]);
      for (let r = 0; r < n; r++) indices.set(seen.indices.subarray(seen.indptr[block[r]], seen.indptr[block[r] + 1]), indptr[r]);
      const rows = arena.alloc(n * ld * 4);
      const list = arena.upload(Int32Array.from(block, (_, r) => r));
      kernels.gather_rows(n, ld, arena.upload(block), X.pointer, rows);
      const ids = arena.alloc(n * k * 4);
      const scores = arena.alloc(n * k * 4);
      const bytes = topkScratch(kernels, k, Y.rows, ld);
      overRange(arena, 'topk', n, () => planEven(n, USERS_PER_PIECE), [
        k,
        Y.rows,
        ld,
        list,
        rows,
        Y.pointer,
        packed,
        arena.upload(indptr),
        arena.upload(indices),
        words,
        { base: ids, row: k * 4 },
        { base: scores, row: k * 4 },
        { base: arena.alloc(bytes * threadsOf(arena)), thread: bytes },
      ]);
      const ranked = arena.i32(ids, n * k);
      for (let r = 0; r < n; r++) {
        const row = positives.indices.subarray(positives.indptr[block[r]], positives.indptr[block[r] + 1]);
        const wanted = new Set(row);
        let hits = 0;
        for (let j = r * k; j < (r + 1) * k; j++) if (wanted.has(ranked[j])) hits++;
        sum += hits / row.length;
      }
    });
  }
  return sum / users.length;
}
