// The kernel tables by family: one line each. Tests and benches loop over them.
import { math } from './math.ts';
import { random } from './random.ts';
import { sparse } from './sparse.ts';
import type { KernelTable } from './table.ts';

export const FAMILIES: Readonly<Record<string, KernelTable>> = { math, random, sparse };
