// What bundlers leave of the package for somebody who takes one name from it: each must see the marks of purity.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build as esbuild } from 'esbuild';
import { check } from '../runtimes/checks.mjs';
import { load } from '../runtimes/tools.mjs';

/** Bytes, gzipped, that a name may take; a lost mark costs tens of thousands. */
const MOST = { VERSION: 1024, recommend: 4096 };

async function byWebpack({ consumer, name, entry }) {
  const { default: webpack } = await load('bundlers', 'webpack');
  const path = join(consumer, 'out-shaken');
  const options = { context: consumer, mode: 'production', target: 'web', entry, output: { path, filename: `${name}.js` } };
  const stats = await new Promise((done, stop) => webpack(options, (error, result) => (error ? stop(error) : done(result))));
  if (stats.hasErrors()) throw new Error(stats.toString());
  return readFile(join(path, `${name}.js`));
}

async function byRollup({ entry: input }) {
  const { rollup } = await load('node-bundlers', 'rollup');
  const { nodeResolve } = await load('node-bundlers', '@rollup/plugin-node-resolve');
  const bundle = await rollup({ input, plugins: [nodeResolve({ browser: true })] });
  const { output } = await bundle.generate({ format: 'es', inlineDynamicImports: true });
  return output[0].code;
}

async function byVite({ consumer, entry: input }) {
  const { build } = await load('bundlers', 'vite');
  const { output } = await build({
    configFile: false,
    root: consumer,
    logLevel: 'silent',
    build: { write: false, rollupOptions: { input } },
  });
  return output.map(({ code }) => code ?? '').join('\n');
}

async function byEsbuild({ entry }) {
  const { outputFiles } = await esbuild({ entryPoints: [entry], bundle: true, format: 'esm', minify: true, write: false });
  return outputFiles[0].contents;
}

/** @param consumer a folder in which the package is installed. */
export async function checkShaken(consumer) {
  mkdirSync(join(consumer, 'shaken'), { recursive: true });
  for (const [bundler, bundled] of Object.entries({ webpack: byWebpack, rollup: byRollup, Vite: byVite, esbuild: byEsbuild })) {
    for (const [name, most] of Object.entries(MOST)) {
      await check(`${bundler}: nobody who takes ${name} pays for more`, async () => {
        const entry = join(consumer, 'shaken', `${name}.mjs`);
        writeFileSync(entry, `import { ${name} } from 'lethe';\nconsole.log(${name});\n`);
        const bytes = gzipSync(await bundled({ consumer, name, entry })).length;
        if (bytes > most) throw new Error(`${bytes} bytes of ${most}`);
      });
    }
  }
}
