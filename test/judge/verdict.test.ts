// A certificate must be able to fail at every step: each figure that it rests on is replaced by what is no number, is
// infinite, is nothing or has the wrong sign, in the verdict alone and from outside, in the model, its options and the data.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder } from '../../src/data/builder.ts';
import { Dataset } from '../../src/data/dataset.ts';
import { type Certificate, certify } from '../../src/judge/certify.ts';
import { type Figures, verdict } from '../../src/judge/verdict.ts';
import { type AlsModel, type AlsOptions, als } from '../../src/models/als.ts';
import { draws } from '../kernels/samples.ts';

const test = suite('verdict');

const LIMITS = { tolerance: 1e-4, within: 1e-4 };
const POLISHED = { sigma: 1 + 1e-13, gap: 1e-9, size: 20, distance: 1e-6 };
const GOOD: Figures = { residual: 1e-7, largestRow: 1e-6, curvature: 1, polished: POLISHED };

test('every figure that is no number, infinite or of the wrong sign takes the certificate away', () => {
  assert.is(verdict(GOOD, LIMITS).status, 'certified', 'without that, it is one');
  const bad = { NaN, Infinity, '-Infinity': -Infinity };
  for (const [name, value] of Object.entries(bad)) {
    for (const figure of ['residual', 'largestRow', 'curvature'] as const) {
      const { status, bound } = verdict({ ...GOOD, [figure]: value }, LIMITS);
      assert.is.not(status, 'certified', `${figure} ${name}`);
      assert.is(bound, null);
    }
    for (const figure of ['sigma', 'gap', 'size', 'distance'] as const) {
      const { status } = verdict({ ...GOOD, polished: { ...POLISHED, [figure]: value } }, LIMITS);
      assert.is.not(status, 'certified', `${figure} ${name}`);
    }
    for (const limit of ['tolerance', 'within'] as const) {
      if (value !== Infinity) assert.is.not(verdict(GOOD, { ...LIMITS, [limit]: value }).status, 'certified', `${limit} ${name}`);
    }
  }
  for (const figure of ['sigma', 'gap', 'size', 'distance'] as const) {
    assert.is.not(verdict({ ...GOOD, polished: { ...POLISHED, [figure]: -1e-3 } }, LIMITS).status, 'certified', `${figure} below 0`);
  }
  for (const figure of ['residual', 'largestRow'] as const) {
    assert.is.not(verdict({ ...GOOD, [figure]: -1 }, LIMITS).status, 'certified', `${figure} below 0`);
  }
  for (const curvature of [0, -1]) assert.is.not(verdict({ ...GOOD, curvature }, LIMITS).status, 'certified');
  assert.is(verdict({ ...GOOD, polished: undefined }, LIMITS).status, 'stationary');
  assert.is(verdict({ ...GOOD, polished: { ...POLISHED, size: 0 } }, LIMITS).status, 'stationary', 'nothing to compare with');
  assert.is(verdict({ ...GOOD, polished: { sigma: 1, gap: 0, size: 0, distance: 0 } }, LIMITS).status, 'certified', 'zero is the optimum');
});

function sample(): Dataset {
  const next = draws(4);
  const builder = new DatasetBuilder();
  for (let u = 0; u < 30; u++) {
    for (let i = 0; i < 20; i++) if (next() < ((u + i) % 3 === 0 ? 0.6 : 0.1)) builder.add(`u${u}`, `i${i}`, 1 + Math.floor(next() * 5));
  }
  return builder.build();
}

const data = sample();
const SETTINGS: Partial<AlsOptions> = { regularization: 10, factors: 8, tolerance: 1e-9 };

/** The model as its options were other ones, as a header can say. */
const claiming = (model: AlsModel, options: object): AlsModel =>
  new Proxy(model, {
    get: (target, name) => (name === 'options' ? { ...target.options, ...options } : Reflect.get(target, name, target)),
  });

/** The status, or the error's text where it is refused. */
const outcome = (work: Promise<Certificate>): Promise<string> =>
  work.then(
    ({ status }) => status,
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** The data with one value changed, over the same tables. */
const withValue = (value: number): Dataset => {
  const { users, items, split, userItems } = data;
  return new Dataset({
    users,
    items,
    split,
    userItems: { ...userItems, data: userItems.data.map((v, e) => (e === 17 ? value : v)) },
  } as never);
};

test('factors, data and options that are no numbers, nothing or out of range are refused or approximate', async () => {
  const control = await als.fit(data, SETTINGS);
  assert.is(await outcome(certify(control, data)), 'certified', 'the control');
  for (const value of [NaN, Infinity, -Infinity, 3e38]) {
    for (const side of ['userFactors', 'itemFactors'] as const) {
      const model = await als.fit(data, SETTINGS);
      model[side].row(3)[2] = value;
      assert.is(await outcome(certify(model, data)), 'approximate', `${side} ${value}`);
    }
    const refusal = await outcome(certify(control, withValue(value), { ignoreFingerprint: true }));
    if (Number.isFinite(value)) assert.is(refusal, 'approximate');
    else assert.match(refusal, /DataError: the value of user "u\d+" and item "i\d+" expected a finite number, found -?(NaN|Infinity)/);
  }
  const options: [object, RegExp][] = [
    [{ regularization: NaN }, /RangeError: "regularization"/],
    [{ regularization: -1 }, /RangeError: "regularization"/],
    [{ regularization: Infinity }, /RangeError: "regularization"/],
    [{ regularization: '10' }, /TypeError: "regularization"/],
    [{ regularization: 0 }, /^approximate$/],
    [{ regularization: 1e-46 }, /^approximate$/],
    [{ regularization: 1e39 }, /^approximate$/],
    [{ alpha: NaN }, /RangeError: "alpha"/],
    [{ alpha: 1e308 }, /^approximate$/],
    [{ alpha: 1e-320 }, /^approximate$/],
    [{ objective: 'ials', unobservedWeight: 1e308 }, /^approximate$/],
    [{ objective: 'ials', frequencyExponent: NaN }, /RangeError: "frequencyExponent"/],
    [{ objective: 'sum' }, /"objective"/],
  ];
  for (const [given, expected] of options) assert.match(await outcome(certify(claiming(control, given), data)), expected);
});

test('no regularization, or one that float32 rounds to 0, certifies nothing, trained or claimed', async () => {
  for (const regularization of [0, 1e-46]) {
    const model = await als.fit(data, { ...SETTINGS, regularization, factors: 3 }).catch(() => undefined);
    if (model) assert.is(await outcome(certify(model, data)), 'approximate', `trained with ${regularization}`);
    const zero = await als.fit(data, SETTINGS);
    for (const side of [zero.userFactors, zero.itemFactors]) side.view().fill(0);
    const { status, bound, statement } = await certify(claiming(zero, { regularization }), data);
    assert.equal([status, bound], ['approximate', null], 'all zero');
    assert.match(statement, /regularization/);
  }
});

test('zero factors are certified where zero is the optimum, and only there', async () => {
  const zero = await als.fit(data, SETTINGS);
  for (const side of [zero.userFactors, zero.itemFactors]) side.view().fill(0);
  const { status, sigma, relativeBound } = await certify(zero, data);
  assert.is(status, 'stationary');
  assert.ok(sigma! > 1 && relativeBound === Infinity);
  const certificate = await certify(claiming(zero, { regularization: 1e4 }), data);
  assert.equal([certificate.status, certificate.bound], ['certified', 0]);
});

test('a row of zeros that has interactions, and a row without that is not zero, are approximate', async () => {
  for (const settings of [SETTINGS, { ...SETTINGS, objective: 'explicit', regularization: 0.5, factors: 3, tolerance: 1e-6 } as const]) {
    const forgotten = await als.fit(data, settings);
    assert.is.not(await outcome(certify(forgotten, data)), 'approximate', 'the control');
    forgotten.userFactors.row(7).fill(0);
    assert.is(await outcome(certify(forgotten, data)), 'approximate', 'a forgotten user whose interactions the data still hold');
    const { indptr } = data.userItems;
    const without = data.without(Int32Array.from({ length: indptr[8] - indptr[7] }, (_, e) => indptr[7] + e));
    const kept = await als.fit(without, settings);
    assert.is.not(await outcome(certify(kept, without)), 'approximate', 'the control');
    kept.userFactors.row(7).fill(0.01);
    assert.is(await outcome(certify(kept, without)), 'approximate', 'a row that nothing holds');
  }
});

test('data without interactions are refused', async () => {
  const model = await als.fit(data, SETTINGS);
  const nothing = data.filter(() => false);
  assert.match(await outcome(certify(model, nothing, { ignoreFingerprint: true })), /DataError: the data hold no interactions/);
});

test('what is not converged is told what to do', async () => {
  const { status, statement } = await certify(await als.fit(data, { ...SETTINGS, tolerance: undefined, iterations: 3 }), data);
  assert.is(status, 'approximate');
  assert.match(
    statement,
    /train the model to convergence \(tolerance "tight", or a smaller one if it had that\), or make it forget with method "converge"/,
  );
});

test.run();
