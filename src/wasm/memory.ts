// A bump allocator over one linear memory, from the end of the kernels' static data. The only caller of memory.grow.
// Memory is given back in the order it was taken (mark and release); it never shrinks, and dropping the arena frees it.
import { MemoryError, ModelError } from '../base/errors.ts';
import { instantiateKernels, type Kernels } from './kernels.ts';

export const PAGE = 65536;
export const MAX_BYTES = 65536 * PAGE;

/** What work will take of a linear memory, before it begins. */
export interface MemoryPlan {
  /** Bytes of linear memory, and what they are for. */
  readonly bytes: number;
  readonly parts: Readonly<Record<string, number>>;
  /** Bytes that a linear memory can have: more than this is refused. */
  readonly available: number;
  /** What would make it fit; empty where it does. */
  readonly remedy: string;
}

export const totalOf = (parts: Readonly<Record<string, number>>): number => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** @param remedy is asked for where the parts do not fit. */
export function memoryPlan(parts: Readonly<Record<string, number>>, remedy: (available: number) => string): MemoryPlan {
  const bytes = totalOf(parts);
  return { bytes, parts, available: MAX_BYTES, remedy: bytes > MAX_BYTES ? remedy(MAX_BYTES) : '' };
}

/** One linear memory with its kernels. Pointers are byte offsets; views are valid until the next allocation. */
export class Arena {
  #kernels: Kernels | undefined;
  #top: number;
  /** From here on all bytes are zero: the memory grew over them, and nothing has been handed out there yet. */
  #zeros: number;
  readonly #limit: number;

  /** @param limit most bytes that this memory may grow to; default 4 GiB. */
  constructor(kernels: Kernels = instantiateKernels(), limit: number = MAX_BYTES) {
    this.#kernels = kernels;
    this.#top = kernels.heap_base() >>> 0;
    this.#limit = Math.min(limit, MAX_BYTES);
    this.#zeros = this.size;
  }

  /** @throws ModelError after `dispose`. */
  get kernels(): Kernels {
    if (!this.#kernels) throw new ModelError('the model was disposed of: nothing can be asked of it any more');
    return this.#kernels;
  }
  /** Lets the memory go: whatever is asked of it from now on is refused. */
  dispose(): void {
    this.#kernels = undefined;
  }

  /** Bytes in use, and the size of the linear memory that holds them. */
  get used(): number {
    return this.#top;
  }
  get size(): number {
    return this.kernels.memory.buffer.byteLength;
  }

  /** Bytes that are kept from others: of a memory of its own all of it. */
  get held(): number {
    return this.size;
  }

  /**
   * Takes bytes that start at a multiple of 64 (a cache line); their content is whatever was there.
   * @returns the pointer.
   * @throws MemoryError when WebAssembly cannot give that much; nothing is taken then.
   */
  alloc(bytes: number): number {
    const { start, end } = this.#room(bytes);
    this.#top = end;
    this.#zeros = Math.max(this.#zeros, end);
    return start;
  }

  /**
   * Makes sure of room for work that will take this many bytes in several pieces, so that it fails before it begins.
   * @param remedy what the error advises.
   * @throws MemoryError that says how much the whole needs and how much there is.
   */
  reserve(bytes: number, remedy?: string): void {
    this.#room(bytes, remedy);
  }

  /** Takes bytes and clears them. */
  allocZeroed(bytes: number): number {
    const zeros = this.#zeros;
    const pointer = this.alloc(bytes);
    new Uint8Array(this.kernels.memory.buffer, pointer, Math.min(bytes, Math.max(0, zeros - pointer))).fill(0);
    return pointer;
  }

  /** Clears all bytes that were ever handed out but those of `kept`, which lie apart from each other. */
  clearBeside(kept: readonly { readonly pointer: number; readonly bytes: number }[]): void {
    let from = this.kernels.heap_base() >>> 0;
    for (const { pointer, bytes } of [...kept].sort((a, b) => a.pointer - b.pointer)) {
      this.u8(from, pointer - from).fill(0);
      from = pointer + bytes;
    }
    this.u8(from, this.#zeros - from).fill(0);
  }

  /** Runs `work` and gives back what it took, also when it throws; what `work` returns must not point there. */
  scope<T>(work: () => T): T {
    const mark = this.#top;
    try {
      return work();
    } finally {
      this.#top = mark;
    }
  }

  /** A point to go back to with `release`, for work that spans asynchronous steps. */
  mark(): number {
    return this.#top;
  }
  release(mark: number): void {
    this.#top = mark;
  }

  /** Copies an array in. @returns the pointer. */
  upload(array: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array): number {
    const pointer = this.alloc(array.byteLength);
    new Uint8Array(this.kernels.memory.buffer, pointer, array.byteLength).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return pointer;
  }

  f32(pointer: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.kernels.memory.buffer as ArrayBuffer, pointer, length);
  }
  f64(pointer: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.kernels.memory.buffer as ArrayBuffer, pointer, length);
  }
  i32(pointer: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.kernels.memory.buffer as ArrayBuffer, pointer, length);
  }
  u32(pointer: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.kernels.memory.buffer as ArrayBuffer, pointer, length);
  }
  u8(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.kernels.memory.buffer as ArrayBuffer, pointer, length);
  }

  /** Where the next bytes would lie; the memory grows where they do not fit. */
  #room(bytes: number, remedy?: string): { start: number; end: number } {
    const start = Math.ceil(this.#top / 64) * 64;
    const end = start + bytes;
    if (end > this.size) {
      const pages = Math.ceil((end - this.size) / PAGE);
      if (end > this.#limit || !this.#grow(pages)) throw new MemoryError(bytes, Math.max(0, this.#limit - start), remedy || undefined);
    }
    return { start, end };
  }

  #grow(pages: number): boolean {
    try {
      this.kernels.memory.grow(pages);
      return true;
    } catch {
      return false; // RangeError: the engine refuses; the caller says how much was needed
    }
  }
}
