// Row ranges of kernels on one thread or on many, with the same bytes: what is computed together is settled by the data
// alone, threads only share out the work. Refuses nothing: where there are no threads to be had, one does it all.
import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { instantiateKernels, type Kernels, kernelsBytes, kernelsModule } from '../wasm/kernels.ts';
import { Arena } from '../wasm/memory.ts';
import { type Argument, BOARD_BYTES, Board, type KernelList, MAX_PIECES, numberedKernels, type ReadyWorker } from './board.ts';
import { MAX_PAGES, withSharedMemory } from './shared-memory.ts';
import { startWorker } from './workers.ts';

/** Milliseconds after which workers that have not started are given up: the same for every team, whatever befell another. */
const PATIENCE = 10_000;
/** Work between two points where other tasks may run, in the unit of `Plan.costs`: some tens of milliseconds. */
const BREATH = 1 << 27;

/** How rows are cut into pieces. The pieces of a plan depend on what it is made from, never on threads. */
export interface Plan {
  /** Pieces as pairs of rows [begin, end), in the order in which they are dealt out. */
  readonly bounds: Int32Array;
  /** What each costs, about a multiplication and an addition per unit. */
  readonly costs: Float64Array;
}

/** Kernels whose first arguments are a range of rows. */
export type RowKernel = {
  [K in keyof Kernels]: Kernels[K] extends (begin: number, end: number, ...rest: number[]) => number | void ? K : never;
}[keyof Kernels];

/** Threads over one arena. With one thread it is an arena and a loop. */
export class Team {
  readonly arena: Arena;
  /** Threads that take part, the calling one included. */
  readonly threads: number;
  readonly #board: Board;
  readonly #kernels: KernelList;
  readonly #numbers: ReadonlyMap<string, number>;
  #workers: readonly ReadyWorker[];
  #busy = false;

  /** A team of one; `openTeam` makes larger ones. */
  constructor(
    module = kernelsModule(),
    arena = new Arena(instantiateKernels(module)),
    board = new Board(new ArrayBuffer(BOARD_BYTES), 0),
    workers: readonly ReadyWorker[] = [],
  ) {
    this.arena = arena;
    this.#board = board;
    this.#workers = workers;
    this.threads = workers.length + 1;
    this.#kernels = numberedKernels(module, arena.kernels);
    this.#numbers = new Map(WebAssembly.Module.exports(module).map(({ name }, number) => [name, number]));
  }

  /**
   * Runs a kernel over all pieces of a plan and blocks until they are done.
   * @param args the kernel's arguments after (begin, end).
   * @param statuses whether it returns statuses; after one that is not 0 no further piece is begun.
   * @param counted whether its first argument is a number of rows instead: the other arguments say where a piece begins.
   * @returns what it returned, by piece.
   */
  runNow(kernel: keyof Kernels, plan: Plan, args: readonly Argument[], statuses = false, counted = false): Float64Array {
    this.#begin();
    try {
      const pieces = this.#deal(kernel, plan, args, statuses, counted);
      for (;;) {
        const { done, value } = pieces.next();
        if (done) return value as Float64Array;
      }
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The same for long work: other tasks run in between, and an abort ends it within tens of milliseconds, on all threads.
   * @throws the signal's reason.
   */
  async run(kernel: RowKernel, plan: Plan, args: readonly Argument[], statuses = false, signal?: AbortSignal): Promise<Float64Array> {
    this.#begin();
    const pieces = this.#deal(kernel, plan, args, statuses);
    try {
      for (let cost = 0; ; ) {
        const { done, value } = pieces.next();
        if (!done && (cost += value as number) < BREATH) continue;
        cost = 0;
        await breathe();
        signal?.throwIfAborted();
        if (done) return value as Float64Array;
      }
    } finally {
      pieces.return(new Float64Array(0));
      this.#busy = false;
    }
  }

  /** Sends the workers away; what runs afterwards runs on one thread. The arena stays. */
  async close(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    if (workers.length === 0) return;
    this.#board.quit();
    await Promise.all(workers.map((worker) => worker.end()));
  }

  /** A job lasts until its caller has the result, also when the other threads were quick and nothing is left to share. */
  #begin(): void {
    if (this.#busy) throw new Error('a team does one job at a time');
    this.#busy = true;
  }

  /** The calling thread's share of a job: one piece after the other, each followed by its cost. */
  *#deal(
    kernel: keyof Kernels,
    { bounds, costs }: Plan,
    args: readonly Argument[],
    statuses: boolean,
    counted = false,
  ): Generator<number, Float64Array> {
    const board = this.#board;
    let failed = -1;
    try {
      board.post(this.#numbers.get(kernel)!, bounds, args, statuses, counted);
      for (let piece = board.take(); piece >= 0; piece = board.take()) {
        board.perform(piece, 0, this.#kernels);
        yield costs[piece];
      }
    } finally {
      failed = board.finish();
    }
    // The piece that a worker failed at fails here too, and now the error reaches the caller.
    if (failed >= 0) {
      board.perform(failed, 0, this.#kernels);
      throw new Error(`a worker thread failed in ${kernel}`);
    }
    return board.results();
  }
}

/**
 * Opens a team. Where the host has no threads to give (workers, shared memory, permission, isolation), it has one.
 * @param threads default 1.
 * @throws TypeError, RangeError for a number that is none.
 * @example
 * const team = await openTeam(4);
 * evaluate(model, train, test, { team });
 * await team.close();
 */
export async function openTeam(threads: number = 1): Promise<Team> {
  check.integer('threads', threads, { min: 1, max: 1024 });
  return (threads > 1 && (await openShared(threads))) || new Team();
}

/**
 * Opens a team, works with it, and closes it, also when the work fails.
 * @example
 * const means = await withTeam(4, async (team) => evaluate(model, train, test, { team }));
 */
export async function withTeam<T>(threads: number | undefined, work: (team: Team) => Promise<T>): Promise<T> {
  if (typeof work !== 'function') throw new TypeError(`"work" expected a function, got ${check.describe(work)}`);
  const team = await openTeam(threads);
  try {
    return await work(team);
  } finally {
    await team.close();
  }
}

/** How many threads work may take: by number, or those of a team that is there. */
export interface Threading {
  readonly threads?: number;
  readonly team?: Team;
}

/** @throws TypeError where both are said, or the team is none. */
export function checkThreading({ threads, team }: Threading): void {
  if (team === undefined) return;
  check.like('team', team, 'a team, as from openTeam', ['arena', 'threads', 'runNow']);
  if (threads !== undefined) throw new TypeError('"threads" and "team" say the same: give one of them');
}

/** The threads for a piece of work. `close` sends away those that were opened for it, and leaves a given team as it is. */
export async function teamFor({ threads, team }: Threading): Promise<{ team?: Team; threads: number; close(): Promise<void> }> {
  checkThreading({ threads, team });
  if (team) return { team, threads: team.threads, close: async () => {} };
  if (threads === undefined || threads === 1) return { threads: 1, close: async () => {} };
  const opened = await openTeam(threads);
  return { team: opened, threads: opened.threads, close: () => opened.close() };
}

/** @returns undefined where the host has no threads to give. */
async function openShared(threads: number): Promise<Team | undefined> {
  const workers: ReadyWorker[] = [];
  let giveUp: (reason: unknown) => void = () => {};
  const givenUp = new Promise<never>((_, fail) => (giveUp = fail));
  givenUp.catch(() => {});
  const timer = setTimeout(() => giveUp(new Error('the workers do not start')), PATIENCE);
  try {
    const { module, memory } = await sharedKernels();
    const arena = new Arena(instantiateKernels(module, memory));
    const board = arena.allocZeroed(BOARD_BYTES);
    await Promise.all(
      Array.from({ length: threads - 1 }, async (_, n) => {
        workers.push(await startWorker({ module, memory, board, thread: n + 1 }, givenUp));
      }),
    );
    for (const worker of workers) worker.attend();
    return new Team(module, arena, new Board(memory.buffer, board), workers);
  } catch (error) {
    giveUp(error);
    await Promise.all(workers.map((worker) => worker.end()));
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Compiled once for the kernels in use. */
let compiled: { readonly of: WebAssembly.Module; readonly module: WebAssembly.Module; readonly pages: number } | undefined;

async function sharedKernels(): Promise<{ module: WebAssembly.Module; memory: WebAssembly.Memory }> {
  const of = kernelsModule();
  if (compiled?.of !== of) {
    const { bytes, pages } = withSharedMemory(kernelsBytes());
    compiled = { of, module: await WebAssembly.compile(bytes), pages };
  }
  return { module: compiled.module, memory: new WebAssembly.Memory({ initial: compiled.pages, maximum: MAX_PAGES, shared: true }) };
}

/**
 * Cuts rows into pieces of falling cost, so that calls are few and the last ones short, and deals the dearest first, so
 * that nobody is left alone with a heavy row at the end.
 * @param costOf about how many multiplications and additions a row takes.
 * @param overhead what a piece costs beside its rows.
 */
export function planRows(rows: number, costOf: (row: number) => number, overhead = 0): Plan {
  let left = 0;
  for (let r = 0; r < rows; r++) left += costOf(r);
  const smallest = Math.max(1 << 19, overhead * 32, left / (MAX_PIECES / 4));
  const largest = Math.max(BREATH, smallest);
  const bounds: number[] = [];
  const costs: number[] = [];
  for (let r = 0; r < rows; ) {
    const begin = r;
    const target = Math.min(largest, Math.max(smallest, left / 16));
    let cost = 0;
    while (r < rows && cost < target) cost += costOf(r++);
    left -= cost;
    bounds.push(begin, r);
    costs.push(cost);
  }
  const order = costs.map((_, piece) => piece).sort((a, b) => costs[b] - costs[a] || a - b);
  return {
    bounds: Int32Array.from(order.flatMap((piece) => [bounds[2 * piece], bounds[2 * piece + 1]])),
    costs: Float64Array.from(order, (piece) => costs[piece]),
  };
}

/** Cuts rows into pieces of the given number of rows, the last one shorter. */
export function planEven(rows: number, each: number, cost = 0): Plan {
  const pieces = Math.ceil(rows / each);
  return {
    bounds: Int32Array.from({ length: 2 * pieces }, (_, k) => Math.min(rows, ((k + 1) >> 1) * each)),
    costs: new Float64Array(pieces).fill(cost),
  };
}
