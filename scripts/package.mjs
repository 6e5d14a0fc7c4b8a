// The forms of the library that need no resolution of packages: dist/node (two files to read, quick to start), dist/web (kernels
// inline; a plain <script type="module"> can import it) and dist/edge (kernels as a .wasm file, for hosts that forbid compiling
// from bytes).
// Entries share chunks, so that `lethe` and `lethe/als` are one library in memory.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';
import { entries } from './exports.mjs';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const dist = (...path) => join(root, 'dist', ...path);

/**
 * Swaps src/wasm/embedded.ts (and its fast twin) for the form that imports the .wasm file, which is left to the host.
 * @param of which kernels stand in for those of `embedded.ts`.
 */
export const edgeKernels = (of = '') => ({
  name: 'edge-kernels',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(wasm\/)?embedded(-fast)?\.js$/ }, ({ importer, path }) =>
      importer.startsWith(dist('src'))
        ? {
            path: join(root, 'scripts', `edge-${basename(path, '.js')}${basename(path) === 'embedded.js' ? of : ''}.mjs`),
            sideEffects: false,
          }
        : undefined,
    );
    onResolve({ filter: /^(\.\.\/)+build\/embedded(-fast|-serve)?\.js$/ }, ({ path }) => ({
      path: dist('build', basename(path)),
      sideEffects: false,
    }));
    onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, external: true }));
  },
});

/** Swaps the files of Node, Deno and Bun for a word on what to use instead; no `node:` module is left. */
const noFiles = {
  name: 'no-files',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/src\/(files\/node-files|threads\/node-workers|store\/sqlite)\.js$/ }, async ({ path }) => {
      const stands = (value) =>
        typeof value === 'function'
          ? 'refuse'
          : `{ ${Object.keys(value)
              .map((key) => `${key}: refuse`)
              .join(', ')} }`;
      const exported = Object.entries(await import(pathToFileURL(path).href));
      return {
        contents: `const refuse = async () => {
  throw new TypeError('this host has no files; pass a Blob, a Response, a stream or bytes to readDataset');
};
${exported.map(([name, value]) => `export const ${name} = ${stands(value)};`).join('\n')}`,
      };
    });
  },
};

/** Swaps a file of the library for a text. */
const swapped = (path, contents) => ({
  name: `swapped-${path}`,
  setup({ onLoad }) {
    const file = dist('src', ...`${path}.js`.split('/'));
    onLoad({ filter: new RegExp(`/${path}\\.js$`) }, ({ path: found }) => (found === file ? { contents } : undefined));
  },
});
/** Node starts workers from the text: a bundler would look for the file that a page needs. */
const noWorkerFile = swapped('threads/worker-file', 'export const workerFromFile = undefined;\n');
/** Edge hosts have no threads at all. */
const noThreads = swapped(
  'threads/workers',
  "export const startWorker = async () => {\n  throw new TypeError('this host has no worker threads');\n};\n",
);

/** lethe/serve has kernels of its own, and so is a library by itself: it shares no chunk with the others. */
const serveKernels = {
  name: 'serve-kernels',
  setup({ onResolve }) {
    onResolve({ filter: /build\/embedded\.js$/ }, () => ({ path: dist('build', 'embedded-serve.js'), sideEffects: false }));
  },
};
/** An entry that is whole in one file of its own, in every form. */
const APART = new Set(['serve']);

/** What both forms, and the size budget, are built with. */
export const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  plugins: [noFiles],
  legalComments: 'none',
  logLevel: 'warning',
};

const MARK = '/* @__PURE__ */';
const STAND_IN = 'lethePureCall_';
/**
 * The same text without the layout of the sources, which costs everybody bytes; names stay, for stack traces. esbuild takes
 * the marks of purity out with the white space, so each stands in the name of what is called meanwhile.
 */
export async function squeezed(text) {
  if (text.includes(STAND_IN)) throw new Error(`a source uses the name ${STAND_IN}`);
  const marked = text.replaceAll(/\/\* @__PURE__ \*\/ (new )?(?=[\w$])/g, (_, made = '') => made + STAND_IN);
  if (marked.includes(MARK)) throw new Error('a mark of purity stands before what has no name: call a function by name');
  const { code } = await transform(marked, { minifyWhitespace: true, format: 'esm', target: common.target, legalComments: 'none' });
  // Packages that only some formats need are found by a name that is not in the text: bundlers shall not look for them.
  const unseen = code.replaceAll(/\bimport\((?=[\w$])/g, 'import(/*webpackIgnore: true*//*@vite-ignore*/');
  return unseen.replaceAll(new RegExp(`(\\bnew )?\\b${STAND_IN}`, 'g'), (_, made = '') => `/*@__PURE__*/${made}`);
}

/** Builds into files, squeezed. */
async function emit(options) {
  const { outputFiles } = await build({ ...options, write: false });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await squeezed(text));
  }
}

async function form(name, options) {
  rmSync(dist(name), { recursive: true, force: true });
  const shared = [...(await entries())].filter(([entry]) => !APART.has(entry));
  const entryPoints = Object.fromEntries(shared.map(([entry, source]) => [entry, dist('src', `${source}.js`)]));
  await emit({ ...common, entryPoints, outdir: dist(name), splitting: true, chunkNames: 'chunk-[hash]', ...options });
  // esbuild orders the side effects of chunks by imports without names; there are none, and bundlers warn of such lines.
  for (const file of readdirSync(dist(name))) {
    const text = readFileSync(dist(name, file), 'utf8');
    writeFileSync(dist(name, file), text.replace(/(^|;)import"\.\/chunk-\w+\.js"(?=;)/gm, ''));
  }
}

/** Node's own decoder instead of ours, which takes milliseconds in code that has just been loaded. */
const nodeKernels = (whole = 'kernels.wasm') => ({
  name: 'node-kernels',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/(wasm\/)?embedded(-fast)?\.js$/ }, ({ path }) => ({
      path: basename(path),
      namespace: 'kernels',
      sideEffects: false,
    }));
    onLoad({ filter: /./, namespace: 'kernels' }, async ({ path }) => {
      const { kernelsDigest } = await import(pathToFileURL(dist('build', path)).href);
      const bytes = readFileSync(join(root, 'build', path === 'embedded.js' ? whole : 'kernels.fast.wasm'));
      return {
        contents: `export const embeddedDigest = '${kernelsDigest}';
export const embeddedBytes = () => new Uint8Array(Buffer.from('${bytes.toString('base64')}', 'base64'));
export const embeddedModule = () => new WebAssembly.Module(embeddedBytes());
`,
      };
    });
  },
});

/**
 * dist/node: the whole library in one file, and beside it for each entry a file that names what it takes from there. Node
 * looks up and reads each file that is imported, and a hundred of them take longer than all that a first answer needs.
 */
async function nodeForm() {
  const options = { ...common, platform: 'node', plugins: [nodeKernels(), noWorkerFile] };
  const named = new Map();
  rmSync(dist('node'), { recursive: true, force: true });
  const whole = [];
  for (const [entry, source] of await entries()) {
    if (entry === 'fast' || APART.has(entry)) continue;
    const names = Object.keys(await import(pathToFileURL(dist('src', `${source}.js`)).href));
    const alias = (name) => `${entry.replace(/\W/g, '_')}$${name}`;
    whole.push(`export { ${names.map((name) => `${name} as ${alias(name)}`).join(', ')} } from './${source}.js';`);
    named.set(entry, `export { ${names.map((name) => `${alias(name)} as ${name}`).join(', ')} } from './lethe.js';\n`);
  }
  await emit({ ...options, stdin: { contents: whole.join('\n'), resolveDir: dist('src') }, outfile: dist('node', 'lethe.js') });
  for (const [entry, text] of named) writeFileSync(dist('node', `${entry}.js`), text);
  // By themselves: who does not ask for the fast kernels does not read them.
  await emit({ ...options, entryPoints: { fast: dist('src', 'fast.js') }, outdir: dist('node') });
  await emit({
    ...options,
    plugins: [nodeKernels('kernels.serve.wasm'), noWorkerFile],
    entryPoints: { serve: dist('src', 'serve.js') },
    outdir: dist('node'),
  });
}

export async function buildForms() {
  await nodeForm();
  await form('web', {});
  const serve = { ...common, entryPoints: { serve: dist('src', 'serve.js') } };
  await emit({ ...serve, plugins: [noFiles, noThreads, serveKernels], outdir: dist('web') });
  // Whole in one file, so that it works wherever a bundler or a server puts it.
  await emit({ ...common, entryPoints: [dist('src', 'threads', 'worker.js')], outfile: dist('web', 'worker.js') });
  await form('edge', { plugins: [noFiles, edgeKernels(), noThreads] });
  await emit({ ...serve, plugins: [noFiles, serveKernels, edgeKernels('-serve'), noThreads], outdir: dist('edge') });
  for (const file of ['kernels.wasm', 'kernels.fast.wasm', 'kernels.serve.wasm'])
    copyFileSync(join(root, 'build', file), dist('edge', file));
  writeFileSync(dist('edge', 'kernels.wasm.d.ts'), 'declare const kernels: WebAssembly.Module;\nexport default kernels;\n');
  // The compiler does not copy declarations that it was given.
  mkdirSync(dist('build'), { recursive: true });
  copyFileSync(join(root, 'build', 'kernels.d.ts'), dist('build', 'kernels.d.ts'));
}
