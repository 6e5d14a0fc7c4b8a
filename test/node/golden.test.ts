// Today's bytes are yesterday's bytes: the golden suite against what is on record; and proof that it sees one ulp.
// After a change of bytes that is meant, `npm run test:runtimes -- --record --only "node 20"` renews the record, and CHANGELOG.md says so
// under "Numerics".

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadKernels } from '../../src/index.ts';
import { embeddedBytes } from '../../src/wasm/embedded.ts';
import { firstChange, firstDifference } from '../golden/compare.ts';
import { type Stage, stages } from '../golden/golden.ts';

const test = suite('golden');

const recorded = JSON.parse(readFileSync('test/golden/recorded.json', 'utf8')) as Record<string, string>;
async function run(): Promise<Stage[]> {
  const all: Stage[] = [];
  for await (const stage of stages()) all.push(stage);
  return all;
}

test('every stage on record gives the bytes on record', async () => {
  const now = await run();
  assert.is(
    firstChange(now, recorded),
    undefined,
    'the first stage whose bytes changed; if that is meant: npm run test:runtimes -- --record --only "node 20"',
  );
  const names = now.map(({ stage }) => stage);
  assert.is(new Set(names).size, names.length, 'two stages have one name');
  assert.equal(
    Object.keys(recorded).filter((stage) => !names.includes(stage)),
    [],
    'stages on record that are gone',
  );
  assert.ok(recorded.als && recorded['als+unlearn-als/users']);
});

/** The golden suite with kernels compiled from a changed copy of assembly/, without optimisation: that must change no bit. */
async function runWith(change: (source: string) => string): Promise<Stage[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-kernels-'));
  try {
    cpSync('assembly', join(folder, 'assembly'), { recursive: true });
    const file = join(folder, 'assembly', 'als.ts');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    const flags = ['--runtime', 'stub', '--use', 'abort=', '--enable', 'simd', '--initialMemory', '1', '--noAssert', '-O0'];
    execFileSync(
      process.execPath,
      [resolve('node_modules/assemblyscript/bin/asc.js'), 'assembly/index.ts', '-o', 'kernels.wasm', ...flags],
      { cwd: folder },
    );
    await loadKernels(readFileSync(join(folder, 'kernels.wasm')));
    return await run();
  } finally {
    await loadKernels(embeddedBytes()); // as bytes: threads need them
    rmSync(folder, { recursive: true });
  }
}

test('kernels without optimisation give the same bytes', async () => {
  assert.is(firstChange(await runWith((source) => source), recorded), undefined);
});

test('one ulp in one kernel is caught, and its first stage named', async () => {
  const exact = '<f32>(lambda * pow_f64(<f64>n + offset, exponent))';
  const changed = await runWith((source) => {
    assert.ok(source.includes(exact), 'als_regularization has other words; change them here too');
    return source.replace(exact, `reinterpret<f32>(reinterpret<u32>(${exact}) + 1)`);
  });
  const apart = (stages: Stage[]): Stage[] => stages.filter(({ stage }) => stage !== 'kernels');
  assert.is(firstChange(apart(changed), recorded), 'als');
  const own = await run();
  assert.is(firstDifference(changed, own), 'kernels', 'other kernels have another digest');
  assert.is(firstDifference(apart(changed), apart(own)), 'als');
});

test('a stage that is missing or new is a difference', () => {
  const [a, b] = [
    { stage: 'a', digest: '1' },
    { stage: 'b', digest: '2' },
  ];
  assert.is(firstDifference([a, b], [a, b]), undefined);
  assert.is(firstDifference([a], [a, b]), 'b is absent');
  assert.is(firstDifference([a, b], [a]), 'b');
  assert.is(firstDifference([{ ...a, digest: '2' }, b], [a, b]), 'a');
});

test.run();
