// lethe tune, as scripts use it.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Workplace } from './cli-process.ts';

const test = suite('lethe tune');
const place = new Workplace();
test.after(() => place.remove());

test.before(() => {
  const made = place.run('generate', '--users', '60', '--items', '40', '--interactions', '900', '--out', place.path('data'), '--quiet');
  assert.is(made.status, 0, made.stderr);
});

test('finds settings, opens the test once, writes them, and prints the command that trains the winner', () => {
  const out = place.path('best.json');
  const args = ['tune', place.path('data'), '--model', 'ease,popularity', '--trials', '8', '--front', '--out', out, '--json'];
  const { status, stdout, stderr } = place.run(...args);
  assert.is(status, 0, stderr);
  const found = JSON.parse(stdout);
  assert.is(found.metric, 'ndcg@20');
  assert.is(found.trials.length, 10, 'the defaults of two kinds, and eight more');
  assert.type(found.test['ndcg@20'], 'number');
  assert.equal(found.front.map((row: { model: string }) => row.model).sort(), ['ease', 'popularity']);
  const { effort: _, ...settled } = found.best;
  assert.equal(JSON.parse(readFileSync(out, 'utf8')), settled);
  const again = JSON.parse(place.run(...args).stdout);
  const settings = (trials: { seconds: number }[]) => trials.map(({ seconds, ...rest }) => rest);
  assert.equal(settings(again.trials), settings(found.trials));

  const model = place.path('model.lethe');
  const command = found.command.split(' ').slice(1, -1);
  assert.is(place.run(...command, model).status, 0, 'the printed command trains');
  const validated = JSON.parse(place.run('evaluate', model, place.path('data'), '--on', 'validation', '--json').stdout);
  assert.is(validated['ndcg@20'], found.best['ndcg@20'], 'and its model has the figure that was promised');
  const tested = JSON.parse(place.run('evaluate', model, place.path('data'), '--json').stdout);
  assert.is(tested['ndcg@20'], found.test['ndcg@20']);
});

test('what is set is not searched; what is wrong is wrong usage, in one line', () => {
  const data = place.path('data');
  const run = (...more: string[]) => place.run('tune', data, '--model', 'ease', '--trials', '2', '--json', ...more);
  const { trials } = JSON.parse(run('--set', 'ease.regularization=7').stdout);
  assert.equal(
    trials.map((trial: { options: object }) => trial.options),
    [{ regularization: 7 }],
  );
  const wrong: [string[], RegExp][] = [
    [['--set', 'ease.depth=1'], /ease has no option "depth"/],
    [['--set', 'als.factors=1'], /"als" is not among the kinds/],
    [['--set', 'factors'], /KIND\.OPTION=VALUE/],
    [['--set', 'ease.regularization=-1'], /regularization/],
    [['--budget', 'soon'], /--budget expected a time/],
    [['--metric', 'auc'], /--metric expected one of/],
  ];
  for (const [more, pattern] of wrong) {
    const { status, stdout, stderr } = run(...more);
    assert.is(status, 2, `${more.join(' ')}: ${stderr}`);
    assert.is(stdout, '');
    assert.match(stderr, pattern);
  }
});

test('a kind that there is not is wrong usage', () => {
  const { status, stderr } = place.run('tune', place.path('data'), '--model', 'ease,als2', '--trials', '2');
  assert.is(status, 2);
  assert.match(stderr, /--model expected one of .* got "als2"/);
});

test('a split without validation rows is refused with the remedy', () => {
  const { status, stderr } = place.run('tune', place.path('data'), '--model', 'ease', '--split', 'leave-one-out:x', '--trials', '1');
  assert.is.not(status, 0);
  assert.match(stderr, /^lethe: [^\n]+\n$/);
  const all = place.run('tune', place.path('data'), '--model', 'ease', '--split', 'all', '--trials', '1', '--quiet');
  assert.is(all.status, 1, all.stderr);
  assert.match(all.stderr, /no validation rows to search on/);
});

test.run();
