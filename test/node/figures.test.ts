// Figures of README and docs are those of docs/results.json. A comment before a paragraph says where each stands:
//   <!-- figures
//   124 = exact linear | 0 | ease; 1 user | times faster #2
//   -->                     section | table | words that the row's cells begin with, by ";" | column, #n its nth | min or max
// and one before a table says of which it is a part:
//   <!-- table: section | table | first cells of its rows, by ";", or * | columns, by ";" -->
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cell, line, type Section, type Table } from '../../bench/results/report.ts';

const test = suite('figures in README and docs');

type Results = Readonly<Record<string, Section>>;
const results: Results = JSON.parse(readFileSync('docs/results.json', 'utf8'));

/** Figures that claim something: decimals, powers of ten, so many times, so many percent. */
const CLAIM = /(?<![\w.])(\d*\.\d+(?:e-\d+)?|\d+e-\d+|\d+(?= times)|\d+(?= %))(?![\w.]*\d)/g;
const MARK = /<!-- (figures\n[\s\S]*?|table: .*?)\s*-->\n/;

/** What is wrong with the figures of a page. @param all whether figures without a mark are wrong, too. */
function faults(page: string, from: Results, all: boolean): string[] {
  const found: string[] = [];
  for (const block of page.replace(/```[\s\S]*?```/g, '').split(/\n\n+/)) {
    const mark = block.match(MARK);
    const text = block.replace(/<!--[\s\S]*?-->\n?/g, '').trimEnd();
    if (mark?.[1].startsWith('table:')) found.push(...tableFaults(mark[1].slice(6), text, from));
    else if (mark || all) found.push(...figureFaults(mark?.[1].split('\n').slice(1) ?? [], text, from));
  }
  return found;
}

function figureFaults(sources: readonly string[], text: string, from: Results): string[] {
  const found: string[] = [];
  const said = new Set(Array.from(text.matchAll(CLAIM), ([figure]) => figure));
  const marked = new Set<string>();
  for (const source of sources) {
    const [figure, path] = source.split(' = ');
    marked.add(figure);
    const value = figureAt(path, from);
    if (shown(value, figure) !== figure) found.push(`${figure} is ${value} in results.json (${path})`);
    if (!text.includes(figure)) found.push(`${figure} is marked and not said`);
  }
  for (const figure of said) if (!marked.has(figure)) found.push(`${figure} has no mark: ${text.slice(0, 60)}`);
  return found;
}

/** A value with as many digits as the figure has. */
function shown(value: number, figure: string): string {
  const digits = figure.match(/\.(\d+)/)?.[1].length ?? 0;
  const text = figure.includes('e-') ? value.toExponential(digits) : value.toFixed(digits);
  return figure.startsWith('.') ? text.replace(/^0/, '') : text;
}

function figureAt(path: string, from: Results): number {
  const [section, number, words, column, choice] = path.split(' | ');
  const table = from[section]?.tables[Number(number)];
  if (!table) return Number.NaN;
  const wanted = words.split('; ').filter((word) => word !== '*');
  const rows = table.rows.filter((row) => wanted.every((word) => row.some((text) => String(text).startsWith(word))));
  const values = rows.map((row) => Number(row[columnAt(table, column)]));
  if (choice === 'min') return Math.min(...values);
  if (choice === 'max') return Math.max(...values);
  return values.length === 1 ? values[0] : Number.NaN;
}

function columnAt({ columns }: Table, named: string): number {
  const [name, nth = '1'] = named.split(' #');
  let at = -1;
  for (let n = 0; n < Number(nth); n++) at = columns.indexOf(name, at + 1);
  return at;
}

function tableFaults(source: string, text: string, from: Results): string[] {
  const [section, number, rows, columns] = source.trim().split(' | ');
  const table = from[section]?.tables[Number(number)];
  if (!table) return [`${source}: no such table`];
  const names = columns.split('; ');
  const at = names.map((name) => columnAt(table, name));
  const chosen = rows === '*' ? table.rows : table.rows.filter((row) => rows.split('; ').includes(String(row[0])));
  const wanted = [line(names), line(names.map(() => '---')), ...chosen.map((row) => line(at.map((c) => cell(row[c]))))].join('\n');
  return text === wanted ? [] : [`${source}: expected\n${wanted}`];
}

test('every claim of README stands in results.json', () => {
  assert.equal(faults(readFileSync('README.md', 'utf8'), results, true), []);
});

test('every marked figure of the docs stands in results.json', () => {
  for (const name of readdirSync('docs').filter((file) => file.endsWith('.md'))) {
    assert.equal(faults(readFileSync(`docs/${name}`, 'utf8'), results, false), [], name);
  }
});

/** Sections with so many figures in running text or tables have measured something, and must say by which command, or where it stands. */
const MANY = 5;
const SAID = /npm run|node (?:dist|scripts)|<!-- (?:figures|table)|[Bb]y hand|results\.md/;
function unsaid(page: string): string[] {
  const sections = page.replace(/```[\s\S]*?```/g, '').split(/^(?=#+ )/m);
  const figuresIn = (text: string): number => [...text.replace(/<!--[\s\S]*?-->|`[^`]*`/g, '').matchAll(CLAIM)].length;
  return sections.filter((text) => figuresIn(text) >= MANY && !SAID.test(text)).map((text) => text.split('\n')[0]);
}

test('every section of the docs that shows measured figures says by which command', () => {
  for (const name of readdirSync('docs').filter((file) => file.endsWith('.md')))
    assert.equal(unsaid(readFileSync(`docs/${name}`, 'utf8')), [], name);
  const shown = '## Speed\n\nIt took .1, .2, 3.4 and 5 % of 1.2.\n';
  assert.equal(unsaid(shown), ['## Speed'], 'negative control');
  assert.equal(unsaid(`${shown}Measured by \`npm run bench\`.\n`), []);
  assert.equal(unsaid(`## Before\n\nBy \`npm run bench\`.\n\n${shown}`), ['## Speed'], 'of another section');
});

test('a wrong figure, an unmarked one, a mark without its figure and a changed table are found', () => {
  const section = {
    title: '',
    command: '',
    text: [],
    tables: [
      {
        columns: ['a', 'b', 'b'],
        rows: [
          ['x', 1.234, 5],
          ['y', 0.5, 7e-6],
        ],
      },
    ],
  };
  const from: Results = { s: section };
  const good = 'One\n\n<!-- figures\n1.23 = s | 0 | x | b\n7e-6 = s | 0 | * | b #2 | min\n-->\nIt is 1.23 and 7e-6.\n';
  assert.equal(faults(good, from, true), []);
  assert.match(faults(good.replace(/1\.23/g, '1.24'), from, true).join(), /1.24 is 1.234/);
  assert.match(faults(good.replace('is 1.23', 'is 2.23'), from, true).join(), /1.23 is marked and not said.*2.23 has no mark/);
  for (const claim of ['12 times', '3 %', '.5', '1e-4', '.25']) {
    assert.match(faults(`It is ${claim}.`, from, true).join(), /has no mark/, claim);
    assert.equal(faults(`It is ${claim}.`, from, false), [], claim);
  }
  const table = '<!-- table: s | 0 | * | a; b -->\n| a | b |\n| --- | --- |\n| x | 1.23 |\n| y | 0.5000 |\n';
  assert.equal(faults(table, from, true), []);
  assert.match(faults(table.replace('1.23', '1.24'), from, true).join(), /expected/);
  assert.match(faults(table.replace('| y | 0.5000 |\n', ''), from, true).join(), /expected/);
  assert.match(faults(good.replace(/s \|/g, 't |'), from, true).join(), /NaN/);
});

test.run();
