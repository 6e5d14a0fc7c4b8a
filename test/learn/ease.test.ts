// The quick route of EASE: rows and items that come by Woodbury's identity, new items by bordering, with a measured residual.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { downdate, ease, forget, learn, type Model } from '../../src/index.ts';
import { clustered } from '../fixtures.ts';

const test = suite('ease learns quickly');
const data = clustered(200, 120);
const QUICK = { method: downdate, options: { exact: false } };
const interactions = [
  ...['i0', 'i4', 'new1'].map((item) => ({ user: 'u1', item })),
  ...['i8', 'new1', 'new2'].map((item) => ({ user: 'fresh', item })),
];
const weightsOf = (model: Model): Float32Array => model.parameters.get('weights')!.toArray();
const largest = (a: Float32Array, b: Float32Array): number => a.reduce((most, x, n) => Math.max(most, Math.abs(x - b[n])), 0);

test('new items and users, equal to a fresh fit but for rounding, again and again, and back', async () => {
  let model: Model = await ease.fit(data, { regularization: 50 });
  const original = weightsOf(model);
  const { model: grown, data: all, report } = await learn(model, data, { interactions }, QUICK);
  assert.is(report.route, 'woodbury');
  assert.ok((report.residual as number) < 1e-10, `${report.residual}`);
  const fresh = await ease.fit(all, { regularization: 50 });
  assert.ok(largest(weightsOf(grown), weightsOf(fresh)) < 1e-6);
  model = grown;
  let now = all;
  for (let n = 0; n < 10; n++) {
    const step = await learn(
      model,
      now,
      {
        interactions: [
          { user: `more${n}`, item: 'new2' },
          { user: `more${n}`, item: `i${n}` },
        ],
      },
      QUICK,
    );
    assert.ok((step.report.residual as number) < 1e-8);
    [model, now] = [step.model, step.data];
  }
  assert.ok(largest(weightsOf(model), weightsOf(await ease.fit(now, { regularization: 50 }))) < 1e-5);
  const users = Array.from({ length: 10 }, (_, n) => `more${n}`);
  const back = await forget(model, now, { users }, QUICK);
  assert.ok(largest(weightsOf(back.model), weightsOf(fresh)) < 1e-5);
  assert.ok(largest(weightsOf(back.model).slice(0, original.length), original) > 1e-4, 'the control: the original is another model');
});

test('too many rows at once are factored anew, exactly, and the report says so', async () => {
  const model: Model = await ease.fit(data, { regularization: 50 });
  const many = Array.from({ length: 60 }, (_, n) => ({ user: `fresh${n}`, item: `i${n}` }));
  const { report } = await learn(model, data, { interactions: many }, QUICK);
  assert.is(report.route, 'factorisation');
  assert.match(String(report.why), /cheaper/);
});
test.run();
