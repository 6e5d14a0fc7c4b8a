// The package where others build with it or run it for their tests: bundlers for Node, Next in both of its runtimes, Jest and
// Vitest with and without a page, a binary that Bun compiles, and `require`. Each is built and run, on two threads where it can.
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { check, same } from '../runtimes/checks.mjs';
import { call } from '../runtimes/hosts.mjs';
import { command, home, load, root } from '../runtimes/tools.mjs';
import { checkShaken } from './shaken.mjs';

export const HOST_TOOLS = ['next', 'node-bundlers', 'test-runners', 'bundlers', 'bun', 'node-20', 'node-22', 'node-24', 'node-newest'];

const here = (...path) => join(root, 'scripts', 'packaging', ...path);
const nodeOf = (version) => command(`node-${version}`, 'node');
const quiet = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '1' };

async function succeed(path, args, options) {
  const { code, stdout, stderr } = await call(path, args, options);
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

/** Puts a folder's files and the story beside an installed tool, and the package with them. @returns the folder. */
async function placed(tool, tarball, folder) {
  const project = home(tool);
  cpSync(here('hosts', folder), project, { recursive: true });
  cpSync(here('app', 'story.mjs'), join(project, 'story.mjs'));
  const flags = ['--no-save', '--no-fund', '--no-audit', '--no-package-lock', '--loglevel=error'];
  await succeed('npm', ['install', ...flags, tarball], { cwd: project });
  return project;
}

/**
 * @param consumer a folder in which the package is installed, with the files of app/ and hosts/.
 * @param tarball the package.
 * @param line what the story tells.
 */
export async function checkHosts(consumer, tarball, line) {
  const at = (...path) => join(consumer, ...path);
  for (const version of ['20', '22', '24', 'newest']) {
    await check(`require() from CommonJS, Node ${version}`, async () =>
      same(/^2 als \d+\.\d+\.\d+$/.test(await succeed(nodeOf(version), ['common.cjs'], { cwd: consumer })), true),
    );
  }

  await check('webpack for Node, with threads', async () => {
    const { default: webpack } = await load('bundlers', 'webpack');
    const stats = await new Promise((done, stop) =>
      webpack(
        {
          context: consumer,
          mode: 'production',
          target: 'node20',
          entry: './threads.mjs',
          experiments: { outputModule: true },
          output: { path: at('out-webpack-node'), filename: 'main.mjs', module: true },
        },
        (error, result) => (error ? stop(error) : done(result)),
      ),
    );
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
    same(await succeed(process.execPath, [at('out-webpack-node', 'main.mjs')]), `2 ${line}`);
  });
  await check('rollup for Node, with threads', async () => {
    const { rollup } = await load('node-bundlers', 'rollup');
    const { nodeResolve } = await load('node-bundlers', '@rollup/plugin-node-resolve');
    const bundle = await rollup({
      input: at('threads.mjs'),
      plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true })],
      external: /^node:/,
      onwarn: (warning) => {
        throw new Error(warning.message);
      },
    });
    await bundle.write({ dir: at('out-rollup'), format: 'es', entryFileNames: 'main.mjs', chunkFileNames: '[name].mjs' });
    same(await succeed(process.execPath, [at('out-rollup', 'main.mjs')]), `2 ${line}`);
  });
  await check('esbuild for Node, with threads', async () => {
    const { build } = await import('esbuild');
    await build({
      absWorkingDir: consumer,
      entryPoints: ['threads.mjs'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      minify: true,
      outfile: at('out-esbuild-node.mjs'),
      logLevel: 'silent',
    });
    same(await succeed(process.execPath, [at('out-esbuild-node.mjs')]), `2 ${line}`);
  });
  await check('bun build --compile, with threads', async () => {
    await succeed(command('bun'), ['build', '--compile', 'threads.mjs', '--outfile', 'out-bun'], { cwd: consumer });
    same(await succeed(at('out-bun'), [], { cwd: dirname(consumer) }), `2 ${line}`);
  });

  await checkShaken(consumer);
  await checkTestRunners(tarball, line);
  await checkNext(tarball, line);
}

async function checkTestRunners(tarball, line) {
  const folder = await placed('test-runners', tarball, 'tests');
  const told = async (page, path, args, env) => {
    const { stdout, stderr } = await call(path, args, { cwd: folder, env: { ...quiet, ...env } });
    same(/@@.*/.exec(stdout + stderr)?.[0] ?? stdout + stderr, `@@${page ? 'object' : 'undefined'} 2 ${line}`);
  };
  const jest = join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  for (const page of [false, true]) {
    const environment = page ? 'jsdom' : 'node';
    await check(`Jest, ${environment}`, () =>
      told(page, process.execPath, ['--experimental-vm-modules', jest, `--env=${environment}`, '--testMatch', '**/*.test.mjs']),
    );
    // jsdom wants a newer Node than the oldest that we serve.
    await check(`Vitest, ${environment}`, () =>
      told(page, nodeOf('newest'), [vitest, 'run', '--globals', '--environment', environment, 'story.test.mjs']),
    );
  }
}

async function checkNext(tarball, line) {
  const folder = await placed('next', tarball, 'next');
  const next = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next');
  for (const bundler of ['turbopack', 'webpack']) {
    await check(`Next by ${bundler}: built, and served by Node and by the edge runtime`, async () => {
      await succeed(process.execPath, [next, 'build', `--${bundler}`], { cwd: folder, env: quiet });
      const port = await freePort();
      const server = spawn(process.execPath, [next, 'start', '-p', String(port), '-H', '127.0.0.1'], { cwd: folder, env: quiet });
      try {
        const told = (route) => fetch(`http://127.0.0.1:${port}/${route}`).then((response) => response.text());
        await untilReady(server);
        same(await told('node'), `2 ${line}`);
        same(await told('edge'), line);
      } finally {
        server.kill();
      }
    });
  }
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

const untilReady = (server) =>
  new Promise((done, fail) => {
    let text = '';
    const see = (chunk) => {
      text += chunk;
      if (/Ready/.test(text)) done();
    };
    server.stdout.on('data', see);
    server.stderr.on('data', see);
    server.once('exit', () => fail(new Error(text)));
    setTimeout(() => fail(new Error(`not ready: ${text}`)), 60_000).unref();
  });
