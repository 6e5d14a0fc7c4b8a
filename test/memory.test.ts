import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../src/memory.ts';

const test = suite('memory');

test('cleared bytes are zero, wherever they come from: fresh pages, bytes used before, or both at once', () => {
  const arena = new Arena(), size = 200_000;
  const zero = (bytes: number): boolean => arena.u8(arena.allocZeroed(bytes), bytes).every((byte) => byte === 0);
  // What was there when the memory began, and everything that a scope gives back, may hold anything.
  arena.u8(arena.used, arena.size - arena.used).fill(7);
  assert.ok(zero(1000));
  arena.scope(() => arena.u8(arena.alloc(size), size).fill(7));
  arena.scope(() => assert.ok(zero(size / 2)));
  arena.reserve(4 * size);
  arena.scope(() => assert.ok(zero(2 * size)));
  arena.scope(() => arena.u8(arena.alloc(3 * size), 3 * size).fill(7));
  assert.ok(zero(8 * size));
});

test('bytes that were only reserved are not taken', () => {
  const arena = new Arena(), before = arena.used;
  arena.reserve(1 << 20);
  assert.is(arena.used, before);
  assert.ok(arena.size >= 1 << 20);
});

test.run();
