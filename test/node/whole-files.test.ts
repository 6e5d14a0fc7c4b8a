// Files that are written whole: what is left by processes that are killed at the worst moments, and what becomes of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settleFolder, writeTogether } from '../../src/files/whole-files.ts';

const test = suite('whole files');
const library = JSON.stringify(new URL('../../src/files/whole-files.js', import.meta.url).href);

const folder = (): string => mkdtempSync(join(tmpdir(), 'lethe-whole-'));
const contents = (at: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at)
      .sort()
      .map((name) => [name.startsWith('.') ? name.replace(/[0-9a-f-]{8,}/, '…') : name, readFileSync(join(at, name), 'utf8')]),
  );

/** Runs a script that kills itself. */
function killed(script: string): void {
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.is(signal, 'SIGKILL', stderr);
}

/** Writes two files, and is killed at the given call of renameSync; 0 while the second is being written. */
const killedAt = (at: string, call: number): string => `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const die = () => process.kill(process.pid, 'SIGKILL');
const { renameSync } = fs;
let calls = 0;
fs.renameSync = (...args) => (++calls === ${call} ? die() : renameSync(...args));
syncBuiltinESMExports();
const { writeTogether } = await import(${library});
async function* half() { yield 'half of the second'; ${call === 0 ? 'die(); await new Promise(() => {});' : ''} }
await writeTogether(new Map([[${JSON.stringify(join(at, 'model'))}, ['new model']], [${JSON.stringify(join(at, 'rest'))}, half()]]));
`;

test('two files are one act: after a kill between their renames both are new, not one', () => {
  for (const call of [1, 2]) {
    const at = folder();
    for (const name of ['model', 'rest']) writeFileSync(join(at, name), 'old');
    killed(killedAt(at, call));
    assert.is(Object.keys(contents(at)).filter((name) => name.endsWith('.commit')).length, 1, 'the renames are on record');
    assert.is(readFileSync(join(at, 'rest'), 'utf8'), 'old', 'killed before the second rename');
    settleFolder(at);
    assert.equal(contents(at), { model: 'new model', rest: 'half of the second' });
    rmSync(at, { recursive: true });
  }
});

test('and without the record of the renames they would not be', () => {
  const at = folder();
  for (const name of ['model', 'rest']) writeFileSync(join(at, name), 'old');
  killed(killedAt(at, 2));
  for (const name of readdirSync(at)) if (name.endsWith('.commit')) rmSync(join(at, name));
  settleFolder(at);
  assert.equal(contents(at), { model: 'new model', rest: 'old' });
  rmSync(at, { recursive: true });
});

test('a record that was not written to its end had begun nothing: all is as before', () => {
  const at = folder();
  for (const name of ['model', 'rest']) writeFileSync(join(at, name), 'old');
  killed(killedAt(at, 1));
  for (const name of readdirSync(at)) if (name.endsWith('.commit')) writeFileSync(join(at, name), '[["half');
  settleFolder(at);
  assert.equal(contents(at), { model: 'old', rest: 'old' });
  rmSync(at, { recursive: true });
});

test('a kill while a file is being written leaves what was there; the rest is cleared by the next', () => {
  const at = folder();
  writeFileSync(join(at, 'model'), 'old');
  killed(killedAt(at, 0));
  assert.ok(readdirSync(at).length > 1, 'something was left behind');
  settleFolder(at);
  assert.equal(contents(at), { model: 'old' });
  rmSync(at, { recursive: true });
});

test('what is not surely left behind stays: of a living process, of another machine, of another name', async () => {
  const at = folder();
  let seen: string[] = [];
  async function* slow(): AsyncGenerator<string> {
    yield 'begun';
    settleFolder(at);
    seen = readdirSync(at);
    yield ', and ended';
  }
  await writeTogether(new Map([[join(at, 'model'), slow()]]));
  assert.is(seen.length, 1, 'its own file is not cleared while it is written');
  assert.equal(contents(at), { model: 'begun, and ended' });

  const [, process8] = seen[0].match(/^\.lethe-([0-9a-f]{8})-/)!;
  const elsewhere = process8 === '00000000' ? '11111111' : '00000000';
  const foreign = `.lethe-${elsewhere}-1-0123456789abcdef.part`;
  const others = ['.lethe-notes', '.model.1234.part', `.lethe-${process8}-x-0123456789abcdef.part`];
  for (const name of [foreign, ...others]) writeFileSync(join(at, name), '');
  settleFolder(at);
  assert.equal(readdirSync(at).sort(), [foreign, ...others, 'model'].sort());
  utimesSync(join(at, foreign), new Date(0), new Date(0));
  settleFolder(at);
  assert.equal(readdirSync(at).sort(), [...others, 'model'].sort(), 'another machine has long given up');
  rmSync(at, { recursive: true });
});

test("a record moves nothing but Lethe's own passing files, within their folder", () => {
  const at = folder();
  killed(killedAt(at, 1));
  writeFileSync(join(at, 'secret'), 'mine');
  for (const name of readdirSync(at)) {
    if (name.endsWith('.commit')) writeFileSync(join(at, name), JSON.stringify([[join(at, 'secret'), join(at, 'taken')]]));
  }
  settleFolder(at);
  assert.equal(contents(at), { secret: 'mine' });
  rmSync(at, { recursive: true });
});

test('a failing content changes nothing; a place that cannot be taken is said, with what was written', async () => {
  const at = folder();
  writeFileSync(join(at, 'model'), 'old');
  async function* broken(): AsyncGenerator<string> {
    yield 'half';
    throw new Error('no more');
  }
  const files = new Map<string, Iterable<string> | AsyncIterable<string>>([
    [join(at, 'model'), ['new']],
    [join(at, 'rest'), broken()],
  ]);
  assert.match((await writeTogether(files).catch((error: Error) => error)) as unknown as string, /no more/);
  assert.equal(contents(at), { model: 'old' });
  rmSync(at, { recursive: true });
});

test.run();
