// What the user sees: results on stdout (a table, or one JSON object), notes and progress on stderr.

import type { Progress } from '../base/run-control.ts';
import type { Model } from '../model/model.ts';
import type { KernelBuild } from '../wasm/kernels.ts';

/** Longest wait, in milliseconds, between two looks at a bar and between two plain lines. */
const BAR_EVERY = 100;
const LINE_EVERY = 5000;
/** Milliseconds after which the time that is left is told. */
const SURE_AFTER = 1000;

export interface TerminalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** What every JSON result says beside its own figures. */
  readonly marks?: object;
}

export class Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #marks: object;
  readonly #live = process.stderr.isTTY === true;
  #shown = false;
  #last = performance.now();
  readonly #end = new TimeToEnd();

  constructor({ json, quiet, marks = {} }: TerminalOptions) {
    this.json = json;
    this.#marks = marks;
    this.quiet = quiet;
  }

  /** The command's result: either form, once. */
  result(object: object, text: string): void {
    this.clear();
    process.stdout.write(this.json ? `${JSON.stringify({ ...this.#marks, ...object }, null, 2)}\n` : `${text.replace(/\n*$/, '')}\n`);
  }

  /** A line that is no result. */
  note(line: string): void {
    if (this.quiet) return;
    this.clear();
    process.stderr.write(`${printable(line)}\n`);
  }

  /** Shows how far a run is: a bar where somebody watches, a line now and then elsewhere. */
  readonly progress = ({ phase, done, total, objective, residual, validation }: Progress): void => {
    const now = performance.now();
    const left = this.#end.at(now, phase, done, total);
    if (this.quiet || now - this.#last < (this.#live ? BAR_EVERY : LINE_EVERY)) return;
    this.#last = now;
    const figures = [
      ...(objective === undefined ? [] : [`objective ${objective.toPrecision(6)}`]),
      ...(residual === undefined ? [] : [`residual ${residual.toExponential(1)}`]),
      ...(validation === undefined ? [] : [`validation ${validation.toFixed(4)}`]),
      ...(left === undefined ? [] : [`${secondsText(left)} to go`]),
    ].join(', ');
    const standing = total > 0 ? `${done}/${total}` : String(done);
    if (this.#live) {
      const width = 24;
      const full = Math.floor((width * done) / Math.max(total, 1));
      const bar = total > 0 ? `[${'#'.repeat(full)}${' '.repeat(width - full)}] ` : '';
      process.stderr.write(`\r\u001b[K${phase} ${bar}${standing} ${figures}`);
      this.#shown = true;
    } else {
      process.stderr.write(`${phase} ${standing}${figures && ` ${figures}`}\n`);
    }
  };

  /** Takes the bar away. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}

/** How long a phase will still take, by how long it has taken: no answer before it has run for a moment, or where nobody knows the end. */
export class TimeToEnd {
  #phase = '';
  #since = 0;
  #from = 0;

  /** @param now in milliseconds. @returns seconds. */
  at(now: number, phase: string, done: number, total: number): number | undefined {
    if (phase !== this.#phase || done < this.#from) [this.#phase, this.#since, this.#from] = [phase, now, done];
    const steps = done - this.#from;
    if (steps <= 0 || total <= done || now - this.#since < SURE_AFTER) return undefined;
    return ((now - this.#since) / 1000 / steps) * (total - done);
  }
}

/** A stream that shows colours: a terminal, unless NO_COLOR or TERM=dumb says otherwise. */
interface Coloured {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
}

const STYLES = { bold: [1, 22], red: [31, 39] } as const;

/** Text in a style where the stream is a terminal that wants colours; elsewhere as it is. */
export function styled(stream: Coloured, style: keyof typeof STYLES, text: string): string {
  if (stream.isTTY !== true || process.env.NO_COLOR || stream.hasColors?.() === false) return text;
  const [on, off] = STYLES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text whose control characters cannot move the cursor, break a line or colour it. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `name  value` lines. */
export function fields(pairs: readonly (readonly [name: string, value: unknown])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join('\n');
}

/** Columns under their headers; numbers to the right. */
export function table(headers: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map(cell));
  const widths = headers.map((header, c) => Math.max(header.length, ...cells.map((row) => row[c].length)));
  const right = headers.map((_, c) => rows.length > 0 && rows.every((row) => row[c] === null || typeof row[c] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((text, c) => (right[c] ? text.padStart(widths[c]) : text.padEnd(widths[c])))
      .join('  ')
      .trimEnd();
  return [styled(process.stdout, 'bold', line(headers)), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'number' && Number.isInteger(value)) return String(value);
  if (typeof value === 'number') return Math.abs(value) >= 1e-4 ? value.toFixed(4) : value.toExponential(2);
  return printable(String(value));
}

export const secondsText = (seconds: number): string => (seconds < 10 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(0)} s`);

/** As GiB or MiB, with three figures. */
export const bytesText = (bytes: number): string =>
  bytes >= 1 << 29 ? `${(bytes / (1 << 30)).toPrecision(3)} GiB` : `${(bytes / (1 << 20)).toPrecision(3)} MiB`;

/** A ranked list, with titles where there are any. */
export function itemTable(items: readonly { readonly item: string; readonly score: number; readonly title?: string }[]): string {
  if (items.length === 0) return 'no items';
  const titled = items.some(({ title }) => title !== undefined);
  return table(
    ['rank', 'item', 'score', ...(titled ? ['title'] : [])],
    items.map(({ item, score, title }, i) => [i + 1, item, score, ...(titled ? [title ?? ''] : [])]),
  );
}

/** `1 user`, `2 users`. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** What a request took away, in words. */
export const forgottenText = ({
  users,
  items,
  interactions,
}: {
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
}): string => `${count(users, 'user')}, ${count(items, 'item')}, ${count(interactions, 'interaction')}`;

/** Which kernels had a part in a model, for JSON results. */
export const kernelsOf = ({
  provenance,
}: Pick<Model, 'provenance'>): { readonly kernels: KernelBuild; readonly byteComparable: boolean } => ({
  kernels: provenance.kernels ?? 'default',
  byteComparable: provenance.kernels === undefined,
});

/** The same as a line of `fields`, where there is something to say. */
export const kernelsLine = ({ provenance }: Pick<Model, 'provenance'>): readonly (readonly [string, string])[] =>
  provenance.kernels ? [['made by', `${provenance.kernels} kernels: not comparable byte by byte with models of other hosts`]] : [];
