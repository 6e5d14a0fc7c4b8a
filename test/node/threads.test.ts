// What can be seen of threads in Node only: that they are really there, that they go, and what happens when one fails.

import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als, bpr, defaultKernels, forget, generate, loadKernels, retrain, serialize, unlearnAls } from '../../src/index.ts';
import { openTeam, planEven, type Team } from '../../src/threads/team.ts';
import { embeddedModule } from '../../src/wasm/embedded.ts';

const test = suite('threads in Node');
const data = await generate({ users: 200, items: 100, interactions: 4000 });
/** Workers that were started and have not ended, and how many there ever were. */
let live = 0;
let started = 0;
process.on('worker', (worker) => {
  live++;
  started++;
  worker.on('exit', () => live--);
});

/** Sums rows of ones into a matrix per thread, until somebody but the main thread has taken part. */
async function untilWorkersTakePart(team: Team, gramOf: (matrices: number) => { base: number; thread: number }): Promise<Float64Array[]> {
  const { arena } = team;
  const rows = 65536;
  const Y = arena.alloc(rows * 32);
  const matrices = arena.allocZeroed(512 * team.threads);
  const scratch = arena.alloc(16384 * team.threads);
  arena.f32(Y, rows * 8).fill(1);
  const plan = { ...planEven(rows, 64), costs: new Float64Array(1024).fill(1 << 27) };
  const sums = (): Float64Array[] => Array.from({ length: team.threads }, (_, t) => arena.f64(matrices + 512 * t, 64).slice());
  for (let run = 0; run < 100; run++) {
    arena.u8(matrices, 512 * team.threads).fill(0);
    await team.run('gram_accumulate', plan, [8, 1, 0, Y, gramOf(matrices), { base: scratch, thread: 16384 }]);
    if (
      sums()
        .slice(1)
        .some((sum) => sum[0] > 0)
    )
      return sums();
  }
  throw new Error('no worker took part in 100 jobs');
}

test('workers are there, take part, and are gone when the team is closed', async () => {
  const team = await openTeam(3);
  assert.is(team.threads, 3);
  assert.is(live, 2);
  const sums = await untilWorkersTakePart(team, (base) => ({ base, thread: 512 }));
  assert.is(
    sums.reduce((sum, matrix) => sum + matrix[0], 0),
    65536,
    'every row once',
  );
  await team.close();
  assert.is(live, 0);
});

test('many threads warn of nothing', () => {
  const run = (script: string): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: new URL('..', import.meta.url), encoding: 'utf8' }).stderr;
  assert.is(run("const { openTeam } = await import('./../src/index.js'); await (await openTeam(14)).close();"), '');
  const listeners = 'const { signal } = new AbortController(); for (let n = 0; n < 13; n++) signal.addEventListener("abort", () => {});';
  assert.match(run(`${listeners} await new Promise((done) => setTimeout(done, 10));`), /MaxListenersExceededWarning/, 'the control');
});

test('an error of a worker reaches the caller, and the team works on', async () => {
  const team = await openTeam(2);
  // Only the worker's matrix lies outside of the memory.
  const error = await untilWorkersTakePart(team, (base) => ({ base, thread: 0xf0000000 })).then(
    () => undefined,
    (e) => e,
  );
  assert.match(String(error), /a worker thread failed in gram_accumulate/);
  assert.is((await untilWorkersTakePart(team, (base) => ({ base, thread: 512 }))).length, 2);
  await team.close();
});

test("an error on all threads is the engine's own", async () => {
  const team = await openTeam(3);
  const error = await team.run('gram_accumulate', planEven(4096, 16), [8, 1, 0, 0xf0000000, 0xf0000000, 0xf0000000]).catch((e) => e);
  assert.instance(error, WebAssembly.RuntimeError);
  await team.close();
});

test('a fit leaves no worker, however it ends', async () => {
  const before = started;
  await als.fit(data, { factors: 8, iterations: 1 }, { threads: 3 });
  assert.is(live, 0);
  await als.fit(data, { factors: 60, objective: 'explicit', regularization: 0, iterations: 1 }, { threads: 3 }).then(
    () => assert.unreachable(),
    () => {},
  );
  assert.is(live, 0);
  const stop = new AbortController();
  await als.fit(data, { factors: 8, iterations: 1000 }, { threads: 3, signal: stop.signal, onProgress: () => stop.abort() }).then(
    () => assert.unreachable(),
    () => {},
  );
  assert.is(live, 0);
  assert.is(started, before + 6);
});

test('a process with an open team ends by itself', () => {
  const script = `
    import { openTeam } from './dist/src/threads/team.js';
    const team = await openTeam(4);
    process.stdout.write(String(team.threads));`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 60_000 });
  assert.is(status, 0);
  assert.is(stdout, '4');
});

test('kernels that came as a compiled module have one thread', async () => {
  await loadKernels(embeddedModule());
  try {
    const team = await openTeam(4);
    assert.is(team.threads, 1);
  } finally {
    await loadKernels(defaultKernels);
  }
});

test('records and reports say how many threads there were in truth, model files do not', async () => {
  const options = { factors: 8, iterations: 6 };
  const fitted = (threads: number) => als.fit(data, options, { threads });
  const two = await fitted(2);
  assert.is(two.record.threads, 2);
  assert.is((await fitted(1)).record.threads, 1);
  assert.is((await bpr.fit(data, { factors: 8, epochs: 1 }, { threads: 2 })).record.threads, 2);
  assert.equal(await serialize(two), await serialize(await fitted(1)), 'the same file for any number');
  const request = { users: [data.users.at(0)!] };
  for (const method of [unlearnAls, retrain]) {
    const { report, model } = await forget(two, data, request, { method, threads: 2 });
    assert.equal([report.threads, model.record.threads], [2, 2], method.name);
  }
  const local = await forget(two, data, request, { method: unlearnAls, options: { local: true }, threads: 2 });
  assert.is(local.report.threads, 1, 'a local pass is over before threads have started');

  await loadKernels(embeddedModule()); // a host that has none to give
  try {
    assert.is((await fitted(2)).record.threads, 1);
    assert.is((await forget(two, data, request, { method: unlearnAls, threads: 2 })).report.threads, 1);
  } finally {
    await loadKernels(defaultKernels);
  }
});

test.run();
