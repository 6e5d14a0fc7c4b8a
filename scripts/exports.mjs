// The package's entry points, derived from the registries: `lethe`, and one subpath for each model and each method.
// `node scripts/exports.mjs` writes them into package.json and jsr.json; a test holds them equal.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');

/** Name of an entry (`index`, `als`, …) → its file below src/, without the ending. */
export async function entries() {
  const registry = (path) => import(pathToFileURL(join(root, 'dist', 'src', path, 'index.js')).href);
  const { MODELS } = await registry('models');
  const { UNLEARNERS } = await registry('unlearn');
  return new Map([
    ['index', 'index'],
    ['fast', 'fast'],
    ['store', 'store/index'],
    ['serve', 'serve'],
    ...Object.keys(MODELS).map((name) => [name, `models/${name}`]),
    ...Object.keys(UNLEARNERS).map((name) => [name, `unlearn/${name}`]),
  ]);
}

const subpath = (name) => (name === 'index' ? '.' : `./${name}`);

/** First match wins, and Deno and Bun match `node` too: hence the order. */
export function packageExports(entries) {
  const exports = {};
  for (const [name, source] of entries) {
    const [plain, node, web, edge] = [
      // Its own kernels are in the bundled forms alone.
      name === 'serve' ? './dist/web/serve.js' : `./dist/src/${source}.js`,
      `./dist/node/${name}.js`,
      `./dist/web/${name}.js`,
      `./dist/edge/${name}.js`,
    ];
    exports[subpath(name)] = {
      types: `./dist/src/${source}.d.ts`,
      workerd: edge,
      'edge-light': edge,
      deno: plain,
      bun: plain,
      node,
      browser: web,
      default: web,
    };
  }
  exports['./kernels.wasm'] = { types: './dist/edge/kernels.wasm.d.ts', default: './dist/edge/kernels.wasm' };
  exports['./kernels.fast.wasm'] = { types: './dist/edge/kernels.wasm.d.ts', default: './dist/edge/kernels.fast.wasm' };
  // For servers whose pages' policy allows workers from files only, behind bundlers that leave the file behind: docs/package.md.
  const worker = './dist/src/threads/worker';
  exports['./worker'] = { types: `${worker}.d.ts`, deno: `${worker}.js`, bun: `${worker}.js`, default: './dist/web/worker.js' };
  exports['./package.json'] = './package.json';
  return exports;
}

export const jsrExports = (entries) => Object.fromEntries([...entries].map(([name, source]) => [subpath(name), `./src/${source}.ts`]));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = await entries();
  for (const [file, exports] of [
    ['package.json', packageExports(all)],
    ['jsr.json', jsrExports(all)],
  ]) {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'));
    writeFileSync(join(root, file), `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`);
  }
}
