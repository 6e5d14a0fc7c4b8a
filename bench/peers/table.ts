// Figures of interleaved runs, and the table that shows them. Knows nothing of how they were taken.
import type { Row } from './jobs.ts';

/** Seconds of one side. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  /** Largest less smallest, over the median. */
  readonly spread: number;
}

/** A measured row, or what kept it from being measured. */
export interface Measured {
  readonly name: string;
  readonly work: string;
  readonly size: string;
  readonly peer: string;
  readonly aim: number | null;
  readonly threads: number;
  readonly rounds?: number;
  readonly seconds?: { readonly peer: Timing; readonly ours: Timing };
  /** Median of the rounds' ratios, peer over ours. */
  readonly ratio?: number;
  /** What shows that both did the same work. */
  readonly same?: string;
  /** Why there are no figures. */
  readonly missing?: string;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('a median expected at least one value, got none');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function timing(seconds: readonly number[]): Timing {
  const middle = median(seconds);
  const min = Math.min(...seconds);
  return { median: middle, min, spread: (Math.max(...seconds) - min) / middle };
}

const base = ({ name, work, size, peer, aim }: Row, threads: number): Measured => ({ name, work, size, peer: peer.label, aim, threads });

/** @param peer and @param ours seconds by round; those of a round were taken one right after the other. */
export function measured(row: Row, threads: number, peer: readonly number[], ours: readonly number[], same?: string): Measured {
  if (peer.length !== ours.length)
    throw new RangeError(`interleaved rounds expected as many of the peer (${peer.length}) as of ours (${ours.length})`);
  return {
    ...base(row, threads),
    rounds: ours.length,
    seconds: { peer: timing(peer), ours: timing(ours) },
    ratio: median(ours.map((mine, round) => peer[round] / mine)),
    ...(same !== undefined && { same }),
  };
}

export const missing = (row: Row, threads: number, why: string): Measured => ({ ...base(row, threads), missing: why });

/** New rows take the place of old ones of the same name and threads; the order is the rows' own. */
export function merged(old: readonly Measured[], fresh: readonly Measured[], order: readonly { readonly name: string }[]): Measured[] {
  const key = ({ name, threads }: Measured): string => `${name} ${threads}`;
  const all = new Map([...old, ...fresh].map((row) => [key(row), row]));
  const place = (row: Measured): number => order.findIndex(({ name }) => name === row.name);
  return [...all.values()].filter((row) => place(row) >= 0).sort((a, b) => a.threads - b.threads || place(a) - place(b));
}

/** Three digits, in the unit that suits. */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${threeDigits(seconds)} s`;
  return seconds >= 1e-3 ? `${threeDigits(seconds * 1e3)} ms` : `${threeDigits(seconds * 1e6)} µs`;
}
const threeDigits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function factor(ratio: number): string {
  if (ratio >= 100) return ratio.toFixed(0);
  return ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2);
}

export const COLUMNS = [
  'work',
  'size',
  'peer',
  'peer: median',
  'min',
  'spread',
  'ours: median',
  'min',
  'spread',
  'ratio',
  'aim',
  'same work',
] as const;

/** Text by column; a row that was not measured says why instead of figures. */
export function cells({ work, size, peer, aim, seconds, ratio, same, missing: why }: Measured): string[] {
  const wanted = aim === null ? '–' : factor(aim);
  if (!seconds || ratio === undefined) return [work, size, peer, `missing: ${why ?? 'not run'}`, '', '', '', '', '', '–', wanted, ''];
  const side = ({ median: middle, min, spread }: Timing): string[] => [duration(middle), duration(min), `${(spread * 100).toFixed(0)} %`];
  return [work, size, peer, ...side(seconds.peer), ...side(seconds.ours), factor(ratio), wanted, same ?? ''];
}

/** A Markdown table with even columns. */
export function tableText(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, c) => Math.max(column.length, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string => `| ${row.map((text, c) => text.padEnd(widths[c])).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
