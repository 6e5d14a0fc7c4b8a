// The fast kernels from the command line: chosen by name, marked in everything that comes out; where the host cannot run
// them, one line that says so, and nothing written.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasRelaxedSimd } from '../../src/fast.ts';
import { ratingsCsv, Workplace } from './cli-process.ts';

const test = suite('command line, fast kernels');
const place = new Workplace();
test.after(() => place.remove());
place.write('data.csv', ratingsCsv());
const TRAIN = ['train', 'data.csv', '--model', 'als', '--factors', '16', '--iterations', '3', '--split', 'per-user:0.8,0.1,0.1'];

test('an unknown build is wrong usage', () => {
  const { status, stderr } = place.run(...TRAIN, '--out', 'new', '--kernels', 'quick');
  assert.is(status, 2);
  assert.match(stderr, /^lethe: --kernels expected one of default, fast.*got "quick"/);
  assert.not(place.files.includes('new'));
});

test('the default says that it is the default', () => {
  const trained = place.json(...TRAIN, '--out', 'plain');
  assert.equal([trained.kernels, trained.byteComparable], ['default', true]);
  const info = place.json('inspect', 'plain');
  assert.equal([info.kernels, info.byteComparable], ['default', true]);
  assert.is(place.json(...TRAIN, '--kernels', 'default', '--out', 'same').digest, trained.digest);
});

test('who does not ask for the fast kernels does not load them', () => {
  const program = readFileSync('dist/src/cli/program.js', 'utf8');
  assert.match(program, /import\('\.\.\/fast\.js'\)/);
  for (const text of [program, readFileSync('dist/src/cli/main.js', 'utf8')]) assert.not.match(text, /from '\.\.\/fast\.js'/);
});

if (!hasRelaxedSimd()) {
  test('refused here, in one line that names the remedy', () => {
    const { status, stdout, stderr } = place.run(...TRAIN, '--out', 'new', '--kernels', 'fast');
    assert.equal([status, stdout], [1, '']);
    assert.match(
      stderr,
      /^lethe: the fast kernels need relaxed SIMD, which this host's WebAssembly does not have: use the default kernels, or [^\n]*\n$/,
    );
    assert.not(place.files.includes('new'));
  });
} else {
  test('models that the fast kernels trained or made forget are marked, and stay so', () => {
    const trained = place.json(...TRAIN, '--out', 'quick', '--kernels', 'fast');
    assert.equal([trained.kernels, trained.byteComparable], ['fast', false]);
    const forget = (model: string, out: string, ...more: string[]) =>
      place.json('forget', model, 'data.csv', '--method', 'unlearn-als', '--users', 'u1', '--out', out, ...more);
    for (const [model, out, more] of [
      ['quick', 'a', []],
      ['plain', 'b', ['--kernels', 'fast']],
      ['quick', 'c', ['--kernels', 'fast']],
    ] as const) {
      const report = forget(model, out, ...more);
      assert.equal([report.kernels, report.byteComparable, report.exactness], ['fast', false, 'approximate'], `${model} ${more}`);
      const info = place.json('inspect', out);
      assert.equal([info.kernels, info.byteComparable, info.provenance.kernels], ['fast', false, 'fast']);
    }
    assert.not('kernels' in forget('plain', 'd'));
    assert.match(place.run('inspect', 'a').stdout, /made by +fast kernels: not comparable byte by byte/);
    const { models } = place.json('compare', 'plain', 'a', 'data.csv', '--users', 'u1', '--gold');
    assert.equal(
      models.map((row: { kernels?: string }) => row.kernels),
      [undefined, 'fast', undefined],
    );
    const metrics = place.json('evaluate', 'plain', 'data.csv', '--kernels', 'fast');
    assert.equal([metrics.kernels, metrics.byteComparable], ['fast', false]);
    const { stderr } = place.run('evaluate', 'plain', 'data.csv', '--kernels', 'fast');
    assert.match(stderr, /computed by the fast kernels: not comparable byte by byte/);
  });
}

test.run();
