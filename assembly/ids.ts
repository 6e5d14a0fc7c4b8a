// Entry of ids.wasm, for hosts that are not JavaScript: what the library settles beside the kernels, with the bits of
// src/base/random.ts (keys, draws) and src/data/fingerprint.ts (hashes of interactions). A test keeps the two equal.
import { philox } from './random';
export { heap_base } from './memory';

// @ts-ignore: decorator
@inline
function finalize(h: u32): u32 {
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  h = (h ^ (h >>> 13)) * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** keys u32[2·n] (low, high) of n ids; ends i32[n] are where each ends in `units`, UTF-16 code units u16. */
export function id_keys(n: i32, ends: usize, units: usize, keys: usize): void {
  for (let at: i32 = 0; n > 0; n--, ends += 4, keys += 8) {
    let a: u32 = 0x9747b28c, b: u32 = 0x1b873593;
    const begin = at;
    for (const end = load<i32>(ends); at < end; at++) {
      const unit = <u32>load<u16>(units + (<usize>at << 1));
      a = rotl(a ^ (rotl(unit * 0xcc9e2d51, 15) * 0x1b873593), 13) * 5 + 0xe6546b64;
      b = rotl(b ^ (rotl(unit * 0x239b961b, 16) * 0xab0e9789), 17) * 9 + 0x561ccd1b;
    }
    const length = <u32>(at - begin), last = a;
    store<u32>(keys, finalize(last ^ length));
    store<u32>(keys, finalize(b ^ length ^ finalize(last)), 4);
  }
}

/** out f64[n] = uniform numbers in [0, 1) of (seed, stream, keys[k], index); keys u32[2·n]. words: 16 bytes of scratch. */
export function key_uniforms(n: i32, seed: u32, stream: u32, index: u32, keys: usize, out: usize, words: usize): void {
  for (; n > 0; n--, keys += 8, out += 8) store<f64>(out, uniform(seed, stream, load<u32>(keys), load<u32>(keys, 4), index, words));
}

/** The same of pairs of keys, such as an interaction's user and item. */
export function pair_uniforms(n: i32, seed: u32, stream: u32, index: u32, first: usize, second: usize, out: usize, words: usize): void {
  for (; n > 0; n--, first += 8, second += 8, out += 8) {
    philox(load<u32>(first), load<u32>(first, 4), load<u32>(second), load<u32>(second, 4), 0x6c657468, 0x65000000, words);
    store<f64>(out, uniform(seed, stream, load<u32>(words), load<u32>(words, 4), index, words));
  }
}

// @ts-ignore: decorator
@inline
function uniform(seed: u32, stream: u32, low: u32, high: u32, index: u32, words: usize): f64 {
  philox(index, 0, low, high, seed, stream, words);
  return (<f64>(load<u32>(words) >>> 5) * 67108864.0 + <f64>(load<u32>(words, 4) >>> 6)) / 9007199254740992.0;
}

/**
 * sums u32[4·rows] = Σ over the entries of each row, modulo 2³² by word, of the hash of (key of the row, key of the column, bits
 * of the value): MurmurHash3 x86 128 (Appleby, public domain). rowKeys and colKeys u32[2·], indptr, indices i32, data f32.
 */
export function row_hash_sums(
  rows: i32, rowKeys: usize, colKeys: usize, indptr: usize, indices: usize, data: usize, sums: usize,
): void {
  for (let r = 0; r < rows; r++, sums += 16) {
    const low = load<u32>(rowKeys + (<usize>r << 3)), high = load<u32>(rowKeys + (<usize>r << 3), 4);
    let s1: u32 = 0, s2: u32 = 0, s3: u32 = 0, s4: u32 = 0;
    for (let e = load<i32>(indptr + (<usize>r << 2)), end = load<i32>(indptr + (<usize>r << 2), 4); e < end; e++) {
      const column = colKeys + (<usize>load<i32>(indices + (<usize>e << 2)) << 3);
      let h1 = low ^ (rotl(load<u32>(column) * 0x239b961b, 15) * 0xab0e9789);
      let h2 = high ^ (rotl(load<u32>(column, 4) * 0xab0e9789, 16) * 0x38b34ae5);
      let h3 = low ^ (rotl(load<u32>(data + (<usize>e << 2)) * 0x38b34ae5, 17) * 0xa1e38b93);
      let h4 = high;
      h1 = (rotl(h1, 19) + h2) * 5 + 0x561ccd1b;
      h2 = (rotl(h2, 17) + h3) * 5 + 0x0bcaa747;
      h3 = (rotl(h3, 15) + h4) * 5 + 0x96cd1c35;
      h4 = (rotl(h4, 13) + h1) * 5 + 0x32ac3b17;
      const sum = h1 + h2 + h3 + h4;
      h1 = finalize(h1 + sum);
      h2 = finalize(h2 + sum);
      h3 = finalize(h3 + sum);
      h4 = finalize(h4 + sum);
      const last = h1 + h2 + h3 + h4;
      s1 += h1 + last;
      s2 += h2 + last;
      s3 += h3 + last;
      s4 += h4 + last;
    }
    store<u32>(sums, s1);
    store<u32>(sums, s2, 4);
    store<u32>(sums, s3, 8);
    store<u32>(sums, s4, 12);
  }
}
