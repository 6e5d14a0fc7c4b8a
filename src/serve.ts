// Serving alone (`lethe/serve`): opens a saved model of the kinds that are named, ranks, finds what is similar, and answers for somebody
// new from their history, in a fifth of the bytes of `lethe`. Trains nothing and forgets nothing. In the package it has a module
// of kernels of its own, with the same functions and so the same numbers.

import * as check from './base/check.ts';
import { bytesOf, expectKinds, type ModelOf, openFile, restoreModel } from './files/model-file.ts';
import type { ServedKind } from './serve/kinds.ts';
import { kernelsModule } from './wasm/kernels.ts';

export { DataError, MemoryError, ModelError } from './base/errors.ts';
export { VERSION } from './base/version.ts';

export type { Model, ModelDescription, Provenance, Ranking, RankRequest } from './model/model.ts';
export { type OnCold, type Recommended, type RecommendOptions, recommend, similarItems, similarUsers } from './model/recommend.ts';
export type { History, HistoryEntry } from './newcomers/history.ts';
export { type RecommendForOptions, recommendFor } from './newcomers/recommend-for.ts';
export {
  als,
  bm3,
  bpr,
  cm3,
  ease,
  freedom,
  itemKnn,
  lattice,
  lightgcn,
  lirdrec,
  mgcn,
  popularity,
  type ServedKind,
  slmrec,
  vbpr,
} from './serve/kinds.ts';

/**
 * The model of a file, to be served.
 * @param file all bytes, as `serialize` or `lethe train` wrote them.
 * @param options.kinds the kinds that are welcome: what is not named is not in your bundle.
 * @throws ModelError for bytes that are no model file, are damaged, or hold a model of another kind.
 * @example
 * import { als, ease, openModel, recommend } from 'lethe/serve';
 * const served = await openModel(file, { kinds: [als, ease] });
 * console.log(recommend(served, '7', { k: 5 }));
 */
export async function openModel<K extends ServedKind>(
  file: Uint8Array | ArrayBuffer,
  options: { readonly kinds: readonly K[] },
): Promise<ModelOf<K>> {
  const bytes = bytesOf('openModel', file);
  check.knownKeys('openModel', options, ['kinds']);
  expectKinds(options.kinds);
  const [opened] = await Promise.all([openFile(bytes), Promise.resolve().then(kernelsModule)]);
  return restoreModel(opened, bytes, options.kinds) as ModelOf<K>;
}
