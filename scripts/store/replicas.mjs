// The same life of a store on several runtimes: the digests after every event side by side.
// Usage: npm run --silent build && node scripts/store/replicas.mjs [--events 200] [--seed 11]; prints one line a runtime, ends
// with 1 where they differ.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { command, install, root } from '../runtimes/tools.mjs';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200' },
    seed: { type: 'string', default: '11' },
    kind: { type: 'string', default: 'als' },
    life: { type: 'boolean' },
  },
});

if (values.life) await life();
else compare();

/** Prints the digest after every event. */
async function life() {
  const at = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
  const { live, startOf } = await at('test/store/mixed-events.js');
  const { MODELS } = await at('src/index.js');
  const store = await startOf(MODELS[values.kind]);
  await live(store, Number(values.events), Number(values.seed), ({ number, kind, digest }) => console.log(`${number} ${kind} ${digest}`));
}

function compare() {
  install(['node-newest', 'deno', 'bun']);
  const self = fileURLToPath(import.meta.url);
  const hosts = {
    [`node ${process.version}`]: [process.execPath],
    'node, newest': [command('node-newest', 'node')],
    deno: [command('deno'), 'run', '-A', '--no-lock'],
    bun: [command('bun')],
  };
  const asked = ['--life', '--events', values.events, '--seed', values.seed, '--kind', values.kind];
  let first;
  let wrong = 0;
  for (const [name, [program, ...args]] of Object.entries(hosts)) {
    if (!existsSync(program)) {
      console.log(`${name}: not there`);
      wrong++;
      continue;
    }
    const { stdout, stderr, status } = spawnSync(program, [...args, self, ...asked], {
      cwd: join(root),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const lines = stdout.trim().split('\n');
    first ??= lines;
    const differs = first.findIndex((line, n) => line !== lines[n]);
    const same = status === 0 && differs < 0 && lines.length === first.length && lines.length >= Number(values.events);
    if (!same) wrong++;
    const found = same ? 'the same digest after each' : `differs from event ${differs + 1} on ${stderr.slice(0, 300)}`;
    console.log(`${name}: ${lines.length} events, ${found}`);
  }
  process.exit(wrong > 0 ? 1 : 0);
}
