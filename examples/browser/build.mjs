// Makes one page of everything here and the library: `node examples/browser/build.mjs`, then open
// examples/browser/dist/lethe.html from the disk. Needs `npm run build` once before.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = dirname(fileURLToPath(import.meta.url));
const bundle = async (file, define = {}) => {
  const { outputFiles } = await build({
    entryPoints: [join(folder, file)],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    conditions: ['browser'],
    minify: true,
    write: false,
    define,
  });
  return outputFiles[0].text;
};

/** @returns the page's path. */
export async function buildPage() {
  const worker = await bundle('worker.mjs');
  // A closing tag inside the script would end it.
  const script = (await bundle('page.mjs', { WORKER: JSON.stringify(worker) })).replaceAll('</script', '<\\/script');
  const page = readFileSync(join(folder, 'index.html'), 'utf8')
    .replace('/* style.css */', () => readFileSync(join(folder, 'style.css'), 'utf8'))
    .replace('/* page.mjs */', () => script);
  mkdirSync(join(folder, 'dist'), { recursive: true });
  const path = join(folder, 'dist', 'lethe.html');
  writeFileSync(path, page);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildPage());
