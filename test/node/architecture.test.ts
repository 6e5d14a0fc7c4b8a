// The rules of docs/architecture.md that a machine can see, and proof that each rule sees what it should.

import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { embeddedModule } from '../../src/wasm/embedded.ts';

const test = suite('architecture');

/** Path from the project's root → text without comments; of the page that explains them, its text. */
type Tree = ReadonlyMap<string, string>;
interface Architecture {
  readonly LAYERS: readonly string[];
  layerOf(path: string): string | undefined;
  importsOf(path: string, text: string): string[];
  readTree(...folders: string[]): Map<string, string>;
  withPicture(page: string, tree: Tree): string;
}

const { LAYERS, layerOf, importsOf, readTree, withPicture }: Architecture = await import(pathToFileURL('scripts/architecture.mjs').href);
const PAGE = 'docs/architecture.md';
const tree: Tree = readTree('src', 'assembly', 'test', 'bench').set(PAGE, readFileSync(PAGE, 'utf8'));
const sources = (tree: Tree): [path: string, text: string][] => [...tree].filter(([path]) => path.endsWith('.ts'));

const library = (path: string): boolean =>
  path.startsWith('src/') && !/^src\/cli\/|^src\/(files\/(node|whole)-files|threads\/node-workers?|store\/sqlite)\.ts$/.test(path);
const portable = (path: string): boolean => library(path) || /^test\/(?!node\/).*\.test\.ts$|^test\/(golden|reference)\//.test(path);
const matching = (tree: Tree, where: (path: string) => boolean, pattern: RegExp): string[] =>
  sources(tree)
    .filter(([path, text]) => where(path) && pattern.test(text))
    .map(([path, text]) => `${path}: ${text.match(pattern)![0].trim()}`);

const REGISTRY = /^src\/.+\/index\.ts$/;
const MAY_IMPORT_REGISTRIES =
  /^(src\/(files\/serialize|formats\/(read|read-options|detect)|store\/registries|index)\.ts|src\/cli\/.*|test\/.*|bench\/.*)$/;
const MATH = '(?!(?:sqrt|fround|abs|min|max|floor|ceil|trunc|round|imul|clz32|sign)\\b)';

/** Registries, and the test that holds each of their entries to its contract by walking the registry. */
const REGISTRIES: readonly { readonly folder: string; readonly contract: string; readonly walks: RegExp }[] = [
  { folder: 'src/models', contract: 'test/models/contract.test.ts', walks: /for \(const \w+ of modelKinds\b/ },
  { folder: 'src/unlearn', contract: 'test/unlearn/contract.test.ts', walks: /for \(const \w+ of Object\.values\(UNLEARNERS\)/ },
  { folder: 'src/formats/readers', contract: 'test/files/damage.test.ts', walks: /for \(const \w+ of Object\.keys\(FORMATS\)/ },
  { folder: 'src/cli/commands', contract: 'test/node/commands.test.ts', walks: /for \(const .+ of Object\.entries\(COMMANDS/ },
];
const filesOf = (tree: Tree, folder: string): string[] =>
  sources(tree)
    .map(([path]) => path)
    .filter((path) => posix.dirname(path) === folder && posix.basename(path) !== 'index.ts');

/** The part of the page that stands below the heading of a folder. */
const sectionOf = (page: string, folder: string): string =>
  page.split(/^#{2,4} /m).find((section) => section.startsWith(`\`${folder}/\``)) ?? '';

/** Files that are not named in the section of their folder: `errors`, or `ops/rows` in a folder below. */
function unnamed(tree: Tree, folder: string): string[] {
  const section = sectionOf(tree.get(PAGE)!, posix.basename(folder));
  return sources(tree)
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${folder}/`) && !section.includes(`\`${path.slice(folder.length + 1, -'.ts'.length)}\``));
}

/** Every rule by name: what breaks it. */
const RULES: Readonly<Record<string, (tree: Tree) => string[]>> = {
  'imports go down only: no file imports from a folder that stands later in the list of layers': (tree) =>
    sources(tree).flatMap(([path, text]) =>
      importsOf(path, text)
        .filter((target) => LAYERS.indexOf(layerOf(target) ?? '') > LAYERS.indexOf(layerOf(path) ?? ''))
        .filter(() => layerOf(path) !== undefined)
        .map((target) => `${path} → ${target}`),
    ),
  'every file is named: its folder stands in the list of layers, and it in the section of the page on its folder': (tree) => [
    ...sources(tree)
      .map(([path]) => path)
      .filter((path) => path.startsWith('src/') && !LAYERS.includes(layerOf(path)!)),
    ...[...LAYERS.filter((layer) => !layer.endsWith('.ts')).map((layer) => `src/${layer}`), 'assembly'].flatMap((folder) =>
      unnamed(tree, folder),
    ),
  ],
  'no circles: there is an order in which no file imports a later one': (tree) => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (state.get(path) === 'open') cycles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (state.has(path) || !tree.has(path)) return;
      state.set(path, 'open');
      for (const target of importsOf(path, tree.get(path)!)) visit(target, [...way, path]);
      state.set(path, 'done');
    };
    for (const [path] of sources(tree)) visit(path, []);
    return cycles;
  },
  'assembly/ and src/ meet in build/ only': (tree) =>
    sources(tree).flatMap(([path, text]) =>
      importsOf(path, text)
        .filter(
          (target) =>
            (path.startsWith('src/') && /^(assembly|test|bench)\//.test(target)) ||
            (path.startsWith('assembly/') && !target.startsWith('assembly/')),
        )
        .map((target) => `${path} → ${target}`),
    ),
  'every registry entry has its contract test: it stands in the registry, which the test walks': (tree) =>
    REGISTRIES.flatMap(({ folder, contract, walks }) => [
      ...filesOf(tree, folder).filter((path) => !importsOf(`${folder}/index.ts`, tree.get(`${folder}/index.ts`) ?? '').includes(path)),
      ...(walks.test(tree.get(contract) ?? '') ? [] : [`${contract} does not walk ${folder}/index.ts`]),
    ]),
  'what is imported is imported from where it is: only entries hand on what others export': (tree) =>
    matching(
      tree,
      (path) => path.startsWith('src/') && !/^src\/(index|fast|serve|store\/index|wasm\/embedded(-fast)?)\.ts$/.test(path),
      /^export\s+(type\s+)?(\*|\{)/m,
    ),
  'siblings in models/, unlearn/, formats/ do not import each other': (tree) =>
    sources(tree).flatMap(([path, text]) =>
      importsOf(path, text)
        .filter(
          (target) =>
            /^src\/(models|unlearn|formats\/readers)\//.test(path) && !REGISTRY.test(path) && posix.dirname(target) === posix.dirname(path),
        )
        .map((target) => `${path} → ${target}`),
    ),
  'registries are imported only by serialize, reading, index, the command line, tests and benches': (tree) =>
    sources(tree).flatMap(([path, text]) =>
      importsOf(path, text)
        .filter((target) => REGISTRY.test(target) && !MAY_IMPORT_REGISTRIES.test(path))
        .map((target) => `${path} → ${target}`),
    ),
  'the library uses no host mathematics that differs between runtimes': (tree) =>
    matching(
      tree,
      library,
      new RegExp(
        `\\bMath\\s*(\\.\\s*${MATH}[a-z]\\w*|\\[)|=\\s*Math\\b(?!\\.)|[\\w)\\]]\\s*\\*\\*=?\\s*[\\w(]|` +
          '\\blocaleCompare\\b|\\btoLocale\\w+|\\bIntl\\b',
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
    sources(tree)
      .filter(([path, text]) => path.endsWith('.test.ts') && !/\.run\(\)/.test(text))
      .map(([path]) => path),
};

for (const [rule, broken] of Object.entries(RULES)) test(rule, () => assert.equal(broken(tree), []));

test('the picture of the layers is what the imports say', () => {
  assert.ok(tree.get(PAGE) === withPicture(tree.get(PAGE)!, tree), 'the imports changed: run `npm run docs:architecture`');
  // And it would be seen: an import between two layers more, or less, is another picture.
  const more = new Map([...tree, ['src/judge/compare.ts', `import { readDataset } from '../formats/read.ts';`]]);
  const fewer = new Map([...tree].filter(([path]) => !path.startsWith('src/judge/')));
  for (const other of [more, fewer]) assert.ok(withPicture(tree.get(PAGE)!, other) !== tree.get(PAGE));
});

test('every path that the page names is there', () => {
  const named = [...tree.get(PAGE)!.matchAll(/`((?:src|assembly|test|scripts|bench|docs)\/[\w./-]+\.\w+)`/g)].map(([, path]) => path);
  assert.ok(named.length > 20, `${named.length} paths`);
  assert.equal(
    named.filter((path) => !existsSync(path)),
    [],
  );
});

test("five questions lead to their answers: the file, which its folder's section names, holds what is asked for", () => {
  const questions = tree.get(PAGE)!.split('## Five questions')[1];
  const answers = [...questions.matchAll(/\| `([\w./-]+)` \| `(\w+)` \|$/gm)].map(([, path, name]) => [path, name] as const);
  assert.is(answers.length, 5);
  for (const [path, name] of answers) assert.match(tree.get(path) ?? '', new RegExp(`\\b(function|const|readonly) #?${name}\\b`), path);
});

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
  [/down only/, 'src/base/trigonometry.ts', `import { NpyArray } from '../formats/npy.ts';`],
  [/down only/, 'src/base/trigonometry.ts', `import type { NpyArray } from '../formats/npy.ts';`],
  [/down only/, 'src/base/trigonometry.ts', `const later = () => import('../formats/npy.ts');`],
  [/every file is named/, 'src/base/offence.ts', 'export const offence = 1;'],
  [/every file is named/, 'src/offence/offence.ts', 'export const offence = 1;'],
  [/every file is named/, 'assembly/offence.ts', 'export function offence(): void {}'],
  [/every file is named/, PAGE, tree.get(PAGE)!.replace('`errors`', 'errors')],
  [/no circles/, 'src/base/errors.ts', `import { integer } from './check.ts';\nimport { x } from './errors.ts';`],
  [/meet in build/, 'src/base/errors.ts', `import { dot } from '../../assembly/vec.ts';`],
  [/contract test/, 'src/models/index.ts', tree.get('src/models/index.ts')!.replace(/^import .* from '.\/popularity.ts';$/m, '')],
  [/contract test/, 'test/models/contract.test.ts', `test('one model', () => {});\ntest.run();`],
  [/imported from where it is/, 'src/model/model.ts', `export { breathe } from '../base/breathe.ts';`],
  [/siblings/, 'src/models/als.ts', `import { other } from './ease.ts';`],
  [/registries/, 'src/judge/compare.ts', `import { UNLEARNERS } from '../unlearn/index.ts';`],
  [/host mathematics/, 'src/base/errors.ts', 'export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));'],
  [/host mathematics/, 'src/base/errors.ts', 'export const square = (x: number) => x ** 2;'],
  [/host mathematics/, 'src/base/errors.ts', 'const { log } = Math;'],
  [/never prints/, 'src/base/errors.ts', `console.log('hello');`],
  [/nothing from a host/, 'test/offence.test.ts', `import fs from 'node:fs';\ntest.run();`],
  [/one file instantiates/, 'src/base/errors.ts', 'new WebAssembly.Instance(module);'],
  [/never allocate/, 'assembly/vec.ts', 'let counter: i32 = 0;'],
  [/every test file/, 'test/offence.test.ts', `test('never runs', () => {});`],
];
for (const [rule, path, text] of OFFENCES) {
  test(`is caught: ${text.split('\n')[0].slice(0, 90)} in ${path}`, () => {
    const found = Object.entries(RULES)
      .filter(([, broken]) => broken(new Map([...tree, [path, text]])).length > broken(tree).length)
      .map(([name]) => name);
    assert.is(found.length, 1, found.join('; '));
    assert.match(found[0], rule);
  });
}

test.run();
