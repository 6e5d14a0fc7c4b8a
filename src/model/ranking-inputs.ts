// What the ranking kernels are given beside scores or factors: which items may be ranked, and which each user has.
import * as check from '../base/check.ts';
import { MemoryError } from '../base/errors.ts';
import type { IdTable } from '../data/ids.ts';
import type { Kernels } from '../wasm/kernels.ts';
import type { Arena } from '../wasm/memory.ts';
import type { SparseRows } from '../wasm/tensor.ts';
import type { Model, RankRequest } from './model.ts';

/** Places of a list, and of all lists of a request: an item and a score each. */
const LONGEST_LIST = 1 << 24;
const MOST_PLACES = 1 << 27;

/**
 * Kernels read memory where positions point to: what points elsewhere must not reach them.
 * @throws TypeError, RangeError for positions, lengths and rows that are not the model's.
 */
export function checkRankRequest({ users, items }: Model, request: RankRequest): void {
  check.knownKeys('rank', request, ['users', 'k', 'exclude', 'history', 'allowed', 'team']);
  const { users: asked, k, exclude, history, allowed } = request;
  checkPositions('users', asked, users);
  check.integer('k', k, { min: 1, max: LONGEST_LIST });
  if (asked.length * k > MOST_PLACES)
    throw new MemoryError(asked.length * k * 8, MOST_PLACES * 8, 'ask for shorter lists, or for fewer users at once');
  if (allowed && allowed.length !== items.size)
    throw new RangeError(`"allowed" expected a byte for each of the ${items.size} items, got ${allowed.length}`);
  checkRows('exclude', exclude, users, items);
  checkRows('history', history, users, items);
}

/** Most bytes that the ranking kernel's own count of its scratch can say: it counts in 32 bits. */
const MOST_SCRATCH = 0x78000000;

/**
 * Bytes of scratch for lists of k among so many items, for a thread. Bounds and buffers of sixteen users take 16 bytes each for every
 * item that is bounded at once, twice a long list.
 * @throws MemoryError for lists so long that the kernel's count would run over.
 */
export function topkScratch(kernels: Pick<Kernels, 'topk_scratch'>, k: number, items: number, ld: number): number {
  const bytes = 256 * Math.min(items, Math.max(2 * k, 2048));
  if (bytes > MOST_SCRATCH) throw new MemoryError(bytes, MOST_SCRATCH, 'ask for shorter lists');
  return Math.ceil(kernels.topk_scratch(k, items, ld) / 64) * 64;
}

/** @throws TypeError, RangeError for what are no pairs of positions. */
export function checkPairs(model: Model, users: Int32Array, items: Int32Array): void {
  checkPositions('users', users, model.users);
  checkPositions('items', items, model.items);
  if (users.length !== items.length) throw new RangeError(`expected as many items as users, got ${items.length} and ${users.length}`);
}

/** @throws RangeError for what is no position of the table. */
function checkPositions(name: string, positions: Int32Array, table: IdTable): void {
  if (!check.isTyped(positions, 'Int32Array')) throw new TypeError(`"${name}" expected an Int32Array, got ${check.describe(positions)}`);
  for (const position of positions) checkPosition(name, position, table);
}

/** @throws RangeError for what is no position of the table. */
export function checkPosition(name: string, position: number, table: IdTable): void {
  if (Number.isInteger(position) && position >= 0 && position < table.size) return;
  throw new RangeError(`"${name}" expected positions from 0 to ${table.size - 1}, got ${check.describe(position)}`);
}

/** @throws TypeError, RangeError for what is no position, or no length of a list. */
export function checkSimilar(position: number, k: number, table: IdTable, name = 'item'): void {
  checkPosition(name, position, table);
  check.integer('k', k, { min: 1, max: LONGEST_LIST });
}

function checkRows(name: string, rows: SparseRows | undefined, users: IdTable, items: IdTable): void {
  if (!rows || (rows.rows === users.size && rows.cols === items.size && rows.indptr.length === rows.rows + 1)) return;
  throw new RangeError(
    `"${name}" expected rows of ${users.size} users over ${items.size} items, got ${rows.rows} over ${rows.cols}; align the data with ` +
      'alignTo()',
  );
}

/** One bit per position: set where there is an id and, if asked, where `allowed` is not zero. */
export function allowedWords(ids: IdTable, allowed?: Uint8Array): Uint32Array {
  const words = new Uint32Array((ids.size + 31) >>> 5);
  // The usual case, without a look at each: a loop over ten thousand ids is a millisecond in code that has just been loaded.
  // Kernels leave out what lies beyond the last item by themselves.
  if (!allowed && ids.whole) return words.fill(0xffffffff);
  for (let i = 0; i < ids.size; i++) {
    if (ids.at(i) !== null && allowed?.[i] !== 0) words[i >>> 5] |= 1 << (i & 31);
  }
  return words;
}

/** The rows of the listed users, numbered as listed. */
export function uploadRows(arena: Arena, rows: SparseRows, users: Int32Array): { indptr: number; indices: number } {
  const indptr = new Int32Array(users.length + 1);
  for (let r = 0; r < users.length; r++) indptr[r + 1] = indptr[r] + rows.indptr[users[r] + 1] - rows.indptr[users[r]];
  const indices = new Int32Array(indptr[users.length]);
  for (let r = 0; r < users.length; r++) {
    indices.set(rows.indices.subarray(rows.indptr[users[r]], rows.indptr[users[r] + 1]), indptr[r]);
  }
  return { indptr: arena.upload(indptr), indices: arena.upload(indices) };
}
