// The rules of docs/architecture.md that a machine can see, and proof that each rule sees what it should.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { embeddedModule } from '../../src/wasm/embedded.ts';

const test = suite('architecture');

/** Path from the project's root → text without comments. */
type Tree = ReadonlyMap<string, string>;

const withoutComments = (text: string): string => text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
const tree: Tree = new Map(
  ['src', 'assembly', 'test', 'bench']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, withoutComments(readFileSync(path, 'utf8'))]),
);

const library = (path: string): boolean =>
  path.startsWith('src/') && !/^src\/cli\/|^src\/(files\/node-files|threads\/node-workers?)\.ts$/.test(path);
const portable = (path: string): boolean => library(path) || /^test\/(?!node\/).*\.test\.ts$|^test\/(golden|reference)\//.test(path);
const importsOf = (path: string, text: string): string[] =>
  [...text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s*['"](\.[^'"]+)['"]/gm)].map((found) =>
    posix.join(posix.dirname(path), found[1]),
  );
const matching = (tree: Tree, where: (path: string) => boolean, pattern: RegExp): string[] =>
  [...tree].filter(([path, text]) => where(path) && pattern.test(text)).map(([path, text]) => `${path}: ${text.match(pattern)![0].trim()}`);

const REGISTRY = /^src\/.+\/index\.ts$/;
const MAY_IMPORT_REGISTRIES = /^(src\/(files\/serialize|formats\/read|index)\.ts|src\/cli\/.*|test\/.*|bench\/.*)$/;
const MATH = '(?!(?:sqrt|fround|abs|min|max|floor|ceil|trunc|round|imul|clz32|sign)\\b)';

/** Every rule by name: what breaks it. */
const RULES: Readonly<Record<string, (tree: Tree) => string[]>> = {
  'imports go down only: there is an order in which no file imports a later one': (tree) => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (state.get(path) === 'open') cycles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (state.has(path) || !tree.has(path)) return;
      state.set(path, 'open');
      for (const target of importsOf(path, tree.get(path)!)) visit(target, [...way, path]);
      state.set(path, 'done');
    };
    for (const path of tree.keys()) visit(path, []);
    return cycles;
  },
  'assembly/ and src/ meet in build/ only; nothing imports the command line': (tree) =>
    [...tree].flatMap(([path, text]) =>
      importsOf(path, text)
        .filter(
          (target) =>
            (path.startsWith('src/') && /^(assembly|test|bench)\//.test(target)) ||
            (path.startsWith('assembly/') && !target.startsWith('assembly/')) ||
            (library(path) && target.startsWith('src/cli/')),
        )
        .map((target) => `${path} → ${target}`),
    ),
  'siblings in models/, unlearn/, formats/ do not import each other': (tree) =>
    [...tree].flatMap(([path, text]) =>
      importsOf(path, text)
        .filter(
          (target) =>
            /^src\/(models|unlearn|formats\/readers)\//.test(path) && !REGISTRY.test(path) && posix.dirname(target) === posix.dirname(path),
        )
        .map((target) => `${path} → ${target}`),
    ),
  'registries are imported only by serialize, read, index, the command line, tests and benches': (tree) =>
    [...tree].flatMap(([path, text]) =>
      importsOf(path, text)
        .filter((target) => REGISTRY.test(target) && !MAY_IMPORT_REGISTRIES.test(path))
        .map((target) => `${path} → ${target}`),
    ),
  'the library uses no host mathematics that differs between runtimes': (tree) =>
    matching(
      tree,
      library,
      new RegExp(
        `\\bMath\\s*(\\.\\s*${MATH}[a-z]\\w*|\\[)|=\\s*Math\\b(?!\\.)|[\\w)\\]]\\s*\\*\\*=?\\s*[\\w(]|\\blocaleCompare\\b|\\btoLocale\\w+|\\bIntl\\b`,
      ),
    ),
  'the library never prints or exits': (tree) => matching(tree, library, /\bconsole\s*\.\w+|\bprocess\s*\.\s*(exit|stdout|stderr)\b/),
  'the library, portable tests and the golden suite import nothing from a host': (tree) =>
    matching(tree, portable, /from\s*['"](node|bun|deno|cloudflare):[^'"]*/),
  'one file instantiates WebAssembly, and the board of a worker, which imports nothing': (tree) =>
    matching(
      tree,
      (path) => path.startsWith('src/') && !/^src\/(wasm\/kernels|threads\/board)\.ts$/.test(path),
      /WebAssembly\s*\.\s*(Instance|instantiate)|@assemblyscript\/loader/,
    ),
  'kernels never allocate, throw, grow memory or keep mutable globals': (tree) =>
    matching(
      tree,
      (path) => path.startsWith('assembly/'),
      /\bheap\s*\.\s*alloc|\bthrow\b|\bmemory\s*\.\s*grow\b|\bnew\s+\w+|^(export\s+)?let\s+\w+|\bMath\.random\b/m,
    ),
  'every test file runs its suite': (tree) =>
    [...tree].filter(([path, text]) => path.endsWith('.test.ts') && !/\.run\(\)/.test(text)).map(([path]) => path),
};

for (const [rule, broken] of Object.entries(RULES)) test(rule, () => assert.equal(broken(tree), []));

test('the kernels import nothing', () => assert.equal(WebAssembly.Module.imports(embeddedModule()), []));

test('the lock file names no download addresses', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { resolved?: string }> };
  assert.equal(
    Object.entries(lock.packages).filter(([, entry]) => /^https?:/.test(entry.resolved ?? '')),
    [],
  );
});

// Negative controls: slipped into a copy of the real tree, each offence is found, by its rule and no other.
const OFFENCES: readonly (readonly [rule: RegExp, path: string, text: string])[] = [
  [/down only/, 'src/base/errors.ts', `import { Dataset } from '../data/dataset.ts';\nimport { x } from './errors.ts';`],
  [/meet in build/, 'src/offence.ts', `import { dot } from '../assembly/vec.ts';`],
  [/meet in build/, 'src/offence.ts', `import { main } from './cli/main.ts';`],
  [/siblings/, 'src/models/offence.ts', `import { other } from './other.ts';`],
  [/registries/, 'src/models/offence.ts', `import { UNLEARNERS } from '../unlearn/index.ts';`],
  [/host mathematics/, 'src/offence.ts', 'export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));'],
  [/host mathematics/, 'src/offence.ts', 'export const square = (x: number) => x ** 2;'],
  [/host mathematics/, 'src/offence.ts', 'const { log } = Math;'],
  [/never prints/, 'src/offence.ts', `console.log('hello');`],
  [/nothing from a host/, 'test/offence.test.ts', `import fs from 'node:fs';\ntest.run();`],
  [/one file instantiates/, 'src/offence.ts', 'new WebAssembly.Instance(module);'],
  [/never allocate/, 'assembly/offence.ts', 'let counter: i32 = 0;'],
  [/every test file/, 'test/offence.test.ts', `test('never runs', () => {});`],
];
for (const [rule, path, text] of OFFENCES) {
  test(`is caught: ${text.split('\n')[0]} in ${path}`, () => {
    const found = Object.entries(RULES)
      .filter(([, broken]) => broken(new Map([...tree, [path, text]])).length > 0)
      .map(([name]) => name);
    assert.is(found.length, 1, found.join('; '));
    assert.match(found[0], rule);
  });
}

test.run();
