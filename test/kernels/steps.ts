// Pointwise steps, losses and optimisers beside float64.
import type { Arena } from '../../src/wasm/memory.ts';
import { Matrix } from '../../src/wasm/tensor.ts';
import { cell, dot, sigmoid, softplus, table } from '../reference/tables.ts';
import { type KernelCheck, type KernelTable, largest, near, same } from './table.ts';
import { close, kept, pair } from './tape.ts';

const N = 40;
type Pointers = Readonly<Record<'x' | 'y' | 'z', number>>;

/** Runs a kernel on three arrays and compares the last with f(x, y, z) by element. */
function pointwise(
  run: (k: Arena['kernels'], at: Pointers) => void,
  f: (x: number, y: number, z: number) => number,
  { scale = 3, positive = false, threshold = 2e-6 } = {},
): KernelCheck {
  return {
    claim: `within ${threshold} of float64`,
    check(arena) {
      const [x, y, z] = [1, 2, 3].map((seed) => pair(arena, seed, 5, 8, scale).m);
      if (positive)
        x.view().forEach((v, i, all) => {
          all[i] = Math.abs(v) + 0.01;
        });
      const expected = Float64Array.from({ length: N }, (_, i) => f(x.view()[i], y.view()[i], z.view()[i]));
      run(arena.kernels, { x: x.pointer, y: y.pointer, z: z.pointer });
      near('values', z.view(), expected, threshold, largest(expected));
    },
  };
}

const A = Math.fround(0.3);
const B = Math.fround(-1.7);

export const elementwise: KernelTable = {
  axpby: {
    claim: 'a·x + b·y within 1e-6; with b = 0 a NaN in y does not matter',
    check(arena) {
      const x = pair(arena, 1, 5, 8);
      const y = pair(arena, 2, 5, 8);
      arena.kernels.axpby(N, A, B, x.m.pointer, y.m.pointer);
      close(
        'y',
        y.m,
        table(5, 8, (r, c) => A * cell(x.t, r, c) + B * cell(y.t, r, c)),
        1e-6,
      );
      y.m.view().fill(NaN);
      arena.kernels.axpby(N, A, 0, x.m.pointer, y.m.pointer);
      close(
        'y',
        y.m,
        table(5, 8, (r, c) => A * cell(x.t, r, c)),
        1e-6,
      );
    },
  },
  combine: pointwise(
    (k, { x, y, z }) => k.combine(N, A, B, x, y, z),
    (x, y) => A * x + B * y,
  ),
  multiply: pointwise(
    (k, { x, y, z }) => k.multiply(N, x, y, z),
    (x, y) => x * y,
  ),
  multiply_add: pointwise(
    (k, { x, y, z }) => k.multiply_add(N, x, y, z),
    (x, y, z) => z + x * y,
  ),
  clear_pads: {
    claim: 'zeroes the pads and nothing else',
    check(arena) {
      const x = new Matrix(arena, 3, 11);
      x.view().fill(2);
      arena.kernels.clear_pads(3, 11, 16, x.pointer);
      close(
        'x',
        x,
        table(3, 11, () => 2),
        0,
      );
    },
  },
  sigmoid_backward: pointwise(
    (k, { x, y, z }) => k.sigmoid_backward(N, x, y, z),
    (x, dy, dx) => dx + dy * sigmoid(x) * sigmoid(-x),
  ),
  tanh_backward: pointwise(
    (k, { x, y, z }) => k.tanh_backward(N, x, y, z),
    (y, dy, dx) => dx + dy * (1 - y * y),
  ),
  leaky_relu: pointwise(
    (k, { x, z }) => k.leaky_relu(N, A, x, z),
    (x) => (x > 0 ? x : A * x),
  ),
  leaky_relu_backward: pointwise(
    (k, { x, y, z }) => k.leaky_relu_backward(N, A, x, y, z),
    (x, dy, dx) => dx + (x > 0 ? dy : A * dy),
  ),
  softplus_backward: pointwise(
    (k, { x, y, z }) => k.softplus_backward(N, x, y, z),
    (x, dy, dx) => dx + dy * sigmoid(x),
    { scale: 20 },
  ),
  exp_clamped: pointwise(
    (k, { x, z }) => k.exp_clamped(N, x, z),
    (x) => Math.exp(Math.min(88, x)),
    { scale: 120, threshold: 1e-6 },
  ),
  log_shifted: pointwise(
    (k, { x, z }) => k.log_shifted(N, A, x, z),
    (x) => Math.log(x + A),
    { positive: true },
  ),
  log_backward: pointwise(
    (k, { x, y, z }) => k.log_backward(N, A, x, y, z),
    (x, dy, dx) => dx + dy / (x + A),
    { positive: true },
  ),
  square_root: pointwise(
    (k, { x, z }) => k.square_root(N, x, z),
    (x) => Math.sqrt(x),
    { positive: true },
  ),
  square_root_backward: pointwise(
    (k, { x, y, z }) => k.square_root_backward(N, x, y, z),
    (y, dy, dx) => dx + dy / (2 * y),
    { positive: true },
  ),
  clamp: pointwise(
    (k, { x, z }) => k.clamp(N, -1, A, x, z),
    (x) => Math.min(A, Math.max(-1, x)),
  ),
  clamp_backward: pointwise(
    (k, { x, y, z }) => k.clamp_backward(N, -1, A, x, y, z),
    (x, dy, dx) => dx + (x >= -1 && x <= A ? dy : 0),
  ),
  dropout_rows: {
    claim: 'keeps what the keyed words say, scaled by 1/(1−p); a row depends on its key alone; about p are dropped',
    check(arena) {
      const p = 0.3;
      const x = pair(arena, 1, 400, 20);
      const y = new Matrix(arena, 400, 20);
      const scratch = arena.alloc(16);
      const keys = Uint32Array.from({ length: 800 }, (_, k) => Math.imul(k + 1, 0x9e3779b1) >>> 0);
      const at = arena.upload(keys);
      arena.kernels.dropout_rows(400, x.m.ld, p, 0, 5, 8, 77, at, x.m.pointer, y.pointer, scratch);
      let dropped = 0;
      const expected = table(400, 20, (r, c) => {
        const keep = kept(5, 8, [keys[2 * r], keys[2 * r + 1]], 77, x.m.ld, Math.fround(p))(c);
        if (!keep) dropped++;
        return keep ? cell(x.t, r, c) / (1 - p) : 0;
      });
      close('y', y, expected, 1e-6);
      if (Math.abs(dropped / 8000 - p) > 0.02) throw new Error(`${dropped} of 8000 dropped`);
      arena.kernels.dropout_rows(400, x.m.ld, p, 1, 5, 8, 77, at, x.m.pointer, y.pointer, scratch);
      close(
        'accumulated',
        y,
        table(400, 20, (r, c) => 2 * cell(expected, r, c)),
        1e-6,
      );
    },
  },
  bpr_loss: {
    claim: 'softplus(−sign·(p − n)) within 1e-6 for both signs, pads zero',
    check(arena) {
      for (const sign of [1, -1]) {
        const p = pair(arena, 1, 1, 37, 20);
        const n = pair(arena, 2, 1, 37, 20);
        const out = new Matrix(arena, 1, 37);
        arena.kernels.bpr_loss(37, out.ld, sign, p.m.pointer, n.m.pointer, out.pointer);
        close(
          'loss',
          out,
          table(1, 37, (_, c) => softplus(-sign * (p.t.at[c] - n.t.at[c]))),
          1e-6,
        );
      }
    },
  },
  bpr_loss_backward: {
    claim: 'within 1e-6 of −sign·dy·σ(−sign·x), and its opposite',
    check(arena) {
      for (const sign of [1, -1]) {
        const [p, n, dy, dp, dn] = [1, 2, 3, 4, 5].map((seed) => pair(arena, seed, 1, 37, 9));
        arena.kernels.bpr_loss_backward(dp.m.ld, sign, p.m.pointer, n.m.pointer, dy.m.pointer, dp.m.pointer, dn.m.pointer);
        const g = (c: number): number => -sign * dy.t.at[c] * sigmoid(-sign * (p.t.at[c] - n.t.at[c]));
        close(
          'dp',
          dp.m,
          table(1, 37, (_, c) => dp.t.at[c] + g(c)),
          1e-6,
        );
        close(
          'dn',
          dn.m,
          table(1, 37, (_, c) => dn.t.at[c] - g(c)),
          1e-6,
        );
      }
    },
  },
};

export const bprTable: KernelTable = {
  bpr_gradient: {
    claim: 'loss and gradients within 2e-6 of float64 for both signs, users and items that occur more than once',
    check(arena) {
      for (const sign of [1, -1]) {
        const U = pair(arena, 1, 5, 12);
        const V = pair(arena, 2, 7, 12);
        const dU = pair(arena, 3, 5, 12);
        const dV = pair(arena, 4, 7, 12);
        const n = 30;
        const users = Int32Array.from({ length: n }, (_, k) => k % 5);
        const plus = Int32Array.from({ length: n }, (_, k) => (k * 3) % 7);
        const minus = Int32Array.from({ length: n }, (_, k) => (k * 5 + 1) % 7);
        const eU = table(5, 12, (r, c) => cell(dU.t, r, c));
        const eV = table(7, 12, (r, c) => cell(dV.t, r, c));
        let loss = 0;
        for (let k = 0; k < n; k++) {
          const x = dot(U.t, users[k], V.t, plus[k]) - dot(U.t, users[k], V.t, minus[k]);
          const g = -sign * 0.125 * sigmoid(-sign * x);
          loss += 0.125 * softplus(-sign * x);
          for (let c = 0; c < 12; c++) {
            eU.at[users[k] * 12 + c] += g * (cell(V.t, plus[k], c) - cell(V.t, minus[k], c));
            eV.at[plus[k] * 12 + c] += g * cell(U.t, users[k], c);
            eV.at[minus[k] * 12 + c] -= g * cell(U.t, users[k], c);
          }
        }
        const actual = arena.kernels.bpr_gradient(
          n,
          U.m.ld,
          sign,
          0.125,
          arena.upload(users),
          arena.upload(plus),
          arena.upload(minus),
          U.m.pointer,
          V.m.pointer,
          dU.m.pointer,
          dV.m.pointer,
        );
        near('loss', [actual], [loss], 1e-6, loss);
        close('dU', dU.m, eU, 2e-6);
        close('dV', dV.m, eV, 2e-6);
      }
    },
  },
  gathered_squares: {
    claim: 'within 1e-13 of float64, rows as often as they are named',
    check(arena) {
      const x = pair(arena, 1, 9, 12);
      const index = Int32Array.from({ length: 30 }, (_, k) => (k * k) % 9);
      const expected = index.reduce((sum, r) => sum + dot(x.t, r, x.t, r), 0);
      near('squares', [arena.kernels.gathered_squares(30, x.m.ld, arena.upload(index), x.m.pointer)], [expected], 1e-13, expected);
    },
  },
  scatter_scaled: {
    claim: 'within 1e-6 of float64, rows as often as they are named',
    check(arena) {
      const x = pair(arena, 1, 9, 12);
      const y = pair(arena, 2, 9, 12);
      const index = Int32Array.from({ length: 30 }, (_, k) => (k * k) % 9);
      arena.kernels.scatter_scaled(30, x.m.ld, 0.3, arena.upload(index), x.m.pointer, y.m.pointer);
      close(
        'y',
        y.m,
        table(9, 12, (r, c) => cell(y.t, r, c) + 0.3 * index.filter((i) => i === r).length * cell(x.t, r, c)),
        1e-6,
      );
    },
  },
};

const RATE = 0.05;
const DECAY = 0.01;
const B1 = 0.9;
const B2 = 0.999;
const EPSILON = 1e-8;
const FIRST = 1 / (1 - B1 * B1);
const SECOND = 1 / (1 - B2 * B2);
type State = { g: number; a: number; b: number; x: number };
const STEPS = {
  sgd: (s: State): State => ({ ...s, x: s.x - RATE * (s.g + DECAY * s.x) }),
  adagrad: (s: State): State => {
    const g = s.g + DECAY * s.x;
    const a = s.a + g * g;
    return { ...s, a, x: s.x - (RATE * g) / (Math.sqrt(a) + 1e-10) };
  },
  adam: (s: State): State => {
    const g = s.g + DECAY * s.x;
    const a = B1 * s.a + (1 - B1) * g;
    const b = B2 * s.b + (1 - B2) * g * g;
    return { ...s, a, b, x: s.x - (RATE * a * FIRST) / (Math.sqrt(b * SECOND) + EPSILON) };
  },
};

/** The dense form on a whole table, or the row form on rows 4 and 1 of it: all others keep their bytes. */
function optimizer(name: keyof typeof STEPS, rowwise: boolean): KernelCheck {
  return {
    claim: `within 2e-6 of float64${rowwise ? '; rows that are not named keep their bytes' : ''}`,
    check(arena) {
      const [g, a, b, x] = [1, 2, 3, 4].map((seed) => pair(arena, seed, 6, 8).m);
      for (const square of [a, b])
        if (square === b || name === 'adagrad')
          square.view().forEach((v, i, all) => {
            all[i] = Math.abs(v) + 0.1;
          });
      const rows = rowwise ? [4, 1] : [0, 1, 2, 3, 4, 5];
      const list = arena.upload(Int32Array.from(rows));
      const before = [a, b, x].map((m) => m.toArray());
      const expected = Array.from({ length: 48 }, (_, i) => {
        const state = { g: g.view()[i], a: a.view()[i], b: b.view()[i], x: x.view()[i] };
        return rows.includes(i >> 3) ? STEPS[name](state) : state;
      });
      const k = arena.kernels;
      const G = g.pointer;
      const M = a.pointer;
      const V = b.pointer;
      const X = x.pointer;
      if (name === 'sgd') rowwise ? k.sgd_rows(2, 8, list, RATE, DECAY, G, X) : k.sgd(48, RATE, DECAY, G, X);
      if (name === 'adagrad') rowwise ? k.adagrad_rows(2, 8, list, RATE, DECAY, G, M, X) : k.adagrad(48, RATE, DECAY, G, M, X);
      if (name === 'adam')
        rowwise
          ? k.adam_rows(2, 8, list, RATE, B1, B2, EPSILON, FIRST, SECOND, DECAY, G, M, V, X)
          : k.adam(48, RATE, B1, B2, EPSILON, FIRST, SECOND, DECAY, G, M, V, X);
      [a, b, x].forEach((m, i) => {
        near(
          `state ${i}`,
          m.view(),
          expected.map((s) => [s.a, s.b, s.x][i]),
          2e-6,
        );
        for (let r = 0; r < 6; r++) if (!rows.includes(r)) same('an untouched row', m.row(r), before[i].subarray(r * 8, r * 8 + 8));
      });
    },
  };
}

export const optimizers: KernelTable = {
  sgd: optimizer('sgd', false),
  adagrad: optimizer('adagrad', false),
  adam: optimizer('adam', false),
  sgd_rows: optimizer('sgd', true),
  adagrad_rows: optimizer('adagrad', true),
  adam_rows: optimizer('adam', true),
};
