// Twins of assembly/topk.ts. Scores are float32 sums in order of the coordinates: these give the same bits.
import type { SparseRows } from '../../src/wasm/tensor.ts';

export function score(X: ArrayLike<number>, user: number, Y: ArrayLike<number>, item: number, ld: number): number {
  let sum = 0;
  for (let c = 0; c < ld; c++) sum = Math.fround(sum + Math.fround(X[user * ld + c] * Y[item * ld + c]));
  return sum;
}

/** The best k by (score descending, item ascending), among allowed and unseen items with a score above −Infinity. */
export function ranked(
  scores: ArrayLike<number>,
  k: number,
  user: number,
  seen: SparseRows | null,
  allowed: Uint8Array | null,
): { ids: number[]; scores: number[] } {
  const gone = new Set(seen ? seen.indices.subarray(seen.indptr[user], seen.indptr[user + 1]) : []);
  const list = Array.from(scores, (value, item) => ({ item, value }))
    .filter(({ item, value }) => value > -Infinity && !gone.has(item) && (allowed === null || allowed[item] === 1))
    .sort((a, b) => b.value - a.value || a.item - b.item)
    .slice(0, k);
  while (list.length < k) list.push({ item: -1, value: -Infinity });
  return { ids: list.map((e) => e.item), scores: list.map((e) => e.value) };
}

/** u32 words with a bit per item. */
export function bitmap(allowed: Uint8Array): Uint32Array {
  const words = new Uint32Array((allowed.length + 31) >> 5);
  allowed.forEach((open, i) => {
    if (open) words[i >> 5] |= 1 << (i & 31);
  });
  return words;
}
