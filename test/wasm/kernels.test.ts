// Every exported kernel has a check against its twin, and passes it. The debug build: test/node/kernels-debug.test.ts.
import { instantiateSync } from '@assemblyscript/loader';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { instantiateKernels, kernelsModule } from '../../src/wasm/kernels.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { FAMILIES } from '../kernels/index.ts';

const test = suite('kernels');
const checks = Object.values(FAMILIES).flatMap((table) => Object.entries(table));

test('the module imports nothing', () => {
  assert.equal(WebAssembly.Module.imports(kernelsModule()), []);
});

test('every kernel stands in exactly one table, and nothing else does', () => {
  const exported = WebAssembly.Module.exports(kernelsModule()).filter(
    ({ name, kind }) => kind === 'function' && name !== 'heap_base' && !/_(scratch|bytes)$/.test(name),
  );
  assert.equal(checks.map(([name]) => name).sort(), exported.map(({ name }) => name).sort());
});

test("AssemblyScript's loader instantiates the same kernels", () => {
  const ours = instantiateKernels();
  const loaders = instantiateSync(kernelsModule(), {}).exports as unknown as typeof ours;
  const names = WebAssembly.Module.exports(kernelsModule()).map(({ name }) => name);
  assert.equal(
    names.filter((name) => !(name in loaders)),
    [],
  );
  for (const x of [-700, -1, 0.5, 3]) assert.is(loaders.exp_f64(x), ours.exp_f64(x));
});

for (const [name, { claim, check }] of checks) test(`${name}: ${claim}`, () => check(new Arena()));

test.run();
