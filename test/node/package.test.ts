// The package as users get it: its entries follow the registries, its files are what they need, its sizes stay in budget.
// Building and running it through bundlers takes longer: `npm run test:package`.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VERSION } from '../../src/base/version.ts';
import { MODELS } from '../../src/models/index.ts';
import { UNLEARNERS } from '../../src/unlearn/index.ts';

const test = suite('package');

const script = (name: string): Promise<any> => import(pathToFileURL(`scripts/${name}`).href);
const json = (path: string): any => JSON.parse(readFileSync(path, 'utf8'));
const manifest = json('package.json');
const REMEDY = 'the registries changed: run `node scripts/exports.mjs`';

test('every model and every method has its subpath, in npm and in JSR', async () => {
  const { entries, packageExports, jsrExports } = await script('exports.mjs');
  const all = await entries();
  for (const name of [...Object.keys(MODELS), ...Object.keys(UNLEARNERS)]) {
    assert.ok(manifest.exports[`./${name}`], `no subpath ./${name}; ${REMEDY}`);
  }
  assert.equal(manifest.exports, packageExports(all), REMEDY);
  assert.equal(json('jsr.json').exports, jsrExports(all), REMEDY);
  assert.is(JSON.stringify(manifest.exports), JSON.stringify(packageExports(all)), 'the order of conditions matters: first match wins');
});

test('JSR gets every generated file that the sources import', () => {
  const imported = new Set(
    readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(`src/${name}`, 'utf8').matchAll(/from '(?:\.\.\/)+(build\/[^']+)'/g)].map((found) => found[1])),
  );
  const { include, exclude } = json('jsr.json').publish;
  assert.ok(imported.size >= 3);
  for (const file of imported) assert.ok(include.includes(file) && exclude.includes(`!${file}`), `${file} is not published`);
});

test('an entry that is missing would be seen', async () => {
  const { packageExports } = await script('exports.mjs');
  const grown = packageExports(
    new Map([['index', 'index'], ...[...Object.keys(MODELS), 'newcomer'].map((name): [string, string] => [name, `models/${name}`])]),
  );
  assert.not.equal(manifest.exports, grown);
  assert.is(grown['./newcomer'].types, './dist/src/models/newcomer.d.ts');
});

test('each kind gives its subpath one export of its name', async () => {
  for (const [folder, registry] of Object.entries({ models: MODELS, unlearn: UNLEARNERS })) {
    for (const [name, entry] of Object.entries(registry)) {
      const exported = Object.values(await import(`../../src/${folder}/${name}.js`));
      assert.ok(exported.includes(entry), `src/${folder}/${name}.ts does not export the registry's entry`);
    }
  }
});

test('one version everywhere', () => {
  assert.is(manifest.version, VERSION);
  assert.is(json('jsr.json').version, VERSION);
});

test('the package holds what users need and nothing else', () => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const files = (packed[0].files as { path: string }[]).map(({ path }) => path);
  const own = /^(package\.json|LICENSE|(README|CHANGELOG|SECURITY)\.md|docs\/[\w-]+\.(md|svg))$/;
  const built = /^dist\/(src|build|node|web|edge)\/[\w./-]+\.(js|d\.ts)$|^dist\/edge\/kernels(\.fast|\.serve)?\.wasm$/;
  // What `--on` ships to Spark.
  const spark = /^spark\/lethe_spark\/(\w+\.py|(kernels|ids)\.wasm|contract\.json)$/;
  assert.equal(
    files.filter((path) => ![own, built, spark].some((kind) => kind.test(path))),
    [],
  );
  for (const name of ['__main__.py', 'kernels.wasm', 'ids.wasm', 'contract.json'])
    assert.ok(files.includes(`spark/lethe_spark/${name}`), `${name} is not packed`);
  const targets = Object.values(manifest.exports as Record<string, string | Record<string, string>>).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  for (const target of [...targets, manifest.types, ...(existsSync('src/cli/main.ts') ? [manifest.bin.lethe] : [])]) {
    const path = target.replace('./', '');
    assert.ok(existsSync(path) && files.includes(path), `${path} is named in package.json but not packed`);
  }
});

test('the web form imports nothing by name, so a plain script can load it', () => {
  for (const name of ['index', ...Object.keys(MODELS)]) {
    const text = readFileSync(`dist/web/${name}.js`, 'utf8');
    assert.equal(
      [...text.matchAll(/^(?:import|export)\b[^'"\n]*from\s*"([^".][^"]*)"/gm)].map((found) => found[1]),
      [],
    );
  }
});

test('nobody carries the fast kernels but who imports lethe/fast', () => {
  /** What an entry brings along, chunks included. */
  const brought = (folder: string, entry: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(entry)) return seen;
    seen.add(entry);
    const text = readFileSync(`${folder}/${entry}`, 'utf8');
    for (const [, name] of text.matchAll(/(?:from\s*|import\s*\(?\s*)["']\.\/([^"']+\.js)["']/g)) brought(folder, name, seen);
    return seen;
  };
  const digestOf = (file: string): string => readFileSync(`dist/build/${file}.js`, 'utf8').match(/kernelsDigest = '([0-9a-f]{64})'/)![1];
  const carries = (folder: string, entry: string, digest: string): boolean =>
    [...brought(folder, entry)].some((file) => readFileSync(`${folder}/${file}`, 'utf8').includes(digest));
  for (const folder of ['dist/web', 'dist/edge']) {
    for (const entry of ['index', ...Object.keys(MODELS), ...Object.keys(UNLEARNERS)])
      assert.not(carries(folder, `${entry}.js`, digestOf('embedded-fast')), `${folder}/${entry}.js`);
    assert.ok(carries(folder, 'fast.js', digestOf('embedded-fast')), 'the check sees it');
    assert.not(carries(folder, 'fast.js', digestOf('embedded')), 'nor the other way round');
  }
  const importers = readdirSync('dist/src', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.js') && /from '[^']*\/embedded-fast\.js'/.test(readFileSync(`dist/src/${name}`, 'utf8')),
  );
  assert.equal(importers.sort(), ['fast.js', 'wasm/embedded-fast.js']);
});

const KB = 1024;
const gzipped = (bytes: Uint8Array | string): number => gzipSync(bytes, { level: 9 }).length;

test('sizes: kernels at most 32 KB, lethe/als with kernels inline at most 54 KB minified, both gzipped', async () => {
  const kernels = gzipped(readFileSync('build/kernels.wasm'));
  assert.ok(kernels <= 32 * KB, `kernels take ${kernels} bytes gzipped`);
  const { common } = await script('package.mjs');
  const { build } = await import('esbuild');
  const { outputFiles } = await build({ ...common, entryPoints: ['dist/src/models/als.js'], minify: true, write: false });
  const als = gzipped(outputFiles![0].contents);
  assert.ok(als > kernels, 'the kernels are inside');
  assert.ok(als <= 54 * KB, `lethe/als takes ${als} bytes minified and gzipped`);
});

test.run();
