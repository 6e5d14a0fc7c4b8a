// Trains what the worker serves and writes it as one file for PUT /model.
// Usage: node train.mjs STATE [--users 6040] [--items 3706] [--interactions 1000000] [--factors 64] [--iterations 5]
// The interactions are generated in the shape of MovieLens 1M; with your own, fill the DatasetBuilder from them.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DatasetBuilder, digest } from 'lethe';
import { als } from 'lethe/als';
import { pack } from './state.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const { values, positionals: [file] } = parseArgs({
  allowPositionals: true,
  options: { users: number(6040), items: number(3706), interactions: number(1_000_000), factors: number(64), iterations: number(5) },
});
if (!file) throw new TypeError('name the file to write');
const [users, items, interactions, factors, iterations] = ['users', 'items', 'interactions', 'factors', 'iterations'].map((name) => Number(values[name]));

/** Few users and items have most interactions; tastes lie in twenty overlapping groups. */
export function generate(users, items, interactions) {
  const builder = new DatasetBuilder();
  let state = 20;
  const draw = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
  const skewed = (size) => Math.floor(size * draw() * draw());
  for (let u = 0; u < users; u++) builder.addUser(`${u + 1}`);
  for (let i = 0; i < items; i++) builder.addItem(`${i + 1}`);
  const taken = new Set();
  while (taken.size < interactions) {
    const user = skewed(users), any = skewed(items);
    const item = draw() < 0.5 ? any : any - (any % 20) + (user % 20);
    const pair = user * items + item;
    if (item >= items || taken.has(pair)) continue;
    taken.add(pair);
    builder.add(`${user + 1}`, `${item + 1}`, 1 + Math.floor(draw() * 5));
  }
  return builder.build();
}

const data = generate(users, items, interactions);
const model = await als.fit(data, { factors, iterations });
const bytes = await pack({ model, data });
writeFileSync(file, bytes);
console.log(JSON.stringify({ file, bytes: bytes.length, digest: await digest(model) }));
