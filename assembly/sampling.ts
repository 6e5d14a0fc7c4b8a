// The draws behind training on pairs, as src/gradient/sampling.ts defines them: functions of (seed, stream, pair, epoch, draw) alone.
import { philox } from './random';

/** out[k] = first word of (seed, stream, keys[k]) at counter `epoch`, k < n: what an epoch is ordered by. keys u32[2n], out u32[n + 3]. */
export function epoch_words(n: i32, seed: u32, stream: u32, epoch: u32, keys: usize, out: usize): void {
  for (const end = keys + (<usize>n << 3); keys < end; keys += 8, out += 4) {
    philox(epoch, 0, load<u32>(keys), load<u32>(keys, 4), seed, stream, out);
  }
}

/** Whether ascending i32 between two addresses hold an item; without branches to guess at. */
function holds(low: usize, high: usize, item: i32): bool {
  let left = (high - low) >> 2;
  if (left == 0) return false;
  while (left > 1) {
    const half = left >> 1;
    low += (half << 2) & <usize>-(<i32>(load<i32>(low + (half << 2)) <= item));
    left -= half;
  }
  return load<i32>(low) == item;
}

/**
 * out[k] = the first item drawn for pair entries[k] that somebody has (counts) and the pair's user has not (CSR indptr,
 * indices), or −1 after `tries` words. With a ceiling above 0 every second word turns an item down unless its count is
 * large enough: word / 2³² · ceiling < count. keys u32[2·pairs], users i32[pairs], scratch 16 bytes.
 */
export function draw_negatives(
  n: i32, seed: u32, stream: u32, epoch: u32, draw: u32, tries: i32, ceiling: f64, items: i32,
  entries: usize, keys: usize, users: usize, counts: usize, indptr: usize, indices: usize, out: usize, scratch: usize,
): void {
  const step: usize = ceiling > 0 ? 2 : 1;
  for (const end = entries + (<usize>n << 2); entries < end; entries += 4, out += 4) {
    const e = <usize>load<u32>(entries), row = indptr + (<usize>load<u32>(users + (e << 2)) << 2), key = keys + (e << 3);
    const first = indices + (<usize>load<u32>(row) << 2), last = indices + (<usize>load<u32>(row, 4) << 2);
    let found = -1;
    for (let t: usize = 0; t < <usize>tries; t += step) {
      if ((t & 3) == 0) philox(epoch, (draw << 8) | <u32>(t >> 2), load<u32>(key), load<u32>(key, 4), seed, stream, scratch);
      const word = scratch + ((t & 3) << 2);
      const item = <i32>(<f64>load<u32>(word) / 4294967296.0 * <f64>items), count = load<i32>(counts + (<usize>item << 2));
      if (count == 0 || (ceiling > 0 && <f64>load<u32>(word, 4) / 4294967296.0 * ceiling >= <f64>count)) continue;
      if (holds(first, last, item)) continue;
      found = item;
      break;
    }
    store<i32>(out, found);
  }
}
