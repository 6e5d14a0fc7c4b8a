// `--on`: hands a command over to Spark, and brings its report back. The work is done by the Python package in spark/, which runs
// the same kernels; this finds a Python that can, tells it what to do as one JSON text, and shows what it says.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DataError } from '../base/errors.ts';
import { DatasetBuilder } from '../data/builder.ts';
import { parseLikes } from '../data/likes.ts';
import type { Format } from '../formats/format.ts';
import { delimiterNamed } from '../formats/layout.ts';
import { FORMATS } from '../formats/readers/index.ts';
import { firstLines } from '../formats/text.ts';
import type { Context } from './command.ts';
import { columnsOf } from './data.ts';
import type { Flag } from './flags.ts';
import { linesIn } from './lists.ts';
import { UsageError } from './usage.ts';

const ADDRESS = /^(local(-cluster)?(\[.*\])?|(spark|sc|k8s):\/\/.+|yarn)$/;
const IS_URL = /^[a-z][a-z0-9+.-]+:\/\//i;

export const ON_FLAG: Flag = {
  name: 'on',
  takes: 'ADDRESS',
  doc: 'Train on Spark, to the same bytes: local[N], spark://HOST:PORT, yarn, k8s://… or, by Spark Connect, sc://HOST:PORT (als).',
};

export const SPARK_FLAGS: readonly Flag[] = [
  { name: 'blocks', takes: 'N', doc: 'With --on an address: blocks of users and of items; default: as many as tasks run at once.' },
  {
    name: 'spark-conf',
    takes: 'NAME=VALUE',
    many: true,
    doc: 'With --on an address: a setting of Spark, such as spark.executor.memory=4g.',
  },
];

/** Whether a value of `--on` names a place where Spark is. */
export const isAddress = (text: string | undefined): text is string => text !== undefined && ADDRESS.test(text);

/** @throws UsageError for what is no address. */
export function addressOf(text: string): string {
  if (isAddress(text)) return text;
  throw new UsageError(`--on expected local[N], spark://HOST:PORT, yarn, k8s://… or sc://HOST:PORT, got ${JSON.stringify(text)}`);
}

/** Where the Python package lies: beside the built library, in a checkout as in the npm package. */
const PACKAGE = fileURLToPath(new URL('../../../spark', import.meta.url));

const PROBE = `import json, sys
found = {"python": "%d.%d" % sys.version_info[:2]}
for name in ("pyspark", "wasmtime", "pyarrow", "pandas"):
    try:
        module = __import__(name)
        found[name] = getattr(module, "__version__", "0")
    except ImportError:
        found[name] = None
print(json.dumps(found))`;

/** A Python that has what it takes. @throws Error: one sentence that says what to install. */
function pythonFor(address: string): string {
  const asked = process.env.LETHE_PYTHON ?? process.env.PYSPARK_PYTHON;
  const names = asked ? [asked] : ['python3', 'python'];
  const probes = names.map((name) => [name, spawnSync(name, ['-c', PROBE], { encoding: 'utf8' })] as const);
  const there = probes.find(([, { status }]) => status === 0);
  if (!there)
    throw new Error(`--on needs Python 3.10 or newer, and ${names.join(' and ')} cannot be run: install it, or name one in LETHE_PYTHON`);
  const [python, { stdout }] = there;
  const found = JSON.parse(stdout) as Record<string, string | null>;
  const [major, minor] = String(found.python).split('.').map(Number);
  if (major < 3 || minor < 10)
    throw new Error(`--on needs Python 3.10 or newer, and ${python} is ${found.python}: name another in LETHE_PYTHON`);
  const missing = ['pyspark', 'wasmtime', 'pyarrow', 'pandas'].filter((name) => found[name] === null);
  if (missing.length > 0)
    throw new Error(
      `--on needs the Python ${missing.length === 1 ? 'package' : 'packages'} ${missing.join(', ')}: run ${python} -m pip install ` +
        `'pyspark>=4' wasmtime pyarrow 'pandas<3', or name another Python in LETHE_PYTHON`,
    );
  if (Number(found.pyspark!.split('.')[0]) < 4)
    throw new Error(`--on needs pyspark 4 or newer, and ${python} has ${found.pyspark}: run ${python} -m pip install --upgrade pyspark`);
  if (!address.startsWith('sc://')) requireJava();
  return python;
}

function requireJava(): void {
  const home = process.env.JAVA_HOME;
  const java = home ? join(home, 'bin', 'java') : 'java';
  const { status, stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  if (status === 0 && version >= 17) return;
  const found = status === 0 ? `${java} is ${version}` : `${java} cannot be run`;
  throw new Error(
    `--on needs Java 17 or newer, and ${found}: install it (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME`,
  );
}

/** What is asked of Spark, beside where and on which data. */
export type Job = Readonly<Record<string, unknown>> & { readonly command: string };

/**
 * Runs a job and returns its report.
 * @throws Error with the job's own message; the signal's reason.
 */
export async function runOnSpark(context: Context, address: string, path: string, job: Job): Promise<Record<string, unknown>> {
  const { args, terminal, signal } = context;
  const python = pythonFor(address);
  const blocks = args.integer('blocks', 0, { min: 1 });
  const key = args.text('fingerprint-key');
  if (key !== undefined && !key.startsWith('@')) throw new UsageError('--fingerprint-key expected @FILE, a file that holds the secret');
  const whole = {
    on: address,
    conf: confOf(args.all('spark-conf')),
    notes: !args.on('quiet'),
    ...(blocks > 0 && { blocks }),
    data: IS_URL.test(path) ? path : resolve(path),
    read: await layoutFor(context, path),
    ...(key !== undefined && { key: (await linesIn(key.slice(1)))[0] }),
    ...job,
  };
  const child = spawn(python, ['-m', 'lethe_spark'], {
    env: { ...process.env, PYTHONPATH: [PACKAGE, process.env.PYTHONPATH].filter(Boolean).join(':'), PYTHONWARNINGS: 'ignore' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Not on the command line, where every process sees it; a Python that has ended already has said why.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(whole));
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  process.once('exit', stop);
  try {
    return await reportOf(child, (note) => terminal.note(`spark: ${note}`));
  } finally {
    signal.removeEventListener('abort', stop);
    process.removeListener('exit', stop);
  }
}

/** Notes go to the terminal as they come; the last word is the result. What Spark writes beside it is told where there is none. */
async function reportOf(child: ChildProcess, note: (text: string) => void): Promise<Record<string, unknown>> {
  let result: Record<string, unknown> | undefined;
  const last: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    last.push(line);
    if (last.length > 20) last.shift();
  });
  const lines = createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.startsWith('lethe-note:')) note(line.slice('lethe-note:'.length));
    if (line.startsWith('lethe-result:')) result = JSON.parse(line.slice('lethe-result:'.length)) as Record<string, unknown>;
  });
  const [status] = await Promise.all([
    new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail)),
    new Promise((done) => lines.on('close', done)),
  ]);
  if (result && typeof result.error === 'string') throw new Error(result.error);
  if (result && status === 0) return result;
  const said = last.filter((line) => /error|exception/i.test(line)).at(-1) ?? last.at(-1) ?? 'it said nothing';
  throw new Error(`Spark ended with ${status ?? 'a signal'} and no result: ${said.trim()}`);
}

function confOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw new UsageError(`--spark-conf expected NAME=VALUE, got ${JSON.stringify(pair)}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** How Spark shall read DATA: by the layout that the library's own readers find in its first lines. */
async function layoutFor({ args }: Context, path: string): Promise<Record<string, unknown>> {
  const columns = Object.fromEntries(
    Object.entries((await columnsOf(args.text('columns'))) ?? {}).map(([role, name]) => [role, String(name)]),
  );
  if (IS_URL.test(path) || /\.parquet$/i.test(path) || (existsSync(path) && statSync(path).isDirectory()))
    return { format: 'parquet', columns };
  if (path === '-') throw new UsageError('--on reads files: executors have no standard input');
  const head = await headOf(path);
  const lines = firstLines(head);
  const asked = args.oneOf('format', Object.keys(FORMATS) as (keyof typeof FORMATS)[]);
  const name = basename(path).replace(/\.gz$/i, '').toLowerCase();
  const said = { columns, delimiter: args.text('delimiter'), header: args.oneOf('header', ['yes', 'no'] as const) };
  const formats: readonly Format[] = Object.values(FORMATS);
  const format = asked ? FORMATS[asked] : formats.find((each) => each.detect(name, lines, head));
  const isTable = format?.takes.some((each) => each === 'delimiter');
  const table = format && isTable ? format : FORMATS.csv;
  if (format && !isTable)
    throw new DataError(`--on reads tables and Parquet; this is ${format.name}: write it as CSV first`, { source: path });
  const likes = args.text('likes');
  const layout = await table.read({
    source: path,
    head,
    chunks: (async function* () {
      yield new TextEncoder().encode(`${lines.join('\n')}\n`);
    })(),
    pause: async () => undefined,
    said: {
      columns: said.columns,
      ...(said.delimiter !== undefined && { delimiter: delimiterNamed(said.delimiter) }),
      ...(said.header && { header: said.header === 'yes' }),
      ...(likes !== undefined && { likes: parseLikes(likes) }),
    },
    builder: new DatasetBuilder(),
    note: () => {},
  });
  if (!layout) throw new DataError('expected interactions, found none', { source: path });
  const at = Object.entries(layout.at).filter(([, column]) => column >= 0);
  return {
    format: 'csv',
    delimiter: layout.delimiter,
    header: layout.names !== undefined,
    quotes: table.name !== 'movielens' && table.name !== 'inter',
    likes: likes !== undefined && layout.at.like >= 0 ? parseLikes(likes).column : null,
    columns: Object.fromEntries(at.map(([role, column]) => [role, column + 1])),
  };
}

/** The first bytes of a file, as they are or unpacked. */
async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw Object.assign(new Error(`${path}: ${error.code === 'ENOENT' ? 'no such file or folder' : error.message}`), { cause: error });
  });
  try {
    const bytes = new Uint8Array(1 << 16);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const head = bytes.subarray(0, bytesRead);
    if (!/\.gz$/i.test(path)) return head;
    // A part of a compressed file: what can be unpacked is enough.
    return gunzipSync(head, { finishFlush: 2 });
  } finally {
    await file.close();
  }
}

/** `--out` of a model: a folder of shards where its name ends in / or it is one, or an address; else one file. */
export function outOf(path: string): Record<string, unknown> {
  const shards = IS_URL.test(path) || path.endsWith('/') || (existsSync(path) && statSync(path).isDirectory());
  return { path: IS_URL.test(path) ? path : resolve(path), shards };
}

/** A path from where the command runs; an address as it is. */
export const placeOf = (path: string): string => (IS_URL.test(path) ? path : resolve(path));
