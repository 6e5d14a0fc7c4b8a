// Every example of a docstring and of a page, in JavaScript or TypeScript: compiled in strict mode, and run.
//
// An example may use, without saying where it comes from, what `lethe` exports and the names of the table below, as a reader would:
// `train` is somebody's training rows, `model` a model of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as lethe from '../../src/index.ts';
import * as store from '../../src/store/index.ts';

const test = suite('examples');

interface Example {
  readonly where: string;
  readonly code: string;
}

/** A name, what it stands for in TypeScript. A statement may give several; what it uses stands before it. */
const GIVEN: readonly (readonly [names: string, statement: string])[] = [
  ['data', 'const data = await generate({ users: 260, items: 200, interactions: 6000, seed: 1, modalities: { text: 2 } });'],
  ['train validation test unseen', "const { train, validation, test, unseen } = splitDataset(data, 'per-user:0.8,0.1,0.1', 1);"],
  ['model', "const model = await als.fit(train, { factors: 8, regularization: 10, tolerance: 'fast' });"],
  ['trained', 'const trained = await als.fit(train, { factors: 8 });'],
  ['file', 'const file = await serialize(model);'],
  ['bytes', 'const bytes = await serialize(model);'],
  ['files', "const files = new Map([['acme', await serialize(model)]]);"],
  [
    'unlearned retained partition',
    "const { model: unlearned, data: retained, partition } = await forget(model, train, { users: ['196'] }, " +
      "{ method: unlearnAls, positions: 'kept' });",
  ],
  ['goldModel', 'const goldModel = await gold(model, partition);'],
  ['additions', "const additions = { interactions: [{ user: '196', item: '50', value: 5 }] };"],
  ['builder', "const builder = new DatasetBuilder();\nbuilder.add('ann', 'tea');"],
  ['database', "const database = { query: (_: string) => [{ user: 'ann', item: 'tea' }, { user: 'bob', item: 'tea' }] };"],
  ['grown all', "const { model: grown, data: all } = await learn(model, train, additions, { method: converge, options: { stage: 'a' } });"],
  ['signal', 'const { signal } = new AbortController();'],
  ['show', 'const show = (done: number): number => done;'],
  ['serve', 'const serve = (...given: unknown[]): number => given.length;'],
  [
    'fetch',
    `const fetch = async (address: string): Promise<Response> => {
      if (address.endsWith('.wasm')) return new Response(defaultKernels.bytes().slice());
      return new Response(new Blob(['user,item,rating\\nann,tea,5\\nbob,tea,3\\n']).stream().pipeThrough(new CompressionStream('gzip')));
    };`,
  ],
];

const uses = (code: string, name: string): boolean => new RegExp(`(?<![\\w.'"$])${name}(?![\\w'"$])(?!\\s*:(?!:))`).test(code);
const declares = (code: string, name: string): boolean =>
  new RegExp(
    `\\b(const|let|function|class)\\s+${name}\\b|\\{[^{}]*\\b${name}\\b(?!\\s*:)[^{}]*\\}\\s*(=|of)\\s|\\bimport\\s*\\{[^}]*\\b${name}\\b`,
  ).test(code);

/** The example as a module of its own; in a block, as what it declares may have the name of something given. */
function moduleOf({ code }: Example, exported: readonly string[]): string {
  const statements: string[] = [];
  for (const [names, statement] of [...GIVEN].reverse()) {
    const all = [code, ...statements].join('\n');
    if (names.split(' ').some((name) => uses(all, name))) statements.unshift(statement);
  }
  const given = statements.join('\n');
  const named = GIVEN.flatMap(([names, statement]) => (statements.includes(statement) ? names.split(' ') : []));
  const from = (text: string): string => exported.filter((name) => uses(text, name)).join(', ');
  const own = exported.filter((name) => uses(code, name) && !declares(code, name)).join(', ');
  return `${(code.match(/^import .*$/gm) ?? []).join('\n')}
import * as main from 'lethe';
import * as store from 'lethe/store';
const lethe = { ...main, ...store };
const { ${named.join(', ')} } = await (async () => {
  const { ${from(given)} } = lethe;
  ${given}
  return { ${named.join(', ')} };
})();
{
  const { ${own} } = lethe;
  {
    ${code.replaceAll(/^import .*$/gm, '')}
  }
}
`;
}

const FENCE = /^```(?:js|ts|javascript|typescript)\n([\s\S]*?)^```$/gm;
const fenced = (where: string, text: string): Example[] =>
  Array.from(text.matchAll(FENCE), (found, n) => ({ where: `${where}, example ${n + 1}`, code: found[1] }));

/** The examples of docstrings: what follows `@example`, up to the next tag. */
const tagged = (where: string, text: string): Example[] =>
  Array.from(text.matchAll(/\/\*\*(?:(?!\*\/)[\s\S])*?\*\//g)).flatMap(([comment]) =>
    Array.from(comment.matchAll(/@example\s*\n((?:\s*\* (?!@).*\n?)+)/g), (found) => ({
      where: `${where}: ${found[1].trim().split('\n')[0]}`,
      code: found[1].replaceAll(/^\s*\* ?/gm, '').replace(/\*\/$/, ''),
    })),
  );

const under = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

const PAGES = ['README.md', ...under('docs', '.md')];
/** The command line has none for programs, and drivers of storage want a host that need not be here: their own tests run them. */
const ELSEWHERE = /^src[\\/](cli[\\/]|store[\\/](durable-object|indexed-db|sqlite)\.ts)/;
const SOURCES = under('src', '.ts').filter((path) => !ELSEWHERE.test(path));
const examples = [
  ...PAGES.flatMap((page) => fenced(page, readFileSync(page, 'utf8'))),
  ...SOURCES.flatMap((path) => tagged(path, readFileSync(path, 'utf8'))),
];

/** Compiles modules in strict mode. @returns what the compiler says, by the number of the module; and the folder of what it made. */
function compiled(folder: string, modules: readonly string[]): string {
  modules.forEach((text, n) => {
    writeFileSync(join(folder, `example-${n}.ts`), text);
  });
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['example-*.ts'] }));
  try {
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout || String(error);
  }
}

const RUNNER = `import { readFileSync, writeFileSync } from 'node:fs';
import { hasRelaxedSimd } from 'lethe/fast';
const said = console.log;
console.log = () => undefined;
for (let n = 0; n < Number(process.argv[2]); n++) {
  try {
    await import(new URL(\`example-\${n}.js\`, import.meta.url));
  } catch (error) {
    // A host that has none refuses, as it says.
    if (/need relaxed SIMD/.test(error.message) && !hasRelaxedSimd()) continue;
    if (/needs SQLite, which Node has from 22.5/.test(error.message) && !process.getBuiltinModule('node:sqlite')) continue;
    said(\`example-\${n}: \${error.stack}\`);
  }
}
`;

/** What goes wrong when they run, one after the other in one process. */
function failures(folder: string, modules: readonly string[]): string {
  writeFileSync(join(folder, 'run.mjs'), RUNNER);
  writeFileSync(join(folder, 'ratings.csv'), 'user,item,rating\nann,tea,5\nann,milk,2\nbob,tea,3\n');
  mkdirSync(join(folder, 'public'), { recursive: true });
  const { stdout, stderr, status } = spawnSync(process.execPath, ['run.mjs', String(modules.length)], { cwd: folder, encoding: 'utf8' });
  return status === 0 ? stdout : `${stdout}${stderr}exit code ${status}`;
}

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync('build/examples-'); // inside the package, so that it can import itself by name
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
/** The number of a module in a message, in the reader's terms. */
const named = (text: string): string => text.replaceAll(/\S*example-(\d+)\.[jt]s/g, (_, n) => `[${examples[Number(n)].where}]`);
const exported = [...new Set([...Object.keys(lethe), ...Object.keys(store)])];

test('every example compiles in strict mode and runs', () => {
  assert.ok(examples.length > 60, `${examples.length} examples were found`);
  const modules = examples.map((example) => moduleOf(example, exported));
  inFolder((folder) => {
    assert.is(named(compiled(folder, modules)), '');
    assert.is(named(failures(folder, modules)), '');
  });
});

test('an example with a misspelt option, and one that throws, are seen', () => {
  inFolder((folder) => {
    const wrong = ['await als.fit(train, { factor: 8 });', "recommend(model, 'nobody');"];
    const modules = wrong.map((code) => moduleOf({ where: '', code }, exported));
    assert.match(compiled(folder, modules), /example-0\.ts.*'factor'/s);
    assert.match(failures(folder, modules), /example-1: DataError: user "nobody" is not in the model/);
  });
});

/** Exported names without a summary of one sentence, and functions without an example. */
function undocumented(index: string, declarationsOf: (file: string) => string): string[] {
  return [...index.matchAll(/export (type )?\{([^}]*)\} from '\.\/([^']+)\.ts'/g)].flatMap(([, , list, file]) => {
    const text = declarationsOf(file);
    return list
      .split(',')
      .map((entry) => entry.trim().replace(/^type | as \w+$/g, ''))
      .filter((name) => name !== '')
      .flatMap((name) => {
        const found = new RegExp(
          `((?:/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?)export (?:declare )?(?:abstract )?(const|function|class|type|interface) ${name}\\b`,
        ).exec(text);
        const comment = (found?.[1] ?? '').replaceAll(/^\s*\/?\*+\/?/gm, '').trim();
        if (!/^(?!@)[\s\S]{8,}?[.:;](\s|$)/.test(comment)) return [`${file}: ${name} says nothing of itself`];
        return found?.[2] === 'function' && !comment.includes('@example') ? [`${file}: ${name} has no example`] : [];
      });
  });
}
const declarations = (file: string): string => readFileSync(`dist/src/${file}.d.ts`, 'utf8');

for (const entry of ['index', 'fast', 'serve']) {
  test(`src/${entry}.ts: every export says in a sentence what it is, every function shows how it is called`, () => {
    assert.equal(undocumented(readFileSync(`src/${entry}.ts`, 'utf8'), declarations), []);
  });
}

test('an export without a word, and a function without an example, are seen', () => {
  const index = "export { one, type Two } from './some.ts';";
  const bare = 'export declare function one(): void;\nexport type Two = 2;\n';
  assert.is(undocumented(index, () => bare).length, 2);
  const said = `/** Counts something that matters. */\n${bare.replace('export type', '/** A number of things. */\nexport type')}`;
  assert.equal(
    undocumented(index, () => said),
    ['some: one has no example'],
  );
});

test.run();
