// Trains what the worker serves and writes it as one file for PUT /model.
// Usage: node train.mjs STATE [--users 6040] [--items 3706] [--interactions 1000000] [--factors 64] [--iterations 5]
// The interactions are generated in the shape of MovieLens 1M; readDatasetFile(path) reads your own.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { digest, generate } from 'lethe';
import { als } from 'lethe/als';
import { pack } from './state.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const {
  values,
  positionals: [file],
} = parseArgs({
  allowPositionals: true,
  options: { users: number(6040), items: number(3706), interactions: number(1_000_000), factors: number(64), iterations: number(5) },
});
if (!file) throw new TypeError('name the file to write');
const [users, items, interactions, factors, iterations] = ['users', 'items', 'interactions', 'factors', 'iterations'].map((name) =>
  Number(values[name]),
);

const data = await generate({ users, items, interactions });
const model = await als.fit(data, { factors, iterations });
const bytes = await pack({ model, data });
writeFileSync(file, bytes);
console.log(JSON.stringify({ file, bytes: bytes.length, digest: await digest(model) }));
