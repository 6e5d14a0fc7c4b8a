// The registry of formats. The order is the order of detection: the first that recognises the data reads them.
import type { Format } from '../format.ts';
import { adjacency } from './adjacency.ts';
import { csv } from './csv.ts';
import { inter } from './inter.ts';
import { movielens } from './movielens.ts';

export const FORMATS = /* @__PURE__ */ Object.freeze({ movielens, inter, csv, adjacency }) satisfies Readonly<Record<string, Format>>;
export type FormatName = keyof typeof FORMATS;
