// Keyed randomness on the host's side: a draw is a function of (seed, stream, keys), never of a running state,
// so that forgetting one user shifts nobody else's draws. Integer arithmetic only: the same bits on every runtime.
// The kernels' assembly/random.ts holds the same generator; a test keeps the two equal.

/** A 64-bit key as two unsigned halves. */
export interface Key {
  readonly lo: number;
  readonly hi: number;
}

/** Streams keep draws for different purposes apart; a number once given is never reused for another purpose. */
export const STREAM = /* @__PURE__ */ Object.freeze({
  userFactors: 1,
  itemFactors: 2,
  split: 3,
  generate: 4,
  negatives: 5,
  shuffle: 6,
  parameters: 7,
  dropout: 8,
  forgetSample: 9,
  freshRow: 10,
  edges: 11,
  certificate: 12,
  mix: 13,
  blocks: 14,
  halves: 15,
  foldIn: 16,
  tune: 17,
});

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));
const finalize = (h: number): number => {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** The key of an id: two independent 32-bit hashes of its UTF-16 code units. Stable across versions and runtimes. */
export function keyOf(id: string): Key {
  let a = 0x9747b28c | 0;
  let b = 0x1b873593 | 0;
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    a = (Math.imul(rotl(a ^ Math.imul(rotl(Math.imul(unit, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64) | 0;
    b = (Math.imul(rotl(b ^ Math.imul(rotl(Math.imul(unit, 0x239b961b), 16), 0xab0e9789), 17), 9) + 0x561ccd1b) | 0;
  }
  return { lo: finalize(a ^ id.length) >>> 0, hi: finalize(b ^ id.length ^ finalize(a)) >>> 0 };
}

/** Four words of 32 bits, unsigned. */
export type Words = readonly [number, number, number, number];

/** Philox 4×32-10 (Salmon et al., SC 2011): counter (c0..c3) and key (k0, k1) to four words, in an array of their own. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): Words {
  for (let round = 0; round < 10; round++) {
    const lo0 = Math.imul(0xd2511f53, c0);
    const hi0 = mulHigh(0xd2511f53, c0);
    const lo1 = Math.imul(0xcd9e8d57, c2);
    const hi1 = mulHigh(0xcd9e8d57, c2);
    c0 = hi1 ^ c1 ^ k0;
    c1 = lo1;
    c2 = hi0 ^ c3 ^ k1;
    c3 = lo0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** High word of the 64-bit product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const cross = a0 * b1 + (middle & 0xffff);
  return a1 * b1 + Math.floor(middle / 65536) + Math.floor(cross / 65536);
}

/**
 * A uniform number in [0, 1) with 53 random bits, from (seed, stream, key, index).
 * Counter = (index, 0, key.lo, key.hi), Philox key = (seed, stream).
 */
export function uniform(seed: number, stream: number, key: Key, index = 0): number {
  const words = philox(index | 0, 0, key.lo | 0, key.hi | 0, seed | 0, stream | 0);
  return ((words[0] >>> 5) * 67108864 + (words[1] >>> 6)) / 9007199254740992;
}

/** The key of an ordered pair, such as an interaction's (user, item). */
export function pairKey(a: Key, b: Key): Key {
  const words = philox(a.lo | 0, a.hi | 0, b.lo | 0, b.hi | 0, 0x6c657468, 0x65000000);
  return { lo: words[0], hi: words[1] };
}
