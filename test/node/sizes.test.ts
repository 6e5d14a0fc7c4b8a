// Tree-shaking: a file that nobody uses leaves nothing behind, and whoever imports one name pays for that name.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('sizes');

const { BUDGETS, keptOf, sizeOf, sizes, tableOf, withTable } = await import(pathToFileURL('scripts/sizes.mjs').href);
const { squeezed } = await import(pathToFileURL('scripts/package.mjs').href);
const budgets: Readonly<Record<string, number>> = JSON.parse(readFileSync(BUDGETS, 'utf8'));

/** The command line is a program, and these two are started for what they do. */
const PROGRAMS = /^(cli\/|threads\/worker\.js$)/;
const library = readdirSync('dist/src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js') && !PROGRAMS.test(name.replaceAll('\\', '/')))
  .map((name) => `dist/src/${name}`);

/** What is wrong with measured sizes. */
function complaints(measured: Readonly<Record<string, number>>): string[] {
  const names = [...new Set([...Object.keys(measured), ...Object.keys(budgets)])].sort();
  return names.flatMap((name) => {
    if (!(name in budgets)) return [`${name} has no budget`];
    if (!(name in measured)) return [`${name} has a budget and is not exported`];
    return measured[name] <= budgets[name] ? [] : [`${name} takes ${measured[name]} bytes of ${budgets[name]}`];
  });
}
const REMEDY = 'where it is meant: `npm run docs:sizes -- --record`, and say why in the commit';
const measured: Readonly<Record<string, number>> = await sizes();

test('no file of the library does anything by being imported: every call at its top level has a mark of purity', async () => {
  assert.ok(library.length > 100);
  const kept = await Promise.all(library.map(async (file) => [file, await keptOf(file)]));
  assert.equal(
    kept.filter(([, statements]) => statements !== ''),
    [],
  );
});

test('a call without a mark, a getter, a statement and a class that the compiler ties a statement to are seen', async () => {
  const file = 'dist/src/model/metrics.js';
  const text = readFileSync(file, 'utf8');
  for (const wrong of [
    text.replace('/* @__PURE__ */ Object.freeze', 'Object.freeze'),
    `${text}\nconst first = Object.keys(METRICS)[0];`,
    `${text}\nconst taken = METRICS.recall.name;`,
    `${text}\nexport class Own {}\nOwn.alias = Own;`,
    `${text}\nconst all = { ...METRICS };`,
    `${text}\nglobalThis.lethe = 1;`,
  ]) {
    assert.not.equal(wrong, text);
    assert.not.equal(await keptOf(file, wrong), '', wrong.slice(-60));
  }
  assert.equal(await keptOf(file, `${text}\nconst MOST = 3 << 18;`), '', 'a constant is no harm');
});

test('an import by a name that is not in the text is none that bundlers look for; others are', async () => {
  const text = await squeezed("const name = globalThis.name;\nexport const a = () => import(name);\nexport const b = () => import('b');\n");
  assert.match(text, /import\(\/\*webpackIgnore: true\*\/\/\*@vite-ignore\*\/name\)/);
  assert.match(text, /import\("b"\)/);
  assert.not.match(readFileSync('dist/node/index.js', 'utf8') + readFileSync('dist/web/index.js', 'utf8'), /\bimport\([\w$]/);
});

test('the forms keep the marks, which esbuild drops with the white space', async () => {
  const text = 'const kinds = /* @__PURE__ */ Object.freeze({ a: 1 });\nconst rows = /* @__PURE__ */ new WeakMap();\n';
  assert.is(await squeezed(text), 'const kinds=/*@__PURE__*/Object.freeze({a:1});const rows=/*@__PURE__*/new WeakMap;\n');
  let refused = '';
  await squeezed('const x = /* @__PURE__ */ (() => 1)();').catch(({ message }: Error) => {
    refused = message;
  });
  assert.match(refused, /call a function by name/);
  for (const file of ['dist/node/lethe.js', 'dist/node/fast.js', 'dist/web/fast.js', 'dist/edge/fast.js'])
    assert.match(readFileSync(file, 'utf8'), /\/\*@__PURE__\*\/Object\.freeze\(/, file);
});

test('every exported name stays in its budget', () => {
  assert.equal(complaints(measured), [], REMEDY);
  assert.equal(Object.keys(budgets), Object.keys(budgets).sort(), 'sorted by name');
});

test('what the library is shaken down to', () => {
  assert.ok(measured.VERSION < 1024, `VERSION takes ${measured.VERSION} bytes`);
  assert.ok(measured.recommend < 3 * 1024, `recommend takes ${measured.recommend} bytes`);
  assert.ok(measured.als < 54 * 1024, `als takes ${measured.als} bytes`);
  assert.ok(measured.deserialize > measured.als, 'who reads any model has them all');
});

test('a name without a budget, one that is gone and one that grew are seen', async () => {
  assert.equal(complaints({ ...measured, newcomer: 1 }), ['newcomer has no budget']);
  const { VERSION: gone, ...rest } = measured;
  assert.equal(complaints(rest), ['VERSION has a budget and is not exported']);
  assert.equal(complaints({ ...measured, VERSION: gone + 1024 }).length, 1);
});

test('calls that lost their marks cost everybody, and the budget sees them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-sizes-'));
  try {
    cpSync('dist/web', folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module","sideEffects":false}');
    const again = async () => ({ ...measured, VERSION: await sizeOf('VERSION', join(folder, 'index.js')) });
    assert.equal(complaints(await again()), [], 'the copy is as small');
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/*@__PURE__*/', ''));
    }
    const [complaint] = complaints(await again());
    assert.match(complaint, /^VERSION takes \d{5,} bytes/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('docs/package.md has a figure for every name, none above its budget', () => {
  const page = readFileSync('docs/package.md', 'utf8');
  const rowsOf = (text: string): [string, number][] =>
    [...text.matchAll(/^\| `(\w+)` \| ([\d.]+) \|$/gm)].map(([, name, kilobytes]) => [name, Number(kilobytes)]);
  const rows = rowsOf(page);
  assert.equal(
    rows.map(([name]) => name),
    Object.keys(measured),
    'run `npm run docs:sizes`',
  );
  for (const [name, kilobytes] of rows) assert.ok(kilobytes * 1024 <= budgets[name] + 52, `${name}: ${kilobytes} KB`);
  const grown = withTable(page, tableOf({ ...measured, newcomer: 1 }));
  assert.is(rowsOf(grown).length, rows.length + 1, 'the check sees another row');
});

test.run();
