// ALS on one thread and on several, interleaved: the best time of each, and what more threads gain.
// npm run bench:threads -- [--threads 2] [--rounds 5] [--factors 64] [--interactions 1000000] [--json file]
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { generate } from '../src/generate.ts';
import { LeastSquares, leastSquaresOptions } from '../src/least-squares.ts';
import { resolveOptions } from '../src/options.ts';
import { withTeam } from '../src/threads.ts';

const { values } = parseArgs({ options: {
  threads: { type: 'string', default: '2' }, rounds: { type: 'string', default: '5' }, factors: { type: 'string', default: '64' },
  interactions: { type: 'string', default: '1000000' }, json: { type: 'string' },
} });
const threads = Number(values.threads), rounds = Number(values.rounds), factors = Number(values.factors), interactions = Number(values.interactions);

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1];
const data = await generate({ users: Math.ceil(interactions / 165), items: Math.ceil(interactions / 270), interactions });
console.log(`ALS, ${data.users.size} x ${data.items.size}, ${interactions} interactions, ${factors} factors; ${availableParallelism()} processors; seconds per sweep`);
console.log('solver    threads 1: min median   ' + `threads ${threads}: min median   ratio of minima, of medians`);
const rows = [];
for (const solver of ['cholesky', 'cg'] as const) {
  const options = resolveOptions('als', leastSquaresOptions, { solver, factors, alpha: 4, regularization: 1 });
  const row = await withTeam(1, (one) => withTeam(threads, async (many) => {
    if (many.threads !== threads) throw new Error(`only ${many.threads} threads could be opened`);
    const sides = [one, many].map((team) => ({ problem: new LeastSquares(data, options, undefined, team), times: [] as number[] }));
    for (const { problem } of sides) problem.initialize();
    for (let round = 0; round <= rounds; round++) {
      for (const { problem, times } of sides) {
        const start = performance.now();
        await problem.sweep();
        if (round > 0) times.push((performance.now() - start) / 1000); // the first one warms up
      }
    }
    const [a, b] = sides.map(({ times }) => ({ min: Math.min(...times), median: median(times) }));
    return { solver, factors, interactions, one: a, many: b, ratio: { min: a.min / b.min, median: a.median / b.median } };
  }));
  rows.push(row);
  console.log([solver.padEnd(9), row.one.min.toFixed(3).padStart(15), row.one.median.toFixed(3).padStart(6), row.many.min.toFixed(3).padStart(15),
    row.many.median.toFixed(3).padStart(6), row.ratio.min.toFixed(2).padStart(16), row.ratio.median.toFixed(2).padStart(11)].join(' '));
}
if (values.json) writeFileSync(values.json, `${JSON.stringify({ threads, rows }, null, 2)}\n`);
