// Kills a process that learns, forgets and compacts, at random moments, again and again: every time the store must open in the state
// before or after an event, with model and data that belong together and no event missing, and go on. In the end, the promises kept,
// no byte of the store may name anybody who was forgotten.
// Usage: npm run --silent build && node scripts/store/kills.mjs [--kills 300] [--seed 7] [--most MILLISECONDS] [--folder FOLDER] [--unsafe]
// Needs SQLite: Node >= 22.5. `--unsafe` turns secure_delete off, to see the search find something.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: '7' },
    most: { type: 'string', default: '400' },
    folder: { type: 'string' },
    unsafe: { type: 'boolean', default: false },
    live: { type: 'boolean', default: false },
  },
});
const at = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { createStore, openStore, sqliteStorage } = await at('src/store/index.js');
const { als, DatasetBuilder } = await at('src/index.js');
const { drawer } = await at('test/store/mixed-events.js');
const options = { wait: 20_000, secureDelete: !values.unsafe };
const MARK = 'Quuxman';

/** Events by chance until somebody ends it. */
async function live(folder, seed) {
  const store = await openStore(await sqliteStorage(folder, options));
  const draw = drawer(seed);
  await store.state();
  process.stdout.write('begun\n');
  for (;;) {
    const { parts } = await store.state();
    const marked = [...parts.train.users].filter((id) => id.startsWith(MARK));
    const what = draw(10);
    if (what < 5 || marked.length === 0) {
      const user = `${MARK} ${store.event} ${draw(1 << 30)}`;
      await store.learn({ interactions: Array.from({ length: 3 }, () => ({ user, item: `i${draw(400)}` })) }).catch(() => {});
    } else if (what < 8) await store.forget({ users: [marked[draw(marked.length)]] }, { ignoreUnknown: true });
    else if (what === 8) await store.suppress({ users: [marked[draw(marked.length)]] });
    else await store.compact();
    process.stdout.write(`${store.event}\n`);
  }
}

/** Names of files of the store that name a marked user. */
function filesWithMark(folder) {
  const texts = [Buffer.from(MARK), Buffer.from(MARK, 'utf16le'), Buffer.from(MARK, 'utf16le').swap16()];
  return readdirSync(folder).filter((name) => {
    const bytes = readFileSync(join(folder, name));
    return texts.some((text) => bytes.includes(text));
  });
}

function killedAfter(folder, seed, milliseconds) {
  return new Promise((resolve) => {
    const self = fileURLToPath(import.meta.url);
    const child = spawn(
      process.execPath,
      [self, '--live', '--folder', folder, '--seed', String(seed), ...(values.unsafe ? ['--unsafe'] : [])],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    let timer;
    child.stdout.on('data', (chunk) => {
      said += chunk;
      timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds);
    });
    child.on('exit', (_, signal) => {
      clearTimeout(timer);
      const events = said.trim().split('\n').slice(1).map(Number);
      resolve({ signal, acknowledged: events.at(-1) });
    });
  });
}

async function main() {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'lethe-kills-'));
  const draw = drawer(Number(values.seed));
  const builder = new DatasetBuilder();
  for (let u = 0; u < 2000; u++) for (let n = 0; n < 20; n++) builder.add(`u${u}`, `i${draw(400)}`);
  const train = builder.build();
  const model = await als.fit(train, { factors: 16, iterations: 3 });
  await (await createStore(await sqliteStorage(folder, { ...options, create: true }), { model, train })).close();
  const figures = { kills: 0, events: 0, unacknowledged: 0, journalsLeft: 0 };
  for (let n = 0; n < Number(values.kills); n++) {
    const { signal, acknowledged } = await killedAfter(folder, Number(values.seed) + n, draw(Number(values.most)));
    if (signal !== 'SIGKILL') throw new Error(`round ${n}: it ended by itself`);
    figures.kills++;
    if (readdirSync(folder).some((name) => name === 'store.sqlite-journal')) figures.journalsLeft++;
    const store = await openStore(await sqliteStorage(folder, options));
    const { model: found, parts } = await store.state();
    if (found.provenance.fingerprint !== parts.train.fingerprint()) throw new Error(`round ${n}: model and data do not belong together`);
    if (acknowledged !== undefined && store.event < acknowledged) throw new Error(`round ${n}: event ${acknowledged} is lost`);
    if (acknowledged !== undefined && store.event > acknowledged) figures.unacknowledged++;
    let number = 0;
    let last;
    for await (last of store.events()) if (last.number !== ++number) throw new Error(`round ${n}: event ${number} is missing`);
    if (number !== store.event || (last && last.digest !== store.digest)) throw new Error(`round ${n}: head and journal disagree`);
    figures.events = number;
    await store.close();
    if (n % 50 === 49) console.error(JSON.stringify(figures));
  }
  const store = await openStore(await sqliteStorage(folder, options));
  const before = filesWithMark(folder).length;
  await store.converge({ stage: 'b' });
  const users = [...(await store.state()).parts.train.users].filter((id) => id.startsWith(MARK));
  if (users.length > 0) await store.forget({ users });
  await store.close();
  const found = filesWithMark(folder);
  console.log(JSON.stringify({ ...figures, filesWithNamesBefore: before, filesWithNamesAfter: found }));
  if (!values.folder) rmSync(folder, { recursive: true });
  process.exit(found.length > 0 === values.unsafe ? 0 : 1);
}

if (values.live) await live(values.folder, Number(values.seed));
else await main();
