// What one call of topk works with, in its scratch: the integers and bounds of sixteen users, and a buffer for each of what may
// be among their best.
import { BLOCK, blocksOf, cellsOf, INTEGER_NORM, orderOf, placeOf, ROUNDING, TINY } from './packed-items';
import { bitBytes, groupsOf, listBytes } from './ranked-list';

/** Users whose integers stay in the first-level cache while the items pass by; four of them make a tile. */
export const USERS: i32 = 16;

/** What all users of a call share; it lies at the head of scratch. */
// @ts-ignore: decorator
@unmanaged
export class Call {
  k: i32;
  items: i32;
  ld: i32;
  /** The first items, for which every lower bound is computed: they set the first threshold. */
  dense: i32;
  /** Entries from which a buffer is thinned: a better threshold keeps others out. */
  full: i32;
  /** Entries that a buffer has room for: the dense ones, and a block beyond. */
  room: i32;
  Y: usize;
  order: usize;
  place: usize;
  blocks: usize;
  cells: usize;
  /** Integer rows of the users. */
  rows: usize;
  states: usize;
  sums: usize;
  list: usize;
  /** Bits, by place, of what nobody may be shown, and of what each user may not. */
  closed: usize;
  bits: usize;
  /** Lower bounds of the dense items, by user. */
  lower: usize;
  buffers: usize;
}
export const CALL: usize = 128;

// ---- The state of a tile: four lanes each.
export const THRESHOLDS: usize = 0; // i32: integer sums above may enter
export const LOWEST: usize = 16; // f32: at least k scores are no lower
export const NORMS: usize = 32;
export const ROUNDINGS: usize = 48;
export const INVERSES: usize = 64;
export const SCALES: usize = 80;
export const COUNTS: usize = 96; // i32: entries in the buffer
export const STATE: usize = 128;
export const SUMS: usize = 128;

// @ts-ignore: decorator
@inline
export function denseOf(k: i32, items: i32): i32 {
  const wanted = max(264, min(6 * k, max(2 * k, 2048)));
  return min((wanted + BLOCK - 1) / BLOCK * BLOCK, groupsOf(items) << 3);
}

// @ts-ignore: decorator
@inline
export function roomOf(dense: i32): i32 {
  return dense + BLOCK + 8;
}

export function topk_scratch(k: i32, items: i32, ld: i32): i32 {
  const dense = denseOf(k, items);
  return <i32>CALL + USERS * (ld << 1) + (USERS >> 2) * <i32>STATE + <i32>SUMS + (<i32>listBytes(k) << 1) + (USERS + 1) * bitBytes(items) +
    USERS * (dense << 2) + USERS * roomOf(dense) * 12 + 64;
}

export function callOf(k: i32, items: i32, ld: i32, Y: usize, packed: usize, scratch: usize): Call {
  const call = changetype<Call>(scratch), dense = denseOf(k, items), bytes = <usize>bitBytes(items);
  call.k = k;
  call.items = items;
  call.ld = ld;
  call.dense = dense;
  call.full = min(dense, k + (k >> 1) + 40);
  call.room = roomOf(dense);
  call.Y = Y;
  call.order = orderOf(items, packed);
  call.place = placeOf(items, packed);
  call.blocks = blocksOf(packed);
  call.cells = cellsOf(items, packed);
  call.rows = scratch + CALL;
  call.states = call.rows + <usize>USERS * (<usize>ld << 1);
  call.sums = call.states + <usize>(USERS >> 2) * STATE;
  call.list = call.sums + SUMS;
  call.closed = call.list + (listBytes(k) << 1);
  call.bits = call.closed + bytes;
  call.lower = (call.bits + bytes * USERS + 15) & ~15;
  call.buffers = call.lower + <usize>USERS * (<usize>dense << 2);
  return call;
}

// @ts-ignore: decorator
@inline
export function stateOf(call: Call, u: i32): usize {
  return call.states + <usize>(u >> 2) * STATE + (<usize>(u & 3) << 2);
}

/** A buffer: lower bounds, upper bounds, places. */
// @ts-ignore: decorator
@inline
export function bufferOf(call: Call, u: i32): usize {
  return call.buffers + <usize>u * <usize>call.room * 12;
}

/** What a score may be off from its estimate, for a user and a block. */
// @ts-ignore: decorator
@inline
export function slackOf(state: usize, block: usize): f32 {
  return load<f32>(state, NORMS) * load<f32>(block, ROUNDING) + load<f32>(state, ROUNDINGS) * load<f32>(block, INTEGER_NORM) + TINY;
}

