// The peers, installed at pinned versions into a throw-away folder: nothing of them is a dependency of the project.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PYTHON_PACKAGES = ['numpy==2.4.6', 'scipy==1.17.1', 'implicit==0.7.3', 'torch==2.15.0'] as const;
export const NPM_PACKAGES = [
  '@tensorflow/tfjs-core@4.22.0',
  '@tensorflow/tfjs-backend-wasm@4.22.0',
  'onnxruntime-web@1.30.0',
  'ml-matrix@6.15.1',
] as const;

/** A side's command, or why there is none. */
export type Found = { readonly command: string; readonly packages: readonly string[] } | { readonly missing: string };

const call = (command: string, args: readonly string[], cwd?: string): { readonly ok: boolean; readonly text: string } => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  return { ok: status === 0, text: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
};
const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';

/** A Python 3 of ours with what could be installed; a package that could not is named with its rows. */
export function findPython(folder: string, say: (text: string) => void, asked: readonly string[] = PYTHON_PACKAGES): Found {
  const home = join(folder, 'venv');
  const command = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const log = join(folder, 'python.json');
  const system = ['python3', 'python'].find((name) => call(name, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))']).ok);
  if (!system && !existsSync(command)) return { missing: 'no Python >= 3.10 with venv on this machine' };
  const wanted = JSON.stringify(asked);
  const known = existsSync(log) ? (JSON.parse(readFileSync(log, 'utf8')) as { wanted: string; packages: string[] }) : undefined;
  if (known?.wanted === wanted && existsSync(command)) return { command, packages: known.packages };
  mkdirSync(folder, { recursive: true });
  say('making a Python environment');
  if (!existsSync(command)) {
    const made = call(system!, ['-m', 'venv', home]);
    if (!made.ok) return { missing: `no virtual environment could be made: ${lastLine(made.text)}` };
  }
  // One by one: where one cannot be had, the others still run.
  const packages = asked.filter((name) => {
    say(`installing ${name}`);
    const { ok, text } = call(command, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', name]);
    if (!ok) say(`${name} could not be installed: ${lastLine(text)}`);
    return ok;
  });
  writeFileSync(log, JSON.stringify({ wanted, packages }));
  return { command, packages };
}

/** The JavaScript peers' folder, which the Node that runs this serves them from. */
export function findJavaScript(folder: string, node: string, say: (text: string) => void): Found {
  const home = join(folder, 'npm');
  const log = join(home, 'installed.json');
  const wanted = JSON.stringify(NPM_PACKAGES);
  if (!existsSync(log) || (JSON.parse(readFileSync(log, 'utf8')) as { wanted: string }).wanted !== wanted) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{"private":true}\n');
    const packages = NPM_PACKAGES.filter((name) => {
      say(`installing ${name}`);
      const { ok, text } = call(
        process.platform === 'win32' ? 'npm.cmd' : 'npm',
        ['install', '--no-fund', '--no-audit', '--no-package-lock', '--ignore-scripts', '--legacy-peer-deps', '--loglevel=error', name],
        home,
      );
      if (!ok) say(`${name} could not be installed: ${lastLine(text)}`);
      return ok;
    });
    writeFileSync(log, JSON.stringify({ wanted, packages }));
  }
  return { command: node, packages: (JSON.parse(readFileSync(log, 'utf8')) as { packages: string[] }).packages };
}
