// Runs the portable tests and the golden suite on every runtime and prints one table.
// Usage: node scripts/runtimes/main.mjs [--all] [--install] [--only NAME,…] [--pattern REGEX] [--record]
//   --all      also WebKitGTK and arm64;  --install  Debian packages too (npm's are installed anyway)
//   --record   makes the first runtime's digests the recorded ones: a change of bytes, said in CHANGELOG.md
// A runtime that is not on the machine is shown as missing; a required one that is missing is a failure.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { firstChange, firstDifference } from '../../dist/test/golden/compare.js';
import { chosen, debianThere, HOSTS } from './hosts.mjs';
import { ENTRY, edgeForms, entryText, link } from './link.mjs';
import { install, installDebian, root } from './tools.mjs';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean' },
    install: { type: 'boolean' },
    only: { type: 'string' },
    pattern: { type: 'string', default: '' },
    record: { type: 'boolean' },
  },
});
const only = chosen(values.only);
const hosts = HOSTS.filter(({ name, extra }) => only?.(name) ?? (values.all || !extra));

// Portable is what does not lie in test/node.
const files = readdirSync(join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('node/') && new RegExp(values.pattern).test(name))
  .sort()
  .map((name) => `dist/test/${name.replace(/\.ts$/, '.js')}`);
// Nobody imports the workers' script: it is asked for by its address.
const modules = (replaced = {}) => link([ENTRY, 'dist/src/threads/worker.js'], { [ENTRY]: entryText(files), ...replaced });
const works = {
  inline: { files, modules: modules() },
  workerd: { files, modules: modules(edgeForms) },
};
const recordedFile = join(root, 'test', 'golden', 'recorded.json');
const recorded = JSON.parse(readFileSync(recordedFile, 'utf8'));

const rows = [];
let reference; // the golden digests of the first runtime that ran
let passed = 0;
let failed = 0;
for (const host of hosts) {
  const row = { runtime: host.name, version: '', tests: 'missing', digests: '', seconds: '' };
  rows.push(row);
  if (!debianThere(host) && values.install) installDebian(host.debian.packages);
  if (install(host.tools ?? []).length > 0 || !debianThere(host)) {
    if (host.required) failed++;
    console.error(`${host.name}: missing`);
    continue;
  }
  const start = performance.now();
  try {
    const { version, result } = await host.run(host.name === 'workerd' ? works.workerd : works.inline);
    row.version = version;
    row.tests = `${result.passed}/${result.passed + result.failed}`;
    passed += result.passed;
    failed += result.failed;
    for (const text of result.failures) console.error(`${host.name}: ${text}`);

    // A run that was cut short is told by what is there and by what is not.
    const { notRun = [] } = result;
    if (notRun.length > 0) {
      failed++;
      console.error(`${host.name}: not run: ${notRun.join(', ')}; ${result.ending}`);
      row.tests += `, not run: ${notRun.length > 1 ? `${notRun.length - 1} files and the end of golden` : 'the end of golden'}`;
    }
    const comparable = notRun.length > 0 ? reference?.slice(0, result.golden.length) : reference;
    const difference = reference ? firstDifference(result.golden, comparable) : !values.record && firstChange(result.golden, recorded);
    if (difference) {
      failed++;
      row.digests = `${reference ? 'differs' : 'not as recorded'}: ${difference}`;
    } else {
      passed += result.golden.length;
      row.digests = reference ? `${result.golden.length} equal` : `${result.golden.length}`;
    }
    if (notRun.length === 0) reference ??= result.golden;
  } catch (error) {
    failed++;
    row.tests = 'failed';
    console.error(`${host.name}: ${error?.stack ?? error}`);
  }
  row.seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.error(`${host.name} ${row.version}: tests ${row.tests}, digests ${row.digests}, ${row.seconds} s`);
}

if (values.record && failed === 0) {
  const lasting = reference.filter(({ passing }) => !passing).map(({ stage, digest }) => [stage, digest]);
  writeFileSync(recordedFile, `${JSON.stringify(Object.fromEntries(lasting), null, 2)}\n`);
}
const columns = ['runtime', 'version', 'tests', 'digests', 'seconds'];
const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
const line = (cells) => `| ${cells.map((cell, c) => cell.padEnd(widths[c])).join(' | ')} |`;
console.log(
  [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map((row) => line(columns.map((column) => row[column])))].join(
    '\n',
  ),
);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
