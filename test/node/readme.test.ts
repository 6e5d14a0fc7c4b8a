// README's code runs as it stands there.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('README and examples');

function run(code: string): string {
  const folder = mkdtempSync('build/readme-'); // inside the package, so that it can import itself by name
  try {
    writeFileSync(`${folder}/readme.mjs`, code);
    return execFileSync(process.execPath, [`${folder}/readme.mjs`], { encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TEN_LINES = readFileSync('README.md', 'utf8').match(/```js\n([\s\S]*?)```/)![1];

/** Distances to gold, of the original and of the unlearned, as the lines print them. */
const distances = (output: string): number[] => Array.from(output.matchAll(/scoreDistance: ([\d.e-]+)/g), ([, value]) => Number(value));

test('the ten lines of README run, and end nearer to gold than the original was', () => {
  const output = run(TEN_LINES);
  assert.match(output, /[0-9a-f]{64}/);
  assert.match(output, /unlearned/);
  const [original, unlearned] = distances(output);
  assert.ok(unlearned < original, `${unlearned} against ${original}`);
});

test('by plain passes they would end farther from it: the check can fail', () => {
  const changed = TEN_LINES.replace('{ method: unlearnAls }', '{ method: unlearnAls, options: { passes: 3 } }');
  assert.is.not(changed, TEN_LINES);
  const [original, unlearned] = distances(run(changed));
  assert.ok(unlearned > original, `${unlearned} against ${original}`);
});

test('examples/quickstart.mjs runs', () => {
  assert.match(execFileSync(process.execPath, ['examples/quickstart.mjs'], { encoding: 'utf8' }), /unlearned/);
});

test.run();
