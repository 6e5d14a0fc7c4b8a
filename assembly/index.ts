// What the WebAssembly module exports, by family. Nothing else lives here.
export { heap_base } from './memory';
export { csr_transpose } from './sparse';
