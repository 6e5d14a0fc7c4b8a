// A page whose policy allows workers from files only, behind a bundler that leaves the file behind: what docs/package.md says.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { serve } from '../runtimes/browsers.mjs';
import { check, same } from '../runtimes/checks.mjs';

const PAGE = '<!doctype html><meta charset="utf-8"><title>team</title><script type="module" src="./page.js"></script>';
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src";
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** @param consumer a folder in which the package is installed. @param browser a launched one. */
export async function checkWorkerFile(consumer, browser) {
  const outfile = join(consumer, 'out-team', 'page.js');
  writeFileSync(
    join(consumer, 'team.mjs'),
    `import { withTeam } from 'lethe';
globalThis.letheResult = await withTeam(2, (team) => String(team.threads)).catch((error) => \`error: \${error}\`);
`,
  );
  await build({ absWorkingDir: consumer, entryPoints: ['team.mjs'], bundle: true, format: 'esm', outfile, logLevel: 'silent' });
  const bundle = new Map([
    ['index.html', PAGE],
    ['page.js', readFileSync(outfile)],
  ]);
  const file = readFileSync(createRequire(join(consumer, 'team.mjs')).resolve('lethe/worker'));
  const cases = [
    ['no file, worker-src blob:', 'blob:', bundle, '2'],
    ["no file, worker-src 'self': one thread", "'self'", bundle, '1'],
    ["lethe/worker beside the bundle, worker-src 'self'", "'self'", new Map(bundle).set('worker.js', file), '2'],
  ];
  for (const [name, source, contents, threads] of cases) {
    await check(`threads by esbuild, ${name}`, async () => same(await threadsOf(contents, `${POLICY} ${source}`, browser), threads));
  }
}

async function threadsOf(contents, policy, browser) {
  const server = await serve(contents, { ...ISOLATED, 'content-security-policy': policy });
  const tab = await browser.newPage();
  try {
    await tab.goto(server.url);
    return await (await tab.waitForFunction('globalThis.letheResult', { timeout: 60_000, polling: 100 })).jsonValue();
  } finally {
    await tab.close();
    server.close();
  }
}
