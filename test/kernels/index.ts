// The kernel tables by family: one line each. Tests and benches loop over them.
import { als } from './als.ts';
import { dense } from './dense.ts';
import { math } from './math.ts';
import { random } from './random.ts';
import { sparse } from './sparse.ts';
import type { KernelTable } from './table.ts';

export const FAMILIES: Readonly<Record<string, KernelTable>> = { math, random, dense, als, sparse };
