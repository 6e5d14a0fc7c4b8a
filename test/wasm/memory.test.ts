import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveOptions } from '../../src/base/options.ts';
import { generate } from '../../src/data/generate.ts';
import { leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { als } from '../../src/models/als.ts';
import { ease, easeBytes } from '../../src/models/ease.ts';
import { withTeam } from '../../src/threads/team.ts';
import { Arena } from '../../src/wasm/memory.ts';

const test = suite('memory');

test('clearing beside what is kept leaves that as it is, and nothing of what was given back', () => {
  const arena = new Arena();
  const before = arena.upload(new Uint8Array(100).fill(1));
  const kept = arena.upload(new Uint8Array(100).fill(2));
  const between = arena.upload(new Uint8Array(10).fill(3));
  const also = arena.upload(new Uint8Array(64).fill(4));
  const given = arena.scope(() => arena.upload(new Uint8Array(5000).fill(5)));
  arena.clearBeside([
    { pointer: also, bytes: 64 },
    { pointer: kept, bytes: 100 },
  ]);
  const all = (at: number, bytes: number, value: number): boolean => arena.u8(at, bytes).every((byte) => byte === value);
  assert.ok(all(kept, 100, 2) && all(also, 64, 4));
  assert.ok(all(before, 100, 0) && all(between, 10, 0) && all(given, 5000, 0));
});

test('cleared bytes are zero, wherever they come from: fresh pages, bytes used before, or both at once', () => {
  const arena = new Arena();
  const size = 200_000;
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
  const arena = new Arena();
  const before = arena.used;
  arena.reserve(1 << 20);
  assert.is(arena.used, before);
  assert.ok(arena.size >= 1 << 20);
});

test('a plan covers what training takes, to little more, for both solvers and on several threads', async () => {
  const data = await generate({ users: 3000, items: 900, interactions: 60000 });
  for (const given of [{ factors: 24 }, { factors: 64, solver: 'cg' }, { factors: 100, solver: 'cg' }] as const) {
    for (const threads of [1, 2]) {
      const plan = als.plan(data, given, { threads });
      const options = resolveOptions('als', leastSquaresOptions, given);
      assert.is(plan.remedy, '');
      assert.is(
        plan.bytes,
        Object.values(plan.parts).reduce((sum, part) => sum + part, 0),
      );
      await withTeam(threads, async (team) => {
        const before = team.arena.used;
        const problem = new LeastSquares(data, options, undefined, team);
        problem.initialize();
        await problem.sweep();
        problem.objective();
        const taken = team.arena.used - before;
        // The plan may have been made for more threads than this host gives.
        assert.ok(
          taken <= plan.bytes && taken + data.users.size * 8 + 4096 + (threads - team.threads) * plan.parts.scratch >= plan.bytes,
          `${JSON.stringify(given)}, ${threads} threads: took ${taken} of ${plan.bytes}`,
        );
      });
    }
  }
});

test('a plan can be made before there are data; what does not fit is refused with what would', async () => {
  const shape = (interactions: number, rows: number, cols: number) => ({ interactions, userItems: { rows, cols } });
  const fits = als.plan(shape(1e8, 1e6, 1e5), { factors: 64 });
  assert.is(fits.remedy, '');
  assert.ok(fits.bytes > 1.7 * 2 ** 30 && fits.bytes < 1.9 * 2 ** 30);
  const large = als.plan(shape(1e8, 5e6, 1e5), { factors: 256 });
  assert.ok(large.bytes > large.available);
  const most = Number(large.remedy.match(/^use at most (\d+) factors, /)![1]);
  assert.is(als.plan(shape(1e8, 5e6, 1e5), { factors: most }).remedy, '');
  assert.is.not(als.plan(shape(1e8, 5e6, 1e5), { factors: most + 8 }).remedy, '');
  const long = als.plan(shape(4e8, 1e6, 1e5), { factors: 64 });
  const fewer = Number(long.remedy.match(/train on at most (\d+) of the 400000000 interactions/)![1]);
  assert.is(als.plan(shape(fewer, 1e6, 1e5), { factors: 64 }).remedy, '');
  assert.is.not(als.plan(shape(fewer + 1, 1e6, 1e5), { factors: 64 }).remedy, '');
  // One row that all entries are in: its scratch does not fit, and the kernel's own 32 bits would not show it.
  const indptr = Int32Array.of(0, 2e7);
  assert.ok(
    als.plan({ interactions: 2e7, userItems: { rows: 1, cols: 2e7, indptr }, itemUsers: { indptr } }, { factors: 64, solver: 'cg' }).parts
      .scratch >
      2 ** 32,
  );
  assert.is(ease.plan(shape(1, 1, 3706)).bytes, easeBytes(3706));
  assert.match(ease.plan(shape(1, 1, 20000)).remedy, /use item-knn or als/);
});

test.run();
