// Float64 twins of assembly/random.ts, over the host's Philox.
import { philox } from '../../src/base/random.ts';
import { paddedWidth } from '../../src/wasm/tensor.ts';

/** Words of (seed, stream, key): block b is the Philox output for counter (b, 0, key). */
export function words(n: number, seed: number, stream: number, lo: number, hi: number): Uint32Array {
  const all = new Uint32Array((n + 3) & ~3);
  for (let i = 0; i < n; i += 4) all.set(philox(i >> 2, 0, lo | 0, hi | 0, seed | 0, stream | 0), i);
  return all;
}

/** Box–Muller in the host's float64: an angle in [−π/4, π/4) turned by a quarter of a circle 0 to 3 times. */
function pair(radiusWord: number, angleWord: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((radiusWord + 0.5) / 2 ** 32));
  const angle = ((angleWord % 2 ** 30) / 2 ** 30 - 0.5) * (Math.PI / 2) + Math.floor(angleWord / 2 ** 30) * (Math.PI / 2);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function rowsOf(keys: Uint32Array, cols: number, row: (lo: number, hi: number) => number[]): Float64Array {
  const ld = paddedWidth(cols);
  const out = new Float64Array((keys.length / 2) * ld);
  for (let r = 0; r < keys.length / 2; r++) {
    const lo = keys[2 * r];
    const hi = keys[2 * r + 1];
    if (lo !== 0 || hi !== 0) out.set(row(lo, hi).slice(0, cols), r * ld);
  }
  return out;
}

export function normalRows(keys: Uint32Array, factors: number, seed: number, stream: number, scale: number): Float64Array {
  return rowsOf(keys, factors, (lo, hi) => {
    const w = words(factors, seed, stream, lo, hi);
    const row: number[] = [];
    for (let i = 0; i < w.length; i += 2) row.push(...pair(w[i], w[i + 1]).map((x) => x * scale));
    return row;
  });
}

export function uniformRows(keys: Uint32Array, cols: number, seed: number, stream: number, low: number, high: number): Float64Array {
  return rowsOf(keys, cols, (lo, hi) => Array.from(words(cols, seed, stream, lo, hi), (w) => low + (high - low) * ((w >>> 8) / 2 ** 24)));
}

/** What `draw_negatives` draws, try by try. */
export function negative(
  key: readonly [number, number],
  seed: number,
  stream: number,
  epoch: number,
  draw: number,
  tries: number,
  ceiling: number,
  counts: ArrayLike<number>,
  closed: ReadonlySet<number>,
): number {
  for (let t = 0; t < tries; t += ceiling > 0 ? 2 : 1) {
    const block = philox(epoch, (draw << 8) | (t >> 2), key[0] | 0, key[1] | 0, seed, stream);
    const item = Math.floor(((block[t & 3] >>> 0) / 2 ** 32) * counts.length);
    if (ceiling > 0 && ((block[(t & 3) + 1] >>> 0) / 2 ** 32) * ceiling >= counts[item]) continue;
    if (counts[item] > 0 && !closed.has(item)) return item;
  }
  return -1;
}
