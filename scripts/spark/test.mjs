// Tests of the Python package for Spark (npm run test:spark). Uses a Python that has pyspark and wasmtime; with --install it makes one
// in a folder of the build, and takes Java from Debian where there is none. Without, it says that the tests are skipped.
// Usage: node scripts/spark/test.mjs [--install] [--long] [name of a test module or case]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const own = join(root, 'build', 'spark-python');
const flags = process.argv.slice(2);
const install = flags.includes('--install');
const named = flags.filter((flag) => !flag.startsWith('--'));
const QUICK = ['tests.test_pure', 'tests.test_spark', 'tests.test_cli'];
const LONG = [...QUICK, 'tests.test_long'];
const PACKAGES = ['pyspark[connect]>=4,<5', 'wasmtime', 'numpy', 'pyarrow', 'pandas<3'];

const run = (command, args, options = {}) => spawnSync(command, args, { encoding: 'utf8', ...options });
const has = (python) => run(python, ['-c', 'import pyspark, wasmtime, pyarrow, pandas, numpy']).status === 0;
const javaVersion = () => Number(/version "(\d+)/.exec(run('java', ['-version']).stderr ?? '')?.[1] ?? 0);

function skip(why) {
  console.log(`test:spark skipped: ${why}; npm run test:spark -- --install brings what it needs`);
  console.log('0 passed, 0 failed');
  process.exit(0);
}

function fail(why) {
  console.error(`test:spark: ${why}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

function step(command, args) {
  const { status, error } = run(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) fail(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

let python = [process.env.LETHE_PYTHON, join(own, 'bin', 'python'), 'python3'].find((path) => path && has(path));
if (!python) {
  if (!install) skip('no Python with pyspark, wasmtime, pyarrow and pandas was found');
  if (!existsSync(join(own, 'bin', 'python'))) step('python3', ['-m', 'venv', own]);
  python = join(own, 'bin', 'python');
  step(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
}
if (javaVersion() < 17) {
  if (!install) skip('Java 17 or newer was not found');
  step('apt-get', ['update', '-qq']);
  step('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'openjdk-17-jre-headless']);
}

const all = flags.includes('--long') ? LONG : QUICK;
const modules = named.length > 0 ? named.map((name) => (name.startsWith('tests.') ? name : `tests.${name}`)) : all;
const { status, stderr } = run(python, ['-m', 'unittest', '-v', ...modules], {
  cwd: join(root, 'spark'),
  env: {
    ...process.env,
    PYSPARK_PYTHON: python,
    PYTHONWARNINGS: 'ignore',
    PYTHONPATH: join(root, 'spark'),
    ...(flags.includes('--long') && { LETHE_SPARK_LONG: '1' }),
  },
  stdio: ['ignore', 'inherit', 'pipe'],
  maxBuffer: 1 << 28,
});
// unittest's own lines, without what Spark writes between them.
console.log(
  stderr
    .split('\n')
    .filter((line) => !/^(WARNING|Using Spark|Setting default|To adjust|\d\d\/\d\d\/\d\d )/.test(line))
    .join('\n'),
);
const ran = Number(/^Ran (\d+) tests?/m.exec(stderr)?.[1] ?? 0);
const [, words = ''] = /^FAILED \((.*)\)/m.exec(stderr) ?? [];
const wrong = [...words.matchAll(/(?:failures|errors)=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
const failed = ran === 0 || (status !== 0 && wrong === 0) ? Math.max(1, wrong) : wrong;
console.log(`${Math.max(0, ran - failed)} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
