// The kernel tables by family: one line each. Tests and benches loop over them.
import { als } from './als.ts';
import { als64, certifyTable } from './als64.ts';
import { dense } from './dense.ts';
import { dense64, ease, itemKnn } from './linear.ts';
import { math } from './math.ts';
import { pairs } from './pairs.ts';
import { random } from './random.ts';
import { sparse } from './sparse.ts';
import { bprTable, elementwise, optimizers } from './steps.ts';
import type { KernelTable } from './table.ts';
import { gemmTable, neighborsTable, rowsTable, spmmTable } from './tape.ts';
import { topk } from './topk.ts';

export const FAMILIES: Readonly<Record<string, KernelTable>> = {
  math,
  random,
  dense,
  als,
  topk,
  sparse,
  gemm: gemmTable,
  spmm: spmmTable,
  elementwise,
  rows: rowsTable,
  optimizer: optimizers,
  dense64,
  ease,
  itemKnn,
  als64,
  certify: certifyTable,
  bpr: bprTable,
  pairs,
  neighbors: neighborsTable,
};
