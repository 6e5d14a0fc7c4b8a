// Right and small: residuals of the normal equations after a half sweep, monotone objectives, memory and size.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { resolveOptions } from '../../src/base/options.ts';
import { type AlsOptions, als, digest } from '../../src/index.ts';
import { leastSquaresOptions } from '../../src/least-squares/objective.ts';
import { LeastSquares } from '../../src/least-squares/problem.ts';
import { load } from './data.ts';
import { note, publish } from './report.ts';

const SETTINGS: Partial<AlsOptions>[] = [
  { objective: 'implicit', alpha: 1, regularization: 0.01 },
  { objective: 'implicit', alpha: 40, regularization: 0.01 },
  { objective: 'ials', unobservedWeight: 0.01, regularization: 0.003 },
  { objective: 'ials', unobservedWeight: 0.3, regularization: 0.01 },
  { objective: 'explicit', regularization: 0.05 },
];

function weightText({ alpha, unobservedWeight }: Partial<AlsOptions>): string {
  if (alpha) return `α ${alpha}`;
  return unobservedWeight ? `α₀ ${unobservedWeight}` : '';
}

export async function right(): Promise<void> {
  const started = performance.now();
  const rows: (string | number)[][] = [];
  for (const set of ['ml-1m', 'gowalla'] as const) {
    const { train } = await load(set);
    for (const setting of SETTINGS) {
      for (const factors of [64, 128]) {
        if (set === 'gowalla' && (factors === 128 || setting.objective === 'explicit')) continue;
        const problem = new LeastSquares(train, resolveOptions('als', leastSquaresOptions, { ...setting, factors }));
        problem.initialize();
        let before = Infinity;
        let rise = 0;
        let largest = 0;
        for (let sweep = 0; sweep < 3; sweep++) {
          for (const side of ['users', 'items'] as const) {
            await problem.halfSweep(side);
            largest = Math.max(largest, problem.residual(side).largest);
            const objective = problem.objective();
            rise = Math.max(rise, objective / before - 1);
            before = objective;
          }
        }
        rows.push([
          set,
          factors,
          `${setting.objective} ${weightText(setting)} λ ${setting.regularization}`,
          largest,
          largest < 1e-4 ? 'yes' : 'no',
          Math.max(rise, 0),
        ]);
        note(`${rows.at(-1)!.join(' ')}`);
      }
    }
  }
  const wasm = readFileSync('build/kernels.wasm');
  const { train: whole } = await load('ml-1m');
  const problem = new LeastSquares(whole, resolveOptions('als', leastSquaresOptions, { factors: 64 }));
  const data = whole.interactions * 16 + (whole.users.size + whole.items.size + 2) * 4;
  const factors = (whole.users.size + whole.items.size) * 64 * 4;
  const model = await als.fit(whole, { factors: 64, iterations: 5 });
  publish(
    'a0-right',
    {
      title: 'ALS: right and small',
      command: 'npm run results -- right',
      text: [
        'Largest relative residual |A x − b| / |b| (float64) over all rows after Cholesky half sweeps, three sweeps of both sides; ' +
          'aim: below 1e-4 in every row. ' +
          'Largest rise of the objective from one half sweep to the next; aim: none beyond float32 rounding.',
        `Digest of \`als\` on ml-1m (64 factors, 5 iterations, the split's train part): \`${await digest(model)}\`; \`npm run ` +
          `test:runtimes\` compares digests between runtimes.`,
      ],
      tables: [
        { columns: ['data', 'factors', 'setting', 'largest residual', 'below 1e-4', 'largest rise'], rows },
        {
          caption: 'Size',
          columns: ['what', 'bytes', 'ratio'],
          rows: [
            ['both CSR copies and the factors, ml-1m, 64 factors', data + factors, 1],
            ['linear memory while training', problem.arena.size, problem.arena.size / (data + factors)],
            ['linear memory of the finished model', model.memoryBytes, model.memoryBytes / factors],
            ['kernels.wasm', wasm.length, 1],
            ['kernels.wasm, gzipped', gzipSync(wasm, { level: 9 }).length, gzipSync(wasm, { level: 9 }).length / wasm.length],
          ],
        },
      ],
    },
    (performance.now() - started) / 1000,
  );
}
