// The SQLite driver, where this host has SQLite: its contract, two processes, kills, a full disk, and bytes that must be gone.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als } from '../../src/index.ts';
import { createStore, openStore, type SqliteOptions, sqliteStorage } from '../../src/store/index.ts';
import { clustered, smallOptions } from '../fixtures.ts';
import { DRIVER_RULES } from '../store/driver-contract.ts';

const test = suite('store in SQLite');

const work = mkdtempSync(join(tmpdir(), 'lethe-store-'));
let made = 0;
const folder = (): string => join(work, String(made++));

async function refused(work: () => Promise<unknown>, text: RegExp): Promise<void> {
  const error: Error | undefined = await work().then(
    () => undefined,
    (thrown) => thrown,
  );
  assert.ok(error, `not refused: ${text}`);
  assert.match(error!.message, text);
}

/** Names of files in the folder that hold the text in UTF-8 or UTF-16. */
function filesWith(path: string, text: string): string[] {
  const big = Buffer.from(text, 'utf16le').swap16();
  return readdirSync(path).filter((name) => {
    const bytes = readFileSync(join(path, name));
    return [Buffer.from(text), Buffer.from(text, 'utf16le'), big].some((wanted) => bytes.includes(wanted));
  });
}

const data = clustered(120, 60);
async function storeIn(path: string, options: SqliteOptions = {}) {
  const model = await als.fit(data, smallOptions('als'));
  return createStore(await sqliteStorage(path, { create: true, ...options }), { model, train: data });
}

const here = await sqliteStorage(folder(), { create: true }).then(
  (storage) => storage.close().then(() => true),
  (error: Error) => {
    assert.match(error.message, /a store needs SQLite, which Node has from 22.5 on.*npm install better-sqlite3/);
    return false;
  },
);
if (!here) console.log('store-sqlite: skipped, as this Node is older than 22.5 and better-sqlite3 is not installed');
const check: typeof test = here ? test : (Object.assign(() => {}, test, { skip: () => {} }) as unknown as typeof test);

test('where there is no SQLite the error says what to do; where there is, it opens', () => {
  assert.type(here, 'boolean');
});

for (const [rule, holds] of Object.entries(DRIVER_RULES)) {
  check(`driver: ${rule}`, async () => {
    const storage = await sqliteStorage(folder(), { create: true });
    await holds(storage);
    await storage.close();
  });
}

check('a store is opened again with all that happened; a missing one and one that is there already are refused', async () => {
  const path = folder();
  const store = await storeIn(path);
  await store.learn({ interactions: [{ user: 'u1', item: 'i59' }] });
  const { digest } = store;
  await store.close();
  const again = await openStore(await sqliteStorage(path));
  assert.is(again.digest, digest);
  assert.is((await again.recommend('u1')).length, 10);
  await again.close();
  const second = await sqliteStorage(path, { create: true });
  const model = await als.fit(data, smallOptions('als'));
  await refused(() => createStore(second, { model, train: data }), /there is a store in it already/);
  await second.close();
  assert.is((await openStore(await sqliteStorage(path, { readOnly: true }))).digest, digest, 'and it is as it was');
  await refused(() => sqliteStorage(folder()), /there is no store/);
  assert.equal(readdirSync(path).sort(), ['lock.sqlite', 'store.sqlite']);
});

check('a second writer is refused by name, a reader is not, and neither is stale after a close', async () => {
  const path = folder();
  const store = await storeIn(path);
  await refused(() => sqliteStorage(path), /another process has the store open for writing/);
  const reader = await openStore(await sqliteStorage(path, { readOnly: true }));
  const before = await reader.recommend('u2');
  await store.learn({ interactions: [{ user: 'u2', item: before[0].item }] });
  assert.not.equal((await reader.recommend('u2'))[0].item, before[0].item, 'it sees what was learned');
  await refused(() => reader.learn({ users: ['x'] }), /opened for reading only/);
  await reader.close();
  await store.close();
  await (await sqliteStorage(path)).close();
});

check('after a forgetting no byte of any file names the forgotten; without secure_delete some does', async () => {
  for (const secureDelete of [true, false]) {
    const path = folder();
    const store = await storeIn(path, { secureDelete });
    const interactions = Array.from({ length: 40 }, (_, n) => ({ user: `Quuxman ${n}`, item: `i${n}` }));
    await store.learn({ interactions });
    assert.equal(filesWith(path, 'Quuxman'), ['store.sqlite'], 'the search has power');
    await store.forget({ users: interactions.map(({ user }) => user) });
    assert.is(filesWith(path, 'Quuxman').length > 0, !secureDelete, `secure_delete ${secureDelete}`);
    await store.close();
    assert.is(filesWith(path, 'Quuxman').length > 0, !secureDelete);
  }
});

check('a file that is damaged or none is refused in words', async () => {
  const path = folder();
  await (await storeIn(path)).close();
  const file = join(path, 'store.sqlite');
  const good = readFileSync(file);
  const bad = Buffer.from(good);
  for (let at = 4096 * 3; at < bad.length; at += 4096) bad.fill(0xa5, at + 100, at + 2000);
  for (const [content, text] of [
    [Buffer.from('this is no database, whatever its name may say about it'.repeat(40)), /damaged|cannot be used/],
    [bad, /damaged|missing|cannot be used/],
    [good.subarray(0, 5000), /damaged|missing|no store|cannot be used/],
  ] as const) {
    writeFileSync(file, content);
    await refused(async () => {
      const storage = await sqliteStorage(path);
      try {
        await (await openStore(storage)).state();
      } finally {
        await storage.close();
      }
    }, text);
  }
  writeFileSync(file, good);
  await (await openStore(await sqliteStorage(path))).close();
});

/** Runs a program beside this one, kills it after a while, and says how far it came. */
function killed(program: string, after: number): Promise<number> {
  return new Promise((resolve) => {
    const file = join(work, 'program.mjs');
    writeFileSync(file, program);
    const run = 'Deno' in globalThis ? ['run', '-A'] : [];
    const child = spawn(process.execPath, [...run, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let lines = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      lines += chunk.toString().split('\n').length - 1;
      timer ??= setTimeout(() => child.kill('SIGKILL'), after);
    });
    child.on('exit', () => {
      clearTimeout(timer);
      resolve(lines);
    });
  });
}

check('killed at any moment, the store is before or after an event, goes on, and keeps its promises', async () => {
  const entry = new URL('../../src/store/index.js', import.meta.url).href;
  const path = folder();
  const store = await storeIn(path);
  await store.close();
  const program = `
    const { openStore, sqliteStorage } = await import(${JSON.stringify(entry)});
    const store = await openStore(await sqliteStorage(${JSON.stringify(path)}, { wait: 5000 }));
    console.log(store.event);
    for (let n = store.event; n < store.event + 100; n++) {
      if (n % 5 === 4) await store.compact();
      else if (n % 5 === 2) await store.forget({ users: ['Quuxman ' + (n - 1)] }, { ignoreUnknown: true }).catch(() => {});
      else await store.learn({ interactions: [{ user: 'Quuxman ' + n, item: 'i' + (n % 60) }] }).catch(() => {});
      console.log(store.event);
    }`;
  let last = -1;
  for (let round = 0; round < 8; round++) {
    assert.ok((await killed(program, 50 + ((round * 137) % 500))) > 0, 'it was under way');
    const opened = await openStore(await sqliteStorage(path, { wait: 5000 }));
    const { model, parts } = await opened.state();
    assert.is(model.provenance.fingerprint, parts.train.fingerprint(), 'model and data belong together');
    assert.ok(opened.event >= last);
    last = opened.event;
    const numbers = [];
    for await (const { number } of opened.events()) numbers.push(number);
    assert.equal(
      numbers,
      Array.from({ length: opened.event }, (_, n) => n + 1),
      'no event is missing',
    );
    await opened.close();
  }
  assert.ok(last > 0, 'events happened');
  const opened = await openStore(await sqliteStorage(path));
  const users = [...(await opened.state()).parts.train.users].filter((id) => id.startsWith('Quuxman'));
  await opened.converge({ stage: 'b' });
  if (users.length > 0) await opened.forget({ users }, { ignoreUnknown: true });
  await opened.close();
  assert.equal(filesWith(path, 'Quuxman'), []);
  assert.not(existsSync(join(path, 'store.sqlite-journal')));
});

check('with a full disk in the middle an event is refused in words, nothing has changed, and it goes on when there is room', async () => {
  const path = folder();
  const store = await storeIn(path);
  await store.learn({ interactions: [{ user: 'u1', item: 'i59' }] });
  const { digest, event } = store;
  await store.close();
  const before = readFileSync(join(path, 'store.sqlite'));
  const entry = new URL('../../src/store/index.js', import.meta.url).href;
  const file = join(work, 'full.mjs');
  writeFileSync(
    file,
    `
    const { openStore, sqliteStorage } = await import(${JSON.stringify(entry)});
    const store = await openStore(await sqliteStorage(${JSON.stringify(path)}));
    const interactions = Array.from({ length: 20000 }, (_, n) => ({ user: 'somebody with a long name ' + n, item: 'i' + (n % 60) }));
    const said = await store.learn({ interactions }, { method: 'retrain' }).then(() => 'done', (error) => error.message);
    console.log(JSON.stringify({ said, event: store.event, digest: store.digest }));
    await store.close();`,
  );
  const run = ['Deno' in globalThis ? `run -A` : '', JSON.stringify(file)].join(' ');
  const child = (limit: string) =>
    spawnSync('bash', ['-c', `trap '' XFSZ; ${limit} exec ${JSON.stringify(process.execPath)} ${run}`], { encoding: 'utf8' });
  const { stdout, stderr } = child(`ulimit -f ${Math.ceil(before.length / 1024) + 100};`);
  const full = JSON.parse(stdout || JSON.stringify({ said: stderr }));
  assert.match(full.said, /no space left on the device; nothing was changed|its file cannot be used: disk I\/O error/);
  assert.equal([full.event, full.digest], [event, digest], 'in memory too');
  const opened = await openStore(await sqliteStorage(path));
  assert.equal([opened.event, opened.digest], [event, digest]);
  const { model, parts } = await opened.state();
  assert.is(model.provenance.fingerprint, parts.train.fingerprint());
  await opened.close();
  assert.match(child('').stdout, /"said":"done"/, 'with room the same event is done');
});

test.after(() => rmSync(work, { recursive: true, force: true }));
test.run();
