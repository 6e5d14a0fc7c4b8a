// README's code runs as it stands there.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('README and examples');

test('the ten lines of README run', () => {
  const code = readFileSync('README.md', 'utf8').match(/```js\n([\s\S]*?)```/)![1];
  const folder = mkdtempSync('build/readme-'); // inside the package, so that it can import itself by name
  try {
    writeFileSync(`${folder}/readme.mjs`, code);
    const output = execFileSync(process.execPath, [`${folder}/readme.mjs`], { encoding: 'utf8' });
    assert.match(output, /[0-9a-f]{64}/);
    assert.match(output, /unlearned/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('examples/quickstart.mjs runs', () => {
  assert.match(execFileSync(process.execPath, ['examples/quickstart.mjs'], { encoding: 'utf8' }), /unlearned/);
});

test.run();
