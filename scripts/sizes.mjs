// What tree-shaking leaves: of each file by itself, and of the library for somebody who imports one name of it.
// `npm run docs:sizes` writes the table of docs/package.md; with `--record`, also the budgets that
// test/node/sizes.test.ts holds each name to.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const PAGE = join(root, 'docs', 'package.md');
/** What a page pays that only serves. */
const SERVED = ['openModel, als, recommend', 'openModel, ease, recommend', 'openModel, als, recommend, recommendFor, similarItems'];
const EVERYTHING = 'openModel, als, bpr, ease, itemKnn, popularity, recommend, recommendFor, similarItems, similarUsers';
const SERVE_MARKS = ['<!-- serve: measured by npm run docs:sizes -->', '<!-- end of serve -->'];
const MARKS = ['<!-- measured by npm run docs:sizes -->', '<!-- end of what is measured -->'];
/** Bytes, minified and gzipped, that a bundle of each exported name may take. */
export const BUDGETS = join(root, 'test', 'node', 'size-budgets.json');

const quiet = { bundle: true, format: 'esm', target: 'es2022', platform: 'neutral', write: false, logLevel: 'silent' };

/**
 * The statements of a file that stay when nobody uses it: calls without a mark of purity and whatever else may do something.
 * Constants computed of constants, and what they import, are no harm.
 * @param text of the file; default what it holds.
 */
export async function keptOf(path, text = readFileSync(path, 'utf8')) {
  const file = resolve(path);
  const alone = {
    name: 'alone',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ importer, path: wanted }) =>
        importer === file ? { path: wanted, external: true, sideEffects: false } : { path: file, sideEffects: true },
      );
      onLoad({ filter: /./ }, () => ({ contents: text, resolveDir: dirname(file) }));
    },
  };
  const { outputFiles } = await build({ ...quiet, stdin: { contents: "import 'file';", resolveDir: root }, plugins: [alone] });
  return outputFiles[0].text
    .split('\n')
    .filter((line) => !/^$|^\/\/|^import .* from |^var \w+ = [\w.*+< -]+;$/.test(line))
    .join('\n');
}

/** Bytes, minified and gzipped, of a bundle for a page that takes one name from an entry's file. */
export async function sizeOf(name, entry = join(root, 'dist', 'web', 'index.js')) {
  const contents = `export { ${name} } from ${JSON.stringify(entry)};`;
  const { outputFiles } = await build({ ...quiet, stdin: { contents, resolveDir: root }, minify: true });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** Name → bytes, of all values that `lethe` exports, by name. */
export async function sizes() {
  const exported = Object.keys(await import(pathToFileURL(join(root, 'dist', 'src', 'index.js')).href)).sort();
  const measured = {};
  for (const name of exported) measured[name] = await sizeOf(name);
  return measured;
}

const ROOM = 1.1;
const LEAST_ROOM = 512;
/** A tenth above what was measured, and at least half a kilobyte: everyday work is not held up, a lost mark is. */
export const budgetOf = (bytes) => Math.ceil(Math.max(bytes * ROOM, bytes + LEAST_ROOM) / 100) * 100;

const kilobytes = (bytes) => (bytes / 1024).toFixed(1);
export const tableOf = (measured) =>
  [
    "| `import { … } from 'lethe'` | KB |",
    '| --- | --: |',
    ...Object.entries(measured).map(([name, bytes]) => `| \`${name}\` | ${kilobytes(bytes)} |`),
  ].join('\n');

/** The same of lethe/serve, by what is imported from it. */
export async function serveTable() {
  const rows = [];
  for (const names of [...SERVED, EVERYTHING])
    rows.push(`| \`${names}\` | ${kilobytes(await sizeOf(names, join(root, 'dist', 'web', 'serve.js')))} |`);
  return ["| `import { … } from 'lethe/serve'` | KB |", '| --- | --: |', ...rows].join('\n');
}

/** The page with another table. */
export function withTable(page, table, marks = MARKS) {
  const [from, to] = marks.map((mark) => page.indexOf(mark));
  if (from < 0 || to < from) throw new Error(`docs/package.md has not the two marks ${marks.join(' … ')}`);
  return `${page.slice(0, from + marks[0].length)}\n\n${table}\n\n${page.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const measured = await sizes();
  const page = withTable(readFileSync(PAGE, 'utf8'), tableOf(measured));
  writeFileSync(PAGE, withTable(page, await serveTable(), SERVE_MARKS));
  if (process.argv.includes('--record')) {
    const budgets = Object.fromEntries(Object.entries(measured).map(([name, bytes]) => [name, budgetOf(bytes)]));
    writeFileSync(BUDGETS, `${JSON.stringify(budgets, null, 2)}\n`);
  }
}
