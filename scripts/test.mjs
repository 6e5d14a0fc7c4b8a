// Runs the compiled tests with uvu and ends with a line `N passed, N failed`.
// Usage: node scripts/test.mjs [parts of files' names: a file runs that one of them occurs in]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pattern = `(${process.argv.slice(2).join('|')}).*\\.test\\.js$`;
const uvu = spawnSync(process.execPath, ['node_modules/uvu/bin.js', 'dist/test', pattern], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
process.stdout.write(uvu.stdout);
process.stderr.write(uvu.stderr);

// uvu's closing lines; a run that dies before them has failed, whatever it printed.
const figure = (name) => Number(uvu.stdout.match(new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'm'))?.[1] ?? NaN);
const total = figure('Total');
const passed = figure('Passed');
const complete = Number.isFinite(total) && total > 0;
const failed = complete ? total - passed : 1;
console.log(`${complete ? passed : 0} passed, ${failed} failed`);
process.exit(failed > 0 || uvu.status !== 0 ? 1 : 0);
