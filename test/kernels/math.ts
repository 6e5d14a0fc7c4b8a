import type { Arena } from '../../src/wasm/memory.ts';
import { reference, ulps } from '../reference/math.ts';
import { draws } from './samples.ts';
import type { KernelCheck, KernelTable } from './table.ts';

const EDGES = [
  0,
  -0,
  1,
  -1,
  1e-45,
  -1e-45,
  1e-38,
  1e-7,
  -1e-7,
  88.7,
  89,
  -87.5,
  -103,
  -104,
  -110,
  3.4e38,
  -3.4e38,
  Infinity,
  -Infinity,
  NaN,
];

/** Every count 1..9 (tails have the lanes' bits), then edges and seeded numbers over the function's range. */
function elementwise(name: 'exp' | 'log' | 'sigmoid' | 'softplus' | 'tanh', bound: number, sample: (u: number) => number): KernelCheck {
  return {
    claim: `within ${bound} ulp of float64, edges included; tails have the lanes' bits; in place`,
    check(arena: Arena) {
      const next = draws(11);
      const x = Float32Array.from([...EDGES, ...Array.from({ length: 20000 }, () => sample(next()))]);
      const kernel = arena.kernels[`${name}_f32`];
      const at = arena.upload(x);
      kernel(x.length, at, at);
      const y = arena.f32(at, x.length).slice();
      for (let i = 0; i < x.length; i++) {
        const expected = reference[name](x[i]);
        const off = ulps(y[i], expected);
        if (!(off <= bound)) throw new Error(`${name}(${x[i]}) is ${y[i]}, expected ${expected}: ${off} ulp`);
      }
      for (let n = 1; n < 10; n++) {
        const from = arena.upload(x.subarray(40, 40 + n));
        const to = arena.allocZeroed(64);
        kernel(n, from, to);
        arena.f32(to, 16).forEach((value, i) => {
          if (!Object.is(value, i < n ? y[40 + i] : 0)) throw new Error(`${name}: n = ${n} gives another [${i}]`);
        });
      }
    },
  };
}

/** @param edges arguments whose values are exact or infinite. */
function scalar(
  name: 'exp_f64' | 'log_f64' | 'pow_f64',
  bound: number,
  twin: (x: number, y: number) => number,
  edges: readonly (readonly [number, number])[],
): KernelCheck {
  return {
    claim: `within ${bound} (relative) of the host, and equal at the edges`,
    check(arena: Arena) {
      const next = draws(12);
      for (let i = 0; i < 5000; i++) {
        const x = next() * 40;
        const y = next() * 6 - 3;
        const actual = (arena.kernels[name] as (x: number, y: number) => number)(x, y);
        const expected = twin(x, y);
        if (!(Math.abs(actual - expected) <= bound * Math.abs(expected)))
          throw new Error(`${name}(${x}, ${y}) is ${actual}, expected ${expected}`);
      }
      for (const [x, y] of edges) {
        const actual = (arena.kernels[name] as (x: number, y: number) => number)(x, y);
        if (!Object.is(actual, twin(x, y))) throw new Error(`${name}(${x}, ${y}) is ${actual}, expected ${twin(x, y)}`);
      }
    },
  };
}

export const math: KernelTable = {
  exp_f64: scalar('exp_f64', 4e-16, Math.exp, [
    [0, 0],
    [-0, 0],
    [800, 0],
    [-800, 0],
    [Infinity, 0],
    [-Infinity, 0],
    [NaN, 0],
  ]),
  log_f64: scalar('log_f64', 4e-16, Math.log, [
    [1, 0],
    [0, 0],
    [-1, 0],
    [Infinity, 0],
    [NaN, 0],
  ]),
  pow_f64: scalar('pow_f64', 2e-15, Math.pow, [
    [3, 0],
    [7, 1],
    [2, 0.5],
    [0, 2],
    [0, 0],
  ]),
  exp_f32: elementwise('exp', 1, (u) => u * 190 - 100),
  log_f32: elementwise('log', 1, (u) => (u < 0.5 ? u * 4 : Math.exp((u - 0.75) * 340))),
  sigmoid_f32: elementwise('sigmoid', 2, (u) => u * 200 - 100),
  softplus_f32: elementwise('softplus', 2, (u) => u * 200 - 100),
  tanh_f32: elementwise('tanh', 3, (u) => (u < 0.5 ? u * 4 - 1 : u * 80 - 60)),
};
