// The graph of ES modules behind some entries, with bare specifiers made relative: what a browser, a module worker or
// workerd needs in order to run the very files that Node runs, without a bundler and without an import map.
import { readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './tools.mjs';

/** An entry path in the module graph that exists only there. */
export const ENTRY = 'scripts/runtimes/entry.mjs';

/** For hosts that compile no bytes: the stand-ins for the embedded kernels, and the files that these import. */
export const edgeForms = Object.fromEntries(
  ['embedded', 'embedded-fast'].map((name) => [
    `dist/src/wasm/${name}.js`,
    readFileSync(join(root, 'scripts', `edge-${name}.mjs`), 'utf8'),
  ]),
);
export const EDGE_KERNELS = ['kernels.wasm', 'kernels.fast.wasm'];

/** The suite whose stages are compared; another may stand in for it. */
export const GOLDEN = 'dist/test/golden/golden.js';

/** Text of the module that hosts without a file system start from. */
export const entryText = (files, suite = GOLDEN) => `import { runPortable } from './portable.mjs';
import * as golden from '../../${suite}';
const files = [${files.map((name) => `\n  { name: '${name}', load: () => import('../../${name}') },`).join('')}
];
export const run = () => runPortable(files, golden);
`;

// Static and literal dynamic imports as the compiler writes them: one statement, one specifier in quotes.
const SPECIFIER = /^((?:import|export)\b[^'"`;()]*?\bfrom\s*|import\s*)(['"])([^'"\n]+)\2|(\bimport\(\s*)(['"])([^'"\n]+)\5/gm;

/** Files that are imported when a host with files calls for them, and import from it themselves. */
const HOST_ONLY = new Set(['dist/src/files/whole-files.js']);

/**
 * @param entries paths from the project's root.
 * @param replaced path → text for modules that do not come from their file.
 * @returns path → source text.
 * @throws Error when a portable module imports statically from the host (`node:`).
 */
export function link(entries, replaced = {}) {
  const modules = new Map();
  const visit = (path) => {
    if (modules.has(path)) return;
    modules.set(path, '');
    const source = replaced[path] ?? readFileSync(join(root, path), 'utf8');
    const text = source.replace(SPECIFIER, (whole, head, quote, specifier, dynamicHead, dynamicQuote, dynamicSpecifier) => {
      const name = specifier ?? dynamicSpecifier;
      if (/^(node|cloudflare):/.test(name)) {
        if (specifier) throw new Error(`${path} imports ${name}: not portable`);
        return whole;
      }
      if (/\.(wasm\?module|bin)$/.test(name)) return whole;
      const target = resolve(path, name);
      // Reached only where there are files, and never called where these modules go.
      if (dynamicSpecifier && HOST_ONLY.has(target)) return whole;
      visit(target);
      let way = posix.relative(posix.dirname(path), target);
      if (!way.startsWith('.')) way = `./${way}`;
      return `${head ?? dynamicHead}${quote ?? dynamicQuote}${way}${quote ?? dynamicQuote}`;
    });
    modules.set(path, text);
  };
  entries.forEach(visit);
  return modules;
}

function resolve(from, specifier) {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  return relative(root, fileURLToPath(import.meta.resolve(specifier)))
    .split(sep)
    .join('/');
}
