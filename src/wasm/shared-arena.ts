// One instance and one linear memory for many small models that are opened to serve: engines have room for some thousand
// memories, and an instance costs more than a small model does. Each model has a part that it uses as a memory of its own;
// what it takes for a moment lies above all parts and is the same bytes for all of them, one after the other.
import { MemoryError, ModelError } from '../base/errors.ts';
import { instantiateKernels, type Kernels } from './kernels.ts';
import { Arena, MAX_BYTES, PAGE } from './memory.ts';

interface Block {
  readonly pointer: number;
  readonly bytes: number;
}

/** Blocks begin at cache lines. */
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;
/** The memory grows by an eighth of itself at least, up to this: growing is dear on some hosts. */
const MOST_SPARE = 1 << 24;

/** The share of the memory, and the most of it, that no model may take: lists are made there. */
const LISTS_SHARE = 8;
const MOST_FOR_LISTS = 1 << 26;

const REMEDY = 'open further models in another SharedArena, or dispose of some';

/**
 * A memory that models share which are opened to serve: `deserialize(bytes, { arena })`. Thousands fit into one process, each opened in
 * a fraction of the time that a memory of its own takes. A model gives its room back by `dispose()`.
 * @example
 * const arena = new SharedArena()
 * const model = await deserialize(bytes, { arena })
 * recommend(model, '7')
 * model.dispose()
 */
export class SharedArena {
  #kernels: Kernels | undefined = instantiateKernels();
  /** Where the parts end, and what is taken for a moment above them. */
  #end: number = this.kernels.heap_base() >>> 0;
  #top: number = this.#end;
  /** From here on all bytes are zero. */
  #zeros: number = this.#end;
  /** Room between the parts, ascending; no two pieces touch. */
  readonly #free: Block[] = [];
  readonly #limit: number;
  #models = 0;
  /** Models that are dropped without a word give their room back too, once the engine has noticed. */
  readonly #dropped: { register(part: object, blocks: Block[], token: object): void; unregister(token: object): void } | undefined =
    typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry((blocks: Block[]) => this.#giveBack(blocks));

  /** @param limit most bytes that the memory may grow to; default 4 GiB. */
  constructor(limit: number = MAX_BYTES) {
    this.#limit = Math.min(limit, MAX_BYTES);
  }

  /** Models that live here. */
  get models(): number {
    return this.#models;
  }
  /** Bytes of the linear memory. */
  get memoryBytes(): number {
    return this.kernels.memory.buffer.byteLength;
  }
  /** @throws ModelError after `dispose`. */
  get kernels(): Kernels {
    if (!this.#kernels) throw new ModelError('the shared arena was disposed of, and with it the models in it');
    return this.#kernels;
  }

  /** A memory for one model. */
  part(): Arena {
    const blocks: Block[] = [];
    const part = new Part(this, blocks);
    this.#models++;
    this.#dropped?.register(part, blocks, blocks);
    return part;
  }

  /** Ends all models that live here. */
  dispose(): void {
    this.#kernels = undefined;
    this.#models = 0;
  }

  /** Room that stays until it is given back. @throws MemoryError where there is none. */
  take(bytes: number): Block {
    const size = aligned(bytes);
    const at = this.#free.findIndex((block) => block.bytes >= size);
    if (at >= 0) {
      const { pointer, bytes: there } = this.#free[at];
      if (there === size) this.#free.splice(at, 1);
      else this.#free[at] = { pointer: pointer + size, bytes: there - size };
      return { pointer, bytes: size };
    }
    const kept = Math.min(this.#limit / LISTS_SHARE, MOST_FOR_LISTS);
    const room = this.#limit - kept - this.#top;
    if (size > room) throw new MemoryError(bytes, Math.max(0, room), REMEDY);
    const pointer = this.moment(size);
    // What was taken for a moment and lies below is passed over; it is part of no model until this block is given back.
    if (pointer > this.#end) this.#insert({ pointer: this.#end, bytes: pointer - this.#end });
    this.#end = this.#top;
    return { pointer, bytes: size };
  }

  /** Room for a moment: until `release` of a mark that was made before. */
  moment(bytes: number): number {
    const pointer = aligned(this.#top);
    const end = aligned(pointer + bytes);
    this.#grow(end, bytes);
    this.#top = end;
    this.#zeros = Math.max(this.#zeros, end);
    return pointer;
  }

  mark(): number {
    return this.#top;
  }
  release(mark: number): void {
    this.#top = Math.max(mark, this.#end);
  }

  /** Clears bytes that were used before. @param before where the bytes that never were began when these were taken. */
  clear(pointer: number, bytes: number, before: number): void {
    const used = Math.min(bytes, Math.max(0, before - pointer));
    new Uint8Array(this.kernels.memory.buffer, pointer, used).fill(0);
  }
  get zeros(): number {
    return this.#zeros;
  }

  /** Takes a model's blocks back, cleared: no row of anybody stays. */
  forgo(blocks: Block[]): void {
    this.#dropped?.unregister(blocks);
    this.#giveBack(blocks);
  }
  #giveBack(blocks: Block[]): void {
    if (!this.#kernels) return;
    this.#models--;
    this.free(blocks.splice(0));
  }
  free(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.clear(block.pointer, block.bytes, Infinity);
      this.#insert(block);
    }
  }

  #insert({ pointer, bytes }: Block): void {
    const free = this.#free;
    let at = free.findIndex((block) => block.pointer > pointer);
    if (at < 0) at = free.length;
    const below = free[at - 1];
    const above = free[at];
    const joinsBelow = below !== undefined && below.pointer + below.bytes === pointer;
    const joinsAbove = above !== undefined && pointer + bytes === above.pointer;
    const begin = joinsBelow ? below.pointer : pointer;
    const end = joinsAbove ? above.pointer + above.bytes : pointer + bytes;
    free.splice(at - (joinsBelow ? 1 : 0), (joinsBelow ? 1 : 0) + (joinsAbove ? 1 : 0), { pointer: begin, bytes: end - begin });
    // The last piece is no longer between parts; while something lies above for a moment, it stays one.
    if (end === this.#end && this.#top === this.#end) {
      free.pop();
      this.#end = this.#top = begin;
    }
  }

  #grow(end: number, bytes: number): void {
    const { memory } = this.kernels;
    const size = memory.buffer.byteLength;
    if (end <= size) return;
    const needed = Math.ceil((end - size) / PAGE);
    const spare = Math.min(size / 8, MOST_SPARE, Math.max(0, this.#limit - end));
    for (const pages of [Math.max(needed, Math.floor(spare / PAGE)), needed]) {
      if (end > this.#limit || size + pages * PAGE > MAX_BYTES) continue;
      try {
        memory.grow(pages);
        return;
      } catch {} // RangeError: the engine refuses; with less, or with an error that says how much was needed
    }
    throw new MemoryError(bytes, Math.max(0, this.#limit - this.#top), REMEDY);
  }
}

/** A model's part of a shared memory. What is taken outside of a scope stays; within one it is taken for a moment. */
class Part extends Arena {
  readonly #shared: SharedArena;
  readonly #blocks: Block[];
  #scopes = 0;
  #gone = false;

  constructor(shared: SharedArena, blocks: Block[]) {
    super(shared.kernels);
    this.#shared = shared;
    this.#blocks = blocks;
  }

  override get kernels(): Kernels {
    // Asked for by the class above before this one's fields are there.
    return !(#gone in this) || this.#gone ? super.kernels : this.#shared.kernels;
  }
  override get used(): number {
    return this.#blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  override get held(): number {
    return this.used;
  }

  override alloc(bytes: number): number {
    void this.kernels;
    if (this.#scopes > 0) return this.#shared.moment(bytes);
    const block = this.#shared.take(bytes);
    this.#blocks.push(block);
    return block.pointer;
  }
  override allocZeroed(bytes: number): number {
    const { zeros } = this.#shared;
    const pointer = this.alloc(bytes);
    this.#shared.clear(pointer, bytes, zeros);
    return pointer;
  }
  /** A part is not made larger beforehand: what it would take stays for others. */
  override reserve(): void {}
  override clearBeside(): void {}

  override scope<T>(work: () => T): T {
    void this.kernels;
    const mark = this.#shared.mark();
    this.#scopes++;
    try {
      return work();
    } finally {
      this.#scopes--;
      this.#shared.release(mark);
    }
  }
  override mark(): number {
    return this.#blocks.length;
  }
  override release(mark: number): void {
    this.#shared.free(this.#blocks.splice(mark));
  }

  override dispose(): void {
    if (this.#gone) return;
    super.dispose();
    this.#gone = true;
    this.#shared.forgo(this.#blocks);
  }
}
