// Descent pair by pair beside its plain twins: blocks, records, steps.
import type { Arena } from '../../src/wasm/memory.ts';
import { blocksOfRows, descended, type EpochOfPairs, membersOf, orderedPairs } from '../reference/pairs.ts';
import { draws } from './samples.ts';
import { type KernelTable, near, same } from './table.ts';
import { close, pair } from './tape.ts';

const SEED = 5;
const STREAM = 6;
const EPOCH = 1_000_001;

interface Sides {
  readonly users: number;
  readonly items: number;
  readonly blocks: number;
}

/** Both sides dealt into blocks by the kernel. Pointers, and what is written there. */
function dealt(
  arena: Arena,
  { users, items, blocks }: Sides,
): { blockOf: number; members: number; places: number; starts: number; rows: number }[] {
  return [users, items].map((rows, side) => {
    const [blockOf, members, places] = [0, 1, 2].map(() => arena.alloc(rows * 4));
    const starts = arena.alloc((blocks + 1) * 4);
    arena.kernels.epoch_blocks(rows, blocks, SEED, STREAM, EPOCH, side, blockOf, members, places, starts, arena.alloc(16));
    return { blockOf, members, places, starts, rows };
  });
}

const keys = (seed: number, n: number): Uint32Array => {
  const next = draws(seed);
  return Uint32Array.from({ length: 2 * n }, () => Math.floor(next() * 2 ** 32));
};

/** Users who have much, little, nothing, everything; one item that nobody has. */
function haves({ users, items }: Sides): number[][] {
  const next = draws(3);
  const share = [0.5, 0, 0.1, 2, 0.9];
  return Array.from({ length: users }, (_, u) =>
    Array.from({ length: items }, (_, i) => i).filter((i) => i !== 7 && next() < share[u % share.length]),
  );
}

function records(
  arena: Arena,
  sides: Sides,
  lists: readonly number[][],
  tries: number,
  ceiling: number,
): { cells: Int32Array; written: Int32Array; expected: EpochOfPairs } {
  const { users, items, blocks } = sides;
  const [u, v] = dealt(arena, sides);
  const { kernels } = arena;
  const indptr = new Int32Array(users + 1);
  const counts = new Int32Array(items);
  const bases = new Int32Array(blocks + 1);
  const userBlocks = blocksOfRows(users, blocks, SEED, STREAM, EPOCH, 0);
  const itemBlocks = blocksOfRows(items, blocks, SEED, STREAM, EPOCH, 1);
  lists.forEach((list, user) => {
    indptr[user + 1] = indptr[user] + list.length;
    for (const item of list) counts[item]++;
    bases[userBlocks[user] + 1] += list.length;
  });
  const most = Math.max(...bases);
  const n = indptr[users];
  const [userKeys, itemKeys] = [keys(1, users), keys(2, items)];
  for (let b = 0; b < blocks; b++) bases[b + 1] += bases[b];
  const out = arena.alloc(n * 16);
  const cells = arena.alloc(blocks ** 2 * 4);
  const scratch = arena.alloc(kernels.block_pairs_scratch(items, most));
  const inputs = [userKeys, itemKeys, counts, indptr, Int32Array.from(lists.flat())].map((array) => arena.upload(array));
  const at = arena.upload(bases);
  // In two ranges: users' blocks do not depend on each other.
  for (const [begin, end] of [
    [blocks >> 1, blocks],
    [0, blocks >> 1],
  ]) {
    kernels.block_pairs(
      begin,
      end,
      items,
      blocks,
      SEED,
      STREAM,
      tries,
      ceiling,
      u.members,
      u.starts,
      at,
      v.blockOf,
      v.members,
      v.places,
      v.starts,
      inputs[0],
      inputs[1],
      inputs[2],
      inputs[3],
      inputs[4],
      out,
      cells,
      scratch,
    );
  }
  return {
    cells: arena.i32(cells, blocks ** 2).slice(),
    written: arena.i32(out, n * 4).slice(),
    expected: { blocks, seed: SEED, stream: STREAM, tries, ceiling, userBlocks, itemBlocks, userKeys, itemKeys, counts, lists },
  };
}

/** A record's rows as they were before they were put in the order of their blocks. */
const named = ({ written, expected }: ReturnType<typeof records>): (readonly [number, number, number])[] => {
  const users = membersOf(expected.userBlocks);
  const items = membersOf(expected.itemBlocks);
  return Array.from(
    { length: written.length / 4 },
    (_, k) => [users[written[4 * k]], items[written[4 * k + 1]], items[written[4 * k + 2]]] as const,
  );
};

export const pairs: KernelTable = {
  epoch_blocks: {
    claim: "the host's draws; every row in one block, ascending; one block too",
    check(arena) {
      for (const sides of [
        { users: 23, items: 40, blocks: 5 },
        { users: 3, items: 1, blocks: 1 },
      ]) {
        dealt(arena, sides).forEach(({ blockOf, members, places, starts, rows }, side) => {
          const expected = blocksOfRows(rows, sides.blocks, SEED, STREAM, EPOCH, side);
          const order = membersOf(expected);
          same('blocks', arena.i32(blockOf, rows), expected);
          same('members', arena.i32(members, rows), order);
          same(
            'places',
            arena.i32(places, rows),
            expected.map((_, r) => order.indexOf(r)),
          );
          same(
            'starts',
            arena.i32(starts, sides.blocks + 1),
            Array.from({ length: sides.blocks + 1 }, (_, b) => expected.filter((block) => block < b).length),
          );
        });
      }
    },
  },
  block_pairs: {
    claim:
      "pair for pair the host's order and negatives: all alike and by popularity, too few tries, users with nothing and with " +
      "everything; forgetting a user moves nobody else's",
    check(arena) {
      for (const [sides, tries, ceiling] of [
        [{ users: 60, items: 90, blocks: 4 }, 64, 0],
        [{ users: 60, items: 90, blocks: 3 }, 2, 0],
        [{ users: 60, items: 90, blocks: 4 }, 512, 64],
        [{ users: 60, items: 90, blocks: 4 }, 7, 64],
        [{ users: 9, items: 12, blocks: 1 }, 64, 0],
        [{ users: 70, items: 130, blocks: 64 }, 64, 0],
      ] as const) {
        const lists = haves(sides);
        const all = records(arena, sides, lists, tries, ceiling);
        const byCell = orderedPairs(all.expected);
        same(
          'cells',
          all.cells,
          byCell.map((_, c) => byCell.slice(0, c).reduce((sum, list) => sum + list.length, 0)),
        );
        same('pairs', named(all).flat(), byCell.flat(2));
        if (!byCell.flat().some(([, item, negative]) => item === negative))
          throw new Error('no pair stands against itself: the check shows nothing of it');
        // Of a user whose items all have others, so that what can be drawn stays.
        const gone = 2;
        const rest = records(
          arena,
          sides,
          lists.map((list, user) => (user === gone ? [] : list)),
          tries,
          ceiling,
        );
        same(
          'without a user',
          named(rest).flat(),
          named(all)
            .filter(([user]) => user !== gone)
            .flat(),
        );
      }
    },
    bench: {
      '1 M pairs, 6,040 × 3,706, 16 blocks': (arena: Arena) => {
        const sides = { users: 6040, items: 3706, blocks: 16 };
        const next = draws(7);
        const [u, v] = dealt(arena, sides);
        const { kernels } = arena;
        const lists = Array.from({ length: sides.users }, () => Array.from({ length: 3706 }, (_, i) => i).filter(() => next() < 0.0447));
        const indptr = new Int32Array(sides.users + 1);
        const counts = new Int32Array(sides.items).fill(1);
        const bases = new Int32Array(17);
        const blockOf = arena.i32(u.blockOf, sides.users);
        lists.forEach((list, user) => {
          indptr[user + 1] = indptr[user] + list.length;
          bases[blockOf[user] + 1] += list.length;
        });
        const n = indptr[sides.users];
        const scratch = arena.alloc(kernels.block_pairs_scratch(sides.items, Math.max(...bases)));
        for (let b = 0; b < 16; b++) bases[b + 1] += bases[b];
        const at = [keys(1, sides.users), keys(2, sides.items), counts, indptr, Int32Array.from(lists.flat()), bases].map((array) =>
          arena.upload(array),
        );
        const out = arena.alloc(n * 16);
        const cells = arena.alloc(1024);
        // Read: keys, items and lists of a pair; written and moved: its record, three times.
        return {
          work: n * (16 * 5 + 20),
          unit: 'byte' as const,
          run: () =>
            kernels.block_pairs(
              0,
              16,
              sides.items,
              16,
              SEED,
              STREAM,
              64,
              0,
              u.members,
              u.starts,
              at[5],
              v.blockOf,
              v.members,
              v.places,
              v.starts,
              at[0],
              at[1],
              at[2],
              at[3],
              at[4],
              out,
              cells,
              scratch,
            ),
        };
      },
    },
  },
  bpr_sgd: {
    claim:
      'rows within 2e-6 and loss within 1e-6 of float64 taken in the same order; the same bits in one call or three; a pair ' +
      'against itself moves nothing; pads zero',
    check(arena) {
      const rate = Math.fround(0.05);
      const decay = Math.fround(0.1);
      const count = 390;
      for (const [factors, itself, rows] of [
        [3, false, 5],
        [12, false, 40],
        [12, false, 4000],
        [64, true, 5],
      ] as const) {
        const U = pair(arena, 1, rows, factors);
        const V = pair(arena, 2, rows + 2, factors);
        const before = [U.m.toArray(), V.m.toArray()];
        const list = Array.from(
          { length: count },
          (_, k) => [(k * k) % rows, (k * 3) % (rows + 2), (itself ? k * 3 : k * 4 + 1) % (rows + 2)] as const,
        );
        const at = arena.upload(Int32Array.from(list.flatMap(([u, p, n], k) => [u, p, n, k])));
        const run = (from: number, to: number): number =>
          arena.kernels.bpr_sgd(from, to, U.m.ld, rate, decay, at, U.m.pointer, V.m.pointer);
        const expected = descended(U.t, V.t, list, rate, decay);
        const loss = run(0, count);
        const whole = [U.m.toArray(), V.m.toArray()];
        near('loss', [loss], [expected.loss], 1e-6, expected.loss);
        close('U', U.m, expected.U, 2e-6);
        close('V', V.m, expected.V, 2e-6);
        if (itself) before.forEach((old, i) => same('rows of pairs against themselves', whole[i], old));
        U.m.load(before[0]);
        V.m.load(before[1]);
        const parts = run(0, 37) + run(37, 39) + run(39, count);
        near('loss in three calls', [parts], [loss], 1e-6, loss);
        [U.m, V.m].forEach((m, i) => same('rows in three calls', m.toArray(), whole[i]));
      }
      // Scores far from zero: a loss that is the score itself, and one that is nothing.
      const U = pair(arena, 1, 1, 8);
      const V = pair(arena, 2, 2, 8);
      U.m.row(0).fill(30);
      V.m.row(0).fill(3);
      V.m.row(1).fill(-3);
      const at = arena.upload(Int32Array.of(0, 0, 1, 0, 0, 1, 0, 0));
      near('no loss', [arena.kernels.bpr_sgd(0, 1, 8, 0, 0, at, U.m.pointer, V.m.pointer)], [0], 1e-12);
      near('all loss', [arena.kernels.bpr_sgd(1, 2, 8, 0, 0, at, U.m.pointer, V.m.pointer)], [1440], 1e-6, 1440);
    },
    bench: {
      '100,000 samples, 6,040 × 3,706, f = 64': (arena: Arena) => {
        const U = pair(arena, 1, 6040, 64, 0.1).m;
        const V = pair(arena, 2, 3706, 64, 0.1).m;
        const n = 100_000;
        const next = draws(7);
        const at = arena.upload(Int32Array.from({ length: 4 * n }, (_, k) => Math.floor(next() * [6040, 3706, 3706, 1][k & 3])));
        return {
          work: n * 64 * 12,
          unit: 'flop' as const,
          run: () => arena.kernels.bpr_sgd(0, n, U.ld, 0.01, 0.01, at, U.pointer, V.pointer),
        };
      },
    },
  },
};
