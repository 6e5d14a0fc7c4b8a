// Which of the aims of forgetting a table's mmrecun rows meet, in words.
import type { Table } from './report.ts';

/**
 * Forget recall within 10 % of gold's, membership AUC within 0.03 of it, test recall at least 98 % of the golds' mean, a fifth
 * of gold's time.
 */
export function verdict({ caption, columns, rows }: Table): string {
  const at = (row: string, column: string, nth = 0): number | null => {
    const found = rows.find(([name]) => String(name).startsWith(row));
    const index = columns.map((c, i) => (c === column ? i : -1)).filter((i) => i >= 0)[nth];
    return typeof found?.[index] === 'number' ? (found[index] as number) : null;
  };
  const misses: string[] = [];
  const need = (text: string, value: number | null, fine: (value: number) => boolean): void => {
    if (value !== null && !fine(value)) misses.push(`${text} ${value.toFixed(3)}`);
  };
  const auc = at('mmrecun', 'membership AUC');
  const gold = at('gold', 'membership AUC');
  need(
    `${
      withinError(at('mmrecun', 'forget recall@20'), at('gold', 'forget recall@20'), Number(caption?.match(/(\d+) interactions/)?.[1]))
        ? '(by no more than sampling moves it) '
        : ''
    }forget recall over gold's`,
    at('mmrecun', 'of gold', 1),
    (v) => v >= 0.9 && v <= 1.1,
  );
  need("AUC less gold's", auc !== null && gold !== null ? auc - gold : null, (v) => Math.abs(v) <= 0.03);
  need("test recall over the golds' mean", at('mmrecun', 'of gold', 0), (v) => v >= 0.98);
  need("time over gold's", at('mmrecun', 'time / gold'), (v) => v <= 0.2);
  return `${caption?.split(':')[0]}: ${misses.length === 0 ? 'all aims met' : `missed: ${misses.join(', ')}`}`;
}

/** Whether two shares of the same number of pairs differ by less than two standard errors: a handful of hits decides there. */
function withinError(a: number | null, b: number | null, pairs: number): boolean {
  if (a === null || b === null || !(pairs > 0)) return false;
  const p = (a + b) / 2;
  return Math.abs(a - b) < 2 * Math.sqrt((2 * p * (1 - p)) / pairs);
}
