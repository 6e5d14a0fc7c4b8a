// dist/node, what Node gets as `lethe`: the same library in one file, whatever entry it is asked through.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fastKernels as plainFast } from '../../src/fast.ts';
import * as plain from '../../src/index.ts';
import { clustered } from '../fixtures.ts';

const test = suite('the form for Node');
const node = (entry: string): Promise<any> => import(new URL(`../../node/${entry}.js`, import.meta.url).href);

test('every entry exports what the plain form exports, of one library', async () => {
  const whole = await node('index');
  assert.equal(Object.keys(whole).sort(), Object.keys(plain).sort());
  for (const [folder, registry] of Object.entries({ models: plain.MODELS, unlearn: plain.UNLEARNERS })) {
    for (const name of Object.keys(registry)) {
      const entry = await node(name);
      assert.equal(Object.keys(entry).sort(), Object.keys(await import(`../../src/${folder}/${name}.js`)).sort(), name);
      assert.ok(Object.values(entry).includes(whole[folder === 'models' ? 'MODELS' : 'UNLEARNERS'][name]), `${name} is another library`);
    }
  }
});

test('holds the same kernels, and the fast ones in a file of their own', async () => {
  const { defaultKernels } = await node('index');
  const { fastKernels } = await node('fast');
  assert.is(defaultKernels.digest, plain.defaultKernels.digest);
  assert.equal(defaultKernels.bytes(), plain.defaultKernels.bytes());
  assert.equal(fastKernels.bytes(), plainFast.bytes());
  assert.not(readFileSync('dist/node/lethe.js', 'utf8').includes(fastKernels.digest));
  assert.ok(readFileSync('dist/node/fast.js', 'utf8').includes(fastKernels.digest), 'the check sees it');
});

test('trains to the same bytes, with threads too', async () => {
  const { als, digest, openTeam } = await node('index');
  const options = { factors: 16, iterations: 3 };
  const expected = await plain.digest(await plain.als.fit(clustered(), options));
  assert.is(await digest(await als.fit(clustered(), options)), expected);
  assert.is(await digest(await als.fit(clustered(), options, { threads: 2 })), expected);
  const team = await openTeam(2);
  assert.is(team.threads, 2, 'the worker script was not found');
  await team.close();
});

test.run();
