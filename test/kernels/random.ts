import { keyOf, philox, uniform } from '../../src/base/random.ts';
import type { Arena } from '../../src/wasm/memory.ts';
import { paddedWidth } from '../../src/wasm/tensor.ts';
import { negative, normalRows, uniformRows, words } from '../reference/random.ts';
import { type KernelTable, near, same } from './table.ts';

/** Keys of eleven ids; row 3 is a deleted one. */
function someKeys(): Uint32Array {
  const keys = new Uint32Array(22);
  for (let r = 0; r < 11; r++) if (r !== 3) keys.set([keyOf(`user ${r}`).lo, keyOf(`user ${r}`).hi], 2 * r);
  return keys;
}

function rowsCheck(
  arena: Arena,
  name: string,
  twin: (keys: Uint32Array, cols: number) => Float64Array,
  threshold: number,
  run: (cols: number, ld: number, keys: number, out: number) => void,
): void {
  const keys = someKeys();
  const at = arena.upload(keys);
  for (const cols of [1, 3, 8, 17, 64]) {
    const ld = paddedWidth(cols);
    const out = arena.alloc(11 * ld * 4);
    arena.f32(out, 11 * ld).fill(NaN);
    run(cols, ld, at, out);
    near(`${name}, ${cols} columns`, arena.f32(out, 11 * ld), twin(keys, cols), threshold);
  }
}

export const random: KernelTable = {
  random_words: {
    claim: "word for word the host's Philox; host uniforms come from the same words",
    check(arena) {
      const out = arena.alloc(64);
      for (const [seed, stream, lo, hi] of [
        [0, 0, 0, 0],
        [1, 2, 3, 4],
        [0xffffffff, 9, 0xdeadbeef, 0x80000000],
      ]) {
        arena.kernels.random_words(14, seed, stream, lo, hi, out);
        same('words', arena.u32(out, 16), words(14, seed, stream, lo, hi));
        const [a, b] = arena.u32(out, 2);
        same('uniform', [uniform(seed, stream, { lo, hi })], [((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53]);
      }
      // Known answer of the Random123 distribution for an all-zero counter and key.
      arena.kernels.random_words(4, 0, 0, 0, 0, out);
      same('known answer', arena.u32(out, 4), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    },
  },
  epoch_words: {
    claim: "the first word of the host's Philox for each pair and epoch",
    check(arena) {
      const keys = someKeys();
      const out = arena.alloc((11 + 3) * 4);
      arena.kernels.epoch_words(11, 5, 6, 1000001, arena.upload(keys), out);
      same(
        'words',
        arena.u32(out, 11),
        Array.from({ length: 11 }, (_, k) => philox(1000001, 0, keys[2 * k] | 0, keys[2 * k + 1] | 0, 5, 6)[0] >>> 0),
      );
    },
  },
  draw_negatives: {
    claim: 'item for item what the host draws: all alike and by popularity, users with few items, with all but one and with all',
    check(arena) {
      const keys = someKeys();
      const items = 9;
      const counts = Int32Array.of(1, 0, 4, 9, 2, 3, 0, 16, 1);
      const closed = [[], [0, 3], [0, 2, 3, 4, 5, 7], [0, 2, 3, 4, 5, 7, 8]];
      const users = Int32Array.from({ length: 11 }, (_, e) => e % 4);
      const indptr = new Int32Array(5);
      closed.forEach((list, u) => (indptr[u + 1] = indptr[u] + list.length));
      const entries = Int32Array.of(10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 2, 3);
      const n = entries.length;
      const out = arena.alloc(n * 4);
      const scratch = arena.alloc(16);
      const at = [entries, keys, users, counts, indptr, Int32Array.from(closed.flat())].map((array) => arena.upload(array));
      let none = 0;
      for (const [epoch, draw, tries, ceiling] of [
        [1, 0, 64, 0],
        [1000001, 3, 64, 0],
        [2, 0, 3, 0],
        [1, 1, 512, 16],
        [7, 0, 6, 16],
      ]) {
        arena.kernels.draw_negatives(n, 5, 6, epoch, draw, tries, ceiling, items, at[0], at[1], at[2], at[3], at[4], at[5], out, scratch);
        const expected = Array.from(entries, (e) =>
          negative([keys[2 * e], keys[2 * e + 1]], 5, 6, epoch, draw, tries, ceiling, counts, new Set(closed[users[e]])),
        );
        same('negatives', arena.i32(out, n), expected);
        none += expected.filter((item) => item < 0).length;
      }
      if (none === 0 || none > 4 * n) throw new Error(`${none} draws without an item show nothing`);
    },
  },
  random_normal_rows: {
    claim: 'within 1e-6 of Box–Muller on the host; mean and variance of 40,000 draws; pads and deleted rows zero',
    check(arena) {
      rowsCheck(
        arena,
        'normal',
        (keys, cols) => normalRows(keys, cols, 7, 1, 0.5),
        1e-6,
        (cols, ld, keys, out) => arena.kernels.random_normal_rows(11, cols, ld, 7, 1, keys, 0.5, out),
      );
      const n = 40000;
      const key = arena.upload(Uint32Array.of(5, 6));
      const out = arena.alloc(n * 4);
      arena.kernels.random_normal_rows(1, n, n, 3, 1, key, 2, out);
      let sum = 0;
      let squares = 0;
      for (const x of arena.f32(out, n)) {
        sum += x / 2;
        squares += (x / 2) ** 2;
      }
      near('mean', [sum / n], [0], 0.02);
      near('variance', [squares / n], [1], 0.03);
    },
  },
  random_uniform_rows: {
    claim: 'within 1e-6 of the twin; pads and deleted rows zero',
    check(arena) {
      rowsCheck(
        arena,
        'uniform',
        (keys, cols) => uniformRows(keys, cols, 7, 2, -0.1, 0.3),
        1e-6,
        (cols, ld, keys, out) => arena.kernels.random_uniform_rows(11, cols, ld, 7, 2, keys, -0.1, 0.3, out),
      );
    },
  },
};
