// Packs the package, installs the tarball in a folder of its own, and uses it as users do: from the runtimes' command lines,
// from a plain script, through each bundler without a plugin, in a worker, from TypeScript; and asks the linters.
// Usage: node scripts/packaging/main.mjs [--install]     Ends with `N passed, N failed`.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build as esbuild } from 'esbuild';
import { chromium, firefox, launch, serve } from '../runtimes/browsers.mjs';
import { check, finish, same } from '../runtimes/checks.mjs';
import { call, debianThere } from '../runtimes/hosts.mjs';
import { command, install, installDebian, load, root } from '../runtimes/tools.mjs';
import { checkHosts, HOST_TOOLS } from './hosts.mjs';
import { checkStranger } from './stranger.mjs';
import { checkTypeScripts, TYPESCRIPTS } from './typescripts.mjs';
import { checkWorkerFile } from './worker-file.mjs';

const home = join(root, 'build', 'runtimes', 'consumer');
const at = (...path) => join(home, ...path);
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
/** Standard output of a command that must succeed. */
async function output(path, args, options = {}) {
  const { code, stdout, stderr } = await call(path, args, { cwd: home, ...options });
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

const missing = install(['deno', 'workerd', 'browsers', 'wrangler', 'edge-light', 'packaging', TYPESCRIPTS, ...HOST_TOOLS]);
for (const browser of [chromium, firefox]) {
  if (!debianThere(browser) && process.argv.includes('--install')) installDebian(browser.debian.packages);
  if (!debianThere(browser)) missing.push(browser.name);
}
if (missing.length > 0) finish(missing);

rmSync(home, { recursive: true, force: true });
for (const folder of ['app', 'hosts']) cpSync(join(root, 'scripts', 'packaging', folder), home, { recursive: true });
writeFileSync(at('package.json'), '{"private":true,"type":"module"}\n');
const [{ filename }] = JSON.parse(
  (await output('npm', ['pack', '--json', '--pack-destination', home], { cwd: root })).replace(/^[^[]*/, ''),
);
await output('npm', ['install', '--no-fund', '--no-audit', '--no-package-lock', '--loglevel=error', `./${filename}`]);

const line = await output(process.execPath, ['cli.mjs']);
await check('Node: the tarball works', () => same(/^[0-9a-f]{64} [0-9a-f]{64} [\d,]+$/.test(line), true));
await check('Deno, no permission given', async () => same(await output(command('deno'), ['run', '--no-prompt', 'cli.mjs']), line));
await check('Bun', async () => same(await output(command('bun'), ['cli.mjs']), line));
await check('Node: loadKernels with a module and with a response', async () =>
  same(await output(process.execPath, ['own-kernels.mjs']), line),
);
for (const [name, path, args] of [
  ['Deno', command('deno'), ['run', '--no-prompt']],
  ['Bun', command('bun'), []],
]) {
  await check(`${name}: lethe/fast, chosen by name`, async () => same(await output(path, [...args, 'fast-kernels.mjs']), 'fast true'));
}
await check('Node: lethe/fast, or a refusal where there is no relaxed SIMD', async () =>
  same(/^(fast true|default the fast kernels need relaxed SIMD)/.test(await output(process.execPath, ['fast-kernels.mjs'])), true),
);

await checkTypeScripts(home);
await checkStranger(home);

/** Everything below a folder, as the server wants it. */
const contentsOf = (folder) =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        relative(folder, join(entry.parentPath ?? entry.path, entry.name))
          .split(sep)
          .join('/'),
      )
      .map((path) => [path, readFileSync(join(folder, path))]),
  );
const pageWith = (script) => `<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="${script}"></script>`;

const browsers = { Chromium: await launch('chrome'), Firefox: await launch('firefox') };
/** What the page at index.html leaves behind. */
async function inBrowser(contents, csp = CSP, browser = browsers.Chromium) {
  const server = await serve(contents, { 'content-security-policy': csp });
  const tab = await browser.newPage();
  try {
    await tab.goto(server.url);
    return await (await tab.waitForFunction('globalThis.letheResult', { timeout: 60_000, polling: 100 })).jsonValue();
  } finally {
    await tab.close();
    server.close();
  }
}

// No bundler, no import map: the user's own modules name files of dist/web.
const plain = new Map([...contentsOf(at('node_modules', 'lethe', 'dist', 'web'))].map(([path, text]) => [`lethe/${path}`, text]));
plain.set('index.html', pageWith('./page.mjs'));
plain.set('page.mjs', readFileSync(at('page.mjs')));
plain.set(
  'story.mjs',
  readFileSync(at('story.mjs'), 'utf8')
    .replace(/'lethe\/([\w-]+)'/g, "'./lethe/$1.js'")
    .replace("'lethe'", "'./lethe/index.js'"),
);
for (const [name, browser] of Object.entries(browsers)) {
  await check(`plain <script type="module"> in ${name}`, async () => same(await inBrowser(plain, CSP, browser), line));
  await check(`${name} refuses without 'wasm-unsafe-eval'`, async () =>
    same((await inBrowser(plain, "script-src 'self'", browser)).startsWith('error: '), true),
  );
}

await check('esbuild', async () => {
  await esbuild({
    absWorkingDir: home,
    entryPoints: ['page.mjs'],
    bundle: true,
    format: 'esm',
    minify: true,
    outfile: at('out-esbuild', 'page.js'),
    logLevel: 'silent',
  });
  writeFileSync(at('out-esbuild', 'index.html'), pageWith('./page.js'));
  same(await inBrowser(contentsOf(at('out-esbuild'))), line);
});
await checkWorkerFile(home, browsers.Chromium);
await check('Vite', async () => {
  writeFileSync(at('index.html'), pageWith('./page.mjs'));
  const vite = await load('bundlers', 'vite');
  await vite.build({ root: home, configFile: false, logLevel: 'silent', build: { outDir: 'out-vite' } });
  same(await inBrowser(contentsOf(at('out-vite'))), line);
});
await check('webpack', async () => {
  const { default: webpack } = await load('bundlers', 'webpack');
  // Advice on sizes is off: the page takes the whole of lethe, and test/node/package.test.ts holds the budgets.
  const stats = await new Promise((done, stop) =>
    webpack(
      {
        context: home,
        mode: 'production',
        performance: false,
        entry: './page.mjs',
        output: { path: at('out-webpack'), filename: 'page.js' },
      },
      (error, result) => (error ? stop(error) : done(result)),
    ),
  );
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
  writeFileSync(at('out-webpack', 'index.html'), pageWith('./page.js'));
  same(await inBrowser(contentsOf(at('out-webpack'))), line);
});
await check('wrangler, and the result in workerd', async () => {
  writeFileSync(at('wrangler.json'), JSON.stringify({ name: 'app', main: 'worker.mjs', compatibility_date: '2026-01-01' }));
  await output(command('wrangler'), ['deploy', '--dry-run', '--outdir', 'out-wrangler'], {
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' },
  });
  const files = readdirSync(at('out-wrangler')).filter((name) => /\.(js|wasm)$/.test(name));
  const embed = (name) => `(name = "${name}", ${name.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "${name}")`;
  writeFileSync(
    at('out-wrangler', 'test.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "app", worker = (compatibilityDate = "2026-01-01", modules = [
  ${files
    .sort((a, b) => Number(b.endsWith('.js')) - Number(a.endsWith('.js')))
    .map(embed)
    .join(', ')}]))]);\n`,
  );
  const { stdout, stderr } = await call(command('workerd'), ['test', at('out-wrangler', 'test.capnp')]);
  same(stdout.match(/@@story (.*)/)?.[1] ?? stdout + stderr, line);
});
// As Vercel does: the condition, one script, and the .wasm file compiled outside, where compiling inside is forbidden.
await check('edge-light: a bundle in the edge runtime that Vercel publishes, compiling forbidden', async () => {
  let wasm;
  const hostCompiles = {
    name: 'host-compiles',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => ({
        path: (wasm = join(resolveDir, path.replace(/\?module$/, ''))),
        namespace: 'wasm',
      }));
      onLoad({ filter: /./, namespace: 'wasm' }, () => ({ contents: 'export default globalThis.kernelsOfTheHost' }));
    },
  };
  const {
    outputFiles: [{ text }],
  } = await esbuild({
    absWorkingDir: home,
    entryPoints: ['page.mjs'],
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['edge-light', 'browser'],
    plugins: [hostCompiles],
    logLevel: 'silent',
  });
  const { EdgeVM } = (await load('edge-light', '@edge-runtime/vm')).default;
  const inEdge = async (kernelsOfTheHost) => {
    const edge = new EdgeVM({
      codeGeneration: { strings: false, wasm: false },
      extend: (context) => Object.assign(context, { kernelsOfTheHost }),
    });
    edge.evaluate(text);
    while (!edge.context.letheResult) await new Promise((turn) => setTimeout(turn, 10));
    return edge.context.letheResult;
  };
  same(await inEdge(await WebAssembly.compile(readFileSync(wasm))), line);
  same(/gave no compiled module/.test(await inEdge(undefined)), true);
});
for (const browser of Object.values(browsers)) await browser.close();

await checkHosts(home, at(filename), line);

await check('publint', async () => {
  const text = await output(command('packaging', 'publint'), ['run', at('node_modules', 'lethe'), '--strict', '--pack', 'false']);
  same(/All good/.test(text) || text, true);
});
await check('attw', () => output(command('packaging', 'attw'), [at(filename), '--profile', 'esm-only', '--no-emoji']));
// Registry entries have inferred types on purpose: their options make the types of fit() and forget().
await check('JSR dry run', () => output(command('deno'), ['publish', '--dry-run', '--allow-dirty', '--allow-slow-types'], { cwd: root }));

finish();
