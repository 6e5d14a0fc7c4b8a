// Descent pair by pair (optimizer sgd-pairs), an epoch at a time and on all threads: assembly/pairs.ts says how an epoch
// is dealt into blocks. The blocks depend on the data's shape, the draws on (seed, epoch, pair) alone.

import { STREAM } from '../base/random.ts';
import type { Dataset } from '../data/dataset.ts';
import { overRows } from '../threads/parallel-kernels.ts';
import { type Plan, planEven, type Team } from '../threads/team.ts';
import type { Arena } from '../wasm/memory.ts';
import type { Matrix } from '../wasm/tensor.ts';
import { drawCeiling, type SamplerOptions, TRIES } from './sampling.ts';

/** What is descended on: rows of users and of items, and the decay of the three rows that a pair names. */
export interface PairTables {
  readonly users: Matrix;
  readonly items: Matrix;
  readonly decay: number;
}

/** Bytes of rows that the two blocks of a cell should have together: most of a second-level cache. */
const CELL_BYTES = 3 << 18;
/** Enough for eight threads or so. */
const FEWEST_BLOCKS = 16;
/** What the kernel's places can tell apart. */
const MOST_BLOCKS = 64;
/** Rows of a block, and pairs of a cell, that are worth a block: in fewer rows a user has too much to draw a negative beside. */
const ROWS = 64;
const PAIRS = 64;
/** Pairs of each cell that are descended on at a time. */
const PAIRS_PER_CALL = 16_384;
/** What drawing a pair costs, in multiplications and additions. */
const DRAWING = 200;

/** Blocks of users and of items of an epoch: a function of the data's shape, never of threads. */
export function blocksOf(users: number, items: number, pairs: number, ld: number): number {
  const wanted = Math.max(FEWEST_BLOCKS, Math.ceil(((users + items) * ld * 4) / CELL_BYTES));
  return Math.max(
    1,
    Math.min(wanted, MOST_BLOCKS, Math.floor(users / ROWS), Math.floor(items / ROWS), Math.floor(Math.sqrt(pairs / PAIRS))),
  );
}

/** Epochs of descent on the pairs of a data set, in a team's arena. */
export class PairDescent {
  readonly #team: Team;
  readonly #decay: number;
  readonly #seed: number;
  readonly #sides: readonly [users: Side, items: Side];
  readonly #blocks: number;
  readonly #pairs: number;
  readonly #starts: Int32Array;
  readonly #draws: readonly [tries: number, ceiling: number];
  readonly #at: EpochPointers;

  constructor(
    team: Team,
    readonly data: Dataset,
    tables: PairTables,
    seed: number,
    { sampler = 'uniform' }: SamplerOptions = {},
  ) {
    const { arena } = team;
    const { indptr, indices } = data.userItems;
    const counts = data.itemCounts();
    this.#team = team;
    this.#decay = tables.decay;
    this.#seed = seed;
    this.#pairs = data.interactions;
    this.#starts = indptr;
    this.#blocks = blocksOf(data.users.size, data.items.size, data.interactions, tables.users.ld);
    this.#draws = [TRIES[sampler], sampler === 'popularity' ? drawCeiling(counts) : 0];
    const side = (name: 'users' | 'items'): Side => {
      const { rows, ld, pointer } = tables[name];
      const [blockOf, members, places] = [0, 1, 2].map(() => arena.alloc(rows * 4));
      return {
        rows,
        ld,
        table: pointer,
        packed: arena.alloc(rows * ld * 4),
        keys: arena.upload(data[name].keys()),
        blockOf,
        members,
        places,
        starts: arena.alloc((this.#blocks + 1) * 4),
      };
    };
    this.#sides = [side('users'), side('items')];
    this.#at = {
      counts: arena.upload(counts),
      indptr: arena.upload(indptr),
      indices: arena.upload(indices),
      records: arena.alloc(this.#pairs * 16),
      cells: arena.alloc(this.#blocks * this.#blocks * 4),
    };
  }

  /**
   * Descends once on every pair, each against a negative drawn for this epoch.
   * @returns Σ softplus(−x) over the pairs.
   * @throws the signal's reason; the tables are those before the epoch then.
   */
  async epoch(number: number, rate: number, signal?: AbortSignal): Promise<number> {
    const { arena } = this.#team;
    const mark = arena.mark();
    try {
      const cells = await this.#draw(number, signal);
      // Rows of a block stand together while they are descended on: fewer pages, and lines that come in order.
      for (const { rows, ld, table, packed, members } of this.#sides) pick(arena, rows, ld, members, table, packed);
      const loss = await this.#descend(cells, rate, signal);
      for (const { rows, ld, table, packed, places } of this.#sides) pick(arena, rows, ld, places, packed, table);
      return loss;
    } finally {
      arena.release(mark);
    }
  }

  /** Writes the epoch's records. @returns where each cell begins, and the end of the last. */
  async #draw(epoch: number, signal?: AbortSignal): Promise<Int32Array> {
    const team = this.#team;
    const { arena } = team;
    const { kernels } = arena;
    const blocks = this.#blocks;
    const seed = this.#seed;
    const { counts, indptr, indices, records, cells } = this.#at;
    const [users, items] = this.#sides;
    const words = arena.alloc(16);
    const bases = new Int32Array(blocks + 1);
    this.#sides.forEach(({ rows, blockOf, members, places, starts }, n) =>
      kernels.epoch_blocks(rows, blocks, seed, STREAM.blocks, epoch, n, blockOf, members, places, starts, words),
    );
    const blockOf = arena.i32(users.blockOf, users.rows);
    for (let u = 0; u < users.rows; u++) bases[blockOf[u] + 1] += this.#starts[u + 1] - this.#starts[u];
    const most = Math.max(...bases);
    for (let b = 0; b < blocks; b++) bases[b + 1] += bases[b];
    const bytes = Math.ceil(kernels.block_pairs_scratch(items.rows, most) / 64) * 64;
    // The stream's number and the epoch's share a word: a pair's keys take all four words of the counter.
    const args = [
      items.rows,
      blocks,
      seed,
      ((STREAM.blocks << 24) ^ epoch) >>> 0,
      ...this.#draws,
      users.members,
      users.starts,
      arena.upload(bases),
      items.blockOf,
      items.members,
      items.places,
      items.starts,
      users.keys,
      items.keys,
      counts,
      indptr,
      indices,
      records,
      cells,
      { base: arena.alloc(bytes * team.threads), thread: bytes },
    ];
    await team.run('block_pairs', planEven(blocks, 1, (DRAWING * this.#pairs) / blocks), args, false, signal);
    return Int32Array.of(...arena.i32(cells, blocks * blocks), this.#pairs);
  }

  /** Cell after cell in rounds: those of a round share no block, so that it does not matter who takes which, or when. */
  async #descend(cells: Int32Array, rate: number, signal?: AbortSignal): Promise<number> {
    const team = this.#team;
    const [users, items] = this.#sides;
    const blocks = this.#blocks;
    const args = [users.ld, rate, this.#decay, this.#at.records, users.packed, items.packed];
    let loss = 0;
    for (let round = 0; round < blocks; round++) {
      const cellsOfRound = Array.from({ length: blocks }, (_, b) => b * blocks + ((b + round) % blocks));
      const longest = Math.max(...cellsOfRound.map((c) => cells[c + 1] - cells[c]));
      for (let from = 0; from < longest; from += PAIRS_PER_CALL) {
        for (const part of await team.run('bpr_sgd', planParts(cells, cellsOfRound, from, users.ld), args, false, signal)) loss += part;
      }
    }
    return loss;
  }
}

/** Pointers: how many users each item has, the pairs as rows, the epoch's records, and where its cells begin. */
interface EpochPointers {
  readonly counts: number;
  readonly indptr: number;
  readonly indices: number;
  readonly records: number;
  readonly cells: number;
}

/** A table of users or of items, and pointers: its rows, the same rows block by block, ids' keys, what `epoch_blocks` writes. */
interface Side {
  readonly rows: number;
  readonly ld: number;
  readonly table: number;
  readonly packed: number;
  readonly keys: number;
  readonly blockOf: number;
  readonly members: number;
  readonly places: number;
  readonly starts: number;
}

/** to[r] = from[index[r]]. */
function pick(arena: Arena, rows: number, ld: number, index: number, from: number, to: number): void {
  overRows(arena, 'gather_rows', rows, ld, [ld, { base: index, row: 4 }, from, { base: to, row: ld * 4 }]);
}

/** The part of each cell that begins `from` pairs after its start: the longest first, so that nobody is left alone with one. */
function planParts(cells: Int32Array, of: readonly number[], from: number, ld: number): Plan {
  const parts = of
    .map((c) => [cells[c] + from, Math.min(cells[c + 1], cells[c] + from + PAIRS_PER_CALL)] as const)
    .filter(([begin, end]) => begin < end)
    .sort(([a, b], [c, d]) => d - c - (b - a) || a - c);
  return { bounds: Int32Array.from(parts.flat()), costs: Float64Array.from(parts, ([begin, end]) => (end - begin) * ld * 6) };
}
