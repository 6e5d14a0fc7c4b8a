// The edge worker in the real workerd, over HTTP: its answers, its refusals, its order, its figures.
// Digests after a deletion are compared with what Node computes for the same request.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { check, same } from '../runtimes/checks.mjs';
import { call } from '../runtimes/hosts.mjs';
import { command, root } from '../runtimes/tools.mjs';

const example = join(root, 'examples', 'edge-worker');
const home = join(root, 'build', 'runtimes', 'edge-worker');
const TOKEN = 'a token for tests';

/** Bundles the worker as wrangler does, and writes workerd's configuration. */
async function prepare() {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, 'storage'), { recursive: true });
  await build({
    entryPoints: [join(example, 'worker.mjs')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    outfile: join(home, 'worker.js'),
    conditions: ['workerd'],
    external: ['*.wasm?module'],
    logLevel: 'warning',
  });
  copyFileSync(join(root, 'build', 'kernels.wasm'), join(home, 'kernels.wasm'));
  writeFileSync(
    join(home, 'serve.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "storage", disk = (path = "${join(home, 'storage')}", writable = true)),
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "kernels.wasm?module", wasm = embed "kernels.wasm")],
      compatibilityDate = "2026-01-01",
      bindings = [(name = "TOKEN", text = "${TOKEN}"), (name = "RECOMMENDER", durableObjectNamespace = "Recommender")],
      durableObjectNamespaces = [(className = "Recommender", uniqueKey = "lethe-recommender", enableSql = true)],
      durableObjectStorage = (localDisk = "storage"),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`,
  );
}

/** Starts workerd. @returns { url, pid, stop } once it listens. */
async function start() {
  const child = spawn(command('workerd'), ['serve', '--control-fd=3', join(home, 'serve.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const port = await new Promise((listening, stopped) => {
    child.stdio[3].on('data', (chunk) => {
      const found = /"port":(\d+)/.exec(chunk);
      if (found) listening(found[1]);
    });
    child.on('exit', (code) => stopped(new Error(`workerd ended with ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    stop: () => ended(child),
    kill: () => ended(child, 'SIGKILL'),
  };
}

const ended = (child, signal) =>
  new Promise((gone) => {
    child.removeAllListeners('exit').on('exit', gone);
    child.kill(signal);
  });

let worker;
async function ask(method, path, { token, body, headers } = {}) {
  const response = await fetch(worker.url + path, {
    method,
    body,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
const remove = (path, options) => ask('DELETE', path, { token: TOKEN, ...options });
/** A refusal has its status and one short sentence. */
const refused = ({ status, body }, wanted) =>
  same([status, Object.keys(body), body.error?.length > 0 && body.error.length < 300], [wanted, ['error'], true]);

const trained = async (name, ...options) => {
  const file = join(home, name);
  const { code, stdout, stderr } = await call(process.execPath, [join(example, 'train.mjs'), file, ...options]);
  if (code !== 0) throw new Error(stderr);
  return { file, digest: JSON.parse(stdout).digest };
};

export async function edgeWorker() {
  await prepare();
  // The copy that the example's own files import: a model's matrices are of its classes.
  const { forget, digest, recommend } = await import('lethe');
  const { unlearnAls } = await import('lethe/unlearn-als');
  const { unpack } = await import(pathToFileURL(join(example, 'state.mjs')).href);
  const small = await trained(
    'small.bin',
    '--users',
    '80',
    '--items',
    '50',
    '--interactions',
    '900',
    '--factors',
    '8',
    '--iterations',
    '3',
  );
  worker = await start();

  await check('edge worker: says that it is empty, and refuses to recommend', async () => {
    same((await ask('GET', '/health')).body, { status: 'empty' });
    refused(await ask('GET', '/recommend/1'), 503);
  });
  await check('edge worker: takes a model, with the token only', async () => {
    const body = readFileSync(small.file);
    refused(await ask('PUT', '/model', { body }), 401);
    refused(await ask('PUT', '/model', { body: body.subarray(0, 1000), token: TOKEN }), 400);
    refused(await ask('PUT', '/model', { body: 'no model', token: TOKEN }), 400);
    const {
      status,
      body: { digest },
    } = await ask('PUT', '/model', { body, token: TOKEN });
    same([status, digest], [200, small.digest]);
  });

  let { model, data } = await unpack(readFileSync(small.file));
  const forgetInNode = async (request, options = { local: true }) => {
    ({ model, data } = await forget(model, data, request, { method: unlearnAls, options, positions: 'kept' }));
    return digest(model);
  };
  await check('edge worker: recommends what Node recommends', async () => {
    const { status, body } = await ask('GET', '/recommend/7?k=5');
    same([status, body.items], [200, recommend(model, '7', { k: 5, data })]);
    same((await ask('GET', '/similar/3?k=4')).body.items.length, 4);
  });
  await check('edge worker: refuses what is wrong, in short', async () => {
    refused(await ask('GET', '/recommend/nobody'), 404);
    refused(await ask('GET', '/similar/nothing'), 404);
    refused(await ask('GET', '/elsewhere'), 404);
    refused(await ask('GET', '/recommend/'), 404);
    refused(await ask('GET', '/recommend/%E0%A4%A'), 400);
    for (const k of ['0', '-1', '1.5', '1000', 'ten', '']) refused(await ask('GET', `/recommend/7?k=${k}`), 400);
    refused(await ask('GET', `/recommend/${'9'.repeat(2000)}`), 414);
    const wrong = await ask('POST', '/recommend/7', { body: '{}' });
    refused(wrong, 405);
    same(wrong.headers.get('allow'), 'GET');
    refused(await ask('GET', '/users/7'), 405);
    for (const token of [undefined, 'another', `${TOKEN} `.repeat(2), TOKEN.slice(0, -1)])
      refused(await ask('DELETE', '/users/7', { token }), 401);
    refused(await ask('DELETE', '/users/7', { headers: { authorization: `Basic ${TOKEN}` } }), 401);
    const endless = ['{"passes": 100000}', '{"passes": 6}', '{"passes": -1}', '{"tolerance": 1e-12}'];
    for (const body of ['{', '[]', 'null', '"local"', '{"local": 1}', '{"unknown": true}', ...endless])
      refused(await remove('/users/7', { body }), 400);
    refused(await remove('/users/7', { body: JSON.stringify({ x: 'y'.repeat(5000) }) }), 413);
    refused(await remove('/users/nobody'), 404);
    refused(await remove('/users/7/items/nothing'), 404);
    same((await ask('GET', '/health')).body.digest, small.digest);
  });
  await check('edge worker: a user, an item, an interaction: Node computes the same digests', async () => {
    const item = data.items.at(data.itemsOf(data.users.indexOf('9'))[0]);
    for (const [path, request] of [
      ['/users/7', { users: ['7'] }],
      ['/items/12', { items: ['12'] }],
      [`/users/9/items/${item}`, { interactions: [['9', item]] }],
    ]) {
      const { status, body } = await remove(path);
      same([status, body.digest], [200, await forgetInNode(request)]);
      same(body.report.digestAfter, body.digest);
    }
    const body = JSON.stringify({ local: false, passes: 1 });
    same((await remove('/users/11', { body })).body.digest, await forgetInNode({ users: ['11'] }, { local: false, passes: 1 }));
    refused(await ask('GET', '/recommend/7'), 404);
    refused(await remove('/users/7'), 404);
  });
  await check('edge worker: twelve deletions at once happen one after the other; every answer is of a whole model', async () => {
    const users = Array.from({ length: 12 }, (_, n) => `${20 + n}`);
    const before = (await ask('GET', '/health')).body.digest;
    const deletions = users.map((user) => remove(`/users/${user}`));
    const seen = await Promise.all(Array.from({ length: 40 }, () => ask('GET', '/recommend/60?k=3')));
    const done = await Promise.all(deletions);
    // The reports chain: each began where another ended, so there was an order; Node goes the same way.
    const byStart = new Map(done.map(({ body: { report } }, n) => [report.digestBefore, n]));
    const digests = new Set([before]);
    let at = before;
    for (let n = 0; n < users.length; n++) {
      const next = byStart.get(at);
      at = done[next].body.digest;
      same(at, await forgetInNode({ users: [users[next]] }));
      digests.add(at);
    }
    same((await ask('GET', '/health')).body.digest, at);
    same(
      seen.every(({ status, body }) => status === 200 && digests.has(body.digest)),
      true,
    );
  });
  await check('edge worker: what was forgotten stays forgotten after a restart', async () => {
    const before = (await ask('GET', '/health')).body;
    await worker.stop();
    worker = await start();
    same((await ask('GET', '/health')).body, before);
    refused(await ask('GET', '/recommend/7'), 404);
  });

  await check('edge worker: an old state does not bring the forgotten back', async () => {
    const before = (await ask('GET', '/health')).body;
    const body = readFileSync(small.file);
    const { status, body: refusal } = await ask('PUT', '/model', { body, token: TOKEN });
    same([status, /holds 16 users, items or interactions that were forgotten here/.test(refusal.error)], [409, true]);
    same((await ask('GET', '/health')).body, before);
  });
  await check('edge worker: no byte of what was forgotten stays on the disk, whether it runs, was stopped or was killed', () => erasure());

  await check('edge worker: a model of the shape of MovieLens 1M, inside its limits', () => measure());
  await worker.stop();
}

/** Ids that occur in the files of the storage, as UTF-8 or as UTF-16 of either order. */
function idsOnDisk(ids) {
  const files = readdirSync(join(home, 'storage'), { recursive: true })
    .map((name) => join(home, 'storage', name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
  const forms = (id) => [Buffer.from(id), Buffer.from(id, 'utf16le'), Buffer.from(id, 'utf16le').swap16()];
  return ids.filter((id) => forms(id).some((form) => files.some((file) => file.includes(form))));
}

async function erasure() {
  const { DatasetBuilder } = await import('lethe');
  const { als } = await import('lethe/als');
  const { pack } = await import(pathToFileURL(join(example, 'state.mjs')).href);
  const builder = new DatasetBuilder();
  const [user, item] = [(n) => `person-${n}-of-many`, (n) => `thing-${n}-of-many`];
  for (let u = 0; u < 300; u++) for (let i = 0; i < 60; i++) if ((u * 7 + i * 3) % 5 < 2) builder.add(user(u), item(i));
  const data = builder.build();
  const body = await pack({ data, model: await als.fit(data, { factors: 4, iterations: 2, regularization: 1 }) });
  same((await ask('PUT', '/model', { body, token: TOKEN })).status, 200);
  // An id that the end of a page cuts in two cannot be searched for: six of those that can.
  const gone = idsOnDisk([3, 77, 299, 150, 200].map(user))
    .slice(0, 4)
    .concat(idsOnDisk([5, 44, 50].map(item)).slice(0, 2));
  same(gone.length, 6);
  const stays = [user(4), item(6)];
  same(idsOnDisk([...gone, ...stays]), [...gone, ...stays]); // negative control: the search sees them while they are there
  for (const id of gone) same((await remove(`/${id.startsWith('person') ? 'users' : 'items'}/${id}`)).status, 200);
  same(idsOnDisk([...gone, ...stays]), stays);
  const { digest } = (await ask('GET', '/health')).body;
  await worker.stop();
  same(idsOnDisk([...gone, ...stays]), stays);
  worker = await start();
  same((await ask('GET', '/health')).body.digest, digest);
  // Killed in the middle of deletions: it begins from the state before one or after it, never from nothing.
  for (let n = 0; n < 5; n++) {
    const victim = user(10 + n);
    const asked = remove(`/users/${victim}`).then(
      ({ status }) => status,
      () => 'cut off',
    );
    await new Promise((later) => setTimeout(later, 3 * n));
    await worker.kill();
    const answered = await asked;
    worker = await start();
    const { status } = await ask('GET', `/recommend/${victim}`);
    same([200, 404].includes(status), true);
    if (answered === 200) same(status, 404);
    if (status === 200) same((await remove(`/users/${victim}`)).status, 200);
    same(idsOnDisk([victim, ...stays]), stays);
  }
}

const MB = 1 << 20;
/** Memory and CPU time of a process, from the kernel's own account. */
const residentBytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
const cpuMs = (pid) => {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
  return (utime + stime) * 10; // clock ticks of 10 ms
};

async function measure() {
  const large = await trained('large.bin');
  // The worker before was told to forget ids that this state has: another begins.
  await worker.stop();
  rmSync(join(home, 'storage'), { recursive: true });
  mkdirSync(join(home, 'storage'));
  worker = await start();
  await ask('PUT', '/model', { body: readFileSync(large.file), token: TOKEN });
  await worker.stop();

  const begin = performance.now();
  worker = await start();
  const listening = performance.now() - begin;
  const idle = residentBytes(worker.pid);
  const {
    body: { items },
  } = await ask('GET', '/recommend/100?k=10');
  const firstAnswer = performance.now() - begin;
  same(items.length, 10);
  const serving = residentBytes(worker.pid);

  const DELETIONS = 20;
  const cpuBefore = cpuMs(worker.pid);
  const wallBefore = performance.now();
  for (let n = 0; n < DELETIONS; n++) same((await remove(`/users/${200 + 137 * n}`)).status, 200);
  const cpu = (cpuMs(worker.pid) - cpuBefore) / DELETIONS;
  const wall = (performance.now() - wallBefore) / DELETIONS;
  const { body: health } = await ask('GET', '/health');
  const resident = residentBytes(worker.pid);
  const account = JSON.parse(
    (
      await call(command('node-24', 'node'), [
        '--expose-gc',
        join(root, 'scripts', 'examples', 'edge-account.mjs'),
        join(example, 'recommender.mjs'),
        large.file,
        String(DELETIONS),
      ])
    ).stdout,
  );
  console.log(`  listening after ${listening.toFixed(0)} ms, first recommendation after ${firstAnswer.toFixed(0)} ms`);
  console.log(
    `  linear memory ${mb(account.linearMemoryBytes)}; alive in the worker's code ${mb(account.serving)} serving, ` +
      `${mb(account.after)} after ${DELETIONS} deletions`,
  );
  console.log(
    `  workerd's process ${mb(idle)} before the model, ${mb(serving)} serving, ${mb(resident)} after ${DELETIONS} ` +
      'deletions in a row, uncollected',
  );
  console.log(
    `  a deletion by the local pass: ${account.median.toFixed(1)} ms of the worker's CPU (median; ` +
      `${account.least.toFixed(1)} to ${account.most.toFixed(1)}); ` +
      `${cpu.toFixed(1)} ms of workerd's process with its storage and collector, ${wall.toFixed(1)} ms over HTTP`,
  );
  const LIMIT = 128 * MB;
  if (health.linearMemoryBytes > LIMIT || account.serving > LIMIT || account.after > LIMIT)
    throw new Error('more memory than an edge worker has');
}
const mb = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
