// What the formatter leaves: the width of lines in strings, comments and assembly/ (docs/decisions/formatting.md), and the
// length of files.
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('lines');

const WIDTH = 140;
/** A file that is longer holds more than one idea. */
const LENGTH = 350;

type Files = ReadonlyMap<string, readonly string[]>;

const files: Files = new Map(
  ['src', 'assembly', 'test', 'bench', 'scripts', 'examples']
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.includes('node_modules'))
    .map((path) => [path, readFileSync(path, 'utf8').trimEnd().split('\n')]),
);

const tooWide = (files: Files): string[] =>
  [...files].flatMap(([path, lines]) => lines.flatMap((line, n) => ([...line].length > WIDTH ? [`${path}:${n + 1}`] : [])));
const tooLong = (files: Files): string[] =>
  [...files]
    .filter(([path, lines]) => /^(src|assembly)\//.test(path) && lines.length > LENGTH)
    .map(([path, lines]) => `${path}: ${lines.length}`);

test(`no line is wider than ${WIDTH} columns`, () => {
  assert.equal(tooWide(files), []);
});

test(`no source is longer than ${LENGTH} lines`, () => {
  assert.equal(tooLong(files), []);
});

test('what is too wide or too long is found', () => {
  const wide = new Map([...files, ['assembly/offence.ts', ['', `// ${'é'.repeat(WIDTH)}`]]]);
  assert.equal(tooWide(wide), [...tooWide(files), 'assembly/offence.ts:2']);
  const long = new Map([...files, ['src/offence.ts', new Array<string>(LENGTH + 1).fill('')]]);
  assert.equal(tooLong(long), [...tooLong(files), 'src/offence.ts: 351']);
  assert.equal(tooWide(new Map([['src/offence.ts', ['😀'.repeat(WIDTH)]]])), [], 'characters are counted, not their halves');
});

test.run();
