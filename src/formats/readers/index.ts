// The registry of formats. The order is the order of detection: the first that recognises the data reads them.
import type { Format } from '../format.ts';
import { adjacency } from './adjacency.ts';
import { arrow } from './arrow.ts';
import { csv } from './csv.ts';
import { inter } from './inter.ts';
import { movielens } from './movielens.ts';
import { ndjson } from './ndjson.ts';
import { parquet } from './parquet.ts';

export const FORMATS = /* @__PURE__ */ Object.freeze({ movielens, inter, csv, ndjson, adjacency, parquet, arrow }) satisfies Readonly<
  Record<string, Format>
>;
export type FormatName = keyof typeof FORMATS;
