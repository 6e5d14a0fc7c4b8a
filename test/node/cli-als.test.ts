// The command line with a bilinear model: options from declarations, unlearning, explaining, factors out and in, the demo.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { npzBytes, openNpz } from '../../src/index.ts';
import { Workplace } from './cli-process.ts';

const test = suite('command line, als');
const place = new Workplace();
test.after(() => place.remove());

const generated = place.json(
  'generate',
  '--users',
  '120',
  '--items',
  '60',
  '--interactions',
  '2400',
  '--out',
  'data',
  '--modalities',
  'text:8',
);
const FIT = ['--model', 'als', '--factors', '8', '--iterations', '12', '--regularization', '2', '--alpha', '4'];
const trained = place.json('train', 'data', ...FIT, '--split', 'per-user:0.8,0.1,0.1', '--out', 'm');

test('generate writes a folder that is read again, the same bytes from the same seed', () => {
  assert.equal([generated.users, generated.items, generated.interactions], [120, 60, 2400]);
  assert.match(generated.digest, /^[0-9a-f]{64}$/);
  const shape = ['--users', '120', '--items', '60', '--interactions', '2400', '--modalities', 'text:8'];
  assert.is(place.json('generate', ...shape, '--out', 'again').digest, generated.digest);
  assert.is.not(place.json('generate', ...shape, '--out', 'seeded', '--seed', '2').digest, generated.digest);
  assert.is(place.run('generate', '--users', '10', '--items', '10', '--interactions', '200', '--out', 'x').status, 2);
  assert.is(
    place.run('generate', '--users', '10', '--items', '10', '--interactions', '50', '--out', 'x', '--modalities', 'text').status,
    2,
  );
});

test('options go by their API names, in either spelling, and are recorded', () => {
  assert.equal([trained.options.factors, trained.options.regularization, trained.options.alpha, trained.options.seed], [8, 2, 4, 1]);
  const ials = ['train', 'data', '--model', 'als', '--factors', '8', '--objective', 'ials', '--out', 'i'];
  const camel = place.json(...ials, '--unobservedWeight', '0.2');
  const dashed = place.json(...ials, '--unobserved-weight=0.2');
  assert.equal([camel.options.unobservedWeight, camel.digest], [0.2, dashed.digest]);
  assert.is(place.json('train', 'data', ...FIT, '--confidence', '--out', 'c').options.confidence, true);
  for (const [flag, value] of [
    ['--factors', '0'],
    ['--factors', 'many'],
    ['--objective', 'guess'],
    ['--regularization', '-1'],
  ]) {
    const { status, stderr } = place.run('train', 'data', '--model', 'als', '--out', 'x', flag, value);
    assert.is(status, 2);
    assert.ok(stderr.startsWith(`lethe: ${flag} expected `), stderr);
  }
});

test('another seed, other factors; more threads, the same bytes', () => {
  assert.is.not(
    place.json('train', 'data', ...FIT, '--seed', '2', '--out', 's').digest,
    place.json('train', 'data', ...FIT, '--seed', '3', '--out', 's').digest,
  );
  assert.is(place.json('train', 'data', ...FIT, '--split', 'per-user:0.8,0.1,0.1', '--threads', '2', '--out', 's').digest, trained.digest);
});

test("help lists the model's options with their defaults", () => {
  const { stdout } = place.run('train', '--model', 'als', '--help');
  assert.match(stdout, /--factors N +.*\[64\]/);
  assert.match(stdout, /--objective implicit\|ials\|explicit/);
  assert.match(place.run('forget', '--method', 'unlearn-als', '--help').stdout, /--tolerance X/);
});

test('explain adds up to the score', () => {
  const { score, contributions } = place.json('explain', 'm', 'data', '--user', '3', '--item', '5', '-k', '100');
  const sum = contributions.reduce((total: number, { contribution }: { contribution: number }) => total + contribution, 0);
  assert.ok(contributions.length > 3 && Math.abs(sum - score) < 1e-4);
  assert.type(contributions[0].title, 'string');
  place.json('train', 'data', '--model', 'popularity', '--out', 'p');
  assert.match(place.run('explain', 'p', 'data', '--user', '3', '--item', '5').stderr, /^lethe: a model of kind "popularity" cannot say/);
});

test('certify bounds what was trained to convergence, and refuses the original after a request', () => {
  const request = ['--users', '7', '--items', '3'];
  const fit = [
    '--model',
    'als',
    '--objective',
    'ials',
    '--unobserved-weight',
    '0.3',
    '--factors',
    '16',
    '--regularization',
    '0.2',
    '--tolerance',
    '1e-8',
  ];
  assert.is(place.json('train', 'data', ...fit, '--out', 'v').options.tolerance, 1e-8);
  assert.is(place.json('certify', 'v', 'data').status, 'certified');
  assert.is(place.json('forget', 'v', 'data', '--method', 'converge', ...request, '--out', 'w').stage, 'c');
  const { status, sigma, gap, bound, residual } = place.json('certify', 'w', 'data', ...request);
  assert.is(status, 'certified');
  assert.ok(sigma < 1.0001 && gap >= 0 && bound > 0 && residual < 1e-5);
  assert.equal(place.json('certify', 'v', 'data', ...request).status, 'approximate');
  // What the model has forgotten and the request does not name is not left out in silence.
  for (const less of [[], ['--items', '3']])
    assert.match(
      place.run('certify', 'w', 'data', ...less).stderr,
      /^lethe: data: the data hold interactions of (user "7"|item "3"), which the model/,
    );
  // A retrain from retained data has other positions, and is certified by the same request; other data are refused.
  place.json('forget', 'v', 'data', '--method', 'retrain', '--users', '7', '--out', 'w7', '--retain-out', 'w7.inter');
  place.json('train', 'w7.inter', '--model', 'als', '--objective', 'implicit', '--factors', '8', '--regularization', '2', '--out', 'z');
  assert.is(place.json('certify', 'z', 'data', '--users', '7').status, 'approximate');
  assert.match(place.run('certify', 'v', 'w7.inter').stderr, /^lethe: w7\.inter: the data are not those that the model was trained on/);
  assert.is(place.json('certify', 'm', 'data').status, 'approximate');
  place.json('train', 'data', '--model', 'item-knn', '--out', 'k');
  assert.match(place.run('certify', 'k', 'data').stderr, /^lethe: a model of kind "item-knn" has no certificate/);
  assert.is(place.run('certify', 'v', 'data', '--within', '7').status, 2);
  assert.is(place.run('train', 'data', '--model', 'als', '--tolerance', 'loose', '--out', 'x').status, 2);
});

test('the profile certifiable trains a model that is certified, and prints its price', () => {
  const { profile, options } = place.json(
    'train',
    'data',
    '--model',
    'als',
    '--objective',
    'ials',
    '--factors',
    '8',
    '--profile',
    'certifiable',
    '--split',
    'per-user:0.8,0.1,0.1',
    '--out',
    'y',
  );
  assert.is(options.regularization, profile.chosen.regularization);
  assert.ok(profile.price >= 0 && profile.trials.length === 5);
  assert.is(place.json('certify', 'y', 'data').status, 'certified');
  assert.is(place.run('train', 'data', '--model', 'popularity', '--profile', 'certifiable', '--out', 'x').status, 2);
});

test('forgetting is nearer to gold than the original; its report says how it went', () => {
  const request = ['--users', '3,4,5', '--items', '7'];
  const report = place.json(
    'forget',
    'm',
    'data',
    '--method',
    'unlearn-als',
    '--passes',
    '2',
    ...request,
    '--out',
    'u',
    '--retain-out',
    'u.inter',
  );
  assert.equal([report.exactness, report.passes, report.digestBefore], ['approximate', 2, trained.digest]);
  assert.is(report.digestAfter, place.json('inspect', 'u').digest);
  const { models } = place.json('compare', 'm', 'u', 'data', ...request, '--gold', '--floor');
  const [original, unlearned, gold, floor] = models;
  assert.equal([original.name, unlearned.name, gold.name, floor.name], ['original', 'u', 'gold', 'floor']);
  assert.equal([original['forgetRecall@20'], unlearned['forgetRecall@20']], [null, null], 'rows that are gone say nothing by definition');
  assert.equal([original.influenceLeft, gold.influenceLeft, original.membershipAuc], [1, 0, null], 'nobody was held out to judge beside');
  assert.ok(unlearned.influenceLeft > 0 && unlearned.influenceLeft < 1, `${unlearned.influenceLeft}`);
  assert.ok(unlearned.scoreDistance < original.scoreDistance && unlearned.scoreDistance < floor.scoreDistance);
  assert.ok(floor['overlap@20'] < 1 && gold['overlap@20'] === 1);
  // Held-out rows are the same rows, whether the file still has those of the forgotten or not.
  assert.is(place.json('evaluate', 'u', 'u.inter')['ndcg@20'], place.json('evaluate', 'u', 'data')['ndcg@20']);
});

test('a gold that was trained from the retained file, at other positions, is compared too', () => {
  place.json('train', 'u.inter', ...FIT, '--out', 'fresh');
  const { models } = place.json('compare', 'm', 'fresh', 'data', '--users', '3,4,5', '--items', '7', '--gold');
  const [original, fresh] = models;
  assert.ok(fresh.scoreDistance < 1e-4 && fresh['overlap@20'] > 0.999, JSON.stringify(fresh));
  assert.ok(original.scoreDistance > 0.01, 'negative control');
  assert.equal([fresh['forgetRecall@20'], fresh.forgetScore], [null, null]);
  assert.ok(fresh.influenceLeft < 0.01 && original.influenceLeft === 1);
});

test('a method that does not fit the model is refused by name', () => {
  const { status, stderr } = place.run('forget', 'p', 'data', '--method', 'unlearn-als', '--users', '3', '--out', 'x');
  assert.is(status, 1);
  assert.match(
    stderr,
    /"unlearn-als" works on models that are trained by least squares \(als\), and this is "popularity"; choose another method: downdate/,
  );
});

test('export and import bring the same factors back, ready to forget', async () => {
  const exported = place.json('export', 'm', '--npz', 'f.npz');
  assert.equal([exported.users, exported.items, exported.factors], [120, 60, 8]);
  const npz = openNpz(readFileSync(place.path('f.npz')), 'f.npz');
  assert.equal((await npz.read('user_factors')).shape, [120, 8]);
  const imported = place.json(
    'import',
    'f.npz',
    '--ids',
    'data',
    '--split',
    'per-user:0.8,0.1,0.1',
    '--out',
    'imp',
    '--iterations',
    '12',
    '--regularization',
    '2',
    '--alpha',
    '4',
  );
  assert.is(imported.digest, trained.digest);
  assert.is(place.json('inspect', 'imp').record.imported, true);
  const report = place.json('forget', 'imp', 'data', '--method', 'unlearn-als', '--users', '3', '--out', 'imp2');
  assert.is(report.forgotten.users, 1);
  assert.match(report.why, /how far these factors had converged is not known/);
  assert.equal(place.json('export', 'imp2', '--npz', 'g.npz').users, 119);
});

test('import: rows by number, rows by lists of ids, and what does not fit', () => {
  place.write('three.csv', 'user,item\n1,a\n3,b\n');
  const rows = (n: number, of: (r: number) => number): { shape: number[]; data: Float32Array<ArrayBuffer> } => ({
    shape: [n, 2],
    data: Float32Array.from({ length: n * 2 }, (_, i) => of(i >> 1)),
  });
  const npz = (name: string, users: object, items: object): string =>
    place.write(name, npzBytes({ user_factors: users, item_factors: items } as never));
  npz(
    'by-number.npz',
    rows(4, (r) => r),
    rows(2, (r) => 10 + r),
  );
  assert.is(place.json('import', 'by-number.npz', '--ids', 'three.csv', '--out', 'n').users, 2);
  assert.equal(
    place.json('recommend', 'n', 'three.csv', '--user', '3', '--include-seen').items.map((each: { score: number }) => each.score),
    [66, 60],
  );
  place.write('users.txt', '3\n2\n1\n0\n');
  assert.is(place.json('import', 'by-number.npz', '--ids', 'three.csv', '--user-ids', 'users.txt', '--out', 'l').users, 4);
  assert.equal(
    place.json('recommend', 'l', 'three.csv', '--user', '3', '--include-seen').items.map((each: { score: number }) => each.score),
    [0, 0],
  );

  npz(
    'few.npz',
    rows(1, (r) => r),
    rows(2, (r) => r),
  );
  npz(
    'nan.npz',
    rows(2, () => NaN),
    rows(2, (r) => r),
  );
  npz(
    'widths.npz',
    rows(2, (r) => r),
    { shape: [2, 1], data: new Float32Array(2) },
  );
  place.write('lacking.npz', npzBytes({ user_factors: rows(2, (r) => r) } as never));
  place.write('no.npz', 'nothing of the kind');
  for (const [file, message] of [
    ['few.npz', /few\.npz: expected 2 rows in "user_factors"/],
    ['nan.npz', /nan\.npz: expected finite numbers in "user_factors", found NaN in the row of user "1"/],
    ['widths.npz', /found 1 and 2/],
    ['lacking.npz', /expected an array "item_factors", found user_factors/],
    ['no.npz', /no\.npz: /],
  ] as const) {
    const { status, stderr } = place.run('import', file, '--ids', 'three.csv', '--out', 'x');
    assert.is(status, 1);
    assert.match(stderr, message);
  }
  assert.match(
    place.run('import', 'by-number.npz', '--ids', 'three.csv', '--factors', '3', '--out', 'x').stderr,
    /--factors expected 2, as in/,
  );
  assert.match(place.run('export', 'p', '--npz', 'x').stderr, /has no factors to export/);
});

test('the demo tells the story, and shows that the forgotten are gone', () => {
  const { model, forget, compare, recommend } = place.json('demo', '--quiet');
  assert.is(model.model, 'als');
  assert.ok(model['recall@20'] > model.popularity['recall@20']);
  assert.equal([forget.forgotten.users, forget.forgotten.items], [1, 1]);
  assert.equal(
    compare.models.map(({ name }: { name: string }) => name),
    ['original', 'unlearned', 'gold', 'floor'],
  );
  const forgottenItem = recommend.before[0].item;
  assert.ok(recommend.after.every(({ item }: { item: string }) => item !== forgottenItem));
  const text = place.run('demo');
  assert.is(text.status, 0);
  assert.match(text.stdout, /1\. Data: .*\n[^]*2\. Train: [^]*3\. Forget: [^]*4\. What user [^]*5\. Beside gold/);
});

test.run();
