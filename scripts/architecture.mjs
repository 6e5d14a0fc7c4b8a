// The layers of src/, and the picture of them that docs/architecture.md shows: drawn from the imports, so that it cannot become
// false. `npm run docs:architecture` draws it anew; test/node/architecture.test.ts holds the imports to the list, and the page
// to the imports.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The one list: a folder or an entry imports itself and what stands before it, types included. */
export const LAYERS = Object.freeze([
  'base',
  'wasm',
  'threads',
  'data',
  'formats',
  'model',
  'gradient',
  'least-squares',
  'models',
  'forget',
  'newcomers',
  'unlearn',
  'learn',
  'judge',
  'tune',
  'files',
  'store',
  'serve',
  'serve.ts',
  'index.ts',
  'fast.ts',
  'cli',
]);

const root = join(fileURLToPath(import.meta.url), '..', '..');
const PAGE = join(root, 'docs', 'architecture.md');
const MARKS = ['<!-- drawn by npm run docs:architecture -->', '<!-- end of what is drawn -->'];

/** The layer of a path such as `src/base/errors.ts`; undefined outside src/. */
export const layerOf = (path) => path.match(/^src\/([^/]+)/)?.[1];

/** What a file imports by relative paths, types and imports on demand included, as paths from the project's root. */
export function importsOf(path, text) {
  const specifiers = /(?:^\s*(?:import|export)\b[^'"`;]*?from\s*|^\s*import\s*|\bimport\s*\(\s*)['"](\.[^'"]+)['"]/gm;
  return [...text.matchAll(specifiers)].map(([, specifier]) => posix.join(posix.dirname(path), specifier));
}

/** Path from the project's root → text without comments, of all TypeScript in the given folders. */
export function readTree(...folders) {
  return new Map(
    folders
      .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => posix.join(folder, name)))
      .filter((path) => path.endsWith('.ts'))
      .sort()
      .map((path) => [path, withoutComments(readFileSync(join(root, path), 'utf8'))]),
  );
}
const withoutComments = (text) => text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');

/** Layer → the layers that it imports. */
function layerImports(tree) {
  const imports = new Map(LAYERS.map((layer) => [layer, new Set()]));
  for (const [path, text] of tree) {
    const layer = layerOf(path);
    for (const target of importsOf(path, text).map(layerOf)) {
      if (target !== undefined && target !== layer) imports.get(layer)?.add(target);
    }
  }
  return imports;
}

/** Everything below a layer, by any way. */
function reach(imports, layer, seen = new Set()) {
  for (const below of imports.get(layer) ?? []) {
    if (!seen.has(below)) reach(imports, below, seen.add(below));
  }
  return seen;
}

/** The picture: arrows that no longer way implies, and in a table all that each layer imports. */
export function draw(tree) {
  const imports = layerImports(tree);
  const name = (layer) => layer.replace(/\W/g, '_');
  const arrows = LAYERS.flatMap((layer) => {
    const direct = [...imports.get(layer)];
    const implied = new Set(direct.flatMap((below) => [...reach(imports, below)]));
    return direct
      .filter((below) => !implied.has(below))
      .sort((a, b) => LAYERS.indexOf(a) - LAYERS.indexOf(b))
      .map((below) => `  ${name(layer)} --> ${name(below)}`);
  });
  const rows = LAYERS.map(
    (layer, n) => `| ${n + 1} | \`${layer}\` | ${LAYERS.filter((below) => imports.get(layer).has(below)).join(', ') || 'nothing'} |`,
  );
  return [
    '```mermaid',
    'flowchart BT',
    ...LAYERS.map((layer) => `  ${name(layer)}["${layer}"]`),
    ...arrows,
    '```',
    '',
    'An arrow points to what is imported; what follows from other arrows is left out of the picture and stands in the table.',
    '',
    '| | layer | imports |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The page with the picture of this tree in it. */
export function withPicture(page, tree) {
  const [begin, end] = MARKS.map((mark) => page.indexOf(mark));
  if (begin < 0 || end < begin) throw new Error(`docs/architecture.md lacks the marks ${MARKS.join(' … ')}`);
  return `${page.slice(0, begin + MARKS[0].length)}\n${draw(tree)}\n${page.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PAGE, withPicture(readFileSync(PAGE, 'utf8'), readTree('src')));
}
