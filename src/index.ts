// The public surface.
export { DataError, MemoryError, ModelError } from './errors.ts';
export { loadKernels } from './kernels.ts';
export { Dataset, DatasetBuilder, IdTable, compareIds } from './dataset.ts';
