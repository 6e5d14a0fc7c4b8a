// Every exported kernel has a check against its twin, and passes it. The debug build: test/node/kernels-debug.test.ts.
import { instantiateSync } from '@assemblyscript/loader';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelsDigest } from '../../src/files/serialize.ts';
import { defaultKernels, instantiateKernels, kernelsModule, loadKernels } from '../../src/wasm/kernels.ts';
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

test('kernels of another kind are refused, and those in use stay in use; other bytes have another digest', async () => {
  await loadKernels(defaultKernels);
  const before = await kernelsDigest();
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  // workerd compiles no bytes at all: there only what is no module can be refused by what it is.
  const hostCompiles = await WebAssembly.compile(empty).then(
    () => true,
    () => false,
  );
  const refusals: readonly (readonly [given: unknown, pattern: RegExp])[] = [
    [empty, /expected the kernels of lethe .*, got a module with other functions \(0\)/],
    ['kernels.wasm', /expected a module, bytes, a Response or what lethe\/fast exports, got "kernels.wasm"/],
    [undefined, /got undefined/],
    [{}, /got an object/],
    [{ digest: 'x', module: 'y' }, /got an object/],
  ];
  for (const [given, pattern] of refusals) {
    const error = await loadKernels(given as Uint8Array<ArrayBuffer>).catch((e) => e);
    if (given === empty && !hostCompiles) continue;
    assert.is(error.name, 'TypeError');
    assert.match(error.message, pattern);
    assert.is(await kernelsDigest(), before);
  }
  if (!hostCompiles) return;
  // A custom section changes the bytes and nothing that they do.
  const own = defaultKernels.bytes();
  const changed = new Uint8Array([...own, 0, 2, 1, 120]);
  try {
    await loadKernels(changed);
    assert.not.equal(await kernelsDigest(), before);
    await loadKernels(defaultKernels.module());
    assert.is(await kernelsDigest(), 'unknown', 'nobody can say what a compiled module holds');
    await loadKernels(own as Uint8Array<ArrayBuffer>);
    assert.is(await kernelsDigest(), before);
  } finally {
    await loadKernels(defaultKernels);
  }
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
