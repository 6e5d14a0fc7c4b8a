// The section of docs/results.md that shows ours beside the peers.
import { publish } from '../results/report.ts';
import { COLUMNS, cells, type Measured } from './table.ts';

export function publishPeers(rows: readonly Measured[], versions: readonly string[], seconds: number): void {
  const threads = [...new Set(rows.map((row) => row.threads))];
  publish(
    'p-peers',
    {
      title: 'Beside native and JavaScript libraries',
      command: 'npm run bench:peers -- --node newest --publish',
      text: [
        `Seconds of the same work on the same files, turn by turn in one run; the ratio is the median of the rounds' ratios, ` +
          `peer over ours. What is counted: [peers.md](peers.md). ${versions.join(', ')}.`,
      ],
      tables: threads.map((n) => ({
        caption: `${n} thread${n > 1 ? 's' : ''} on both sides`,
        columns: COLUMNS,
        rows: rows.filter((row) => row.threads === n).map(cells),
      })),
    },
    seconds,
  );
}
