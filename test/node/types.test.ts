// The declarations, as somebody else's compiler reads them: no DOM library, no types of Node, nothing skipped.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als, MODELS, UNLEARNERS } from '../../src/index.ts';

const test = suite('types');
const script = (name: string): Promise<any> => import(pathToFileURL(`scripts/${name}`).href);

/** What the compiler complains of, at settings of an own project that imports the package by its name. */
function complaints(program: string, settings: object): string {
  const folder = mkdtempSync('build/types-'); // inside the package, so that it can import itself by name
  try {
    writeFileSync(`${folder}/program.ts`, program);
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', lib: ['es2022'], types: [], ...settings };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout || String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const BUNDLER = { module: 'esnext', moduleResolution: 'bundler', exactOptionalPropertyTypes: true };
const program = readFileSync('scripts/packaging/app/typed.ts', 'utf8');

for (const settings of [
  BUNDLER,
  { module: 'node16', moduleResolution: 'node16', exactOptionalPropertyTypes: true },
  { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'] },
  { ...BUNDLER, types: ['node'] },
]) {
  test(`a strict program compiles with ${JSON.stringify(settings)}`, () => {
    assert.is(complaints(program, settings), '');
  });
}

test('a program that is wrong does not compile: the check can fail', () => {
  const wrong = complaints(program.replaceAll(/.*@ts-expect-error.*\n/g, ''), BUNDLER);
  for (const what of ["'factor'", '"tighter"', "'iterations'", "'passes'", "'epochs'"]) assert.ok(wrong.includes(what), what);
});

test('where the host has types they are the ones that count', () => {
  const dom = { ...BUNDLER, lib: ['es2023', 'dom'] };
  const given = (value: string): string =>
    `import { als, type Dataset, readDataset } from 'lethe';\ndeclare const data: Dataset;\n` +
    `export const signal = () => als.fit(data, {}, { signal: ${value} });\n` +
    `export const read = (from: Response | ReadableStream<Uint8Array> | File[]) => readDataset(from);\n`;
  assert.is(complaints(given('new AbortController().signal'), dom), '');
  assert.match(complaints(given("'soon'"), dom), /AbortSignal/);
  assert.match(complaints(given("'soon'"), BUNDLER), /error/);
});

test('every use of a host type gets its import, and texts and comments do not', async () => {
  const { hostTypes, withHostTypes } = await script('declarations.mjs');
  const names: string[] = hostTypes();
  assert.ok(['AbortSignal', 'Blob', 'File', 'ReadableStream', 'Response', 'WebAssembly'].every((name) => names.includes(name)));
  const of = (text: string): string => withHostTypes(text, './host-types.js');
  assert.is(of('declare const a: AbortSignal;'), "import type { AbortSignal } from './host-types.js';\ndeclare const a: AbortSignal;");
  for (const text of ['/** A Blob. */', "declare const a: 'Blob';", '// Response', 'declare function File(): void;'])
    assert.is(of(text), text);
});

test('options say what they mean, from what is declared for run time', async () => {
  const { withOptionDocs } = await script('declarations.mjs');
  const { boundsText } = await import('../../src/base/check.js');
  const declared = withOptionDocs('  factors: option.Option<number>;\n  width: number;', als.options, boundsText);
  assert.match(declared, /^ {2}\/\*\* Length of .* \(integer >= 1 and <= 4096; default `64`\) \*\/\n {2}factors: .*\n {2}width/);
  for (const [place, registry] of Object.entries({ models: MODELS, unlearn: UNLEARNERS })) {
    for (const [name, { options }] of Object.entries<{ options: Record<string, { doc: string }> }>(registry)) {
      const text = readFileSync(`dist/src/${place}/${name}.d.ts`, 'utf8');
      for (const [option, { doc }] of Object.entries(options)) assert.ok(text.includes(`/** ${doc} (`), `${name}: ${option}`);
    }
  }
});

test('arrays over memory of their own have names that compilers before TypeScript 5.7 know', async () => {
  const { withHostTypes } = await script('declarations.mjs');
  assert.match(
    withHostTypes('declare const a: Uint8Array<ArrayBuffer>;', './h.js'),
    /import type { OwnUint8Array } .*\n.* a: OwnUint8Array;/,
  );
  assert.is(withHostTypes('declare const a: Uint8Array<ArrayBufferLike>;', './h.js'), 'declare const a: Uint8Array;');
});

test.run();
