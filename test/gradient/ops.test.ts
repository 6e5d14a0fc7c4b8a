// Every operation of the tape: its value and the gradient of each input, beside central differences in float64.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arc, cosine, PI, sine } from '../../src/base/trigonometry.ts';
import { symmetricBeta } from '../../src/gradient/beta-distribution.ts';
import { cosineTransform } from '../../src/gradient/cosine-transform.ts';
import { propagateEdges } from '../../src/gradient/ops/edges.ts';
import { bprLoss, infoNce } from '../../src/gradient/ops/losses.ts';
import { type NoisyForm, noisyLoss, pointwiseLoss } from '../../src/gradient/ops/noisy.ts';
import * as pointwise from '../../src/gradient/ops/pointwise.ts';
import {
  addBias,
  type Graph,
  matmul,
  matmulTransposed,
  propagate,
  propagateLayers,
  propagateRows,
} from '../../src/gradient/ops/products.ts';
import { frobenius, mean, sum, sumSquares } from '../../src/gradient/ops/reduce.ts';
import { dropout, gather, rowDot, rowSoftmax, scaleRows, unitRows } from '../../src/gradient/ops/rows.ts';
import { concatColumns, concatRows, sliceColumns, sliceRows } from '../../src/gradient/ops/shape.ts';
import { slerp, sphericalBezier } from '../../src/gradient/ops/slerp.ts';
import { logMeanExpPairs } from '../../src/gradient/ops/spread.ts';
import { scalar, Tape, type Variable } from '../../src/gradient/tape.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { Csr, Matrix } from '../../src/wasm/tensor.ts';
import { sparseRows } from '../kernels/samples.ts';
import { kept } from '../kernels/tape.ts';
import { checkOp, type OpCase } from '../reference/gradients.ts';
import { cell, dot, product, sigmoid, softplus, type Table, table, turned } from '../reference/tables.ts';

const test = suite('ops');

const map =
  (f: (x: number) => number) =>
  (t: Table): Table =>
    table(t.rows, t.cols, (r, c) => f(cell(t, r, c)));
const zip =
  (f: (x: number, y: number) => number) =>
  (s: Table, t: Table): Table =>
    table(s.rows, s.cols, (r, c) => f(cell(s, r, c), cell(t, r, c)));
const one = (value: number): Table => table(1, 1, () => value);
const X = [5, 11] as const;
const unit = (t: Table): Table => table(t.rows, t.cols, (r, c) => cell(t, r, c) / Math.sqrt(dot(t, r, t, r)));
const squares = (t: Table): number => t.at.reduce((s, v) => s + v * v, 0);
const softmaxRow = (t: Table, r: number, open: (c: number) => boolean): number[] => {
  const e = Array.from({ length: t.cols }, (_, c) => (open(c) ? Math.exp(cell(t, r, c)) : 0));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => (total > 0 ? v / total : 0));
};

const sparse = sparseRows(4, [0, 3, 5, 1, 2, 4], 6, (draw) => draw() - 0.3);
const S = table(6, 6, (r, c) => {
  for (let e = sparse.indptr[r]; e < sparse.indptr[r + 1]; e++) if (sparse.indices[e] === c) return sparse.data[e];
  return 0;
});
const graphs = new WeakMap<Arena, Graph>();
const graph = (x: Variable): Graph => {
  const { arena } = x.tape;
  if (!graphs.has(arena)) {
    const matrix = Csr.from(arena, sparse);
    graphs.set(arena, { matrix, transpose: matrix.transpose() });
  }
  return graphs.get(arena)!;
};
const plus = zip((a, b) => a + b);
const INDEX = Int32Array.of(4, 0, 4, 2, 4, 1, 0);
const MASK = Uint8Array.of(1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1);
const KEYS = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 1, 2);

const EDGE_ROWS = Int32Array.from(sparse.indices, (_, e) => sparse.indptr.findIndex((_, r) => e < sparse.indptr[r + 1]));
const SHARES = [0, 1, 0.5, 0.2, 0.9];
const arcs = (a: Table, b: Table): Table =>
  table(a.rows, a.cols, (r, c) => {
    const angle = Math.acos(dot(a, r, b, r));
    const w = SHARES[r];
    return (Math.sin(w * angle) * cell(a, r, c) + Math.sin((1 - w) * angle) * cell(b, r, c)) / Math.sin(angle);
  });
const pairs = (u: Table, v?: Table): Table => {
  let total = 0;
  for (let a = 0; a < u.rows; a++)
    for (let b = 0; b < a; b++) total += Math.exp(4 * dot(u, a, u, b) - 4 * (v ? Math.min(0.8, Math.max(0, dot(v, a, v, b))) : 1));
  return one(Math.log(total / ((u.rows * (u.rows - 1)) / 2)));
};

const COLUMNS = Int32Array.of(3, 0, 2, 0, 1, 1, 0);
/** Some of six rows, one of them asked for twice. */
const FEW = Int32Array.of(4, 1, 5, 4);
const countTo = (n: number): Int32Array => Int32Array.from({ length: n }, (_, k) => k);
const rowsOf = (t: Table, index: Int32Array): Table => table(index.length, t.cols, (r, c) => cell(t, index[r], c));
/** Mean cross-entropy of pairs against all of their second halves, at temperature ½. */
const crossEntropy = (a: Table, b: Table, rows: Int32Array, columns: Int32Array): Table => {
  let total = 0;
  rows.forEach((r, k) => {
    let z = 0;
    for (const s of columns) z += Math.exp(dot(a, r, b, s) / 0.5);
    total += Math.log(z) - dot(a, r, b, columns[k]) / 0.5;
  });
  return one(total / rows.length);
};

const CASES: Readonly<Record<string, OpCase>> = {
  add: { inputs: [X, X], run: pointwise.add, twin: plus },
  subtract: { inputs: [X, X], run: pointwise.subtract, twin: zip((a, b) => a - b) },
  combine: { inputs: [X, X], run: (x, y) => pointwise.combine(0.7, x, -1.3, y), twin: zip((a, b) => 0.7 * a - 1.3 * b) },
  scale: { inputs: [X], run: (x) => pointwise.scale(x, -2.5), twin: map((x) => -2.5 * x) },
  weightedSum: {
    inputs: [X, X, X],
    run: (x, y, z) =>
      pointwise.weightedSum([
        [1, x],
        [-2, y],
        [0.5, z],
      ]),
    twin: (x, y, z) => plus(zip((a, b) => a - 2 * b)(x, y), map((v) => v / 2)(z)),
  },
  multiply: { inputs: [X, X], run: pointwise.multiply, twin: zip((a, b) => a * b) },
  'multiply, a square': { inputs: [X], run: (x) => pointwise.multiply(x, x), twin: map((x) => x * x) },
  sigmoid: { inputs: [X], run: pointwise.sigmoid, twin: map(sigmoid), value: (u) => u * 12 - 6 },
  tanh: { inputs: [X], run: pointwise.tanh, twin: map(Math.tanh), value: (u) => u * 6 - 3 },
  softplus: { inputs: [X], run: pointwise.softplus, twin: map(softplus), value: (u) => u * 40 - 20 },
  leakyRelu: { inputs: [X], run: (x) => pointwise.leakyRelu(x), twin: map((x) => (x > 0 ? x : 0.01 * x)) },
  exp: { inputs: [X], run: pointwise.exp, twin: map(Math.exp), value: (u) => u * 6 - 3 },
  log: { inputs: [X], run: (x) => pointwise.log(x), twin: map(Math.log), value: (u) => u + 0.2 },
  'log, shifted': { inputs: [X], run: (x) => pointwise.log(x, 0.5), twin: map((x) => Math.log(x + 0.5)), value: (u) => u },
  sqrt: { inputs: [X], run: pointwise.sqrt, twin: map(Math.sqrt), value: (u) => u + 0.1 },
  clamp: { inputs: [X], run: (x) => pointwise.clamp(x, -0.5, 0.25), twin: map((x) => Math.min(0.25, Math.max(-0.5, x))) },
  matmul: {
    inputs: [
      [5, 11],
      [11, 9],
    ],
    run: matmul,
    twin: (a, b) => product(a, b),
  },
  matmulTransposed: {
    inputs: [
      [5, 11],
      [9, 11],
    ],
    run: matmulTransposed,
    twin: (a, b) => product(a, turned(b)),
  },
  addBias: { inputs: [X, [1, 11]], run: addBias, twin: (x, b) => table(5, 11, (r, c) => cell(x, r, c) + b.at[c]) },
  propagate: { inputs: [[6, 11]], run: (x) => propagate(graph(x), x), twin: (x) => product(S, x) },
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((layers) => {
      const twin = (x: Table): Table => {
        let total = x;
        let layer = x;
        for (let l = 0; l < layers; l++) total = plus(total, (layer = product(S, layer)));
        return map((v) => 0.4 * v)(total);
      };
      return [
        [`propagateLayers, ${layers}`, { inputs: [[6, 11]], run: (x) => propagateLayers(graph(x), x, layers, 0.4), twin } satisfies OpCase],
        [
          `propagateRows, ${layers}`,
          {
            inputs: [[6, 11]],
            twin: (x) => rowsOf(twin(x), FEW),
            run: (x) => {
              const pick = propagateRows(graph(x), x, layers, 0.4);
              return concatRows(pick(FEW.subarray(0, 2)), pick(FEW.subarray(2)));
            },
          } satisfies OpCase,
        ],
      ];
    }),
  ),
  gather: { inputs: [X], run: (x) => gather(x, INDEX), twin: (x) => table(7, 11, (r, c) => cell(x, INDEX[r], c)) },
  rowDot: { inputs: [X, X], run: rowDot, twin: (a, b) => table(1, 5, (_, r) => dot(a, r, b, r)) },
  'scaleRows by a vector': {
    inputs: [X, [1, 5]],
    run: (x, w) => scaleRows(x, w),
    twin: (x, w) => table(5, 11, (r, c) => w.at[r] * cell(x, r, c)),
  },
  'scaleRows by a column': {
    inputs: [X, [5, 3]],
    run: (x, w) => scaleRows(x, w, 2),
    twin: (x, w) => table(5, 11, (r, c) => cell(w, r, 2) * cell(x, r, c)),
  },
  'scaleRows by one number': { inputs: [X, [1, 1]], run: (x, w) => scaleRows(x, w), twin: (x, w) => map((v) => w.at[0] * v)(x) },
  unitRows: { inputs: [X], run: unitRows, twin: unit },
  rowSoftmax: {
    inputs: [[5, 3]],
    run: (x) => rowSoftmax(x),
    twin: (x) => table(5, 3, (r, c) => softmaxRow(x, r, () => true)[c]),
    value: (u) => u * 6,
  },
  'rowSoftmax, masked': {
    inputs: [[5, 3]],
    run: (x) => rowSoftmax(x, MASK),
    twin: (x) => table(5, 3, (r, c) => softmaxRow(x, r, (k) => MASK[r * 3 + k] === 1)[c]),
  },
  dropout: {
    inputs: [X],
    run: (x) => dropout(x, 0.5, { seed: 3, stream: 8, step: 2, keys: KEYS }),
    twin: (x) => table(5, 11, (r, c) => (kept(3, 8, [KEYS[2 * r], KEYS[2 * r + 1]], 2, 16, 0.5)(c) ? 2 * cell(x, r, c) : 0)),
  },
  concatColumns: {
    inputs: [
      [5, 11],
      [5, 3],
      [5, 8],
    ],
    run: concatColumns,
    twin: (a, b, d) =>
      table(5, 22, (r, c) => {
        if (c < 11) return cell(a, r, c);
        return c < 14 ? cell(b, r, c - 11) : cell(d, r, c - 14);
      }),
  },
  sliceColumns: { inputs: [X], run: (x) => sliceColumns(x, 3, 6), twin: (x) => table(5, 6, (r, c) => cell(x, r, c + 3)) },
  concatRows: {
    inputs: [
      [5, 11],
      [2, 11],
    ],
    run: concatRows,
    twin: (a, b) => table(7, 11, (r, c) => (r < 5 ? cell(a, r, c) : cell(b, r - 5, c))),
  },
  sliceRows: { inputs: [X], run: (x) => sliceRows(x, 1, 3), twin: (x) => table(3, 11, (r, c) => cell(x, r + 1, c)) },
  sum: { inputs: [X], run: (x) => sum(x, 0.3), twin: (x) => one(0.3 * x.at.reduce((a, b) => a + b, 0)) },
  mean: { inputs: [X], run: mean, twin: (x) => one(x.at.reduce((a, b) => a + b, 0) / 55) },
  sumSquares: { inputs: [X], run: (x) => sumSquares(x, 0.5), twin: (x) => one(0.5 * squares(x)) },
  frobenius: { inputs: [X], run: (x) => frobenius(x, 0.1), twin: (x) => one(0.1 * Math.sqrt(squares(x))) },
  ...Object.fromEntries(
    ([1, -1] as const).map((sign) => [
      `bprLoss, sign ${sign}`,
      {
        inputs: [
          [1, 13],
          [1, 13],
        ],
        run: (p, n) => bprLoss(p, n, sign),
        twin: zip((p, n) => softplus(-sign * (p - n))),
        value: (u) => u * 20 - 10,
      } satisfies OpCase,
    ]),
  ),
  propagateEdges: {
    inputs: [
      [1, sparse.indices.length],
      [6, 11],
    ],
    run: (w, x) => propagateEdges({ rows: 6, indptr: sparse.indptr, indices: sparse.indices, from: EDGE_ROWS }, w, x),
    twin: (w, x) =>
      table(6, 11, (r, c) => {
        let total = 0;
        for (let e = sparse.indptr[r]; e < sparse.indptr[r + 1]; e++) total += w.at[e] * cell(x, sparse.indices[e], c);
        return total;
      }),
  },
  'slerp of unit rows': { inputs: [X, X], run: (a, b) => slerp(unitRows(a), unitRows(b), SHARES), twin: (a, b) => arcs(unit(a), unit(b)) },
  'sphericalBezier of three': {
    inputs: [X, X, X],
    run: (...points) => sphericalBezier(points.map(unitRows), SHARES),
    twin: (a, b, d) => arcs(arcs(unit(a), unit(b)), arcs(unit(b), unit(d))),
  },
  ...Object.fromEntries(
    [5, 70].flatMap((n) => [
      [
        `logMeanExpPairs, ${n} rows`,
        { inputs: [[n, 6]], run: (u) => logMeanExpPairs(unitRows(u)), twin: (u) => pairs(unit(u)), threshold: 1e-5 } satisfies OpCase,
      ],
      [
        `logMeanExpPairs, ${n} rows, alike ones excused`,
        {
          inputs: [
            [n, 6],
            [n, 3],
          ],
          run: (u, v) => logMeanExpPairs(unitRows(u), unitRows(v), 0.8),
          twin: (u, v) => pairs(unit(u), unit(v)),
          threshold: 1e-5,
        } satisfies OpCase,
      ],
    ]),
  ),
  ...Object.fromEntries(
    [true, false].map((observed) => [
      `pointwiseLoss, observed ${observed}`,
      {
        inputs: [[1, 13]],
        run: (r) => pointwiseLoss(r, observed),
        twin: map((r) => softplus(observed ? -r : r)),
        value: (u) => u * 20 - 10,
      } satisfies OpCase,
    ]),
  ),
  ...Object.fromEntries(
    (['nbpo-exact', 'nbpo-unlogged'] as const).flatMap((form) =>
      [true, false].map((observed) => [
        `noisyLoss, ${form}, observed ${observed}`,
        {
          inputs: [
            [1, 13],
            [1, 13],
          ],
          run: (r, g) => noisyLoss(form, r, g, observed),
          value: (u) => u * 12 - 6,
          twin: zip((r, g) => {
            const likelihood = observed ? sigmoid(r) * sigmoid(-g) : sigmoid(-r) + sigmoid(g) * sigmoid(r);
            return form === 'nbpo-exact' ? -Math.log(likelihood) : 1 - likelihood;
          }),
        } satisfies OpCase,
      ]),
    ),
  ),
  ...Object.fromEntries(
    [3, 70].map((n) => [
      `infoNce, ${n} rows`,
      {
        inputs: [
          [n, 5],
          [n, 5],
        ],
        run: (a, b) => infoNce(a, b, 0.5),
        threshold: 1e-5,
        twin: (a, b) => crossEntropy(a, b, countTo(n), countTo(n)),
      } satisfies OpCase,
    ]),
  ),
  'infoNce, pairs that share rows': {
    inputs: [
      [5, 6],
      [4, 6],
    ],
    run: (a, b) => infoNce(a, b, 0.5, INDEX, COLUMNS),
    threshold: 1e-5,
    twin: (a, b) => crossEntropy(a, b, INDEX, COLUMNS),
  },
  ...Object.fromEntries(
    [false, true].map((excused) => [
      `logMeanExpPairs, things that share rows${excused ? ', alike ones excused' : ''}`,
      {
        inputs: excused
          ? [
              [5, 6],
              [5, 3],
            ]
          : [[5, 6]],
        run: (u, v) => logMeanExpPairs(unitRows(u), excused ? unitRows(v) : undefined, 0.8, INDEX),
        twin: (u, v) => pairs(rowsOf(unit(u), INDEX), excused ? rowsOf(unit(v), INDEX) : undefined),
        threshold: 1e-5,
      } satisfies OpCase,
    ]),
  ),
};

for (const [name, op] of Object.entries(CASES)) test(name, () => checkOp(name, op));

test('a check finds a gradient that is wrong by one part in a thousand', () => {
  const wrong = (x: Variable): Variable => x.tape.record(pointwise.scale(x, 2).value, [x], (dy) => pointwise.pass(x, dy, 2.002));
  assert.throws(() => checkOp('scale', { inputs: [X], run: wrong, twin: map((v) => 2 * v) }), /gradient of input 0/);
});

/** Slopes of a noisy loss at one pair. */
function slopes(form: NoisyForm, observed: boolean, score: number, noise: number): number[] {
  const arena = new Arena();
  const tape = new Tape(arena);
  const [r, g] = [score, noise].map((v) => tape.parameter(new Matrix(arena, 1, 1).load([v])));
  tape.backward(sum(noisyLoss(form, r, g, observed)));
  return [r, g].map((x) => x.gradient!.row(0)[0]);
}

test('slerp: nearly equal rows, opposite ones and missing ones give numbers, lengths and slopes of their own', () => {
  const arena = new Arena();
  const rows = (values: number[]): Matrix => new Matrix(arena, 4, 2).load(values);
  const near = 1e-5;
  const tape = new Tape(arena);
  const a = tape.parameter(rows([1, 0, 1, 0, 0, 0, 1, 0]));
  const b = tape.parameter(rows([Math.sqrt(1 - near * near), near, -1, 0, 0.6, 0.8, 0, 0]));
  const y = slerp(a, b, [0.25, 0.25, 0.25, 0.25]);
  assert.ok(Math.abs(y.value.row(0)[1] - 0.75 * near) < 1e-11);
  assert.equal(
    [y.value.row(2), y.value.row(3)].map((row) => [...row]),
    [
      [Math.fround(0.6), Math.fround(0.8)],
      [1, 0],
    ],
  );
  tape.backward(sum(y));
  for (const x of [a, b, y])
    for (const value of [...x.value.toArray(), ...x.gradient!.toArray()])
      assert.ok(Number.isFinite(value) && Math.abs(value) < 1e5, `${value}`);
  assert.equal([...a.gradient!.row(2)], [0, 0]);
});

test("angles agree with the host's to the last digits", () => {
  for (let k = -1000; k <= 1000; k++) {
    assert.ok(Math.abs(sine((PI * k) / 1000) - Math.sin((PI * k) / 1000)) < 1e-15);
    assert.ok(Math.abs(arc(k / 1000) - Math.acos(k / 1000)) < 3e-15);
    if (k > -500) assert.ok(Math.abs(cosine((PI * k) / 1000) - Math.cos((PI * k) / 1000)) < 1e-15);
  }
});

test('the cosine transform is the sum that defines it, and keeps lengths', () => {
  const arena = new Arena();
  const x = new Matrix(arena, 2, 11).load(Array.from({ length: 22 }, (_, i) => (i < 11 ? Math.sin(i * i) : 0)));
  const before = Float64Array.from(x.row(0));
  cosineTransform(x);
  for (let k = 0; k < 11; k++) {
    const expected = Math.sqrt((k === 0 ? 1 : 2) / 11) * before.reduce((s, v, j) => s + v * Math.cos((Math.PI * (2 * j + 1) * k) / 22), 0);
    assert.ok(Math.abs(x.row(0)[k] - expected) < 1e-6, `${k}: ${x.row(0)[k]}, expected ${expected}`);
  }
  const squared = (row: ArrayLike<number>): number => Array.from(row).reduce((s, v) => s + v * v, 0);
  assert.ok(Math.abs(squared(x.row(0)) - squared(before)) < 1e-5);
  assert.ok(x.row(1).every((v) => v === 0));
});

test('keyed Beta draws have the mean and the variance of their law', () => {
  const { kernels } = new Arena();
  for (const alpha of [0.01, 0.1, 0.5, 1]) {
    const drawn = Array.from({ length: 8000 }, (_, i) => symmetricBeta(kernels, alpha, 1, 12, { lo: i, hi: 7 }, 3));
    const n = drawn.length;
    const mean = drawn.reduce((a, b) => a + b, 0) / n;
    const variance = drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    const expected = 1 / (4 * (2 * alpha + 1));
    assert.ok(drawn.every((v) => v >= 0 && v <= 1));
    assert.ok(
      Math.abs(mean - 0.5) < 0.02 && Math.abs(variance - expected) < 0.01,
      `alpha ${alpha}: mean ${mean}, variance ${variance}, expected ${expected}`,
    );
  }
});

test('the surrogate of NBPO follows the published direction', () => {
  for (const r of [-3, -0.2, 1.5]) {
    for (const g of [-6, 0.4, 2]) {
      const expected = {
        true: [-sigmoid(-g) * sigmoid(-r), sigmoid(g) * sigmoid(r)],
        false: [sigmoid(r) - sigmoid(g) * sigmoid(-r), -sigmoid(-g) * sigmoid(r)],
      };
      for (const observed of [true, false]) {
        slopes('nbpo', observed, r, g).forEach((s, k) =>
          assert.ok(Math.abs(s - expected[`${observed}`][k]) < 1e-6, `r ${r}, g ${g}, ${observed}: ${s}`),
        );
      }
    }
  }
});

test('slopes of noisy losses stay numbers, and right, where their quotients would be 0 / 0', () => {
  for (const form of ['nbpo', 'nbpo-exact', 'nbpo-unlogged'] as const) {
    for (const observed of [true, false]) {
      for (const r of [-200, 60, 200])
        for (const g of [-200, -60, 200]) for (const s of slopes(form, observed, r, g)) assert.ok(Math.abs(s) <= 1, `${form}: ${s}`);
    }
  }
  // Δ = σ(−r) + σ(g)σ(r) is about 2e-26 here: the slope by r is σ(−r)/Δ = ½, not 0 and not NaN.
  assert.ok(Math.abs(slopes('nbpo-exact', false, 60, -60)[0] - 0.5) < 1e-5);
});

test('no gradient passes stopGradient; a variable used twice gets both', () => {
  const arena = new Arena();
  const tape = new Tape(arena);
  const x = tape.parameter(new Matrix(arena, 1, 2).load([3, 4]));
  tape.backward(sum(pointwise.multiply(pointwise.stopGradient(x), pointwise.add(x, x))));
  assert.equal([...x.gradient!.toArray()], [6, 8]);
});

test('a zero row and an infinite norm: unitRows and frobenius give no NaN', () => {
  const arena = new Arena();
  const tape = new Tape(arena);
  const x = tape.parameter(new Matrix(arena, 3, 4));
  const loss = pointwise.add(sum(unitRows(x)), frobenius(x));
  tape.backward(loss);
  assert.is(scalar(loss), 0);
  assert.equal([...x.gradient!.toArray()], new Array(12).fill(0));
});

test('steps of the same shape use the same memory: it grows in the first only', () => {
  const arena = new Arena();
  const weight = new Matrix(arena, 300, 64);
  const step = (): void =>
    arena.scope(() => {
      const tape = new Tape(arena);
      const w = tape.parameter(weight);
      tape.backward(mean(unitRows(matmul(gather(w, INDEX), matmulTransposed(sliceRows(w, 0, 64), sliceRows(w, 64, 64))))));
    });
  step();
  const { size, used } = arena;
  for (let i = 0; i < 50; i++) step();
  assert.equal([arena.size, arena.used], [size, used]);
});

test.run();
