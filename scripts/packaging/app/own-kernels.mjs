// A host that brings the kernels its own way, once as a module and once as a response.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadKernels } from 'lethe';
import { story } from './story.mjs';

const bytes = readFileSync(fileURLToPath(import.meta.resolve('lethe/kernels.wasm')));
await loadKernels(new WebAssembly.Module(bytes));
const line = await story();
await loadKernels(new Response(bytes, { headers: { 'content-type': 'application/wasm' } }));
if ((await story()) !== line) throw new Error('the two ways differ');
console.log(line);
