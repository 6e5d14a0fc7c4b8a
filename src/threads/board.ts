// How a job's pieces are dealt out to threads: a board in memory that all of them see. The main thread writes the job on
// it, every thread takes the next piece until none is left. What a piece computes does not depend on who takes it.
// The library and the worker script both import this file; it imports nothing.

/** The most pieces of a job, and the most arguments of a kernel. */
export const MAX_PIECES = 4096;
const MAX_ARGUMENTS = 32;

/** Words of the board. Those that threads write at the same time have a cache line of their own. */
const JOB = 0;
const QUIT = 1;
const KERNEL = 2;
const ARGUMENTS = 3;
const PIECES = 4;
const STATUSES = 5;
const FAILED = 6;
const COUNTED = 7;
const OPEN = 16;
const ACTIVE = 32;
const NEXT = 48;
const WORDS = 64;

export const BOARD_BYTES = WORDS * 4 + MAX_ARGUMENTS * 32 + MAX_PIECES * 16;

/** An argument that differs between pieces: base + first row · row + piece · piece + thread · thread, numbers counted from 0. */
export interface Varying {
  readonly base: number;
  readonly row?: number;
  readonly piece?: number;
  readonly thread?: number;
}
export type Argument = number | Varying;

/** Kernels by number; each is called as (begin, end, ...arguments) or (end − begin, ...arguments) and may return a number. */
export type KernelList = readonly ((...values: number[]) => number | void)[];

/** One job at a time, and who works on it. */
export class Board {
  readonly #words: Int32Array;
  readonly #arguments: Float64Array;
  /** Pieces as pairs of rows [begin, end). */
  readonly #bounds: Int32Array;
  /** What the kernel returned for each piece. */
  readonly #results: Float64Array;

  /** @param buffer shared where there are workers; all zero at first. */
  constructor(buffer: ArrayBufferLike, pointer: number) {
    this.#words = new Int32Array(buffer, pointer, WORDS);
    this.#arguments = new Float64Array(buffer, pointer + WORDS * 4, MAX_ARGUMENTS * 4);
    this.#results = new Float64Array(buffer, pointer + WORDS * 4 + MAX_ARGUMENTS * 32, MAX_PIECES);
    this.#bounds = new Int32Array(buffer, pointer + WORDS * 4 + MAX_ARGUMENTS * 32 + MAX_PIECES * 8, MAX_PIECES * 2);
  }

  /**
   * Writes a job and calls the workers. The job before it must be finished.
   * @param statuses whether the kernel returns statuses: any other than 0 ends the dealing.
   * @param counted whether the kernel takes a number of rows, not a range of them.
   */
  post(kernel: number, bounds: Int32Array, args: readonly Argument[], statuses: boolean, counted: boolean): void {
    const words = this.#words;
    const pieces = bounds.length / 2;
    this.#bounds.set(bounds);
    this.#results.fill(0, 0, pieces);
    args.forEach((argument, a) => {
      const { base, row = 0, piece = 0, thread = 0 } = typeof argument === 'number' ? { base: argument } : argument;
      this.#arguments.set([base, row, piece, thread], a * 4);
    });
    words[KERNEL] = kernel;
    words[ARGUMENTS] = args.length;
    words[PIECES] = pieces;
    words[STATUSES] = statuses ? 1 : 0;
    words[COUNTED] = counted ? 1 : 0;
    words[FAILED] = 0;
    Atomics.store(words, NEXT, 0);
    Atomics.store(words, OPEN, 1);
    if (pieces > 1) this.#wake();
  }

  /** The next piece that nobody has taken, or −1. */
  take(): number {
    const piece = Atomics.add(this.#words, NEXT, 1);
    return piece < this.#words[PIECES] ? piece : -1;
  }

  /** Computes a piece; a status that is not 0 ends the dealing. */
  perform(piece: number, thread: number, kernels: KernelList): void {
    const begin = this.#bounds[2 * piece];
    const end = this.#bounds[2 * piece + 1];
    const values = this.#words[COUNTED] ? [end - begin] : [begin, end];
    for (let a = 0, last = this.#words[ARGUMENTS] * 4; a < last; a += 4) {
      values.push(this.#arguments[a] + begin * this.#arguments[a + 1] + piece * this.#arguments[a + 2] + thread * this.#arguments[a + 3]);
    }
    const result = kernels[this.#words[KERNEL]](...values) ?? 0;
    this.#results[piece] = result;
    if (this.#words[STATUSES] && result !== 0) this.stop();
  }

  /** Nothing more is dealt; what was taken is finished. */
  stop(): void {
    Atomics.store(this.#words, NEXT, this.#words[PIECES]);
  }

  /**
   * Ends the job: nothing more is dealt, and all who are at work come to an end before this returns. Workers that have
   * not woken up yet are not waited for: they find the board closed.
   * @returns the piece at which a worker failed, or −1.
   */
  finish(): number {
    const words = this.#words;
    this.stop();
    Atomics.store(words, OPEN, 0);
    for (let active = Atomics.load(words, ACTIVE); active > 0; active = Atomics.load(words, ACTIVE)) {
      try {
        Atomics.wait(words, ACTIVE, active);
      } catch {
        // The main thread of a browser may not block: it looks again and again, for as long as a piece takes.
      }
    }
    return words[FAILED] - 1;
  }

  /** The kernel's results by piece, 0 for those that were not dealt; to be read after `finish`. */
  results(): Float64Array {
    return this.#results.slice(0, this.#words[PIECES]);
  }

  /** What a worker does until it is told to quit: waits for jobs and takes pieces of them. Blocks its thread. */
  attend(thread: number, kernels: KernelList): void {
    const words = this.#words;
    for (let job = 0; ; ) {
      Atomics.wait(words, JOB, job);
      job = Atomics.load(words, JOB);
      if (Atomics.load(words, QUIT)) return;
      // Said before looking whether the board is open: whoever closes it sees either nobody, or somebody to wait for.
      Atomics.add(words, ACTIVE, 1);
      if (Atomics.load(words, OPEN)) this.#work(thread, kernels);
      Atomics.sub(words, ACTIVE, 1);
      Atomics.notify(words, ACTIVE);
    }
  }

  /** Sends all workers away. */
  quit(): void {
    Atomics.store(this.#words, QUIT, 1);
    this.#wake();
  }

  #work(thread: number, kernels: KernelList): void {
    for (let piece = this.take(); piece >= 0; piece = this.take()) {
      try {
        this.perform(piece, thread, kernels);
      } catch {
        // An error cannot travel through shared memory: the main thread repeats the piece and meets it there.
        this.#words[FAILED] = piece + 1;
        this.stop();
      }
    }
  }

  #wake(): void {
    Atomics.add(this.#words, JOB, 1);
    Atomics.notify(this.#words, JOB);
  }
}

/** What a worker is given when it starts. */
export interface Invitation {
  /** The kernels, compiled for shared memory. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where in the memory the board is. */
  readonly board: number;
  /** The worker's number; the main thread is 0. */
  readonly thread: number;
}

/** A worker that has started, whatever the host. */
export interface ReadyWorker {
  /** Lets it work: it blocks its thread and waits for jobs, until the library sends it away. */
  attend(): void;
  /** Ends it; it is gone when the promise is fulfilled. */
  end(): Promise<void>;
}

/** Kernels of an instance, numbered in the order of the module's exports, which is the same on all threads. */
export function numberedKernels(module: WebAssembly.Module, exports: object): KernelList {
  return WebAssembly.Module.exports(module).map(({ name }) => (exports as Record<string, KernelList[number]>)[name]);
}

/** Makes a worker ready. @returns what it then does, which blocks until the library sends it away. */
export function accept({ module, memory, board, thread }: Invitation): () => void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const shared = new Board(memory.buffer, board);
  const kernels = numberedKernels(module, exports);
  return () => shared.attend(thread, kernels);
}
