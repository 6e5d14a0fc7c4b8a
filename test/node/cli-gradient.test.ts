// The command line with models trained by gradients: checkpoints, features, modalities.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Workplace, withoutColumnNotes } from './cli-process.ts';

const test = suite('command line, gradient models');
const place = new Workplace();
test.after(() => place.remove());
place.json('generate', '--users', '120', '--items', '50', '--interactions', '2000', '--out', 'data', '--modalities', 'text:6,image:4');
const SPLIT = ['--split', 'per-user:0.8,0.1,0.1'];

test('an interrupted training goes on from its checkpoint to the same bytes', async () => {
  const fit = ['train', 'data', '--model', 'bpr', '--factors', '8', '--patience', '10000', ...SPLIT];
  const child = place.start(...fit, '--epochs', '100000', '--out', 'long', '--checkpoint', 'kept', '--checkpoint-every', '1');
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  while (!place.files.includes('kept')) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  const [status] = (await once(child, 'close')) as [number];
  assert.is(status, 130);
  const epoch = Number(withoutColumnNotes(stderr).match(/^lethe: interrupted; kept holds the training up to epoch (\d+)\n$/)?.[1]);
  assert.ok(epoch >= 1, stderr);
  assert.not.ok(place.files.some((name) => name === 'long' || name.endsWith('.part')));

  const more = ['--epochs', String(epoch + 3)];
  const whole = place.json(...fit, ...more, '--out', 'whole');
  const resumed = place.run(...fit, ...more, '--out', 'resumed', '--checkpoint', 'kept', '--json');
  assert.is(resumed.stderr, `going on from kept, after epoch ${epoch}\n`);
  assert.is(JSON.parse(resumed.stdout).digest, whole.digest);
  assert.not.ok(place.files.includes('kept'));
});

test('a checkpoint that is damaged, foreign or for another training is refused', () => {
  place.write('foreign', 'nothing of the kind');
  const train = (...args: string[]) => place.run('train', 'data', '--epochs', '2', '--factors', '8', '--out', 'x', ...args);
  assert.match(train('--model', 'bpr', '--checkpoint', 'foreign').stderr, /^lethe: foreign: expected a checkpoint/);
  place.write('damaged', `lethe checkpoint 1\n${'x'.repeat(100)}`);
  assert.match(train('--model', 'bpr', '--checkpoint', 'damaged').stderr, /^lethe: damaged: the checkpoint is damaged/);
  assert.is(train('--model', 'popularity', '--checkpoint', 'new').status, 2);
  assert.equal(
    place.files.filter((name) => name === 'x' || name === 'new'),
    [],
  );
});

test('a modality is forgotten, stays forgotten, and the original is told from the model that forgot', () => {
  place.json('train', 'data', '--model', 'vbpr', '--factors', '8', '--epochs', '4', '--out', 'v', ...SPLIT);
  const request = ['--modality', 'text', '--of-items', '1,2'];
  const report = place.json('forget', 'v', 'data', '--method', 'retrain', ...request, '--out', 'w');
  assert.equal(report.forgotten, { users: 0, items: 0, interactions: 0 });
  assert.is.not(report.digestAfter, report.digestBefore);
  assert.equal(place.json('inspect', 'w').provenance.split.revoked, { text: ['1', '2'] });
  const { models } = place.json('compare', 'w', 'v', 'data', ...request, '--gold');
  assert.equal(
    models.map(({ name }: { name: string }) => name),
    ['w', 'original', 'gold'],
  );
  assert.equal([models[0].scoreDistance, models[0]['forgetRecall@20']], [0, null]);
  assert.ok(models[1].scoreDistance > 0, 'negative control');
  // The data still bring the features: forgetting a user afterwards must not bring them back.
  const after = place.json('forget', 'w', 'data', '--method', 'retrain', '--users', '3', '--out', 'w3');
  const both = place.json('forget', 'v', 'data', '--method', 'retrain', ...request, '--users', '3', '--out', 'v3');
  assert.is(after.digestAfter, both.digestAfter);
  assert.equal(readFileSync(place.path('w3')), readFileSync(place.path('v3')));
});

test.run();
