// docs/results.json holds every measured section; docs/results.md is drawn from it. A script measures its own section and
// leaves the others as they were, so that each part can be run alone.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** A table: column names, and rows of text or numbers; null is shown as a dash. */
export interface Table {
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface Section {
  readonly title: string;
  /** The command that measures it again. */
  readonly command: string;
  /** Paragraphs before the tables. */
  readonly text: readonly string[];
  readonly tables: readonly Table[];
  /** What today's code would measure otherwise, where that is known; whoever measures anew takes it away. */
  readonly outdated?: string;
}

export type Cell = string | number | null;

type Results = Record<
  string,
  Section & { readonly measured: { readonly node: string; readonly processor: string; readonly seconds: number } }
>;

const JSON_FILE = 'docs/results.json';
const MARKDOWN_FILE = 'docs/results.md';

/** Stores a section under its name (sections are printed in order of names) and draws the page anew. */
export function publish(name: string, section: Section, seconds: number): void {
  const results = stored();
  results[name] = { ...section, measured: { node: process.version, processor: cpus()[0].model.trim(), seconds: Math.round(seconds) } };
  store(results);
}

/** Draws the page from what is stored, after sections that were measured apart have been put together. */
export function redraw(): void {
  store(stored());
}

const stored = (): Results => (existsSync(JSON_FILE) ? JSON.parse(readFileSync(JSON_FILE, 'utf8')) : {});

function store(results: Results): void {
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(JSON_FILE, `${JSON.stringify(sorted, null, 1)}\n`);
  writeFileSync(MARKDOWN_FILE, page(sorted));
}

/** A section as it stands. */
export const published = (name: string): Results[string] | undefined => stored()[name];

/** Reads a section's rows as they stand. */
function rowsOf(name: string): readonly (readonly Cell[])[] {
  return stored()[name]?.tables[0]?.rows ?? [];
}

/** A row of a section's one table by its first cells, if it was measured before. */
export const publishedRow = (name: string, key: readonly string[]): readonly Cell[] | undefined =>
  rowsOf(name).find((row) => key.every((cell, c) => row[c] === cell));

/**
 * Stores one row of a section's one table, by its first `keys` cells, and leaves the other rows as they stand: a table whose
 * rows are measured one by one. New rows come last.
 */
export function publishRow(
  name: string,
  { columns, ...section }: Omit<Section, 'tables'> & { readonly columns: readonly string[] },
  row: readonly Cell[],
  seconds: number,
  keys = 1,
): void {
  const rows = [...rowsOf(name)];
  const at = rows.findIndex((other) => row.slice(0, keys).every((cell, c) => other[c] === cell));
  if (at >= 0) rows[at] = row;
  else rows.push(row);
  publish(name, { ...section, tables: [{ columns, rows }] }, seconds);
}

function page(results: Results): string {
  const parts = ['# Results', '', 'Measured by the commands that stand with each section; the same figures are in `results.json`.', ''];
  for (const { title, command, text, tables, outdated, measured } of Object.values(results)) {
    parts.push(`## ${title}`, '', `\`${command}\` · Node ${measured.node}, ${measured.processor}, ${measured.seconds} s`, '');
    if (outdated) parts.push(`**Of an earlier version.** ${outdated}`, '');
    for (const paragraph of text) parts.push(paragraph, '');
    for (const table of tables) {
      if (table.caption) parts.push(`**${table.caption}**`, '');
      parts.push(line(table.columns), line(table.columns.map(() => '---')), ...table.rows.map((row) => line(row.map(cell))), '');
    }
  }
  return parts.join('\n');
}

export const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function cell(value: string | number | null): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 1) return value.toFixed(2);
  return size >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}

/** Notes of progress, so that a long run shows that it lives. */
export function note(message: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${message}\n`);
}

/** Wall seconds of some work, and its result. */
export async function timed<T>(work: () => Promise<T> | T): Promise<{ result: T; seconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1000 };
}
