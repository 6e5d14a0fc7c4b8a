// A thousand tenants in one process: opens many small models to serve, in one shared memory and each in a memory of its own.
// usage: node dist/bench/many-models.js [--models 5000] [--own 1000]; the same with `deno run -A` and `bun run`. CPU time, since wall
// time is that of whatever else the machine does.
import process from 'node:process';
import { parseArgs } from 'node:util';

import { als, deserialize, generate, type Model, type OpenOptions, recommend, SharedArena, serialize } from '../src/index.ts';

const { values } = parseArgs({ options: { models: { type: 'string', default: '5000' }, own: { type: 'string', default: '1000' } } });
const { Deno, Bun } = globalThis as { Deno?: { version: { deno: string } }; Bun?: { version: string } };
const others = [Deno && `Deno ${Deno.version.deno}`, Bun && `Bun ${Bun.version}`];
const host = others.find((name) => name !== undefined) ?? `Node ${process.versions.node}`;

const data = await generate({ users: 200, items: 100, interactions: 3000 });
const file = await serialize(await als.fit(data, { factors: 16, iterations: 3 }));
const expected = JSON.stringify(recommend(await deserialize(file), '7', { data, k: 5 }));

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Opens models, asks each for a list, and tells the CPU time of the whole, of the last hundred, and the memory. */
async function open(count: number, options: OpenOptions): Promise<object> {
  const models: Model[] = [];
  const begin = cpu();
  let last = begin;
  try {
    for (let n = 0; n < count; n++) {
      if (n === count - 100) last = cpu();
      models.push(await deserialize(file, options));
    }
  } catch (error) {
    return { opened: models.length, error: (error as Error).message };
  }
  const opened = cpu();
  const wrong = models.filter((model) => JSON.stringify(recommend(model, '7', { data, k: 5 })) !== expected).length;
  const asked = cpu();
  const round = (x: number): number => Math.round(x * 1000) / 1000;
  return {
    opened: models.length,
    msEach: round((opened - begin) / count),
    msEachOfTheLast: round((opened - last) / 100),
    msList: round((asked - opened) / count),
    wrong,
  };
}

const arena = new SharedArena();
const shared = await open(Number(values.models), { arena });
console.log(JSON.stringify({ host, fileBytes: file.length, shared: { ...shared, megabytes: Math.round(arena.memoryBytes / 1e6) } }));
arena.dispose();
console.log(JSON.stringify({ host, own: await open(Number(values.own), {}) }));
