// The kernel checks of test/wasm/kernels.test.ts on the debug build, whose asserts are on and whose bits must be the same.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { instantiateKernels } from '../../src/wasm/kernels.ts';
import { Arena } from '../../src/wasm/memory.ts';
import { FAMILIES } from '../kernels/index.ts';

const test = suite('kernels, debug build');
const debug = new WebAssembly.Module(readFileSync(new URL('../../../build/kernels.debug.wasm', import.meta.url)));

for (const table of Object.values(FAMILIES)) {
  for (const [name, { check }] of Object.entries(table)) test(name, () => check(new Arena(instantiateKernels(debug))));
}

test.run();
